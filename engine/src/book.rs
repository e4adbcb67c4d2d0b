//! The order books: one arena of orders and one of price levels, an intrusive queue per level, a sorted map of levels per side.
//!
//! Joining, leaving and shrinking touch the order, its two neighbours and its level; only a level that appears or
//! disappears touches the sorted map. Nothing iterates a hash map.

use std::collections::{BTreeMap, BTreeSet};

use crate::arena::{Arena, NONE, Slot};
use crate::order::{OrderTerms, Side};
use crate::order_index::OrderIndex;
use crate::prefetch::prefetch_at;
use crate::units::*;

/// The account of orders that belong to none.
const NOBODY: AccountId = AccountId(u32::MAX);

/// An order in a book, or on its way there: one cache line.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Order {
    pub id: OrderId,
    pub ticks: Ticks,
    pub lots: Lots,
    pub terms: OrderTerms,
    pub account: AccountId,
    pub market: MarketId,
    pub side: Side,
    links: Links,
}

/// Where an order stands: its level and its neighbours in the level's queue.
#[derive(Clone, Copy, Debug)]
struct Links {
    level: Slot,
    ahead: Slot,
    behind: Slot,
}

/// What an account knows of its order: the name that it gave it, and the neighbours in its list. These lie apart from the
/// orders, so that a change of the list does not fetch its neighbours' orders.
#[derive(Clone, Copy, Debug)]
struct Owned {
    client_id: ClientId,
    before: Slot,
    after: Slot,
}

const UNOWNED: Owned = Owned { client_id: ClientId(0), before: NONE, after: NONE };
const _: () = assert!(size_of::<Order>() == 64);

impl Order {
    /// An order that rests nowhere yet.
    #[inline(always)]
    pub fn new(
        id: OrderId,
        (account, market, side): (AccountId, MarketId, Side),
        ticks: Ticks,
        lots: Lots,
    ) -> Order {
        let links = Links { level: NONE, ahead: NONE, behind: NONE };
        let terms = OrderTerms::default();
        Order { id, ticks, lots, terms, account, market, side, links }
    }

    /// The same order with other terms.
    #[inline(always)]
    pub fn on_terms(self, terms: OrderTerms) -> Order {
        Order { terms, ..self }
    }

    /// An order that no account's list holds.
    pub fn unowned(id: OrderId, (market, side): (MarketId, Side), ticks: Ticks, lots: Lots) -> Order {
        Order::new(id, (NOBODY, market, side), ticks, lots)
    }
}

/// All orders of one side at one price, oldest first.
#[derive(Clone, Copy, Debug)]
pub struct Level {
    /// The price.
    pub ticks: Ticks,
    /// The sum over its orders.
    pub lots: u128,
    /// How many orders.
    pub orders: u32,
    head: Slot,
    tail: Slot,
}

/// Prices whose levels are found without a search: those that share no place with one that was asked for later.
const KNOWN_LEVELS: usize = 1024;
const FEW_LEVELS: usize = 64;

/// The price levels of one side.
#[derive(Clone, Debug)]
struct Ladder {
    side: Side,
    levels: BTreeMap<Ticks, Slot>,
    /// The best level; [`NONE`] when there is none.
    best: Slot,
    /// By the lower bits of the price: the level that was last found there, which may have another price. Empty while there
    /// are few levels.
    known: Vec<Slot>,
}

impl Ladder {
    fn new(side: Side) -> Ladder {
        Ladder { side, levels: BTreeMap::new(), best: NONE, known: Vec::new() }
    }

    fn known_at(ticks: Ticks) -> usize {
        ticks.0 as usize % KNOWN_LEVELS
    }

    /// The level of a price.
    fn find(&mut self, ticks: Ticks, levels: &Arena<Level>) -> Option<Slot> {
        let Some(known) = self.known.get_mut(Ladder::known_at(ticks)) else {
            return self.levels.get(&ticks).copied();
        };
        if *known == NONE || levels[*known].ticks != ticks {
            *known = *self.levels.get(&ticks)?;
        }
        Some(*known)
    }

    /// Adds a level that is not there.
    fn insert(&mut self, ticks: Ticks, level: Slot, levels: &Arena<Level>) {
        self.levels.insert(ticks, level);
        if self.known.is_empty() && self.levels.len() > FEW_LEVELS {
            self.known = vec![NONE; KNOWN_LEVELS];
        }
        if let Some(known) = self.known.get_mut(Ladder::known_at(ticks)) {
            *known = level;
        }
        if self.best == NONE || !self.side.reaches(levels[self.best].ticks, ticks) {
            self.best = level;
        }
    }

