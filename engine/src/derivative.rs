//! Futures and options as markets: listing them, judging their orders, and settling their fills into positions.

use ethnum::I256;
use rustc_hash::FxHashMap;

use crate::account::{FEES, INSURANCE};
use crate::admission::Terms;
use crate::book::Order;
use crate::collateral::{Collateral, Collaterals};
use crate::command::{MarketStatus, MarketTerms};
use crate::event::{CloseReason, Events};
use crate::instrument::{AVERAGING, Instrument, InstrumentId, InstrumentTerms, Kind, UNSETTLED_MAX};
use crate::listing::{BAND_MAX, FEE_MAX, Market};
use crate::matching::Taker;
use crate::order::{Side, TICKS_MAX};
use crate::outcome::{Outcome, Refusal, refuse_if};
use crate::state::State;
use crate::underlying::{UNDERLYINGS_MAX, Underlying, UnderlyingTerms};
use crate::units::*;

/// The largest notional of a derivative order.
pub(crate) const NOTIONAL_MAX: Cash = Cash((1 << 95) - 1);
/// The most lots that an account may have and want in one market.
const EXPOSURE_MAX: u64 = 10u64.pow(12);
const MAX_LOTS_MAX: Lots = Lots(10u64.pow(9));

/// All underlyings, instruments and collateral.
#[derive(Clone, Debug, Default)]
pub struct Derivatives {
    /// What everything settles in, once an underlying is listed.
    pub settlement: Option<AssetId>,
    pub(crate) underlyings: Vec<Underlying>,
    pub(crate) instruments: Vec<Instrument>,
    listed: FxHashMap<(UnderlyingId, Kind, Nanos, Ticks), MarketId>,
    /// What counts towards equity besides.
    pub collateral: Collaterals,
}

impl Derivatives {
    /// All underlyings by id.
    pub fn underlyings(&self) -> &[Underlying] {
        &self.underlyings
    }

    /// All instruments by market.
    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// A listed underlying.
    pub(crate) fn underlying(&self, id: UnderlyingId) -> &Underlying {
        &self.underlyings[id.0 as usize]
    }

    /// A listed instrument.
    pub(crate) fn instrument(&self, id: InstrumentId) -> &Instrument {
        &self.instruments[id.0 as usize]
    }

    pub(crate) fn add_instrument(&mut self, instrument: Instrument) -> InstrumentId {
        let id = InstrumentId(u32::try_from(self.instruments.len()).expect("fewer than 2^32 instruments"));
        let Instrument { underlying, kind, expiry, strike, market, settled, .. } = instrument;
        self.listed.insert((underlying, kind, expiry, strike), market);
        if settled.is_none() {
            self.underlyings[underlying.0 as usize].unsettled.push(id);
        }
        self.instruments.push(instrument);
        id
    }
}

impl State {
    /// Gives an underlying an id; the first one fixes the settlement asset.
    pub(crate) fn list_underlying(
        &mut self,
        terms: &UnderlyingTerms,
        kind: u16,
        events: &mut Events,
    ) -> Result<(), Refusal> {
        self.listings.asset(terms.settlement)?;
        let count = self.derivatives.underlyings.len();
        refuse_if(!terms.are_sound() || count >= UNDERLYINGS_MAX, Outcome::UnderlyingInvalid)?;
        let other = self.derivatives.settlement.is_some_and(|asset| asset != terms.settlement);
        refuse_if(other, Outcome::SettlementAssetOther)?;
        self.derivatives.settlement = Some(terms.settlement);
        self.derivatives.underlyings.push(Underlying::new(*terms));
        let id = UnderlyingId(count as u32);
        events.outcome(Outcome::Accepted, kind, u64::from(id.0), self.now);
        events.underlying_listed(id, terms);
        Ok(())
    }

    /// Gives a future or an option a market.
    pub(crate) fn list_instrument(
        &mut self,
        terms: &InstrumentTerms,
        kind: u16,
        events: &mut Events,
    ) -> Result<(), Refusal> {
        let underlying = self
            .derivatives
            .underlyings
            .get(terms.underlying.0 as usize)
            .ok_or(Outcome::UnderlyingUnknown)?;
        let key = (terms.underlying, terms.kind, terms.expiry, terms.strike);
        refuse_if(self.derivatives.listed.contains_key(&key), Outcome::MarketExists)?;
        let sound = are_sound(terms, self.now) && underlying.unsettled.len() < UNSETTLED_MAX;
        refuse_if(!sound, Outcome::MarketInvalid)?;
        let market = MarketId(self.listings.markets().len() as u32);
        self.add_derivative(Instrument::new(market, terms), terms, MarketStatus::Open, None);
        events.outcome(Outcome::Accepted, kind, u64::from(market.0), self.now);
        events.instrument_listed(market, terms);
        Ok(())
    }

