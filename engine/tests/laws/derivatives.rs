//! Futures and options: positions, marks, margin, expiry, liquidation; nothing is made or lost on the way.

use _engine::order::Side;
use _engine::outcome::Outcome;
use _engine::position::DEBT;
use _engine::state::State;
use _engine::units::*;
use ethnum::I256;
use proptest::prelude::*;

use crate::commands::*;
use crate::venue::*;

/// The future, after the venue's spot market; then the call.
pub const FUTURE: u32 = 1;
const CALL: u32 = 2;
const HOUR: u64 = 3600 * SECOND;
/// Settlement base units per lot and price tick.
const UNIT: u64 = 10;
const INSURANCE: u32 = 1;

fn u32s(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn u64s(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// Range 20 %, basis 5 %, initial 1.5 x, short options 10 %, liquidation fee 1 % and half of a position a round.
fn list_underlying() -> Vec<u8> {
    let rates = u32s(&[200_000, 50_000, 1_500_000, 100_000, 10_000, 500_000]);
    record(15, &[&b"CU\0\0\0\0\0\0"[..], &u32s(&[QUOTE, 0]), &u64s(&[UNIT]), &rates].concat(), &[])
}

fn list_future(expiry: u64) -> Vec<u8> {
    let tail = [u32s(&[100, 500]), u64s(&[1_000_000]), u32s(&[0, 0])].concat();
    record(16, &[u32s(&[0, 0]), u64s(&[expiry]), tail].concat(), &[])
}

fn list_option(kind: u8, expiry: u64, strike: u64) -> Vec<u8> {
    let tail = [u32s(&[100, 500]), u64s(&[1_000_000]), u32s(&[0, 0])].concat();
    record(17, &[&u32s(&[0])[..], &[kind, 0, 0, 0], &u64s(&[expiry, strike]), &tail].concat(), &[])
}

fn index_price(ticks: u64) -> Vec<u8> {
    record(18, &[u32s(&[0, 0]), u64s(&[ticks])].concat(), &[])
}

fn option_marks(market: u32, mark: u64, spread: u64) -> Vec<u8> {
    let moves = [0i64, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3, 6, -6];
    let values = moves.map(|by| mark.saturating_add_signed(by * spread as i64));
    record(19, &[u32s(&[market, 0]), u64s(&[mark]), u64s(&values)].concat(), &[])
}

fn set_collateral(asset: u32, haircut: u32, price: u128) -> Vec<u8> {
    record(20, &[&u32s(&[asset, haircut])[..], &price.to_le_bytes()].concat(), &[])
}

fn expire(market: u32) -> Vec<u8> {
    record(21, &u32s(&[market, 0]), &[])
}

fn on(market: u32, order: Order) -> Vec<u8> {
    let mut record = order.record();
    record[12..16].copy_from_slice(&market.to_le_bytes());
    record
}

fn trade_on(market: u32, account: u32, client_id: u64, side: u8, ticks: u64, lots: u64) -> Vec<u8> {
    on(market, limit(account, client_id, side, ticks, lots))
}

/// The venue with a future (expiring in two hours) and a call at 100, index 100; each account has `lots` x 700 quote.
fn open_derivatives(lots: u128) -> State {
    let mut state = open(lots);
    let batch = [
        list_underlying(),
        list_future(2 * HOUR),
        list_option(2, 2 * HOUR, 100),
        index_price(100),
        option_marks(CALL, 8, 2),
    ];
    for record in batch {
        assert_eq!(code(&mut state, &record), 0);
    }
    state
}

/// What must hold after every command.
pub fn check_derivatives(state: &State) {
    let entries: i128 = state.positions().all().iter().map(|position| position.entry).sum();
    for (asset, id) in state.listings().assets().iter().zip(0..) {
        let sum = i128::try_from(state.ledger().sum(AssetId(id)).0).unwrap();
        let owed = if id == QUOTE { entries } else { 0 };
        let expected = i128::try_from((asset.credited - asset.withdrawn).0).unwrap();
        assert_eq!(sum - owed, expected, "conservation of asset {id}");
    }
    for market in 0..state.listings().markets().len() as u32 {
        let lots: i64 = state.positions().of_market(MarketId(market)).map(|position| position.lots).sum();
        assert_eq!(lots, 0, "every lot that is long is short elsewhere");
    }
    for position in state.positions().all() {
        assert!(position.lots != 0 || position.market == DEBT || position.entry == 0, "{position:?}");
    }
}

fn lots(state: &State, account: u32, market: u32) -> i64 {
    state.positions().lots(AccountId(account), MarketId(market))
}

fn available(state: &State, account: u32) -> u128 {
    state.ledger().available(AccountId(account), AssetId(QUOTE)).0
}

fn of_kind(events: &[Event], kind: u16) -> Vec<&Event> {
    events.iter().filter(|event| event.kind == kind).collect()
}

#[test]
fn a_position_opens_shrinks_and_turns_and_its_gains_are_cash() {
    let mut state = open_derivatives(60);
    let funds = 60 * 700;
    let place = |state: &mut State, account, client, side, ticks, lots| {
        assert_eq!(code(state, &trade_on(FUTURE, account, client, side, ticks, lots)), 0);
        check_derivatives(state);
    };
    place(&mut state, 3, 1, SELL, 100, 10);
    place(&mut state, 4, 1, BUY, 100, 10);
    assert_eq!((lots(&state, 3, FUTURE), lots(&state, 4, FUTURE)), (-10, 10));
    // Notional 10 x 100 x 10 = 10,000: fees 1 (maker) and 5 (taker).
    assert_eq!((available(&state, 3), available(&state, 4)), (funds - 1, funds - 5));
    place(&mut state, 5, 1, BUY, 103, 15);
    place(&mut state, 4, 2, SELL, 103, 15);
    assert_eq!((lots(&state, 4, FUTURE), lots(&state, 5, FUTURE)), (-5, 15));
    assert_eq!(available(&state, 4), funds - 5 + 300 - 8, "three ticks on ten lots, less the fee");
    assert_eq!(state.positions().position(AccountId(4), MarketId(FUTURE)).unwrap().1.entry, -5 * 1030);
}

#[test]
fn an_order_reserves_what_it_could_lose_and_gives_it_back() {
    let mut state = open_derivatives(60);
    let free = |state: &State| state.margin(AccountId(3)).free();
    let before = free(&state);
    // Range 20 of 100: loss 20 ticks (40 by a third is less), x 10 x 1.5 = 300, and the fee of 0.5: 301 a lot.
    assert_eq!(code(&mut state, &trade_on(FUTURE, 3, 1, BUY, 100, 10)), 0);
    assert_eq!(free(&state), before - I256::new(3_010));
    assert_eq!(code(&mut state, &trade_on(FUTURE, 3, 2, BUY, 100, 130)), Outcome::MarginShort as u16);
    assert_eq!(code(&mut state, &amend(3, 1, 3, 100, 4)), 0);
    assert_eq!(free(&state), before - I256::new(1_204));
    assert_eq!(code(&mut state, &withdraw(3, QUOTE, 4, 42_000 - 1_203)), Outcome::MarginShort as u16);
    assert_eq!(code(&mut state, &limit(3, 5, BUY, 100, 59).record()), Outcome::MarginShort as u16);
    assert_eq!(code(&mut state, &cancel(3, 1)), 0);
    assert_eq!(free(&state), before);
    check_derivatives(&state);
}

#[test]
fn a_hedged_option_needs_less_than_its_parts() {
    let mut state = open_derivatives(600);
    code(&mut state, &trade_on(FUTURE, 3, 1, BUY, 100, 10));
    code(&mut state, &trade_on(FUTURE, 4, 1, SELL, 100, 10));
    let alone = state.margin(AccountId(3)).initial;
    code(&mut state, &trade_on(CALL, 3, 2, SELL, 8, 10));
    code(&mut state, &trade_on(CALL, 4, 2, BUY, 8, 10));
    let hedged = state.margin(AccountId(3)).initial;
    assert!(hedged < alone, "{hedged} < {alone}");
    assert_eq!(state.margin(AccountId(3)).maintenance, I256::new(10 * 10 * (20 - 6)), "falls of both");
    check_derivatives(&state);
}

#[test]
fn reduce_only_orders_never_open_or_turn_a_position() {
    let mut state = open_derivatives(60);
    let reduce = |account, client, side, ticks, lots| {
        on(FUTURE, Order { instructions: 4, ..limit(account, client, side, ticks, lots) })
    };
    assert_eq!(code(&mut state, &reduce(3, 1, SELL, 100, 5)), Outcome::ReduceOnlyRefused as u16);
    code(&mut state, &trade_on(FUTURE, 3, 1, BUY, 100, 10));
    code(&mut state, &trade_on(FUTURE, 4, 1, SELL, 100, 10));
    let taken = apply(&mut state, &reduce(3, 2, SELL, 101, 25), SECOND);
    assert_eq!((kinds(&taken), taken[2].u64_at(16), taken[2].body[24]), (vec![1, 2, 12], 10, 7));
    assert_eq!(code(&mut state, &reduce(3, 3, SELL, 101, 4)), 0);
    assert_eq!(code(&mut state, &trade_on(FUTURE, 3, 4, SELL, 99, 7)), 0);
    code(&mut state, &trade_on(FUTURE, 5, 1, BUY, 99, 7));
    assert_eq!(lots(&state, 3, FUTURE), 3);
    let met = apply(&mut state, &trade_on(FUTURE, 5, 2, BUY, 101, 20), SECOND);
    assert_eq!(trades(&met).iter().map(|trade| trade.2).collect::<Vec<_>>(), [3]);
    assert_eq!(of_kind(&met, 12)[0].u64_at(16), 3, "the first is cut to the position");
    assert_eq!(closed(&met)[1].1, 4, "the second has nothing left to reduce");
    assert_eq!(lots(&state, 3, FUTURE), 0);
    check_derivatives(&state);
}

#[test]
fn a_future_is_marked_by_its_book_near_the_index_and_by_the_average_at_its_end() {
    let mut state = open_derivatives(600);
    let mark = |state: &State| state.listings().markets()[FUTURE as usize].mark.unwrap().0;
    assert_eq!(mark(&state), 100);
    code(&mut state, &trade_on(FUTURE, 3, 1, BUY, 103, 1));
    code(&mut state, &trade_on(FUTURE, 4, 1, SELL, 108, 1));
    code(&mut state, &index_price(101));
    assert_eq!(mark(&state), 105, "the middle of the book");
    code(&mut state, &index_price(98));
    assert_eq!(mark(&state), 102, "no further than 5 % from the index");
    let half = 2 * HOUR - 900 * SECOND;
    apply(&mut state, &index_price(98), 2 * HOUR - 1800 * SECOND);
    apply(&mut state, &index_price(110), half);
    assert_eq!(
        mark(&state),
        (98 + 105) / 2,
        "half of the average is known to be 98, the rest is the book's 105"
    );
    check_derivatives(&state);
}

#[test]
fn an_expiry_pays_the_average_of_the_index_and_closes_the_market() {
    let mut state = open_derivatives(600);
    for (client, ticks) in [(1, 100), (2, 100)] {
        let market = if client == 1 { FUTURE } else { CALL };
        let ticks = if market == CALL { 8 } else { ticks };
        code(&mut state, &trade_on(market, 3, client, BUY, ticks, 10));
        code(&mut state, &trade_on(market, 4, client, SELL, ticks, 10));
    }
    code(&mut state, &trade_on(FUTURE, 5, 1, BUY, 90, 3));
    assert_eq!(code(&mut state, &expire(FUTURE)), Outcome::MarketNotDue as u16);
    let mut at = |record: &[u8], now| apply(&mut state, record, now);
    at(&index_price(100), 2 * HOUR - 1800 * SECOND);
    at(&index_price(110), 2 * HOUR - 900 * SECOND);
    let late = at(&trade_on(FUTURE, 5, 2, BUY, 90, 3), 2 * HOUR);
    assert_ne!(late[0].code(), 0);
    let settled = at(&expire(FUTURE), 2 * HOUR + SECOND);
    assert_eq!((settled[0].code(), of_kind(&settled, 24)[0].u64_at(8)), (0, 105));
    assert_eq!(closed(&settled), [(5, 3, 9)]);
    assert_eq!(of_kind(&settled, 23).len(), 2);
    let settled = at(&expire(CALL), 2 * HOUR + SECOND);
    assert_eq!(of_kind(&settled, 24)[0].u64_at(8), 5, "what the average is above the strike");
    assert_eq!(at(&expire(CALL), 2 * HOUR + SECOND)[0].code(), Outcome::MarketExpired as u16);
    assert_eq!((lots(&state, 3, FUTURE), lots(&state, 4, CALL)), (0, 0));
    // +5 ticks on the future, -3 on the call, ten lots each at 10; less fees of 1 + 1 as maker.
    assert_eq!(available(&state, 3), 600 * 700 + 500 - 300 - 1 - 1);
    check_derivatives(&state);
}

#[test]
fn an_account_short_of_margin_loses_its_orders_then_half_of_its_position_a_round() {
    let mut state = open_derivatives(60);
    code(&mut state, &trade_on(FUTURE, 3, 1, BUY, 100, 100));
    code(&mut state, &trade_on(FUTURE, 4, 1, SELL, 100, 100));
    code(&mut state, &trade_on(FUTURE, 5, 1, BUY, 70, 60));
    code(&mut state, &trade_on(FUTURE, 3, 2, BUY, 60, 1));
    let events = apply(&mut state, &index_price(70), SECOND);
    assert_eq!(closed(&events)[0], (4, 1, 8), "its order first");
    let offered = of_kind(&events, 2)[0];
    assert_eq!((offered.u64_at(32), offered.body[41]), (50, 6), "half of it, by the engine's own order");
    assert_eq!(lots(&state, 3, FUTURE), 50);
    assert!(available(&state, INSURANCE) > 0, "the fee is the insurance fund's");
    check_derivatives(&state);
}

#[test]
fn the_insurance_fund_takes_over_what_it_can_pay_for() {
    let mut state = open_derivatives(60);
    code(&mut state, &trade_on(FUTURE, 3, 1, BUY, 100, 100));
    code(&mut state, &trade_on(FUTURE, 4, 1, SELL, 100, 100));
    code(&mut state, &trade_on(FUTURE, 5, 1, BUY, 59, 100));
    for (ticks, left) in [(60, 50), (59, 25)] {
        apply(&mut state, &index_price(ticks), SECOND);
        assert_eq!(lots(&state, 3, FUTURE), left);
    }
    let fund = available(&state, INSURANCE);
    assert!(fund > 0);
    apply(&mut state, &cancel(5, 3), SECOND);
    let mut taken = 0;
    for ticks in (1..59).rev() {
        let events = apply(&mut state, &index_price(ticks), SECOND);
        taken += of_kind(&events, 26).len();
        check_derivatives(&state);
        if lots(&state, 3, FUTURE) == 0 {
            break;
        }
    }
    assert_eq!((taken, lots(&state, INSURANCE, FUTURE)), (1, 25));
    assert_eq!((available(&state, 3), state.equity(AccountId(3))), (0, I256::ZERO));
}

#[test]
fn positions_that_cancel_out_in_the_insurance_fund_are_realised_at_once() {
    let mut state = open_derivatives(60);
    code(&mut state, &trade_on(FUTURE, 3, 1, BUY, 100, 100));
    code(&mut state, &trade_on(FUTURE, 4, 1, SELL, 100, 25));
    code(&mut state, &trade_on(FUTURE, 6, 1, SELL, 100, 75));
    code(&mut state, &trade_on(FUTURE, 5, 1, BUY, 59, 100));
    apply(&mut state, &[index_price(60), index_price(59), cancel(5, 4)].concat(), SECOND);
    for ticks in (40..59).rev() {
        apply(&mut state, &index_price(ticks), SECOND);
    }
    assert_eq!((lots(&state, INSURANCE, FUTURE), lots(&state, 4, FUTURE)), (25, -25));
    assert_eq!(code(&mut state, &withdraw(4, QUOTE, 2, 30_000)), 0);
    let events = apply(&mut state, &index_price(149), SECOND);
    assert_eq!(of_kind(&events, 26).len(), 1);
    assert_eq!((lots(&state, INSURANCE, FUTURE), lots(&state, 4, FUTURE)), (0, 0));
    check_derivatives(&state);
}

#[test]
fn without_insurance_the_most_profitable_counterparties_pay_and_nobody_ends_below_zero() {
    let mut state = open_derivatives(60);
    code(&mut state, &trade_on(FUTURE, 4, 1, SELL, 100, 60));
    code(&mut state, &trade_on(FUTURE, 5, 1, SELL, 99, 40));
    code(&mut state, &trade_on(FUTURE, 3, 1, BUY, 100, 100));
    let events = apply(&mut state, &index_price(40), SECOND);
    let closed: Vec<(u32, u64)> = of_kind(&events, 27)
        .iter()
        .map(|event| (u32::from_le_bytes(event.body[8..12].try_into().unwrap()), event.u64_at(16)))
        .collect();
    assert_eq!(closed, [(4, 60), (5, 40)], "the higher entry profits more");
    let charged: u64 = of_kind(&events, 27).iter().map(|event| event.u64_at(32)).sum();
    assert!(charged > 0);
    assert_eq!((lots(&state, 3, FUTURE), state.equity(AccountId(3))), (0, I256::ZERO));
    assert!(state.positions().debt(AccountId(3)) == Cash(0));
    check_derivatives(&state);
}

#[test]
fn collateral_counts_below_its_price_and_is_sold_to_the_fund_for_a_debt() {
    let mut state = open_derivatives(60);
    assert_eq!(code(&mut state, &set_collateral(QUOTE, 0, 1)), Outcome::SettlementAssetOther as u16);
    // 60 lots of 1,000 base each, at 0.5 quote, half of which counts.
    assert_eq!(code(&mut state, &set_collateral(BASE, 500_000, 5 * 10u128.pow(17))), 0);
    assert_eq!(state.equity(AccountId(3)), I256::new(42_000 + 15_000));
    check_derivatives(&state);
}

#[derive(Clone, Debug)]
enum Move {
    Order { account: u32, market: u32, side: u8, away: u64, lots: u64, instructions: u8, kind: (u8, u8) },
    Amend { account: u32, back: u64, away: u64, lots: u64 },
    Cancel { account: u32, back: u64 },
    Index { ticks: u64 },
    Marks { mark: u64 },
    Collateral { price: u128 },
    Withdraw { account: u32, asset: u32, amount: u128 },
    Expire { market: u32 },
    Seal,
}

fn moves() -> impl Strategy<Value = Move> {
    let kinds = prop_oneof![4 => Just((0, 0)), 2 => Just((0, 1)), 1 => Just((0, 2)), 1 => Just((3, 0))];
    let instructions = prop_oneof![5 => Just(0), 2 => Just(4u8), 1 => Just(PROTECTED)];
    let order = (ACCOUNTS, 0..3u32, 0..2u8, 0..30u64, 1..60u64, instructions, kinds).prop_map(
        |(account, market, side, away, lots, instructions, kind)| Move::Order {
            account,
            market,
            side,
            away,
            lots,
            instructions,
            kind,
        },
    );
    let amend = (ACCOUNTS, 0..9u64, 0..30u64, 1..60u64).prop_map(|(account, back, away, lots)| Move::Amend {
        account,
        back,
        away,
        lots,
    });
    let index = prop_oneof![3 => 80..125u64, 1 => 20..300u64].prop_map(|ticks| Move::Index { ticks });
    prop_oneof![
        14 => order,
        3 => amend,
        2 => (ACCOUNTS, 0..9u64).prop_map(|(account, back)| Move::Cancel { account, back }),
        4 => index,
        2 => (0..40u64).prop_map(|mark| Move::Marks { mark }),
        1 => (0..2u128).prop_map(|price| Move::Collateral { price: price * 10u128.pow(18) }),
        2 => (ACCOUNTS, 0..2u32, 1..9_000u128)
            .prop_map(|(account, asset, amount)| Move::Withdraw { account, asset, amount }),
        1 => (1..3u32).prop_map(|market| Move::Expire { market }),
        1 => Just(Move::Seal),
    ]
}

fn record_of(step: &Move, client_id: u64, orders: u64) -> Vec<u8> {
    match *step {
        Move::Order {
            account,
            market,
            side,
            away,
            lots,
            instructions,
            kind: (order_type, time_in_force),
        } => {
            let middle = if market == CALL { 20 } else { 100 };
            let ticks = middle + away - 15;
            let instructions =
                if order_type == 0 && time_in_force == 0 || instructions == 4 { instructions } else { 0 };
            let trigger = if order_type == 3 { 85 + away } else { 0 };
            let order = limit(account, client_id, side, ticks.max(1), lots);
            on(market, Order { order_type, time_in_force, instructions, trigger, self_trade: 1, ..order })
        }
        Move::Amend { account, back, away, lots } => {
            amend(account, orders.saturating_sub(back), client_id, 85 + away, lots)
        }
        Move::Cancel { account, back } => cancel(account, orders.saturating_sub(back)),
        Move::Index { ticks } => index_price(ticks),
        Move::Marks { mark } => option_marks(CALL, mark, 2),
        Move::Collateral { price } => set_collateral(BASE, 300_000, price),
        Move::Withdraw { account, asset, amount } => withdraw(account, asset, client_id, amount),
        Move::Expire { market } => expire(market),
        Move::Seal => seal(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn money_and_lots_are_conserved_whatever_the_index_does(
        flow in prop::collection::vec((moves(), 0..200u64), 1..140)
    ) {
        let mut state = open_derivatives(60);
        let (mut orders, mut now) = (0, SECOND);
        for (number, (step, seconds)) in flow.iter().enumerate() {
            now += seconds * SECOND / 4;
            let record = record_of(step, number as u64 + 1, orders);
            let events = apply(&mut state, &record, now);
            orders += of_kind(&events, 2).len() as u64;
            check_derivatives(&state);
            let restored = State::decode(&state.encode()).expect("an encoding");
            prop_assert_eq!(restored.digest(), state.digest());
            for account in ACCOUNTS.map(AccountId) {
                prop_assert_eq!(restored.margin(account), state.margin(account), "margin survives a snapshot");
                let resolved = events.iter().any(|event| matches!(event.kind, 26..=28));
                if resolved && !state.positions().has_any(account) {
                    prop_assert!(state.equity(account) >= I256::ZERO);
                }
            }
            for side in [Side::Buy, Side::Sell] {
                for market in [MarketId(FUTURE), MarketId(CALL)] {
                    prop_assert!(state.books().queue(market, side).all(|order| order.lots > Lots(0)));
                }
            }
        }
    }
}
