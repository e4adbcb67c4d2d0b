//! Events and their wire records: `docs/reference/engine.md`, "Events".

use crate::book::Order;
use crate::collateral::Collateral;
use crate::command::{Deposit, MarketStatus, MarketTerms, Place};
use crate::instrument::{InstrumentTerms, OptionMarks};
use crate::order::Side;
use crate::outcome::Outcome;
use crate::position::Position;
use crate::protection::ProtectionLimits;
use crate::underlying::UnderlyingTerms;
use crate::units::*;

/// Bytes before an event's body.
pub const EVENT_HEADER: usize = 16;

/// Why an order left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum CloseReason {
    /// Nothing is left of it.
    Filled = 0,
    /// Its account cancelled it.
    Cancelled = 1,
    /// It was not to rest.
    ImmediateRest = 2,
    /// Its time came.
    Expired = 3,
    /// Its account's scheduled cancel came.
    Scheduled = 4,
    /// It met an order of its own account.
    SelfTrade = 5,
    /// Its account's market-maker protection was triggered.
    Protection = 6,
    /// It was to reduce a position that is not there.
    ReduceOnly = 7,
    /// Its account does not meet its margin.
    Liquidation = 8,
    /// Its market is settled.
    Settled = 9,
}

/// One fill, as the `trade` event tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Trade {
    pub id: TradeId,
    pub market: MarketId,
    pub taker_side: Side,
    pub maker_order: OrderId,
    pub taker_order: OrderId,
    pub maker: AccountId,
    pub taker: AccountId,
    pub ticks: Ticks,
    pub lots: Lots,
    pub maker_fee: Cash,
    pub taker_fee: Cash,
}

/// A queued withdrawal, as its event and its leaf tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Queued {
    pub id: WithdrawalId,
    pub account: AccountId,
    pub asset: AssetId,
    pub chain: ChainId,
    pub token: Address,
    pub owner: Address,
    pub recipient: Address,
    pub amount: Cash,
}

/// One closing of a position against a counterparty's, as its event tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Deleveraged {
    pub market: MarketId,
    pub account: AccountId,
    pub counterparty: AccountId,
    pub lots: Lots,
    pub ticks: Ticks,
    pub charge: Cash,
}

/// Appends event records of one command to a buffer.
pub struct Events<'a> {
    bytes: &'a mut Vec<u8>,
    sequence: Sequence,
}

impl<'a> Events<'a> {
    /// A writer of the events of command `sequence`.
    pub fn of(sequence: Sequence, bytes: &'a mut Vec<u8>) -> Events<'a> {
        Events { bytes, sequence }
    }

    fn record(&mut self, kind: u16, body: usize) -> Record<'_> {
        let record = Record(&mut *self.bytes);
        record.u16(kind).u16(0).u32((EVENT_HEADER + body) as u32).u64(self.sequence.0)
    }

