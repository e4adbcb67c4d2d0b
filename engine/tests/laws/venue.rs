//! A small venue in memory: two assets, one market, four funded accounts, and the invariants that always hold.

use _engine::order::Side;
use _engine::state::State;
use _engine::units::*;

use crate::commands::*;

pub const CHAIN: u64 = 412_346;
pub const BASE: u32 = 0;
pub const QUOTE: u32 = 1;
pub const LOT: u128 = 1_000;
pub const TICK: u64 = 7;
pub const ACCOUNTS: std::ops::Range<u32> = 3..7;

/// One event record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub kind: u16,
    pub sequence: u64,
    pub body: Vec<u8>,
}

impl Event {
    pub fn u64_at(&self, offset: usize) -> u64 {
        u64::from_le_bytes(self.body[offset..offset + 8].try_into().unwrap())
    }

    pub fn code(&self) -> u16 {
        assert_eq!(self.kind, 1, "an outcome");
        u16::from_le_bytes([self.body[0], self.body[1]])
    }
}

pub fn events_of(mut bytes: &[u8]) -> Vec<Event> {
    let mut events = Vec::new();
    while !bytes.is_empty() {
        let length = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
        let (record, rest) = bytes.split_at(length);
        let kind = u16::from_le_bytes([record[0], record[1]]);
        let sequence = u64::from_le_bytes(record[8..16].try_into().unwrap());
        events.push(Event { kind, sequence, body: record[16..].to_vec() });
        bytes = rest;
    }
    events
}

pub fn apply(state: &mut State, batch: &[u8], now: u64) -> Vec<Event> {
    let link = state.link(batch, Nanos(now));
    let mut output = Vec::new();
    state.apply(&link, batch, &mut output);
    events_of(&output)
}

/// The code of a batch of one command.
pub fn code(state: &mut State, record: &[u8]) -> u16 {
    apply(state, record, SECOND)[0].code()
}

/// The commands that open the venue, each account with `lots` lots of base and as much quote as buys them at 100.
pub fn opening(lots: u128) -> Vec<u8> {
    let mut batch = [register_asset(CHAIN, 1, 18), register_asset(CHAIN, 2, 6)].concat();
    batch.extend(list_market(BASE, QUOTE, LOT, TICK, (100, 2_500), 1_000_000));
    for (index, account) in ACCOUNTS.enumerate() {
        let ordinal = 2 * index as u64 + 1;
        batch.extend(deposit(CHAIN, ordinal, BASE, account, lots * LOT));
        batch.extend(deposit(CHAIN, ordinal + 1, QUOTE, account, lots * 100 * u128::from(TICK)));
    }
    batch
}

pub fn open(lots: u128) -> State {
    let mut state = State::genesis();
    let events = apply(&mut state, &opening(lots), SECOND);
    assert!(events.iter().filter(|event| event.kind == 1).all(|event| event.code() == 0));
    state
}

pub fn best(state: &State, side: Side) -> Option<u64> {
    state.books().best(MarketId(0), side).map(|order| order.ticks.0)
}

/// (order, ticks, lots) of one side by priority.
pub fn queue(state: &State, side: Side) -> Vec<(u64, u64, u64)> {
    state.books().queue(MarketId(0), side).map(|order| (order.id.0, order.ticks.0, order.lots.0)).collect()
}

/// What must hold after every command.
pub fn check(state: &State) {
    for (asset, id) in state.listings().assets().iter().zip(0..) {
        let expected = asset.credited - asset.withdrawn;
        assert_eq!(state.ledger().sum(AssetId(id)), expected, "conservation of asset {id}");
    }
    if let (Some(bid), Some(ask)) = (best(state, Side::Buy), best(state, Side::Sell)) {
        assert!(bid < ask, "the book is crossed: {bid} >= {ask}");
    }
    for side in [Side::Buy, Side::Sell] {
        let levels: Vec<(u64, u128, u32)> = state
            .books()
            .levels(MarketId(0), side)
            .map(|level| (level.ticks.0, level.lots, level.orders))
            .collect();
        let mut summed: Vec<(u64, u128, u32)> = Vec::new();
        for (_, ticks, lots) in queue(state, side) {
            assert!(lots > 0, "an order of nothing rests");
            match summed.last_mut().filter(|level| level.0 == ticks) {
                Some(level) => (level.1, level.2) = (level.1 + u128::from(lots), level.2 + 1),
                None => summed.push((ticks, u128::from(lots), 1)),
            }
        }
        assert_eq!(levels, summed, "a level is the sum of its orders");
    }
    for account in ACCOUNTS {
        let mut orders = state.books().of_account(AccountId(account));
        orders.extend(state.waiting().of_account(AccountId(account)).map(|waiting| &waiting.order));
        let held = |side: Side, per: &dyn Fn(u64, u64) -> u128| -> u128 {
            orders
                .iter()
                .filter(|order| order.side == side)
                .map(|order| per(order.lots.0, order.ticks.0))
                .sum()
        };
        let base = held(Side::Sell, &|lots, _| u128::from(lots) * LOT);
        let quote = held(Side::Buy, &|lots, ticks| u128::from(lots) * u128::from(ticks) * u128::from(TICK));
        let in_ledger = state.balances_of(AccountId(account)).iter().map(|b| b.held.0).collect::<Vec<_>>();
        assert_eq!(in_ledger, [base, quote], "what account {account} holds is what its orders need");
    }
}

/// (maker order, ticks, lots) of each trade.
pub fn trades(events: &[Event]) -> Vec<(u64, u64, u64)> {
    let trades = events.iter().filter(|event| event.kind == 3);
    trades.map(|trade| (trade.u64_at(16), trade.u64_at(40), trade.u64_at(48))).collect()
}

/// (order, lots left, reason) of each order that closed.
pub fn closed(events: &[Event]) -> Vec<(u64, u64, u8)> {
    let closed = events.iter().filter(|event| event.kind == 4);
    closed.map(|event| (event.u64_at(0), event.u64_at(16), event.body[24])).collect()
}

pub fn kinds(events: &[Event]) -> Vec<u16> {
    events.iter().map(|event| event.kind).collect()
}
