//! What an order may say: side, type, time in force, instructions, self-trade mode.

use std::ops::BitOr;

use crate::units::*;

/// The largest price and trigger.
pub const TICKS_MAX: Ticks = Ticks(10u64.pow(12));

/// Which side of the book an order is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Side {
    /// Buys base, pays quote.
    Buy = 0,
    /// Sells base, receives quote.
    Sell = 1,
}

impl Side {
    /// Reads a side's byte.
    pub fn of(byte: u8) -> Option<Side> {
        [Side::Buy, Side::Sell].get(usize::from(byte)).copied()
    }

    /// The side that this side trades with.
    pub fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }

    /// Whether a taker of this side with a limit trades at `maker`.
    pub fn reaches(self, limit: Ticks, maker: Ticks) -> bool {
        match self {
            Side::Buy => maker <= limit,
            Side::Sell => maker >= limit,
        }
    }
}

/// When an order acts, and whether its price is a limit or only a protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum OrderType {
    /// Trades at its price or better.
    Limit = 0,
    /// Trades at once, down to its protection price.
    Market = 1,
    /// A market order once the mark has moved against its side.
    StopMarket = 2,
    /// A limit order once the mark has moved against its side.
    StopLimit = 3,
    /// A market order once the mark has moved in favour of its side.
    TakeProfitMarket = 4,
    /// A limit order once the mark has moved in favour of its side.
    TakeProfitLimit = 5,
    /// The engine's own, against an account that does not meet its margin; no command may state it.
    Liquidation = 6,
}

impl OrderType {
    const ALL: [OrderType; 6] = [
        OrderType::Limit,
        OrderType::Market,
        OrderType::StopMarket,
        OrderType::StopLimit,
        OrderType::TakeProfitMarket,
        OrderType::TakeProfitLimit,
    ];

    /// Reads a type's byte.
    pub fn of(byte: u8) -> Option<OrderType> {
        OrderType::ALL.get(usize::from(byte)).copied()
    }

    /// Whether it waits for a mark.
    pub fn is_conditional(self) -> bool {
        (OrderType::StopMarket as u8..=OrderType::TakeProfitLimit as u8).contains(&(self as u8))
    }

    /// Whether it never rests.
    pub fn is_market(self) -> bool {
        !matches!(self, OrderType::Limit | OrderType::StopLimit | OrderType::TakeProfitLimit)
    }

    /// Which marks make a conditional order of one side active.
    pub fn direction(self, side: Side) -> Direction {
        let stop = matches!(self, OrderType::StopMarket | OrderType::StopLimit);
        if stop == (side == Side::Buy) { Direction::AtOrAbove } else { Direction::AtOrBelow }
    }
}

/// Which marks a trigger waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The trigger and all marks above it.
    AtOrAbove = 0,
    /// The trigger and all marks below it.
    AtOrBelow = 1,
}

impl Direction {
    /// Whether `mark` is what `trigger` waits for.
    pub fn holds(self, mark: Ticks, trigger: Ticks) -> bool {
        match self {
            Direction::AtOrAbove => mark >= trigger,
            Direction::AtOrBelow => mark <= trigger,
        }
    }
}

/// How long an order's rest stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TimeInForce {
    /// Until it is filled or cancelled.
    GoodTillCancel = 0,
    /// Not at all.
    ImmediateOrCancel = 1,
    /// There is no rest: all of it trades at once, or nothing.
    FillOrKill = 2,
    /// Until a stated time.
    GoodTillDate = 3,
}

impl TimeInForce {
    const ALL: [TimeInForce; 4] = [
        TimeInForce::GoodTillCancel,
        TimeInForce::ImmediateOrCancel,
        TimeInForce::FillOrKill,
        TimeInForce::GoodTillDate,
    ];

    /// Reads a time in force's byte.
    pub fn of(byte: u8) -> Option<TimeInForce> {
        TimeInForce::ALL.get(usize::from(byte)).copied()
    }

    /// Whether what does not trade at once joins the book.
    pub fn rests(self) -> bool {
        matches!(self, TimeInForce::GoodTillCancel | TimeInForce::GoodTillDate)
    }
}

