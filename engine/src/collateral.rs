//! Collateral: assets besides the settlement asset that count towards an account's equity, below their price.

use std::collections::BTreeMap;

use ethnum::U256;

use crate::units::*;

const PRICE_MAX: u128 = 10u128.pow(36);
const HAIRCUT_MAX: Ppm = Ppm(1_000_000);
/// Base units of an asset that a price is for.
const PRICED: u128 = 10u128.pow(18);
const PARTS: u128 = 1_000_000;

/// What an asset counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collateral {
    /// What does not count of its value.
    pub haircut: Ppm,
    /// Settlement base units per 10^18 base units; 0: no collateral.
    pub price: u128,
}

/// The assets that count, by id.
pub type Collaterals = BTreeMap<AssetId, Collateral>;

impl Collateral {
    /// Whether every number is within its bounds.
    pub fn is_sound(&self) -> bool {
        self.haircut <= HAIRCUT_MAX && self.price <= PRICE_MAX
    }

    fn counted(&self) -> U256 {
        U256::new(PARTS - u128::from(self.haircut.0))
    }

    /// What an amount counts for, rounded down.
    pub fn value_down(&self, amount: Cash) -> Cash {
        let worth = U256::new(amount.0) * U256::new(self.price) / U256::new(PRICED);
        let value = worth * self.counted() / U256::new(PARTS);
        Cash(value.min(U256::new(CASH_MAX.0)).as_u128())
    }

    /// The least amount that counts for at least `value`, which some amount does.
    pub fn amount_up(&self, value: Cash) -> U256 {
        let worth = ceil_div(U256::new(value.0) * U256::new(PARTS), self.counted());
        ceil_div(worth * U256::new(PRICED), U256::new(self.price))
    }
}

fn ceil_div(value: U256, divisor: U256) -> U256 {
    (value + divisor - U256::ONE) / divisor
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_least_amount_counts_for_enough_and_one_less_does_not(
            haircut in 0..1_000_000u32, price in 1..10u128.pow(36), value in 1..10u128.pow(30),
        ) {
            let collateral = Collateral { haircut: Ppm(haircut), price };
            let amount = collateral.amount_up(Cash(value));
            if amount < U256::new(CASH_MAX.0) {
                let amount = amount.as_u128();
                prop_assert!(collateral.value_down(Cash(amount)) >= Cash(value));
                prop_assert!(collateral.value_down(Cash(amount - 1)) < Cash(value));
            }
        }
    }
}
