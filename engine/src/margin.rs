//! Margin: what an account is worth, what its positions must be backed by, and what an order would add to that.
//!
//! One scenario grid covers futures and options of an underlying together. Sums are taken in 256 bits, so that no
//! account is too large to be judged.

use ethnum::I256;

use crate::admission::{Freed, Terms};
use crate::command::MarketTerms;
use crate::hold::held_asset;
use crate::instrument::Instrument;
use crate::order::Side;
use crate::outcome::{Outcome, Refusal, refuse_if};
use crate::position::Position;
use crate::state::State;
use crate::underlying::{EXTREME, SCENARIOS, Underlying, ceil_div};
use crate::units::*;

const PARTS: i128 = 1_000_000;

/// An account's margin, in settlement base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Margin {
    /// What the account is worth.
    pub equity: I256,
    /// What opening positions needs.
    pub initial: I256,
    /// What keeping positions needs.
    pub maintenance: I256,
    /// What its open orders reserve.
    pub reserves: I256,
}

impl Margin {
    /// What a new order may reserve.
    pub fn free(&self) -> I256 {
        self.equity - self.initial - self.reserves
    }

    /// Whether the account may keep its positions.
    pub fn is_healthy(&self) -> bool {
        self.equity >= self.maintenance && self.equity >= I256::ZERO
    }
}

/// What an account's positions in one underlying add to its margin, in settlement base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct PortfolioMargin {
    pub underlying: UnderlyingId,
    pub initial: I256,
    pub maintenance: I256,
    /// Gained in each scenario; the extreme ones in full.
    pub gains: [I256; SCENARIOS],
}

/// What a portfolio of one underlying may lose.
struct Portfolio<'a> {
    underlying: &'a Underlying,
    /// Lots times ticks gained in each scenario.
    gains: [i128; SCENARIOS],
    short_options: I256,
}

impl<'a> Portfolio<'a> {
    fn new(underlying: &'a Underlying) -> Portfolio<'a> {
        Portfolio { underlying, gains: [0; SCENARIOS], short_options: I256::ZERO }
    }

    fn add(&mut self, position: &Position, instrument: &Instrument) {
        let lots = i128::from(position.lots);
        for (gain, change) in self.gains.iter_mut().zip(&instrument.changes) {
            *gain += lots * change;
        }
        if lots < 0 && instrument.kind.is_option() {
            let terms = &self.underlying.terms;
            let notional = I256::new(-lots) * I256::new(i128::from(terms.tick.0));
            let rate = i128::from(self.underlying.index_or_zero().0) * i128::from(terms.short_option.0);
            self.short_options += wide_ceil(notional * I256::new(rate), PARTS);
        }
    }

    fn maintenance(&self) -> I256 {
        let tick = I256::new(i128::from(self.underlying.terms.tick.0));
        let mut worst = I256::ZERO;
        for (scenario, gain) in self.gains.iter().enumerate().filter(|(_, gain)| **gain < 0) {
            let loss = I256::new(-gain) * tick;
            worst = worst.max(if scenario < EXTREME { loss } else { wide_ceil(loss, 3) });
        }
        worst.max(self.short_options)
    }

    fn initial(&self, maintenance: I256) -> I256 {
        wide_ceil(maintenance * I256::new(i128::from(self.underlying.terms.initial.0)), PARTS)
    }
}

fn wide_ceil(value: I256, divisor: i128) -> I256 {
    (value + I256::new(divisor - 1)) / I256::new(divisor)
}

/// An amount in 256 bits.
pub(crate) fn wide(cash: Cash) -> I256 {
    I256::from(cash.0)
}

impl State {
    /// What an account is worth.
    pub fn equity(&self, account: AccountId) -> I256 {
        let available =
            self.derivatives.settlement.map_or(Cash(0), |asset| self.ledger.available(account, asset));
        let mut equity = wide(available) - wide(self.positions.debt(account));
        for (_, position) in self.positions.open_of(account) {
            equity += I256::new(self.value(position));
        }
        for (asset, collateral) in &self.derivatives.collateral {
            equity += wide(collateral.value_down(self.ledger.available(account, *asset)));
        }
        equity
    }