/// What an order asks for besides: a set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Instructions(u8);

impl Instructions {
    /// Never takes.
    pub const POST_ONLY: Instructions = Instructions(1);
    /// A post-only order moves to the nearest price that does not take.
    pub const SLIDE: Instructions = Instructions(2);
    /// Only ever makes its account's position smaller.
    pub const REDUCE_ONLY: Instructions = Instructions(4);
    /// Counts for, and leaves by, its account's market-maker protection.
    pub const PROTECTED: Instructions = Instructions(8);
    const KNOWN: u8 = 15;

    /// Reads the bits.
    pub fn of(byte: u8) -> Option<Instructions> {
        (byte <= Instructions::KNOWN).then_some(Instructions(byte))
    }

    /// The bits.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Whether any of `asked` is set.
    pub fn has(self, asked: Instructions) -> bool {
        self.0 & asked.0 != 0
    }
}

impl BitOr for Instructions {
    type Output = Instructions;
    fn bitor(self, other: Instructions) -> Instructions {
        Instructions(self.0 | other.0)
    }
}

/// What happens instead of a trade with an order of the same account; the taker's mode decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum SelfTrade {
    /// They trade.
    #[default]
    Permit = 0,
    /// The resting order leaves.
    CancelMaker = 1,
    /// The taker's rest leaves.
    CancelTaker = 2,
    /// Both leave.
    CancelBoth = 3,
    /// Both lose what would have traded.
    Decrement = 4,
}

impl SelfTrade {
    const ALL: [SelfTrade; 5] = [
        SelfTrade::Permit,
        SelfTrade::CancelMaker,
        SelfTrade::CancelTaker,
        SelfTrade::CancelBoth,
        SelfTrade::Decrement,
    ];

    /// Reads a mode's byte.
    pub fn of(byte: u8) -> Option<SelfTrade> {
        SelfTrade::ALL.get(usize::from(byte)).copied()
    }
}

/// What stays with an order for its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderTerms {
    /// When it is dead; 0: not by itself.
    pub good_till: Nanos,
    /// Its account's group of orders, for mass cancels; 0: none.
    pub label: Label,
    /// What else it asks for.
    pub instructions: Instructions,
    /// What happens when it meets an order of its own account.
    pub self_trade: SelfTrade,
}

impl OrderTerms {
    /// How long its rest stays, once it may rest.
    pub fn time_in_force(&self) -> TimeInForce {
        if self.good_till == Nanos(0) { TimeInForce::GoodTillCancel } else { TimeInForce::GoodTillDate }
    }

    /// Whether its time has come.
    pub fn is_expired(&self, now: Nanos) -> bool {
        self.good_till != Nanos(0) && self.good_till <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_reads_as_the_value_that_writes_it_and_the_next_one_as_none() {
        for byte in 0..6 {
            assert_eq!(OrderType::of(byte).map(|kind| kind as u8), Some(byte));
        }
        for byte in 0..4 {
            assert_eq!(TimeInForce::of(byte).map(|time| time as u8), Some(byte));
        }
        for byte in 0..5 {
            assert_eq!(SelfTrade::of(byte).map(|mode| mode as u8), Some(byte));
        }
        assert_eq!((OrderType::of(6), TimeInForce::of(4), SelfTrade::of(5)), (None, None, None));
        assert_eq!((Side::of(2), Instructions::of(16)), (None, None));
    }

    #[test]
    fn stops_follow_the_mark_against_their_side_and_take_profits_with_it() {
        let direction = |kind: OrderType, side| kind.direction(side);
        assert_eq!(direction(OrderType::StopMarket, Side::Buy), Direction::AtOrAbove);
        assert_eq!(direction(OrderType::StopLimit, Side::Sell), Direction::AtOrBelow);
        assert_eq!(direction(OrderType::TakeProfitLimit, Side::Buy), Direction::AtOrBelow);
        assert_eq!(direction(OrderType::TakeProfitMarket, Side::Sell), Direction::AtOrAbove);
    }
}
