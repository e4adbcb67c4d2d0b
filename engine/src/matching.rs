//! Orders: judging, holding, matching by price and time, settling each fill.

use crate::account::FEES;
use crate::book::Order;
use crate::command::{MarketStatus, MarketTerms, OrderType, Place, Side, TimeInForce};
use crate::event::{CloseReason, Events, Trade};
use crate::outcome::{Outcome, Refusal, refuse_if};
use crate::request::Remembered;
use crate::state::State;
use crate::units::*;

const TICKS_MAX: Ticks = Ticks(10u64.pow(12));

/// The order that is being matched.
struct Taker<'a> {
    id: OrderId,
    place: &'a Place,
    terms: MarketTerms,
    left: Lots,
}

/// A fill's two accounts, by what they give.
struct Parties {
    buyer: AccountId,
    seller: AccountId,
    buyer_limit: Ticks,
    buyer_fee: Cash,
    seller_fee: Cash,
}

impl State {
    /// Judges an order; what it must hold.
    pub(crate) fn check_place(&self, place: &Place) -> Result<Cash, Refusal> {
        refuse_if(!self.ledger.is_user(place.account), Outcome::AccountUnknown)?;
        self.requests.check(place.account, place.client_id, place.expires_at, self.now)?;
        let market = self.listings.market(place.market)?;
        refuse_if(market.status == MarketStatus::Halted, Outcome::MarketHalted)?;
        refuse_if(place.lots == Lots(0), Outcome::QuantityZero)?;
        refuse_if(place.lots > market.terms.max_lots, Outcome::QuantityTooLarge)?;
        refuse_if(place.ticks == Ticks(0), Outcome::PriceZero)?;
        refuse_if(place.ticks > TICKS_MAX, Outcome::PriceTooLarge)?;
        let notional =
            market.terms.tick.notional(place.lots, place.ticks).ok_or(Outcome::NotionalOverflow)?;
        let hold = match place.side {
            Side::Buy => notional,
            Side::Sell => market.terms.lot.base(place.lots).ok_or(Outcome::FundsShort)?,
        };
        let available = self.ledger.available(place.account, held_asset(&market.terms, place.side));
        refuse_if(available < hold, Outcome::FundsShort)?;
        Ok(hold)
    }

    /// Accepts an order that was judged: holds, matches, and lets the rest join the book or go.
    pub(crate) fn place(&mut self, place: &Place, hold: Cash, kind: u16, events: &mut Events) {
        let terms = self.listings.markets()[place.market.0 as usize].terms;
        self.last_order = self.last_order.next();
        let id = self.last_order;
        self.ledger.hold(place.account, held_asset(&terms, place.side), hold);
        self.requests.remember(
            place.account,
            place.client_id,
            Remembered { expires_at: place.expires_at, id: id.0 },
        );
        events.outcome(Outcome::Accepted, kind, id.0, self.now);
        events.order_accepted(id, place);
        let mut taker = Taker { id, place, terms, left: place.lots };
        while taker.left > Lots(0) {
            let best = self.books.best(place.market, place.side.opposite());
            let Some(maker) = best.filter(|maker| place.side.reaches(place.ticks, maker.ticks)).copied()
            else {
                break;
            };
            self.fill(&mut taker, &maker, events);
        }
        self.finish(&taker, events);
    }

    fn fill(&mut self, taker: &mut Taker, maker: &Order, events: &mut Events) {
        let lots = taker.left.min(maker.lots);
        self.last_trade = self.last_trade.next();
        let (maker_fee, taker_fee) = self.settle(taker, maker, lots);
        events.trade(&Trade {
            id: self.last_trade,
            market: maker.market,
            taker_side: taker.place.side,
            maker_order: maker.id,
            taker_order: taker.id,
            maker: maker.account,
            taker: taker.place.account,
            ticks: maker.ticks,
            lots,
            maker_fee,
            taker_fee,
        });
        taker.left = taker.left - lots;
        if self.books.shrink(maker.id, lots) == Lots(0) {
            events.order_closed(maker.id, maker.account, maker.market, Lots(0), CloseReason::Filled);
        }
    }

