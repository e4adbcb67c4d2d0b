//! The `orderbook-rs` crate. What it trades is told to a listener, which is called within the submission.

use std::sync::{Arc, Mutex};

use orderbook_rs::prelude::*;
use peers::{Action, Kind, Trades, drive};
use pricelevel::{OrderUpdate, Price};

/// Maker, ticks and lots of each trade of the action that is being performed.
type Tape = Arc<Mutex<Vec<(u64, u64, u64)>>>;

fn listening(tape: &Tape) -> OrderBook<()> {
    let tape = Arc::clone(tape);
    let listener = move |result: &TradeResult| {
        let mut tape = tape.lock().expect("one thread");
        for trade in result.match_result.trades().as_vec() {
            let maker = trade.maker_order_id().as_u64().expect("our ids are numbers");
            tape.push((maker, trade.price().as_u128() as u64, trade.quantity().as_u64()));
        }
    };
    OrderBook::with_trade_listener("BENCH", Arc::new(listener))
}

fn perform(book: &OrderBook<()>, action: &Action) {
    let id = Id::sequential(action.order);
    let side = if action.buys { Side::Buy } else { Side::Sell };
    let limit = |lasts| drop(book.add_limit_order(id, u128::from(action.ticks), action.lots, side, lasts, None));
    match action.kind {
        Kind::Place => limit(TimeInForce::Gtc),
        // What an immediate order leaves over is an error here; the trades before it stand.
        Kind::Take => limit(TimeInForce::Ioc),
        Kind::Cancel => drop(book.cancel_order(id)),
        Kind::Modify => {
            let new_price = Price::new(u128::from(action.ticks));
            drop(book.update_order(OrderUpdate::UpdatePrice { order_id: id, new_price }));
        }
    }
}

fn main() {
    let tape = Tape::default();
    let book = listening(&tape);
    drive(|_, action: &Action, trades: &mut Trades| {
        perform(&book, action);
        for (maker, ticks, lots) in tape.lock().expect("one thread").drain(..) {
            trades.add(maker, action.order, ticks, lots);
        }
    });
}