    /// Adds an instrument and its market.
    pub(crate) fn add_derivative(
        &mut self,
        instrument: Instrument,
        terms: &InstrumentTerms,
        status: MarketStatus,
        mark: Option<Ticks>,
    ) {
        let underlying = self.derivatives.underlying(instrument.underlying).terms;
        let InstrumentTerms { maker_fee, taker_fee, max_lots, band, .. } = *terms;
        let (base, quote, lot) = (underlying.settlement, underlying.settlement, LotSize(0));
        let terms =
            MarketTerms { base, quote, lot, tick: underlying.tick, maker_fee, taker_fee, max_lots, band };
        let id = self.derivatives.add_instrument(instrument);
        self.listings.add_market(Market { terms, status, mark, instrument: Some(id) });
        self.open_market();
    }

    /// Lets an asset count, or no longer count.
    pub(crate) fn set_collateral(
        &mut self,
        asset: AssetId,
        collateral: &Collateral,
        kind: u16,
        events: &mut Events,
    ) -> Result<(), Refusal> {
        self.listings.asset(asset)?;
        let settlement = self.derivatives.settlement.is_none_or(|settlement| settlement == asset);
        refuse_if(settlement, Outcome::SettlementAssetOther)?;
        refuse_if(!collateral.is_sound(), Outcome::MarketInvalid)?;
        match collateral.price {
            0 => self.derivatives.collateral.remove(&asset),
            _ => self.derivatives.collateral.insert(asset, *collateral),
        };
        events.outcome(Outcome::Accepted, kind, u64::from(asset.0), self.now);
        events.collateral_set(asset, collateral);
        Ok(())
    }

    /// The instrument of a derivative market.
    pub(crate) fn instrument_of(&self, market: MarketId) -> &Instrument {
        let id = self.listings.markets()[market.0 as usize].instrument.expect("a derivative market");
        self.derivatives.instrument(id)
    }

    /// Whether a market is a derivative that trades no more.
    pub(crate) fn is_expired(&self, market: &Market) -> bool {
        market.instrument.is_some_and(|id| self.derivatives.instrument(id).is_expired(self.now))
    }

    /// How many lots of the opposite position an order of one side could close.
    pub(crate) fn reducible(&self, account: AccountId, market: MarketId, side: Side) -> u64 {
        opposite_lots(self.positions.lots(account, market), side)
    }

    /// Refuses an order that could bring a position beyond what sums can hold.
    #[inline]
    pub(crate) fn check_size(
        &self,
        account: AccountId,
        market: &Market,
        terms: &Terms,
        freed: Lots,
    ) -> Result<(), Refusal> {
        if market.instrument.is_none() {
            return Ok(());
        }
        let position = self.positions.lots(account, terms.market).unsigned_abs();
        let open = self.reserves.open_lots(account, terms.market) - freed;
        let exposure = position.saturating_add(open.0).saturating_add(terms.lots.0);
        refuse_if(exposure > EXPOSURE_MAX, Outcome::NotionalOverflow)
    }

    /// Takes off a reduce-only taker what its account has no position for; whether something is left.
    pub(crate) fn clip_taker(&mut self, taker: &mut Taker, events: &mut Events) -> bool {
        let order = &mut taker.order;
        let allowed = Lots(self.reducible(order.account, order.market, order.side));
        if allowed >= order.lots {
            return true;
        }
        let excess = order.lots - allowed;
        self.release(order, excess);
        order.lots = allowed;
        if allowed == Lots(0) {
            events.order_closed(order, allowed, CloseReason::ReduceOnly);
            return false;
        }
        events.order_reduced(order, allowed, CloseReason::ReduceOnly);
        true
    }

    /// The same for a maker; whether it may be met as it stands.
    pub(crate) fn clip_maker(&mut self, maker: &Order, events: &mut Events) -> bool {
        let allowed = Lots(self.reducible(maker.account, maker.market, maker.side));
        if allowed >= maker.lots {
            return true;
        }
        if allowed == Lots(0) {
            self.close_resting(maker.id, CloseReason::ReduceOnly, events);
            return false;
        }
        let excess = maker.lots - allowed;
        self.release(maker, excess);
        self.books.shrink(maker.id, excess);
        events.order_reduced(maker, allowed, CloseReason::ReduceOnly);
        false
    }

