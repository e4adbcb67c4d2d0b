//! What waits for its operator: orders past their time, expiries, accounts that a new look would liquidate.
//!
//! The state machine has no clock and acts on commands only; whoever keeps it asks here which commands are due, and when.

use crate::account::{INSURANCE, SYSTEM_ACCOUNTS};
use crate::state::State;
use crate::units::*;

/// The earliest times at which something is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// When the first order that has an end dies.
    pub order: Option<Nanos>,
    /// When the first scheduled cancel is due.
    pub schedule: Option<Nanos>,
    /// The market that expires first of those that can be settled, and when.
    pub expiry: Option<(Nanos, MarketId)>,
}

impl State {
    /// The earliest times at which a `sweep` or an `expire` has something to do.
    pub fn due(&self) -> Due {
        let orders = [self.books.first_expiring(), self.waiting.first_expiring()];
        let priced = self.derivatives.underlyings().iter().filter(|underlying| underlying.index.is_some());
        let unsettled = priced.flat_map(|underlying| &underlying.unsettled);
        let expiries = unsettled.map(|id| self.derivatives.instrument(*id));
        Due {
            order: orders.into_iter().flatten().min().map(|(at, _)| at),
            schedule: self.schedules.first(),
            expiry: expiries.map(|one| (one.expiry, one.market)).min(),
        }
    }

    /// The accounts that an `index_price` would liquidate or relieve of a debt, each with the underlyings to price.
    ///
    /// Looks at `count` accounts at most, from `first` on; where to go on, `None` at the end.
    pub fn unhealthy(
        &self,
        first: AccountId,
        count: usize,
    ) -> (Vec<(AccountId, UnderlyingId)>, Option<AccountId>) {
        let mut found = Vec::new();
        let mut next = self.positions.first_exposed(first);
        for _ in 0..count {
            let Some(account) = next else { return (found, None) };
            found.extend(self.to_price(account).into_iter().map(|underlying| (account, underlying)));
            next = self.positions.first_exposed(AccountId(account.0 + 1));
        }
        (found, next)
    }

    fn to_price(&self, account: AccountId) -> Vec<UnderlyingId> {
        let is_fund = account.0 < SYSTEM_ACCOUNTS;
        let debt = self.positions.debt(account) > Cash(0) && !is_fund;
        if (is_fund && account != INSURANCE) || (self.is_healthy(account) && !debt) {
            return Vec::new();
        }
        let mut held: Vec<UnderlyingId> =
            self.positions.open_of(account).map(|(underlying, _)| underlying).collect();
        held.dedup();
        if held.is_empty() && debt {
            let priced = self.derivatives.underlyings().iter().position(|one| one.index.is_some());
            held.extend(priced.map(|id| UnderlyingId(id as u32)));
        }
        held
    }
}
