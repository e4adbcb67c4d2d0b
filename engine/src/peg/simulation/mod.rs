//! A world of pools, stabilisers, oracles, bridges and agents, one block after the other.
//!
//! Within a block: shocks, values outside, oracle reports, pools that follow the oracle, then the agents in the order in
//! which the scenario names them, and the record. Nothing but the description and its seed decides what happens.

use std::mem;

mod agents;
mod effects;
pub mod ledger;
pub mod market;
pub mod record;
pub mod spec;
pub mod stabilisation;
mod trading;
pub mod values;

use agents::Agent;
use ledger::*;
use market::Market;
use record::*;
use spec::*;
use stabilisation::Stabiliser;
use values::{Feed, Value, scaled};

use super::pool::sell;
use super::random::Random;
use super::refusal::Refusal;
use super::wide::*;

const COMMON_STREAM: u64 = 1 << 32;
const VALUE_STREAM: u64 = 2 << 32;
const FEED_STREAM: u64 = 3 << 32;
const AGENT_STREAM: u64 = 4 << 32;
const TRIP_STREAM: u64 = 5 << 32;

/// A description that no world can be made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonsense(pub String);

impl From<Refusal> for Nonsense {
    fn from(refusal: Refusal) -> Nonsense {
        Nonsense(format!("a pool's terms: {}", refusal.code()))
    }
}

/// Tokens on their way over a bridge.
#[derive(Clone, Debug)]
struct Transfer {
    due: u64,
    account: Account,
    asset: usize,
    amount: u128,
}

/// A bridge between the tokens of one kind on two chains.
#[derive(Clone, Debug)]
struct Bridge {
    spec: BridgeSpec,
    halted: bool,
    in_flight: Vec<Transfer>,
}

/// The simulated world.
#[derive(Debug)]
pub struct World {
    seed: u64,
    block: u64,
    block_s: u64,
    gas_price: u128,
    common_volatility: u128,
    values: Vec<Value>,
    feeds: Vec<Feed>,
    assets: Vec<AssetSpec>,
    markets: Vec<Market>,
    stabilisers: Vec<Stabiliser>,
    bridges: Vec<Bridge>,
    reserve_limits: Vec<u128>,
    reserve_starts: Vec<u128>,
    ledger: Ledger,
    agents: Vec<Agent>,
    shocks: Vec<ShockSpec>,
    shocks_done: usize,
    like_pools: Vec<(usize, usize)>,
    record: Record,
    operations: Option<Vec<Operation>>,
    unconserved_blocks: u64,
    refusals: u64,
    round_trips: u64,
    round_trip_gains: u64,
    triangulations: u64,
}

impl World {
    /// The world before its first block. With `log`, everything done to a contract is kept.
    pub fn new(spec: &WorldSpec, log: bool) -> Result<World, Nonsense> {
        check(spec)?;

        let markets = spec
            .pools
            .iter()
            .map(|pool| Market::new(pool, spec.assets[pool.base].decimals, spec.assets[pool.quote].decimals));
        let mut world = World {
            seed: spec.seed,
            block: 0,
            block_s: spec.block_s,
            gas_price: spec.gas_price,
            common_volatility: spec.common_volatility,
            values: spec.values.iter().map(Value::new).collect(),
            feeds: spec
                .feeds
                .iter()
                .zip(&spec.values)
                .map(|(feed, value)| Feed::new(feed, value.start))
                .collect(),
            assets: spec.assets.clone(),
            markets: markets.collect::<Result<_, _>>()?,
            stabilisers: spec.stabilisers.iter().map(Stabiliser::new).collect(),
            bridges: spec
                .bridges
                .iter()
                .map(|bridge| Bridge { spec: bridge.clone(), halted: false, in_flight: Vec::new() })
                .collect(),
            reserve_limits: vec![u128::MAX; spec.assets.len()],
            reserve_starts: spec.reserves.clone(),
            ledger: Ledger::new(FIRST + spec.agents.len(), spec.assets.len()),
            agents: Vec::new(),
            shocks: spec.shocks.clone(),
            shocks_done: 0,
            like_pools: like_pools(spec),
            record: Record::default(),
            operations: log.then(Vec::new),
            unconserved_blocks: 0,
            refusals: 0,
            round_trips: 0,
            round_trip_gains: 0,
            triangulations: 0,
        };
        world.shocks.sort_by_key(|shock| shock.block);
        world.endow(spec);
        Ok(world)
    }

