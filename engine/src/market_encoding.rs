//! The part of the canonical encoding that markets, their orders and positions make up.

use crate::book::Order;
use crate::collateral::Collateral;
use crate::command::{MarketStatus, MarketTerms};
use crate::conditional::Conditional;
use crate::decode::{Body, decode_marks, decode_underlying_rates};
use crate::event::Record;
use crate::instrument::{Instrument, InstrumentTerms, Kind};
use crate::listing::Market;
use crate::order::{Instructions, OrderTerms, OrderType, SelfTrade, Side, TICKS_MAX, TimeInForce};
use crate::position::{DEBT, Position};
use crate::protection::{Protection, ProtectionLimits};
use crate::state::State;
use crate::underlying::{SCENARIOS, Underlying, UnderlyingTerms};
use crate::units::*;

const SPOT: u8 = 0;
const NO_ASSET: u32 = u32::MAX;
const OWNER_BYTES: usize = size_of::<Address>();

impl State {
    pub(crate) fn encode_underlyings(&self, bytes: &mut Vec<u8>) {
        let settlement = self.derivatives.settlement.map_or(NO_ASSET, |asset| asset.0);
        Record(bytes).u32(settlement).u32(self.derivatives.underlyings.len() as u32);
        for underlying in &self.derivatives.underlyings {
            let UnderlyingTerms { name, tick, range, basis, initial, short_option, .. } = underlying.terms;
            let UnderlyingTerms { liquidation_fee, liquidation_step, .. } = underlying.terms;
            let record = Record(bytes).bytes(&name).u64(tick.0).u32(range.0).u32(basis.0).u32(initial.0);
            let record = record.u32(short_option.0).u32(liquidation_fee.0).u32(liquidation_step.0);
            record.u64(underlying.index_or_zero().0).u64(underlying.index_at.0).u64(underlying.first_at.0);
        }
        Record(bytes).u32(self.derivatives.collateral.len() as u32);
        for (asset, collateral) in &self.derivatives.collateral {
            Record(bytes).u32(asset.0).u32(collateral.haircut.0).u128(collateral.price);
        }
    }

    pub(crate) fn decode_underlyings(&mut self, body: &mut Body) -> Option<()> {
        let settlement = body.u32()?;
        self.derivatives.settlement = (settlement != NO_ASSET).then_some(AssetId(settlement));
        for _ in 0..body.u32()? {
            let (name, asset) = (body.take()?, self.derivatives.settlement?);
            let terms = decode_underlying_rates(body, name, asset)?;
            let (index, index_at, first_at) = (Ticks(body.u64()?), Nanos(body.u64()?), Nanos(body.u64()?));
            let index = Some(index).filter(|index| *index != Ticks(0));
            let underlying = Underlying { index, index_at, first_at, ..Underlying::new(terms) };
            self.derivatives.underlyings.push(underlying);
        }
        for _ in 0..body.u32()? {
            let (asset, haircut) = (AssetId(body.u32()?), Ppm(body.u32()?));
            self.derivatives.collateral.insert(asset, Collateral { haircut, price: body.u128()? });
        }
        Some(())
    }

    pub(crate) fn encode_markets(&self, bytes: &mut Vec<u8>) {
        Record(bytes).u32(self.listings.markets.len() as u32);
        for (market, id) in self.listings.markets.iter().zip(0..).map(|(market, id)| (market, MarketId(id))) {
            let MarketTerms { base, quote, lot, tick, maker_fee, taker_fee, max_lots, band } = market.terms;
            match market.instrument {
                None => {
                    Record(bytes).u8(SPOT).u32(base.0).u32(quote.0).u128(lot.0).u64(tick.0);
                }
                Some(instrument) => encode_instrument(bytes, self.derivatives.instrument(instrument)),
            }
            let record = Record(bytes).u32(maker_fee.0).u32(taker_fee.0).u64(max_lots.0).u32(band.0);
            record.u8(market.status as u8).u64(market.mark_or_zero().0);
            self.encode_queue(bytes, id, Side::Buy);
            self.encode_queue(bytes, id, Side::Sell);
            self.encode_waiting(bytes, id);
        }
    }

