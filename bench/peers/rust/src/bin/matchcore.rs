//! The `matchcore` crate. Its order ids are the sequence numbers of submissions, so the driver keeps both ways' names.
//!
//! Version 0.4.0 matches an order that crosses without regard to its limit (`submit_crossable_order` and `amend_limit_order`
//! pass no limit price on), so its trades would go beyond what was ordered. The driver therefore cuts a crossing order at
//! what rests within its limit, and submits what is left of it afterwards, when it crosses no more.

use matchcore::*;
use peers::{Action, Kind, Trades, drive};

struct Desk {
    book: OrderBook,
    sequence: u64,
    /// Their id of each of our orders.
    theirs: Vec<OrderId>,
    /// Our order of each of their sequence numbers.
    ours: Vec<u64>,
}

impl Desk {
    fn execute(&mut self, ours: u64, kind: CommandKind, trades: &mut Trades) {
        let number = self.sequence;
        self.sequence += 1;
        self.ours.push(ours);
        let meta = CommandMeta { sequence_number: SequenceNumber(number), timestamp: Timestamp(number) };
        let outcome = self.book.execute(&Command { meta, kind });
        let CommandOutcome::Applied(CommandReport::Submit(effects) | CommandReport::Amend(effects)) = &outcome else {
            return;
        };
        for trade in effects.target_order().match_result().map_or(&[][..], MatchResult::trades) {
            let maker = self.ours[trade.maker_order_id().0 as usize];
            trades.add(maker, ours, trade.price().0, trade.quantity().0);
        }
    }

    fn submit(&mut self, action: &Action, lots: u64, lasts: TimeInForce, trades: &mut Trades) {
        let ours = action.order as usize;
        if self.theirs.len() <= ours {
            self.theirs.resize(ours + 1, OrderId(u64::MAX));
        }
        self.theirs[ours] = OrderId(self.sequence);
        let side = if action.buys { Side::Buy } else { Side::Sell };
        let quantity_policy = QuantityPolicy::Standard { quantity: Quantity(lots) };
        let limit = LimitOrder::new(Price(action.ticks), quantity_policy, OrderFlags::new(side, false, lasts));
        self.execute(action.order, CommandKind::Submit(SubmitCmd { order: NewOrder::Limit(limit) }), trades);
    }

    fn cancel(&mut self, action: &Action, trades: &mut Trades) {
        let order_id = self.theirs[action.order as usize];
        let cancel = CancelCmd { order_id, order_kind: OrderKind::Limit };
        self.execute(action.order, CommandKind::Cancel(cancel), trades);
    }

    /// Submits an order, or what of it can trade within its limit and then the rest of it.
    fn place(&mut self, action: &Action, lasts: TimeInForce, trades: &mut Trades) {
        if !self.crosses(action) {
            return self.submit(action, action.lots, lasts, trades);
        }
        let within = self.within(action);
        if within >= action.lots {
            return self.submit(action, action.lots, lasts, trades);
        }
        self.submit(action, within, TimeInForce::Ioc, trades);
        if lasts == TimeInForce::Gtc {
            self.submit(action, action.lots - within, lasts, trades);
        }
    }

    fn modify(&mut self, action: &Action, trades: &mut Trades) {
        if self.crosses(action) {
            self.cancel(action, trades);
            return self.place(action, TimeInForce::Gtc, trades);
        }
        let patch = AmendPatch::Limit(LimitOrderPatch::new().with_price(Price(action.ticks)));
        let order_id = self.theirs[action.order as usize];
        self.execute(action.order, CommandKind::Amend(AmendCmd { order_id, patch }), trades);
    }

    fn crosses(&self, action: &Action) -> bool {
        match action.buys {
            true => self.book.best_ask_price().is_some_and(|best| best.0 <= action.ticks),
            false => self.book.best_bid_price().is_some_and(|best| best.0 >= action.ticks),
        }
    }

    /// How many lots rest within an order's limit, as far as it wants them.
    fn within(&self, action: &Action) -> u64 {
        let (limit, book) = (Price(action.ticks), self.book.limit());
        let mut lots = 0;
        let mut add = |level: &PriceLevel| {
            lots += level.total_quantity().0;
            lots < action.lots
        };
        if action.buys {
            let _ = book.asks().range(..=limit).all(|(_, level)| add(&book.levels()[*level]));
        } else {
            let _ = book.bids().range(limit..).rev().all(|(_, level)| add(&book.levels()[*level]));
        }
        lots.min(action.lots)
    }
}

fn main() {
    let mut desk =
        Desk { book: OrderBook::new("BENCH"), sequence: 0, theirs: Vec::new(), ours: Vec::new() };
    drive(|_, action: &Action, trades: &mut Trades| match action.kind {
        Kind::Place => desk.place(action, TimeInForce::Gtc, trades),
        Kind::Take => desk.place(action, TimeInForce::Ioc, trades),
        Kind::Cancel => desk.cancel(action, trades),
        Kind::Modify => desk.modify(action, trades),
    });
}
