//! The `matchcore` crate. Its order ids are its own (the sequence numbers of submissions), so the driver keeps both ways' names.

use matchcore::*;
use peers::{Action, Kind, Trades, drive};

fn order(action: &Action) -> CommandKind {
    let side = if action.buys { Side::Buy } else { Side::Sell };
    let lasts = if action.kind == Kind::Take { TimeInForce::Ioc } else { TimeInForce::Gtc };
    let quantity_policy = QuantityPolicy::Standard { quantity: Quantity(action.lots) };
    let limit = LimitOrder::new(Price(action.ticks), quantity_policy, OrderFlags::new(side, false, lasts));
    CommandKind::Submit(SubmitCmd { order: NewOrder::Limit(limit) })
}

fn command(action: &Action, id: OrderId) -> CommandKind {
    match action.kind {
        Kind::Place | Kind::Take => order(action),
        Kind::Cancel => CommandKind::Cancel(CancelCmd { order_id: id, order_kind: OrderKind::Limit }),
        Kind::Modify => {
            let patch = AmendPatch::Limit(LimitOrderPatch::new().with_price(Price(action.ticks)));
            CommandKind::Amend(AmendCmd { order_id: id, patch })
        }
    }
}

fn main() {
    let mut book = OrderBook::new("BENCH");
    let (mut theirs, mut ours) = (vec![OrderId(0)], vec![0u64]);
    drive(|number, action: &Action, trades: &mut Trades| {
        ours.push(action.order);
        if matches!(action.kind, Kind::Place | Kind::Take) {
            theirs.push(OrderId(number));
        }
        let meta = CommandMeta { sequence_number: SequenceNumber(number), timestamp: Timestamp(number) };
        let kind = command(action, theirs[action.order as usize]);
        let outcome = book.execute(&Command { meta, kind });
        let CommandOutcome::Applied(CommandReport::Submit(effects) | CommandReport::Amend(effects)) = &outcome else {
            return;
        };
        for trade in effects.target_order().match_result().map_or(&[][..], MatchResult::trades) {
            let maker = ours[trade.maker_order_id().0 as usize];
            trades.add(maker, action.order, trade.price().0, trade.quantity().0);
        }
    });
}
