//! Commands and their wire records: `docs/reference/engine.md`, "Batches and records".

use crate::collateral::Collateral;
use crate::instrument::{InstrumentTerms, OptionMarks};
use crate::order::{OrderTerms, OrderType, Side, TimeInForce};
use crate::protection::ProtectionLimits;
use crate::underlying::UnderlyingTerms;
use crate::units::*;

/// Bytes before a record's body.
pub const RECORD_HEADER: usize = 8;
/// The longest evidence that a record may carry.
pub const EVIDENCE_MAX: usize = 1024;
/// The kind of a `place`.
pub const KIND_PLACE: u16 = 5;
/// The kind of a `cancel`.
pub const KIND_CANCEL: u16 = 6;
/// The kind of an `amend`.
pub const KIND_AMEND: u16 = 9;
/// The kind of a `seal`, the only kind that judging a batch must know before decoding.
pub const KIND_SEAL: u16 = 8;

/// Whether a market takes orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MarketStatus {
    /// Orders and cancels.
    Open = 0,
    /// Cancels only.
    Halted = 1,
}

/// A market's terms. A derivative's base and quote are both its settlement asset, and its lot is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct MarketTerms {
    pub base: AssetId,
    pub quote: AssetId,
    pub lot: LotSize,
    pub tick: TickSize,
    pub maker_fee: Ppm,
    pub taker_fee: Ppm,
    pub max_lots: Lots,
    /// How far from the mark an order's price may be; 0: anywhere.
    pub band: Ppm,
}

/// A confirmed deposit on a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Deposit {
    pub chain: ChainId,
    pub ordinal: u64,
    pub asset: AssetId,
    pub owner: Address,
    pub amount: Cash,
}

/// A new order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Place {
    pub account: AccountId,
    pub market: MarketId,
    pub client_id: ClientId,
    pub expires_at: Nanos,
    pub ticks: Ticks,
    pub lots: Lots,
    pub side: Side,
    pub order_type: OrderType,
    pub time_in_force: TimeInForce,
    pub terms: OrderTerms,
    /// The mark that makes a conditional order active; 0 for the other types.
    pub trigger: Ticks,
}

/// New lots and a new price for a resting order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Amend {
    pub account: AccountId,
    pub order: OrderId,
    pub client_id: ClientId,
    pub expires_at: Nanos,
    pub ticks: Ticks,
    pub lots: Lots,
}

/// Which of an account's orders to cancel; `None` is any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct CancelAll {
    pub account: AccountId,
    pub market: Option<MarketId>,
    pub label: Option<Label>,
    pub side: Option<Side>,
}

/// When all of an account's orders are to die; 0: never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ScheduleCancel {
    pub account: AccountId,
    pub client_id: ClientId,
    pub expires_at: Nanos,
    pub at: Nanos,
}

/// How much of an account's protected orders may trade in a window before all of them leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SetProtection {
    pub account: AccountId,
    pub market: MarketId,
    pub client_id: ClientId,
    pub expires_at: Nanos,
    pub limits: ProtectionLimits,
}

/// A request to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Withdraw {
    pub account: AccountId,
    pub asset: AssetId,
    pub client_id: ClientId,
    pub expires_at: Nanos,
    pub amount: Cash,
    pub recipient: Address,
}

/// A well-formed command; the body table of the engine page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Command {
    RegisterAsset { chain: ChainId, token: Address, decimals: u8 },
    ListMarket(MarketTerms),
    SetMarketStatus { market: MarketId, status: MarketStatus },
    Deposit(Deposit),
    Place(Place),
    Cancel { account: AccountId, order: OrderId },
    Withdraw(Withdraw),
    Seal,
    Amend(Amend),
    CancelAll(CancelAll),
    ScheduleCancel(ScheduleCancel),
    SetProtection(SetProtection),
    MarkPrice { market: MarketId, ticks: Ticks },
    Sweep { limit: u32 },
    ListUnderlying(UnderlyingTerms),
    ListInstrument(InstrumentTerms),
    IndexPrice { underlying: UnderlyingId, ticks: Ticks },
    OptionMarks { market: MarketId, marks: Box<OptionMarks> },
    SetCollateral { asset: AssetId, collateral: Collateral },
    Expire { market: MarketId },
}

/// Splits a batch into records. A record whose length is impossible takes all the rest of the batch.
#[derive(Clone)]
pub struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    /// The records of `batch`.
    pub fn of(batch: &'a [u8]) -> Records<'a> {
        Records { rest: batch }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let length =
            stated_length(self.rest).filter(|length| (RECORD_HEADER..=self.rest.len()).contains(length));
        let (record, rest) = self.rest.split_at(length.unwrap_or(self.rest.len()));
        self.rest = rest;
        Some(record)
    }
}

#[inline]
pub(crate) fn stated_length(record: &[u8]) -> Option<usize> {
    let bytes = record.get(4..RECORD_HEADER)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
}

/// The kind that a record states, 0 when it is too short to state one.
#[inline]
pub fn kind_of(record: &[u8]) -> u16 {
    match record {
        [low, high, ..] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    }
}
