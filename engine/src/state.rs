//! The state machine: `step(state, command, now) -> events`. No clock, no I/O, no float, no randomness, no hash order.

use crate::account::{Balance, Ledger};
use crate::book::Books;
use crate::command::{Command, KIND_SEAL, Records, decode, kind_of};
use crate::event::Events;
use crate::keccak::keccak256;
use crate::listing::Listings;
use crate::outcome::{Outcome, Refusal};
use crate::request::Requests;
use crate::seal::Sealing;
use crate::transfer::{Chains, Withdrawal};
use crate::units::*;

/// Everything that the commands so far have made.
#[derive(Clone, Debug)]
pub struct State {
    pub(crate) now: Nanos,
    pub(crate) sequence: Sequence,
    pub(crate) last_order: OrderId,
    pub(crate) last_trade: TradeId,
    pub(crate) input_hash: Hash,
    pub(crate) output_hash: Hash,
    pub(crate) listings: Listings,
    pub(crate) ledger: Ledger,
    pub(crate) books: Books,
    pub(crate) requests: Requests,
    pub(crate) chains: Chains,
    pub(crate) withdrawals: Vec<Withdrawal>,
    pub(crate) sealing: Sealing,
}

/// One batch's place in the input stream: what its frame's header says and what the chain is after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Link {
    pub first_sequence: Sequence,
    pub record_count: u32,
    pub now: Nanos,
    pub previous: Hash,
    pub hash: Hash,
}

impl Link {
    /// The link that follows `previous`, for a batch that is not empty.
    pub fn of(batch: &[u8], first_sequence: Sequence, now: Nanos, previous: Hash) -> Link {
        let record_count = Records::of(batch).count() as u32; // a batch is far below 2^32 bytes
        let mut link = [0u8; 84];
        link[..32].copy_from_slice(&previous.0);
        link[32..40].copy_from_slice(&first_sequence.0.to_le_bytes());
        link[40..44].copy_from_slice(&record_count.to_le_bytes());
        link[44..52].copy_from_slice(&now.0.to_le_bytes());
        link[52..].copy_from_slice(&keccak256(batch).0);
        Link { first_sequence, record_count, now, previous, hash: keccak256(&link) }
    }

    /// The sequence number after the batch's last.
    pub fn next_sequence(&self) -> Sequence {
        let next = self.first_sequence.0.checked_add(u64::from(self.record_count));
        Sequence(next.expect("sequence numbers do not run out"))
    }
}

impl Default for State {
    fn default() -> Self {
        State::genesis()
    }
}

impl State {
    /// The state before the first command.
    pub fn genesis() -> State {
        State {
            now: Nanos(0),
            sequence: Sequence(0),
            last_order: OrderId(0),
            last_trade: TradeId(0),
            input_hash: Hash::default(),
            output_hash: Hash::default(),
            listings: Listings::default(),
            ledger: Ledger::genesis(),
            books: Books::default(),
            requests: Requests::default(),
            chains: Chains::new(),
            withdrawals: Vec::new(),
            sealing: Sealing::default(),
        }
    }

    /// The link of the next batch at clock time `now`.
    pub fn link(&self, batch: &[u8], now: Nanos) -> Link {
        Link::of(batch, self.sequence.next(), now.max(self.now), self.input_hash)
    }

    /// Applies a batch at its link; appends its events to `output`.
    ///
    /// # Panics
    /// When the link does not follow this state, or an invariant is broken; the state must not be used afterwards.
    pub fn apply(&mut self, link: &Link, batch: &[u8], output: &mut Vec<u8>) {
        assert_eq!(
            (link.first_sequence, link.previous),
            (self.sequence.next(), self.input_hash),
            "the next batch"
        );
        assert!(link.now >= self.now, "time never decreases");
        (self.now, self.input_hash) = (link.now, link.hash);
        self.requests.forget_expired(self.now);
        let (start, block) = (output.len(), self.sealing.block());
        for record in Records::of(batch) {
            self.sequence = self.sequence.next();
            self.step(record, link.record_count == 1, &mut Events::of(self.sequence, output));
        }
        if self.sealing.block() == block {
            self.output_hash = output_link(&self.output_hash, &output[start..]);
        }
    }

