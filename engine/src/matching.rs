//! Matching: an order against the book, by price, then queue, and the settling of each fill.

use crate::account::FEES;
use crate::admission::Admitted;
use crate::book::Order;
use crate::command::{KIND_PLACE, MarketTerms, Place};
use crate::conditional::Conditional;
use crate::event::{CloseReason, Events, Trade};
use crate::instrument::InstrumentId;
use crate::order::{Instructions, SelfTrade, Side};
use crate::outcome::Outcome;
use crate::request::Remembered;
use crate::self_trade::Met;
use crate::state::State;
use crate::units::*;

/// The order that is being matched; its lots are what is left of it.
pub(crate) struct Taker {
    pub(crate) order: Order,
    pub(crate) client_id: ClientId,
    pub(crate) instrument: Option<InstrumentId>,
    /// Whether what is left joins the book.
    pub(crate) rests: bool,
    /// The fee that the insurance fund gets instead of the taker's fee, when this is its order.
    pub(crate) liquidation_fee: Option<Ppm>,
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
    /// Accepts an order that was judged: holds, then matches, or waits for its trigger.
    pub(crate) fn place(&mut self, place: &Place, admitted: Admitted, events: &mut Events) {
        self.last_order = self.last_order.next();
        let id = self.last_order;
        self.books.expect_join(place.account, place.market, place.side, admitted.ticks);
        self.requests.remember(
            place.account,
            place.client_id,
            Remembered { expires_at: place.expires_at, id: id.0 },
        );
        events.outcome(Outcome::Accepted, KIND_PLACE, id.0, self.now);
        events.order_accepted(id, place, admitted.ticks);
        let place_of = (place.account, place.market, place.side);
        let order = Order::new(id, place_of, admitted.ticks, place.lots).on_terms(place.terms);
        let Place { client_id, order_type, time_in_force, trigger, .. } = *place;
        let mut taker = self.taker((order, client_id), !order_type.is_market() && time_in_force.rests());
        self.hold(&taker.order, admitted.hold);
        if self.is_active(place) {
            self.work(&mut taker, events);
        } else {
            let order = taker.order;
            self.waiting.join(Conditional { order, client_id, order_type, time_in_force, trigger });
        }
    }

    /// An order that is to be matched.
    #[inline(always)]
    pub(crate) fn taker(&self, (order, client_id): (Order, ClientId), rests: bool) -> Taker {
        let market = &self.listings.markets()[order.market.0 as usize];
        Taker { order, client_id, instrument: market.instrument, rests, liquidation_fee: None }
    }

    /// Matches an order until it is filled, closed, or finds nothing more to trade with.
    pub(crate) fn work(&mut self, taker: &mut Taker, events: &mut Events) {
        if taker.order.terms.instructions.has(Instructions::REDUCE_ONLY) && !self.clip_taker(taker, events) {
            return;
        }
        while taker.order.lots > Lots(0) {
            let best = self.books.best(taker.order.market, taker.order.side.opposite());
            let crossing = best.filter(|maker| taker.order.side.reaches(taker.order.ticks, maker.ticks));
            let Some(maker) = crossing.copied() else { break };
            if let Some(reason) = self.why_dead(&maker) {
                self.close_resting(maker.id, reason, events);
            } else if maker.terms.instructions.has(Instructions::REDUCE_ONLY)
                && !self.clip_maker(&maker, events)
            {
                continue;
            } else if maker.account == taker.order.account
                && taker.order.terms.self_trade != SelfTrade::Permit
            {
                if self.prevent_self_trade(taker, &maker, events) == Met::Closed {
                    return;
                }
            } else {
                self.fill(taker, &maker, events);
            }
        }
        self.finish(taker, events);
    }

    fn fill(&mut self, taker: &mut Taker, maker: &Order, events: &mut Events) {
        self.books.expect_filled(maker);
        let lots = taker.order.lots.min(maker.lots);
        self.last_trade = self.last_trade.next();
        let (maker_fee, taker_fee) = match taker.instrument {
            None => self.settle(taker, maker, lots),
            Some(instrument) => self.settle_derivative(instrument, taker, maker, lots),
        };
        events.trade(&Trade {
            id: self.last_trade,
            market: maker.market,
            taker_side: taker.order.side,
            maker_order: maker.id,
            taker_order: taker.order.id,
            maker: maker.account,
            taker: taker.order.account,
            ticks: maker.ticks,
            lots,
            maker_fee,
            taker_fee,
        });
        taker.order.lots = taker.order.lots - lots;
        if self.books.shrink_best(maker.market, maker.side, lots) == Lots(0) {
            events.order_closed(maker, Lots(0), CloseReason::Filled);
        }
        if maker.terms.instructions.has(Instructions::PROTECTED) {
            self.count_protected(maker, lots, events);
        }
    }

    /// Moves a fill's money; the maker's and the taker's fee.
    fn settle(&mut self, taker: &Taker, maker: &Order, lots: Lots) -> (Cash, Cash) {
        let taker = &taker.order;
        let MarketTerms { base, quote, lot, tick, maker_fee, taker_fee, .. } =
            self.listings.markets()[maker.market.0 as usize].terms;
        let amount = lot.base(lots).expect("within the seller's hold");
        let notional = tick.notional(lots, maker.ticks).expect("within the buyer's hold");
        let taker_buys = taker.side == Side::Buy;
        let (buyer_rate, seller_rate) =
            if taker_buys { (taker_fee, maker_fee) } else { (maker_fee, taker_fee) };
        let (buyer_fee, seller_fee) = (buyer_rate.fee_up(amount), seller_rate.fee_up(notional));
        let (buyer, seller) = if taker_buys { (taker, maker) } else { (maker, taker) };
        let parties = Parties {
            buyer: buyer.account,
            seller: seller.account,
            buyer_limit: buyer.ticks,
            buyer_fee,
            seller_fee,
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
        if taker.order.lots == Lots(0) {
            events.order_closed(&taker.order, Lots(0), CloseReason::Filled);
        } else if taker.rests {
            self.books.join(&taker.order, taker.client_id);
        } else {
            self.close_order(&taker.order, CloseReason::ImmediateRest, events);
        }
    }
}