    pub(crate) fn decode_markets(&mut self, body: &mut Body) -> Option<()> {
        for id in 0..body.u32()? {
            let kind = body.u8()?;
            if kind == SPOT {
                let (base, quote) = (AssetId(body.u32()?), AssetId(body.u32()?));
                let (lot, tick) = (LotSize(body.u128()?), TickSize(body.u64()?));
                let (rates, status, mark) = decode_rates(body)?;
                let (maker_fee, taker_fee, max_lots, band) = rates;
                let terms = MarketTerms { base, quote, lot, tick, maker_fee, taker_fee, max_lots, band };
                let mark = mark.filter(|mark| *mark != Ticks(0));
                self.listings.add_market(Market { terms, status, mark, instrument: None });
                self.open_market();
            } else {
                self.decode_derivative(body, Kind::of(kind)?, MarketId(id))?;
            }
            self.decode_queue(body, MarketId(id), Side::Buy)?;
            self.decode_queue(body, MarketId(id), Side::Sell)?;
            self.decode_waiting(body, MarketId(id))?;
        }
        Some(())
    }

    fn decode_derivative(&mut self, body: &mut Body, kind: Kind, market: MarketId) -> Option<()> {
        let underlying = UnderlyingId(body.u32()?);
        self.derivatives.underlyings.get(underlying.0 as usize)?;
        let (expiry, strike, average_sum) = (Nanos(body.u64()?), Ticks(body.u64()?), body.u128()?);
        let last_trade = Some(Ticks(body.u64()?)).filter(|last| *last != Ticks(0));
        let (settled, price) = (body.u8()? != 0, Ticks(body.u64()?));
        let given = if kind.is_option() {
            let (given, marks) = (body.u8()? != 0, decode_marks(body)?);
            given.then_some(marks)
        } else {
            None
        };
        let ((maker_fee, taker_fee, max_lots, band), status, mark) = decode_rates(body)?;
        let terms =
            InstrumentTerms { underlying, kind, expiry, strike, maker_fee, taker_fee, max_lots, band };
        let settled = settled.then_some(price);
        let instrument =
            Instrument { average_sum, last_trade, given, settled, ..Instrument::new(market, &terms) };
        let marked = if kind.is_option() { given.is_some() } else { mark != Some(Ticks(0)) };
        self.add_derivative(instrument, &terms, status, mark.filter(|_| marked));
        let id = self.listings.markets[market.0 as usize].instrument?;
        self.refresh_changes(id);
        Some(())
    }

    fn encode_queue(&self, bytes: &mut Vec<u8>, market: MarketId, side: Side) {
        let count: u64 = self.books.levels(market, side).map(|level| u64::from(level.orders)).sum();
        Record(bytes).u64(count);
        for order in self.books.queue(market, side) {
            let client_id = self.books.client_id(order.id).expect("it rests");
            encode_order(bytes, (order, client_id), order.terms.time_in_force());
            self.encode_reserve(bytes, order);
        }
    }

    fn encode_waiting(&self, bytes: &mut Vec<u8>, market: MarketId) {
        let waiting = self.waiting.of_market(market);
        Record(bytes).u64(waiting.len() as u64);
        for waiting in waiting {
            encode_order(bytes, (&waiting.order, waiting.client_id), waiting.time_in_force);
            self.encode_reserve(bytes, &waiting.order);
            let record = Record(bytes).u8(waiting.order.side as u8).u8(waiting.order_type as u8);
            record.u64(waiting.trigger.0);
        }
    }

