//! What open derivative orders keep an account from spending elsewhere.

use rustc_hash::FxHashMap;

use crate::book::Order;
use crate::units::*;

#[derive(Clone, Copy, Debug)]
struct Reserve {
    per_lot: Cash,
    lots: Lots,
    account: AccountId,
    market: MarketId,
}

#[derive(Clone, Copy, Debug, Default)]
struct Total {
    reserved: u128,
    orders: u32,
}

/// The reserves of all open derivative orders.
#[derive(Clone, Debug, Default)]
pub struct Reserves {
    orders: FxHashMap<OrderId, Reserve>,
    by_account: FxHashMap<AccountId, Total>,
    open_lots: FxHashMap<(AccountId, MarketId), u64>,
}

impl Reserves {
    /// Reserves for all lots of an order.
    pub fn add(&mut self, order: &Order, per_lot: Cash) {
        let Order { id, account, market, lots, .. } = *order;
        self.orders.insert(id, Reserve { per_lot, lots, account, market });
        let total = self.by_account.entry(account).or_default();
        total.reserved += per_lot.0 * u128::from(lots.0);
        total.orders += 1;
        *self.open_lots.entry((account, market)).or_default() += lots.0;
    }

    /// Frees what `lots` of an order reserve; nothing for an order that reserves nothing.
    pub fn free(&mut self, id: OrderId, lots: Lots) {
        let Some(reserve) = self.orders.get_mut(&id) else { return };
        reserve.lots = reserve.lots - lots;
        let Reserve { per_lot, lots: left, account, market } = *reserve;
        let total = self.by_account.get_mut(&account).expect("an account with a reserve");
        total.reserved -= per_lot.0 * u128::from(lots.0);
        let open = self.open_lots.get_mut(&(account, market)).expect("an account with open lots");
        *open -= lots.0;
        if *open == 0 {
            self.open_lots.remove(&(account, market));
        }
        if left == Lots(0) {
            total.orders -= 1;
            if total.orders == 0 {
                self.by_account.remove(&account);
            }
            self.orders.remove(&id);
        }
    }

    /// What an order reserves per lot.
    pub fn per_lot(&self, id: OrderId) -> Cash {
        self.orders.get(&id).map_or(Cash(0), |reserve| reserve.per_lot)
    }

    /// What all orders of an account reserve.
    pub fn of_account(&self, account: AccountId) -> Cash {
        self.by_account.get(&account).map_or(Cash(0), |total| Cash(total.reserved))
    }

    /// Whether an account has an open derivative order.
    pub fn has_any(&self, account: AccountId) -> bool {
        self.by_account.contains_key(&account)
    }

    /// All open lots of an account in a market, on both sides.
    pub fn open_lots(&self, account: AccountId, market: MarketId) -> Lots {
        Lots(self.open_lots.get(&(account, market)).copied().unwrap_or_default())
    }
}
