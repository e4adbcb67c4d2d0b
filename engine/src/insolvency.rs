//! Accounts that are worth nothing any more: the insurance fund takes them over, or their counterparties' gains are cut.
//!
//! Whatever happens, the account ends without positions, debt or settlement asset: never below zero.

use ethnum::I256;

use crate::account::INSURANCE;
use crate::event::{Deleveraged, Events};

use crate::position::Position;
use crate::state::State;
use crate::units::*;

/// Profit per lot is ranked in these parts.
const RANKED: i128 = 10i128.pow(18);

impl State {
    /// Ends an account's positions and debt.
    pub(crate) fn resolve(&mut self, account: AccountId, events: &mut Events) {
        let deficit = -self.equity(account);
        if self.equity(INSURANCE) >= deficit {
            self.take_over(account, events);
        } else {
            self.deleverage(account, deficit, events);
        }
    }

    /// All positions of an account that have lots, by market.
    fn open_by_market(&self, account: AccountId) -> Vec<Position> {
        let mut open: Vec<Position> =
            self.positions.open_of(account).map(|(_, position)| *position).collect();
        open.sort_unstable_by_key(|position| position.market);
        open
    }

    fn take_over(&mut self, account: AccountId, events: &mut Events) {
        for position in self.open_by_market(account) {
            let underlying = self.instrument_of(position.market).underlying;
            let fund = self.positions.position(INSURANCE, position.market);
            let (lots, entry) = fund.map_or((0, 0), |(_, fund)| (fund.lots, fund.entry));
            self.positions.set(account, position.market, underlying, 0, 0);
            let (lots, entry) = (lots + position.lots, entry + position.entry);
            // Opposite positions that cancel out are worth what their entries leave, whatever the mark: that is cash now.
            let (kept, realised) = if lots == 0 { (0, -entry) } else { (entry, 0) };
            self.positions.set(INSURANCE, position.market, underlying, lots, kept);
            self.realise(INSURANCE, realised);
            events.position_taken_over(&position);
        }
        let debt = self.positions.debt(account);
        self.take_over_means(account, debt);
    }

    /// Moves what an account has, and what it owes, to the insurance fund.
    fn take_over_means(&mut self, account: AccountId, debt: Cash) {
        let settlement = self.derivatives.settlement.expect("a settlement asset");
        let collateral = self.derivatives.collateral.keys().copied();
        let assets: Vec<AssetId> = std::iter::once(settlement).chain(collateral).collect();
        for asset in assets {
            let amount = self.ledger.available(account, asset);
            if amount > Cash(0) {
                self.ledger.debit(account, asset, amount);
                self.ledger.credit(INSURANCE, asset, amount);
            }
        }
        self.positions.set_debt(account, Cash(0));
        if debt > Cash(0) {
            self.positions.set_debt(INSURANCE, self.positions.debt(INSURANCE) + debt);
        }
        self.repay(INSURANCE);
    }

    /// Closes an account's positions against those that profit from them, which pay for its deficit.
    fn deleverage(&mut self, account: AccountId, deficit: I256, events: &mut Events) {
        let open = self.open_by_market(account);
        let weights: Vec<I256> = open.iter().map(|position| self.weight(position)).collect();
        let all = weights.iter().fold(I256::ZERO, |sum, weight| sum + *weight);
        let mut left = deficit;
        for (number, (position, weight)) in open.iter().zip(&weights).enumerate() {
            let last = number + 1 == open.len();
            let share = if last { left } else { deficit * *weight / all };
            left -= share;
            self.close_against_counterparties(position, share, events);
        }
        self.repay(account);
        let debt = self.positions.debt(account);
        if debt > Cash(0) {
            events.debt_taken_over(account, debt);
        }
        self.take_over_means(account, debt);
    }

    fn weight(&self, position: &Position) -> I256 {
        let market = &self.listings.markets()[position.market.0 as usize];
        let price = i128::from(market.mark_or_zero().0.max(1)) * i128::from(market.terms.tick.0);
        I256::new(i128::from(position.lots.unsigned_abs())) * I256::new(price)
    }

    /// The positions that can close this one: the most profitable per lot first, the insurance fund last.
    fn counterparties(&self, position: &Position) -> Vec<Position> {
        let opposite = |other: &&Position| other.lots.signum() == -position.lots.signum();
        let mut ranked: Vec<(bool, I256, Position)> = self
            .positions
            .of_market(position.market)
            .filter(opposite)
            .map(|other| {
                let value = I256::new(self.value(other)) * I256::new(RANKED);
                let per_lot = value.div_euclid(I256::new(i128::from(other.lots.unsigned_abs())));
                (other.account == INSURANCE, -per_lot, *other)
            })
            .collect();
        ranked.sort_unstable_by_key(|(insurance, profit, other)| (*insurance, *profit, other.account));
        ranked.into_iter().map(|(_, _, other)| other).collect()
    }

    fn close_against_counterparties(&mut self, position: &Position, share: I256, events: &mut Events) {
        let ticks = self.listings.markets()[position.market.0 as usize].mark_or_zero();
        let whole = position.lots.unsigned_abs();
        let (mut closed, mut charged) = (0, I256::ZERO);
        for other in self.counterparties(position) {
            if closed == whole {
                break;
            }
            let lots = Lots((whole - closed).min(other.lots.unsigned_abs()));
            closed += lots.0;
            let parties = if position.lots < 0 {
                (position.account, other.account)
            } else {
                (other.account, position.account)
            };
            self.exchange_lots(position.market, parties, lots, ticks);
            let due = share * I256::from(closed) / I256::from(whole) - charged;
            let charge = due.min(self.equity(other.account).max(I256::ZERO));
            charged += charge;
            let charge = Cash(charge.max(I256::ZERO).as_u128());
            self.pay(other.account, charge);
            self.receive(position.account, charge);
            events.deleveraged(&Deleveraged {
                market: position.market,
                account: position.account,
                counterparty: other.account,
                lots,
                ticks,
                charge,
            });
        }
        assert_eq!(closed, whole, "the lots of a market sum to zero");
    }
}