    fn encode_reserve(&self, bytes: &mut Vec<u8>, order: &Order) {
        if self.listings.markets[order.market.0 as usize].instrument.is_some() {
            Record(bytes).u128(self.reserves.per_lot(order.id).0);
        }
    }

    fn decode_queue(&mut self, body: &mut Body, market: MarketId, side: Side) -> Option<()> {
        for _ in 0..body.u64()? {
            let (order, client_id, _) = decode_order(body, market, side)?;
            self.decode_reserve(body, &order)?;
            self.books.join(&order, client_id);
        }
        Some(())
    }

    fn decode_waiting(&mut self, body: &mut Body, market: MarketId) -> Option<()> {
        let mut last = OrderId(0);
        for _ in 0..body.u64()? {
            let (mut order, client_id, time_in_force) = decode_order(body, market, Side::Buy)?;
            self.decode_reserve(body, &order)?;
            order.side = Side::of(body.u8()?)?;
            let (order_type, trigger) = (OrderType::of(body.u8()?)?, Ticks(body.u64()?));
            let new = order.id > last && self.waiting.order(order.id).is_none();
            let sound = new && order_type.is_conditional() && trigger <= TICKS_MAX;
            last = order.id;
            let waiting = Conditional { order, client_id, order_type, time_in_force, trigger };
            sound.then(|| self.waiting.join(waiting))?;
        }
        Some(())
    }

    fn decode_reserve(&mut self, body: &mut Body, order: &Order) -> Option<()> {
        if self.listings.markets[order.market.0 as usize].instrument.is_some() {
            let per_lot = Cash(body.u128()?);
            let reserved = per_lot.0.checked_mul(u128::from(order.lots.0))?;
            self.reserves.of_account(order.account).0.checked_add(reserved)?;
            self.reserves.open_lots(order.account, order.market).0.checked_add(order.lots.0)?;
            self.reserves.add(order, per_lot);
        }
        Some(())
    }

    pub(crate) fn encode_positions(&self, bytes: &mut Vec<u8>) {
        Record(bytes).u32(self.positions.all().len() as u32);
        for position in self.positions.all() {
            let record = Record(bytes).u32(position.account.0).u32(position.market.0);
            record.i64(position.lots).i128(position.entry);
        }
        Record(bytes).u32(self.sealing.sealed_positions.len() as u32);
        for (lots, entry) in &self.sealing.sealed_positions {
            Record(bytes).i64(*lots).i128(*entry);
        }
    }

    /// Reads positions; their lots and entries at the last seal.
    pub(crate) fn decode_positions(&mut self, body: &mut Body) -> Option<Vec<(i64, i128)>> {
        for _ in 0..body.u32()? {
            let (account, market) = (AccountId(body.u32()?), MarketId(body.u32()?));
            let (lots, entry) = (body.i64()?, body.i128()?);
            let underlying = if market == DEBT {
                (lots == 0 && entry >= 0).then_some(None)?
            } else {
                let id = self.listings.markets.get(market.0 as usize)?.instrument?;
                Some(self.derivatives.instrument(id).underlying)
            };
            let known = (account.0 as usize) < self.ledger.owners.len();
            let position = Position { account, market, lots, entry, changed: false };
            known.then(|| self.positions.append(position, underlying))?;
        }
        self.positions.take_changed();
        (0..body.u32()?).map(|_| Some((body.i64()?, body.i128()?))).collect()
    }

    pub(crate) fn encode_account_settings(&self, bytes: &mut Vec<u8>) {
        let schedules = self.schedules.by_account();
        Record(bytes).u32(schedules.len() as u32);
        for (account, at) in schedules {
            Record(bytes).u32(account.0).u64(at.0);
        }
        Record(bytes).u32(self.protections.len() as u32);
        for ((account, market), protection) in &self.protections {
            let Protection { limits, window_start, counted, frozen_until } = protection;
            let record = Record(bytes).u32(account.0).u32(market.0);
            let record = record.u64(limits.window.0).u64(limits.max_lots.0).u64(limits.frozen.0);
            record.u64(window_start.0).u64(counted.0).u64(frozen_until.0);
        }
    }

