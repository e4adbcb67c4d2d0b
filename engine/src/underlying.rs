//! Underlyings: what futures and options are on, their index, and the moves that margin is measured by.

use crate::instrument::InstrumentId;
use crate::units::*;

/// How many moves a portfolio is tried against.
pub const SCENARIOS: usize = 16;
/// The first of the two extreme moves, whose loss counts by a third.
pub const EXTREME: usize = 14;
/// Each scenario's move in thirds of the range. The even one of a pair has volatility up, the odd one down; only the
/// option values know.
const THIRDS: [i128; SCENARIOS] = [0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3, 6, -6];

/// The largest tick, so that every position's entry stays within 128 bits.
const TICK_MAX: TickSize = TickSize(10u64.pow(13));
const RATE_MAX: Ppm = Ppm(1_000_000);
const INITIAL_MAX: Ppm = Ppm(10_000_000);
const LIQUIDATION_FEE_MAX: Ppm = Ppm(100_000);
/// How many underlyings there may be.
pub const UNDERLYINGS_MAX: usize = 64;

/// An underlying's name, as it was given.
pub type Name = [u8; 8];

/// What an underlying is listed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct UnderlyingTerms {
    pub name: Name,
    pub settlement: AssetId,
    /// Settlement base units per lot and price tick, of all its instruments.
    pub tick: TickSize,
    /// The move of three thirds.
    pub range: Ppm,
    /// How far a future's mark may be from the index.
    pub basis: Ppm,
    /// Initial margin over maintenance margin.
    pub initial: Ppm,
    /// The least margin of a short option, of the index.
    pub short_option: Ppm,
    pub liquidation_fee: Ppm,
    /// The part of a position that one round of liquidation offers.
    pub liquidation_step: Ppm,
}

impl UnderlyingTerms {
    /// Whether every number is within its bounds.
    pub fn are_sound(&self) -> bool {
        (1..=TICK_MAX.0).contains(&self.tick.0)
            && (Ppm(1)..=RATE_MAX).contains(&self.range)
            && self.basis <= RATE_MAX
            && (RATE_MAX..=INITIAL_MAX).contains(&self.initial)
            && self.short_option <= RATE_MAX
            && self.liquidation_fee <= LIQUIDATION_FEE_MAX
            && (Ppm(1)..=RATE_MAX).contains(&self.liquidation_step)
    }
}

/// A listed underlying.
#[derive(Clone, Debug)]
pub struct Underlying {
    /// What it was listed with.
    pub terms: UnderlyingTerms,
    /// Its price; `None` before the first.
    pub index: Option<Ticks>,
    /// When that was set.
    pub index_at: Nanos,
    /// When the first was set.
    pub first_at: Nanos,
    /// Its instruments that are not settled, by rising market.
    pub(crate) unsettled: Vec<InstrumentId>,
}

impl Underlying {
    /// An underlying without a price.
    pub fn new(terms: UnderlyingTerms) -> Underlying {
        Underlying { terms, index: None, index_at: Nanos(0), first_at: Nanos(0), unsettled: Vec::new() }
    }

    /// The index as records state it: 0 for none.
    pub fn index_or_zero(&self) -> Ticks {
        self.index.unwrap_or_default()
    }

    /// By how many ticks each scenario moves the price, rounded down.
    pub fn shifts(&self) -> [i128; SCENARIOS] {
        let range = i128::from(self.index_or_zero().0) * i128::from(self.terms.range.0);
        THIRDS.map(|thirds| (range * thirds).div_euclid(3_000_000))
    }

    /// The least margin of one lot of a sold option, in ticks.
    pub fn short_option_up(&self) -> i128 {
        let part = i128::from(self.index_or_zero().0) * i128::from(self.terms.short_option.0);
        ceil_div(part, 1_000_000)
    }
}

/// `ceil(value / divisor)` of a positive divisor.
pub(crate) fn ceil_div(value: i128, divisor: i128) -> i128 {
    -(-value).div_euclid(divisor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_are_rounded_towards_minus_infinity() {
        let terms = UnderlyingTerms {
            name: *b"CU\0\0\0\0\0\0",
            settlement: AssetId(0),
            tick: TickSize(1),
            range: Ppm(100_000),
            basis: Ppm(0),
            initial: Ppm(1_000_000),
            short_option: Ppm(1),
            liquidation_fee: Ppm(0),
            liquidation_step: Ppm(1),
        };
        assert!(terms.are_sound());
        let underlying = Underlying { index: Some(Ticks(100)), ..Underlying::new(terms) };
        assert_eq!(underlying.shifts(), [0, 0, 3, 3, -4, -4, 6, 6, -7, -7, 10, 10, -10, -10, 20, -20]);
        assert_eq!(underlying.short_option_up(), 1);
        assert_eq!((ceil_div(7, 3), ceil_div(-7, 3), ceil_div(6, 3)), (3, -2, 2));
    }
}
