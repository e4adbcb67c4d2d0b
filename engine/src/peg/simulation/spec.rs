//! What a simulated world is made of. Python describes it (`src/stab3l/sim/peg`); with the `pyo3` feature its dataclasses
//! are read attribute by attribute, so the field names are the same there.
//!
//! Amounts are base units, prices and ratios [wad], chances parts per million.

use crate::peg::stabiliser::Policy;

macro_rules! spec {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "pyo3", derive(pyo3::FromPyObject))]
        pub struct $name { $($(#[$field_doc])* pub $field: $type),+ }
    };
}

spec!(/// The dollar value of one whole token outside the system, and how it moves each block.
ValueSpec {
    /// [wad dollars] where it starts.
    start: u128,
    /// [wad] standard deviation of a block's relative change.
    volatility: u128,
    /// [wad] the part of the distance to its anchor that it returns in a block.
    reversion: u128,
    /// Whether it moves with the common factor.
    correlated: bool,
});

spec!(/// An oracle feed of one value: `Oracle.sol`'s rules.
FeedSpec {
    /// Fresh reports that a price needs.
    quorum: usize,
    /// Seconds for which a report is fresh.
    age_s_max: u64,
    /// [bps] how far from the last median a report may be.
    deviation_bps_max: u128,
    /// Number of reporters.
    reporters: usize,
    /// Each reports once in so many blocks.
    heartbeat_blocks: u64,
    /// [wad] standard deviation of an honest report.
    error: u128,
    /// [ppm] chance that a report does not arrive.
    failure_ppm: u64,
    /// Seconds after which the last good price may no longer be used.
    stale_s_max: u64,
    /// [wad per second] by which the band of a stale price widens.
    band_per_s: u128,
    /// [wad] at most.
    band_max: u128,
});

spec!(/// A token on a chain.
AssetSpec {
    /// Index of its value.
    value: usize,
    /// Decimals.
    decimals: u8,
    /// What the outside world holds of it.
    outside: u128,
});

spec!(/// A PMM pool.
PoolSpec {
    /// Index of the base asset.
    base: usize,
    /// Index of the quote asset.
    quote: usize,
    /// i [wad].
    price: u128,
    /// k [wad].
    slope: u128,
    /// [wad of what is paid].
    fee: u128,
    /// Base units.
    base_reserve: u128,
    /// Base units.
    quote_reserve: u128,
    /// Whether i is the oracle's cross price: a public pool's when that is certain, a private pool's with a band.
    follows_oracle: bool,
    /// Whether it is a pool of the private mesh.
    private: bool,
    /// What its deviation is measured from [wad]; 0: the cross of the two tokens' values outside.
    peg: u128,
});

spec!(/// The weights of the peg equation and what it reads; its result is a stabiliser's target.
EquationSpec {
    /// k, m, g [wad].
    arbitrage: i128,
    /// m [wad].
    derivatives: i128,
    /// g [wad].
    governance: i128,
    /// [wad] target of the reserve ratio.
    reserve_target: i128,
    /// [wad] how far from par the result may be.
    band: u128,
    /// Index of the value (and feed) of one CU.
    compute: usize,
    /// Blocks between two updates of the target.
    update_blocks: u64,
    /// [wad] basis of futures over spot.
    basis: i128,
    /// [wad] the reserve ratio.
    reserve_ratio: i128,
});

spec!(/// A stabiliser of one pool.
StabiliserSpec {
    /// Index of its pool.
    pool: usize,
    /// [wad] its target, and par of the peg equation.
    target: u128,
    /// Present if the peg equation steers the target.
    equation: Option<EquationSpec>,
    /// Its rules.
    policy: Policy,
    /// Base tokens that it brings to bucket B, which all stabilisers share.
    base_inventory: u128,
    /// Quote tokens that it brings.
    quote_inventory: u128,
});

spec!(/// A bridge between a token on two chains.
BridgeSpec {
    /// Index of the asset on one side.
    left: usize,
    /// Index of the asset on the other.
    right: usize,
    /// Blocks until it arrives.
    latency_blocks: u64,
});

spec!(/// Something that happens at the start of a block.
ShockSpec {
    /// The block.
    block: u64,
    /// Its name, one of [`Effect`]'s.
    effect: String,
    /// Index of what it happens to.
    subject: usize,
    /// How much, in the effect's unit.
    amount: i128,
});

spec!(/// Traders who trade for reasons of their own.
NoiseTraders {
    /// Index of the pool.
    pool: usize,
    /// [ppm] mean number of trades in a block.
    trades_ppm: u64,
    /// Quote units of the smallest trade.
    size_min: u128,
    /// Doublings of size at most.
    octaves: u32,
    /// [ppm] chance that one buys the base token.
    buys_ppm: u64,
});

spec!(/// Trades a pool against the market outside.
Arbitrageur {
    /// Index of the pool.
    pool: usize,
    /// [wad] what trading outside costs.
    cost: u128,
    /// Quote units that it can move in a block.
    capital: u128,
    /// Quote units of gas a trade costs.
    gas_cost: u128,
    /// [ppm] chance that it is there in a block.
    presence_ppm: u64,
});

spec!(/// Trades two pools of the same pair on two chains against each other, and bridges the base token back.
BridgeArbitrageur {
    /// Index of the one pool.
    left: usize,
    /// Index of the other.
    right: usize,
    /// Index of the bridge of the base token, left to right.
    bridge: usize,
    /// Quote units held on each side.
    capital: u128,
    /// [wad] price difference, beyond both fees, that it acts on.
    margin: u128,
});

spec!(/// Redeems the base token at par when it is cheap, has it issued at par when it is dear.
Redeemer {
    /// Index of the pool.
    pool: usize,
    /// Index of the reserve's asset.
    reserve: usize,
    /// [wad] of redemption and issue.
    fee: u128,
    /// Base units in a block.
    capacity: u128,
    /// Quote units that it can use.
    capital: u128,
    /// [ppm] chance that it is there in a block.
    presence_ppm: u64,
});

spec!(/// Puts liquidity in while it is calm and takes a part out when the price deviates.
LiquidityProvider {
    /// Index of the pool.
    pool: usize,
    /// [wad] deviation above which it leaves.
    fear: u128,
    /// [ppm of the pool] that it takes out.
    share_ppm: u64,
    /// Blocks of calm before it returns.
    patience_blocks: u64,
});

spec!(/// Calls a stabiliser.
Keeper {
    /// Index of the stabiliser.
    stabiliser: usize,
    /// Blocks between seeing and acting.
    delay_blocks: u64,
    /// [ppm] chance that a call does not arrive.
    failure_ppm: u64,
});

spec!(/// Sells what a stabiliser has gathered through the gold mesh, back to even inventories.
Rebalancer {
    /// Index of the stabiliser.
    stabiliser: usize,
    /// Index of the mesh pool of the base token.
    base_mesh: usize,
    /// Index of the mesh pool of the quote token.
    quote_mesh: usize,
    /// [wad] imbalance that it acts on.
    trigger: u128,
    /// Quote units in a block.
    amount_max: u128,
    /// [wad] how far below parity both legs together may be paid.
    slippage: u128,
});

spec!(/// Exchanges between a public pool and the gold mesh where bucket B gains by it.
Triangulator {
    /// Index of the public pool.
    pool: usize,
    /// Index of the mesh pool of the base token; none where that is gold.
    base_mesh: Option<usize>,
    /// Index of the mesh pool of the quote token; none where that is gold.
    quote_mesh: Option<usize>,
    /// [wad] how far below parity the legs through gold may be paid.
    slippage: u128,
    /// It sells at most one part in so many of what the bucket holds.
    share: u128,
    /// It exchanges only if it gains more than one part in so many.
    least: u128,
    /// It looks once in so many blocks.
    every_blocks: u64,
});

spec!(/// Borrows, moves the pool's price, has the stabiliser called, and trades back, all in one block.
Sandwicher {
    /// Index of the stabiliser.
    stabiliser: usize,
    /// Quote units lent.
    loan: u128,
    /// [wad] the lender's fee.
    loan_fee: u128,
    /// First block.
    from_block: u64,
    /// It tries once in so many blocks.
    every_blocks: u64,
});

spec!(/// Holds a pool's price away for several blocks with capital of its own, and trades back into the stabiliser.
Manipulator {
    /// Index of the stabiliser.
    stabiliser: usize,
    /// Quote units.
    capital: u128,
    /// First block.
    from_block: u64,
    /// Blocks that it holds the price.
    hold_blocks: u64,
    /// It begins anew after so many blocks.
    every_blocks: u64,
});

spec!(/// Pushes the price just beyond the threshold, so that the stabiliser spends its interval on little.
Griefer {
    /// Index of the stabiliser.
    stabiliser: usize,
    /// Quote units.
    capital: u128,
    /// [wad] beyond the threshold.
    beyond: u128,
    /// First block.
    from_block: u64,
    /// Last block.
    until_block: u64,
});

/// Whoever acts, in the order in which they act in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum AgentSpec {
    NoiseTraders(NoiseTraders),
    Arbitrageur(Arbitrageur),
    BridgeArbitrageur(BridgeArbitrageur),
    Redeemer(Redeemer),
    LiquidityProvider(LiquidityProvider),
    Keeper(Keeper),
    Rebalancer(Rebalancer),
    Triangulator(Triangulator),
    Sandwicher(Sandwicher),
    Manipulator(Manipulator),
    Griefer(Griefer),
}