    /// Everyone's first holdings; what pools hold was issued to the outside world and put in.
    fn endow(&mut self, spec: &WorldSpec) {
        for (asset, token) in spec.assets.iter().enumerate() {
            self.ledger.issue(OUTSIDE, asset, token.outside);
            self.ledger.issue(RESERVE, asset, spec.reserves[asset]);
        }
        for pool in &spec.pools {
            for (asset, amount) in [(pool.base, pool.base_reserve), (pool.quote, pool.quote_reserve)] {
                self.ledger.issue(OUTSIDE, asset, amount);
                assert!(self.ledger.take(OUTSIDE, asset, amount), "what was just issued is there");
            }
        }
        for stabiliser in &spec.stabilisers {
            let pool = &spec.pools[stabiliser.pool];
            self.ledger.issue(STABILISATION, pool.base, stabiliser.base_inventory);
            self.ledger.issue(STABILISATION, pool.quote, stabiliser.quote_inventory);
        }
        for (place, agent) in spec.agents.iter().enumerate() {
            let account = Account(FIRST + place);
            let endowment = agents::endowment(agent, self);
            for &(asset, amount) in &endowment {
                self.ledger.issue(account, asset, amount);
            }
            self.agents.push(Agent::new(agent.clone(), account, endowment));
        }
        let series = |count: usize| vec![Vec::new(); count];
        self.record = Record {
            deviations: series(self.markets.len()),
            spreads: series(self.like_pools.len()),
            stabilised: series(self.stabilisers.len()),
            profits: series(self.agents.len()),
            reserves: series(self.assets.len()),
        };
    }

    /// Runs so many blocks.
    pub fn run(&mut self, blocks: u64) {
        for _ in 0..blocks {
            self.step();
        }
    }

    fn step(&mut self) {
        self.block += 1;
        self.move_values();
        self.happen();
        self.report_prices();
        self.deliver();
        let mut agents = mem::take(&mut self.agents);
        for (place, agent) in agents.iter_mut().enumerate() {
            let mut luck = Random::of(self.seed, AGENT_STREAM + place as u64, self.block);
            agent.act(self, &mut luck);
        }
        self.agents = agents;
        self.keep_record();
    }

    fn move_values(&mut self) {
        let mut luck = Random::of(self.seed, COMMON_STREAM, self.block);
        let common = scaled(luck.normal(), self.common_volatility);
        for (place, value) in self.values.iter_mut().enumerate() {
            value.step(&mut Random::of(self.seed, VALUE_STREAM + place as u64, self.block), common);
        }
    }

    fn now(&self) -> u64 {
        self.block * self.block_s
    }

    /// Oracle reports, then i of the pools that follow them (`MeshPool.terms`, `PMMPool.syncPrice`), and the targets of
    /// the peg equation (`PegManager.updateTarget`).
    fn report_prices(&mut self) {
        let (block, now) = (self.block, self.now());
        for (place, feed) in self.feeds.iter_mut().enumerate() {
            let luck = || Random::of(self.seed, FEED_STREAM + place as u64, block);
            feed.step(luck, block, now, self.values[place].now);
        }
        for pool in 0..self.markets.len() {
            let market = &mut self.markets[pool];
            if !market.follows_oracle {
                continue;
            }
            let usable = |asset: usize| self.feeds[self.assets[asset].value].usable(now);
            let (Some(base), Some(quote)) = (usable(market.base), usable(market.quote)) else {
                // A private pool without a price does not trade: all that it would pay is the band.
                market.band = if market.private { WAD } else { 0 };
                continue;
            };
            let band = base.band + quote.band;
            if market.private {
                market.band = band;
            } else if band > 0 {
                continue;
            }
            let price = mul_div_down(base.value, WAD, quote.value).unwrap_or(0);
            if price != market.terms().price() {
                market.set_price(block, price);
                if let Some(operations) = &mut self.operations {
                    operations.push(Operation::Price { block, pool, price });
                }
            }
        }
        for stabiliser in 0..self.stabilisers.len() {
            self.update_target(stabiliser);
        }
    }

    /// Bridged tokens arrive.
    fn deliver(&mut self) {
        for bridge in self.bridges.iter_mut().filter(|bridge| !bridge.halted) {
            let (due, later): (Vec<_>, Vec<_>) =
                bridge.in_flight.drain(..).partition(|transfer| transfer.due <= self.block);
            bridge.in_flight = later;
            for Transfer { account, asset, amount, .. } in due {
                let paid = self.ledger.pay(IN_FLIGHT, account, asset, amount);
                assert!(paid, "what was sent is in flight");
            }
        }
    }

