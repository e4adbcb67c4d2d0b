//! 256-bit values as two halves: what the curve's squares are computed in.

use super::division::divide_halves;
use super::root::root_and_rest;

/// `high * 2^128 + low`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Halves {
    /// The upper half.
    pub high: u128,
    /// The lower half.
    pub low: u128,
}

impl Halves {
    /// A value that fits the lower half.
    #[inline]
    pub fn of(low: u128) -> Halves {
        Halves { high: 0, low }
    }

    /// The exact product.
    #[inline]
    pub fn product(a: u128, b: u128) -> Halves {
        let (a1, a0) = ((a >> 64) as u64, a as u64);
        let (b1, b0) = ((b >> 64) as u64, b as u64);
        let (lowest, cross, other) = (digits(a0, b0), digits(a1, b0), digits(a0, b1));
        // None of these sums overflows: the product of two values below 2^128 is below 2^256.
        let middle = (lowest >> 64).wrapping_add(low_digit(cross)).wrapping_add(low_digit(other));
        let carried = (middle >> 64).wrapping_add(cross >> 64).wrapping_add(other >> 64);
        Halves { high: digits(a1, b1).wrapping_add(carried), low: middle << 64 | low_digit(lowest) }
    }

    /// The sum, if it fits.
    #[inline]
    pub fn plus(self, other: Halves) -> Option<Halves> {
        let (low, carry) = self.low.overflowing_add(other.low);
        let high = self.high.checked_add(other.high)?.checked_add(u128::from(carry))?;
        Some(Halves { high, low })
    }

    /// Twice a value below 2^255.
    #[inline]
    pub fn doubled(self) -> Halves {
        Halves { high: self.high << 1 | self.low >> 127, low: self.low << 1 }
    }

    /// The product, if it fits.
    #[inline]
    pub fn times(self, by: u128) -> Option<Halves> {
        let Halves { high, low } = Halves::product(self.low, by);
        Some(Halves { high: high.checked_add(narrow_product(self.high, by)?)?, low })
    }

    /// The quotient rounded down and the rest, if the quotient fits one half; `None` for a divisor of 0.
    #[inline]
    pub fn over(self, divisor: u128) -> Option<(u128, u128)> {
        (self.high < divisor).then(|| divide_halves(self.high, self.low, divisor))
    }

    /// The square root rounded down, and whether it is exact.
    ///
    /// The upper half's root, then the low digits by one division: Zimmermann, "Karatsuba Square Root" (INRIA RR-3805,
    /// 1999), which is at most one too large.
    #[inline]
    pub fn root(self) -> (u128, bool) {
        if self.high == 0 {
            return narrow_root(self.low);
        }
        let shift = self.high.leading_zeros() & !1;
        let Halves { high, low } = self.shifted(shift);
        let (top, rest) = root_and_rest(high);
        // (rest * 2^64 + next digit) / 2 top, halved on both sides so that it fits.
        let halved = rest << 63 | low >> 65;
        let Ok(quotient) = u64::try_from(halved / u128::from(top)) else {
            return largest_root(top, shift, Halves { high, low });
        };
        // What is left is rest * 2^65 + low mod 2^65 - quotient^2.
        let rest = (halved as u64).wrapping_sub(quotient.wrapping_mul(top));
        let (left, square) = (u128::from(rest) << 65 | low & ((1 << 65) - 1), digits(quotient, quotient));
        let over = rest >> 63 == 0 && left < square;
        let root = (u128::from(top) << 64 | u128::from(quotient)).wrapping_sub(u128::from(over));
        let unshifted = root.wrapping_shr(shift / 2);
        (unshifted, rest >> 63 == 0 && left == square && unshifted.wrapping_shl(shift / 2) == root)
    }

    /// Shifted to the left by fewer bits than are free.
    #[inline]
    fn shifted(self, shift: u32) -> Halves {
        let back = (self.low >> 1).wrapping_shr(127 ^ shift);
        Halves { high: self.high.wrapping_shl(shift) | back, low: self.low.wrapping_shl(shift) }
    }
}

/// Where the low digit is 2^64 or nearly that.
#[cold]
fn largest_root(top: u64, shift: u32, value: Halves) -> (u128, bool) {
    let root = u128::from(top) << 64 | u128::from(u64::MAX);
    let square = Halves::product(root, root);
    let root = if square > value { root - 1 } else { root };
    let exact = Halves::product(root, root) == value;
    let half = shift / 2;
    (root >> half, exact && root & ((1 << half) - 1) == 0)
}

/// The square root of a value rounded down, and whether it is exact.
#[inline]
fn narrow_root(value: u128) -> (u128, bool) {
    if value == 0 {
        return (0, true);
    }
    let shift = value.leading_zeros() & !1;
    let root = u128::from(root_and_rest(value << shift).0) >> (shift / 2);
    (root, root * root == value)
}

/// The product, if it fits.
#[inline]
pub fn narrow_product(a: u128, b: u128) -> Option<u128> {
    if (a | b) >> 64 == 0 { Some(digits(a as u64, b as u64)) } else { a.checked_mul(b) }
}

/// As `narrow_product`, by a value of one digit.
#[inline]
pub fn times_digit(a: u128, b: u64) -> Option<u128> {
    let (lower, upper) = (digits(a as u64, b), digits((a >> 64) as u64, b));
    let upper = upper.wrapping_add(lower >> 64);
    (upper >> 64 == 0).then_some(upper << 64 | low_digit(lower))
}

#[inline]
fn digits(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}

#[inline]
fn low_digit(value: u128) -> u128 {
    u128::from(value as u64)
}
