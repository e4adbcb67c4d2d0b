//! What is kept of a run, block by block, for metrics and plots.

use crate::peg::price_history::deviation_of;

const WAD_PER_PPB: i128 = 1_000_000_000;

/// Series of one number a block.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// By pool [ppb, signed]: the marginal price's distance from the pool's peg.
    pub deviations: Vec<Vec<i64>>,
    /// By pair of like pools [ppb]: the distance of their prices, over the lower one.
    pub spreads: Vec<Vec<i64>>,
    /// By stabiliser: quote units traded so far, clamped to 63 bits.
    pub stabilised: Vec<Vec<i64>>,
    /// By agent [micro-dollars]: profit so far, at the values of the block.
    pub profits: Vec<Vec<i64>>,
    /// By asset [ppb]: the part of the reserve that is left.
    pub reserves: Vec<Vec<i64>>,
}

/// A deviation in parts per billion.
pub fn deviation_ppb(price: u128, peg: u128) -> i64 {
    clamped(deviation_of(price, peg) / WAD_PER_PPB)
}

/// The distance of two prices in parts per billion of the lower.
pub fn spread_ppb(a: u128, b: u128) -> i64 {
    clamped(deviation_of(a.max(b), a.min(b).max(1)) / WAD_PER_PPB)
}

/// The nearest 64-bit number.
pub fn clamped(value: i128) -> i64 {
    value.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

/// One thing that was done to a contract, for replaying it on a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operation {
    Sale { block: u64, pool: usize, sells_base: bool, amount: u128, paid: u128, fee: u128 },
    Price { block: u64, pool: usize, price: u128 },
    Stabilise { block: u64, stabiliser: usize, outcome: u8, sells_base: bool, sold: u128, paid: u128 },
}
