//! Expiry: a market's orders leave and its positions become cash at the average of the index.

use crate::event::{CloseReason, Events};
use crate::instrument::InstrumentId;
use crate::order::Side;
use crate::outcome::{Outcome, Refusal, refuse_if};
use crate::position::Position;
use crate::state::State;
use crate::units::*;

impl State {
    /// Judges an expiry; the instrument.
    pub(crate) fn check_expire(&self, market: MarketId) -> Result<InstrumentId, Refusal> {
        let id = self.listings.market(market)?.instrument.ok_or(Outcome::MarketKindWrong)?;
        let instrument = self.derivatives.instrument(id);
        refuse_if(instrument.settled.is_some(), Outcome::MarketExpired)?;
        refuse_if(self.now < instrument.expiry, Outcome::MarketNotDue)?;
        let unpriced = self.derivatives.underlying(instrument.underlying).index.is_none();
        refuse_if(unpriced, Outcome::MarketUnpriced)?;
        Ok(id)
    }

    /// Settles a market that is due.
    pub(crate) fn expire(&mut self, id: InstrumentId, kind: u16, events: &mut Events) {
        self.accumulate(id);
        let instrument = *self.derivatives.instrument(id);
        let (market, underlying) = (instrument.market, instrument.underlying);
        let average = instrument.final_average_down(self.derivatives.underlying(underlying));
        let price = instrument.payoff(average);
        self.derivatives.instruments[id.0 as usize].settled = Some(price);
        self.derivatives.underlyings[underlying.0 as usize].unsettled.retain(|other| *other != id);
        events.outcome(Outcome::Accepted, kind, u64::from(market.0), self.now);
        for order in self.orders_in(market) {
            self.close(order, CloseReason::Settled, events);
        }
        let open: Vec<Position> =
            self.positions.of_market(market).filter(|position| position.lots != 0).copied().collect();
        for position in open {
            let tick = self.listings.markets()[market.0 as usize].terms.tick;
            let worth = i128::from(position.lots) * i128::from(price.0) * i128::from(tick.0);
            let realised = worth - position.entry;
            self.positions.set(position.account, market, underlying, 0, 0);
            self.realise(position.account, realised);
            events.position_settled(&position, price, realised);
        }
        events.market_settled(market, price);
        self.liquidate_exposed(underlying, events);
    }

    /// All orders of a market, resting and waiting, by rising id.
    fn orders_in(&self, market: MarketId) -> Vec<OrderId> {
        let resting = [Side::Buy, Side::Sell].into_iter().flat_map(|side| self.books.queue(market, side));
        let mut ids: Vec<OrderId> = resting.map(|order| order.id).collect();
        ids.extend(self.waiting.of_market(market).iter().map(|waiting| waiting.order.id));
        ids.sort_unstable();
        ids
    }
}
