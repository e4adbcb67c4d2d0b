//! Index prices and option marks: what moves the marks, and with them triggers and liquidations.

use crate::event::Events;
use crate::instrument::{InstrumentId, OptionMarks};
use crate::order::{Side, TICKS_MAX};
use crate::outcome::{Outcome, Refusal, refuse_if};
use crate::state::State;
use crate::units::*;

impl State {
    /// Judges an index price.
    pub(crate) fn check_index(&self, underlying: UnderlyingId, ticks: Ticks) -> Result<(), Refusal> {
        let known = (underlying.0 as usize) < self.derivatives.underlyings.len();
        refuse_if(!known, Outcome::UnderlyingUnknown)?;
        refuse_if(ticks == Ticks(0), Outcome::PriceZero)?;
        refuse_if(ticks > TICKS_MAX, Outcome::PriceTooLarge)
    }

    /// Sets an index price, marks what follows from it, triggers, and liquidates.
    pub(crate) fn set_index(&mut self, id: UnderlyingId, ticks: Ticks, kind: u16, events: &mut Events) {
        let unsettled = self.derivatives.underlying(id).unsettled.clone();
        for instrument in &unsettled {
            self.accumulate(*instrument);
        }
        let now = self.now;
        let underlying = &mut self.derivatives.underlyings[id.0 as usize];
        if underlying.index.is_none() {
            underlying.first_at = now;
        }
        (underlying.index, underlying.index_at) = (Some(ticks), now);
        events.outcome(Outcome::Accepted, kind, u64::from(id.0), now);
        events.index_changed(id, ticks);
        for instrument in &unsettled {
            self.remark(*instrument, events);
        }
        for instrument in &unsettled {
            self.trigger(self.derivatives.instrument(*instrument).market, events);
        }
        self.liquidate_exposed(id, events);
    }

    /// Adds to an instrument's average how long the index has stood.
    pub(crate) fn accumulate(&mut self, id: InstrumentId) {
        let instrument = self.derivatives.instrument(id);
        let underlying = self.derivatives.underlying(instrument.underlying);
        self.derivatives.instruments[id.0 as usize].average_sum =
            instrument.average_sum_at(underlying, self.now);
    }

    /// Finds an instrument's mark anew, if it has one.
    fn remark(&mut self, id: InstrumentId, events: &mut Events) {
        let instrument = *self.derivatives.instrument(id);
        let underlying = self.derivatives.underlying(instrument.underlying);
        let best = |side| self.books.best(instrument.market, side).map(|order| order.ticks);
        let mark = match (instrument.kind.is_option(), instrument.given) {
            (false, _) if underlying.index.is_none() => None,
            (false, _) => Some(instrument.fair(underlying, best(Side::Buy), best(Side::Sell))),
            (true, given) => given.map(|given| given.mark),
        };
        let mark = mark.map(|mark| instrument.blend_down(mark, underlying, self.now));
        let market = &mut self.listings.markets[instrument.market.0 as usize];
        if let Some(new) = mark.filter(|_| mark != market.mark) {
            market.mark = mark;
            events.mark_changed(instrument.market, new);
        }
        self.refresh_changes(id);
    }

    /// Brings what margin knows of an instrument up to its mark and index.
    pub(crate) fn refresh_changes(&mut self, id: InstrumentId) {
        let instrument = &mut self.derivatives.instruments[id.0 as usize];
        let mark = self.listings.markets[instrument.market.0 as usize].mark_or_zero();
        instrument.refresh_changes(&self.derivatives.underlyings[instrument.underlying.0 as usize], mark);
    }

    /// Judges an option's marks; the option.
    pub(crate) fn check_marks(&self, market: MarketId, marks: &OptionMarks) -> Result<InstrumentId, Refusal> {
        let instrument = self.listings.market(market)?.instrument;
        let option = instrument.filter(|id| self.derivatives.instrument(*id).kind.is_option());
        let id = option.ok_or(Outcome::MarketKindWrong)?;
        refuse_if(self.derivatives.instrument(id).settled.is_some(), Outcome::MarketExpired)?;
        let large = marks.mark > TICKS_MAX || marks.values.iter().any(|value| *value > TICKS_MAX);
        refuse_if(large, Outcome::PriceTooLarge)?;
        Ok(id)
    }

    /// Sets an option's marks, triggers, and liquidates.
    pub(crate) fn set_marks(
        &mut self,
        id: InstrumentId,
        marks: &OptionMarks,
        kind: u16,
        events: &mut Events,
    ) {
        let instrument = &mut self.derivatives.instruments[id.0 as usize];
        instrument.given = Some(*marks);
        let (market, underlying) = (instrument.market, instrument.underlying);
        events.outcome(Outcome::Accepted, kind, u64::from(market.0), self.now);
        events.option_marked(market, marks);
        self.remark(id, events);
        self.trigger(market, events);
        self.liquidate_exposed(underlying, events);
    }
}
