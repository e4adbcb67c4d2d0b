//! Commands and their wire records: `docs/reference/engine.md`, "Batches and records".

use crate::outcome::Outcome;
use crate::units::*;

/// Bytes before a record's body.
pub const RECORD_HEADER: usize = 8;
/// The longest evidence that a record may carry.
pub const EVIDENCE_MAX: usize = 1024;
/// The kind of a `seal`, the only kind that judging a batch must know before decoding.
pub const KIND_SEAL: u16 = 8;

/// Which side of the book an order is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Side {
    /// Buys base, pays quote.
    Buy = 0,
    /// Sells base, receives quote.
    Sell = 1,
}

impl Side {
    /// The side that this side trades with.
    pub fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }

    /// Whether a taker of this side with a limit trades at `maker`.
    pub fn reaches(self, limit: Ticks, maker: Ticks) -> bool {
        match self {
            Side::Buy => maker <= limit,
            Side::Sell => maker >= limit,
        }
    }
}

/// Limit, or market with a protection price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum OrderType {
    /// Trades at its price or better.
    Limit = 0,
    /// Trades at once, down to its protection price.
    Market = 1,
}

/// How long an order's rest stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TimeInForce {
    /// Until it is filled or cancelled.
    GoodTillCancel = 0,
    /// Not at all.
    ImmediateOrCancel = 1,
}

/// Whether a market takes orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MarketStatus {
    /// Orders and cancels.
    Open = 0,
    /// Cancels only.
    Halted = 1,
}

/// A spot market's terms.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

fn stated_length(record: &[u8]) -> Option<usize> {
    let bytes = record.get(4..RECORD_HEADER)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
}

/// The kind that a record states, 0 when it is too short to state one.
pub fn kind_of(record: &[u8]) -> u16 {
    match record {
        [low, high, ..] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    }
}

/// What a record will ask for, read without judging it: a hint, which may be wrong.
#[derive(Clone, Copy, Debug)]
pub enum Expected {
    /// A `place`: whether its client id is taken.
    Request(AccountId, ClientId),
    /// A `cancel`: its order.
    Order(OrderId),
}

impl Expected {
    /// The hint of a record.
    pub fn of(record: &[u8]) -> Option<Expected> {
        let mut body = Body(record.get(RECORD_HEADER..)?);
        let account = AccountId(body.u32()?);
        let _ = body.u32()?;
        match kind_of(record) {
            5 => Some(Expected::Request(account, ClientId(body.u64()?))),
            6 => Some(Expected::Order(OrderId(body.u64()?))),
            _ => None,
        }
    }
}

/// Reads one record as [`Records`] yields it.
pub fn decode(record: &[u8]) -> Result<Command, Outcome> {
    if record.len() < RECORD_HEADER || stated_length(record) != Some(record.len()) || record[2..4] != [0, 0] {
        return Err(Outcome::Malformed);
    }
    let kind = kind_of(record);
    let size = body_size(kind).ok_or(Outcome::KindUnknown)?;
    let content = &record[RECORD_HEADER..];
    if content.len() < size || content.len() - size > EVIDENCE_MAX {
        return Err(Outcome::Malformed);
    }
    decode_body(kind, Body(&content[..size])).ok_or(Outcome::Malformed)
}

fn body_size(kind: u16) -> Option<usize> {
    Some(match kind {
        1 => 32,
        2 => 48,
        3 => 8,
        4 => 96,
        5 => 48,
        6 => 16,
        7 => 64,
        KIND_SEAL => 0,
        _ => return None,
    })
}

fn decode_body(kind: u16, mut body: Body) -> Option<Command> {
    match kind {
        1 => {
            let (chain, token, decimals) = (ChainId(body.u64()?), body.address()?, body.u8()?);
            body.zeros(3)?;
            Some(Command::RegisterAsset { chain, token, decimals })
        }
        2 => decode_terms(body).map(Command::ListMarket),
        3 => {
            let (market, status) = (MarketId(body.u32()?), body.u8()?);
            body.zeros(3)?;
            let status = [MarketStatus::Open, MarketStatus::Halted].get(usize::from(status)).copied()?;
            Some(Command::SetMarketStatus { market, status })
        }
        4 => decode_deposit(body).map(Command::Deposit),
        5 => decode_place(body).map(Command::Place),
        6 => {
            let account = AccountId(body.u32()?);
            body.zeros(4)?;
            Some(Command::Cancel { account, order: OrderId(body.u64()?) })
        }
        7 => decode_withdraw(body).map(Command::Withdraw),
        _ => Some(Command::Seal),
    }
}

fn decode_terms(mut body: Body) -> Option<MarketTerms> {
    Some(MarketTerms {
        base: AssetId(body.u32()?),
        quote: AssetId(body.u32()?),
        lot: LotSize(body.u128()?),
        tick: TickSize(body.u64()?),
        maker_fee: Ppm(body.u32()?),
        taker_fee: Ppm(body.u32()?),
        max_lots: Lots(body.u64()?),
    })
}

fn decode_deposit(mut body: Body) -> Option<Deposit> {
    let (chain, ordinal, asset) = (ChainId(body.u64()?), body.u64()?, AssetId(body.u32()?));
    let _log_index = body.u32()?;
    let owner = body.address()?;
    body.zeros(4)?;
    Some(Deposit { chain, ordinal, asset, owner, amount: Cash(body.u128()?) })
}

fn decode_place(mut body: Body) -> Option<Place> {
    let place = Place {
        account: AccountId(body.u32()?),
        market: MarketId(body.u32()?),
        client_id: ClientId(body.u64()?),
        expires_at: Nanos(body.u64()?),
        ticks: Ticks(body.u64()?),
        lots: Lots(body.u64()?),
        side: [Side::Buy, Side::Sell].get(usize::from(body.u8()?)).copied()?,
        order_type: [OrderType::Limit, OrderType::Market].get(usize::from(body.u8()?)).copied()?,
        time_in_force: [TimeInForce::GoodTillCancel, TimeInForce::ImmediateOrCancel]
            .get(usize::from(body.u8()?))
            .copied()?,
    };
    body.zeros(5)?;
    let rests = place.time_in_force == TimeInForce::GoodTillCancel;
    (place.order_type == OrderType::Limit || !rests).then_some(place)
}

fn decode_withdraw(mut body: Body) -> Option<Withdraw> {
    let withdraw = Withdraw {
        account: AccountId(body.u32()?),
        asset: AssetId(body.u32()?),
        client_id: ClientId(body.u64()?),
        expires_at: Nanos(body.u64()?),
        amount: Cash(body.u128()?),
        recipient: body.address()?,
    };
    body.zeros(4)?;
    Some(withdraw)
}

/// The unread part of a body (or of any little-endian record).
pub(crate) struct Body<'a>(pub(crate) &'a [u8]);

impl Body<'_> {
    pub(crate) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }
    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }
    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
    pub(crate) fn u128(&mut self) -> Option<u128> {
        self.take().map(u128::from_le_bytes)
    }
    pub(crate) fn address(&mut self) -> Option<Address> {
        self.take().map(Address)
    }
    pub(crate) fn hash(&mut self) -> Option<Hash> {
        self.take().map(Hash)
    }
    fn zeros(&mut self, count: usize) -> Option<()> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        head.iter().all(|byte| *byte == 0).then_some(())
    }
}
