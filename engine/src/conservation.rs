//! What must add up, whatever happened.

use ethnum::I256;

use crate::state::State;
use crate::units::*;

impl State {
    /// What all accounts own of an asset: their balances and, of the settlement asset, less what their open positions
    /// cost and what they owe. It is what was credited and not withdrawn, or something is very wrong.
    pub fn owned(&self, asset: AssetId) -> I256 {
        let mut owned = I256::from(self.ledger().sum(asset).0);
        if self.derivatives().settlement == Some(asset) {
            for position in self.positions().all() {
                owned -= I256::new(position.entry);
            }
        }
        owned
    }
}
