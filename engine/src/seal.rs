//! Blocks: sealing, the two trees and their proofs.

use crate::abi::Words;
use crate::account::Ledger;
use crate::event::{EVENT_HEADER, Events, Queued, Record};
use crate::keccak::{keccak_many, keccak256};
use crate::listing::Listings;
use crate::merkle::Tree;
use crate::outcome::{Outcome, Refusal, refuse_if};
use crate::position::Positions;
use crate::state::State;
use crate::units::*;

/// What was true at the last accepted seal, and what has come since.
#[derive(Clone, Debug, Default)]
pub struct Sealing {
    pub(crate) block: BlockId,
    /// The sequence number of the last accepted seal.
    pub(crate) last_input: Sequence,
    /// Commands since then, refused seals left out.
    pub(crate) commands: u64,
    /// The total of each balance at the last seal, by leaf.
    pub(crate) totals: Vec<Cash>,
    /// The lots and entry of each position at the last seal, by leaf.
    pub(crate) sealed_positions: Vec<(i64, i128)>,
    pub(crate) balances: Tree,
    pub(crate) positions: Tree,
    pub(crate) withdrawals: Tree,
    /// The last `sealed` event, a whole record.
    pub(crate) event: Vec<u8>,
}

/// A balance's leaf in the last sealed tree.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct BalanceProof {
    pub index: usize,
    pub amount: Cash,
    pub siblings: Vec<Hash>,
}

/// A position's leaf in the last sealed tree.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct PositionProof {
    pub index: usize,
    pub lots: i64,
    pub entry: i128,
    pub siblings: Vec<Hash>,
}

impl Sealing {
    /// The last sealed block, 0 before the first.
    pub fn block(&self) -> BlockId {
        self.block
    }

    /// The last `sealed` event record.
    pub fn event(&self) -> Option<&[u8]> {
        (!self.event.is_empty()).then_some(&self.event)
    }

    /// The path of withdrawal `id` to the last sealed root.
    pub fn withdrawal_proof(&self, id: WithdrawalId) -> Option<Vec<Hash>> {
        self.withdrawals.proof(usize::try_from(id.0).ok()?)
    }

    pub(crate) fn count_command(&mut self) {
        self.commands += 1;
    }

    pub(crate) fn check(&self, alone: bool) -> Result<(), Refusal> {
        refuse_if(!alone, Outcome::SealNotAlone)?;
        refuse_if(self.commands == 0, Outcome::NothingToSeal)
    }

    /// Brings the balances tree up to the given totals (by rising index).
    pub(crate) fn refresh_balances(
        &mut self,
        totals: &[(usize, Cash)],
        ledger: &Ledger,
        listings: &Listings,
    ) {
        let mut encoded = Vec::with_capacity(totals.len() * 160);
        let mut indexes = Vec::with_capacity(totals.len());
        for &(index, total) in totals {
            let balance = ledger.balance_at(index);
            if self.totals.get(index) == Some(&total) {
                continue;
            }
            if index == self.totals.len() {
                self.totals.push(total);
            } else {
                self.totals[index] = total;
            }
            let asset = &listings.assets[balance.asset.0 as usize];
            let words = Words::<160>::new()
                .address(&ledger.owners[balance.account.0 as usize])
                .uint(balance.account.0);
            encoded.extend(words.uint(asset.chain.0).address(&asset.token).uint(total.0).encoding());
            indexes.push(index);
        }
        self.balances.update(&leaves(&indexes, &encoded, 160));
    }

    /// Brings the positions tree up to the given lots and entries (by rising index).
    pub(crate) fn refresh_positions(
        &mut self,
        changed: &[(usize, (i64, i128))],
        ledger: &Ledger,
        positions: &Positions,
    ) {
        let mut encoded = Vec::with_capacity(changed.len() * 160);
        let mut indexes = Vec::with_capacity(changed.len());
        for &(index, (lots, entry)) in changed {
            let position = &positions.positions[index];
            if self.sealed_positions.get(index) == Some(&(lots, entry)) {
                continue;
            }
            if index == self.sealed_positions.len() {
                self.sealed_positions.push((lots, entry));
            } else {
                self.sealed_positions[index] = (lots, entry);
            }
            let words = Words::<160>::new()
                .address(&ledger.owners[position.account.0 as usize])
                .uint(position.account.0)
                .uint(position.market.0);
            encoded.extend(words.int(i128::from(lots)).int(entry).encoding());
            indexes.push(index);
        }
        self.positions.update(&leaves(&indexes, &encoded, 160));
    }

    /// Appends leaves to the withdrawals tree.
    pub(crate) fn append_withdrawals(&mut self, queued: &[Queued]) {
        let mut encoded = Vec::with_capacity(queued.len() * 192);
        for queued in queued {
            let words = Words::<192>::new().uint(queued.id.0).uint(queued.chain.0).address(&queued.token);
            encoded.extend(
                words.address(&queued.owner).address(&queued.recipient).uint(queued.amount.0).encoding(),
            );
        }
        let first = self.withdrawals.count();
        let indexes: Vec<usize> = (first..first + queued.len()).collect();
        self.withdrawals.update(&leaves(&indexes, &encoded, 192));
    }