    /// What a position would bring at the mark.
    pub(crate) fn value(&self, position: &Position) -> i128 {
        let market = &self.listings.markets()[position.market.0 as usize];
        let mark = i128::from(market.mark_or_zero().0) * i128::from(market.terms.tick.0);
        i128::from(position.lots) * mark - position.entry
    }

    /// An account's margin.
    pub fn margin(&self, account: AccountId) -> Margin {
        let (mut initial, mut maintenance) = (I256::ZERO, I256::ZERO);
        self.each_portfolio(account, |_, portfolio| {
            let needed = portfolio.maintenance();
            maintenance += needed;
            initial += portfolio.initial(needed);
        });
        let reserves = wide(self.reserves.of_account(account));
        Margin { equity: self.equity(account), initial, maintenance, reserves }
    }

    /// What each underlying adds to an account's margin, by underlying.
    pub fn portfolios(&self, account: AccountId) -> Vec<PortfolioMargin> {
        let mut all = Vec::new();
        self.each_portfolio(account, |underlying, portfolio| {
            let maintenance = portfolio.maintenance();
            let tick = I256::new(i128::from(portfolio.underlying.terms.tick.0));
            all.push(PortfolioMargin {
                underlying,
                initial: portfolio.initial(maintenance),
                maintenance,
                gains: portfolio.gains.map(|gain| I256::new(gain) * tick),
            });
        });
        all
    }

    fn each_portfolio(&self, account: AccountId, mut add: impl FnMut(UnderlyingId, &Portfolio)) {
        let mut portfolio: Option<(UnderlyingId, Portfolio)> = None;
        for (id, position) in self.positions.open_of(account) {
            if portfolio.as_ref().is_none_or(|(before, _)| *before != id) {
                let new = Portfolio::new(self.derivatives.underlying(id));
                if let Some((before, done)) = portfolio.replace((id, new)) {
                    add(before, &done);
                }
            }
            let (_, portfolio) = portfolio.as_mut().expect("just made");
            portfolio.add(position, self.instrument_of(position.market));
        }
        if let Some((id, done)) = &portfolio {
            add(*id, done);
        }
    }

    /// Whether an account may keep its positions.
    pub(crate) fn is_healthy(&self, account: AccountId) -> bool {
        self.margin(account).is_healthy()
    }

    /// Whether what an account spends must leave its margin standing.
    fn is_margined(&self, account: AccountId) -> bool {
        self.positions.has_any(account) || self.reserves.has_any(account)
    }

    /// Refuses to move `amount` of an asset out of what is available when margin needs its worth.
    pub(crate) fn check_spending(
        &self,
        account: AccountId,
        asset: AssetId,
        amount: Cash,
    ) -> Result<(), Refusal> {
        if self.derivatives.settlement.is_none() || !self.is_margined(account) {
            return Ok(());
        }
        let fall = if self.derivatives.settlement == Some(asset) {
            wide(amount)
        } else {
            let Some(collateral) = self.derivatives.collateral.get(&asset) else { return Ok(()) };
            let available = self.ledger.available(account, asset);
            wide(collateral.value_down(available)) - wide(collateral.value_down(available - amount))
        };
        let short = fall > I256::ZERO && self.margin(account).free() < fall;
        refuse_if(short, Outcome::MarginShort)
    }

    /// The same for a spot order that holds `hold` in place of `freed`.
    #[inline]
    pub(crate) fn check_hold_rise(
        &self,
        account: AccountId,
        terms: &MarketTerms,
        side: Side,
        (hold, freed): (Cash, Cash),
    ) -> Result<(), Refusal> {
        if hold <= freed {
            return Ok(());
        }
        self.check_spending(account, held_asset(terms, side), hold - freed)
    }

