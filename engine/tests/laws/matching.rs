//! Conservation, price and time priority, and no trade through a limit, over random flows.

use _engine::order::{OrderTerms, Side};
use _engine::state::State;
use _engine::units::*;
use proptest::prelude::*;

use crate::commands::*;
use crate::venue::*;

#[derive(Clone, Debug)]
enum Action {
    Place { account: u32, side: u8, ticks: u64, lots: u64, kind: (u8, u8) },
    Special { account: u32, side: u8, ticks: u64, lots: u64, kind: (u8, u8), more: (u8, u8, u64) },
    Amend { account: u32, back: u64, ticks: u64, lots: u64 },
    Cancel { account: u32, back: u64 },
    Withdraw { account: u32, asset: u32, amount: u128 },
    Other(Other),
}

#[derive(Clone, Debug)]
enum Other {
    CancelAll { account: u32, side: u8 },
    Schedule { account: u32, after: u64 },
    Protect { account: u32, lots: u64 },
    Mark { ticks: u64 },
    Sweep { limit: u32 },
    Seal,
}

fn actions() -> impl Strategy<Value = Action> {
    let kinds = prop_oneof![3 => Just((0, 0)), 1 => Just((0, 1)), 1 => Just((1, 1))];
    let place = (ACCOUNTS, 0..2u8, 95..106u64, 1..30u64, kinds)
        .prop_map(|(account, side, ticks, lots, kind)| Action::Place { account, side, ticks, lots, kind });
    let kinds = prop_oneof![
        Just((0, 0)),
        Just((0, 2)),
        Just((0, 3)),
        Just((2, 1)),
        Just((3, 0)),
        Just((3, 3)),
        Just((4, 1)),
        Just((5, 0))
    ];
    let instructions = prop_oneof![2 => Just(0), 1 => Just(PROTECTED), 1 => Just(POST_ONLY | SLIDE)];
    let special = (ACCOUNTS, 0..2u8, 95..106u64, 1..30u64, kinds, (instructions, 0..5u8, 1..6u64)).prop_map(
        |(account, side, ticks, lots, kind, more)| Action::Special { account, side, ticks, lots, kind, more },
    );
    let cancel = (ACCOUNTS, 0..12u64).prop_map(|(account, back)| Action::Cancel { account, back });
    let amend = (ACCOUNTS, 0..12u64, 95..106u64, 1..30u64)
        .prop_map(|(account, back, ticks, lots)| Action::Amend { account, back, ticks, lots });
    let withdraw = (ACCOUNTS, 0..2u32, 1..3_000u128).prop_map(|(account, asset, amount)| Action::Withdraw {
        account,
        asset,
        amount,
    });
    let other = prop_oneof![
        (ACCOUNTS, 0..3u8).prop_map(|(account, side)| Other::CancelAll { account, side }),
        (ACCOUNTS, 0..4u64).prop_map(|(account, after)| Other::Schedule { account, after }),
        (ACCOUNTS, 0..40u64).prop_map(|(account, lots)| Other::Protect { account, lots }),
        (95..106u64).prop_map(|ticks| Other::Mark { ticks }),
        (0..9u32).prop_map(|limit| Other::Sweep { limit }),
        Just(Other::Seal),
    ];
    prop_oneof![
        12 => place, 8 => special, 4 => amend, 5 => cancel, 1 => withdraw, 4 => other.prop_map(Action::Other)
    ]
}

fn record_of(action: &Action, client_id: u64, orders: u64, now: u64) -> Vec<u8> {
    match *action {
        Action::Place { account, side, ticks, lots, kind: (order_type, time_in_force) } => {
            Order { order_type, time_in_force, ..limit(account, client_id, side, ticks, lots) }.record()
        }
        Action::Special { account, side, ticks, lots, kind, more: (instructions, self_trade, after) } => {
            let (order_type, time_in_force) = kind;
            let makes = order_type == 0 && time_in_force != 2;
            let instructions = if makes { instructions } else { 0 };
            let good_till = if time_in_force == 3 { now + after * SECOND } else { 0 };
            let trigger = if order_type > 1 { 94 + 2 * after } else { 0 };
            let order = limit(account, client_id, side, ticks, lots);
            Order { order_type, time_in_force, instructions, self_trade, good_till, trigger, ..order }
                .record()
        }
        Action::Amend { account, back, ticks, lots } => {
            amend(account, orders.saturating_sub(back), client_id, ticks, lots)
        }
        Action::Cancel { account, back } => cancel(account, orders.saturating_sub(back)),
        Action::Withdraw { account, asset, amount } => withdraw(account, asset, client_id, amount),
        Action::Other(ref other) => record_of_other(other, client_id, now),
    }
}