    /// Sends tokens over a bridge; false, and nothing, if it is halted or they are not there.
    fn bridge(&mut self, bridge: usize, account: Account, to_right: bool, amount: u128) -> bool {
        let Bridge { spec, halted, in_flight } = &mut self.bridges[bridge];
        let (from, to) = if to_right { (spec.left, spec.right) } else { (spec.right, spec.left) };
        if *halted || amount == 0 || !self.ledger.take(account, from, amount) {
            return false;
        }
        self.ledger.give(IN_FLIGHT, to, amount);
        self.ledger.carry(from, to, amount);
        in_flight.push(Transfer { due: self.block + spec.latency_blocks, account, asset: to, amount });
        true
    }

    fn keep_record(&mut self) {
        for pool in 0..self.markets.len() {
            let peg = self.peg_of(pool);
            let price = self.markets[pool].mid().unwrap_or(0);
            self.record.deviations[pool].push(deviation_ppb(price, peg));
        }
        for (series, (left, right)) in self.record.spreads.iter_mut().zip(&self.like_pools) {
            let (left, right) = (self.markets[*left].mid(), self.markets[*right].mid());
            series.push(spread_ppb(left.unwrap_or(0), right.unwrap_or(0)));
        }
        for (series, stabiliser) in self.record.stabilised.iter_mut().zip(&self.stabilisers) {
            series.push(i64::try_from(stabiliser.traded).unwrap_or(i64::MAX));
        }
        for place in 0..self.agents.len() {
            let profit = self.profit_of(place);
            self.record.profits[place].push(clamped(profit / 1_000_000_000_000));
        }
        for (asset, series) in self.record.reserves.iter_mut().enumerate() {
            let start = self.reserve_starts[asset];
            let left = if start == 0 {
                0
            } else {
                mul_div_down(self.ledger.of(RESERVE, asset), 1_000_000_000, start).unwrap_or(0)
            };
            series.push(i64::try_from(left).unwrap_or(i64::MAX));
        }
        let mut in_pools = vec![0; self.assets.len()];
        for market in &self.markets {
            in_pools[market.base] += market.state().base_reserve;
            in_pools[market.quote] += market.state().quote_reserve;
        }
        self.unconserved_blocks += u64::from(!self.ledger.is_conserved(&in_pools));
        self.try_round_trip();
    }

    /// Law I9 on a pool of the block's choosing: what is bought and sold back at once never brings more than it cost.
    fn try_round_trip(&mut self) {
        let mut luck = Random::of(self.seed, TRIP_STREAM, self.block);
        let market = &self.markets[luck.below(self.markets.len() as u64) as usize];
        let sells_base = luck.chance(500_000);
        let reserve = if sells_base { market.state().base_reserve } else { market.state().quote_reserve };
        let amount = (reserve >> luck.below(40)) + 1;
        let Ok(there) = market.quoted(sells_base, amount) else { return };
        let Ok(back) = sell(market.terms(), &there.after, !sells_base, there.paid, 0) else { return };
        self.round_trips += 1;
        self.round_trip_gains += u64::from(back.paid > amount);
    }

    /// What a pool's price is measured from [wad].
    fn peg_of(&self, pool: usize) -> u128 {
        let market = &self.markets[pool];
        match market.peg {
            0 => self.cross(market.base, market.quote),
            peg => peg,
        }
    }

    /// Quote tokens for one base token outside [wad].
    fn cross(&self, base: usize, quote: usize) -> u128 {
        let value = |asset: usize| self.values[self.assets[asset].value].now;
        mul_div_down(value(base), WAD, value(quote)).unwrap_or(u128::MAX).max(1)
    }

    /// What an agent has gained over holding its endowment [wad dollars], at the values of this block.
    pub fn profit_of(&self, agent: usize) -> i128 {
        let agent = &self.agents[agent];
        agent
            .traded_assets()
            .map(|(asset, start)| {
                let held = self.ledger.of(agent.account, asset) + self.in_flight_of(agent.account, asset);
                let AssetSpec { value, decimals, .. } = self.assets[asset];
                let worth = mul_div_down(
                    held.abs_diff(start),
                    self.values[value].now,
                    10u128.pow(u32::from(decimals)),
                );
                let worth = i128::try_from(worth.unwrap_or(u128::MAX)).unwrap_or(i128::MAX);
                if held >= start { worth } else { -worth }
            })
            .fold(0i128, i128::saturating_add)
    }

