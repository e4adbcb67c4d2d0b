//! Judging orders: the rules that an order must meet before it may hold, match or rest.

use rustc_hash::FxHashMap;

use crate::book::Order;
use crate::command::{MarketStatus, Place};
use crate::derivative::{NOTIONAL_MAX, opposite_lots, signed};
use crate::hold::held_asset;
use crate::listing::Market;
use crate::order::{Instructions, OrderType, SelfTrade, Side, TICKS_MAX, TimeInForce};
use crate::outcome::{Outcome, Refusal, refuse_if};
use crate::protection::Protection;
use crate::state::State;
use crate::units::*;

/// A price and a quantity of an order in a market.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) market: MarketId,
    pub(crate) side: Side,
    pub(crate) ticks: Ticks,
    pub(crate) lots: Lots,
}

/// What an order brings along that is judged again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Freed {
    /// Whether it may only reduce a position.
    pub(crate) reduces: bool,
    /// What its lots hold or reserve.
    pub(crate) amount: Cash,
}

/// What an order that was judged will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Admitted {
    /// Its price, after sliding.
    pub(crate) ticks: Ticks,
    /// What it must hold; in a derivative market what it reserves per lot.
    pub(crate) hold: Cash,
}

impl State {
    /// Judges an order by the rules in their order of precedence.
    pub(crate) fn check_place(&self, place: &Place) -> Result<Admitted, Refusal> {
        refuse_if(!self.ledger.is_user(place.account), Outcome::AccountUnknown)?;
        self.requests.check(place.account, place.client_id, place.expires_at, self.now)?;
        let market = self.listings.market(place.market)?;
        self.check_open(market)?;
        let Place { account, side, ticks, lots, .. } = *place;
        let terms = Terms { market: place.market, side, ticks, lots };
        check_terms(market, &terms, place.trigger)?;
        self.check_size(account, market, &terms, Lots(0))?;
        refuse_if(place.terms.is_expired(self.now), Outcome::GoodTillPast)?;
        let instructions = place.terms.instructions;
        let reduces = instructions.has(Instructions::REDUCE_ONLY);
        refuse_if(reduces && self.reducible(account, place.market, side) == 0, Outcome::ReduceOnlyRefused)?;
        let frozen = instructions.has(Instructions::PROTECTED) && self.is_frozen(account, place.market);
        refuse_if(frozen, Outcome::ProtectionActive)?;
        let ticks = self.made_price(&terms, instructions)?;
        if place.time_in_force == TimeInForce::FillOrKill {
            let beyond = reduces && lots.0 > self.reducible(account, place.market, side);
            refuse_if(beyond || self.fillable(place) < lots, Outcome::FillOrKillShort)?;
        }
        let freed = Freed { reduces, amount: Cash(0) };
        let hold = self.check_means(account, market, &Terms { ticks, ..terms }, freed)?;
        refuse_if(self.schedules.is_due(account, self.now), Outcome::TimePast)?;
        Ok(Admitted { ticks, hold })
    }

    /// Whether a market takes orders now.
    #[inline]
    pub(crate) fn check_open(&self, market: &Market) -> Result<(), Refusal> {
        refuse_if(market.status == MarketStatus::Halted, Outcome::MarketHalted)?;
        match market.instrument {
            None => Ok(()),
            Some(id) => {
                let instrument = self.derivatives.instrument(id);
                refuse_if(instrument.is_expired(self.now), Outcome::MarketExpired)?;
                let underlying = self.derivatives.underlying(instrument.underlying);
                refuse_if(underlying.index.is_none() || market.mark.is_none(), Outcome::MarketUnpriced)
            }
        }
    }

    /// The hold or reserve of an order that has what it held before to spend besides.
    #[inline]
    pub(crate) fn check_means(
        &self,
        account: AccountId,
        market: &Market,
        terms: &Terms,
        freed: Freed,
    ) -> Result<Cash, Refusal> {
        if let Some(id) = market.instrument {
            return self.check_margin(account, self.derivatives.instrument(id), terms, freed);
        }
        let hold = match terms.side {
            Side::Buy => market.terms.tick.notional(terms.lots, terms.ticks),
            Side::Sell => market.terms.lot.base(terms.lots),
        };
        let available = self.ledger.available(account, held_asset(&market.terms, terms.side));
        let hold = hold.filter(|hold| *hold <= available + freed.amount).ok_or(Outcome::FundsShort)?;
        self.check_hold_rise(account, &market.terms, terms.side, (hold, freed.amount))?;
        Ok(hold)
    }

    /// The price at which an order that may be post-only joins: its own, or where it slides to.
    #[inline]
    pub(crate) fn made_price(&self, terms: &Terms, instructions: Instructions) -> Result<Ticks, Refusal> {
        if !instructions.has(Instructions::POST_ONLY) {
            return Ok(terms.ticks);
        }
        let best = self.books.best(terms.market, terms.side.opposite()).map(|order| order.ticks);
        let Some(best) = best.filter(|best| terms.side.reaches(terms.ticks, *best)) else {
            return Ok(terms.ticks);
        };
        refuse_if(!instructions.has(Instructions::SLIDE), Outcome::PostOnlyWouldTake)?;
        let beside = match terms.side {
            Side::Buy => best.0 - 1,
            Side::Sell => best.0 + 1,
        };
        refuse_if(!(1..=TICKS_MAX.0).contains(&beside), Outcome::PostOnlyWouldTake)?;
        Ok(Ticks(beside))
    }

