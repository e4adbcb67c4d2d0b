//! Futures and options: their terms, the average of the index before they expire, and their marks.

use crate::underlying::{SCENARIOS, Underlying};
use crate::units::*;

/// How long before its expiry an instrument's settlement price is averaged.
pub const AVERAGING: Nanos = Nanos(1_800 * 1_000_000_000);
/// How many instruments of one underlying may be unsettled.
pub const UNSETTLED_MAX: usize = 64;

/// What kind of market an instrument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Settles at the average.
    Future = 1,
    /// Settles at what the average is above the strike.
    Call = 2,
    /// Settles at what the average is below the strike.
    Put = 3,
}

impl Kind {
    /// Reads a kind's byte.
    pub fn of(byte: u8) -> Option<Kind> {
        match byte {
            1 => Some(Kind::Future),
            2 => Some(Kind::Call),
            3 => Some(Kind::Put),
            _ => None,
        }
    }

    /// Whether its mark is given instead of found.
    pub fn is_option(self) -> bool {
        self != Kind::Future
    }
}

/// What an instrument is listed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct InstrumentTerms {
    pub underlying: UnderlyingId,
    pub kind: Kind,
    pub expiry: Nanos,
    /// 0 of a future.
    pub strike: Ticks,
    pub maker_fee: Ppm,
    pub taker_fee: Ppm,
    pub max_lots: Lots,
    pub band: Ppm,
}

/// An option's value now and in each scenario, as its operator gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct OptionMarks {
    pub mark: Ticks,
    pub values: [Ticks; SCENARIOS],
}

/// The index of an instrument among all instruments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstrumentId(pub u32);

/// A listed instrument.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Instrument {
    pub market: MarketId,
    pub underlying: UnderlyingId,
    pub kind: Kind,
    pub expiry: Nanos,
    pub strike: Ticks,
    /// The index times the nanoseconds that it stood within the averaging.
    pub average_sum: u128,
    pub last_trade: Option<Ticks>,
    pub given: Option<OptionMarks>,
    /// What it settled at.
    pub settled: Option<Ticks>,
    /// How many ticks one lot gains in each scenario; follows from mark, index and given marks.
    pub(crate) changes: [i128; SCENARIOS],
}

impl Instrument {
    /// An instrument that has not traded.
    pub fn new(market: MarketId, terms: &InstrumentTerms) -> Instrument {
        let InstrumentTerms { underlying, kind, expiry, strike, .. } = *terms;
        Instrument {
            market,
            underlying,
            kind,
            expiry,
            strike,
            average_sum: 0,
            last_trade: None,
            given: None,
            settled: None,
            changes: [0; SCENARIOS],
        }
    }

    /// Whether it trades no more.
    pub fn is_expired(&self, now: Nanos) -> bool {
        self.settled.is_some() || now >= self.expiry
    }

    fn averaging_from(&self) -> u64 {
        self.expiry.0 - AVERAGING.0
    }

    /// The sum as of `at`, with the index standing since it was set.
    pub(crate) fn average_sum_at(&self, underlying: &Underlying, at: Nanos) -> u128 {
        let from = underlying.index_at.0.max(self.averaging_from());
        let stood = at.0.min(self.expiry.0).saturating_sub(from);
        self.average_sum + u128::from(underlying.index_or_zero().0) * u128::from(stood)
    }

    /// The average as of `at`, over the time that there was an index; the index before that.
    pub(crate) fn average_down(&self, underlying: &Underlying, at: Nanos) -> Ticks {
        let Some(index) = underlying.index else { return Ticks(0) };
        match self.covered(underlying, at) {
            0 => index,
            covered => narrow(self.average_sum_at(underlying, at) / u128::from(covered)),
        }
    }

    /// The average at expiry, when the sum is complete.
    pub(crate) fn final_average_down(&self, underlying: &Underlying) -> Ticks {
        match self.covered(underlying, self.expiry) {
            0 => underlying.index_or_zero(),
            covered => narrow(self.average_sum / u128::from(covered)),
        }
    }

    /// How long there was an index within the averaging, as of `at`.
    fn covered(&self, underlying: &Underlying, at: Nanos) -> u64 {
        at.0.min(self.expiry.0).saturating_sub(underlying.first_at.0.max(self.averaging_from()))
    }

    /// What one lot is worth when the underlying settles at `average`.
    pub(crate) fn payoff(&self, average: Ticks) -> Ticks {
        Ticks(match self.kind {
            Kind::Future => average.0,
            Kind::Call => average.0.saturating_sub(self.strike.0),
            Kind::Put => self.strike.0.saturating_sub(average.0),
        })
    }

    /// A mark, with the average so far blended in as the expiry comes.
    pub(crate) fn blend_down(&self, mark: Ticks, underlying: &Underlying, now: Nanos) -> Ticks {
        let elapsed = u128::from(now.0.min(self.expiry.0).saturating_sub(self.averaging_from()));
        if elapsed == 0 {
            return mark;
        }
        let (known, open) =
            (self.payoff(self.average_down(underlying, now)), u128::from(AVERAGING.0) - elapsed);
        let sum = u128::from(known.0) * elapsed + u128::from(mark.0) * open;
        let least = u64::from(!self.kind.is_option());
        Ticks(narrow(sum / u128::from(AVERAGING.0)).0.max(least))
    }

    /// A future's mark before blending: the book's middle or the index, near the index.
    pub(crate) fn fair(&self, underlying: &Underlying, bid: Option<Ticks>, ask: Option<Ticks>) -> Ticks {
        let index = underlying.index_or_zero();
        let fair = match (bid, ask, self.last_trade) {
            (Some(bid), Some(ask), Some(last)) => last.max(bid.min(ask)).min(bid.max(ask)),
            (Some(bid), Some(ask), None) => Ticks((bid.0 + ask.0) / 2),
            _ => index,
        };
        let basis = underlying.terms.basis.of_down(index).0.max(1);
        Ticks(fair.0.clamp(index.0.saturating_sub(basis), index.0 + basis))
    }

    /// Brings the changes of one lot up to the index and the mark.
    pub(crate) fn refresh_changes(&mut self, underlying: &Underlying, mark: Ticks) {
        self.changes = match (self.kind, &self.given) {
            (Kind::Future, _) => underlying.shifts().map(|shift| shift.max(-i128::from(mark.0))),
            (_, Some(given)) => given.values.map(|value| i128::from(value.0) - i128::from(given.mark.0)),
            (_, None) => [0; SCENARIOS],
        };
    }
}

fn narrow(ticks: u128) -> Ticks {
    Ticks(u64::try_from(ticks).expect("an average of prices is a price"))
}
