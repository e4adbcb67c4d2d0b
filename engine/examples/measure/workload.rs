//! Order flows: one seed, one mix, one list of actions, which every engine under measurement gets.

use _engine::book::Order;
use _engine::event::CloseReason;
use _engine::order::Side;
use _engine::plain_book::{Book, NewOrder, Reports};
use _engine::units::*;

/// The price about which every flow begins.
pub const PAR: i64 = 100_000;
pub const ACCOUNTS: u32 = 1_000;

/// What one message asks for. Order ids are dense from 1 over everything that comes in, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Place = 0,
    Take = 1,
    Cancel = 2,
    Modify = 3,
}

#[derive(Clone, Copy, Debug)]
pub struct Action {
    pub kind: Kind,
    pub side: Side,
    pub account: u32,
    pub order: u64,
    pub ticks: u64,
    pub lots: u64,
}

impl Action {
    /// 32 bytes, little-endian: kind u8, side u8, 2 zero bytes, account u32, order u64, ticks u64, lots u64.
    pub fn encoding(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        (bytes[0], bytes[1]) = (self.kind as u8, self.side as u8);
        bytes[4..8].copy_from_slice(&self.account.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.order.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.ticks.to_le_bytes());
        bytes[24..].copy_from_slice(&self.lots.to_le_bytes());
        bytes
    }

    /// Reads an encoding.
    pub fn decoded(bytes: &[u8]) -> Action {
        let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        Action {
            kind: [Kind::Place, Kind::Take, Kind::Cancel, Kind::Modify][usize::from(bytes[0])],
            side: [Side::Buy, Side::Sell][usize::from(bytes[1])],
            account: u32::from_le_bytes(bytes[4..8].try_into().expect("four bytes")),
            order: number(8),
            ticks: number(16),
            lots: number(24),
        }
    }

    pub fn new_order(&self) -> NewOrder {
        let (id, side) = (OrderId(self.order), self.side);
        NewOrder { id, side, ticks: Ticks(self.ticks), lots: Lots(self.lots) }
    }
}

/// How a flow is made.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    pub name: &'static str,
    /// Of 100 messages: immediate orders, cancels once the book is full, modifies; the rest places.
    pub takes: u64,
    pub modifies: u64,
    /// Resting orders that the book is filled to first, and about which it stays.
    pub resting: usize,
    /// How far the middle swings about par, in ticks, and in how many messages there and back.
    pub swing: i64,
    pub period: i64,
    /// Ticks from the middle within which orders are placed.
    pub reach: u64,
}

pub const MIXES: [Mix; 6] = [
    Mix {
        name: "standard",
        takes: 10,
        modifies: 0,
        resting: 10_000,
        swing: 500,
        period: 200_000,
        reach: 400,
    },
    Mix {
        name: "cancels_95",
        takes: 2,
        modifies: 0,
        resting: 1_000,
        swing: 100,
        period: 200_000,
        reach: 400,
    },
    Mix {
        name: "modifies_20",
        takes: 10,
        modifies: 20,
        resting: 10_000,
        swing: 500,
        period: 200_000,
        reach: 400,
    },
    Mix {
        name: "swings_40",
        takes: 10,
        modifies: 10,
        resting: 10_000,
        swing: 40_000,
        period: 100_000,
        reach: 4_000,
    },
    Mix {
        name: "deep_book",
        takes: 10,
        modifies: 0,
        resting: 100_000,
        swing: 500,
        period: 200_000,
        reach: 10_000,
    },
    Mix { name: "one_level", takes: 10, modifies: 0, resting: 10_000, swing: 0, period: 1, reach: 1 },
];

pub fn mix(name: &str) -> Option<Mix> {
    MIXES.into_iter().find(|mix| mix.name == name)
}

/// A flow: the actions that fill the book, then those that are measured.
pub struct Flow {
    pub filling: Vec<Action>,
    pub actions: Vec<Action>,
}

/// splitmix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// The orders that rest, so that cancels and modifies name living ones.
#[derive(Default)]
struct Living {
    orders: Vec<(u64, u32)>,
    places: std::collections::HashMap<u64, usize>,
}

impl Living {
    fn insert(&mut self, order: u64, account: u32) {
        self.places.insert(order, self.orders.len());
        self.orders.push((order, account));
    }
    fn remove(&mut self, order: u64) {
        if let Some(place) = self.places.remove(&order) {
            self.orders.swap_remove(place);
            if let Some((moved, _)) = self.orders.get(place) {
                self.places.insert(*moved, place);
            }
        }
    }
}

#[derive(Default)]
struct Gone(Vec<u64>);

impl Reports for Gone {
    fn closed(&mut self, order: OrderId, _left: Lots, _why: CloseReason) {
        self.0.push(order.0);
    }
}

/// Makes a flow action by action.
pub struct Maker {
    mix: Mix,
    random: Random,
    book: Book,
    living: Living,
    last_order: u64,
    step: i64,
}

impl Maker {
    /// The maker of a mix: always the same flow for the same arguments.
    pub fn of(mix: Mix, seed: u64) -> Maker {
        let (book, living) = (Book::new(), Living::default());
        Maker { mix, random: Random(seed), book, living, last_order: 0, step: 0 }
    }

    /// The orders that fill the book.
    pub fn filling(&mut self) -> Vec<Action> {
        let mut filling = Vec::with_capacity(self.mix.resting);
        while self.living.orders.len() < self.mix.resting {
            let action = self.order(Kind::Place);
            self.perform(&action);
            filling.push(action);
        }
        filling
    }

    /// The next actions.
    pub fn actions(&mut self, count: usize) -> Vec<Action> {
        let mut actions = Vec::with_capacity(count);
        for _ in 0..count {
            let action = self.next();
            self.perform(&action);
            actions.push(action);
        }
        actions
    }

