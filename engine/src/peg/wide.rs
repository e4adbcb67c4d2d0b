//! Exact products, quotients and square roots of 128-bit values with 256- and 512-bit intermediates.
//!
//! Every function gives the integer that `src/stab3l/units.py` and Python's `isqrt` give; a result that does not fit is
//! `None`. Most operands are far from their bounds, so each function tries the narrow form first.

use ruint::Uint;

/// A 256-bit value.
pub type U256 = Uint<256, 4>;
type U512 = Uint<512, 8>;

/// One, in 18-decimal fixed point.
pub const WAD: u128 = 1_000_000_000_000_000_000;

/// The exact product.
#[inline]
pub fn product(a: u128, b: u128) -> U256 {
    if let Some(narrow) = a.checked_mul(b) {
        return widen(narrow);
    }
    let mask = u128::from(u64::MAX);
    let (a1, a0, b1, b0) = (a >> 64, a & mask, b >> 64, b & mask);
    let low = a0 * b0;
    let (middle, carry) = (a1 * b0).overflowing_add(a0 * b1);
    let (low, low_carry) = low.overflowing_add(middle << 64);
    let high = a1 * b1 + (middle >> 64) + (u128::from(carry) << 64) + u128::from(low_carry);
    join(high, low)
}

/// The same value with 256 bits.
#[inline]
pub fn widen(value: u128) -> U256 {
    join(0, value)
}

/// The value if it fits 128 bits.
#[inline]
pub fn narrow(value: U256) -> Option<u128> {
    let (high, low) = split(value);
    (high == 0).then_some(low)
}

/// `a * b / divisor` rounded down; `None` if that does not fit, or for a divisor of 0.
#[inline]
pub fn mul_div_down(a: u128, b: u128, divisor: u128) -> Option<u128> {
    if divisor == 0 {
        return None;
    }
    match a.checked_mul(b) {
        Some(narrow) => Some(narrow / divisor),
        None => narrow(product(a, b) / widen(divisor)),
    }
}

/// `a * b / divisor` rounded up; `None` if that does not fit, or for a divisor of 0.
#[inline]
pub fn mul_div_up(a: u128, b: u128, divisor: u128) -> Option<u128> {
    if divisor == 0 {
        return None;
    }
    match a.checked_mul(b) {
        Some(narrow) => Some(narrow.div_ceil(divisor)),
        None => narrow(quotient_up(product(a, b), widen(divisor))),
    }
}

/// The exact product, if it fits.
#[inline]
pub fn times(a: U256, b: u128) -> Option<U256> {
    let (high, low) = split(a);
    let low = product(low, b);
    match high {
        0 => Some(low),
        _ => low.checked_add(join(high.checked_mul(b)?, 0)),
    }
}

/// As `mul_div_down`, of a 256-bit value by a ratio.
#[inline]
pub fn wide_mul_div_down(a: U256, b: u128, divisor: U256) -> Option<U256> {
    if divisor.is_zero() {
        return None;
    }
    if let Some(exact) = times(a, b) {
        return Some(match (narrow(exact), narrow(divisor)) {
            (Some(exact), Some(divisor)) => widen(exact / divisor),
            _ => exact / divisor,
        });
    }
    let exact: U512 = a.widening_mul(widen(b));
    shorten(exact / extend(divisor))
}

/// As `mul_div_up`, of a 256-bit value by a ratio.
#[inline]
pub fn wide_mul_div_up(a: U256, b: u128, divisor: U256) -> Option<U256> {
    if divisor.is_zero() {
        return None;
    }
    if let Some(exact) = times(a, b) {
        return Some(match (narrow(exact), narrow(divisor)) {
            (Some(exact), Some(divisor)) => widen(exact.div_ceil(divisor)),
            _ => quotient_up(exact, divisor),
        });
    }
    let exact: U512 = a.widening_mul(widen(b));
    let (quotient, rest) = exact.div_rem(extend(divisor));
    shorten(if rest.is_zero() { quotient } else { quotient + U512::from(1) })
}

/// The square root, rounded down.
///
/// The high half's root by the standard library, the low half's digits by one division: Zimmermann, "Karatsuba Square
/// Root" (INRIA RR-3805, 1999), which is at most one too large.
#[inline]
pub fn sqrt_down(value: U256) -> u128 {
    if let Some(narrow) = narrow(value) {
        return narrow.isqrt();
    }
    let shift = value.leading_zeros() & !1;
    let (high, low) = split(value << shift);
    let top = high.isqrt();
    let rest = high - top * top;
    // (rest * 2^64 + next digit) / 2 top, halved on both sides so that it fits.
    let quotient = ((rest << 63) | (low >> 65)) / top;
    let root = (top << 64).saturating_add(quotient);
    let root = if product(root, root) > join(high, low) { root - 1 } else { root };
    root >> (shift / 2)
}

/// The square root, rounded up.
#[inline]
pub fn sqrt_up(value: U256) -> Option<u128> {
    let root = sqrt_down(value);
    if product(root, root) == value { Some(root) } else { root.checked_add(1) }
}

fn quotient_up(value: U256, divisor: U256) -> U256 {
    let (quotient, rest) = value.div_rem(divisor);
    if rest.is_zero() { quotient } else { quotient + U256::from(1) }
}

fn join(high: u128, low: u128) -> U256 {
    U256::from_limbs([low as u64, (low >> 64) as u64, high as u64, (high >> 64) as u64])
}

fn split(value: U256) -> (u128, u128) {
    let [a, b, c, d] = value.into_limbs().map(u128::from);
    (d << 64 | c, b << 64 | a)
}

fn extend(value: U256) -> U512 {
    let [a, b, c, d] = value.into_limbs();
    U512::from_limbs([a, b, c, d, 0, 0, 0, 0])
}

fn shorten(value: U512) -> Option<U256> {
    let [a, b, c, d, rest @ ..] = value.into_limbs();
    (rest == [0; 4]).then(|| U256::from_limbs([a, b, c, d]))
}
