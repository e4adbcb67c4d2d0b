//! Whatever the bytes, the state machine answers each record once, never panics, and answers the same again.

use _engine::command::Records;
use _engine::state::State;
use proptest::prelude::*;

use crate::commands::*;
use crate::venue::*;

/// Records that are nearly right, and bytes that are nothing.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let garbage = prop::collection::vec(any::<u8>(), 0..120);
    let framed = (0..16u16, prop::collection::vec(any::<u8>(), 0..120))
        .prop_map(|(kind, body)| record(kind, &body, &[]));
    let extreme = (
        prop::array::uniform4(prop_oneof![any::<u64>(), Just(0), Just(u64::MAX), 1..200u64]),
        0..9u32,
        0..2u8,
    )
        .prop_map(|([client_id, expires_at, ticks, lots], account, side)| {
            Order { expires_at, ..limit(account, client_id, side, ticks, lots) }.record()
        });
    let huge = (any::<u64>(), 0..4u32, any::<u32>(), any::<u128>())
        .prop_map(|(ordinal, asset, owner, amount)| deposit(CHAIN, ordinal % 20, asset, owner % 9, amount));
    let good = (ACCOUNTS, 1..99u64, 0..2u8, 95..106u64, 1..20u64).prop_map(
        |(account, client_id, side, ticks, lots)| limit(account, client_id, side, ticks, lots).record(),
    );
    prop_oneof![1 => garbage, 2 => framed, 2 => extreme, 1 => huge, 3 => good, 1 => Just(seal())]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_has_one_outcome_and_replay_agrees(
        batches in prop::collection::vec((prop::collection::vec(pieces(), 0..6), any::<u64>()), 1..12)
    ) {
        let (mut state, mut replayed) = (open(60), open(60));
        for (pieces, now) in &batches {
            let (batch, now) = (pieces.concat(), now % (40 * SECOND));
            if batch.is_empty() {
                continue;
            }
            let before = state.sequence().0;
            let events = apply(&mut state, &batch, now);
            let outcomes: Vec<u64> = events.iter().filter(|e| e.kind == 1).map(|e| e.sequence).collect();
            let count = Records::of(&batch).count() as u64;
            prop_assert_eq!(outcomes, (before + 1..=before + count).collect::<Vec<_>>());
            check(&state);
            prop_assert_eq!(apply(&mut replayed, &batch, now), events);
            replayed = State::decode(&replayed.encode()).expect("an encoding");
        }
        prop_assert_eq!(replayed.digest(), state.digest());
    }

    #[test]
    fn an_encoding_that_is_cut_or_changed_never_panics(cut in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut state = open(60);
        apply(&mut state, &limit(3, 1, BUY, 99, 5).record(), SECOND);
        let mut bytes = state.encode();
        let at = cut.index(bytes.len());
        prop_assert!(State::decode(&bytes[..at]).is_none());
        bytes.push(byte);
        prop_assert!(State::decode(&bytes).is_none());
    }
}