    fn middle(&self) -> i64 {
        let phase = self.step.rem_euclid(self.mix.period);
        let quarter = (self.mix.period / 4).max(1);
        let offset = match phase / quarter {
            0 => phase,
            1 | 2 => 2 * quarter - phase,
            _ => phase - 4 * quarter,
        };
        PAR + self.mix.swing * offset / quarter
    }

    fn price(&mut self, side: Side, crossing: bool) -> u64 {
        // Denser near the middle: the smaller of two draws.
        let away = self.random.below(self.mix.reach).min(self.random.below(self.mix.reach)) as i64;
        let away = if crossing { -away.min(20) } else { away + 1 };
        let ticks = if side == Side::Buy { self.middle() - away } else { self.middle() + away };
        ticks.max(1) as u64
    }

    fn order(&mut self, kind: Kind) -> Action {
        self.last_order += 1;
        let side = if self.random.below(2) == 0 { Side::Buy } else { Side::Sell };
        let account = 3 + self.random.below(u64::from(ACCOUNTS)) as u32;
        let (ticks, lots) = (self.price(side, kind == Kind::Take), 1 + self.random.below(20));
        Action { kind, side, account, order: self.last_order, ticks, lots }
    }

    fn next(&mut self) -> Action {
        self.step += 1;
        let draw = self.random.below(100);
        if draw < self.mix.takes {
            return self.order(Kind::Take);
        }
        let living = self.living.orders.len();
        if living == 0 {
            return self.order(Kind::Place);
        }
        let (order, account) = self.living.orders[self.random.below(living as u64) as usize];
        let resting = *self.book.order(OrderId(order)).expect("it lives");
        let (side, ticks, lots) = (resting.side, resting.ticks.0, resting.lots.0);
        if draw < self.mix.takes + self.mix.modifies {
            // Always another price: whether the same one loses its place is a matter of taste.
            let new = self.price(side, false);
            let ticks = if new == ticks { new + 1 } else { new };
            return Action { kind: Kind::Modify, side, account, order, ticks, lots };
        }
        let full = living > self.mix.resting;
        // About as many leave as come; the pull keeps the book near its size.
        if self.random.below(100) < if full { 60 } else { 40 } {
            return Action { kind: Kind::Cancel, side, account, order, ticks, lots };
        }
        self.order(Kind::Place)
    }

    fn perform(&mut self, action: &Action) {
        let mut gone = Gone::default();
        perform(&mut self.book, action, &mut gone);
        gone.0.iter().for_each(|order| self.living.remove(*order));
        if self.book.order(OrderId(action.order)).is_some() && action.kind == Kind::Place {
            self.living.insert(action.order, action.account);
        }
    }
}

/// Performs an action on the plain book.
#[inline]
pub fn perform(book: &mut Book, action: &Action, reports: &mut impl Reports) -> bool {
    match action.kind {
        Kind::Place => book.place(&action.new_order(), reports).is_ok(),
        Kind::Take => book.take(&action.new_order(), reports).is_ok(),
        Kind::Cancel => book.cancel(OrderId(action.order), reports).is_ok(),
        Kind::Modify => {
            book.modify(OrderId(action.order), Ticks(action.ticks), Lots(action.lots), reports).is_ok()
        }
    }
}

/// Performs all of them.
pub fn run_all(book: &mut Book, actions: &[Action], reports: &mut impl Reports) {
    for action in actions {
        perform(book, action, reports);
    }
}

/// The flow of a mix.
pub fn flow(mix: Mix, count: usize, seed: u64) -> Flow {
    let mut maker = Maker::of(mix, seed);
    Flow { filling: maker.filling(), actions: maker.actions(count) }
}

/// A book of `orders` resting bids and asks over many levels, then market sells that eat through all of its bids: a flash crash.
pub fn flash_crash(orders: u64, seed: u64) -> Flow {
    let mut random = Random(seed);
    let mut filling = Vec::with_capacity(orders as usize);
    for order in 1..=orders {
        let side = if order % 2 == 0 { Side::Buy } else { Side::Sell };
        let away = 1 + random.below(40_000);
        let ticks = if side == Side::Buy { PAR as u64 - away } else { PAR as u64 + away };
        let account = 3 + random.below(u64::from(ACCOUNTS)) as u32;
        filling.push(Action { kind: Kind::Place, side, account, order, ticks, lots: 1 + random.below(20) });
    }
    let bids: u64 = filling.iter().filter(|action| action.side == Side::Buy).map(|action| action.lots).sum();
    let mut actions = Vec::new();
    let (mut left, mut order) = (bids, orders);
    while left > 0 {
        order += 1;
        let lots = left.min(100);
        left -= lots;
        let (account, ticks) = (3 + random.below(u64::from(ACCOUNTS)) as u32, 1);
        actions.push(Action { kind: Kind::Take, side: Side::Sell, account, order, ticks, lots });
    }
    Flow { filling, actions }
}

/// A hash of trades that any language writes in one line: words of 64 bits, `h = (h ^ word) * 0x100000001b3`, wrapping.
#[derive(Clone, Copy)]
pub struct TradesHash {
    pub hash: u64,
    pub trades: u64,
}

impl Default for TradesHash {
    fn default() -> Self {
        TradesHash { hash: 0xcbf2_9ce4_8422_2325, trades: 0 }
    }
}

impl Reports for TradesHash {
    #[inline]
    fn traded(&mut self, maker: &Order, taker: OrderId, lots: Lots) {
        self.trades += 1;
        for word in [maker.id.0, taker.0, maker.ticks.0, lots.0] {
            self.hash = (self.hash ^ word).wrapping_mul(0x100_0000_01b3);
        }
    }
}