fn record_of_other(other: &Other, client_id: u64, now: u64) -> Vec<u8> {
    match *other {
        Other::CancelAll { account, side } => cancel_all(account, 0, 0, side),
        Other::Schedule { account, after } => {
            let at = if after == 0 { 0 } else { now + after * SECOND };
            schedule_cancel(account, client_id, 3600 * SECOND, at)
        }
        Other::Protect { account, lots } => set_protection(account, client_id, 2 * SECOND, lots, SECOND),
        Other::Mark { ticks } => mark_price(0, ticks),
        Other::Sweep { limit } => sweep(limit),
        Other::Seal => seal(),
    }
}

/// The trades that price-time priority demands: walk the queue as it stood.
fn expected_trades(makers: &[(u64, u64, u64)], side: u8, limit: u64, mut lots: u64) -> Vec<(u64, u64, u64)> {
    let mut trades = Vec::new();
    for (order, ticks, available) in makers {
        let crosses = if side == BUY { *ticks <= limit } else { *ticks >= limit };
        if lots == 0 || !crosses {
            break;
        }
        let filled = lots.min(*available);
        trades.push((*order, *ticks, filled));
        lots -= filled;
    }
    trades
}

#[test]
fn a_halted_market_takes_cancels_only() {
    const MARKET_HALTED: u16 = 18;
    let mut state = open(60);
    code(&mut state, &limit(3, 1, BUY, 99, 5).record());
    code(&mut state, &set_status(0, 1));
    assert_eq!(code(&mut state, &limit(3, 2, BUY, 99, 5).record()), MARKET_HALTED);
    assert_eq!(code(&mut state, &cancel(3, 1)), 0);
    code(&mut state, &set_status(0, 0));
    assert_eq!(code(&mut state, &limit(3, 2, BUY, 99, 5).record()), 0);
    check(&state);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn money_is_conserved_and_price_then_time_decides(flow in prop::collection::vec(actions(), 1..120)) {
        let mut state = open(60);
        let mut orders = 0;
        for (number, action) in flow.iter().enumerate() {
            // Half a second a command, so that orders and schedules end now and then.
            let now = 2 * SECOND + number as u64 * SECOND / 2;
            let special = state.books().queue(MarketId(0), Side::Buy).chain(state.books().queue(MarketId(0), Side::Sell))
                .any(|order| order.terms != OrderTerms::default()) || !state.schedules().by_account().is_empty();
            let maker_side = match action {
                Action::Place { side: SELL, .. } => Side::Buy,
                _ => Side::Sell,
            };
            let makers = queue(&state, maker_side);
            let record = record_of(action, number as u64 + 1, orders, now);
            let events = apply(&mut state, &record, now);
            check(&state);
            prop_assert_eq!(State::decode(&state.encode()).expect("an encoding").digest(), state.digest());
            orders += events.iter().filter(|event| event.kind == 2).count() as u64;
            match *action {
                Action::Place { side, ticks, lots, .. } if events[0].code() == 0 && !special => {
                    prop_assert_eq!(trades(&events), expected_trades(&makers, side, ticks, lots));
                }
                Action::Cancel { .. } | Action::Withdraw { .. } => prop_assert!(trades(&events).is_empty()),
                _ => {}
            }
        }
    }

    #[test]
    fn no_order_trades_beyond_its_limit_or_after_its_end(flow in prop::collection::vec(actions(), 1..80)) {
        let mut state = open(60);
        let mut orders = 0;
        for (number, action) in flow.iter().enumerate() {
            let now = 2 * SECOND + number as u64 * SECOND / 2;
            let resting: Vec<_> = [Side::Buy, Side::Sell].into_iter()
                .flat_map(|side| state.books().queue(MarketId(0), side).copied().collect::<Vec<_>>()).collect();
            let events = apply(&mut state, &record_of(action, number as u64 + 1, orders, now), now);
            orders += events.iter().filter(|event| event.kind == 2).count() as u64;
            for (maker, ticks, _) in trades(&events) {
                if let Some(order) = resting.iter().find(|order| order.id.0 == maker) {
                    let dated = order.terms.good_till;
                    prop_assert!(order.ticks.0 == ticks && (dated.0 == 0 || dated.0 > now));
                }
            }
            if let Action::Special { side, ticks, kind: (0, 2), lots, more, .. } = *action && events[0].code() == 0 {
                let filled = trades(&events);
                let total: u64 = filled.iter().map(|trade| trade.2).sum();
                prop_assert!(total == lots || more.1 == 4, "all of it, but for what a decrement took");
                let worst = filled.iter().map(|trade| trade.1).max_by_key(|at| if side == BUY { *at } else { u64::MAX - at });
                prop_assert!(worst.is_none_or(|at| at == ticks || (at < ticks) == (side == BUY)));
                prop_assert!(state.books().order(OrderId(orders)).is_none(), "nothing of it rests");
            }
        }
    }
}
