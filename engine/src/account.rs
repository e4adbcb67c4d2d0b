//! Accounts and balances. Only adds, subtracts and moves: no rule, no rounding, no division lives here.

use rustc_hash::FxHashMap;

use crate::prefetch::prefetch_at;
use crate::units::*;

/// The account that receives trading fees.
pub const FEES: AccountId = AccountId(0);
/// The account that stands in for what accounts cannot pay.
pub const INSURANCE: AccountId = AccountId(1);
/// How many accounts exist from genesis: fees, insurance, dust.
pub const SYSTEM_ACCOUNTS: u32 = 3;

const NOWHERE: u32 = u32::MAX;
/// Assets whose balances are found without hashing: those that were registered first.
const NEAR_ASSETS: usize = 4;

/// One (account, asset) pair; its index is its leaf in the balances tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Balance {
    pub account: AccountId,
    pub asset: AssetId,
    pub available: Cash,
    pub held: Cash,
}

/// What moves of a balance, in half a cache line: two balances of one account mostly share one.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
struct Amounts {
    available: Cash,
    held: Cash,
}

impl Balance {
    /// Available and held.
    pub fn total(&self) -> Cash {
        self.available + self.held
    }
}

/// All accounts and balances.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(crate) owners: Vec<Address>,
    by_owner: FxHashMap<Address, AccountId>,
    /// Whose balance of what, by index.
    pairs: Vec<(AccountId, AssetId)>,
    amounts: Vec<Amounts>,
    /// Whether `changed` holds the index.
    is_changed: Vec<bool>,
    /// By account, then asset: where the pair's balance is, [`NOWHERE`] before its first credit.
    near: Vec<[u32; NEAR_ASSETS]>,
    /// The same of all other assets.
    far: FxHashMap<(AccountId, AssetId), u32>,
    /// Indexes of balances written since the trees were refreshed, each once.
    changed: Vec<u32>,
}

impl Ledger {
    /// The system accounts and nothing else.
    pub fn genesis() -> Ledger {
        Ledger {
            owners: vec![Address::default(); SYSTEM_ACCOUNTS as usize],
            by_owner: FxHashMap::default(),
            pairs: Vec::new(),
            amounts: Vec::new(),
            is_changed: Vec::new(),
            near: Vec::new(),
            far: FxHashMap::default(),
            changed: Vec::new(),
        }
    }

    /// Whether `account` may place, cancel and withdraw.
    #[inline]
    pub fn is_user(&self, account: AccountId) -> bool {
        account.0 >= SYSTEM_ACCOUNTS && (account.0 as usize) < self.owners.len()
    }

    /// The owner of an account; the zero address for a system account.
    pub fn owner(&self, account: AccountId) -> Option<&Address> {
        self.owners.get(account.0 as usize)
    }

    /// The account of an owner.
    pub fn account_of(&self, owner: &Address) -> Option<AccountId> {
        self.by_owner.get(owner).copied()
    }

    /// The account of an owner, opened when there is none.
    pub fn account_for(&mut self, owner: Address) -> AccountId {
        self.account_of(&owner).unwrap_or_else(|| self.open(owner))
    }

    pub(crate) fn open(&mut self, owner: Address) -> AccountId {
        let account = AccountId(u32::try_from(self.owners.len()).expect("fewer than 2^32 accounts"));
        self.owners.push(owner);
        self.by_owner.insert(owner, account);
        account
    }

    #[inline]
    fn index(&self, account: AccountId, asset: AssetId) -> Option<u32> {
        if asset.0 as usize >= NEAR_ASSETS {
            return self.far.get(&(account, asset)).copied();
        }
        let place = self.near.get(account.0 as usize)?[asset.0 as usize];
        (place != NOWHERE).then_some(place)
    }

    /// The balance of a pair and its index, if a credit ever touched it.
    pub fn balance(&self, account: AccountId, asset: AssetId) -> Option<(usize, Balance)> {
        self.index(account, asset).map(|index| (index as usize, self.balance_at(index as usize)))
    }

    /// A balance by its index.
    pub(crate) fn balance_at(&self, index: usize) -> Balance {
        let (account, asset) = self.pairs[index];
        let Amounts { available, held } = self.amounts[index];
        Balance { account, asset, available, held }
    }

