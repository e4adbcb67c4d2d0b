//! What an order may say and when it is refused: types, times in force, instructions, bands.

use _engine::order::Side;
use _engine::outcome::Outcome;

use crate::commands::*;
use crate::venue::*;

const MALFORMED: u16 = 1;

/// The page's table of outcomes states the codes that the engine answers with, in their order.
#[test]
fn the_reference_page_lists_every_outcome_by_its_code() {
    let page = include_str!("../../../docs/reference/engine.md");
    for (code, outcome) in Outcome::ALL.iter().enumerate() {
        let mut name = String::new();
        for letter in format!("{outcome:?}").chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
        }
        assert_eq!(*outcome as usize, code);
        assert!(page.contains(&format!("\n| {code} | `{name}` |")), "{code} {name}");
    }
}

#[test]
fn terms_that_do_not_go_together_are_malformed() {
    let sound = limit(3, 1, BUY, 90, 1);
    let bad = [
        Order { order_type: 6, ..sound },
        Order { time_in_force: 4, ..sound },
        Order { instructions: 16, ..sound },
        Order { self_trade: 5, ..sound },
        Order { instructions: SLIDE, ..sound },
        Order { order_type: 1, ..sound },
        Order { order_type: 1, time_in_force: 3, good_till: 9 * SECOND, ..sound },
        Order { order_type: 2, time_in_force: 2, trigger: 5, ..sound },
        Order { order_type: 2, trigger: 5, ..sound },
        Order { order_type: 3, time_in_force: 2, trigger: 5, ..sound },
        Order { order_type: 3, ..sound },
        Order { trigger: 5, ..sound },
        Order { good_till: 9 * SECOND, ..sound },
        Order { time_in_force: 3, ..sound },
        Order { instructions: POST_ONLY, time_in_force: 1, ..sound },
        Order { instructions: PROTECTED, time_in_force: 2, ..sound },
        Order { instructions: POST_ONLY, order_type: 3, trigger: 5, ..sound },
    ];
    let mut state = open(60);
    for order in bad {
        assert_eq!(code(&mut state, &order.record()), MALFORMED, "{order:?}");
    }
    let mut padded = sound.record();
    padded[8 + 45] = 1;
    assert_eq!(code(&mut state, &padded), MALFORMED);
    assert_eq!(code(&mut state, &cancel_all(3, 0, 0, 3)), MALFORMED);
    assert_eq!(code(&mut state, &sound.record()), 0);
}

#[test]
fn a_command_that_breaks_several_rules_answers_with_the_first() {
    let mut state = open(60);
    let instructions = POST_ONLY | 4;
    let worst = Order { expires_at: 1, lots: 0, ticks: 0, instructions, ..limit(9, 0, BUY, 0, 0) };
    let better = [
        (Outcome::AccountUnknown, worst),
        (Outcome::RequestExpired, Order { account: 3, ..worst }),
        (Outcome::ClientIdZero, Order { account: 3, expires_at: 3600 * SECOND, ..worst }),
        (Outcome::QuantityZero, limit(3, 1, BUY, 0, 0)),
        (Outcome::QuantityTooLarge, limit(3, 1, BUY, 0, 1_000_001)),
        (Outcome::PriceZero, Order { order_type: 3, trigger: u64::MAX, ..limit(3, 1, BUY, 0, 1) }),
        (Outcome::PriceTooLarge, Order { order_type: 3, trigger: u64::MAX, ..limit(3, 1, BUY, 1, 1) }),
        (Outcome::GoodTillPast, Order { time_in_force: 3, good_till: SECOND, ..limit(3, 1, BUY, 1, 1) }),
        (Outcome::ReduceOnlyRefused, Order { instructions: 4, ..limit(3, 1, BUY, 1, 1) }),
        (Outcome::FillOrKillShort, Order { time_in_force: 2, ..limit(3, 1, BUY, 1_000, 1_000_000) }),
        (Outcome::FundsShort, limit(3, 1, BUY, 1_000, 1_000_000)),
    ];
    for (outcome, order) in better {
        assert_eq!(code(&mut state, &order.record()), outcome as u16, "{outcome:?}");
    }
}