    fn step(&mut self, record: &[u8], alone: bool, events: &mut Events) {
        let kind = kind_of(record);
        let done = decode(record)
            .map_err(Refusal::from)
            .and_then(|command| self.perform(&command, kind, alone, events));
        let refused_seal = matches!(&done, Err(why) if matches!(why.outcome, Outcome::SealNotAlone | Outcome::NothingToSeal));
        if let Err(Refusal { outcome, id }) = done {
            events.outcome(outcome, kind, id, self.now);
        }
        let accepted_seal = done.is_ok() && kind == KIND_SEAL;
        if !refused_seal && !accepted_seal {
            self.sealing.count_command();
        }
    }

    /// Judges and applies one command: either all of it, with its outcome as the first event, or nothing.
    fn perform(
        &mut self,
        command: &Command,
        kind: u16,
        alone: bool,
        events: &mut Events,
    ) -> Result<(), Refusal> {
        match command {
            Command::Place(place) => {
                let hold = self.check_place(place)?;
                self.place(place, hold, kind, events);
            }
            Command::Cancel { account, order } => {
                self.check_cancel(*account, *order)?;
                self.cancel(*order, kind, events);
            }
            Command::Withdraw(withdraw) => {
                self.check_withdraw(withdraw)?;
                self.queue_withdrawal(withdraw, kind, events);
            }
            Command::Deposit(deposit) => {
                self.check_deposit(deposit)?;
                let account = self.credit_deposit(deposit);
                events.outcome(Outcome::Accepted, kind, u64::from(account.0), self.now);
                events.deposit_credited(deposit, account);
            }
            Command::Seal => {
                self.sealing.check(alone)?;
                self.seal(kind, events);
            }
            listing => return self.perform_listing(listing, kind, events),
        }
        Ok(())
    }

    fn perform_listing(&mut self, command: &Command, kind: u16, events: &mut Events) -> Result<(), Refusal> {
        match *command {
            Command::RegisterAsset { chain, token, decimals } => {
                let asset = self.listings.register(chain, token, decimals)?;
                self.chains.entry(chain).or_default();
                events.outcome(Outcome::Accepted, kind, u64::from(asset.0), self.now);
                events.asset_registered(asset, chain, &token, decimals);
            }
            Command::ListMarket(ref terms) => {
                let market = self.listings.list(terms)?;
                self.books.open_market();
                events.outcome(Outcome::Accepted, kind, u64::from(market.0), self.now);
                events.market_listed(market, terms);
            }
            Command::SetMarketStatus { market, status } => {
                self.listings.set_status(market, status)?;
                events.outcome(Outcome::Accepted, kind, u64::from(market.0), self.now);
                events.market_status_set(market, status);
            }
            _ => unreachable!("every other kind is performed by its caller"),
        }
        Ok(())
    }

    /// The hash of the canonical encoding: equal states have equal digests.
    pub fn digest(&self) -> Hash {
        keccak256(&self.encode())
    }

    /// The time of the last batch.
    pub fn now(&self) -> Nanos {
        self.now
    }
    /// The last command's sequence number.
    pub fn sequence(&self) -> Sequence {
        self.sequence
    }
    /// The input chain's head.
    pub fn input_hash(&self) -> Hash {
        self.input_hash
    }
    /// The output chain's head.
    pub fn output_hash(&self) -> Hash {
        self.output_hash
    }
    /// Assets and markets.
    pub fn listings(&self) -> &Listings {
        &self.listings
    }
    /// Accounts and balances.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
    /// The balances of one account by asset.
    pub fn balances_of(&self, account: AccountId) -> Vec<Balance> {
        let assets = (0..self.listings.assets().len() as u32).map(AssetId);
        assets.filter_map(|asset| self.ledger.balance(account, asset)).map(|(_, balance)| *balance).collect()
    }
    /// The order books.
    pub fn books(&self) -> &Books {
        &self.books
    }
    /// Deposits by chain.
    pub fn chains(&self) -> &Chains {
        &self.chains
    }
    /// Blocks, trees and proofs.
    pub fn sealing(&self) -> &Sealing {
        &self.sealing
    }
}

/// `keccak(previous ++ keccak(events))`.
pub(crate) fn output_link(previous: &Hash, events: &[u8]) -> Hash {
    let mut link = [0u8; 64];
    link[..32].copy_from_slice(&previous.0);
    link[32..].copy_from_slice(&keccak256(events).0);
    keccak256(&link)
}