    fn remove(&mut self, ticks: Ticks, level: Slot) {
        self.levels.remove(&ticks);
        if let Some(known) = self.known.get_mut(Ladder::known_at(ticks)).filter(|known| **known == level) {
            *known = NONE;
        }
        if self.best == level {
            let best = match self.side {
                Side::Buy => self.levels.last_key_value(),
                Side::Sell => self.levels.first_key_value(),
            };
            self.best = best.map_or(NONE, |(_, level)| *level);
        }
    }

    fn best_first(&self) -> Box<dyn Iterator<Item = Slot> + '_> {
        match self.side {
            Side::Buy => Box::new(self.levels.values().rev().copied()),
            Side::Sell => Box::new(self.levels.values().copied()),
        }
    }
}

/// Both sides of a market's book, buys first.
type Book = [Ladder; 2];

/// The books of all markets.
#[derive(Clone, Debug, Default)]
pub struct Books {
    orders: Arena<Order>,
    /// By the order's slot, as far as any that belonged to an account.
    owned: Vec<Owned>,
    levels: Arena<Level>,
    by_id: OrderIndex,
    /// The orders that die by themselves, by when.
    expiring: BTreeSet<(Nanos, OrderId)>,
    books: Vec<Book>,
    /// The newest order in each account's list, by account id.
    account_heads: Vec<Slot>,
}

impl Books {
    /// Opens the next market's book.
    pub fn open_market(&mut self) {
        self.books.push([Side::Buy, Side::Sell].map(Ladder::new));
    }

    /// The resting order `id`.
    #[inline]
    pub fn order(&self, id: OrderId) -> Option<&Order> {
        self.by_id.get(id, |slot| self.orders[slot].id).map(|slot| &self.orders[slot])
    }

    /// The name that its account gave to the resting order `id`; 0 for one that belongs to none.
    pub fn client_id(&self, id: OrderId) -> Option<ClientId> {
        let slot = self.by_id.get(id, |slot| self.orders[slot].id)?;
        Some(self.owned.get(slot as usize).unwrap_or(&UNOWNED).client_id)
    }

    /// Asks the processor to fetch where the order `id` is looked up.
    #[inline]
    pub(crate) fn expect(&self, id: OrderId) {
        self.by_id.expect(id);
    }

    /// Asks the processor to fetch the order `id`, after [`Books::expect`] was given the time to work.
    #[inline]
    pub(crate) fn expect_order(&self, id: OrderId) {
        if let Some(slot) = self.by_id.recent(id) {
            self.orders.expect(slot);
            self.expect_owned(slot);
        }
    }

    #[inline]
    fn expect_owned(&self, slot: Slot) {
        if let Some(owned) = self.owned.get(slot as usize) {
            prefetch_at(owned);
        }
    }

    /// Asks the processor to fetch what stands beside the order `id`.
    #[inline]
    pub(crate) fn expect_neighbours(&self, id: OrderId) {
        let Some(slot) = self.by_id.recent(id) else { return };
        let Some(order) = self.orders.get(slot) else { return };
        self.levels.expect(order.links.level);
        self.orders.expect(order.links.ahead);
        self.orders.expect(order.links.behind);
        if let Some(owned) = self.owned.get(slot as usize) {
            self.expect_owned(owned.before);
            self.expect_owned(owned.after);
        }
    }

    /// Asks the processor to fetch what a filled order leaves behind: its place in the index, and the order whose turn is next.
    #[inline]
    pub(crate) fn expect_filled(&self, order: &Order) {
        self.by_id.expect(order.id);
        self.orders.expect(order.links.behind);
    }

    #[inline]
    fn known_level(&self, market: MarketId, side: Side, ticks: Ticks) -> Option<Slot> {
        let ladder = &self.books.get(market.0 as usize)?[side as usize];
        ladder.known.get(Ladder::known_at(ticks)).copied()
    }

    /// Asks the processor to fetch a price's level.
    #[inline]
    pub(crate) fn expect_level(&self, market: MarketId, side: Side, ticks: Ticks) {
        if let Some(level) = self.known_level(market, side, ticks) {
            self.levels.expect(level);
        }
    }

    /// Asks the processor to fetch what an order of `account` at a price would stand beside.
    #[inline]
    pub(crate) fn expect_join(&self, account: AccountId, market: MarketId, side: Side, ticks: Ticks) {
        if let Some(slot) = self.account_heads.get(account.0 as usize) {
            self.expect_owned(*slot);
        }
        let level = self.known_level(market, side, ticks).and_then(|level| self.levels.get(level));
        if let Some(level) = level {
            self.orders.expect(level.tail);
        }
    }