#[test]
fn fill_or_kill_trades_all_of_it_over_several_prices_or_nothing() {
    let mut state = open(60);
    for (client_id, ticks) in [(1, 100), (2, 101), (3, 102)] {
        code(&mut state, &limit(3, client_id, SELL, ticks, 5).record());
    }
    let kill = |client_id, ticks, lots| Order { time_in_force: 2, ..limit(4, client_id, BUY, ticks, lots) };
    let before = state.digest();
    assert_eq!(code(&mut state, &kill(1, 101, 11).record()), Outcome::FillOrKillShort as u16);
    assert_eq!(state.books().resting(), 3);
    assert_ne!(state.digest(), before, "only the sequence and the chain went on");
    let events = apply(&mut state, &kill(1, 101, 10).record(), SECOND);
    assert_eq!(trades(&events), [(1, 100, 5), (2, 101, 5)]);
    assert_eq!(closed(&events).last(), Some(&(4, 0, 0)));
    check(&state);
}

#[test]
fn fill_or_kill_counts_neither_dead_nor_own_nor_protected_lots_that_would_leave() {
    let mut state = open(60);
    let dead = Order { time_in_force: 3, good_till: 2 * SECOND, ..limit(3, 1, SELL, 100, 5) };
    code(&mut state, &dead.record());
    code(&mut state, &limit(4, 1, SELL, 100, 5).record());
    code(&mut state, &set_protection(5, 1, SECOND, 4, SECOND));
    for client_id in 2..5 {
        let guarded = Order { instructions: PROTECTED, ..limit(5, client_id, SELL, 100, 2) };
        code(&mut state, &guarded.record());
    }
    let kill = |client_id, lots, self_trade| {
        Order { time_in_force: 2, self_trade, ..limit(4, client_id, BUY, 100, lots) }.record()
    };
    let mut code_at = |record: &[u8]| apply(&mut state, record, 2 * SECOND)[0].code();
    assert_eq!(code_at(&kill(9, 5, 1)), Outcome::FillOrKillShort as u16, "4 guarded lots, then they leave");
    assert_eq!(code_at(&kill(9, 1, 2)), Outcome::FillOrKillShort as u16, "the own order ends it");
    let events = apply(&mut state, &kill(9, 4, 1), 2 * SECOND);
    assert_eq!(trades(&events).iter().map(|trade| trade.2).sum::<u64>(), 4);
    assert_eq!(closed(&events), [(1, 5, 3), (2, 5, 5), (3, 0, 0), (4, 0, 0), (5, 2, 6), (6, 0, 0)]);
    check(&state);
}

#[test]
fn a_post_only_order_never_takes_and_may_slide_beside_the_best() {
    let mut state = open(60);
    code(&mut state, &limit(3, 1, SELL, 100, 5).record());
    let post = |client_id, side, ticks, instructions| {
        Order { instructions, ..limit(4, client_id, side, ticks, 3) }.record()
    };
    assert_eq!(code(&mut state, &post(1, BUY, 100, POST_ONLY)), Outcome::PostOnlyWouldTake as u16);
    assert_eq!(code(&mut state, &post(1, BUY, 99, POST_ONLY)), 0);
    let slid = apply(&mut state, &post(2, BUY, 150, POST_ONLY | SLIDE), SECOND);
    assert_eq!((slid[1].u64_at(24), trades(&slid).len()), (99, 0), "accepted one tick below the ask");
    assert_eq!(queue(&state, Side::Buy), [(2, 99, 3), (3, 99, 3)]);
    code(&mut state, &cancel(3, 1));
    code(&mut state, &cancel(4, 2));
    code(&mut state, &cancel(4, 3));
    code(&mut state, &limit(3, 2, SELL, 1, 5).record());
    let nowhere = post(3, BUY, 5, POST_ONLY | SLIDE);
    assert_eq!(code(&mut state, &nowhere), Outcome::PostOnlyWouldTake as u16, "there is no price below one");
    check(&state);
}

#[test]
fn a_band_about_the_mark_keeps_prices_out() {
    let mut state = open(60);
    let mut record = list_market(QUOTE, BASE, 1, 1, (0, 0), 1_000_000);
    record[8 + 48..8 + 52].copy_from_slice(&50_000u32.to_le_bytes());
    assert_eq!(code(&mut state, &record), 0);
    let on = |client_id, side, ticks| {
        let mut order = limit(3, client_id, side, ticks, 1).record();
        order[12..16].copy_from_slice(&1u32.to_le_bytes());
        order
    };
    assert_eq!(code(&mut state, &on(1, BUY, 400)), 0, "no mark, no band");
    assert_eq!(code(&mut state, &mark_price(1, 101)), 0);
    for (client_id, side, ticks, expected) in [
        (2, BUY, 106, 0),
        (3, BUY, 107, Outcome::PriceOutsideBand as u16),
        (4, SELL, 95, Outcome::PriceOutsideBand as u16),
        (5, SELL, 96, 0),
    ] {
        assert_eq!(code(&mut state, &on(client_id, side, ticks)), expected, "{ticks}");
    }
}