    /// All balances by index.
    pub(crate) fn balances(&self) -> impl ExactSizeIterator<Item = Balance> {
        (0..self.pairs.len()).map(|index| self.balance_at(index))
    }

    /// What a pair may spend.
    #[inline]
    pub fn available(&self, account: AccountId, asset: AssetId) -> Cash {
        self.index(account, asset).map_or(Cash(0), |index| self.amounts[index as usize].available)
    }

    /// Asks the processor to fetch a balance.
    #[inline]
    pub(crate) fn expect_balance(&self, account: AccountId, asset: AssetId) {
        let row = self.near.get(account.0 as usize);
        let index = row.and_then(|row| row.get(asset.0 as usize));
        if let Some(amounts) = index.and_then(|index| self.amounts.get(*index as usize)) {
            prefetch_at(amounts);
        }
    }

    pub(crate) fn append(&mut self, balance: Balance) -> u32 {
        let index = u32::try_from(self.pairs.len()).expect("fewer than 2^32 balances");
        self.pairs.push((balance.account, balance.asset));
        self.amounts.push(Amounts { available: balance.available, held: balance.held });
        self.is_changed.push(false);
        let (account, asset) = (balance.account.0 as usize, balance.asset.0 as usize);
        if asset >= NEAR_ASSETS {
            self.far.insert((balance.account, balance.asset), index);
            return index;
        }
        if self.near.len() <= account {
            self.near.resize(account + 1, [NOWHERE; NEAR_ASSETS]);
        }
        self.near[account][asset] = index;
        index
    }

    #[inline]
    fn touch(&mut self, index: u32) -> &mut Amounts {
        if !std::mem::replace(&mut self.is_changed[index as usize], true) {
            self.changed.push(index);
        }
        &mut self.amounts[index as usize]
    }

    #[inline]
    fn existing(&mut self, account: AccountId, asset: AssetId) -> &mut Amounts {
        let index = self.index(account, asset).expect("what is spent was credited");
        self.touch(index)
    }

    /// Adds to available. Nothing at all happens for zero.
    #[inline]
    pub fn credit(&mut self, account: AccountId, asset: AssetId, amount: Cash) {
        if amount == Cash(0) {
            return;
        }
        let index = self
            .index(account, asset)
            .unwrap_or_else(|| self.append(Balance { account, asset, available: Cash(0), held: Cash(0) }));
        let balance = self.touch(index);
        balance.available = balance.available + amount;
    }

    /// Takes from available.
    #[inline]
    pub fn debit(&mut self, account: AccountId, asset: AssetId, amount: Cash) {
        let balance = self.existing(account, asset);
        balance.available = balance.available - amount;
    }

    /// Moves from available to held.
    #[inline]
    pub fn hold(&mut self, account: AccountId, asset: AssetId, amount: Cash) {
        let balance = self.existing(account, asset);
        balance.available = balance.available - amount;
        balance.held = balance.held + amount;
    }

    /// Moves from held to available.
    #[inline]
    pub fn release(&mut self, account: AccountId, asset: AssetId, amount: Cash) {
        let balance = self.existing(account, asset);
        balance.held = balance.held - amount;
        balance.available = balance.available + amount;
    }

    /// Takes `spent` from held and moves `returned` from held to available.
    #[inline]
    pub fn spend(&mut self, account: AccountId, asset: AssetId, spent: Cash, returned: Cash) {
        let balance = self.existing(account, asset);
        balance.held = balance.held - spent - returned;
        balance.available = balance.available + returned;
    }

    /// The indexes written since the last call, rising.
    pub fn take_changed(&mut self) -> Vec<u32> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.iter().for_each(|index| self.is_changed[*index as usize] = false);
        changed
    }

    /// Marks a balance as written, when a restored state differs from its last seal.
    pub(crate) fn mark_changed(&mut self, index: u32) {
        self.touch(index);
    }

    /// The sum of an asset's balances.
    pub fn sum(&self, asset: AssetId) -> Cash {
        let of_asset = self.balances().filter(|balance| balance.asset == asset);
        of_asset.fold(Cash(0), |sum, balance| sum + balance.total())
    }
}
