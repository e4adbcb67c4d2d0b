//! Positions and debts. Only changes and sums: no price, no margin, no rule lives here.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::units::*;

/// The market of the position that is an account's debt: its entry is the debt.
pub const DEBT: MarketId = MarketId(u32::MAX);

/// One (account, market) pair; its index is its leaf in the positions tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Whose.
    pub account: AccountId,
    /// Of what; [`DEBT`] for a debt.
    pub market: MarketId,
    /// Bought less sold.
    pub lots: i64,
    /// What was paid less received for them, in settlement base units.
    pub entry: i128,
    pub(crate) changed: bool,
}

/// All positions and debts.
#[derive(Clone, Debug, Default)]
pub struct Positions {
    pub(crate) positions: Vec<Position>,
    by_pair: FxHashMap<(AccountId, MarketId), u32>,
    by_market: FxHashMap<MarketId, Vec<u32>>,
    by_account: FxHashMap<AccountId, Vec<u32>>,
    /// The positions that have lots.
    open: BTreeMap<(AccountId, UnderlyingId, MarketId), u32>,
    /// How many positions with lots an account has in an underlying.
    holders: BTreeMap<(UnderlyingId, AccountId), u32>,
    debtors: BTreeSet<AccountId>,
    /// The lots that are held on one side of each market; as many are held on the other.
    interest: FxHashMap<MarketId, u64>,
    /// Indexes of positions written since the trees were refreshed, each once.
    changed: Vec<u32>,
}

impl Positions {
    fn index(&self, account: AccountId, market: MarketId) -> Option<u32> {
        self.by_pair.get(&(account, market)).copied()
    }

    /// A position and its index, if it was ever touched.
    pub fn position(&self, account: AccountId, market: MarketId) -> Option<(usize, &Position)> {
        self.index(account, market).map(|index| (index as usize, &self.positions[index as usize]))
    }

    /// How many lots an account has.
    pub fn lots(&self, account: AccountId, market: MarketId) -> i64 {
        self.position(account, market).map_or(0, |(_, position)| position.lots)
    }

    /// What an account owes.
    pub fn debt(&self, account: AccountId) -> Cash {
        let entry = self.position(account, DEBT).map_or(0, |(_, debt)| debt.entry);
        Cash(u128::try_from(entry).expect("a debt is never negative"))
    }

    pub(crate) fn append(&mut self, position: Position, underlying: Option<UnderlyingId>) -> u32 {
        let index = u32::try_from(self.positions.len()).expect("fewer than 2^32 positions");
        self.positions.push(Position { lots: 0, entry: 0, ..position });
        self.by_pair.insert((position.account, position.market), index);
        self.by_market.entry(position.market).or_default().push(index);
        self.by_account.entry(position.account).or_default().push(index);
        match underlying {
            Some(underlying) => self.write(index, underlying, position.lots, position.entry),
            None => self.write_debt(index, position.entry),
        }
        index
    }

    fn touch(&mut self, index: u32) -> &mut Position {
        let position = &mut self.positions[index as usize];
        if !position.changed {
            position.changed = true;
            self.changed.push(index);
        }
        position
    }

    /// Sets a position's lots and entry.
    pub fn set(
        &mut self,
        account: AccountId,
        market: MarketId,
        underlying: UnderlyingId,
        lots: i64,
        entry: i128,
    ) {
        match self.index(account, market) {
            Some(index) => self.write(index, underlying, lots, entry),
            None => {
                let position = Position { account, market, lots, entry, changed: false };
                let index = self.append(position, Some(underlying));
                self.touch(index);
            }
        }
    }

    fn write(&mut self, index: u32, underlying: UnderlyingId, lots: i64, entry: i128) {
        let position = self.touch(index);
        let (account, market, before) = (position.account, position.market, position.lots);
        (position.lots, position.entry) = (lots, entry);
        let interest = self.interest.entry(market).or_default();
        *interest = *interest - before.max(0).unsigned_abs() + lots.max(0).unsigned_abs();
        if before == 0 && lots != 0 {
            self.open.insert((account, underlying, market), index);
            *self.holders.entry((underlying, account)).or_default() += 1;
        } else if before != 0 && lots == 0 {
            self.open.remove(&(account, underlying, market));
            let held = self.holders.get_mut(&(underlying, account)).expect("a holder");
            *held -= 1;
            if *held == 0 {
                self.holders.remove(&(underlying, account));
            }
        }
    }

