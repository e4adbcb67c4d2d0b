//! The PMM curve in integers, rounded against the trader.
//!
//! The twin of `src/stab3l/peg/curve.py`, which explains the formulas; `tests/differential` holds them equal. Ratios are
//! reduced to lowest terms once per pool: a quotient rounds alike, and most products then fit 256 bits.

use super::division::Divisor;
use super::halves::{Halves, narrow_product, times_digit};
use super::refusal::Refusal;
use super::wide::*;

/// Bound of every value between two steps: its square still fits 256 bits.
pub const FINE_MAX: u128 = 1 << 127;

type Fine = Result<u128, Refusal>;

/// A ratio in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    numerator: u128,
    denominator: Divisor,
    length: Length,
}

/// How long a ratio's numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    /// It is one.
    One,
    /// It is a whole number of one digit of 64 bits.
    Whole,
    /// Both have one digit of 64 bits.
    Digit,
    /// At least one has more.
    More,
}

impl Ratio {
    /// `numerator / denominator`; the denominator is not 0.
    pub fn new(numerator: u128, denominator: u128) -> Ratio {
        let divisor = gcd(numerator, denominator);
        Ratio::reduced(numerator / divisor, denominator / divisor)
    }

    /// The reciprocal of a ratio above 0.
    pub fn inverse(&self) -> Ratio {
        Ratio::reduced(self.denominator.value(), self.numerator)
    }

    fn reduced(numerator: u128, denominator: u128) -> Ratio {
        let length = match (numerator, denominator) {
            (1, 1) => Length::One,
            (_, 1) if numerator >> 64 == 0 => Length::Whole,
            _ if (numerator | denominator) >> 64 == 0 => Length::Digit,
            _ => Length::More,
        };
        Ratio { numerator, denominator: Divisor::new(denominator), length }
    }

    /// Of a value, rounded down; `None` if that does not fit.
    #[inline(always)]
    pub fn down(&self, value: u128) -> Option<u128> {
        match self.short(value) {
            Some((quotient, _)) => Some(quotient),
            None => mul_div_down(value, self.numerator, self.denominator.value()),
        }
    }

    #[inline(always)]
    fn up(&self, value: u128) -> Option<u128> {
        match self.short(value) {
            Some((quotient, rest)) => quotient.checked_add(u128::from(rest)),
            None => mul_div_up(value, self.numerator, self.denominator.value()),
        }
    }

    /// The product rounded down and whether there is a rest, where all is short enough.
    #[inline(always)]
    fn short(&self, value: u128) -> Option<(u128, bool)> {
        match self.length {
            Length::One => Some((value, false)),
            Length::Whole => Some((times_digit(value, self.numerator as u64)?, false)),
            Length::Digit => {
                let (quotient, rest) = self.denominator.divide(times_digit(value, self.numerator as u64)?);
                Some((quotient, rest != 0))
            }
            Length::More => None,
        }
    }

    fn wide_down(&self, value: U256) -> Option<U256> {
        wide_mul_div_down(value, self.numerator, widen(self.denominator.value()))
    }

    fn wide_up(&self, value: U256) -> Option<U256> {
        wide_mul_div_up(value, self.numerator, widen(self.denominator.value()))
    }
}

/// A pool's slope k and what the curve needs of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slope {
    /// k [wad].
    wad: u128,
    /// Whether k is 0, and whether it is one.
    is_flat: bool,
    is_steepest: bool,
    /// k.
    k: Ratio,
    /// 1 - k.
    flat: Ratio,
    /// 1 / 2(1 - k); of no use where k is one.
    unflat: Ratio,
    /// 4 (1 - k) k.
    spread: Ratio,
    /// The same times the square of k's denominator.
    spread_scaled: u128,
}

impl Slope {
    /// Of a k in [wad], at most one.
    pub fn new(wad: u128) -> Slope {
        let flat = WAD - wad;
        let k = Ratio::new(wad, WAD);
        Slope {
            wad,
            is_flat: wad == 0,
            is_steepest: wad == WAD,
            k,
            spread_scaled: 4 * (k.denominator.value() - k.numerator) * k.numerator,
            flat: Ratio::new(flat, WAD),
            unflat: Ratio::new(WAD, (2 * flat).max(1)),
            spread: Ratio::new(4 * flat * wad, WAD * WAD),
        }
    }

