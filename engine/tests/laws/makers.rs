//! What resting orders do: amends, self-trade prevention, market-maker protection.

use _engine::order::Side;
use _engine::outcome::Outcome;
use _engine::units::*;

use crate::commands::*;
use crate::venue::*;

const SELF_TRADE: u8 = 5;
const PROTECTION: u8 = 6;

#[test]
fn an_amend_keeps_priority_only_when_price_stays_and_lots_do_not_rise() {
    for (ticks, lots, expected) in [
        (100, 4, vec![(1, 100, 4), (2, 100, 5)]),
        (100, 5, vec![(1, 100, 5), (2, 100, 5)]),
        (100, 6, vec![(2, 100, 5), (1, 100, 6)]),
        (101, 4, vec![(1, 101, 4), (2, 100, 5)]),
    ] {
        let mut state = open(60);
        code(&mut state, &limit(3, 1, BUY, 100, 5).record());
        code(&mut state, &limit(4, 1, BUY, 100, 5).record());
        let events = apply(&mut state, &amend(3, 1, 2, ticks, lots), SECOND);
        assert_eq!((events[0].code(), events[0].u64_at(8), kinds(&events)), (0, 1, vec![1, 11]));
        assert_eq!((events[1].u64_at(16), events[1].u64_at(24)), (ticks, lots));
        assert_eq!(queue(&state, Side::Buy), expected);
        check(&state);
    }
}

#[test]
fn an_amended_order_that_crosses_takes_and_its_rest_joins() {
    let mut state = open(60);
    code(&mut state, &limit(4, 1, SELL, 105, 3).record());
    code(&mut state, &limit(3, 1, BUY, 100, 5).record());
    let events = apply(&mut state, &amend(3, 2, 2, 106, 5), SECOND);
    assert_eq!((trades(&events), queue(&state, Side::Buy)), (vec![(1, 105, 3)], vec![(2, 106, 2)]));
    check(&state);
}

#[test]
fn an_amend_counts_what_the_order_holds_and_answers_a_repeat_with_the_order() {
    let mut state = open(60);
    code(&mut state, &limit(3, 1, BUY, 100, 60).record());
    assert_eq!(code(&mut state, &amend(3, 1, 2, 100, 61)), Outcome::FundsShort as u16);
    assert_eq!(code(&mut state, &amend(3, 1, 2, 50, 120)), 0, "the old hold pays for the new one");
    let again = apply(&mut state, &amend(3, 1, 2, 50, 120), SECOND);
    assert_eq!((again[0].code(), again[0].u64_at(8)), (Outcome::ClientIdReused as u16, 1));
    assert_eq!(code(&mut state, &amend(4, 1, 2, 50, 1)), Outcome::OrderUnknown as u16);
    check(&state);
}

/// Account 3 rests 4 lots and account 4 rests 4 behind it; account 3 takes 6.
fn meet_own(self_trade: u8) -> (_engine::state::State, Vec<Event>) {
    let mut state = open(60);
    code(&mut state, &limit(3, 1, SELL, 100, 4).record());
    code(&mut state, &limit(4, 1, SELL, 100, 4).record());
    let events = apply(&mut state, &Order { self_trade, ..limit(3, 2, BUY, 100, 6) }.record(), SECOND);
    check(&state);
    (state, events)
}

#[test]
fn a_permitted_self_trade_is_a_trade() {
    assert_eq!(trades(&meet_own(0).1), [(1, 100, 4), (2, 100, 2)]);
}

#[test]
fn cancel_maker_lets_the_taker_go_on() {
    let (state, events) = meet_own(1);
    assert_eq!((trades(&events), closed(&events)[0]), (vec![(2, 100, 4)], (1, 4, SELF_TRADE)));
    assert_eq!(queue(&state, Side::Buy), [(3, 100, 2)]);
}

#[test]
fn cancel_taker_leaves_the_maker() {
    let (state, events) = meet_own(2);
    assert_eq!((trades(&events), closed(&events)), (vec![], vec![(3, 6, SELF_TRADE)]));
    assert_eq!(state.books().resting(), 2);
}

#[test]
fn cancel_both_ends_both() {
    let (state, events) = meet_own(3);
    assert_eq!(closed(&events), [(1, 4, SELF_TRADE), (3, 6, SELF_TRADE)]);
    assert_eq!(state.books().resting(), 1);
}

#[test]
fn decrement_takes_the_same_lots_off_both_without_a_trade() {
    let (_, events) = meet_own(4);
    assert_eq!((trades(&events), closed(&events)[0]), (vec![(2, 100, 2)], (1, 0, SELF_TRADE)));
    let mut state = open(60);
    code(&mut state, &limit(3, 1, SELL, 100, 4).record());
    let taken = Order { self_trade: 4, ..limit(3, 2, BUY, 100, 3) };
    let events = apply(&mut state, &taken.record(), SECOND);
    assert_eq!(kinds(&events), [1, 2, 12, 4]);
    assert_eq!((events[2].u64_at(16), closed(&events)), (1, vec![(2, 0, SELF_TRADE)]));
    assert_eq!(queue(&state, Side::Sell), [(1, 100, 1)]);
    check(&state);
}

#[test]
fn a_protection_pulls_the_protected_orders_before_the_taker_goes_on() {
    let mut state = open(60);
    code(&mut state, &set_protection(3, 1, 10 * SECOND, 6, 5 * SECOND));
    for client_id in 2..5 {
        let guarded = Order { instructions: PROTECTED, ..limit(3, client_id, SELL, 100, 4) };
        code(&mut state, &guarded.record());
    }
    code(&mut state, &limit(3, 5, SELL, 100, 4).record());
    let events = apply(&mut state, &limit(4, 1, BUY, 100, 12).record(), 2 * SECOND);
    assert_eq!(kinds(&events), [1, 2, 3, 4, 3, 4, 17, 4, 3, 4, 4]);
    assert_eq!(trades(&events), [(1, 100, 4), (2, 100, 4), (4, 100, 4)], "the unprotected order stays");
    assert_eq!(closed(&events)[2], (3, 4, PROTECTION));
    assert_eq!(events[6].u64_at(8), 7 * SECOND);
    let guarded = |client_id| Order { instructions: PROTECTED, ..limit(3, client_id, SELL, 100, 4) }.record();
    let mut code_at = |record: &[u8], now| apply(&mut state, record, now)[0].code();
    assert_eq!(code_at(&guarded(6), 7 * SECOND - 1), Outcome::ProtectionActive as u16);
    assert_eq!(code_at(&guarded(6), 7 * SECOND), 0);
    check(&state);
}

#[test]
fn a_protection_counts_within_its_window_only() {
    let mut state = open(60);
    code(&mut state, &set_protection(3, 1, 10 * SECOND, 6, 5 * SECOND));
    code(&mut state, &Order { instructions: PROTECTED, ..limit(3, 2, SELL, 100, 20) }.record());
    let take = |state: &mut _, client_id, now| {
        kinds(&apply(state, &limit(4, client_id, BUY, 100, 4).record(), now)).contains(&17)
    };
    assert!(!take(&mut state, 1, 2 * SECOND));
    assert!(!take(&mut state, 2, 12 * SECOND), "a new window");
    assert!(take(&mut state, 3, 22 * SECOND - 1), "4 and 4 within ten seconds");
    let protection = state.protections()[&(AccountId(3), MarketId(0))];
    assert_eq!((protection.counted, protection.frozen_until), (Lots(0), Nanos(27 * SECOND - 1)));
    assert_eq!(code(&mut state, &set_protection(3, 9, 0, 1_000_000_001, 0)), 25);
    check(&state);
}
