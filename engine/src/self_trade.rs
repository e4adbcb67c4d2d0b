//! Self-trade prevention: what happens instead of a trade between two orders of one account.

use crate::book::Order;
use crate::event::{CloseReason, Events};
use crate::matching::Taker;
use crate::order::SelfTrade;
use crate::state::State;
use crate::units::*;

/// Whether a taker goes on after it met an order of its own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Met {
    /// It looks at the next order.
    GoOn,
    /// It is closed.
    Closed,
}

impl State {
    /// Keeps a taker from trading with its own account's order, as its mode says.
    pub(crate) fn prevent_self_trade(
        &mut self,
        taker: &mut Taker,
        maker: &Order,
        events: &mut Events,
    ) -> Met {
        match taker.order.terms.self_trade {
            SelfTrade::Permit => unreachable!("a permitted self-trade is a trade"),
            SelfTrade::CancelMaker => {
                self.close_resting(maker.id, CloseReason::SelfTrade, events);
                Met::GoOn
            }
            SelfTrade::CancelTaker => self.close_taker(taker, events),
            SelfTrade::CancelBoth => {
                self.close_resting(maker.id, CloseReason::SelfTrade, events);
                self.close_taker(taker, events)
            }
            SelfTrade::Decrement => self.decrement(taker, maker, events),
        }
    }

    fn close_taker(&mut self, taker: &Taker, events: &mut Events) -> Met {
        self.close_order(&taker.order, CloseReason::SelfTrade, events);
        Met::Closed
    }

    fn decrement(&mut self, taker: &mut Taker, maker: &Order, events: &mut Events) -> Met {
        let lots = taker.order.lots.min(maker.lots);
        self.release(maker, lots);
        self.release(&taker.order, lots);
        taker.order.lots = taker.order.lots - lots;
        match self.books.shrink(maker.id, lots) {
            Lots(0) => events.order_closed(maker, Lots(0), CloseReason::SelfTrade),
            left => events.order_reduced(maker, left, CloseReason::SelfTrade),
        }
        if taker.order.lots == Lots(0) {
            events.order_closed(&taker.order, Lots(0), CloseReason::SelfTrade);
            return Met::Closed;
        }
        events.order_reduced(&taker.order, taker.order.lots, CloseReason::SelfTrade);
        Met::GoOn
    }
}
