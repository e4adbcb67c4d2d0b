//! One limit order book by itself: price-time matching that reports what happens, without accounts, money or journal.
//!
//! It is the book that the exchange trades on ([`crate::book`]), for whoever wants matching alone: a simulator, a harness that
//! compares engines, a benchmark.
//!
//! ```
//! use _engine::order::Side;
//! use _engine::plain_book::{Book, NewOrder, Reports};
//! use _engine::book::Order;
//! use _engine::units::{Lots, OrderId, Ticks};
//!
//! #[derive(Default)]
//! struct Tape(Vec<(u64, u64, u64)>);
//! impl Reports for Tape {
//!     fn traded(&mut self, maker: &Order, _taker: OrderId, lots: Lots) {
//!         self.0.push((maker.id.0, maker.ticks.0, lots.0));
//!     }
//! }
//!
//! let (mut book, mut tape) = (Book::new(), Tape::default());
//! let order = |id, side, ticks, lots| NewOrder { id: OrderId(id), side, ticks: Ticks(ticks), lots: Lots(lots) };
//! book.place(&order(1, Side::Sell, 101, 5), &mut tape).unwrap();
//! book.place(&order(2, Side::Sell, 100, 5), &mut tape).unwrap();
//! assert_eq!(book.take(&order(3, Side::Buy, 101, 7), &mut tape), Ok(Lots(0)));
//! assert_eq!(tape.0, [(2, 100, 5), (1, 101, 2)]);
//! ```

use crate::book::{Books, Level, Order};
use crate::event::CloseReason;
use crate::order::Side;
use crate::units::*;

const MARKET: MarketId = MarketId(0);

/// What happens in a book, as it happens. Every method does nothing unless it is overridden.
pub trait Reports {
    /// `lots` changed hands at the maker's price; the maker is as it stood before.
    fn traded(&mut self, maker: &Order, taker: OrderId, lots: Lots) {
        let _ = (maker, taker, lots);
    }
    /// An order joined the tail of its level.
    fn rested(&mut self, order: OrderId, ticks: Ticks, lots: Lots) {
        let _ = (order, ticks, lots);
    }
    /// An order is done; `left` is what was not traded of it.
    fn closed(&mut self, order: OrderId, left: Lots, why: CloseReason) {
        let _ = (order, left, why);
    }
}

/// Reports to nobody.
impl Reports for () {}

/// An order as its sender names it. Ids are the sender's; one that rests must be unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct NewOrder {
    pub id: OrderId,
    pub side: Side,
    pub ticks: Ticks,
    pub lots: Lots,
}

/// Why a book does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No such order rests.
    OrderUnknown,
    /// An order of this id rests.
    OrderExists,
    /// An order of nothing.
    QuantityZero,
}

/// One market's resting orders.
#[derive(Clone, Debug)]
pub struct Book {
    books: Books,
}

impl Default for Book {
    fn default() -> Self {
        Book::new()
    }
}

impl Book {
    /// A book in which nothing rests.
    pub fn new() -> Book {
        let mut books = Books::default();
        books.open_market();
        Book { books }
    }

    /// Trades up to the limit and lets the rest join the book; the lots that rest.
    pub fn place(&mut self, order: &NewOrder, reports: &mut impl Reports) -> Result<Lots, Refused> {
        if self.books.order(order.id).is_some() {
            return Err(Refused::OrderExists);
        }
        let left = self.cross(order, reports)?;
        if left > Lots(0) {
            let rest = Order::unowned(order.id, (MARKET, order.side), order.ticks, left);
            self.books.join(&rest, ClientId(0));
            reports.rested(order.id, order.ticks, left);
        }
        Ok(left)
    }

    /// Trades up to the limit and lets the rest go: immediate or cancel; the lots that were not traded.
    pub fn take(&mut self, order: &NewOrder, reports: &mut impl Reports) -> Result<Lots, Refused> {
        let left = self.cross(order, reports)?;
        if left > Lots(0) {
            reports.closed(order.id, left, CloseReason::ImmediateRest);
        }
        Ok(left)
    }

    /// Takes a resting order out; its lots.
    pub fn cancel(&mut self, id: OrderId, reports: &mut impl Reports) -> Result<Lots, Refused> {
        let order = self.books.leave(id).ok_or(Refused::OrderUnknown)?;
        reports.closed(id, order.lots, CloseReason::Cancelled);
        Ok(order.lots)
    }

    /// Gives a resting order another price and size; the lots that rest.
    ///
    /// Fewer lots at the same price keep their place in the queue. Everything else leaves and comes again, last and able to trade.
    pub fn modify(
        &mut self,
        id: OrderId,
        ticks: Ticks,
        lots: Lots,
        reports: &mut impl Reports,
    ) -> Result<Lots, Refused> {
        let resting = *self.books.order(id).ok_or(Refused::OrderUnknown)?;
        if lots == Lots(0) {
            return Err(Refused::QuantityZero);
        }
        if ticks == resting.ticks && lots <= resting.lots {
            return Ok(self.books.shrink(id, resting.lots - lots));
        }
        self.books.leave(id);
        self.place(&NewOrder { id, side: resting.side, ticks, lots }, reports)
    }

