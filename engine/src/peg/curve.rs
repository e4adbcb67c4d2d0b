//! The PMM curve in integers, rounded against the trader.
//!
//! The twin of `src/stab3l/peg/curve.py`, which explains the formulas; `tests/differential` holds them equal. Ratios are
//! reduced to lowest terms once per pool: a quotient rounds alike, and most products then fit 256 bits.

use super::refusal::Refusal;
use super::wide::*;

/// Bound of every value between two steps: its square still fits 256 bits.
pub const FINE_MAX: u128 = 1 << 127;

type Fine = Result<u128, Refusal>;

/// A ratio in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    numerator: u128,
    denominator: u128,
}

impl Ratio {
    /// `numerator / denominator`; the denominator is not 0.
    pub fn new(numerator: u128, denominator: u128) -> Ratio {
        let divisor = gcd(numerator, denominator);
        Ratio { numerator: numerator / divisor, denominator: denominator / divisor }
    }

    /// The reciprocal of a ratio above 0.
    pub fn inverse(self) -> Ratio {
        Ratio { numerator: self.denominator, denominator: self.numerator }
    }

    #[inline]
    fn down(self, value: u128) -> Option<u128> {
        if self.denominator == 1 {
            return value.checked_mul(self.numerator);
        }
        mul_div_down(value, self.numerator, self.denominator)
    }

    #[inline]
    fn up(self, value: u128) -> Option<u128> {
        if self.denominator == 1 {
            return value.checked_mul(self.numerator);
        }
        mul_div_up(value, self.numerator, self.denominator)
    }

    fn wide_down(self, value: U256) -> Option<U256> {
        wide_mul_div_down(value, self.numerator, widen(self.denominator))
    }

    fn wide_up(self, value: U256) -> Option<U256> {
        wide_mul_div_up(value, self.numerator, widen(self.denominator))
    }
}

/// A pool's slope k and what the curve needs of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slope {
    /// k [wad].
    wad: u128,
    /// k.
    k: Ratio,
    /// 1 - k.
    flat: Ratio,
    /// 4 (1 - k) k.
    spread: Ratio,
}

impl Slope {
    /// Of a k in [wad], at most one.
    pub fn new(wad: u128) -> Slope {
        let flat = WAD - wad;
        Slope {
            wad,
            k: Ratio::new(wad, WAD),
            flat: Ratio::new(flat, WAD),
            spread: Ratio::new(4 * flat * wad, WAD * WAD),
        }
    }

    /// k [wad].
    pub fn wad(&self) -> u128 {
        self.wad
    }

    /// `squared * k / divisor`, rounded down.
    fn steep_down(&self, squared: U256, divisor: u128) -> Option<U256> {
        wide_mul_div_down(squared, self.k.numerator, product(self.k.denominator, divisor))
    }
}

/// Value of an amount at the rate, rounded down.
#[inline]
pub fn fair_down(amount: u128, rate: Ratio) -> Fine {
    checked(rate.down(amount))
}

/// Value of an amount at the rate, rounded up.
#[inline]
pub fn fair_up(amount: u128, rate: Ratio) -> Fine {
    checked(rate.up(amount))
}

/// The target that the short token returns to when the surplus of the other is sold back, rounded down.
pub fn target_down(reserve: u128, surplus: u128, slope: &Slope) -> Fine {
    if reserve == 0 {
        return Ok(surplus);
    }
    let lever = slope.k.wide_up(widen(surplus) << 2).map(|lever| lever + widen(reserve));
    let root = lever.and_then(|lever| times(lever, reserve)).and_then(sqrt_up);
    let root = root.ok_or(Refusal::CurveOutOfRange)?;
    let premium = (product(surplus, reserve) << 1usize) / (widen(reserve) + widen(root));
    sum(reserve, narrow(premium))
}