    /// How many of its lots a taker would trade at once. Looks at no more orders than it takes.
    fn fillable(&self, place: &Place) -> Lots {
        let mut filled = 0u64;
        let mut walk = Walk::of(place, self.listings.markets()[place.market.0 as usize].instrument.is_some());
        for maker in self.books.queue(place.market, place.side.opposite()) {
            let wanted = place.lots.0 - filled;
            if wanted == 0 || !place.side.reaches(place.ticks, maker.ticks) {
                break;
            }
            if self.why_dead(maker).is_some() {
                continue;
            }
            let left = walk.clipped(self, maker);
            if left == Lots(0) {
                continue;
            }
            if maker.account == place.account {
                match place.terms.self_trade {
                    SelfTrade::Permit => {}
                    SelfTrade::CancelMaker | SelfTrade::Decrement => continue,
                    SelfTrade::CancelTaker | SelfTrade::CancelBoth => break,
                }
            }
            let lots = Lots(wanted.min(left.0));
            if walk.still_rests(self, maker, lots) {
                walk.trade(self, maker, lots);
                filled += lots.0;
            }
        }
        Lots(filled)
    }

    /// Whether a conditional order is active as soon as it is accepted.
    #[inline]
    pub(crate) fn is_active(&self, place: &Place) -> bool {
        if matches!(place.order_type, OrderType::Limit | OrderType::Market) {
            return true;
        }
        let direction = place.order_type.direction(place.side);
        let mark = self.listings.markets()[place.market.0 as usize].mark;
        mark.is_some_and(|mark| direction.holds(mark, place.trigger))
    }
}

/// What the fills that a walk has counted so far would have changed.
struct Walk {
    taker: AccountId,
    side: Side,
    /// Whether positions change by them.
    derivative: bool,
    /// The protections that counted; `None` when that was too much.
    protections: FxHashMap<AccountId, Option<Protection>>,
    /// The positions that would have changed.
    positions: FxHashMap<AccountId, i64>,
}

impl Walk {
    fn of(place: &Place, derivative: bool) -> Walk {
        let (protections, positions) = (FxHashMap::default(), FxHashMap::default());
        Walk { taker: place.account, side: place.side, derivative, protections, positions }
    }

    fn position(&self, state: &State, account: AccountId, market: MarketId) -> i64 {
        let changed = self.positions.get(&account).copied();
        changed.unwrap_or_else(|| state.positions.lots(account, market))
    }

    /// The lots that a maker would have when the walk comes to it.
    fn clipped(&self, state: &State, maker: &Order) -> Lots {
        if !maker.terms.instructions.has(Instructions::REDUCE_ONLY) {
            return maker.lots;
        }
        let position = self.position(state, maker.account, maker.market);
        maker.lots.min(Lots(opposite_lots(position, maker.side)))
    }

    /// Whether a maker would still rest when the walk comes to it; counts its fill.
    fn still_rests(&mut self, state: &State, maker: &Order, lots: Lots) -> bool {
        if state.protections.is_empty() || !maker.terms.instructions.has(Instructions::PROTECTED) {
            return true;
        }
        let Some(set) = state.protections.get(&(maker.account, maker.market)) else { return true };
        let Some(protection) = self.protections.entry(maker.account).or_insert(Some(*set)) else {
            return false;
        };
        if protection.count(lots, state.now) {
            self.protections.insert(maker.account, None);
        }
        true
    }

    /// Moves both positions by a fill.
    fn trade(&mut self, state: &State, maker: &Order, lots: Lots) {
        if !self.derivative {
            return;
        }
        let bought = signed(self.side, lots);
        for (account, lots) in [(self.taker, bought), (maker.account, -bought)] {
            let position = self.position(state, account, maker.market);
            self.positions.insert(account, position + lots);
        }
    }
}

/// The rules about quantity and price.
#[inline]
pub(crate) fn check_terms(market: &Market, terms: &Terms, trigger: Ticks) -> Result<(), Refusal> {
    refuse_if(terms.lots == Lots(0), Outcome::QuantityZero)?;
    refuse_if(terms.lots > market.terms.max_lots, Outcome::QuantityTooLarge)?;
    refuse_if(terms.ticks == Ticks(0), Outcome::PriceZero)?;
    refuse_if(terms.ticks > TICKS_MAX || trigger > TICKS_MAX, Outcome::PriceTooLarge)?;
    refuse_if(!market.is_in_band(terms.side, terms.ticks), Outcome::PriceOutsideBand)?;
    let notional = market.terms.tick.notional(terms.lots, terms.ticks);
    let most = if market.instrument.is_some() { NOTIONAL_MAX } else { CASH_MAX };
    refuse_if(notional.is_none_or(|notional| notional > most), Outcome::NotionalOverflow)
}
