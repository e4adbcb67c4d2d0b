//! Judging orders: the rules that an order must meet before it may hold, match or rest.

use rustc_hash::FxHashMap;

use crate::book::Order;
use crate::cancel::held_asset;
use crate::command::{MarketStatus, Place};
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

/// What an order that was judged will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Admitted {
    /// Its price, after sliding.
    pub(crate) ticks: Ticks,
    /// What it must hold.
    pub(crate) hold: Cash,
}

impl State {
    /// Judges an order by the rules in their order of precedence.
    pub(crate) fn check_place(&self, place: &Place) -> Result<Admitted, Refusal> {
        refuse_if(!self.ledger.is_user(place.account), Outcome::AccountUnknown)?;
        self.requests.check(place.account, place.client_id, place.expires_at, self.now)?;
        let market = self.listings.market(place.market)?;
        refuse_if(market.status == MarketStatus::Halted, Outcome::MarketHalted)?;
        let Place { side, ticks, lots, .. } = *place;
        let terms = Terms { market: place.market, side, ticks, lots };
        check_terms(market, &terms, place.trigger)?;
        refuse_if(place.terms.is_expired(self.now), Outcome::GoodTillPast)?;
        let instructions = place.terms.instructions;
        refuse_if(instructions.has(Instructions::REDUCE_ONLY), Outcome::ReduceOnlyRefused)?;
        let frozen = instructions.has(Instructions::PROTECTED) && self.is_frozen(place.account, place.market);
        refuse_if(frozen, Outcome::ProtectionActive)?;
        let ticks = self.made_price(&terms, instructions)?;
        if place.time_in_force == TimeInForce::FillOrKill {
            refuse_if(self.fillable(place) < lots, Outcome::FillOrKillShort)?;
        }
        let hold = self.check_funds(place.account, market, &Terms { ticks, ..terms }, Cash(0))?;
        refuse_if(self.schedules.is_due(place.account, self.now), Outcome::TimePast)?;
        Ok(Admitted { ticks, hold })
    }

    /// The hold of an order that has `freed` to spend besides what is available.
    pub(crate) fn check_funds(
        &self,
        account: AccountId,
        market: &Market,
        terms: &Terms,
        freed: Cash,
    ) -> Result<Cash, Refusal> {
        let hold = match terms.side {
            Side::Buy => market.terms.tick.notional(terms.lots, terms.ticks),
            Side::Sell => market.terms.lot.base(terms.lots),
        };
        let available = self.ledger.available(account, held_asset(&market.terms, terms.side));
        hold.filter(|hold| *hold <= available + freed).ok_or_else(|| Outcome::FundsShort.into())
    }

    /// The price at which an order that may be post-only joins: its own, or where it slides to.
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
        let (mut filled, mut walked) = (0u64, FxHashMap::default());
        for maker in self.books.queue(place.market, place.side.opposite()) {
            let wanted = place.lots.0 - filled;
            if wanted == 0 || !place.side.reaches(place.ticks, maker.ticks) {
                break;
            }
            if self.why_dead(maker).is_some() {
                continue;
            }
            if maker.account == place.account {
                match place.terms.self_trade {
                    SelfTrade::Permit => {}
                    SelfTrade::CancelMaker | SelfTrade::Decrement => continue,
                    SelfTrade::CancelTaker | SelfTrade::CancelBoth => break,
                }
            }
            let lots = Lots(wanted.min(maker.lots.0));
            if self.stays_in_walk(maker, lots, &mut walked) {
                filled += lots.0;
            }
        }
        Lots(filled)
    }

    /// Whether a maker would still rest when a walk comes to it, counting the fills before it in its protection.
    fn stays_in_walk(
        &self,
        maker: &Order,
        lots: Lots,
        walked: &mut FxHashMap<AccountId, Option<Protection>>,
    ) -> bool {
        if self.protections.is_empty() || !maker.terms.instructions.has(Instructions::PROTECTED) {
            return true;
        }
        let Some(set) = self.protections.get(&(maker.account, maker.market)) else { return true };
        let Some(protection) = walked.entry(maker.account).or_insert(Some(*set)) else { return false };
        if protection.count(lots, self.now) {
            walked.insert(maker.account, None);
        }
        true
    }

    /// Whether a conditional order is active as soon as it is accepted.
    pub(crate) fn is_active(&self, place: &Place) -> bool {
        if matches!(place.order_type, OrderType::Limit | OrderType::Market) {
            return true;
        }
        let direction = place.order_type.direction(place.side);
        let mark = self.listings.markets()[place.market.0 as usize].mark;
        mark.is_some_and(|mark| direction.holds(mark, place.trigger))
    }
}

/// The rules about quantity and price.
pub(crate) fn check_terms(market: &Market, terms: &Terms, trigger: Ticks) -> Result<(), Refusal> {
    refuse_if(terms.lots == Lots(0), Outcome::QuantityZero)?;
    refuse_if(terms.lots > market.terms.max_lots, Outcome::QuantityTooLarge)?;
    refuse_if(terms.ticks == Ticks(0), Outcome::PriceZero)?;
    refuse_if(terms.ticks > TICKS_MAX || trigger > TICKS_MAX, Outcome::PriceTooLarge)?;
    refuse_if(!market.is_in_band(terms.side, terms.ticks), Outcome::PriceOutsideBand)?;
    let notional = market.terms.tick.notional(terms.lots, terms.ticks);
    refuse_if(notional.is_none(), Outcome::NotionalOverflow)
}
