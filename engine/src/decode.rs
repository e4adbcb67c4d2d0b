//! Reading command records: sizes, enums, padding, and the combinations that no command may state.

use crate::collateral::Collateral;
use crate::command::*;
use crate::instrument::{InstrumentTerms, Kind, OptionMarks};
use crate::order::*;
use crate::outcome::Outcome;
use crate::protection::ProtectionLimits;
use crate::underlying::{Name, SCENARIOS, UnderlyingTerms};
use crate::units::*;

/// The market id that means all.
const MARKET_ALL: u32 = u32::MAX;
/// The side byte that means both.
const SIDE_BOTH: u8 = 2;
const PLACE_BYTES: usize = 64;
const CANCEL_BYTES: usize = 16;

/// What a record will ask for, read without judging it: a hint, which may be wrong.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub enum Expected {
    /// A `place`.
    Place { account: AccountId, market: MarketId, side: Side, client_id: ClientId, ticks: Ticks },
    /// The order of a `cancel` or an `amend`.
    Order(OrderId),
    /// Something else.
    Nothing,
}

impl Expected {
    /// The hint of a record.
    #[inline]
    pub fn of(record: &[u8]) -> Expected {
        let content = record.get(RECORD_HEADER..).unwrap_or_default();
        let hint = match kind_of(record) {
            KIND_PLACE => content.first_chunk().map(Expected::of_place),
            KIND_CANCEL | KIND_AMEND => content.first_chunk().map(Expected::of_order),
            _ => None,
        };
        hint.unwrap_or(Expected::Nothing)
    }

    #[inline]
    fn of_place(body: &[u8; PLACE_BYTES]) -> Expected {
        Expected::Place {
            account: AccountId(u32_at(body, 0)),
            market: MarketId(u32_at(body, 4)),
            side: if body[40] == Side::Buy as u8 { Side::Buy } else { Side::Sell },
            client_id: ClientId(u64_at(body, 8)),
            ticks: Ticks(u64_at(body, 24)),
        }
    }

    #[inline]
    fn of_order(body: &[u8; CANCEL_BYTES]) -> Expected {
        Expected::Order(OrderId(u64_at(body, 8)))
    }
}

/// Reads one record as [`Records`] yields it.
pub fn decode(record: &[u8]) -> Result<Command, Outcome> {
    let content = content_of(record)?;
    let kind = kind_of(record);
    let size = body_size(kind).ok_or(Outcome::KindUnknown)?;
    let body = content.get(..size).filter(|_| content.len() - size <= EVIDENCE_MAX);
    body.and_then(|body| decode_body(kind, Body(body))).ok_or(Outcome::Malformed)
}

/// As [`decode`], of a record that states the kind of a `place`.
#[inline]
pub(crate) fn place_of(record: &[u8]) -> Result<Place, Outcome> {
    sized(content_of(record)?).and_then(decode_place).ok_or(Outcome::Malformed)
}

/// As [`decode`], of a record that states the kind of a `cancel`: whose order, and which.
#[inline]
pub(crate) fn cancel_of(record: &[u8]) -> Result<(AccountId, OrderId), Outcome> {
    sized(content_of(record)?).and_then(decode_cancel).ok_or(Outcome::Malformed)
}

/// What follows the header of a record that is well-formed so far.
#[inline]
fn content_of(record: &[u8]) -> Result<&[u8], Outcome> {
    if record.len() < RECORD_HEADER || stated_length(record) != Some(record.len()) || record[2..4] != [0, 0] {
        return Err(Outcome::Malformed);
    }
    Ok(&record[RECORD_HEADER..])
}

/// A body of `SIZE` bytes, when no more evidence follows it than may.
#[inline]
fn sized<const SIZE: usize>(content: &[u8]) -> Option<&[u8; SIZE]> {
    content.first_chunk().filter(|_| content.len() - SIZE <= EVIDENCE_MAX)
}

#[inline(always)]
fn u16_at<const SIZE: usize>(body: &[u8; SIZE], at: usize) -> u16 {
    u16::from_le_bytes([body[at], body[at + 1]])
}

#[inline(always)]
fn u32_at<const SIZE: usize>(body: &[u8; SIZE], at: usize) -> u32 {
    u32::from_le_bytes(*body[at..].first_chunk().expect("within the body"))
}

#[inline(always)]
fn u64_at<const SIZE: usize>(body: &[u8; SIZE], at: usize) -> u64 {
    u64::from_le_bytes(*body[at..].first_chunk().expect("within the body"))
}

