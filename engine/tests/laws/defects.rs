//! Defects that earlier engines had: one test each.

use _engine::order::Side;
use _engine::state::State;
use _engine::units::*;

use crate::commands::*;
use crate::venue::*;

const ACCEPTED: u16 = 0;
const CLIENT_ID_REUSED: u16 = 7;
const FUNDS_SHORT: u16 = 41;

#[test]
fn no_phantom_level_stays_after_a_resting_order_shrinks_and_goes() {
    let mut state = open(60);
    code(&mut state, &limit(3, 1, SELL, 100, 10).record());
    code(&mut state, &limit(4, 1, BUY, 100, 4).record());
    let levels: Vec<(u64, u128)> =
        state.books().levels(MarketId(0), Side::Sell).map(|level| (level.ticks.0, level.lots)).collect();
    assert_eq!(levels, [(100, 6)]);
    assert_eq!(code(&mut state, &cancel(3, 1)), ACCEPTED);
    assert_eq!(state.books().levels(MarketId(0), Side::Sell).count(), 0);
    assert_eq!(code(&mut state, &limit(4, 2, BUY, 100, 1).record()), ACCEPTED);
    assert_eq!(best(&state, Side::Buy), Some(100), "nothing was there to trade with");
}

#[test]
fn no_trade_has_zero_lots() {
    let mut state = open(60);
    code(&mut state, &limit(3, 1, SELL, 100, 5).record());
    code(&mut state, &limit(3, 2, SELL, 100, 5).record());
    let events = apply(&mut state, &limit(4, 1, BUY, 100, 5).record(), SECOND);
    let lots: Vec<u64> =
        events.iter().filter(|event| event.kind == 3).map(|trade| trade.u64_at(48)).collect();
    assert_eq!(lots, [5], "exactly one trade, and none of nothing with the next maker");
}

#[test]
fn a_debit_beyond_the_balance_is_refused_and_nothing_is_forgiven() {
    let mut state = open(60);
    assert_eq!(code(&mut state, &withdraw(3, BASE, 1, 60 * LOT + 1)), FUNDS_SHORT);
    assert_eq!(code(&mut state, &limit(3, 2, SELL, 100, 60).record()), ACCEPTED);
    assert_eq!(code(&mut state, &withdraw(3, BASE, 3, 1)), FUNDS_SHORT, "what an order holds cannot leave");
    check(&state);
}

#[test]
fn a_withdrawal_said_twice_is_debited_once_and_answers_with_the_first() {
    let mut state = open(60);
    assert_eq!(code(&mut state, &withdraw(3, BASE, 9, 500)), ACCEPTED);
    let again = apply(&mut state, &withdraw(3, BASE, 9, 500), SECOND);
    assert_eq!((again[0].code(), again[0].u64_at(8), again.len()), (CLIENT_ID_REUSED, 0, 1));
    assert_eq!(state.listings().assets()[0].withdrawn, Cash(500));
    check(&state);
}

#[test]
fn a_price_takes_any_number_of_orders() {
    let mut state = open(200_000);
    let batch: Vec<u8> =
        (1..=50_000).flat_map(|client_id| limit(3, client_id, BUY, 100, 1).record()).collect();
    assert!(
        apply(&mut state, &batch, SECOND)
            .iter()
            .filter(|event| event.kind == 1)
            .all(|event| event.code() == 0)
    );
    let level = state.books().levels(MarketId(0), Side::Buy).next().copied().unwrap();
    assert_eq!((level.orders, level.lots), (50_000, 50_000));
    assert_eq!(code(&mut state, &limit(4, 1, SELL, 100, 50_000).record()), ACCEPTED);
    assert_eq!(state.books().resting(), 0);
}

#[test]
fn one_users_client_id_leaves_anothers_free() {
    let mut state = open(60);
    assert_eq!(code(&mut state, &limit(3, 77, BUY, 99, 1).record()), ACCEPTED);
    assert_eq!(code(&mut state, &limit(4, 77, BUY, 99, 1).record()), ACCEPTED);
    assert_eq!(code(&mut state, &limit(3, 77, BUY, 99, 1).record()), CLIENT_ID_REUSED);
}

#[test]
fn a_client_id_is_free_again_at_the_nanosecond_of_its_expiry() {
    let mut state = open(60);
    let order = |expires_at| Order { expires_at, ..limit(3, 5, BUY, 99, 1) }.record();
    assert_eq!(apply(&mut state, &order(10 * SECOND + 5), 2 * SECOND)[0].code(), ACCEPTED);
    assert_eq!(apply(&mut state, &order(20 * SECOND), 10 * SECOND + 4)[0].code(), CLIENT_ID_REUSED);
    assert_eq!(apply(&mut state, &order(10 * SECOND + 9), 10 * SECOND + 5)[0].code(), ACCEPTED);
    assert_eq!(apply(&mut state, &order(30 * SECOND), 10 * SECOND + 8)[0].code(), CLIENT_ID_REUSED);
    assert_eq!(apply(&mut state, &order(30 * SECOND), 12 * SECOND)[0].code(), ACCEPTED);
}

#[test]
fn the_same_inputs_at_the_same_stated_times_give_the_same_outputs() {
    let run = || {
        let mut state = State::genesis();
        let batches =
            [opening(60), limit(3, 1, SELL, 100, 10).record(), limit(4, 1, BUY, 101, 4).record(), seal()];
        let events: Vec<_> = batches.iter().map(|batch| apply(&mut state, batch, 5 * SECOND)).collect();
        (events, state.digest(), state.output_hash())
    };
    let first = run();
    std::thread::sleep(std::time::Duration::from_millis(5));
    assert_eq!(run(), first);
}

#[test]
fn time_never_goes_back() {
    let mut state = open(60);
    apply(&mut state, &cancel(3, 1), 9 * SECOND);
    let events = apply(&mut state, &cancel(3, 1), 2 * SECOND);
    assert_eq!(events[0].u64_at(16), 9 * SECOND);
}
