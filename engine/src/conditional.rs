//! Conditional orders: those that wait outside the book until the mark makes them active.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::book::Order;
use crate::command::MarketStatus;
use crate::event::Events;
use crate::order::{Direction, OrderType, TimeInForce};
use crate::state::State;
use crate::trigger::Triggers;
use crate::units::*;

/// How many orders one change of a mark makes active; the others are judged by the next.
pub const TRIGGERED_MAX: usize = 1_024;

/// An order that waits.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Conditional {
    pub order: Order,
    pub client_id: ClientId,
    pub order_type: OrderType,
    pub time_in_force: TimeInForce,
    pub trigger: Ticks,
}

impl Conditional {
    fn direction(&self) -> Direction {
        self.order_type.direction(self.order.side)
    }
}

/// The waiting orders of all markets.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    orders: FxHashMap<OrderId, Conditional>,
    by_account: BTreeSet<(AccountId, OrderId)>,
    /// Those that die by themselves, by when.
    expiring: BTreeSet<(Nanos, OrderId)>,
    /// Per market, by direction.
    triggers: Vec<[Triggers; 2]>,
}

impl Waiting {
    /// Opens the next market.
    pub fn open_market(&mut self) {
        self.triggers.push([Direction::AtOrAbove, Direction::AtOrBelow].map(Triggers::new));
    }

    /// The waiting order `id`.
    pub fn order(&self, id: OrderId) -> Option<&Conditional> {
        self.orders.get(&id)
    }

    /// Lets an order wait whose id is above all that wait already.
    pub fn join(&mut self, waiting: Conditional) {
        let Conditional { order, trigger, .. } = waiting;
        self.orders.insert(order.id, waiting);
        self.by_account.insert((order.account, order.id));
        if order.terms.good_till != Nanos(0) {
            self.expiring.insert((order.terms.good_till, order.id));
        }
        self.triggers[order.market.0 as usize][waiting.direction() as usize].push(order.id, trigger);
    }

    /// Takes an order out.
    pub fn leave(&mut self, id: OrderId) -> Option<Conditional> {
        let waiting = self.orders.remove(&id)?;
        let order = waiting.order;
        self.by_account.remove(&(order.account, id));
        self.expiring.remove(&(order.terms.good_till, id));
        self.triggers[order.market.0 as usize][waiting.direction() as usize].remove(id);
        Some(waiting)
    }

    /// The lowest id that `mark` makes active.
    fn first_reached(&self, market: MarketId, mark: Ticks) -> Option<OrderId> {
        let triggers = &self.triggers[market.0 as usize];
        triggers.iter().filter_map(|direction| direction.first_reached(mark)).min()
    }

    /// The waiting orders of a market by rising id.
    pub fn of_market(&self, market: MarketId) -> Vec<&Conditional> {
        let mut ids: Vec<OrderId> = self.triggers[market.0 as usize].iter().flat_map(Triggers::ids).collect();
        ids.sort_unstable();
        ids.iter().map(|id| &self.orders[id]).collect()
    }

    /// The waiting orders of an account by rising id.
    pub fn of_account(&self, account: AccountId) -> impl Iterator<Item = &Conditional> {
        let own = self.by_account.range((account, OrderId(0))..=(account, OrderId(u64::MAX)));
        own.map(|(_, id)| &self.orders[id])
    }

    /// The order whose time comes first.
    pub fn first_expiring(&self) -> Option<(Nanos, OrderId)> {
        self.expiring.first().copied()
    }

    /// How many orders wait over all markets.
    pub fn count(&self) -> usize {
        self.orders.len()
    }
}

impl State {
    /// Makes active what waits for the market's mark.
    pub(crate) fn trigger(&mut self, market: MarketId, events: &mut Events) {
        let listed = self.listings.markets()[market.0 as usize];
        if listed.status != MarketStatus::Open || self.is_expired(&listed) {
            return;
        }
        let Some(mark) = listed.mark else { return };
        let mut triggered = 0;
        while triggered < TRIGGERED_MAX
            && let Some(id) = self.waiting.first_reached(market, mark)
        {
            let waiting = self.waiting.leave(id).expect("found waiting");
            match self.why_dead(&waiting.order) {
                Some(reason) => self.close_order(&waiting.order, reason, events),
                None => {
                    events.order_triggered(&waiting.order);
                    let rests = !waiting.order_type.is_market() && waiting.time_in_force.rests();
                    let mut taker = self.taker((waiting.order, waiting.client_id), rests);
                    self.work(&mut taker, events);
                    triggered += 1;
                }
            }
        }
    }
}