    /// `keccak(abi.encode(balancesRoot, balancesCount, withdrawalsRoot, withdrawalsCount, positionsRoot, positionsCount))`.
    fn state_root(&self) -> Hash {
        let words = Words::<192>::new().hash(&self.balances.root()).uint(self.balances.count() as u64);
        let words = words.hash(&self.withdrawals.root()).uint(self.withdrawals.count() as u64);
        keccak256(&words.hash(&self.positions.root()).uint(self.positions.count() as u64).encoding())
    }
}

/// Leaves are hashed twice, so that no inner node can pass for one.
fn leaves(indexes: &[usize], encoded: &[u8], width: usize) -> Vec<(usize, Hash)> {
    let once: Vec<u8> = keccak_many(encoded, width).iter().flat_map(|hash| hash.0).collect();
    indexes.iter().copied().zip(keccak_many(&once, 32)).collect()
}

impl State {
    /// Closes a block that may be closed.
    pub(crate) fn seal(&mut self, kind: u16, events: &mut Events) {
        self.refresh_trees();
        self.chain_seal();
        let first_input = self.sealing.last_input.next();
        self.sealing.block = self.sealing.block.next();
        (self.sealing.last_input, self.sealing.commands) = (self.sequence, 0);
        let body = self.sealed_body(first_input);
        events.outcome(Outcome::Accepted, kind, self.sealing.block.0, self.now);
        events.sealed(&body);
        self.sealing.event = Vec::with_capacity(EVENT_HEADER + body.len());
        Events::of(self.sequence, &mut self.sealing.event).sealed(&body);
    }

    fn refresh_trees(&mut self) {
        let changed = self.ledger.take_changed().into_iter().map(|index| index as usize);
        let totals: Vec<_> = changed.map(|index| (index, self.ledger.balance_at(index).total())).collect();
        self.sealing.refresh_balances(&totals, &self.ledger, &self.listings);
        let changed = self.positions.take_changed().into_iter().map(|index| index as usize);
        let positions: Vec<_> = changed
            .map(|index| (index, self.positions.all()[index]))
            .map(|(index, position)| (index, (position.lots, position.entry)))
            .collect();
        self.sealing.refresh_positions(&positions, &self.ledger, &self.positions);
        let first = self.sealing.withdrawals.count();
        let queued = self.queued_between(first, self.withdrawals.len());
        self.sealing.append_withdrawals(&queued);
    }

    pub(crate) fn queued_between(&self, first: usize, end: usize) -> Vec<Queued> {
        (first..end).filter_map(|id| self.queued(WithdrawalId(id as u64))).collect()
    }

    fn sealed_body(&self, first_input: Sequence) -> Vec<u8> {
        let sealing = &self.sealing;
        let mut body = Vec::new();
        let record = Record(&mut body).u64(sealing.block.0).u64(first_input.0).u64(sealing.last_input.0);
        let record = record.hash(&self.input_hash).hash(&self.output_hash).hash(&sealing.state_root());
        let record = record.hash(&sealing.balances.root()).u64(sealing.balances.count() as u64);
        let record = record.hash(&sealing.withdrawals.root()).u64(sealing.withdrawals.count() as u64);
        let record = record.hash(&sealing.positions.root()).u64(sealing.positions.count() as u64);
        record.u32(self.chains.len() as u32).u32(self.listings.assets().len() as u32);
        for (chain, deposits) in &self.chains {
            Record(&mut body).u64(chain.0).u64(deposits.count).hash(&deposits.hash);
        }
        for (id, asset) in self.listings.assets().iter().enumerate() {
            let record =
                Record(&mut body).u32(id as u32).zeros(4).u64(asset.chain.0).address(&asset.token).zeros(4);
            record.u128(asset.credited.0).u128(asset.withdrawn.0);
        }
        body
    }

    /// The leaf of (account, market) in the last sealed positions tree.
    pub fn position_proof(&self, account: AccountId, market: MarketId) -> Option<PositionProof> {
        let (index, _) = self.positions.position(account, market)?;
        let siblings = self.sealing.positions.proof(index)?;
        let (lots, entry) = self.sealing.sealed_positions[index];
        Some(PositionProof { index, lots, entry, siblings })
    }

    /// The leaf of (account, asset) in the last sealed balances tree.
    pub fn balance_proof(&self, account: AccountId, asset: AssetId) -> Option<BalanceProof> {
        let (index, _) = self.ledger.balance(account, asset)?;
        let siblings = self.sealing.balances.proof(index)?;
        Some(BalanceProof { index, amount: self.sealing.totals[index], siblings })
    }
}
