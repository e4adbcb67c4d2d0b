//! Deposits and withdrawals: what comes from a chain and what leaves for it.

use std::collections::BTreeMap;

use crate::abi::Words;
use crate::command::{Deposit, Withdraw};
use crate::event::{Events, Queued};
use crate::keccak::keccak256;
use crate::outcome::{Outcome, Refusal, refuse_if};
use crate::request::Remembered;
use crate::state::State;
use crate::units::*;

/// How many deposits of a chain were credited, and their hash chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ChainDeposits {
    pub count: u64,
    pub hash: Hash,
}

/// Every chain that has a registered asset.
pub type Chains = BTreeMap<ChainId, ChainDeposits>;

/// An accepted withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Withdrawal {
    pub account: AccountId,
    pub asset: AssetId,
    pub amount: Cash,
    pub recipient: Address,
}

impl State {
    /// Judges a deposit; the account it would be for decides nothing.
    pub(crate) fn check_deposit(&self, deposit: &Deposit) -> Result<(), Refusal> {
        let asset = self.listings.asset(deposit.asset)?;
        refuse_if(asset.chain != deposit.chain, Outcome::AssetUnknown)?;
        refuse_if(deposit.amount == Cash(0), Outcome::AmountZero)?;
        let credited = asset.credited.0.checked_add(deposit.amount.0);
        refuse_if(credited.is_none_or(|total| total > CASH_MAX.0), Outcome::AmountTooLarge)?;
        refuse_if(deposit.owner.is_zero(), Outcome::OwnerZero)?;
        let count = self.chains.get(&deposit.chain).map_or(0, |chain| chain.count);
        refuse_if(deposit.ordinal <= count, Outcome::DepositDuplicate)?;
        refuse_if(deposit.ordinal - count > 1, Outcome::DepositGap)
    }

    /// Credits a deposit that was judged.
    pub(crate) fn credit_deposit(&mut self, deposit: &Deposit) -> AccountId {
        let asset = self.listings.known_asset(deposit.asset);
        asset.credited = asset.credited + deposit.amount;
        let chain = self.chains.entry(deposit.chain).or_default();
        chain.hash = deposit_link(&chain.hash, deposit, &asset.token);
        chain.count = deposit.ordinal;
        let account = self.ledger.account_for(deposit.owner);
        self.ledger.credit(account, deposit.asset, deposit.amount);
        account
    }

    /// Judges a withdrawal.
    pub(crate) fn check_withdraw(&self, withdraw: &Withdraw) -> Result<(), Refusal> {
        refuse_if(!self.ledger.is_user(withdraw.account), Outcome::AccountUnknown)?;
        self.requests.check(withdraw.account, withdraw.client_id, withdraw.expires_at, self.now)?;
        let asset = self.listings.asset(withdraw.asset)?;
        refuse_if(withdraw.amount == Cash(0), Outcome::AmountZero)?;
        refuse_if(withdraw.recipient.is_zero(), Outcome::RecipientZero)?;
        let available = self.ledger.available(withdraw.account, withdraw.asset);
        refuse_if(available < withdraw.amount, Outcome::FundsShort)?;
        self.check_spending(withdraw.account, withdraw.asset, withdraw.amount)?;
        // Gains that no one has paid in yet cannot leave.
        refuse_if(withdraw.amount > asset.credited - asset.withdrawn, Outcome::ReserveShort)
    }

    /// Debits and queues a withdrawal that was judged.
    pub(crate) fn queue_withdrawal(&mut self, withdraw: &Withdraw, kind: u16, events: &mut Events) {
        let Withdraw { account, asset, amount, recipient, .. } = *withdraw;
        let id = WithdrawalId(self.withdrawals.len() as u64);
        self.ledger.debit(account, asset, amount);
        let listed = self.listings.known_asset(asset);
        listed.withdrawn = listed.withdrawn + amount;
        self.withdrawals.push(Withdrawal { account, asset, amount, recipient });
        let made = Remembered { expires_at: withdraw.expires_at, id: id.0 };
        self.requests.remember(account, withdraw.client_id, made);
        events.outcome(Outcome::Accepted, kind, id.0, self.now);
        events.withdrawal_queued(&self.queued(id).expect("just queued"));
    }

    /// A withdrawal as its event and its leaf tell it.
    pub fn queued(&self, id: WithdrawalId) -> Option<Queued> {
        let Withdrawal { account, asset, amount, recipient } =
            *self.withdrawals.get(usize::try_from(id.0).ok()?)?;
        let listed = self.listings.assets().get(asset.0 as usize)?;
        let owner = *self.ledger.owner(account)?;
        Some(Queued {
            id,
            account,
            asset,
            chain: listed.chain,
            token: listed.token,
            owner,
            recipient,
            amount,
        })
    }
}

/// `keccak(abi.encode(bytes32 previous, uint64 ordinal, address token, address owner, uint256 amount))`.
fn deposit_link(previous: &Hash, deposit: &Deposit, token: &Address) -> Hash {
    let words = Words::<160>::new().hash(previous).uint(deposit.ordinal).address(token);
    keccak256(&words.address(&deposit.owner).uint(deposit.amount.0).encoding())
}
