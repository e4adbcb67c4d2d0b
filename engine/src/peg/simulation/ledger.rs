//! Who holds what outside the pools, and that nothing is created.

/// An account of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account(pub usize);

/// Everyone who is no agent of the scenario.
pub const OUTSIDE: Account = Account(0);
/// Bucket C: what is lent for one block.
pub const FLASH: Account = Account(1);
/// What is on its way over a bridge.
pub const IN_FLIGHT: Account = Account(2);
/// Bucket E: what redemptions are paid from.
pub const RESERVE: Account = Account(3);
/// Bucket B: the inventory of all stabilisers.
pub const STABILISATION: Account = Account(4);
/// The first account of an agent.
pub const FIRST: usize = 5;

/// Holdings in base units.
#[derive(Clone, Debug)]
pub struct Ledger {
    assets: usize,
    holdings: Vec<u128>,
    /// Issued less redeemed, by asset.
    supply: Vec<u128>,
}

impl Ledger {
    /// An empty ledger.
    pub fn new(accounts: usize, assets: usize) -> Ledger {
        Ledger { assets, holdings: vec![0; accounts * assets], supply: vec![0; assets] }
    }

    /// What an account holds.
    #[inline]
    pub fn of(&self, account: Account, asset: usize) -> u128 {
        self.holdings[account.0 * self.assets + asset]
    }

    /// Creates tokens.
    pub fn issue(&mut self, account: Account, asset: usize, amount: u128) {
        self.holdings[account.0 * self.assets + asset] += amount;
        self.supply[asset] += amount;
    }

    /// Destroys tokens that the account holds; false, and nothing, if it does not.
    #[must_use]
    pub fn redeem(&mut self, account: Account, asset: usize, amount: u128) -> bool {
        let taken = self.take(account, asset, amount);
        if taken {
            self.supply[asset] -= amount;
        }
        taken
    }

    /// Moves tokens; false, and nothing, if the account does not hold them.
    #[must_use]
    pub fn pay(&mut self, from: Account, to: Account, asset: usize, amount: u128) -> bool {
        let taken = self.take(from, asset, amount);
        if taken {
            self.give(to, asset, amount);
        }
        taken
    }

    /// Moves as much of `amount` as there is; returns how much.
    pub fn pay_most(&mut self, from: Account, to: Account, asset: usize, amount: u128) -> u128 {
        let amount = amount.min(self.of(from, asset));
        self.holdings[from.0 * self.assets + asset] -= amount;
        self.give(to, asset, amount);
        amount
    }

    /// Takes tokens into a pool; false, and nothing, if the account does not hold them.
    #[must_use]
    #[inline]
    pub fn take(&mut self, account: Account, asset: usize, amount: u128) -> bool {
        let held = &mut self.holdings[account.0 * self.assets + asset];
        match held.checked_sub(amount) {
            Some(rest) => {
                *held = rest;
                true
            }
            None => false,
        }
    }

    /// Gives tokens out of a pool.
    #[inline]
    pub fn give(&mut self, account: Account, asset: usize, amount: u128) {
        self.holdings[account.0 * self.assets + asset] += amount;
    }

    /// Moves supply from one chain's token to the other's, with the tokens.
    pub fn carry(&mut self, from: usize, to: usize, amount: u128) {
        self.supply[from] -= amount;
        self.supply[to] += amount;
    }

    /// Whether the accounts and what the pools hold add up to the supply of every asset.
    pub fn is_conserved(&self, in_pools: &[u128]) -> bool {
        (0..self.assets).all(|asset| {
            let held: u128 = self.holdings.iter().skip(asset).step_by(self.assets).sum();
            held + in_pools[asset] == self.supply[asset]
        })
    }
}
