//! The engine's units. Each is a type of its own, so that lots cannot be added to ticks and an account is never an asset.
//!
//! Arithmetic on [`Cash`] and quantities is checked. The rules validate every command before they write, so an overflow
//! there is a broken invariant: it panics, and the engine halts instead of carrying on with wrong money.

use std::ops::{Add, Sub};

/// The largest amount that a hold or an asset's total may reach: 2^127 - 1.
pub const CASH_MAX: Cash = Cash(u128::MAX >> 1);

const PARTS_PER_MILLION: u128 = 1_000_000;

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

unit!(/// A dense account id; 0, 1 and 2 are the system accounts.
    AccountId, u32);
unit!(/// A dense asset id.
    AssetId, u32);
unit!(/// A dense market id.
    MarketId, u32);
unit!(/// A dense underlying id.
    UnderlyingId, u32);
unit!(/// A dense order id, from 1.
    OrderId, u64);
unit!(/// A dense trade id over all markets, from 1.
    TradeId, u64);
unit!(/// A dense withdrawal id: its leaf index in the withdrawals tree.
    WithdrawalId, u64);
unit!(/// A dense block id, from 1.
    BlockId, u64);
unit!(/// The position of a command in the input stream, from 1.
    Sequence, u64);
unit!(/// An EVM chain id.
    ChainId, u64);
unit!(/// The name that a user gives to a request; never 0 in an accepted one.
    ClientId, u64);
unit!(/// A name that an account gives to a group of its orders; 0: none.
    Label, u16);
unit!(/// Nanoseconds since 1970.
    Nanos, u64);
unit!(/// A quantity in lots of its market.
    Lots, u64);
unit!(/// A price in ticks of its market.
    Ticks, u64);
unit!(/// An amount in the base units of its asset.
    Cash, u128);
unit!(/// Base units per lot of a market.
    LotSize, u128);
unit!(/// Quote units per lot and price tick of a market.
    TickSize, u64);
unit!(/// A fee in parts per million.
    Ppm, u32);

/// A 20-byte EVM address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 20]);

impl Address {
    /// Whether this is the zero address.
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 20]
    }
}

/// A 32-byte Keccak-256 hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Hash(pub [u8; 32]);

impl Add for Cash {
    type Output = Cash;
    fn add(self, other: Cash) -> Cash {
        Cash(self.0.checked_add(other.0).expect("an amount stays within 128 bits"))
    }
}

impl Sub for Cash {
    type Output = Cash;
    fn sub(self, other: Cash) -> Cash {
        Cash(self.0.checked_sub(other.0).expect("an amount never falls below zero"))
    }
}

impl Sub for Lots {
    type Output = Lots;
    fn sub(self, other: Lots) -> Lots {
        Lots(self.0.checked_sub(other.0).expect("a quantity never falls below zero"))
    }
}

impl LotSize {
    /// Base units in `lots`, or `None` beyond [`CASH_MAX`].
    #[inline]
    pub fn base(self, lots: Lots) -> Option<Cash> {
        self.0.checked_mul(u128::from(lots.0)).map(Cash).filter(|cash| *cash <= CASH_MAX)
    }
}

impl TickSize {
    /// `lots x ticks x tick` in quote units, exact, or `None` beyond [`CASH_MAX`].
    #[inline]
    pub fn notional(self, lots: Lots, ticks: Ticks) -> Option<Cash> {
        let lot_ticks = u128::from(lots.0) * u128::from(ticks.0);
        let product = match u64::try_from(lot_ticks) {
            Ok(few) => u128::from(few) * u128::from(self.0),
            Err(_) => lot_ticks.checked_mul(u128::from(self.0))?,
        };
        (product <= CASH_MAX.0).then_some(Cash(product))
    }
}

impl Ppm {
    /// `floor(ticks x ppm / 10^6)`.
    pub fn of_down(self, ticks: Ticks) -> Ticks {
        let part = u128::from(ticks.0) * u128::from(self.0) / PARTS_PER_MILLION;
        Ticks(u64::try_from(part).expect("a rate of at most one"))
    }

    /// `ceil(amount x ppm / 10^6)` without an intermediate beyond 128 bits.
    #[inline]
    pub fn fee_up(self, amount: Cash) -> Cash {
        let rate = u128::from(self.0);
        if let Ok(amount) = u64::try_from(amount.0)
            && let Some(product) = amount.checked_mul(u64::from(self.0))
        {
            return Cash(u128::from(product.div_ceil(PARTS_PER_MILLION as u64)));
        }
        let whole = amount.0 / PARTS_PER_MILLION * rate;
        Cash(whole + (amount.0 % PARTS_PER_MILLION * rate).div_ceil(PARTS_PER_MILLION))
    }
}

macro_rules! dense_next {
    ($($name:ident),*) => { $(
        impl $name {
            /// The id that follows this one.
            pub fn next(self) -> $name {
                $name(self.0.checked_add(1).expect("dense ids do not run out"))
            }
        }
    )* };
}

dense_next!(OrderId, TradeId, BlockId, Sequence);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_is_rounded_up_and_exact_at_the_largest_amount() {
        assert_eq!(Ppm(1).fee_up(Cash(1)), Cash(1));
        assert_eq!(Ppm(0).fee_up(Cash(u128::MAX >> 1)), Cash(0));
        assert_eq!(Ppm(100_000).fee_up(Cash(1_000_000)), Cash(100_000));
        assert_eq!(Ppm(100_000).fee_up(CASH_MAX), Cash(CASH_MAX.0.div_ceil(10)));
    }

    #[test]
    fn a_notional_beyond_the_limit_is_none() {
        assert_eq!(TickSize(1).notional(Lots(u64::MAX), Ticks(u64::MAX)), None);
        assert_eq!(TickSize(3).notional(Lots(2), Ticks(5)), Some(Cash(30)));
        assert_eq!(LotSize(1 << 120).base(Lots(127)), Some(Cash(127 << 120)));
        assert_eq!(LotSize(1 << 120).base(Lots(128)), None);
    }

    #[test]
    #[should_panic(expected = "never falls below zero")]
    fn a_debt_cannot_be_written() {
        let _ = Cash(1) - Cash(2);
    }
}
