//! The state machine: `step(state, command, now) -> events`. No clock, no I/O, no float, no randomness, no hash order.

use crate::account::{Balance, Ledger};
use crate::book::Books;
use crate::command::{Command, KIND_CANCEL, KIND_PLACE, KIND_SEAL, Records, kind_of};
use crate::conditional::Waiting;
use crate::decode::{cancel_of, decode, place_of};
use crate::derivative::Derivatives;
use crate::event::Events;
use crate::keccak::{keccak_each, keccak256};
use crate::listing::Listings;
use crate::lookahead::Lookahead;
use crate::outcome::{Outcome, Refusal};
use crate::payload::{payload_root, payload_roots};
use crate::position::Positions;
use crate::protection::Protections;
use crate::request::Requests;
use crate::reserve::Reserves;
use crate::schedule::Schedules;
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
    /// Batches whose events the output chain does not hold yet.
    unchained: usize,
    pub(crate) listings: Listings,
    pub(crate) ledger: Ledger,
    pub(crate) books: Books,
    pub(crate) waiting: Waiting,
    pub(crate) schedules: Schedules,
    pub(crate) protections: Protections,
    pub(crate) derivatives: Derivatives,
    pub(crate) positions: Positions,
    pub(crate) reserves: Reserves,
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
    /// The link that follows `previous`, for a batch that is not empty and whose payload root is `root`.
    pub fn of(batch: &[u8], root: &Hash, first_sequence: Sequence, now: Nanos, previous: Hash) -> Link {
        Link::unhashed(batch, first_sequence, now, previous).hashed(batch.len(), root)
    }

    /// The link of a batch that is not empty, zero in place of its hash.
    pub fn unhashed(batch: &[u8], first_sequence: Sequence, now: Nanos, previous: Hash) -> Link {
        let record_count = Records::of(batch).count() as u32; // a batch is far below 2^32 bytes
        Link { first_sequence, record_count, now, previous, hash: Hash::default() }
    }

    /// The same link with its hash.
    pub fn hashed(self, length: usize, root: &Hash) -> Link {
        Link { hash: keccak256(&self.bytes(length, root)), ..self }
    }

    fn bytes(&self, length: usize, root: &Hash) -> [u8; 92] {
        let mut link = [0u8; 92];
        link[..32].copy_from_slice(&self.previous.0);
        link[32..40].copy_from_slice(&self.first_sequence.0.to_le_bytes());
        link[40..44].copy_from_slice(&self.record_count.to_le_bytes());
        link[44..52].copy_from_slice(&self.now.0.to_le_bytes());
        link[52..60].copy_from_slice(&(length as u64).to_le_bytes());
        link[60..].copy_from_slice(&root.0);
        link
    }

    /// The sequence number after the batch's last.
    pub fn next_sequence(&self) -> Sequence {
        let next = self.first_sequence.0.checked_add(u64::from(self.record_count));
        Sequence(next.expect("sequence numbers do not run out"))
    }
}

