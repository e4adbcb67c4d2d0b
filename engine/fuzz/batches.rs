//! Sequences of batches, decoded and applied: every record has one outcome, no asset is created or lost, and a state that
//! went through its encoding goes on as the one that did not.
//!
//! An input is a byte that chooses the venue, then batches: a byte of time [10 ms], a length u16, the bytes.
#![no_main]

use _engine::command::Records;
use _engine::state::State;
use _engine::units::{AssetId, MarketId, Nanos};
use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../tests/laws/commands.rs"]
mod commands;

const STEP_NS: u64 = 10_000_000;
const START_NS: u64 = 1_700_000_000_000_000_000;
const CHAIN: u64 = 412_346;

fuzz_target!(|data: &[u8]| {
    let Some((venue, mut rest)) = data.split_first() else { return };
    let mut state = State::genesis();
    if venue & 1 == 1 {
        apply(&mut state, &opening(), START_NS);
    }
    let (mut now, mut restored) = (START_NS, restored(&state));
    while let [steps, low, high, following @ ..] = rest {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(following.len());
        let (batch, after) = following.split_at(length);
        (rest, now) = (after, now + u64::from(*steps) * STEP_NS);
        if batch.is_empty() {
            restored = self::restored(&state);
            continue;
        }
        let before = state.sequence().0;
        let events = apply(&mut state, batch, now);
        assert_eq!(outcomes(&events), Records::of(batch).count() as u64, "one outcome for each record");
        assert_eq!(state.sequence().0, before + outcomes(&events));
        assert_eq!(apply(&mut restored, batch, now), events, "a restored state answers the same");
        conserved(&state);
    }
    assert_eq!(restored.digest(), state.digest());
});

fn apply(state: &mut State, batch: &[u8], now: u64) -> Vec<u8> {
    let link = state.link(batch, Nanos(now));
    let mut events = Vec::new();
    state.apply(&link, batch, &mut events);
    events
}

fn restored(state: &State) -> State {
    State::decode(&state.encode()).expect("an encoding can be read")
}

fn outcomes(mut events: &[u8]) -> u64 {
    let mut count = 0;
    while !events.is_empty() {
        count += u64::from(events[..2] == [1, 0]);
        let length = u32::from_le_bytes(events[4..8].try_into().expect("a header"));
        events = &events[length as usize..];
    }
    count
}

fn conserved(state: &State) {
    let entries: i128 = state.positions().all().iter().map(|position| position.entry).sum();
    for (asset, id) in state.listings().assets().iter().zip((0..).map(AssetId)) {
        let settles = state.derivatives().settlement == Some(id);
        let held = i128::try_from(state.ledger().sum(id).0).expect("within 127 bits");
        let owned = held - if settles { entries } else { 0 };
        let there = i128::try_from((asset.credited - asset.withdrawn).0).expect("within 127 bits");
        assert_eq!(owned, there, "conservation of asset {id}");
    }
    for market in (0..state.listings().markets().len() as u32).map(MarketId) {
        let lots: i64 = state.positions().of_market(market).map(|position| position.lots).sum();
        assert_eq!(lots, 0, "every lot that is long in market {market} is short elsewhere");
    }
}

/// Two assets, a market, and two accounts with plenty of both.
fn opening() -> Vec<u8> {
    let mut batch = [commands::register_asset(CHAIN, 1, 18), commands::register_asset(CHAIN, 2, 6)].concat();
    batch.extend(commands::list_market(0, 1, 1_000, 7, (100, 2_500), 1_000_000));
    for (at, owner) in [3, 4].into_iter().enumerate() {
        let ordinal = 2 * at as u64 + 1;
        batch.extend(commands::deposit(CHAIN, ordinal, 0, owner, 1 << 60));
        batch.extend(commands::deposit(CHAIN, ordinal + 1, 1, owner, 1 << 60));
    }
    batch
}