    /// k [wad].
    pub fn wad(&self) -> u128 {
        self.wad
    }

    /// `squared * k / divisor`, rounded down.
    #[inline(always)]
    fn steep_down(&self, squared: Halves, divisor: u128) -> Option<u128> {
        let Ratio { numerator, denominator, .. } = &self.k;
        match (squared.times(*numerator), narrow_product(denominator.value(), divisor)) {
            (Some(steep), Some(scaled)) => steep.over(scaled).map(|(quotient, _)| quotient),
            _ => {
                let scaled = product(denominator.value(), divisor);
                wide_mul_div_down(joined(squared), *numerator, scaled).and_then(narrow)
            }
        }
    }

    /// sqrt(u^2 + 4(1-k)k V0^2) in units of k's denominator, rounded down, and whether that is exact; `None` if a square
    /// does not fit.
    #[inline(always)]
    fn scaled_root(&self, squared: Halves, u: u128) -> Option<(u128, bool)> {
        let scaled = narrow_product(u, self.k.denominator.value())?;
        Some(squared.times(self.spread_scaled)?.plus(Halves::product(scaled, scaled))?.root())
    }

    /// sqrt(u^2 + 4(1-k)k V0^2), rounded up.
    #[inline(always)]
    fn root_up(&self, squared: Halves, u: u128) -> Option<u128> {
        if let Some((root, exact)) = self.scaled_root(squared, u) {
            let (root, rest) = self.k.denominator.divide(root);
            return root.checked_add(u128::from(!exact || rest != 0));
        }
        sqrt_up(product(u, u).checked_add(self.spread.wide_up(joined(squared))?)?)
    }

    /// sqrt(u^2 + 4(1-k)k V0^2), rounded down.
    #[inline(always)]
    fn root_down(&self, squared: Halves, u: u128) -> Option<u128> {
        if let Some((root, _)) = self.scaled_root(squared, u) {
            return Some(self.k.denominator.divide(root).0);
        }
        Some(sqrt_down(product(u, u).checked_add(self.spread.wide_down(joined(squared))?)?))
    }

    /// 4k times the surplus, rounded down.
    #[inline(always)]
    fn lever_down(&self, surplus: u128) -> Option<Halves> {
        match surplus >> 126 {
            0 => self.k.down(surplus << 2).map(Halves::of),
            _ => self.k.wide_down(widen(surplus) << 2).map(halves),
        }
    }

    /// As `lever_down`, rounded up.
    #[inline(always)]
    fn lever_up(&self, surplus: u128) -> Option<Halves> {
        match surplus >> 126 {
            0 => self.k.up(surplus << 2).map(Halves::of),
            _ => self.k.wide_up(widen(surplus) << 2).map(halves),
        }
    }
}

/// Value of an amount at the rate, rounded down.
#[inline(always)]
pub fn fair_down(amount: u128, rate: &Ratio) -> Fine {
    checked(rate.down(amount))
}

/// Value of an amount at the rate, rounded up.
#[inline(always)]
pub fn fair_up(amount: u128, rate: &Ratio) -> Fine {
    checked(rate.up(amount))
}

/// The target that the short token returns to when the surplus of the other is sold back, rounded up.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The target.
    pub up: u128,
    reserve: u128,
    surplus: u128,
    /// What it took to find it; `None` where a value did not fit.
    found: Option<Found>,
}

#[derive(Clone, Copy, Debug)]
struct Found {
    lever: u128,
    root: u128,
    /// lever * reserve - root^2.
    root_rest: u128,
    premium: u128,
    /// 2 surplus * reserve - premium * (reserve + root).
    premium_rest: u128,
}

