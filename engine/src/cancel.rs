//! Orders leaving the book or the wait: cancels of one and of many, and returning what they held.

use crate::book::Order;
use crate::command::{CancelAll, KIND_CANCEL};
use crate::event::{CloseReason, Events};
use crate::outcome::{Outcome, Refusal, refuse_if};
use crate::state::State;
use crate::units::*;

impl State {
    /// The order `id`, resting or waiting.
    pub fn order(&self, id: OrderId) -> Option<&Order> {
        self.books.order(id).or_else(|| self.waiting.order(id).map(|waiting| &waiting.order))
    }

    /// The resting and waiting orders of an account that `wanted` says yes to, by rising id.
    pub(crate) fn orders_of(&self, account: AccountId, wanted: impl Fn(&Order) -> bool) -> Vec<OrderId> {
        let waiting = self.waiting.of_account(account).map(|waiting| &waiting.order);
        let all = self.books.of_account(account).into_iter().chain(waiting);
        let mut ids: Vec<OrderId> = all.filter(|order| wanted(order)).map(|order| order.id).collect();
        ids.sort_unstable();
        ids
    }

    /// Ends an order that is nowhere any more: its hold returns.
    #[inline]
    pub(crate) fn close_order(&mut self, order: &Order, reason: CloseReason, events: &mut Events) {
        self.release(order, order.lots);
        events.order_closed(order, order.lots, reason);
    }

    /// Takes a resting order out of its book and ends it.
    pub(crate) fn close_resting(&mut self, id: OrderId, reason: CloseReason, events: &mut Events) {
        let order = self.books.leave(id).expect("found resting");
        self.close_order(&order, reason, events);
    }

    /// Takes an order out of its book or its wait and ends it.
    pub(crate) fn close(&mut self, id: OrderId, reason: CloseReason, events: &mut Events) {
        let order = self.books.leave(id).or_else(|| self.waiting.leave(id).map(|waiting| waiting.order));
        self.close_order(&order.expect("found resting or waiting"), reason, events);
    }

    /// The order that `account` may cancel.
    #[inline]
    pub(crate) fn check_cancel(&self, account: AccountId, order: OrderId) -> Result<(), Refusal> {
        refuse_if(!self.ledger.is_user(account), Outcome::AccountUnknown)?;
        let own = self.order(order).is_some_and(|found| found.account == account);
        refuse_if(!own, Outcome::OrderUnknown)
    }

    /// Cancels an order that may be cancelled.
    pub(crate) fn cancel(&mut self, order: OrderId, events: &mut Events) {
        self.books.expect_neighbours(order);
        events.outcome(Outcome::Accepted, KIND_CANCEL, order.0, self.now);
        self.close(order, CloseReason::Cancelled, events);
    }

    /// Judges a mass cancel.
    pub(crate) fn check_cancel_all(&self, all: &CancelAll) -> Result<(), Refusal> {
        refuse_if(!self.ledger.is_user(all.account), Outcome::AccountUnknown)?;
        all.market.map_or(Ok(()), |market| self.listings.market(market).map(|_| ()))
    }

    /// Cancels every order that a mass cancel names.
    pub(crate) fn cancel_all(&mut self, all: &CancelAll, kind: u16, events: &mut Events) {
        let ids = self.orders_of(all.account, |order| {
            all.market.is_none_or(|market| order.market == market)
                && all.label.is_none_or(|label| order.terms.label == label)
                && all.side.is_none_or(|side| order.side == side)
        });
        events.outcome(Outcome::Accepted, kind, ids.len() as u64, self.now);
        for id in ids {
            self.close(id, CloseReason::Cancelled, events);
        }
    }

    /// Closes at most `limit` dead orders: those past their time, then those of accounts whose schedule is due.
    pub(crate) fn sweep(&mut self, limit: u32, kind: u16, events: &mut Events) {
        let mut bytes = Vec::new();
        let mut closing = Events::of(events.sequence(), &mut bytes);
        let expired = self.sweep_expired(limit as usize, &mut closing);
        let closed = expired + self.sweep_scheduled(limit as usize - expired, &mut closing);
        events.outcome(Outcome::Accepted, kind, closed as u64, self.now);
        events.append(&bytes);
    }

    fn sweep_expired(&mut self, limit: usize, events: &mut Events) -> usize {
        let mut closed = 0;
        while closed < limit {
            let times = [self.books.first_expiring(), self.waiting.first_expiring()];
            let first = times.into_iter().flatten().min();
            let Some((_, id)) = first.filter(|(good_till, _)| *good_till <= self.now) else { break };
            self.close(id, CloseReason::Expired, events);
            closed += 1;
        }
        closed
    }

    /// An account whose orders are all gone has its schedule cleared, at no cost to the limit.
    fn sweep_scheduled(&mut self, limit: usize, events: &mut Events) -> usize {
        let mut closed = 0;
        while let Some(account) = self.schedules.first_due(self.now) {
            for id in self.orders_of(account, |_| true) {
                if closed == limit {
                    return closed;
                }
                self.close(id, CloseReason::Scheduled, events);
                closed += 1;
            }
            self.schedules.set(account, Nanos(0));
        }
        closed
    }
}
