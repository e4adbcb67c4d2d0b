//! What open orders keep: money in a spot market, a reserve of margin in a derivative one.

use crate::book::Order;
use crate::command::MarketTerms;
use crate::order::Side;
use crate::state::State;
use crate::units::*;

impl State {
    /// Holds what an order was judged to need: an amount, or in a derivative market a reserve per lot.
    #[inline]
    pub(crate) fn hold(&mut self, order: &Order, needed: Cash) {
        let market = &self.listings.markets()[order.market.0 as usize];
        match market.instrument {
            None => self.ledger.hold(order.account, held_asset(&market.terms, order.side), needed),
            Some(_) => self.reserves.add(order, needed),
        }
    }

    /// Gives back what `lots` of an order hold.
    #[inline]
    pub(crate) fn release(&mut self, order: &Order, lots: Lots) {
        let market = &self.listings.markets()[order.market.0 as usize];
        if market.instrument.is_some() {
            return self.reserves.free(order.id, lots);
        }
        let amount = hold_of(&market.terms, order.side, order.ticks, lots);
        self.ledger.release(order.account, held_asset(&market.terms, order.side), amount);
    }
}

/// The asset that an order of one side holds in a spot market.
#[inline(always)]
pub(crate) fn held_asset(terms: &MarketTerms, side: Side) -> AssetId {
    match side {
        Side::Buy => terms.quote,
        Side::Sell => terms.base,
    }
}

/// What `lots` at a price hold in a spot market, of a hold that was accepted.
#[inline]
pub(crate) fn hold_of(terms: &MarketTerms, side: Side, ticks: Ticks, lots: Lots) -> Cash {
    let hold = match side {
        Side::Buy => terms.tick.notional(lots, ticks),
        Side::Sell => terms.lot.base(lots),
    };
    hold.expect("part of a hold that was accepted")
}