    /// The record of a frequent event of `BYTES` bytes, header included, to be filled in where it lies.
    #[inline(always)]
    fn fields<const BYTES: usize>(&mut self, kind: u16) -> Fields<'_, BYTES> {
        let start = self.bytes.len();
        self.bytes.resize(start + BYTES, 0);
        let bytes = self.bytes[start..].first_chunk_mut().expect("just made");
        Fields { bytes, end: 0 }.u16(kind).u16(0).u32(BYTES as u32).u64(self.sequence.0)
    }

    /// The one outcome of the command.
    #[inline]
    pub fn outcome(&mut self, outcome: Outcome, command_kind: u16, id: u64, at: Nanos) {
        self.fields::<40>(1).u16(outcome as u16).u16(command_kind).u32(0).u64(id).u64(at.0);
    }

    /// A `place` became an order, at `ticks`.
    #[inline]
    pub fn order_accepted(&mut self, order: OrderId, place: &Place, ticks: Ticks) {
        let fields = self.fields::<80>(2).u64(order.0).u32(place.account.0).u32(place.market.0);
        let fields = fields.u64(place.client_id.0).u64(ticks.0).u64(place.lots.0);
        let fields = fields.u8(place.side as u8).u8(place.order_type as u8).u8(place.time_in_force as u8);
        let fields = fields.u8(place.terms.instructions.bits()).u8(place.terms.self_trade as u8).u8(0);
        fields.u16(place.terms.label.0).u64(place.terms.good_till.0).u64(place.trigger.0);
    }

    /// Two orders met.
    #[inline]
    pub fn trade(&mut self, trade: &Trade) {
        let fields = self.fields::<104>(3).u64(trade.id.0).u32(trade.market.0);
        let fields = fields.u32(u32::from(trade.taker_side as u8));
        let fields = fields.u64(trade.maker_order.0).u64(trade.taker_order.0);
        let fields = fields.u32(trade.maker.0).u32(trade.taker.0).u64(trade.ticks.0).u64(trade.lots.0);
        fields.u128(trade.maker_fee.0).u128(trade.taker_fee.0);
    }

    /// An order is done.
    #[inline]
    pub fn order_closed(&mut self, order: &Order, left: Lots, why: CloseReason) {
        let fields = self.fields::<48>(4).u64(order.id.0).u32(order.account.0).u32(order.market.0);
        fields.u64(left.0).u64(u64::from(why as u8));
    }

    /// A deposit was credited to `account`.
    pub fn deposit_credited(&mut self, deposit: &Deposit, account: AccountId) {
        let record = self.record(5, 64).u64(deposit.chain.0).u64(deposit.ordinal).u32(account.0);
        record.u32(deposit.asset.0).u128(deposit.amount.0).address(&deposit.owner).zeros(4);
    }

    /// A withdrawal was debited and queued.
    pub fn withdrawal_queued(&mut self, queued: &Queued) {
        let record = self.record(6, 104).u64(queued.id.0).u32(queued.account.0).u32(queued.asset.0);
        let record = record.u64(queued.chain.0).u128(queued.amount.0);
        record.address(&queued.token).address(&queued.owner).address(&queued.recipient).zeros(4);
    }

    /// An asset has an id.
    pub fn asset_registered(&mut self, asset: AssetId, chain: ChainId, token: &Address, decimals: u8) {
        self.record(7, 40).u32(asset.0).u8(decimals).zeros(3).u64(chain.0).address(token).zeros(4);
    }

    /// A market has an id.
    pub fn market_listed(&mut self, market: MarketId, terms: &MarketTerms) {
        let record = self.record(8, 56).u32(market.0).u32(terms.base.0).u32(terms.quote.0);
        let record = record.u32(terms.maker_fee.0).u32(terms.taker_fee.0).u32(terms.band.0);
        record.u128(terms.lot.0).u64(terms.tick.0).u64(terms.max_lots.0);
    }

    /// A market opened or halted.
    pub fn market_status_set(&mut self, market: MarketId, status: MarketStatus) {
        self.record(9, 8).u32(market.0).u8(status as u8).zeros(3);
    }

    /// An order has a new price or new lots.
    pub fn order_amended(&mut self, order: &Order, ticks: Ticks, lots: Lots) {
        let record = self.record(11, 32).u64(order.id.0).u32(order.account.0).u32(order.market.0);
        record.u64(ticks.0).u64(lots.0);
    }

    /// A resting order lost lots without a trade.
    pub fn order_reduced(&mut self, order: &Order, left: Lots, why: CloseReason) {
        let record = self.record(12, 32).u64(order.id.0).u32(order.account.0).u32(order.market.0);
        record.u64(left.0).u8(why as u8).zeros(7);
    }

    /// The mark made a waiting order active.
    pub fn order_triggered(&mut self, order: &Order) {
        self.record(13, 16).u64(order.id.0).u32(order.account.0).u32(order.market.0);
    }

    /// A market has a mark.
    pub fn mark_changed(&mut self, market: MarketId, ticks: Ticks) {
        self.record(14, 16).u32(market.0).zeros(4).u64(ticks.0);
    }

    /// An account's orders die at `at`; 0: not by a schedule.
    pub fn cancel_scheduled(&mut self, account: AccountId, at: Nanos) {
        self.record(15, 16).u32(account.0).zeros(4).u64(at.0);
    }

    /// An account is protected in a market.
    pub fn protection_set(&mut self, account: AccountId, market: MarketId, limits: &ProtectionLimits) {
        let record = self.record(16, 32).u32(account.0).u32(market.0);
        record.u64(limits.window.0).u64(limits.max_lots.0).u64(limits.frozen.0);
    }

    /// A protection was triggered.
    pub fn protection_triggered(&mut self, account: AccountId, market: MarketId, frozen_until: Nanos) {
        self.record(17, 16).u32(account.0).u32(market.0).u64(frozen_until.0);
    }

    /// An underlying has an id.
    pub fn underlying_listed(&mut self, underlying: UnderlyingId, terms: &UnderlyingTerms) {
        let record = self.record(18, 48).u32(underlying.0).u32(terms.settlement.0).bytes(&terms.name);
        let record = record.u64(terms.tick.0).u32(terms.range.0).u32(terms.basis.0).u32(terms.initial.0);
        record.u32(terms.short_option.0).u32(terms.liquidation_fee.0).u32(terms.liquidation_step.0);
    }

    /// A future or an option has an id.
    pub fn instrument_listed(&mut self, market: MarketId, terms: &InstrumentTerms) {
        let record = self.record(19, 48).u32(market.0).u32(terms.underlying.0).u8(terms.kind as u8).zeros(3);
        let record = record.u32(terms.band.0).u64(terms.expiry.0).u64(terms.strike.0);
        record.u32(terms.maker_fee.0).u32(terms.taker_fee.0).u64(terms.max_lots.0);
    }

    /// An underlying has a price.
    pub fn index_changed(&mut self, underlying: UnderlyingId, ticks: Ticks) {
        self.record(20, 16).u32(underlying.0).zeros(4).u64(ticks.0);
    }

    /// An option has a value.
    pub fn option_marked(&mut self, market: MarketId, marks: &OptionMarks) {
        let record = self.record(21, 144).u32(market.0).zeros(4).u64(marks.mark.0);
        marks.values.iter().fold(record, |record, value| record.u64(value.0));
    }

    /// An asset counts, or no longer counts, towards equity.
    pub fn collateral_set(&mut self, asset: AssetId, collateral: &Collateral) {
        self.record(22, 24).u32(asset.0).u32(collateral.haircut.0).u128(collateral.price);
    }

    /// A position became cash at its market's settlement.
    pub fn position_settled(&mut self, position: &Position, ticks: Ticks, realised: i128) {
        let record = self.record(23, 40).u32(position.account.0).u32(position.market.0);
        record.i64(position.lots).u64(ticks.0).i128(realised);
    }

    /// A market is settled.
    pub fn market_settled(&mut self, market: MarketId, ticks: Ticks) {
        self.record(24, 16).u32(market.0).zeros(4).u64(ticks.0);
    }

    /// The insurance fund bought collateral, and its price repaid a debt.
    pub fn collateral_converted(&mut self, account: AccountId, asset: AssetId, amount: Cash, paid: Cash) {
        self.record(25, 40).u32(account.0).u32(asset.0).u128(amount.0).u128(paid.0);
    }

    /// The insurance fund has a position that its account could not carry.
    pub fn position_taken_over(&mut self, position: &Position) {
        let record = self.record(26, 32).u32(position.account.0).u32(position.market.0);
        record.i64(position.lots).i128(position.entry);
    }

    /// A position was closed against one that profits from it.
    pub fn deleveraged(&mut self, closed: &Deleveraged) {
        let record =
            self.record(27, 48).u32(closed.market.0).u32(closed.account.0).u32(closed.counterparty.0);
        record.zeros(4).u64(closed.lots.0).u64(closed.ticks.0).u128(closed.charge.0);
    }

    /// The insurance fund owes what its account could not pay.
    pub fn debt_taken_over(&mut self, account: AccountId, amount: Cash) {
        self.record(28, 24).u32(account.0).zeros(4).u128(amount.0);
    }

    /// Events that were written apart.
    pub fn append(&mut self, events: &[u8]) {
        self.bytes.extend_from_slice(events);
    }

    /// The command that these events answer.
    pub fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// A block is sealed; `body` comes from [`crate::seal`].
    pub fn sealed(&mut self, body: &[u8]) {
        self.record(10, body.len()).bytes(body);
    }
}

