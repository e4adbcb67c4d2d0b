//! Orders that end by time: good till a date, scheduled cancels, sweeps; and mass cancels.

use _engine::outcome::Outcome;

use crate::commands::*;
use crate::venue::*;

const EXPIRED: u8 = 3;
const SCHEDULED: u8 = 4;

fn until(account: u32, client_id: u64, side: u8, lots: u64, good_till: u64) -> Order {
    Order { time_in_force: 3, good_till, ..limit(account, client_id, side, 100, lots) }
}

#[test]
fn a_dead_order_never_trades_and_leaves_when_a_taker_meets_it() {
    let mut state = open(60);
    code(&mut state, &until(3, 1, SELL, 5, 4 * SECOND).record());
    code(&mut state, &limit(5, 1, SELL, 100, 5).record());
    let away = apply(&mut state, &limit(4, 1, BUY, 99, 1).record(), 4 * SECOND);
    assert_eq!(closed(&away), [], "an order that does not cross looks at nothing");
    assert_eq!(
        apply(&mut state, &amend(3, 1, 7, 101, 5), 4 * SECOND)[0].code(),
        Outcome::OrderUnknown as u16
    );
    let events = apply(&mut state, &limit(4, 2, BUY, 100, 5).record(), 4 * SECOND);
    assert_eq!(closed(&events), [(1, 5, EXPIRED), (2, 0, 0), (4, 0, 0)]);
    assert_eq!(trades(&events), [(2, 100, 5)]);
    check(&state);
}

#[test]
fn a_sweep_closes_the_dead_by_time_then_id_and_at_most_its_limit() {
    let mut state = open(60);
    let orders = [(1, 9), (2, 5), (3, 5), (4, 20)];
    for (client_id, seconds) in orders {
        code(&mut state, &until(3, client_id, SELL, 1, seconds * SECOND).record());
    }
    let stop = Order { order_type: 3, trigger: 500, ..until(3, 5, BUY, 1, 6 * SECOND) };
    code(&mut state, &stop.record());
    let first = apply(&mut state, &sweep(2), 10 * SECOND);
    assert_eq!((first[0].u64_at(8), closed(&first)), (2, vec![(2, 1, EXPIRED), (3, 1, EXPIRED)]));
    let rest = apply(&mut state, &sweep(9), 10 * SECOND);
    assert_eq!((rest[0].u64_at(8), closed(&rest)), (2, vec![(5, 1, EXPIRED), (1, 1, EXPIRED)]));
    assert_eq!(state.books().resting(), 1);
    check(&state);
}

#[test]
fn a_scheduled_cancel_ends_all_orders_of_its_account_and_stands_until_swept() {
    let mut state = open(60);
    code(&mut state, &limit(3, 1, SELL, 100, 5).record());
    code(&mut state, &Order { ticks: 110, ..until(3, 2, SELL, 5, 99 * SECOND) }.record());
    let hour = 3600 * SECOND;
    assert_eq!(code(&mut state, &schedule_cancel(3, 3, hour, SECOND)), Outcome::TimePast as u16);
    let set = apply(&mut state, &schedule_cancel(3, 3, hour, 5 * SECOND), SECOND);
    assert_eq!((kinds(&set), set[1].u64_at(8)), (vec![1, 15], 5 * SECOND));
    let mut code_at = |record: &[u8]| apply(&mut state, record, 5 * SECOND)[0].code();
    assert_eq!(code_at(&limit(3, 4, SELL, 100, 1).record()), Outcome::TimePast as u16);
    assert_eq!(code_at(&schedule_cancel(3, 4, hour, 0)), Outcome::TimePast as u16, "the dead stay dead");
    assert_eq!(code_at(&amend(3, 1, 4, 100, 1)), Outcome::OrderUnknown as u16);
    let met = apply(&mut state, &limit(4, 1, BUY, 100, 1).record(), 5 * SECOND);
    assert_eq!((trades(&met).len(), closed(&met)), (0, vec![(1, 5, SCHEDULED)]));
    let swept = apply(&mut state, &sweep(9), 5 * SECOND);
    assert_eq!((swept[0].u64_at(8), closed(&swept)), (1, vec![(2, 5, SCHEDULED)]));
    assert_eq!(apply(&mut state, &limit(3, 4, SELL, 100, 1).record(), 5 * SECOND)[0].code(), 0);
    check(&state);
}

#[test]
fn a_spent_sweep_leaves_the_schedule_until_the_last_order_is_gone() {
    let mut state = open(60);
    for client_id in 1..4 {
        code(&mut state, &limit(3, client_id, SELL, 100, 1).record());
    }
    code(&mut state, &schedule_cancel(3, 8, 3600 * SECOND, 5 * SECOND));
    code(&mut state, &schedule_cancel(4, 8, 3600 * SECOND, 4 * SECOND));
    let ids = |events: &[Event]| closed(events).iter().map(|order| order.0).collect::<Vec<_>>();
    assert_eq!(ids(&apply(&mut state, &sweep(2), 6 * SECOND)), [1, 2]);
    assert_eq!((state.schedules().by_account().len(), state.books().resting()), (1, 1));
    assert_eq!(ids(&apply(&mut state, &sweep(1), 6 * SECOND)), [3]);
    assert_eq!(state.schedules().by_account(), [], "an account without orders costs the limit nothing");
}

#[test]
fn a_mass_cancel_takes_what_its_market_label_and_side_name() {
    let mut state = open(60);
    for (client_id, side, ticks, label) in [(1, BUY, 90, 1), (2, SELL, 110, 1), (3, BUY, 91, 2)] {
        code(&mut state, &Order { label, ..limit(3, client_id, side, ticks, 1) }.record());
    }
    let stop = Order { order_type: 3, trigger: 120, label: 2, ..limit(3, 4, BUY, 95, 1) };
    code(&mut state, &stop.record());
    code(&mut state, &limit(4, 1, BUY, 90, 1).record());
    let ids = |state: &mut _, record: Vec<u8>| {
        let events = apply(state, &record, SECOND);
        (events[0].u64_at(8), closed(&events).iter().map(|order| order.0).collect::<Vec<_>>())
    };
    assert_eq!(code(&mut state, &cancel_all(3, 7, 0, 2)), Outcome::MarketUnknown as u16);
    assert_eq!(ids(&mut state, cancel_all(3, 0, 1, 1)), (1, vec![2]));
    assert_eq!(ids(&mut state, cancel_all(3, 0, 9, 2)), (0, vec![]));
    assert_eq!(ids(&mut state, cancel_all(3, 0, 2, 0)), (2, vec![3, 4]));
    assert_eq!(ids(&mut state, cancel_all(3, u32::MAX, 0, 2)), (1, vec![1]));
    assert_eq!(state.books().resting(), 1, "another account's order stays");
    check(&state);
}