fn body_size(kind: u16) -> Option<usize> {
    Some(match kind {
        1 => 32,
        2 => 56,
        3 => 8,
        4 => 96,
        KIND_PLACE => PLACE_BYTES,
        KIND_CANCEL => CANCEL_BYTES,
        7 => 64,
        KIND_SEAL => 0,
        9 => 48,
        10 => 16,
        11 => 32,
        12 => 48,
        13 => 16,
        14 => 8,
        15 => 48,
        16 => 40,
        17 => 48,
        18 => 16,
        19 => 144,
        20 => 24,
        21 => 8,
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
        KIND_PLACE => body.0.first_chunk().and_then(decode_place).map(Command::Place),
        KIND_CANCEL => {
            let (account, order) = decode_cancel(body.0.first_chunk()?)?;
            Some(Command::Cancel { account, order })
        }
        7 => decode_withdraw(body).map(Command::Withdraw),
        KIND_SEAL => Some(Command::Seal),
        KIND_AMEND => decode_amend(body).map(Command::Amend),
        10 => decode_cancel_all(body).map(Command::CancelAll),
        11 => decode_schedule_cancel(body).map(Command::ScheduleCancel),
        12 => decode_set_protection(body).map(Command::SetProtection),
        13 => {
            let market = MarketId(body.u32()?);
            body.zeros(4)?;
            Some(Command::MarkPrice { market, ticks: Ticks(body.u64()?) })
        }
        14 => {
            let limit = body.u32()?;
            body.zeros(4)?;
            Some(Command::Sweep { limit })
        }
        _ => decode_derivative(kind, body),
    }
}

fn decode_derivative(kind: u16, mut body: Body) -> Option<Command> {
    match kind {
        15 => decode_underlying(body).map(Command::ListUnderlying),
        16 | 17 => decode_instrument(kind, body).map(Command::ListInstrument),
        18 => {
            let underlying = UnderlyingId(body.u32()?);
            body.zeros(4)?;
            Some(Command::IndexPrice { underlying, ticks: Ticks(body.u64()?) })
        }
        19 => {
            let market = MarketId(body.u32()?);
            body.zeros(4)?;
            Some(Command::OptionMarks { market, marks: Box::new(decode_marks(&mut body)?) })
        }
        20 => {
            let (asset, haircut) = (AssetId(body.u32()?), Ppm(body.u32()?));
            let collateral = Collateral { haircut, price: body.u128()? };
            Some(Command::SetCollateral { asset, collateral })
        }
        _ => {
            let market = MarketId(body.u32()?);
            body.zeros(4)?;
            Some(Command::Expire { market })
        }
    }
}

fn decode_underlying(mut body: Body) -> Option<UnderlyingTerms> {
    let (name, settlement) = (body.take()?, AssetId(body.u32()?));
    body.zeros(4)?;
    decode_underlying_rates(&mut body, name, settlement)
}

pub(crate) fn decode_underlying_rates(
    body: &mut Body,
    name: Name,
    settlement: AssetId,
) -> Option<UnderlyingTerms> {
    Some(UnderlyingTerms {
        name,
        settlement,
        tick: TickSize(body.u64()?),
        range: Ppm(body.u32()?),
        basis: Ppm(body.u32()?),
        initial: Ppm(body.u32()?),
        short_option: Ppm(body.u32()?),
        liquidation_fee: Ppm(body.u32()?),
        liquidation_step: Ppm(body.u32()?),
    })
}

fn decode_instrument(kind: u16, mut body: Body) -> Option<InstrumentTerms> {
    let underlying = UnderlyingId(body.u32()?);
    let (kind, expiry, strike) = if kind == 16 {
        body.zeros(4)?;
        (Kind::Future, Nanos(body.u64()?), Ticks(0))
    } else {
        let kind = Kind::of(body.u8()?).filter(|kind| kind.is_option())?;
        body.zeros(3)?;
        (kind, Nanos(body.u64()?), Ticks(body.u64()?))
    };
    let (maker_fee, taker_fee) = (Ppm(body.u32()?), Ppm(body.u32()?));
    let (max_lots, band) = (Lots(body.u64()?), Ppm(body.u32()?));
    body.zeros(4)?;
    Some(InstrumentTerms { underlying, kind, expiry, strike, maker_fee, taker_fee, max_lots, band })
}

pub(crate) fn decode_marks(body: &mut Body) -> Option<OptionMarks> {
    let (mark, mut values) = (Ticks(body.u64()?), [Ticks(0); SCENARIOS]);
    for value in &mut values {
        *value = Ticks(body.u64()?);
    }
    Some(OptionMarks { mark, values })
}

fn decode_terms(mut body: Body) -> Option<MarketTerms> {
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
    body.zeros(4)?;
    Some(terms)
}

fn decode_deposit(mut body: Body) -> Option<Deposit> {
    let (chain, ordinal, asset) = (ChainId(body.u64()?), body.u64()?, AssetId(body.u32()?));
    let _log_index = body.u32()?;
    let owner = body.address()?;
    body.zeros(4)?;
    Some(Deposit { chain, ordinal, asset, owner, amount: Cash(body.u128()?) })
}

#[inline]
fn decode_cancel(body: &[u8; CANCEL_BYTES]) -> Option<(AccountId, OrderId)> {
    (u32_at(body, 4) == 0).then(|| (AccountId(u32_at(body, 0)), OrderId(u64_at(body, 8))))
}

#[inline]
fn decode_place(body: &[u8; PLACE_BYTES]) -> Option<Place> {
    let (account, market) = (AccountId(u32_at(body, 0)), MarketId(u32_at(body, 4)));
    let (client_id, expires_at) = (ClientId(u64_at(body, 8)), Nanos(u64_at(body, 16)));
    let (ticks, lots) = (Ticks(u64_at(body, 24)), Lots(u64_at(body, 32)));
    let side = Side::of(body[40])?;
    let (order_type, time_in_force) = (OrderType::of(body[41])?, TimeInForce::of(body[42])?);
    let (instructions, self_trade) = (Instructions::of(body[43])?, SelfTrade::of(body[44])?);
    (body[45] == 0).then_some(())?;
    let (label, good_till) = (Label(u16_at(body, 46)), Nanos(u64_at(body, 48)));
    let trigger = Ticks(u64_at(body, 56));
    let terms = OrderTerms { good_till, label, instructions, self_trade };
    let place = Place {
        account,
        market,
        client_id,
        expires_at,
        ticks,
        lots,
        side,
        order_type,
        time_in_force,
        terms,
        trigger,
    };
    is_coherent(&place).then_some(place)
}

/// Whether an order's type, time in force, instructions and times go together.
#[inline(always)]
fn is_coherent(place: &Place) -> bool {
    let Place { order_type, time_in_force, terms, trigger, .. } = place;
    let time = match time_in_force {
        TimeInForce::FillOrKill => !order_type.is_conditional(),
        TimeInForce::ImmediateOrCancel => true,
        TimeInForce::GoodTillCancel | TimeInForce::GoodTillDate => !order_type.is_market(),
    };
    let makes = *order_type == OrderType::Limit && time_in_force.rests();
    let maker_only = terms.instructions.has(Instructions::POST_ONLY | Instructions::PROTECTED);
    let slides = terms.instructions.has(Instructions::SLIDE);
    time && (makes || !maker_only)
        && (!slides || terms.instructions.has(Instructions::POST_ONLY))
        && (*time_in_force == TimeInForce::GoodTillDate) == (terms.good_till != Nanos(0))
        && order_type.is_conditional() == (*trigger != Ticks(0))
}

fn decode_amend(mut body: Body) -> Option<Amend> {
    let account = AccountId(body.u32()?);
    body.zeros(4)?;
    Some(Amend {
        account,
        order: OrderId(body.u64()?),
        client_id: ClientId(body.u64()?),
        expires_at: Nanos(body.u64()?),
        ticks: Ticks(body.u64()?),
        lots: Lots(body.u64()?),
    })
}

fn decode_cancel_all(mut body: Body) -> Option<CancelAll> {
    let (account, market, label) = (AccountId(body.u32()?), body.u32()?, body.u16()?);
    let side = match body.u8()? {
        SIDE_BOTH => None,
        one => Some(Side::of(one)?),
    };
    body.zeros(5)?;
    let market = (market != MARKET_ALL).then_some(MarketId(market));
    Some(CancelAll { account, market, label: (label != 0).then_some(Label(label)), side })
}

fn decode_schedule_cancel(mut body: Body) -> Option<ScheduleCancel> {
    let account = AccountId(body.u32()?);
    body.zeros(4)?;
    let (client_id, expires_at) = (ClientId(body.u64()?), Nanos(body.u64()?));
    Some(ScheduleCancel { account, client_id, expires_at, at: Nanos(body.u64()?) })
}

fn decode_set_protection(mut body: Body) -> Option<SetProtection> {
    let (account, market) = (AccountId(body.u32()?), MarketId(body.u32()?));
    let (client_id, expires_at) = (ClientId(body.u64()?), Nanos(body.u64()?));
    let (window, max_lots) = (Nanos(body.u64()?), Lots(body.u64()?));
    let limits = ProtectionLimits { window, max_lots, frozen: Nanos(body.u64()?) };
    Some(SetProtection { account, market, client_id, expires_at, limits })
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
    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
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
    pub(crate) fn i64(&mut self) -> Option<i64> {
        self.take().map(i64::from_le_bytes)
    }
    pub(crate) fn i128(&mut self) -> Option<i128> {
        self.take().map(i128::from_le_bytes)
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
