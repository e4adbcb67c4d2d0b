//! The canonical encoding of a state, which snapshots hold and digests hash: `docs/reference/journal.md`, "Snapshots".
//!
//! It depends on the state only, not on how it came about: equal states give equal bytes.

use crate::account::{Balance, Ledger, SYSTEM_ACCOUNTS};
use crate::book::Order;
use crate::command::{MarketStatus, MarketTerms};
use crate::conditional::Conditional;
use crate::decode::Body;
use crate::event::Record;
use crate::listing::{Asset, Market};
use crate::order::{Instructions, OrderTerms, OrderType, SelfTrade, Side, TICKS_MAX, TimeInForce};
use crate::protection::{Protection, ProtectionLimits};
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
        Record(bytes).u32(self.listings.markets.len() as u32);
        for (id, market) in self.listings.markets.iter().enumerate() {
            let MarketTerms { base, quote, lot, tick, maker_fee, taker_fee, max_lots, band } = market.terms;
            let record = Record(bytes).u32(base.0).u32(quote.0).u128(lot.0).u64(tick.0);
            let record = record.u32(maker_fee.0).u32(taker_fee.0).u64(max_lots.0).u32(band.0);
            record.u8(market.status as u8).u64(market.mark_or_zero().0);
            self.encode_queue(bytes, MarketId(id as u32), Side::Buy);
            self.encode_queue(bytes, MarketId(id as u32), Side::Sell);
            self.encode_waiting(bytes, MarketId(id as u32));
        }
    }

    fn encode_queue(&self, bytes: &mut Vec<u8>, market: MarketId, side: Side) {
        let count: u64 = self.books.levels(market, side).map(|level| u64::from(level.orders)).sum();
        Record(bytes).u64(count);
        for order in self.books.queue(market, side) {
            encode_order(bytes, order, order.terms.time_in_force());
        }
    }

    fn encode_waiting(&self, bytes: &mut Vec<u8>, market: MarketId) {
        let waiting = self.waiting.of_market(market);
        Record(bytes).u64(waiting.len() as u64);
        for waiting in waiting {
            encode_order(bytes, &waiting.order, waiting.time_in_force);
            let record = Record(bytes).u8(waiting.order.side as u8).u8(waiting.order_type as u8);
            record.u64(waiting.trigger.0);
        }
    }

    fn encode_account_settings(&self, bytes: &mut Vec<u8>) {
        let schedules = self.schedules.by_account();
        Record(bytes).u32(schedules.len() as u32);
        for (account, at) in schedules {
            Record(bytes).u32(account.0).u64(at.0);
        }
        Record(bytes).u32(self.protections.len() as u32);
        for ((account, market), protection) in &self.protections {
            let Protection { limits, window_start, counted, frozen_until } = protection;
            let record = Record(bytes).u32(account.0).u32(market.0);
            let record = record.u64(limits.window.0).u64(limits.max_lots.0).u64(limits.frozen.0);
            record.u64(window_start.0).u64(counted.0).u64(frozen_until.0);
        }
    }

    fn encode_ledger(&self, bytes: &mut Vec<u8>) {
        Record(bytes).u32(self.ledger.owners.len() as u32);
        for owner in &self.ledger.owners {
            Record(bytes).address(owner);
        }
        Record(bytes).u32(self.ledger.balances.len() as u32);
        for balance in &self.ledger.balances {
            let record = Record(bytes).u32(balance.account.0).u32(balance.asset.0);
            record.u128(balance.available.0).u128(balance.held.0);
        }
        Record(bytes).u32(self.sealing.totals.len() as u32);
        for total in &self.sealing.totals {
            Record(bytes).u128(total.0);
        }
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

    /// Reads an encoding; `None` when it is not one.
    pub fn decode(bytes: &[u8]) -> Option<State> {
        let mut state = State::genesis();
        let mut body = Body(bytes);
        state.decode_heads(&mut body)?;
        state.requests.advance(state.now);
        state.decode_listings(&mut body)?;
        let totals = state.decode_ledger(&mut body)?;
        let sealed_withdrawals = state.decode_transfers(&mut body)?;
        for _ in 0..body.u64()? {
            let (account, client) = (AccountId(body.u32()?), ClientId(body.u64()?));
            let made = Remembered { expires_at: Nanos(body.u64()?), id: body.u64()? };
            state.requests.remember(account, client, made);
        }
        state.decode_account_settings(&mut body)?;
        let event = usize::try_from(body.u64()?).ok()?;
        state.sealing.event = (body.0.len() == event).then(|| body.0.to_vec())?;
        state.restore_trees(&totals, sealed_withdrawals)?;
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
        for _ in 0..body.u32()? {
            let terms = MarketTerms {
                base: AssetId(body.u32()?),
                quote: AssetId(body.u32()?),
                lot: LotSize(body.u128()?),
                tick: TickSize(body.u64()?),
                maker_fee: Ppm(body.u32()?),
                taker_fee: Ppm(body.u32()?),
                max_lots: Lots(body.u64()?),
                band: Ppm(body.u32()?),
            };
            let status = [MarketStatus::Open, MarketStatus::Halted].get(usize::from(body.u8()?)).copied()?;
            let mark = Some(Ticks(body.u64()?)).filter(|mark| *mark != Ticks(0));
            let market = self.listings.add_market(Market { terms, status, mark });
            self.open_market();
            self.decode_queue(body, market, Side::Buy)?;
            self.decode_queue(body, market, Side::Sell)?;
            self.decode_waiting(body, market)?;
        }
        Some(())
    }

    fn decode_queue(&mut self, body: &mut Body, market: MarketId, side: Side) -> Option<()> {
        for _ in 0..body.u64()? {
            let (order, _) = decode_order(body, market, side)?;
            self.books.join(order);
        }
        Some(())
    }

    fn decode_waiting(&mut self, body: &mut Body, market: MarketId) -> Option<()> {
        for _ in 0..body.u64()? {
            let (mut order, time_in_force) = decode_order(body, market, Side::Buy)?;
            order.side = Side::of(body.u8()?)?;
            let (order_type, trigger) = (OrderType::of(body.u8()?)?, Ticks(body.u64()?));
            let sound = order_type.is_conditional() && trigger <= TICKS_MAX;
            let waiting = Conditional { order, order_type, time_in_force, trigger };
            sound.then(|| self.waiting.join(waiting))?;
        }
        Some(())
    }

    fn decode_account_settings(&mut self, body: &mut Body) -> Option<()> {
        for _ in 0..body.u32()? {
            let (account, at) = (AccountId(body.u32()?), Nanos(body.u64()?));
            self.schedules.set(account, at);
        }
        for _ in 0..body.u32()? {
            let (account, market) = (AccountId(body.u32()?), MarketId(body.u32()?));
            let (window, max_lots) = (Nanos(body.u64()?), Lots(body.u64()?));
            let limits = ProtectionLimits { window, max_lots, frozen: Nanos(body.u64()?) };
            let (window_start, counted) = (Nanos(body.u64()?), Lots(body.u64()?));
            let frozen_until = Nanos(body.u64()?);
            let protection = Protection { limits, window_start, counted, frozen_until };
            self.protections.insert((account, market), protection);
        }
        Some(())
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
            self.ledger.append(Balance { account, asset, available, held, changed: false });
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
            self.withdrawals.push(Withdrawal { account, asset, amount, recipient });
        }
        usize::try_from(body.u64()?).ok().filter(|sealed| *sealed <= self.withdrawals.len())
    }

    /// Builds the trees as they were at the last seal and marks what has changed since.
    fn restore_trees(&mut self, totals: &[Cash], sealed_withdrawals: usize) -> Option<()> {
        let known = |balance: &Balance| {
            (balance.account.0 as usize) < self.ledger.owners.len()
                && (balance.asset.0 as usize) < self.listings.assets.len()
        };
        if totals.len() > self.ledger.balances.len() || !self.ledger.balances.iter().all(known) {
            return None;
        }
        let indexed: Vec<_> = totals.iter().copied().enumerate().collect();
        self.sealing.refresh_balances(&indexed, &self.ledger, &self.listings);
        let queued = self.queued_between(0, sealed_withdrawals);
        self.sealing.append_withdrawals(&queued);
        for index in 0..self.ledger.balances.len() {
            if totals.get(index) != Some(&self.ledger.balances[index].total()) {
                self.ledger.mark_changed(index as u32);
            }
        }
        (queued.len() == sealed_withdrawals).then_some(())
    }
}

fn encode_order(bytes: &mut Vec<u8>, order: &Order, time_in_force: TimeInForce) {
    let OrderTerms { good_till, label, instructions, self_trade } = order.terms;
    let record = Record(bytes).u64(order.id.0).u32(order.account.0).u64(order.client_id.0);
    let record = record.u64(order.ticks.0).u64(order.lots.0).u64(good_till.0).u16(label.0);
    record.u8(time_in_force as u8).u8(instructions.bits()).u8(self_trade as u8);
}

fn decode_order(body: &mut Body, market: MarketId, side: Side) -> Option<(Order, TimeInForce)> {
    let (id, account, client) = (OrderId(body.u64()?), AccountId(body.u32()?), ClientId(body.u64()?));
    let (ticks, lots) = (Ticks(body.u64()?), Lots(body.u64()?));
    let (good_till, label) = (Nanos(body.u64()?), Label(body.u16()?));
    let time_in_force = TimeInForce::of(body.u8()?)?;
    let (instructions, self_trade) = (Instructions::of(body.u8()?)?, SelfTrade::of(body.u8()?)?);
    let terms = OrderTerms { good_till, label, instructions, self_trade };
    Some((Order::new(id, client, (account, market, side), ticks, lots).on_terms(terms), time_in_force))
}
