//! Exact products, quotients and square roots of 128-bit values with 256- and 512-bit intermediates.
//!
//! Every function gives the integer that `src/stab3l/units.py` and Python's `isqrt` give; a result that does not fit is
//! `None`. Most operands are far from their bounds, so each function tries the narrow form first.

use super::division::Divisor;
use super::halves::{Halves, narrow_product};
use ruint::Uint;

/// A 256-bit value.
pub type U256 = Uint<256, 4>;
type U512 = Uint<512, 8>;

/// One, in 18-decimal fixed point.
pub const WAD: u128 = 1_000_000_000_000_000_000;

const BY_WAD: Divisor = Divisor::new(WAD);

/// The exact product.
#[inline]
pub fn product(a: u128, b: u128) -> U256 {
    joined(Halves::product(a, b))
}

/// The same value with 256 bits.
#[inline]
pub fn widen(value: u128) -> U256 {
    joined(Halves::of(value))
}

/// The value if it fits 128 bits.
#[inline]
pub fn narrow(value: U256) -> Option<u128> {
    let Halves { high, low } = halves(value);
    (high == 0).then_some(low)
}

/// `a * b / divisor` rounded down; `None` if that does not fit, or for a divisor of 0.
#[inline]
pub fn mul_div_down(a: u128, b: u128, divisor: u128) -> Option<u128> {
    mul_div(a, b, divisor).map(|(quotient, _)| quotient)
}

/// `a * b / divisor` rounded up; `None` if that does not fit, or for a divisor of 0.
#[inline]
pub fn mul_div_up(a: u128, b: u128, divisor: u128) -> Option<u128> {
    let (quotient, rest) = mul_div(a, b, divisor)?;
    quotient.checked_add(u128::from(rest != 0))
}

#[inline]
fn mul_div(a: u128, b: u128, divisor: u128) -> Option<(u128, u128)> {
    match narrow_product(a, b) {
        Some(narrow) if divisor != 0 => Some((narrow / divisor, narrow % divisor)),
        _ => Halves::product(a, b).over(divisor),
    }
}

/// `a * part / WAD` rounded up; `None` if that does not fit.
#[inline]
pub fn part_up(a: u128, part: u128) -> Option<u128> {
    let (quotient, rest) = part_of(a, part)?;
    quotient.checked_add(u128::from(rest != 0))
}

/// `a * part / WAD` rounded down; `None` if that does not fit.
#[inline]
pub fn part_down(a: u128, part: u128) -> Option<u128> {
    part_of(a, part).map(|(quotient, _)| quotient)
}

#[inline]
fn part_of(a: u128, part: u128) -> Option<(u128, u128)> {
    match narrow_product(a, part) {
        Some(narrow) => Some(BY_WAD.divide(narrow)),
        None => mul_div(a, part, WAD),
    }
}

/// The exact product, if it fits.
#[inline]
pub fn times(a: U256, b: u128) -> Option<U256> {
    halves(a).times(b).map(joined)
}

/// As `mul_div_down`, of a 256-bit value by a ratio.
#[inline]
pub fn wide_mul_div_down(a: U256, b: u128, divisor: U256) -> Option<U256> {
    wide_mul_div(a, b, divisor).map(|(quotient, _)| quotient)
}

/// As `mul_div_up`, of a 256-bit value by a ratio.
#[inline]
pub fn wide_mul_div_up(a: U256, b: u128, divisor: U256) -> Option<U256> {
    let (quotient, exact) = wide_mul_div(a, b, divisor)?;
    if exact { Some(quotient) } else { quotient.checked_add(U256::from(1)) }
}

/// The quotient rounded down and whether nothing is left.
#[inline]
fn wide_mul_div(a: U256, b: u128, divisor: U256) -> Option<(U256, bool)> {
    if divisor.is_zero() {
        return None;
    }
    let Some(value) = halves(a).times(b) else { return longest_mul_div(a, b, divisor) };
    if let Some((quotient, rest)) = narrow(divisor).and_then(|divisor| value.over(divisor)) {
        return Some((widen(quotient), rest == 0));
    }
    let (quotient, rest) = joined(value).div_rem(divisor);
    Some((quotient, rest.is_zero()))
}

#[cold]
fn longest_mul_div(a: U256, b: u128, divisor: U256) -> Option<(U256, bool)> {
    let exact: U512 = a.widening_mul(widen(b));
    let (quotient, rest) = exact.div_rem(extend(divisor));
    shorten(quotient).map(|quotient| (quotient, rest.is_zero()))
}

/// The square root, rounded down.
#[inline]
pub fn sqrt_down(value: U256) -> u128 {
    halves(value).root().0
}

/// The square root, rounded up.
#[inline]
pub fn sqrt_up(value: U256) -> Option<u128> {
    let (root, exact) = halves(value).root();
    root.checked_add(u128::from(!exact))
}

/// The same value as one number.
#[inline]
pub fn joined(value: Halves) -> U256 {
    let Halves { high, low } = value;
    U256::from_limbs([low as u64, (low >> 64) as u64, high as u64, (high >> 64) as u64])
}

/// The same value as two halves.
#[inline]
pub fn halves(value: U256) -> Halves {
    let [a, b, c, d] = value.into_limbs().map(u128::from);
    Halves { high: d << 64 | c, low: b << 64 | a }
}

fn extend(value: U256) -> U512 {
    let [a, b, c, d] = value.into_limbs();
    U512::from_limbs([a, b, c, d, 0, 0, 0, 0])
}

fn shorten(value: U512) -> Option<U256> {
    let [a, b, c, d, rest @ ..] = value.into_limbs();
    (rest == [0; 4]).then(|| U256::from_limbs([a, b, c, d]))
}