    /// The oldest order at the best price of one side.
    #[inline]
    pub fn best(&self, market: MarketId, side: Side) -> Option<&Order> {
        let best = self.books[market.0 as usize][side as usize].best;
        (best != NONE).then(|| &self.orders[self.levels[best].head])
    }

    /// Puts an order at the tail of its level. `client_id` is its account's name for it.
    pub fn join(&mut self, order: &Order, client_id: ClientId) {
        let level = self.level_for(order);
        let ahead = self.levels[level].tail;
        let slot = self.orders.insert(*order);
        // Written where they lie: a changed copy would have to be stored before it can be read as a whole.
        let links = &mut self.orders[slot].links;
        (links.level, links.ahead) = (level, ahead);
        if order.account != NOBODY {
            self.link_to_account(slot, order.account, client_id);
        }
        match ahead {
            NONE => self.levels[level].head = slot,
            ahead => self.orders[ahead].links.behind = slot,
        }
        let level = &mut self.levels[level];
        level.tail = slot;
        level.orders += 1;
        level.lots += u128::from(order.lots.0);
        self.by_id.insert(order.id, slot, |slot| self.orders[slot].id);
        if order.terms.good_till != Nanos(0) {
            self.expiring.insert((order.terms.good_till, order.id));
        }
    }

    #[inline]
    fn link_to_account(&mut self, slot: Slot, account: AccountId, client_id: ClientId) {
        let account = account.0 as usize;
        if self.account_heads.len() <= account {
            self.account_heads.resize(account + 1, NONE);
        }
        if self.owned.len() <= slot as usize {
            self.owned.resize(slot as usize + 1, UNOWNED);
        }
        let after = std::mem::replace(&mut self.account_heads[account], slot);
        self.owned[slot as usize] = Owned { client_id, before: NONE, after };
        if after != NONE {
            self.owned[after as usize].before = slot;
        }
    }

    fn level_for(&mut self, order: &Order) -> Slot {
        let ladder = &mut self.books[order.market.0 as usize][order.side as usize];
        if let Some(level) = ladder.find(order.ticks, &self.levels) {
            return level;
        }
        let new = Level { ticks: order.ticks, lots: 0, orders: 0, head: NONE, tail: NONE };
        let level = self.levels.insert(new);
        ladder.insert(order.ticks, level, &self.levels);
        level
    }

    /// Takes `lots` from a resting order; what is left of it, and gone from the book when that is zero.
    pub fn shrink(&mut self, id: OrderId, lots: Lots) -> Lots {
        let slot = self.by_id.get(id, |slot| self.orders[slot].id).expect("it rests");
        self.shrink_at(slot, lots)
    }

    /// As [`Books::shrink`], of the order that [`Books::best`] found.
    #[inline]
    pub fn shrink_best(&mut self, market: MarketId, side: Side, lots: Lots) -> Lots {
        let best = self.books[market.0 as usize][side as usize].best;
        self.shrink_at(self.levels[best].head, lots)
    }

    fn shrink_at(&mut self, slot: Slot, lots: Lots) -> Lots {
        let order = &mut self.orders[slot];
        let id = order.id;
        order.lots = order.lots - lots;
        let (left, level) = (order.lots, order.links.level);
        self.levels[level].lots -= u128::from(lots.0);
        if left == Lots(0) {
            self.by_id.remove(id, |slot| self.orders[slot].id);
            self.take(slot);
        }
        left
    }

    /// Takes an order out of its book.
    #[inline]
    pub fn leave(&mut self, id: OrderId) -> Option<Order> {
        let slot = self.by_id.remove(id, |slot| self.orders[slot].id)?;
        Some(self.take(slot))
    }

    #[inline]
    fn take(&mut self, slot: Slot) -> Order {
        let order = self.orders.remove(slot);
        if order.account != NOBODY {
            self.unlink_from_account(slot, order.account);
        }
        self.unlink_from_level(&order);
        if order.terms.good_till != Nanos(0) {
            self.expiring.remove(&(order.terms.good_till, order.id));
        }
        order
    }

    #[inline]
    fn unlink_from_account(&mut self, slot: Slot, account: AccountId) {
        let Owned { before, after, .. } = self.owned[slot as usize];
        match before {
            NONE => self.account_heads[account.0 as usize] = after,
            before => self.owned[before as usize].after = after,
        }
        if after != NONE {
            self.owned[after as usize].before = before;
        }
    }