/// As `target_down`, rounded up.
pub fn target_up(reserve: u128, surplus: u128, slope: &Slope) -> Fine {
    if reserve == 0 {
        return Ok(surplus);
    }
    let lever = slope.k.wide_down(widen(surplus) << 2).map(|lever| lever + widen(reserve));
    let squared = lever.and_then(|lever| times(lever, reserve)).ok_or(Refusal::CurveOutOfRange)?;
    let (premium, rest) =
        (product(surplus, reserve) << 1usize).div_rem(widen(reserve) + widen(sqrt_down(squared)));
    sum(reserve, narrow(premium).and_then(|premium| premium.checked_add(u128::from(!rest.is_zero()))))
}

/// What a trade that makes the token shorter takes out of its reserve, rounded down.
pub fn trade_down(target: u128, reserve: u128, fair: u128, slope: &Slope) -> Fine {
    if slope.wad == 0 {
        return Ok(fair.min(reserve));
    }
    let squared = square(target)?;
    let kept = slope.flat.up(reserve).ok_or(Refusal::CurveOutOfRange)?;
    let steep = slope.steep_down(squared, reserve).and_then(narrow);
    let owed = checked(steep.and_then(|steep| steep.checked_add(fair)))?;
    // A root too large for 128 bits is larger than the reserve: nothing is taken.
    let after = if kept >= owed {
        root_above(squared, kept - owed, slope)
    } else {
        root_below(squared, owed - kept, slope)
    };
    Ok(after.map_or(0, |after| reserve.saturating_sub(after)))
}

/// (u + sqrt(u^2 + 4(1-k)k V0^2)) / 2(1-k), rounded up.
fn root_above(squared: U256, u: u128, slope: &Slope) -> Option<u128> {
    if slope.wad == WAD {
        return Some(0);
    }
    let root = sqrt_up(product(u, u).checked_add(slope.spread.wide_up(squared)?)?)?;
    let doubled = Ratio { numerator: slope.flat.denominator, denominator: 2 * slope.flat.numerator };
    doubled.up(u.checked_add(root)?)
}

/// 2k V0^2 / (sqrt(u^2 + 4(1-k)k V0^2) + u), rounded up.
fn root_below(squared: U256, u: u128, slope: &Slope) -> Option<u128> {
    let root = sqrt_down(product(u, u).checked_add(slope.spread.wide_down(squared)?)?);
    let divisor = times(widen(root) + widen(u), slope.k.denominator)?;
    wide_mul_div_up(squared << 1usize, slope.k.numerator, divisor).and_then(narrow)
}

/// What a trade that makes the short token less short is paid in the other token, rounded down.
///
/// A result too large for 128 bits is given as the largest that fits: the pool pays no more than its surplus anyway.
pub fn integral_down(target: u128, after: u128, before: u128, fair: u128, slope: &Slope) -> Fine {
    if slope.wad == 0 {
        return Ok(fair);
    }
    let steep = checked(slope.steep_down(square(target)?, after).and_then(narrow))?;
    let flat = slope.flat.down(fair).ok_or(Refusal::CurveOutOfRange)?;
    if before == 0 {
        return Err(Refusal::CurveOutOfRange);
    }
    Ok(mul_div_down(steep, fair, before).map_or(u128::MAX, |steep| steep.saturating_add(flat)))
}

/// 1 - k + k(V0/V)^2 [wad], rounded down: the price of the short token in units of i. At most [`FINE_MAX`].
pub fn steepness(target: u128, reserve: u128, slope: &Slope) -> Fine {
    if slope.wad == 0 {
        return Ok(WAD);
    }
    if reserve == 0 {
        return Ok(FINE_MAX);
    }
    let steep = wide_mul_div_down(square(target)?, slope.wad, product(reserve, reserve));
    let steep = steep.and_then(narrow).and_then(|steep| steep.checked_add(WAD - slope.wad));
    Ok(steep.map_or(FINE_MAX, |steep| steep.min(FINE_MAX)))
}

fn square(target: u128) -> Result<U256, Refusal> {
    let target = checked(Some(target))?;
    Ok(product(target, target))
}

fn sum(a: u128, b: Option<u128>) -> Fine {
    b.and_then(|b| a.checked_add(b)).ok_or(Refusal::CurveOutOfRange)
}

fn checked(value: Option<u128>) -> Fine {
    value.filter(|value| *value <= FINE_MAX).ok_or(Refusal::CurveOutOfRange)
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