/// Little-endian fields of a record whose length is known, so that each is one store at a fixed place.
struct Fields<'a, const BYTES: usize> {
    bytes: &'a mut [u8; BYTES],
    end: usize,
}

macro_rules! fixed_fields {
    ($($name:ident: $kind:ty),*) => { $(
        #[inline(always)]
        fn $name(mut self, value: $kind) -> Self {
            let bytes = value.to_le_bytes();
            self.bytes[self.end..self.end + bytes.len()].copy_from_slice(&bytes);
            self.end += bytes.len();
            self
        }
    )* };
}

impl<const BYTES: usize> Fields<'_, BYTES> {
    fixed_fields!(u8: u8, u16: u16, u32: u32, u64: u64, u128: u128);
}

/// Appends little-endian fields to a buffer.
pub struct Record<'a>(pub &'a mut Vec<u8>);

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident: $kind:ty),*) => { $(
        $(#[$doc])*
        pub fn $name(self, value: $kind) -> Self {
            self.bytes(&value.to_le_bytes())
        }
    )* };
}

impl Record<'_> {
    fields!(
        /// A byte.
        u8: u8,
        /// Two bytes.
        u16: u16,
        /// Four bytes.
        u32: u32,
        /// Eight bytes.
        u64: u64,
        /// Sixteen bytes.
        u128: u128,
        /// Eight bytes, in two's complement.
        i64: i64,
        /// Sixteen bytes, in two's complement.
        i128: i128
    );

    /// An address.
    pub fn address(self, address: &Address) -> Self {
        self.bytes(&address.0)
    }

    /// A hash.
    pub fn hash(self, hash: &Hash) -> Self {
        self.bytes(&hash.0)
    }

    /// Padding.
    pub fn zeros(self, count: usize) -> Self {
        self.0.resize(self.0.len() + count, 0);
        self
    }

    /// Raw bytes.
    pub fn bytes(self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }
}