    /// Moves a fill's positions and money; the maker's and the taker's fee.
    pub(crate) fn settle_derivative(
        &mut self,
        id: InstrumentId,
        taker: &Taker,
        maker: &Order,
        lots: Lots,
    ) -> (Cash, Cash) {
        let MarketTerms { quote, tick, maker_fee, taker_fee, .. } =
            self.listings.markets()[maker.market.0 as usize].terms;
        self.release(maker, lots);
        self.release(&taker.order, lots);
        self.derivatives.instruments[id.0 as usize].last_trade = Some(maker.ticks);
        let taker_buys = taker.order.side == Side::Buy;
        let (buyer, seller) = if taker_buys {
            (taker.order.account, maker.account)
        } else {
            (maker.account, taker.order.account)
        };
        self.exchange_lots(maker.market, (buyer, seller), lots, maker.ticks);
        let notional = tick.notional(lots, maker.ticks).expect("within the order's notional");
        let maker_fee = maker_fee.fee_up(notional);
        let taker_fee = taker.liquidation_fee.unwrap_or(taker_fee).fee_up(notional);
        let maker_pays = (maker.account, maker_fee, false);
        let taker_pays = (taker.order.account, taker_fee, taker.liquidation_fee.is_some());
        let (first, second) = if taker_buys { (taker_pays, maker_pays) } else { (maker_pays, taker_pays) };
        for (account, fee, to_insurance) in [first, second] {
            self.pay(account, fee);
            if to_insurance {
                self.receive(INSURANCE, fee);
            } else {
                self.ledger.credit(FEES, quote, fee);
            }
        }
        (maker_fee, taker_fee)
    }

    /// Moves lots from a seller to a buyer at a price; what closes is realised.
    pub(crate) fn exchange_lots(
        &mut self,
        market: MarketId,
        (buyer, seller): (AccountId, AccountId),
        lots: Lots,
        ticks: Ticks,
    ) {
        let lots = i64::try_from(lots.0).expect("a quantity of an order");
        self.change_position(buyer, market, lots, ticks);
        self.change_position(seller, market, -lots, ticks);
    }

    fn change_position(&mut self, account: AccountId, market: MarketId, change: i64, ticks: Ticks) {
        let underlying = self.instrument_of(market).underlying;
        let tick = self.listings.markets()[market.0 as usize].terms.tick;
        let price = i128::from(ticks.0) * i128::from(tick.0);
        let position = self.positions.position(account, market).map(|(_, position)| *position);
        let (lots, entry) = position.map_or((0, 0), |position| (position.lots, position.entry));
        let closing = if (lots < 0) == (change < 0) { 0 } else { lots.abs().min(change.abs()) };
        let mut left = (lots, entry);
        let mut realised = 0;
        if closing > 0 {
            let part = part_down(entry, closing, lots.abs());
            let sign = lots.signum();
            realised = i128::from(sign * closing) * price - part;
            left = (lots - sign * closing, entry - part);
        }
        let opening = change - change.signum() * closing;
        let (lots, entry) = (left.0 + opening, left.1 + i128::from(opening) * price);
        self.positions.set(account, market, underlying, lots, entry);
        self.realise(account, realised);
    }
}

/// `floor(entry x part / whole)`.
fn part_down(entry: i128, part: i64, whole: i64) -> i128 {
    let product = I256::new(entry) * I256::new(i128::from(part));
    product.div_euclid(I256::new(i128::from(whole))).as_i128()
}

/// How many lots of a position an order of one side would close.
pub(crate) fn opposite_lots(position: i64, side: Side) -> u64 {
    match side {
        Side::Buy => (-position).max(0).unsigned_abs(),
        Side::Sell => position.max(0).unsigned_abs(),
    }
}

/// Lots as an order of one side changes a position.
pub(crate) fn signed(side: Side, lots: Lots) -> i64 {
    let lots = i64::try_from(lots.0).expect("a quantity of an order");
    match side {
        Side::Buy => lots,
        Side::Sell => -lots,
    }
}

fn are_sound(terms: &InstrumentTerms, now: Nanos) -> bool {
    terms.expiry.0 > now.0.saturating_add(AVERAGING.0)
        && (terms.kind == Kind::Future) == (terms.strike == Ticks(0))
        && terms.strike <= TICKS_MAX
        && terms.maker_fee <= FEE_MAX
        && terms.taker_fee <= FEE_MAX
        && (Lots(1)..=MAX_LOTS_MAX).contains(&terms.max_lots)
        && terms.band <= BAND_MAX
}