    fn cross(&mut self, taker: &NewOrder, reports: &mut impl Reports) -> Result<Lots, Refused> {
        if taker.lots == Lots(0) {
            return Err(Refused::QuantityZero);
        }
        let mut left = taker.lots;
        while left > Lots(0) {
            let best = self.books.best(MARKET, taker.side.opposite());
            let Some(maker) = best.filter(|maker| taker.side.reaches(taker.ticks, maker.ticks)) else {
                return Ok(left);
            };
            let (id, lots) = (maker.id, left.min(maker.lots));
            reports.traded(maker, taker.id, lots);
            left = left - lots;
            if self.books.shrink_best(MARKET, taker.side.opposite(), lots) == Lots(0) {
                reports.closed(id, Lots(0), CloseReason::Filled);
            }
        }
        reports.closed(taker.id, left, CloseReason::Filled);
        Ok(left)
    }

    /// A resting order.
    pub fn order(&self, id: OrderId) -> Option<&Order> {
        self.books.order(id)
    }

    /// The oldest order at the best price of a side.
    pub fn best(&self, side: Side) -> Option<&Order> {
        self.books.best(MARKET, side)
    }

    /// The price levels of a side, best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = &Level> {
        self.books.levels(MARKET, side)
    }

    /// How many orders rest.
    pub fn resting(&self) -> usize {
        self.books.resting()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Tape(Vec<String>);

    impl Reports for Tape {
        fn traded(&mut self, maker: &Order, taker: OrderId, lots: Lots) {
            self.0.push(format!("{taker} takes {lots} of {} at {}", maker.id, maker.ticks));
        }
        fn rested(&mut self, order: OrderId, ticks: Ticks, lots: Lots) {
            self.0.push(format!("{order} rests {lots} at {ticks}"));
        }
        fn closed(&mut self, order: OrderId, left: Lots, why: CloseReason) {
            self.0.push(format!("{order} closed with {left}: {why:?}"));
        }
    }

    fn order(id: u64, side: Side, ticks: u64, lots: u64) -> NewOrder {
        NewOrder { id: OrderId(id), side, ticks: Ticks(ticks), lots: Lots(lots) }
    }

    #[test]
    fn a_taker_walks_the_levels_up_to_its_limit_and_its_rest_joins_or_goes() {
        let (mut book, mut tape) = (Book::new(), Tape::default());
        for (id, ticks) in [(1, 100), (2, 101), (3, 103)] {
            assert_eq!(book.place(&order(id, Side::Sell, ticks, 5), &mut ()), Ok(Lots(5)));
        }
        assert_eq!(book.take(&order(4, Side::Buy, 101, 7), &mut tape), Ok(Lots(0)));
        assert_eq!(book.take(&order(5, Side::Buy, 102, 9), &mut tape), Ok(Lots(6)));
        assert_eq!(book.place(&order(6, Side::Buy, 102, 4), &mut tape), Ok(Lots(4)));
        assert_eq!(
            tape.0,
            [
                "4 takes 5 of 1 at 100",
                "1 closed with 0: Filled",
                "4 takes 2 of 2 at 101",
                "4 closed with 0: Filled",
                "5 takes 3 of 2 at 101",
                "2 closed with 0: Filled",
                "5 closed with 6: ImmediateRest",
                "6 rests 4 at 102",
            ]
        );
        assert_eq!(
            (book.best(Side::Buy).unwrap().id, book.best(Side::Sell).unwrap().id),
            (OrderId(6), OrderId(3))
        );
    }

    #[test]
    fn only_a_smaller_size_at_the_same_price_keeps_its_place() {
        let mut book = Book::new();
        for id in 1..=3 {
            book.place(&order(id, Side::Buy, 10, 5), &mut ()).unwrap();
        }
        book.modify(OrderId(1), Ticks(10), Lots(4), &mut ()).unwrap();
        assert_eq!(book.best(Side::Buy).unwrap().id, OrderId(1));
        book.modify(OrderId(1), Ticks(10), Lots(6), &mut ()).unwrap();
        assert_eq!(book.best(Side::Buy).unwrap().id, OrderId(2));
        book.modify(OrderId(3), Ticks(11), Lots(1), &mut ()).unwrap();
        assert_eq!(book.best(Side::Buy).unwrap().id, OrderId(3));
        assert_eq!(
            book.levels(Side::Buy).map(|level| (level.ticks.0, level.lots)).collect::<Vec<_>>(),
            [(11, 1), (10, 11)]
        );
    }

    #[test]
    fn what_cannot_be_done_is_refused_and_changes_nothing() {
        let mut book = Book::new();
        book.place(&order(1, Side::Buy, 10, 5), &mut ()).unwrap();
        assert_eq!(book.place(&order(1, Side::Sell, 10, 5), &mut ()), Err(Refused::OrderExists));
        assert_eq!(book.place(&order(2, Side::Sell, 10, 0), &mut ()), Err(Refused::QuantityZero));
        assert_eq!(book.modify(OrderId(1), Ticks(10), Lots(0), &mut ()), Err(Refused::QuantityZero));
        assert_eq!(book.cancel(OrderId(9), &mut ()), Err(Refused::OrderUnknown));
        assert_eq!(book.cancel(OrderId(1), &mut ()), Ok(Lots(5)));
        assert_eq!(book.modify(OrderId(1), Ticks(10), Lots(1), &mut ()), Err(Refused::OrderUnknown));
        assert_eq!(book.resting(), 0);
    }
}