    /// What an order reserves per lot, and what it gives away against the mark.
    pub(crate) fn reserve_up(&self, instrument: &Instrument, side: Side, ticks: Ticks) -> OrderRisk {
        let underlying = self.derivatives.underlying(instrument.underlying);
        let market = &self.listings.markets()[instrument.market.0 as usize];
        let mark = market.mark_or_zero();
        let (sign, adverse) = match side {
            Side::Buy => (-1, ticks.0.saturating_sub(mark.0)),
            Side::Sell => (1, mark.0.saturating_sub(ticks.0)),
        };
        let mut risk = 0;
        for (scenario, change) in instrument.changes.iter().enumerate() {
            let loss = sign * change;
            risk = risk.max(if scenario < EXTREME { loss } else { ceil_div(loss, 3) });
        }
        if side == Side::Sell && instrument.kind.is_option() {
            risk = risk.max(underlying.short_option_up());
        }
        let tick = i128::from(underlying.terms.tick.0);
        let initial = ceil_div(risk * tick * i128::from(underlying.terms.initial.0), PARTS);
        let (adverse, notional) = (i128::from(adverse) * tick, i128::from(ticks.0) * tick);
        let fee = ceil_div(notional * i128::from(market.terms.taker_fee.0), PARTS);
        OrderRisk { per_lot: Cash((initial + adverse + fee).unsigned_abs()), adverse, notional }
    }

    /// Judges what a derivative order reserves; per lot.
    pub(crate) fn check_margin(
        &self,
        account: AccountId,
        instrument: &Instrument,
        terms: &Terms,
        freed: Freed,
    ) -> Result<Cash, Refusal> {
        let risk = self.reserve_up(instrument, terms.side, terms.ticks);
        if !freed.reduces {
            let needed = I256::from(risk.per_lot.0) * I256::from(terms.lots.0);
            let short = self.margin(account).free() + wide(freed.amount) < needed;
            return refuse_if(short, Outcome::MarginShort).map(|()| risk.per_lot);
        }
        let lots = terms.lots.0.min(self.positions.lots(account, terms.market).unsigned_abs());
        let rate = self.listings.markets()[terms.market.0 as usize].terms.taker_fee;
        let lots = I256::from(lots);
        let fee = wide_ceil(lots * I256::new(risk.notional) * I256::from(rate.0), PARTS);
        let short = self.equity(account) < lots * I256::new(risk.adverse) + fee;
        refuse_if(short, Outcome::MarginShort).map(|()| Cash(0))
    }

    /// Takes what an account owes; what its balance does not cover becomes debt.
    pub(crate) fn pay(&mut self, account: AccountId, amount: Cash) {
        let asset = self.derivatives.settlement.expect("a settlement asset");
        let paid = amount.min(self.ledger.available(account, asset));
        if paid > Cash(0) {
            self.ledger.debit(account, asset, paid);
        }
        if paid < amount {
            self.positions.set_debt(account, self.positions.debt(account) + (amount - paid));
        }
    }

    /// Gives to an account; what it owes is repaid first.
    pub(crate) fn receive(&mut self, account: AccountId, amount: Cash) {
        let asset = self.derivatives.settlement.expect("a settlement asset");
        let repaid = amount.min(self.positions.debt(account));
        if repaid > Cash(0) {
            self.positions.set_debt(account, self.positions.debt(account) - repaid);
        }
        self.ledger.credit(account, asset, amount - repaid);
    }

    /// Receives a gain or pays a loss.
    pub(crate) fn realise(&mut self, account: AccountId, gain: i128) {
        let amount = Cash(gain.unsigned_abs());
        if gain >= 0 { self.receive(account, amount) } else { self.pay(account, amount) }
    }

    /// Repays an account's debt from what it has.
    pub(crate) fn repay(&mut self, account: AccountId) {
        let debt = self.positions.debt(account);
        if debt > Cash(0) {
            self.positions.set_debt(account, Cash(0));
            self.pay(account, debt);
        }
    }
}

/// What one lot of an order risks, in settlement base units.
pub(crate) struct OrderRisk {
    pub(crate) per_lot: Cash,
    pub(crate) adverse: i128,
    pub(crate) notional: i128,
}