    /// Moves a fill's money; the maker's and the taker's fee.
    fn settle(&mut self, taker: &Taker, maker: &Order, lots: Lots) -> (Cash, Cash) {
        let MarketTerms { base, quote, lot, tick, maker_fee, taker_fee, .. } = taker.terms;
        let amount = lot.base(lots).expect("within the seller's hold");
        let notional = tick.notional(lots, maker.ticks).expect("within the buyer's hold");
        let taker_buys = taker.place.side == Side::Buy;
        let (buyer_rate, seller_rate) =
            if taker_buys { (taker_fee, maker_fee) } else { (maker_fee, taker_fee) };
        let (buyer_fee, seller_fee) = (buyer_rate.fee_up(amount), seller_rate.fee_up(notional));
        let parties = if taker_buys {
            let buyer_limit = taker.place.ticks;
            Parties { buyer: taker.place.account, seller: maker.account, buyer_limit, buyer_fee, seller_fee }
        } else {
            Parties {
                buyer: maker.account,
                seller: taker.place.account,
                buyer_limit: maker.ticks,
                buyer_fee,
                seller_fee,
            }
        };
        let held = tick.notional(lots, parties.buyer_limit).expect("within the buyer's hold");
        self.ledger.spend(parties.buyer, quote, notional, held - notional);
        self.ledger.spend(parties.seller, base, amount, Cash(0));
        self.ledger.credit(parties.buyer, base, amount - parties.buyer_fee);
        self.ledger.credit(parties.seller, quote, notional - parties.seller_fee);
        self.ledger.credit(FEES, base, parties.buyer_fee);
        self.ledger.credit(FEES, quote, parties.seller_fee);
        if taker_buys { (seller_fee, buyer_fee) } else { (buyer_fee, seller_fee) }
    }

    fn finish(&mut self, taker: &Taker, events: &mut Events) {
        let Taker { id, place, left, .. } = *taker;
        let rests =
            place.order_type == OrderType::Limit && place.time_in_force == TimeInForce::GoodTillCancel;
        if left == Lots(0) {
            events.order_closed(id, place.account, place.market, left, CloseReason::Filled);
        } else if rests {
            let place_of = (place.account, place.market, place.side);
            self.books.join(Order::new(id, place.client_id, place_of, place.ticks, left));
        } else {
            self.ledger.release(
                place.account,
                held_asset(&taker.terms, place.side),
                hold_of(&taker.terms, place.side, place.ticks, left),
            );
            events.order_closed(id, place.account, place.market, left, CloseReason::ImmediateRest);
        }
    }

    /// The resting order that `account` may cancel.
    pub(crate) fn check_cancel(&self, account: AccountId, order: OrderId) -> Result<(), Refusal> {
        refuse_if(!self.ledger.is_user(account), Outcome::AccountUnknown)?;
        let own = self.books.order(order).is_some_and(|resting| resting.account == account);
        refuse_if(!own, Outcome::OrderUnknown)
    }

    /// Takes a resting order out and returns its hold.
    pub(crate) fn cancel(&mut self, order: OrderId, kind: u16, events: &mut Events) {
        let Order { account, market, side, ticks, lots, .. } =
            self.books.leave(order).expect("checked to rest");
        let terms = self.listings.markets()[market.0 as usize].terms;
        self.ledger.release(account, held_asset(&terms, side), hold_of(&terms, side, ticks, lots));
        events.outcome(Outcome::Accepted, kind, order.0, self.now);
        events.order_closed(order, account, market, lots, CloseReason::Cancelled);
    }
}

fn held_asset(terms: &MarketTerms, side: Side) -> AssetId {
    match side {
        Side::Buy => terms.quote,
        Side::Sell => terms.base,
    }
}

fn hold_of(terms: &MarketTerms, side: Side, ticks: Ticks, lots: Lots) -> Cash {
    let hold = match side {
        Side::Buy => terms.tick.notional(lots, ticks),
        Side::Sell => terms.lot.base(lots),
    };
    hold.expect("part of a hold that was accepted")
}
