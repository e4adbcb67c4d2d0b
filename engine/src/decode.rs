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

/// What a record will ask for, read without judging it: a hint, which may be wrong.
#[derive(Clone, Copy, Debug)]
pub enum Expected {
    /// A `place`: whether its client id is taken.
    Request(AccountId, ClientId),
    /// A `cancel` or an `amend`: its order.
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
            6 | 9 => Some(Expected::Order(OrderId(body.u64()?))),
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
        2 => 56,
        3 => 8,
        4 => 96,
        5 => 64,
        6 => 16,
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
        5 => decode_place(body).map(Command::Place),
        6 => {
            let account = AccountId(body.u32()?);
            body.zeros(4)?;
            Some(Command::Cancel { account, order: OrderId(body.u64()?) })
        }
        7 => decode_withdraw(body).map(Command::Withdraw),
        KIND_SEAL => Some(Command::Seal),
        9 => decode_amend(body).map(Command::Amend),
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

fn decode_place(mut body: Body) -> Option<Place> {
    let (account, market) = (AccountId(body.u32()?), MarketId(body.u32()?));
    let (client_id, expires_at) = (ClientId(body.u64()?), Nanos(body.u64()?));
    let (ticks, lots) = (Ticks(body.u64()?), Lots(body.u64()?));
    let side = Side::of(body.u8()?)?;
    let (order_type, time_in_force) = (OrderType::of(body.u8()?)?, TimeInForce::of(body.u8()?)?);
    let (instructions, self_trade) = (Instructions::of(body.u8()?)?, SelfTrade::of(body.u8()?)?);
    body.zeros(1)?;
    let (label, good_till, trigger) = (Label(body.u16()?), Nanos(body.u64()?), Ticks(body.u64()?));
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
