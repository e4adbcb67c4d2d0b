//! What accounts may do: sell to a pool, trade with the market outside.

use super::World;
use super::ledger::*;
use super::record::Operation;
use crate::peg::pool::Trade;
use crate::peg::refusal::Refusal;
use crate::peg::wide::*;

impl World {
    /// Sells to a pool from an account's holdings.
    #[inline]
    pub(super) fn sell(
        &mut self,
        account: Account,
        pool: usize,
        sells_base: bool,
        amount: u128,
    ) -> Result<Trade, Refusal> {
        let trade = self.sell_unlogged(account, pool, sells_base, amount);
        match &trade {
            Err(_) => self.refusals += 1,
            Ok(Trade { paid, fee, .. }) => {
                if let Some(operations) = &mut self.operations {
                    let (block, paid, fee) = (self.block, *paid, *fee);
                    operations.push(Operation::Sale { block, pool, sells_base, amount, paid, fee });
                }
            }
        }
        trade
    }

    /// As `sell`, of what is part of another operation.
    #[inline]
    pub(super) fn sell_unlogged(
        &mut self,
        account: Account,
        pool: usize,
        sells_base: bool,
        amount: u128,
    ) -> Result<Trade, Refusal> {
        let market = &mut self.markets[pool];
        let (sold, bought) =
            if sells_base { (market.base, market.quote) } else { (market.quote, market.base) };
        if self.ledger.of(account, sold) < amount {
            return Err(Refusal::FundsShort);
        }
        let trade = market.sell(self.block, sells_base, amount)?;
        let taken = self.ledger.take(account, sold, amount);
        debug_assert!(taken, "the holding was looked at");
        self.ledger.give(account, bought, trade.paid);
        Ok(trade)
    }

    /// Units of one asset worth as much as `amount` of another outside, times `1 + cost` or `1 - cost`.
    pub(super) fn worth(&self, amount: u128, of: usize, in_asset: usize, rate: u128) -> u128 {
        let scale = |asset: usize| 10u128.pow(u32::from(self.assets[asset].decimals));
        let value = |asset: usize| self.values[self.assets[asset].value].now;
        let dollars = product(amount, value(of));
        let fair = wide_mul_div_down(dollars, scale(in_asset), product(value(in_asset), scale(of)));
        fair.and_then(narrow).and_then(|fair| mul_div_down(fair, rate, WAD)).unwrap_or(u128::MAX)
    }

    /// Sells `amount` outside at the fair value less a cost [wad]; as much as the outside world can pay.
    pub(super) fn sell_outside(
        &mut self,
        account: Account,
        sold: usize,
        bought: usize,
        amount: u128,
        cost: u128,
    ) -> u128 {
        let paid = self.worth(amount, sold, bought, WAD - cost);
        if paid > self.ledger.of(OUTSIDE, bought) || !self.ledger.pay(account, OUTSIDE, sold, amount) {
            return 0;
        }
        self.ledger.pay_most(OUTSIDE, account, bought, paid)
    }

    /// Buys `amount` outside at the fair value plus a cost [wad]; nothing if either side is short.
    pub(super) fn buy_outside(
        &mut self,
        account: Account,
        bought: usize,
        sold: usize,
        amount: u128,
        cost: u128,
    ) -> bool {
        let due = self.worth(amount, bought, sold, WAD + cost).saturating_add(1);
        if amount > self.ledger.of(OUTSIDE, bought) || !self.ledger.pay(account, OUTSIDE, sold, due) {
            return false;
        }
        self.ledger.pay(OUTSIDE, account, bought, amount)
    }
}