/// Whether the output chain holds a batch's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chained {
    /// Its events are to be given to [`State::extend_output_chain`].
    Open,
    /// It was an accepted seal, which extends the chain itself.
    Done,
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
            unchained: 0,
            listings: Listings::default(),
            ledger: Ledger::genesis(),
            books: Books::default(),
            waiting: Waiting::default(),
            schedules: Schedules::default(),
            protections: Protections::new(),
            derivatives: Derivatives::default(),
            positions: Positions::default(),
            reserves: Reserves::default(),
            requests: Requests::default(),
            chains: Chains::new(),
            withdrawals: Vec::new(),
            sealing: Sealing::default(),
        }
    }

    /// The link of the next batch at clock time `now`.
    pub fn link(&self, batch: &[u8], now: Nanos) -> Link {
        Link::of(batch, &payload_root(batch), self.sequence.next(), now.max(self.now), self.input_hash)
    }

    /// Applies a batch at its link and extends the output chain; appends its events to `output`.
    ///
    /// # Panics
    /// When the link does not follow this state, or an invariant is broken; the state must not be used afterwards.
    pub fn apply(&mut self, link: &Link, batch: &[u8], output: &mut Vec<u8>) {
        let start = output.len();
        if self.run(link, batch, output) == Chained::Open {
            self.extend_output_chain(&[&output[start..]]);
        }
    }

    /// Applies a batch at its link; appends its events to `output`. Events that are not chained yet must be given to
    /// [`State::extend_output_chain`], in order, before the next seal.
    ///
    /// # Panics
    /// As [`State::apply`].
    pub fn run(&mut self, link: &Link, batch: &[u8], output: &mut Vec<u8>) -> Chained {
        assert_eq!(
            (link.first_sequence, link.previous),
            (self.sequence.next(), self.input_hash),
            "the next batch"
        );
        assert!(link.now >= self.now, "time never decreases");
        (self.now, self.input_hash) = (link.now, link.hash);
        self.requests.advance(self.now);
        let block = self.sealing.block();
        let mut ahead = Lookahead::of(batch, self);
        for record in Records::of(batch) {
            ahead.advance(self);
            self.sequence = self.sequence.next();
            self.step(record, link.record_count == 1, &mut Events::of(self.sequence, output));
        }
        if self.sealing.block() != block {
            return Chained::Done;
        }
        self.unchained += 1;
        Chained::Open
    }

    /// Extends both chains by the one batch that ran before its link was hashed, and its events.
    pub(crate) fn chain(&mut self, link: &Link, batch: &[u8], events: &[u8]) {
        assert_eq!(self.unchained, 1, "every batch that ran is chained once");
        self.unchained = 0;
        let roots = payload_roots(&[batch, events]);
        let input = link.bytes(batch.len(), &roots[0]);
        let output = output_link_bytes(&self.output_hash, events.len(), &roots[1]);
        let hashes = keccak_each(&[&input, &output]);
        (self.input_hash, self.output_hash) = (hashes[0], hashes[1]);
    }

    /// Extends the output chain by the events of all batches that ran and are not chained yet; the chain before each of them.
    pub fn extend_output_chain(&mut self, batches: &[&[u8]]) -> Vec<Hash> {
        assert_eq!(self.unchained, batches.len(), "every batch that ran is chained once");
        self.unchained = 0;
        let link = |(events, root): (&&[u8], Hash)| {
            let after = output_link(&self.output_hash, events.len(), &root);
            std::mem::replace(&mut self.output_hash, after)
        };
        batches.iter().zip(payload_roots(batches)).map(link).collect()
    }

    fn step(&mut self, record: &[u8], alone: bool, events: &mut Events) {
        let kind = kind_of(record);
        let done = match kind {
            KIND_PLACE => self.perform_place(record, events),
            KIND_CANCEL => self.perform_cancel(record, events),
            _ => decode(record)
                .map_err(Refusal::from)
                .and_then(|command| self.perform(&command, kind, alone, events)),
        };
        let refused_seal = matches!(&done, Err(why) if matches!(why.outcome, Outcome::SealNotAlone | Outcome::NothingToSeal));
        let accepted_seal = done.is_ok() && kind == KIND_SEAL;
        if let Err(Refusal { outcome, id }) = done {
            events.outcome(outcome, kind, id, self.now);
        }
        if !refused_seal && !accepted_seal {
            self.sealing.count_command();
        }
    }

    // The two frequent commands are applied as they are read; the others come as a `Command`.

    #[inline(always)]
    fn perform_place(&mut self, record: &[u8], events: &mut Events) -> Result<(), Refusal> {
        let place = place_of(record)?;
        let admitted = self.check_place(&place)?;
        self.place(&place, admitted, events);
        Ok(())
    }

    #[inline(always)]
    fn perform_cancel(&mut self, record: &[u8], events: &mut Events) -> Result<(), Refusal> {
        let (account, order) = cancel_of(record)?;
        self.check_cancel(account, order)?;
        self.cancel(order, events);
        Ok(())
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
            Command::Place(_) | Command::Cancel { .. } => unreachable!("performed as they are read"),
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
            other => return self.perform_on_orders(other, kind, events),
        }
        Ok(())
    }

    fn perform_on_orders(
        &mut self,
        command: &Command,
        kind: u16,
        events: &mut Events,
    ) -> Result<(), Refusal> {
        match command {
            Command::Amend(amend) => {
                let admitted = self.check_amend(amend)?;
                self.amend(amend, admitted, kind, events);
            }
            Command::CancelAll(all) => {
                self.check_cancel_all(all)?;
                self.cancel_all(all, kind, events);
            }
            Command::ScheduleCancel(schedule) => {
                self.check_schedule(schedule)?;
                self.schedule(schedule, kind, events);
            }
            Command::SetProtection(set) => {
                self.check_protection(set)?;
                self.set_protection(set, kind, events);
            }
            Command::Sweep { limit } => self.sweep(*limit, kind, events),
            Command::MarkPrice { market, ticks } => {
                self.listings.set_spot_mark(*market, *ticks)?;
                events.outcome(Outcome::Accepted, kind, u64::from(market.0), self.now);
                events.mark_changed(*market, *ticks);
                self.trigger(*market, events);
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
                self.open_market();
                events.outcome(Outcome::Accepted, kind, u64::from(market.0), self.now);
                events.market_listed(market, terms);
            }
            Command::SetMarketStatus { market, status } => {
                self.listings.set_status(market, status)?;
                events.outcome(Outcome::Accepted, kind, u64::from(market.0), self.now);
                events.market_status_set(market, status);
            }
            ref derivative => return self.perform_on_derivatives(derivative, kind, events),
        }
        Ok(())
    }

    fn perform_on_derivatives(
        &mut self,
        command: &Command,
        kind: u16,
        events: &mut Events,
    ) -> Result<(), Refusal> {
        match command {
            Command::ListUnderlying(terms) => self.list_underlying(terms, kind, events),
            Command::ListInstrument(terms) => self.list_instrument(terms, kind, events),
            Command::SetCollateral { asset, collateral } => {
                self.set_collateral(*asset, collateral, kind, events)
            }
            Command::IndexPrice { underlying, ticks } => {
                self.check_index(*underlying, *ticks)?;
                self.set_index(*underlying, *ticks, kind, events);
                Ok(())
            }
            Command::OptionMarks { market, marks } => {
                let instrument = self.check_marks(*market, marks)?;
                self.set_marks(instrument, marks, kind, events);
                Ok(())
            }
            Command::Expire { market } => {
                let instrument = self.check_expire(*market)?;
                self.expire(instrument, kind, events);
                Ok(())
            }
            _ => unreachable!("every other kind is performed by its caller"),
        }
    }

    /// Opens the next market's book and wait.
    pub(crate) fn open_market(&mut self) {
        self.books.open_market();
        self.waiting.open_market();
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
    ///
    /// # Panics
    /// When events of a batch that ran are not chained yet.
    pub fn output_hash(&self) -> Hash {
        assert_eq!(self.unchained, 0, "the output chain holds every batch");
        self.output_hash
    }
    /// The output chain without the batches that are not chained yet.
    pub(crate) fn output_chain(&self) -> Hash {
        self.output_hash
    }
    /// Chains the empty payload that stands for an accepted seal's events.
    pub(crate) fn chain_seal(&mut self) {
        self.output_hash = output_link(&self.output_hash(), 0, &Hash::default());
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
        assets.filter_map(|asset| self.ledger.balance(account, asset)).map(|(_, balance)| balance).collect()
    }
    /// The order books.
    pub fn books(&self) -> &Books {
        &self.books
    }
    /// The orders that wait for a mark.
    pub fn waiting(&self) -> &Waiting {
        &self.waiting
    }
    /// Scheduled cancels.
    pub fn schedules(&self) -> &Schedules {
        &self.schedules
    }
    /// Market-maker protections.
    pub fn protections(&self) -> &Protections {
        &self.protections
    }
    /// Underlyings, instruments and collateral.
    pub fn derivatives(&self) -> &Derivatives {
        &self.derivatives
    }
    /// Positions and debts.
    pub fn positions(&self) -> &Positions {
        &self.positions
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

/// `keccak(previous ++ length u64 ++ payload root)`.
fn output_link(previous: &Hash, length: usize, root: &Hash) -> Hash {
    keccak256(&output_link_bytes(previous, length, root))
}

fn output_link_bytes(previous: &Hash, length: usize, root: &Hash) -> [u8; 72] {
    let mut link = [0u8; 72];
    link[..32].copy_from_slice(&previous.0);
    link[32..40].copy_from_slice(&(length as u64).to_le_bytes());
    link[40..].copy_from_slice(&root.0);
    link
}
