//! The canonical encoding of a state, which snapshots hold and digests hash: `docs/reference/journal.md`, "Snapshots".
//!
//! It depends on the state only, not on how it came about: equal states give equal bytes.

use crate::account::{Balance, Ledger, SYSTEM_ACCOUNTS};
use crate::decode::Body;
use crate::event::Record;
use crate::listing::Asset;
use crate::request::Remembered;
use crate::state::State;
use crate::transfer::{ChainDeposits, Withdrawal};
use crate::units::*;

impl State {
    /// The canonical encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.encode_heads(&mut bytes);
        self.encode_listings(&mut bytes);
        self.encode_ledger(&mut bytes);
        self.encode_transfers(&mut bytes);
        let live = self.requests.live(self.now);
        Record(&mut bytes).u64(live.len() as u64);
        for ((account, client), made) in live {
            Record(&mut bytes).u32(account.0).u64(client.0).u64(made.expires_at.0).u64(made.id);
        }
        self.encode_account_settings(&mut bytes);
        Record(&mut bytes).u64(self.sealing.event.len() as u64).bytes(&self.sealing.event);
        bytes
    }

    fn encode_heads(&self, bytes: &mut Vec<u8>) {
        let record =
            Record(bytes).u64(self.now.0).u64(self.sequence.0).u64(self.last_order.0).u64(self.last_trade.0);
        let record = record.hash(&self.input_hash).hash(&self.output_hash());
        record.u64(self.sealing.block.0).u64(self.sealing.last_input.0).u64(self.sealing.commands);
    }

    fn encode_listings(&self, bytes: &mut Vec<u8>) {
        Record(bytes).u32(self.listings.assets.len() as u32);
        for asset in &self.listings.assets {
            let record = Record(bytes).u64(asset.chain.0).address(&asset.token).u8(asset.decimals);
            record.u128(asset.credited.0).u128(asset.withdrawn.0);
        }
        self.encode_underlyings(bytes);
        self.encode_markets(bytes);
    }

    fn encode_ledger(&self, bytes: &mut Vec<u8>) {
        Record(bytes).u32(self.ledger.owners.len() as u32);
        for owner in &self.ledger.owners {
            Record(bytes).address(owner);
        }
        Record(bytes).u32(self.ledger.balances().len() as u32);
        for balance in self.ledger.balances() {
            let record = Record(bytes).u32(balance.account.0).u32(balance.asset.0);
            record.u128(balance.available.0).u128(balance.held.0);
        }
        Record(bytes).u32(self.sealing.totals.len() as u32);
        for total in &self.sealing.totals {
            Record(bytes).u128(total.0);
        }
        self.encode_positions(bytes);
    }

    fn encode_transfers(&self, bytes: &mut Vec<u8>) {
        Record(bytes).u32(self.chains.len() as u32);
        for (chain, deposits) in &self.chains {
            Record(bytes).u64(chain.0).u64(deposits.count).hash(&deposits.hash);
        }
        Record(bytes).u64(self.withdrawals.len() as u64);
        for withdrawal in &self.withdrawals {
            let record = Record(bytes).u32(withdrawal.account.0).u32(withdrawal.asset.0);
            record.u128(withdrawal.amount.0).address(&withdrawal.recipient);
        }
        Record(bytes).u64(self.sealing.withdrawals.count() as u64);
    }

    /// Reads an encoding; `None` when it is not one. Whatever the bytes are, it takes memory in proportion to their number.
    pub fn decode(bytes: &[u8]) -> Option<State> {
        let mut state = State::genesis();
        let mut body = Body(bytes);
        state.decode_heads(&mut body)?;
        state.requests.advance(state.now);
        state.decode_listings(&mut body)?;
        let totals = state.decode_ledger(&mut body)?;
        (state.books.accounts() <= state.ledger.owners.len()).then_some(())?;
        let sealed_positions = state.decode_positions(&mut body)?;
        let sealed_withdrawals = state.decode_transfers(&mut body)?;
        for _ in 0..body.u64()? {
            let (account, client) = (AccountId(body.u32()?), ClientId(body.u64()?));
            let made = Remembered { expires_at: Nanos(body.u64()?), id: body.u64()? };
            (made.expires_at > state.now).then(|| state.requests.remember(account, client, made))?;
        }
        state.decode_account_settings(&mut body)?;
        let event = usize::try_from(body.u64()?).ok()?;
        state.sealing.event = (body.0.len() == event).then(|| body.0.to_vec())?;
        state.restore_trees(&totals, sealed_withdrawals)?;
        state.restore_positions_tree(&sealed_positions)?;
        Some(state)
    }

    fn decode_heads(&mut self, body: &mut Body) -> Option<()> {
        (self.now, self.sequence) = (Nanos(body.u64()?), Sequence(body.u64()?));
        (self.last_order, self.last_trade) = (OrderId(body.u64()?), TradeId(body.u64()?));
        (self.input_hash, self.output_hash) = (body.hash()?, body.hash()?);
        (self.sealing.block, self.sealing.last_input) = (BlockId(body.u64()?), Sequence(body.u64()?));
        self.sealing.commands = body.u64()?;
        Some(())
    }

    fn decode_listings(&mut self, body: &mut Body) -> Option<()> {
        for _ in 0..body.u32()? {
            let (chain, token, decimals) = (ChainId(body.u64()?), body.address()?, body.u8()?);
            let (credited, withdrawn) = (Cash(body.u128()?), Cash(body.u128()?));
            self.listings.add_asset(Asset { chain, token, decimals, credited, withdrawn });
        }
        self.decode_underlyings(body)?;
        self.decode_markets(body)
    }

    fn decode_ledger(&mut self, body: &mut Body) -> Option<Vec<Cash>> {
        self.ledger = Ledger::genesis();
        for index in 0..body.u32()? {
            let owner = body.address()?;
            if index >= SYSTEM_ACCOUNTS {
                self.ledger.open(owner);
            }
        }
        for _ in 0..body.u32()? {
            let (account, asset) = (AccountId(body.u32()?), AssetId(body.u32()?));
            let (available, held) = (Cash(body.u128()?), Cash(body.u128()?));
            let sound = self.is_known(account, asset) && self.ledger.balance(account, asset).is_none();
            (sound && available.0.checked_add(held.0).is_some()).then_some(())?;
            self.ledger.append(Balance { account, asset, available, held });
        }
        (0..body.u32()?).map(|_| body.u128().map(Cash)).collect()
    }

    fn decode_transfers(&mut self, body: &mut Body) -> Option<usize> {
        for _ in 0..body.u32()? {
            let (chain, count, hash) = (ChainId(body.u64()?), body.u64()?, body.hash()?);
            self.chains.insert(chain, ChainDeposits { count, hash });
        }
        for _ in 0..body.u64()? {
            let (account, asset) = (AccountId(body.u32()?), AssetId(body.u32()?));
            let (amount, recipient) = (Cash(body.u128()?), body.address()?);
            self.is_known(account, asset).then_some(())?;
            self.withdrawals.push(Withdrawal { account, asset, amount, recipient });
        }
        usize::try_from(body.u64()?).ok().filter(|sealed| *sealed <= self.withdrawals.len())
    }

    fn is_known(&self, account: AccountId, asset: AssetId) -> bool {
        (account.0 as usize) < self.ledger.owners.len() && (asset.0 as usize) < self.listings.assets.len()
    }

    fn restore_positions_tree(&mut self, sealed: &[(i64, i128)]) -> Option<()> {
        let now: Vec<(i64, i128)> =
            self.positions.all().iter().map(|position| (position.lots, position.entry)).collect();
        let indexed: Vec<_> = sealed.iter().copied().enumerate().collect();
        (sealed.len() <= now.len()).then_some(())?;
        self.sealing.refresh_positions(&indexed, &self.ledger, &self.positions);
        for (index, position) in now.iter().enumerate() {
            if sealed.get(index) != Some(position) {
                self.positions.mark_changed(index as u32);
            }
        }
        Some(())
    }

    /// Builds the trees as they were at the last seal and marks what has changed since.
    fn restore_trees(&mut self, totals: &[Cash], sealed_withdrawals: usize) -> Option<()> {
        (totals.len() <= self.ledger.balances().len()).then_some(())?;
        let indexed: Vec<_> = totals.iter().copied().enumerate().collect();
        self.sealing.refresh_balances(&indexed, &self.ledger, &self.listings);
        let queued = self.queued_between(0, sealed_withdrawals);
        self.sealing.append_withdrawals(&queued);
        let count = self.ledger.balances().len();
        for index in 0..count {
            if totals.get(index) != Some(&self.ledger.balance_at(index).total()) {
                self.ledger.mark_changed(index as u32);
            }
        }
        (queued.len() == sealed_withdrawals).then_some(())
    }
}
