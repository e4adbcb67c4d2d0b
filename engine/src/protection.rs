//! Market-maker protection: after too much has traded in too short a time, an account's protected orders leave a market.

use std::collections::BTreeMap;

use crate::book::Order;
use crate::command::SetProtection;
use crate::event::{CloseReason, Events};
use crate::order::Instructions;
use crate::outcome::{Outcome, Refusal, refuse_if};
use crate::request::Remembered;
use crate::state::State;
use crate::units::*;

/// A protection may count this many times the largest order of its market.
const ORDERS_COUNTED_MAX: u64 = 1_000;

/// When an account's protection is triggered, and for how long it then keeps protected orders out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ProtectionLimits {
    pub window: Nanos,
    /// 0: there is no protection.
    pub max_lots: Lots,
    pub frozen: Nanos,
}

/// The protection of one account in one market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Protection {
    pub limits: ProtectionLimits,
    pub window_start: Nanos,
    /// Lots that have traded since then.
    pub counted: Lots,
    pub frozen_until: Nanos,
}

impl Protection {
    /// A protection that has counted nothing.
    pub fn new(limits: ProtectionLimits) -> Protection {
        Protection { limits, window_start: Nanos(0), counted: Lots(0), frozen_until: Nanos(0) }
    }

    /// Counts a fill; whether that triggers it.
    pub fn count(&mut self, lots: Lots, now: Nanos) -> bool {
        let window_end = self.window_start.0.saturating_add(self.limits.window.0);
        if self.counted == Lots(0) || now.0 >= window_end {
            (self.window_start, self.counted) = (now, Lots(0));
        }
        self.counted = Lots(self.counted.0 + lots.0);
        if self.counted < self.limits.max_lots {
            return false;
        }
        self.counted = Lots(0);
        self.frozen_until = Nanos(now.0.saturating_add(self.limits.frozen.0));
        true
    }
}

/// The protections that are set, by account and market.
pub type Protections = BTreeMap<(AccountId, MarketId), Protection>;

impl State {
    /// Judges a protection.
    pub(crate) fn check_protection(&self, set: &SetProtection) -> Result<(), Refusal> {
        refuse_if(!self.ledger.is_user(set.account), Outcome::AccountUnknown)?;
        self.requests.check(set.account, set.client_id, set.expires_at, self.now)?;
        let most = self.listings.market(set.market)?.terms.max_lots.0 * ORDERS_COUNTED_MAX;
        refuse_if(set.limits.max_lots > Lots(most), Outcome::QuantityTooLarge)
    }

    /// Sets a protection that was judged.
    pub(crate) fn set_protection(&mut self, set: &SetProtection, kind: u16, events: &mut Events) {
        let SetProtection { account, market, client_id, expires_at, limits } = *set;
        match limits.max_lots {
            Lots(0) => self.protections.remove(&(account, market)),
            _ => self.protections.insert((account, market), Protection::new(limits)),
        };
        let id = u64::from(account.0);
        self.requests.remember(account, client_id, Remembered { expires_at, id });
        events.outcome(Outcome::Accepted, kind, id, self.now);
        events.protection_set(account, market, &limits);
    }

    /// Whether an account's protected orders are kept out of a market.
    pub(crate) fn is_frozen(&self, account: AccountId, market: MarketId) -> bool {
        self.protections.get(&(account, market)).is_some_and(|protection| protection.frozen_until > self.now)
    }

    /// Counts the fill of a protected maker; all protected orders leave when that was too much.
    pub(crate) fn count_protected(&mut self, maker: &Order, lots: Lots, events: &mut Events) {
        let Order { account, market, .. } = *maker;
        let Some(protection) = self.protections.get_mut(&(account, market)) else { return };
        if !protection.count(lots, self.now) {
            return;
        }
        events.protection_triggered(account, market, protection.frozen_until);
        let own = self.books.of_account(account);
        let protected: Vec<Order> = own
            .into_iter()
            .filter(|order| order.market == market && order.terms.instructions.has(Instructions::PROTECTED))
            .copied()
            .collect();
        for order in protected {
            self.close_resting(order.id, CloseReason::Protection, events);
        }
    }
}
