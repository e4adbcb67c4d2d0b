//! Conservation, price and time priority, and no trade through a limit, over random flows.

use _engine::order::Side;
use proptest::prelude::*;

use crate::commands::*;
use crate::venue::*;

#[derive(Clone, Debug)]
enum Action {
    Place { account: u32, side: u8, ticks: u64, lots: u64, kind: (u8, u8) },
    Cancel { account: u32, back: u64 },
    Withdraw { account: u32, asset: u32, amount: u128 },
    Seal,
}

fn actions() -> impl Strategy<Value = Action> {
    let kinds = prop_oneof![3 => Just((0, 0)), 1 => Just((0, 1)), 1 => Just((1, 1))];
    let place = (ACCOUNTS, 0..2u8, 95..106u64, 1..30u64, kinds)
        .prop_map(|(account, side, ticks, lots, kind)| Action::Place { account, side, ticks, lots, kind });
    let cancel = (ACCOUNTS, 0..12u64).prop_map(|(account, back)| Action::Cancel { account, back });
    let withdraw = (ACCOUNTS, 0..2u32, 1..3_000u128).prop_map(|(account, asset, amount)| Action::Withdraw {
        account,
        asset,
        amount,
    });
    prop_oneof![12 => place, 5 => cancel, 1 => withdraw, 1 => Just(Action::Seal)]
}

fn record_of(action: &Action, client_id: u64, orders: u64) -> Vec<u8> {
    match *action {
        Action::Place { account, side, ticks, lots, kind: (order_type, time_in_force) } => {
            Order { order_type, time_in_force, ..limit(account, client_id, side, ticks, lots) }.record()
        }
        Action::Cancel { account, back } => cancel(account, orders.saturating_sub(back)),
        Action::Withdraw { account, asset, amount } => withdraw(account, asset, client_id, amount),
        Action::Seal => seal(),
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
            let maker_side = match action {
                Action::Place { side: SELL, .. } => Side::Buy,
                _ => Side::Sell,
            };
            let makers = queue(&state, maker_side);
            let events = apply(&mut state, &record_of(action, number as u64 + 1, orders), 2 * SECOND);
            check(&state);
            let trades: Vec<(u64, u64, u64)> = events
                .iter()
                .filter(|event| event.kind == 3)
                .map(|trade| (trade.u64_at(16), trade.u64_at(40), trade.u64_at(48)))
                .collect();
            match *action {
                Action::Place { side, ticks, lots, .. } if events[0].code() == 0 => {
                    orders += 1;
                    prop_assert_eq!(trades, expected_trades(&makers, side, ticks, lots));
                }
                _ => prop_assert!(trades.is_empty()),
            }
        }
    }
}
