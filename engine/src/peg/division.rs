//! Quotients of 128- and 256-bit values.
//!
//! Most of a simulation's time is division. A divisor that is used again and again is turned into a factor (Granlund,
//! Montgomery, "Division by Invariant Integers using Multiplication", PLDI 1994, theorem 4.2); one that changes costs one
//! division of the machine for each 64-bit digit (Knuth, The Art of Computer Programming, volume 2, 4.3.1, algorithm D).

use super::halves::Halves;

const DIGIT: u32 = u64::BITS;

/// A divisor above 0 with the factor that stands for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Divisor {
    value: u128,
    /// floor(2^(128 + shift) / value) + 1; 0 for a value without one.
    factor: u128,
    /// One less than the number of bits of `value - 1`.
    shift: u32,
}

impl Divisor {
    /// Of a value above 0.
    pub const fn new(value: u128) -> Divisor {
        assert!(value > 0, "a divisor is above 0");
        if value == 1 || value >> 127 != 0 {
            return Divisor { value, factor: 0, shift: 0 };
        }
        let shift = 127 - (value - 1).leading_zeros();
        Divisor { value, factor: divide_halves(1 << shift, 0, value).0 + 1, shift }
    }

    /// The divisor.
    #[inline]
    pub fn value(&self) -> u128 {
        self.value
    }

    /// The quotient rounded down, and the rest.
    #[inline(always)]
    pub fn divide(&self, numerator: u128) -> (u128, u128) {
        if numerator >> 127 != 0 || self.factor == 0 {
            return (numerator / self.value, numerator % self.value);
        }
        let quotient = Halves::product(numerator, self.factor).high.wrapping_shr(self.shift);
        (quotient, numerator.wrapping_sub(quotient.wrapping_mul(self.value)))
    }
}

/// `high * 2^128 + low` over the divisor, rounded down, and the rest; `high` is below the divisor, so the quotient fits.
#[inline]
pub const fn divide_halves(high: u128, low: u128, divisor: u128) -> (u128, u128) {
    debug_assert!(high < divisor);
    if high == 0 || divisor >> DIGIT == 0 {
        return divide_short(high, low, divisor);
    }
    let shift = ((divisor >> DIGIT) as u64).leading_zeros();
    let (_, leading, trailing) = shifted((divisor >> DIGIT) as u64, divisor as u64, shift);
    let (_, d, c) = shifted((high >> DIGIT) as u64, high as u64, shift);
    let (over, b, a) = shifted((low >> DIGIT) as u64, low as u64, shift);
    let divisor = join(leading, trailing);
    let (upper, rest) = digit_of(join(d, c | over), b, divisor);
    let (lower, rest) = digit_of(rest, a, divisor);
    (join(upper, lower), rest.wrapping_shr(shift))
}

/// As `divide_halves`, where the machine's division does all or where the divisor has one digit.
const fn divide_short(high: u128, low: u128, divisor: u128) -> (u128, u128) {
    if high == 0 {
        return (low / divisor, low % divisor);
    }
    let upper = high << DIGIT | low >> DIGIT;
    let lower = (upper % divisor) << DIGIT | low as u64 as u128;
    let (upper, lower, rest) = (upper / divisor, lower / divisor, lower % divisor);
    (upper << DIGIT | lower, rest)
}

/// One digit of a quotient by a divisor whose highest bit is set, and its rest; `rest` is below the divisor.
#[inline]
const fn digit_of(rest: u128, next: u64, divisor: u128) -> (u64, u128) {
    let (leading, trailing) = (divisor >> DIGIT, divisor as u64);
    let quotient = if rest >> DIGIT == leading { u64::MAX } else { (rest / leading) as u64 };
    let left = rest.wrapping_sub((quotient as u128).wrapping_mul(leading));
    let (rest, short) =
        join(left as u64, next).overflowing_sub((quotient as u128).wrapping_mul(trailing as u128));
    let short = short & (left >> DIGIT == 0);
    // The guess is two too large at most (Knuth's theorem B), rarely two. Chance decides: no branch for the first.
    let back = (short as u128).wrapping_neg() & divisor;
    let (rest, whole) = rest.overflowing_add(back);
    let quotient = quotient.wrapping_sub(short as u64);
    if short & !whole {
        return (quotient - 1, rest.wrapping_add(divisor));
    }
    (quotient, rest)
}

/// Two digits shifted to the left by less than a digit: what leaves them, then the two.
#[inline]
const fn shifted(high: u64, low: u64, shift: u32) -> (u64, u64, u64) {
    // Plain shifts by a variable would be checked.
    let back = shift ^ (DIGIT - 1);
    let over = (high >> 1).wrapping_shr(back);
    (over, high.wrapping_shl(shift) | (low >> 1).wrapping_shr(back), low.wrapping_shl(shift))
}

#[inline]
const fn join(high: u64, low: u64) -> u128 {
    (high as u128) << DIGIT | low as u128
}
