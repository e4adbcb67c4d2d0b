//! Amending a resting order: priority stays only when the price stays and the lots do not rise.

use crate::admission::{Admitted, Freed, Terms, check_terms};
use crate::book::Order;
use crate::command::Amend;
use crate::event::Events;
use crate::hold::hold_of;
use crate::order::Instructions;
use crate::outcome::{Outcome, Refusal, refuse_if};
use crate::request::Remembered;
use crate::state::State;
use crate::units::*;

impl State {
    /// Judges an amend by the rules in their order of precedence.
    pub(crate) fn check_amend(&self, amend: &Amend) -> Result<Admitted, Refusal> {
        refuse_if(!self.ledger.is_user(amend.account), Outcome::AccountUnknown)?;
        self.requests.check(amend.account, amend.client_id, amend.expires_at, self.now)?;
        let own = self.order(amend.order).filter(|order| order.account == amend.account);
        let order = own.filter(|order| self.why_dead(order).is_none()).ok_or(Outcome::OrderUnknown)?;
        let market = self.listings.market(order.market)?;
        self.check_open(market)?;
        refuse_if(self.waiting.order(amend.order).is_some(), Outcome::OrderNotAmendable)?;
        let terms = Terms { market: order.market, side: order.side, ticks: amend.ticks, lots: amend.lots };
        check_terms(market, &terms, Ticks(0))?;
        self.check_size(amend.account, market, &terms, order.lots)?;
        let reduces = order.terms.instructions.has(Instructions::REDUCE_ONLY);
        let reducible = self.reducible(amend.account, order.market, order.side);
        refuse_if(reduces && reducible == 0, Outcome::ReduceOnlyRefused)?;
        let ticks = self.made_price(&terms, order.terms.instructions)?;
        let amount = match market.instrument {
            None => hold_of(&market.terms, order.side, order.ticks, order.lots),
            Some(_) => Cash(self.reserves.per_lot(order.id).0 * u128::from(order.lots.0)),
        };
        let freed = Freed { reduces, amount };
        let hold = self.check_means(amend.account, market, &Terms { ticks, ..terms }, freed)?;
        Ok(Admitted { ticks, hold })
    }

    /// Amends an order as judged.
    pub(crate) fn amend(&mut self, amend: &Amend, admitted: Admitted, kind: u16, events: &mut Events) {
        let made = Remembered { expires_at: amend.expires_at, id: amend.order.0 };
        self.requests.remember(amend.account, amend.client_id, made);
        events.outcome(Outcome::Accepted, kind, amend.order.0, self.now);
        let order = *self.books.order(amend.order).expect("judged to rest");
        events.order_amended(&order, admitted.ticks, amend.lots);
        if admitted.ticks == order.ticks && amend.lots <= order.lots {
            self.lessen(&order, amend.lots, admitted.hold);
        } else {
            self.requeue(&order, amend.lots, admitted, events);
        }
    }

    /// Takes lots off a resting order in its place.
    fn lessen(&mut self, order: &Order, lots: Lots, hold: Cash) {
        self.release(order, order.lots);
        let mut lessened = *order;
        lessened.lots = lots;
        self.hold(&lessened, hold);
        if lots < order.lots {
            self.books.shrink(order.id, order.lots - lots);
        }
    }

    /// Lets an order come again, behind all others.
    fn requeue(&mut self, order: &Order, lots: Lots, admitted: Admitted, events: &mut Events) {
        let client_id = self.books.client_id(order.id).expect("judged to rest");
        self.books.leave(order.id);
        self.release(order, order.lots);
        let place_of = (order.account, order.market, order.side);
        let order = Order::new(order.id, place_of, admitted.ticks, lots).on_terms(order.terms);
        self.hold(&order, admitted.hold);
        let mut taker = self.taker((order, client_id), true);
        self.work(&mut taker, events);
    }
}
