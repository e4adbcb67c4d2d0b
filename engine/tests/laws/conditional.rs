//! Stop and take-profit orders: when they wait, when they act, in which order.

use _engine::order::Side;

use crate::commands::*;
use crate::venue::*;

const STOP_MARKET: u8 = 2;
const STOP_LIMIT: u8 = 3;
const TAKE_MARKET: u8 = 4;
const TAKE_LIMIT: u8 = 5;

fn conditional(kind: u8, account: u32, client_id: u64, side: u8, ticks: u64, trigger: u64) -> Order {
    let time_in_force = if kind == STOP_MARKET || kind == TAKE_MARKET { 1 } else { 0 };
    Order { order_type: kind, time_in_force, trigger, ..limit(account, client_id, side, ticks, 2) }
}

fn triggered(events: &[Event]) -> Vec<u64> {
    events.iter().filter(|event| event.kind == 13).map(|event| event.u64_at(0)).collect()
}

#[test]
fn each_type_waits_for_its_side_of_the_trigger() {
    for (kind, side, holds) in [
        (STOP_LIMIT, BUY, [false, true, true]),
        (STOP_LIMIT, SELL, [true, true, false]),
        (TAKE_LIMIT, BUY, [true, true, false]),
        (TAKE_LIMIT, SELL, [false, true, true]),
    ] {
        for (mark, acts) in [99, 100, 101].into_iter().zip(holds) {
            let mut state = open(60);
            code(&mut state, &conditional(kind, 3, 1, side, 90, 100).record());
            assert_eq!((state.waiting().count(), state.books().resting()), (1, 0));
            let events = apply(&mut state, &mark_price(0, mark), SECOND);
            assert_eq!(triggered(&events) == [1], acts, "{kind} {side} at {mark}");
            assert_eq!(state.books().resting() == 1, acts);
            check(&state);
        }
    }
}

#[test]
fn an_order_whose_condition_holds_already_is_active_at_once() {
    let mut state = open(60);
    code(&mut state, &mark_price(0, 105));
    code(&mut state, &limit(4, 1, SELL, 100, 1).record());
    let events = apply(&mut state, &conditional(STOP_MARKET, 3, 1, BUY, 100, 105).record(), SECOND);
    assert_eq!(kinds(&events), [1, 2, 3, 4, 4], "accepted, then a trade; no trigger event");
    assert_eq!(closed(&events)[1], (2, 1, 2), "the market order's rest is cancelled");
    check(&state);
}

#[test]
fn a_mark_triggers_by_rising_id_and_each_matches_before_the_next() {
    let mut state = open(60);
    for (client_id, trigger) in [(1, 104), (2, 102), (3, 103), (4, 106)] {
        code(&mut state, &conditional(STOP_LIMIT, 3, client_id, BUY, 100, trigger).record());
    }
    code(&mut state, &limit(4, 1, SELL, 100, 3).record());
    let events = apply(&mut state, &mark_price(0, 105), SECOND);
    assert_eq!(triggered(&events), [1, 2, 3]);
    assert_eq!(kinds(&events), [1, 14, 13, 3, 4, 13, 3, 4, 13]);
    assert_eq!(queue(&state, Side::Buy), [(2, 100, 1), (3, 100, 2)], "at the tail as of now");
    assert_eq!(state.waiting().count(), 1);
    check(&state);
}

#[test]
fn a_halted_market_triggers_nothing_until_its_next_mark() {
    let mut state = open(60);
    code(&mut state, &conditional(STOP_LIMIT, 3, 1, BUY, 100, 104).record());
    code(&mut state, &set_status(0, 1));
    assert_eq!(kinds(&apply(&mut state, &mark_price(0, 105), SECOND)), [1, 14]);
    assert_eq!(kinds(&apply(&mut state, &set_status(0, 0), SECOND)), [1, 9]);
    assert_eq!(triggered(&apply(&mut state, &mark_price(0, 105), SECOND)), [1]);
}

#[test]
fn one_mark_triggers_a_bounded_number_and_the_next_mark_judges_the_rest() {
    let mut state = open(100_000);
    let batch: Vec<u8> = (1..=1_500)
        .flat_map(|client_id| conditional(STOP_LIMIT, 3, client_id, BUY, 90, 104).record())
        .collect();
    apply(&mut state, &batch, SECOND);
    let first = triggered(&apply(&mut state, &mark_price(0, 105), SECOND));
    assert_eq!((first.len(), first[0], first[1_023]), (1_024, 1, 1_024));
    assert!(triggered(&apply(&mut state, &mark_price(0, 103), SECOND)).is_empty());
    assert_eq!(triggered(&apply(&mut state, &mark_price(0, 104), SECOND)).len(), 476);
    check(&state);
}

#[test]
fn a_waiting_order_holds_can_be_cancelled_and_dies_at_its_time() {
    let mut state = open(60);
    code(&mut state, &conditional(STOP_LIMIT, 3, 1, BUY, 100, 104).record());
    let good_till = 3 * SECOND;
    let dated = Order { time_in_force: 3, good_till, ..conditional(TAKE_LIMIT, 3, 2, SELL, 100, 104) };
    code(&mut state, &dated.record());
    check(&state);
    assert_eq!(code(&mut state, &amend(3, 1, 9, 100, 1)), 23, "a waiting order is not amendable");
    let events = apply(&mut state, &cancel(3, 1), SECOND);
    assert_eq!(closed(&events), [(1, 2, 1)]);
    let events = apply(&mut state, &mark_price(0, 110), 3 * SECOND);
    assert_eq!((triggered(&events), closed(&events)), (vec![], vec![(2, 2, 3)]));
    check(&state);
}