/// The target, rounded up.
pub fn target_up(reserve: u128, surplus: u128, slope: &Slope) -> Result<Target, Refusal> {
    let lever = slope.lever_down(surplus).and_then(|lever| lever.plus(Halves::of(reserve)));
    let lever = lever.ok_or(Refusal::CurveOutOfRange)?;
    let squared = lever.times(reserve).ok_or(Refusal::CurveOutOfRange)?;
    let (root, _) = squared.root();
    let twice = Halves::product(surplus, reserve).doubled();
    let Some(divisor) = reserve.checked_add(root) else {
        let (premium, rest) = joined(twice).div_rem(widen(reserve) + widen(root));
        let up = narrow(premium).and_then(|premium| premium.checked_add(u128::from(!rest.is_zero())));
        return Ok(Target { up: sum(reserve, up)?, reserve, surplus, found: None });
    };
    let Some((premium, premium_rest)) = twice.over(divisor) else {
        // Asked last: it is hardly ever so.
        return match reserve {
            0 => Ok(Target { up: surplus, reserve, surplus, found: None }),
            _ => Err(Refusal::CurveOutOfRange),
        };
    };
    let up = sum(reserve, premium.checked_add(u128::from(premium_rest != 0)))?;
    let root_rest = squared.low.wrapping_sub(root.wrapping_mul(root));
    let found = Found { lever: lever.low, root, root_rest, premium, premium_rest };
    Ok(Target { up, reserve, surplus, found: (lever.high == 0).then_some(found) })
}

impl Target {
    /// The target rounded down, for a surplus rounded down.
    #[inline(always)]
    pub fn down(&self, surplus: u128, slope: &Slope) -> Fine {
        match self.near(surplus, slope) {
            Some(target) => Ok(target),
            None => target_down(self.reserve, surplus, slope),
        }
    }

    /// The target rounded down by a few steps from the one rounded up; `None` where it may be more than a few.
    #[inline(always)]
    fn near(&self, surplus: u128, slope: &Slope) -> Option<u128> {
        const STEPS: u128 = 8;
        let Target { reserve, found: Some(found), .. } = *self else { return None };
        let less = self.surplus.wrapping_sub(surplus);
        let few = less <= 1
            && (self.surplus | reserve | found.root) >> 116 == 0
            && found.premium <= STEPS * (reserve + found.root);
        let lever = if few { slope.lever_up(surplus)?.low + reserve } else { return None };
        if lever.abs_diff(found.lever) > STEPS {
            return None;
        }
        let mut root = found.root as i128;
        let mut rest = found.root_rest as i128 + (lever as i128 - found.lever as i128) * reserve as i128;
        while rest > 0 {
            root += 1;
            rest -= 2 * root - 1;
        }
        while rest + 2 * root <= 1 {
            rest += 2 * root - 1;
            root -= 1;
        }
        let (mut premium, divisor) = (found.premium as i128, reserve as i128 + root);
        let mut rest = found.premium_rest as i128
            - 2 * reserve as i128 * less as i128
            - premium * (root - found.root as i128);
        while rest < 0 {
            premium -= 1;
            rest += divisor;
        }
        while rest >= divisor {
            premium += 1;
            rest -= divisor;
        }
        Some(reserve + premium as u128)
    }
}

/// The target, rounded down.
pub fn target_down(reserve: u128, surplus: u128, slope: &Slope) -> Fine {
    if reserve == 0 {
        return Ok(surplus);
    }
    let lever = slope.lever_up(surplus).and_then(|lever| lever.plus(Halves::of(reserve)));
    let root = lever.and_then(|lever| lever.times(reserve)).and_then(|squared| {
        let (root, exact) = squared.root();
        root.checked_add(u128::from(!exact))
    });
    let divisor = widen(reserve) + widen(root.ok_or(Refusal::CurveOutOfRange)?);
    sum(reserve, narrow((product(surplus, reserve) << 1usize) / divisor))
}