/// A whole world.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "pyo3", derive(pyo3::FromPyObject))]
pub struct WorldSpec {
    /// Seed of all luck.
    pub seed: u64,
    /// Seconds of a block.
    pub block_s: u64,
    /// [wei] of gas.
    pub gas_price: u128,
    /// [wad] standard deviation of the common factor in a block.
    pub common_volatility: u128,
    /// Values outside.
    pub values: Vec<ValueSpec>,
    /// One feed per value.
    pub feeds: Vec<FeedSpec>,
    /// Tokens.
    pub assets: Vec<AssetSpec>,
    /// Pools.
    pub pools: Vec<PoolSpec>,
    /// Stabilisers.
    pub stabilisers: Vec<StabiliserSpec>,
    /// Bridges.
    pub bridges: Vec<BridgeSpec>,
    /// Base units that the redemption reserve holds of each asset.
    pub reserves: Vec<u128>,
    /// Agents.
    pub agents: Vec<AgentSpec>,
    /// Shocks, by block.
    pub shocks: Vec<ShockSpec>,
}

/// What a shock does. `amount` is [wad] unless said otherwise; 0 and 1 stand for off and on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Multiplies a value and its anchor.
    ValueJump,
    /// Multiplies a value, which then returns to its anchor.
    ValueSlip,
    /// Multiplies a value's volatility.
    Volatility,
    /// A feed's reporters fall silent, or speak again.
    FeedSilence,
    /// A feed's reporters report this multiple of the truth; 0 for zero.
    FeedFactor,
    /// A bridge stops or starts.
    BridgeHalt,
    /// The keepers of a stabiliser stop or start.
    KeeperOutage,
    /// Gas costs so many wei.
    GasPrice,
    /// Takes this share of a pool's liquidity out, and makes what is left its targets.
    LiquidityOut,
    /// Leaves this share of the reserve of an asset liquid.
    ReserveLiquid,
    /// Sells this share of a pool's base reserve into it; negative: of its quote reserve.
    Drain,
    /// As `Drain`, and trades back in the same block, as a flash loan must.
    FlashDrain,
    /// Multiplies a stabiliser's gain.
    Gain,
    /// Sets a pool's slope.
    Slope,
    /// Multiplies the trades of noise traders at a pool.
    NoiseActivity,
    /// Sets the chance [ppm] that noise traders at a pool buy the base token.
    NoiseBuys,
    /// Arbitrageurs of a pool leave or return.
    ArbitrageOutage,
}

impl Effect {
    /// The effect of that name.
    pub fn named(name: &str) -> Option<Effect> {
        Some(match name {
            "value_jump" => Effect::ValueJump,
            "value_slip" => Effect::ValueSlip,
            "volatility" => Effect::Volatility,
            "feed_silence" => Effect::FeedSilence,
            "feed_factor" => Effect::FeedFactor,
            "bridge_halt" => Effect::BridgeHalt,
            "keeper_outage" => Effect::KeeperOutage,
            "gas_price" => Effect::GasPrice,
            "liquidity_out" => Effect::LiquidityOut,
            "reserve_liquid" => Effect::ReserveLiquid,
            "drain" => Effect::Drain,
            "flash_drain" => Effect::FlashDrain,
            "gain" => Effect::Gain,
            "slope" => Effect::Slope,
            "noise_activity" => Effect::NoiseActivity,
            "noise_buys" => Effect::NoiseBuys,
            "arbitrage_outage" => Effect::ArbitrageOutage,
            _ => return None,
        })
    }
}