    fn unlink_from_level(&mut self, order: &Order) {
        let Links { level: at, ahead, behind, .. } = order.links;
        let level = &mut self.levels[at];
        level.orders -= 1;
        level.lots -= u128::from(order.lots.0);
        if level.orders == 0 {
            self.levels.remove(at);
            self.books[order.market.0 as usize][order.side as usize].remove(order.ticks, at);
            return;
        }
        match ahead {
            NONE => level.head = behind,
            ahead => self.orders[ahead].links.behind = behind,
        }
        match behind {
            NONE => self.levels[at].tail = ahead,
            behind => self.orders[behind].links.ahead = ahead,
        }
    }

    /// The levels of one side, best first.
    pub fn levels(&self, market: MarketId, side: Side) -> impl Iterator<Item = &Level> {
        self.books[market.0 as usize][side as usize].best_first().map(|slot| &self.levels[slot])
    }

    /// The orders of one side, by price, then time.
    pub fn queue(&self, market: MarketId, side: Side) -> impl Iterator<Item = &Order> {
        self.levels(market, side)
            .flat_map(|level| self.chain(level.head, |slot| self.orders[slot].links.behind))
    }

    /// The orders of one account by rising id.
    pub fn of_account(&self, account: AccountId) -> Vec<&Order> {
        let head = self.account_heads.get(account.0 as usize).copied().unwrap_or(NONE);
        let mut orders: Vec<&Order> = self.chain(head, |slot| self.owned[slot as usize].after).collect();
        orders.sort_unstable_by_key(|order| order.id);
        orders
    }

    fn chain(&self, head: Slot, next: impl Fn(Slot) -> Slot) -> impl Iterator<Item = &Order> {
        let there = |slot: Slot| (slot != NONE).then_some(slot);
        std::iter::successors(there(head), move |slot| there(next(*slot))).map(|slot| &self.orders[slot])
    }

    /// The order whose time comes first.
    pub fn first_expiring(&self) -> Option<(Nanos, OrderId)> {
        self.expiring.first().copied()
    }

    /// The number of accounts up to the last that ever had an order here.
    pub(crate) fn accounts(&self) -> usize {
        self.account_heads.len()
    }

    /// How many orders rest over all markets.
    pub fn resting(&self) -> usize {
        self.by_id.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKET: MarketId = MarketId(0);

    fn books(orders: &[(u64, u32, Side, u64, u64)]) -> Books {
        let mut books = Books::default();
        books.open_market();
        for (id, account, side, ticks, lots) in orders {
            let place = (AccountId(*account), MARKET, *side);
            let order = Order::new(OrderId(*id), place, Ticks(*ticks), Lots(*lots));
            books.join(&order, ClientId(*id));
        }
        books
    }

    fn ids<'a>(orders: impl IntoIterator<Item = &'a Order>) -> Vec<u64> {
        orders.into_iter().map(|order| order.id.0).collect()
    }

    #[test]
    fn the_queue_is_price_then_time_and_the_middle_can_leave() {
        let mut books = books(&[
            (1, 3, Side::Buy, 10, 5),
            (2, 4, Side::Buy, 11, 5),
            (3, 3, Side::Buy, 10, 5),
            (4, 3, Side::Buy, 10, 5),
        ]);
        assert_eq!(ids(books.queue(MARKET, Side::Buy)), [2, 1, 3, 4]);
        books.leave(OrderId(3));
        assert_eq!(ids(books.queue(MARKET, Side::Buy)), [2, 1, 4]);
        assert_eq!(ids(books.of_account(AccountId(3))), [1, 4]);
        assert_eq!([3, 4].map(|id| books.client_id(OrderId(id))), [None, Some(ClientId(4))]);
        assert_eq!(books.best(MARKET, Side::Buy).unwrap().id, OrderId(2));
    }

    #[test]
    fn no_level_stays_behind_when_its_last_lots_go() {
        let mut books = books(&[(1, 3, Side::Sell, 10, 5), (2, 4, Side::Sell, 10, 7)]);
        assert_eq!(books.shrink(OrderId(1), Lots(2)), Lots(3));
        assert_eq!(
            books.levels(MARKET, Side::Sell).map(|level| (level.lots, level.orders)).collect::<Vec<_>>(),
            [(10, 2)]
        );
        books.shrink(OrderId(1), Lots(3));
        books.leave(OrderId(2));
        assert_eq!(books.levels(MARKET, Side::Sell).count(), 0);
        assert!(books.best(MARKET, Side::Sell).is_none());
        assert_eq!(books.resting(), 0);
    }
}
