//! When the stabiliser acts, and how much. The twin of `src/stab3l/peg/stabiliser.py`.

use super::flow_cap::room;
use super::price_history::Average;
use super::wide::*;

/// The answer, in order of precedence: of several reasons not to act the first is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// It acts.
    #[default]
    Act = 0,
    /// Gas costs more than the policy pays.
    GasPriceHigh = 1,
    /// The last action was too few blocks ago.
    TooSoon = 2,
    /// The history does not cover the window.
    HistoryShort = 3,
    /// The average is within the threshold.
    WithinBand = 4,
    /// The price is back already.
    SpotReturned = 5,
    /// The cap on flow is used up.
    CapReached = 6,
    /// There is too little to sell.
    InventoryShort = 7,
}

/// Number of outcomes.
pub const OUTCOMES: usize = 8;

/// What governance sets for one pool. Amounts are base units of the pool's quote token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "pyo3", derive(pyo3::FromPyObject))]
pub struct Policy {
    /// theta [wad]: deviations up to it are left alone.
    pub threshold: u128,
    /// [wad] the most that one block may say about the average.
    pub clamp: u128,
    /// N: the average is over this many blocks.
    pub sustained_blocks: u64,
    /// MIN_BLOCKS between two actions.
    pub interval_blocks: u64,
    /// Quote units traded for a deviation of 1.
    pub gain: u128,
    /// Less than this is not worth an action.
    pub amount_min: u128,
    /// The decaying cap.
    pub flow_max: u128,
    /// [wad per block] of the cap.
    pub memory: u128,
    /// [wad] how far below the target a trade may be paid.
    pub slippage: u128,
    /// [wei]
    pub gas_price_max: u128,
}

/// What the decision is made from; as the Python twin.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct View {
    pub block: u64,
    pub gas_price: u128,
    pub acted_block: u64,
    pub average: Average,
    pub spot_deviation: i128,
    pub flow: u128,
    pub flow_block: u64,
    pub base_inventory: u128,
    pub quote_inventory: u128,
}

/// `sells_base`: the base token is dear. `amount`: quote units at the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Decision {
    pub outcome: Outcome,
    pub sells_base: bool,
    pub amount: u128,
}

/// Whether to act now, on which side, and with how much.
pub fn decide(policy: &Policy, view: &View) -> Decision {
    let not = |outcome| Decision { outcome, ..Decision::default() };
    if view.gas_price > policy.gas_price_max {
        return not(Outcome::GasPriceHigh);
    }
    if view.acted_block != 0 && view.block < view.acted_block + policy.interval_blocks {
        return not(Outcome::TooSoon);
    }
    if view.average.blocks < policy.sustained_blocks {
        return not(Outcome::HistoryShort);
    }
    if view.average.deviation.unsigned_abs() <= policy.threshold {
        return not(Outcome::WithinBand);
    }
    let sells_base = view.average.deviation > 0;
    if view.spot_deviation.unsigned_abs() <= policy.threshold || (view.spot_deviation > 0) != sells_base {
        return not(Outcome::SpotReturned);
    }
    sized(policy, view, sells_base)
}

/// The proportional law, then the cap, then what there is.
fn sized(policy: &Policy, view: &View, sells_base: bool) -> Decision {
    let wanted = mul_div_down(policy.gain, view.spot_deviation.unsigned_abs(), WAD).unwrap_or(u128::MAX);
    let amount = wanted.min(room(view.flow, policy.memory, view.block - view.flow_block, policy.flow_max));
    if amount < policy.amount_min || amount == 0 {
        return Decision { outcome: Outcome::CapReached, ..Decision::default() };
    }
    let amount = amount.min(if sells_base { view.base_inventory } else { view.quote_inventory });
    if amount < policy.amount_min || amount == 0 {
        return Decision { outcome: Outcome::InventoryShort, ..Decision::default() };
    }
    Decision { outcome: Outcome::Act, sells_base, amount }
}

/// The least that a sale may pay: `amount` [base units] at `marginal` [wad], less the slippage; rounded up.
///
/// The scales are 10^decimals of the two tokens. `None` if that does not fit.
pub fn least_paid_up(
    amount: u128,
    marginal: u128,
    slippage: u128,
    sold_scale: u128,
    paid_scale: u128,
) -> Option<u128> {
    let kept = paid_scale * (WAD - slippage);
    let divisor = product(WAD * WAD, sold_scale);
    wide_mul_div_up(product(amount, marginal), kept, divisor).and_then(narrow)
}