/// What a trade that makes the token shorter takes out of its reserve, rounded down.
pub fn trade_down(target: u128, reserve: u128, fair: u128, slope: &Slope) -> Fine {
    if slope.is_flat {
        return Ok(fair.min(reserve));
    }
    let squared = square(target)?;
    let kept = slope.flat.up(reserve).ok_or(Refusal::CurveOutOfRange)?;
    let steep = slope.steep_down(squared, reserve);
    let owed = checked(steep.and_then(|steep| steep.checked_add(fair)))?;
    // A root too large for 128 bits is larger than the reserve: nothing is taken.
    let after = match kept.checked_sub(owed) {
        Some(u) => root_above(squared, u, slope),
        None => root_below(squared, owed - kept, slope),
    };
    Ok(after.map_or(0, |after| reserve.saturating_sub(after)))
}

/// (u + sqrt(u^2 + 4(1-k)k V0^2)) / 2(1-k), rounded up.
#[inline(always)]
fn root_above(squared: Halves, u: u128, slope: &Slope) -> Option<u128> {
    if slope.is_steepest {
        return Some(0);
    }
    slope.unflat.up(u.checked_add(slope.root_up(squared, u)?)?)
}

/// 2k V0^2 / (sqrt(u^2 + 4(1-k)k V0^2) + u), rounded up.
#[inline(always)]
fn root_below(squared: Halves, u: u128, slope: &Slope) -> Option<u128> {
    let root = slope.root_down(squared, u)?;
    let Ratio { numerator, denominator, .. } = &slope.k;
    let divisor = root.checked_add(u).and_then(|sum| narrow_product(sum, denominator.value()));
    if let (Some(divisor), Some(value)) = (divisor, squared.doubled().times(*numerator)) {
        let (quotient, rest) = value.over(divisor)?;
        return quotient.checked_add(u128::from(rest != 0));
    }
    let divisor = times(widen(root) + widen(u), denominator.value())?;
    wide_mul_div_up(joined(squared.doubled()), *numerator, divisor).and_then(narrow)
}

/// What a trade that makes the short token less short is paid in the other token, rounded down.
///
/// A result too large for 128 bits is given as the largest that fits: the pool pays no more than its surplus anyway.
pub fn integral_down(target: u128, after: u128, before: u128, fair: u128, slope: &Slope) -> Fine {
    if slope.is_flat {
        return Ok(fair);
    }
    let steep = checked(slope.steep_down(square(target)?, after))?;
    let flat = slope.flat.down(fair).ok_or(Refusal::CurveOutOfRange)?;
    match mul_div_down(steep, fair, before) {
        Some(steep) => Ok(steep.saturating_add(flat)),
        None if before == 0 => Err(Refusal::CurveOutOfRange),
        None => Ok(u128::MAX),
    }
}

/// 1 - k + k(V0/V)^2 [wad], rounded down: the price of the short token in units of i. At most [`FINE_MAX`].
pub fn steepness(target: u128, reserve: u128, slope: &Slope) -> Fine {
    if slope.is_flat {
        return Ok(WAD);
    }
    if reserve == 0 {
        return Ok(FINE_MAX);
    }
    let steep = wide_mul_div_down(joined(square(target)?), slope.wad, product(reserve, reserve));
    let steep = steep.and_then(narrow).and_then(|steep| steep.checked_add(WAD - slope.wad));
    Ok(steep.map_or(FINE_MAX, |steep| steep.min(FINE_MAX)))
}

#[inline(always)]
fn square(target: u128) -> Result<Halves, Refusal> {
    let target = checked(Some(target))?;
    Ok(Halves::product(target, target))
}

#[inline(always)]
fn sum(a: u128, b: Option<u128>) -> Fine {
    b.and_then(|b| a.checked_add(b)).ok_or(Refusal::CurveOutOfRange)
}

#[inline(always)]
fn checked(value: Option<u128>) -> Fine {
    value.filter(|value| *value <= FINE_MAX).ok_or(Refusal::CurveOutOfRange)
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        // The machine divides one digit itself, and all but the first steps are of one digit.
        (a, b) = match (a | b) >> 64 {
            0 => (b, u128::from(a as u64 % b as u64)),
            _ => (b, a % b),
        };
    }
    a
}