    pub(crate) fn decode_account_settings(&mut self, body: &mut Body) -> Option<()> {
        for _ in 0..body.u32()? {
            let (account, at) = (AccountId(body.u32()?), Nanos(body.u64()?));
            self.schedules.set(account, at);
        }
        for _ in 0..body.u32()? {
            let (account, market) = (AccountId(body.u32()?), MarketId(body.u32()?));
            let (window, max_lots) = (Nanos(body.u64()?), Lots(body.u64()?));
            let limits = ProtectionLimits { window, max_lots, frozen: Nanos(body.u64()?) };
            let (window_start, counted) = (Nanos(body.u64()?), Lots(body.u64()?));
            let frozen_until = Nanos(body.u64()?);
            let protection = Protection { limits, window_start, counted, frozen_until };
            self.protections.insert((account, market), protection);
        }
        Some(())
    }
}

type Rates = (Ppm, Ppm, Lots, Ppm);

fn decode_rates(body: &mut Body) -> Option<(Rates, MarketStatus, Option<Ticks>)> {
    let rates = (Ppm(body.u32()?), Ppm(body.u32()?), Lots(body.u64()?), Ppm(body.u32()?));
    let status = [MarketStatus::Open, MarketStatus::Halted].get(usize::from(body.u8()?)).copied()?;
    Some((rates, status, Some(Ticks(body.u64()?))))
}

fn encode_instrument(bytes: &mut Vec<u8>, instrument: &Instrument) {
    let Instrument { underlying, kind, expiry, strike, average_sum, .. } = *instrument;
    let record = Record(bytes).u8(kind as u8).u32(underlying.0).u64(expiry.0).u64(strike.0);
    let record = record.u128(average_sum).u64(instrument.last_trade.unwrap_or_default().0);
    let record = record.u8(u8::from(instrument.settled.is_some()));
    let record = record.u64(instrument.settled.unwrap_or_default().0);
    match (kind.is_option(), &instrument.given) {
        (false, _) => {}
        (true, None) => {
            record.u8(0).zeros(8 + 8 * SCENARIOS);
        }
        (true, Some(given)) => {
            let record = record.u8(1).u64(given.mark.0);
            given.values.iter().fold(record, |record, value| record.u64(value.0));
        }
    }
}

fn encode_order(bytes: &mut Vec<u8>, (order, client_id): (&Order, ClientId), time_in_force: TimeInForce) {
    let OrderTerms { good_till, label, instructions, self_trade } = order.terms;
    let record = Record(bytes).u64(order.id.0).u32(order.account.0).u64(client_id.0);
    let record = record.u64(order.ticks.0).u64(order.lots.0).u64(good_till.0).u16(label.0);
    record.u8(time_in_force as u8).u8(instructions.bits()).u8(self_trade as u8);
}

fn decode_order(body: &mut Body, market: MarketId, side: Side) -> Option<(Order, ClientId, TimeInForce)> {
    let (id, account, client_id) = (OrderId(body.u64()?), AccountId(body.u32()?), ClientId(body.u64()?));
    let (ticks, lots) = (Ticks(body.u64()?), Lots(body.u64()?));
    // The owners of all accounts are still to come.
    ((account.0 as usize) < body.0.len() / OWNER_BYTES).then_some(())?;
    let (good_till, label) = (Nanos(body.u64()?), Label(body.u16()?));
    let time_in_force = TimeInForce::of(body.u8()?)?;
    let (instructions, self_trade) = (Instructions::of(body.u8()?)?, SelfTrade::of(body.u8()?)?);
    let terms = OrderTerms { good_till, label, instructions, self_trade };
    let order = Order::new(id, (account, market, side), ticks, lots).on_terms(terms);
    Some((order, client_id, time_in_force))
}