    fn in_flight_of(&self, account: Account, asset: usize) -> u128 {
        let mine = |transfer: &&Transfer| transfer.account == account && transfer.asset == asset;
        self.bridges
            .iter()
            .flat_map(|bridge| bridge.in_flight.iter().filter(mine))
            .map(|mine| mine.amount)
            .sum()
    }

    /// The block that was last run.
    pub fn block(&self) -> u64 {
        self.block
    }

    /// The series so far.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// What was done to contracts, if that was asked for.
    pub fn operations(&self) -> &[Operation] {
        self.operations.as_deref().unwrap_or_default()
    }

    /// The pools.
    pub fn markets(&self) -> &[Market] {
        &self.markets
    }

    /// The stabilisers' counts.
    pub fn stabilisers(&self) -> &[Stabiliser] {
        &self.stabilisers
    }

    /// The pairs of pools whose spread is recorded.
    pub fn like_pools(&self) -> &[(usize, usize)] {
        &self.like_pools
    }

    /// What a stabiliser holds: (base, quote) units.
    pub fn inventory_of(&self, stabiliser: usize) -> (u128, u128) {
        let market = &self.markets[self.stabilisers[stabiliser].spec.pool];
        (self.ledger.of(STABILISATION, market.base), self.ledger.of(STABILISATION, market.quote))
    }

    /// Blocks after which holdings did not add up to supply; 0, or the rules are wrong.
    pub fn unconserved_blocks(&self) -> u64 {
        self.unconserved_blocks
    }

    /// Round trips tried, one a block, and how many of them gained; any gain breaks law I9.
    pub fn round_trips(&self) -> (u64, u64) {
        (self.round_trips, self.round_trip_gains)
    }

    /// Trades that a pool refused.
    pub fn refusals(&self) -> u64 {
        self.refusals
    }

    /// Exchanges between public pools and the mesh.
    pub fn triangulations(&self) -> u64 {
        self.triangulations
    }

    /// Reports that the oracle refused.
    pub fn reports_refused(&self) -> u64 {
        self.feeds.iter().map(|feed| feed.refused).sum()
    }
}

/// Pairs of public pools of the same two tokens, on two chains or on one.
fn like_pools(spec: &WorldSpec) -> Vec<(usize, usize)> {
    let kind = |pool: &PoolSpec| (spec.assets[pool.base].value, spec.assets[pool.quote].value);
    let places = 0..spec.pools.len();
    places
        .clone()
        .flat_map(|left| (left + 1..spec.pools.len()).map(move |right| (left, right)))
        .filter(|(left, right)| kind(&spec.pools[*left]) == kind(&spec.pools[*right]))
        .collect()
}

/// Every index leads somewhere and every shock has a name.
fn check(spec: &WorldSpec) -> Result<(), Nonsense> {
    let within = |what: &str, place: usize, count: usize| {
        if place < count { Ok(()) } else { Err(Nonsense(format!("there is no {what} {place}"))) }
    };
    if spec.feeds.len() != spec.values.len() || spec.reserves.len() != spec.assets.len() {
        return Err(Nonsense("there is one feed per value and one reserve per asset".to_owned()));
    }
    for feed in &spec.feeds {
        if feed.reporters == 0 || feed.heartbeat_blocks == 0 {
            return Err(Nonsense("a feed has reporters and a heartbeat".to_owned()));
        }
    }
    for asset in &spec.assets {
        within("value", asset.value, spec.values.len())?;
    }
    for pool in &spec.pools {
        within("asset", pool.base.max(pool.quote), spec.assets.len())?;
        if pool.base_reserve == 0 || pool.quote_reserve == 0 {
            return Err(Nonsense("a pool starts with both tokens".to_owned()));
        }
    }
    for stabiliser in &spec.stabilisers {
        within("pool", stabiliser.pool, spec.pools.len())?;
        if stabiliser.target == 0 {
            return Err(Nonsense("a stabiliser has a target".to_owned()));
        }
        if let Some(equation) = &stabiliser.equation {
            within("value", equation.compute, spec.values.len())?;
        }
    }
    for bridge in &spec.bridges {
        within("asset", bridge.left.max(bridge.right), spec.assets.len())?;
    }
    spec.agents.iter().try_for_each(|agent| agents::check(agent, spec))?;
    spec.shocks.iter().try_for_each(|shock| effects::check(shock, spec))
}