    /// Sets what an account owes.
    pub fn set_debt(&mut self, account: AccountId, debt: Cash) {
        let entry = i128::try_from(debt.0).expect("a debt within 127 bits");
        match self.index(account, DEBT) {
            Some(index) => self.write_debt(index, entry),
            None if entry == 0 => {}
            None => {
                let position = Position { account, market: DEBT, lots: 0, entry, changed: false };
                let index = self.append(position, None);
                self.touch(index);
            }
        }
    }

    fn write_debt(&mut self, index: u32, entry: i128) {
        let position = self.touch(index);
        position.entry = entry;
        let account = position.account;
        if entry == 0 {
            self.debtors.remove(&account)
        } else {
            self.debtors.insert(account)
        };
    }

    /// The positions with lots of one account, by underlying, then market.
    pub fn open_of(&self, account: AccountId) -> impl Iterator<Item = (UnderlyingId, &Position)> {
        let least = (account, UnderlyingId(0), MarketId(0));
        let most = (account, UnderlyingId(u32::MAX), MarketId(u32::MAX));
        let open = self.open.range(least..=most);
        open.map(|((_, underlying, _), index)| (*underlying, &self.positions[*index as usize]))
    }

    /// Whether an account has a position with lots or a debt.
    pub fn has_any(&self, account: AccountId) -> bool {
        self.debtors.contains(&account) || self.open_of(account).next().is_some()
    }

    /// Whether an account has a position with lots in `underlying`, or a debt.
    pub fn is_exposed(&self, account: AccountId, underlying: UnderlyingId) -> bool {
        self.debtors.contains(&account) || self.holders.contains_key(&(underlying, account))
    }

    /// The lots that are held on one side of a market.
    pub fn open_interest(&self, market: MarketId) -> u64 {
        self.interest.get(&market).copied().unwrap_or_default()
    }

    /// The first account from `first` on that has a position with lots, or a debt.
    pub fn first_exposed(&self, first: AccountId) -> Option<AccountId> {
        let least = (first, UnderlyingId(0), MarketId(0));
        let holder = self.open.range(least..).next().map(|((account, ..), _)| *account);
        let debtor = self.debtors.range(first..).next().copied();
        holder.into_iter().chain(debtor).min()
    }

    /// The accounts that are exposed to `underlying`, by id.
    pub fn exposed(&self, underlying: UnderlyingId) -> Vec<AccountId> {
        let own = (underlying, AccountId(0))..=(underlying, AccountId(u32::MAX));
        let mut accounts: Vec<AccountId> =
            self.holders.range(own).map(|((_, account), _)| *account).collect();
        accounts.extend(&self.debtors);
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }

    /// All positions ever touched in a market, by index.
    pub fn of_market(&self, market: MarketId) -> impl Iterator<Item = &Position> {
        self.by_market.get(&market).into_iter().flatten().map(|index| &self.positions[*index as usize])
    }

    /// All positions ever touched by an account, by market.
    pub fn of_account(&self, account: AccountId) -> Vec<&Position> {
        let own = self.by_account.get(&account).into_iter().flatten();
        let mut own: Vec<&Position> = own.map(|index| &self.positions[*index as usize]).collect();
        own.sort_unstable_by_key(|position| position.market);
        own
    }

    /// The indexes written since the last call, rising.
    pub fn take_changed(&mut self) -> Vec<u32> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.iter().for_each(|index| self.positions[*index as usize].changed = false);
        changed
    }

    /// Marks a position as written, when a restored state differs from its last seal.
    pub(crate) fn mark_changed(&mut self, index: u32) {
        self.touch(index);
    }

    /// All positions and debts by index.
    pub fn all(&self) -> &[Position] {
        &self.positions
    }
}
