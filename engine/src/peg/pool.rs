//! A PMM pool: its terms, its state, and what it pays. The twin of `src/stab3l/peg/pool.py`.

use super::curve::*;
use super::division::Divisor;
use super::halves::narrow_product;
use super::refusal::Refusal;
use super::wide::*;

const FINE_PER_WAD: u128 = 1 << 16;
const PRICE_MIN: u128 = 1_000_000;
const PRICE_MAX: u128 = 10u128.pow(30);
const SLOPE_MAX: u128 = WAD / 10 * 9;
const FEE_MAX: u128 = WAD / 10;
const DECIMALS_MAX: u8 = 18;
const RESERVE_FINE_MAX: u128 = 1 << 116;
/// Base units of each token that a pool starts with at least.
pub const RESERVE_MIN: u128 = 1_000;

/// Powers of ten.
const TENS: [u128; DECIMALS_MAX as usize + 1] = {
    let mut tens = [1; DECIMALS_MAX as usize + 1];
    let mut place = 1;
    while place < tens.len() {
        tens[place] = tens[place - 1] * 10;
        place += 1;
    }
    tens
};

/// Which token is short of its target. The numbers are the contract's; a whole word, so that a state is moved by words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u64)]
pub enum Regime {
    /// Neither.
    #[default]
    One = 0,
    /// The base token.
    BaseShort = 1,
    /// The quote token.
    QuoteShort = 2,
}

/// What governance sets, with what the curve needs of it worked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    price: u128,
    fee: u128,
    base_decimals: u8,
    quote_decimals: u8,
    base_unit: Divisor,
    quote_unit: Divisor,
    /// i, and 1 / i.
    rate: Ratio,
    inverse: Ratio,
    slope: Slope,
}

impl Terms {
    /// `price` i [wad: quote tokens per base token], `slope` k [wad], `fee` [wad of what is paid].
    pub fn new(
        price: u128,
        slope: u128,
        fee: u128,
        base_decimals: u8,
        quote_decimals: u8,
    ) -> Result<Terms, Refusal> {
        let fit = (PRICE_MIN..=PRICE_MAX).contains(&price)
            && (slope <= SLOPE_MAX || slope == WAD)
            && fee <= FEE_MAX
            && base_decimals.max(quote_decimals) <= DECIMALS_MAX;
        if !fit {
            return Err(Refusal::PoolTermsInvalid);
        }
        let unit = |decimals: u8| Divisor::new(FINE_PER_WAD * TENS[usize::from(DECIMALS_MAX - decimals)]);
        let rate = Ratio::new(price, WAD);
        Ok(Terms {
            price,
            fee,
            base_decimals,
            quote_decimals,
            base_unit: unit(base_decimals),
            quote_unit: unit(quote_decimals),
            rate,
            inverse: rate.inverse(),
            slope: Slope::new(slope),
        })
    }

    /// The same pool at another price i.
    pub fn at_price(&self, price: u128) -> Result<Terms, Refusal> {
        if !(PRICE_MIN..=PRICE_MAX).contains(&price) {
            return Err(Refusal::PoolTermsInvalid);
        }
        let rate = Ratio::new(price, WAD);
        Ok(Terms { price, rate, inverse: rate.inverse(), ..self.clone() })
    }

    /// The same pool with another slope k.
    pub fn at_slope(&self, slope: u128) -> Result<Terms, Refusal> {
        Terms::new(self.price, slope, self.fee, self.base_decimals, self.quote_decimals)
    }

    /// Base units worth as much as quote units at balance, rounded down; `None` if that does not fit.
    #[inline]
    pub fn base_at_balance(&self, quote: u128) -> Option<u128> {
        let (base, quote_scale) = (self.base_decimals, self.quote_decimals);
        let longer = narrow_product(quote, TENS[usize::from(base.saturating_sub(quote_scale))])?;
        let worth = self.inverse.down(longer)?;
        match quote_scale.saturating_sub(base) {
            0 => Some(worth),
            // A quotient of a quotient is rounded down as one quotient is.
            less => Some(worth / TENS[usize::from(less)]),
        }
    }

    /// i [wad].
    pub fn price(&self) -> u128 {
        self.price
    }

    /// The fee [wad of what is paid].
    pub fn fee(&self) -> u128 {
        self.fee
    }

    /// k [wad].
    pub fn slope(&self) -> u128 {
        self.slope.wad()
    }

    /// 10^decimals of the base token.
    pub fn base_scale(&self) -> u128 {
        TENS[usize::from(self.base_decimals)]
    }

    /// 10^decimals of the quote token.
    pub fn quote_scale(&self) -> u128 {
        TENS[usize::from(self.quote_decimals)]
    }
}

/// What trades change; all in base units of the token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Base tokens held.
    pub base_reserve: u128,
    /// Quote tokens held.
    pub quote_reserve: u128,
    /// What the base reserve returns to.
    pub base_target: u128,
    /// What the quote reserve returns to.
    pub quote_target: u128,
    /// Which token is short.
    pub regime: Regime,
}

impl State {
    /// A pool as it starts: both reserves at their targets.
    pub fn balanced(base_reserve: u128, quote_reserve: u128) -> State {
        let (base_target, quote_target) = (base_reserve, quote_reserve);
        State { base_reserve, quote_reserve, base_target, quote_target, regime: Regime::One }
    }
}

/// What a trade pays, its fee (both base units of the token that is paid), and the state after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// To the trader.
    pub paid: u128,
    /// Stays in the pool.
    pub fee: u128,
    /// The pool afterwards.
    pub after: State,
}

/// One token of a pool.
struct Token<'a> {
    /// Base units.
    reserve: u128,
    /// Base units.
    target: u128,
    /// Fine units in a base unit.
    unit: &'a Divisor,
    /// The other token's price in this one at balance.
    rate: &'a Ratio,
    /// The regime in which this one is short.
    short: Regime,
}

impl Token<'_> {
    /// Base units in fine units.
    #[inline]
    fn fine(&self, amount: u128) -> Result<u128, Refusal> {
        narrow_product(amount, self.unit.value()).ok_or(Refusal::ReserveTooLarge)
    }

    /// What it holds above its target, in fine units. A pool that holds less than it must is not one that trades made.
    #[inline]
    fn surplus(&self) -> Result<u128, Refusal> {
        self.fine(self.reserve.checked_sub(self.target).ok_or(Refusal::CurveOutOfRange)?)
    }

    /// What is sold, in fine units.
    #[inline]
    fn sold(&self, amount: u128) -> Result<u128, Refusal> {
        if amount == 0 {
            return Err(Refusal::AmountZero);
        }
        let fine = self.fine(amount)?;
        match self.fine(self.reserve)?.checked_add(fine) {
            Some(held) if held <= RESERVE_FINE_MAX => Ok(fine),
            _ => Err(Refusal::ReserveTooLarge),
        }
    }

    /// The target of this token while the other has a surplus, in fine units.
    #[inline]
    fn target_beside(&self, other: &Token, slope: &Slope) -> Result<Target, Refusal> {
        target_up(self.fine(self.reserve)?, fair_up(other.surplus()?, self.rate)?, slope)
    }
}

impl Terms {
    #[inline]
    fn base<'a>(&'a self, state: &State) -> Token<'a> {
        let (reserve, target) = (state.base_reserve, state.base_target);
        Token { reserve, target, unit: &self.base_unit, rate: &self.inverse, short: Regime::BaseShort }
    }

    #[inline]
    fn quote<'a>(&'a self, state: &State) -> Token<'a> {
        let (reserve, target) = (state.quote_reserve, state.quote_target);
        Token { reserve, target, unit: &self.quote_unit, rate: &self.rate, short: Regime::QuoteShort }
    }
}

/// Sells `amount` base units of one of the two tokens. `band` [wad] is taken in addition to the fee.
#[inline(always)]
pub fn sell(
    terms: &Terms,
    state: &State,
    sells_base: bool,
    amount: u128,
    band: u128,
) -> Result<Trade, Refusal> {
    let (base, quote) = (terms.base(state), terms.quote(state));
    let (sold, paying) = if sells_base { (&base, &quote) } else { (&quote, &base) };
    let fine = sold.sold(amount)?;
    let (gross, crossed) = pays(sold, paying, &terms.slope, state.regime, fine)?;
    let (paid, fee) = less_fee(paying.unit.divide(gross).0, terms.fee + band);
    let mut after = *state;
    let (reserve, reserve_left) = (sold.reserve + amount, paying.reserve - paid);
    (after.base_reserve, after.quote_reserve) =
        if sells_base { (reserve, reserve_left) } else { (reserve_left, reserve) };
    if state.regime == Regime::One {
        after.regime = paying.short;
    }
    if let Some(target) = crossed {
        after.regime = paying.short;
        let kept = if sells_base { &mut after.base_target } else { &mut after.quote_target };
        *kept = target.div_ceil(sold.unit.value());
    }
    Ok(Trade { paid, fee, after })
}

/// (base target, quote target) now, in base units; the derived one rounded up.
pub fn targets_up(terms: &Terms, state: &State) -> Result<(u128, u128), Refusal> {
    Ok(match state.regime {
        Regime::One => (state.base_target, state.quote_target),
        Regime::BaseShort => {
            (base_target_fine(terms, state)?.div_ceil(terms.base_unit.value()), state.quote_target)
        }
        Regime::QuoteShort => {
            (state.base_target, quote_target_fine(terms, state)?.div_ceil(terms.quote_unit.value()))
        }
    })
}

/// The marginal price without fees [wad: quote tokens per base token], rounded down, from targets rounded up.
///
/// A price beyond 128 bits is given as the largest that fits: the price history caps it there.
pub fn mid_price(terms: &Terms, state: &State) -> Result<u128, Refusal> {
    match state.regime {
        Regime::One => Ok(terms.price),
        Regime::BaseShort => {
            let base = terms.base(state);
            let reserve = base.fine(base.reserve)?;
            let steep = steepness(base_target_fine(terms, state)?, reserve, &terms.slope)?;
            Ok(mul_div_down(terms.price, steep, WAD).unwrap_or(u128::MAX))
        }
        Regime::QuoteShort => {
            let quote = terms.quote(state);
            let reserve = quote.fine(quote.reserve)?;
            let steep = steepness(quote_target_fine(terms, state)?, reserve, &terms.slope)?;
            mul_div_down(terms.price, WAD, steep).ok_or(Refusal::CurveOutOfRange)
        }
    }
}

fn base_target_fine(terms: &Terms, state: &State) -> Result<u128, Refusal> {
    Ok(terms.base(state).target_beside(&terms.quote(state), &terms.slope)?.up)
}

fn quote_target_fine(terms: &Terms, state: &State) -> Result<u128, Refusal> {
    Ok(terms.quote(state).target_beside(&terms.base(state), &terms.slope)?.up)
}

/// (paid, new target of what is sold if the trade crossed it) in fine units.
fn pays(
    sold: &Token,
    paying: &Token,
    slope: &Slope,
    regime: Regime,
    amount: u128,
) -> Result<(u128, Option<u128>), Refusal> {
    if regime == sold.short {
        return pays_back(sold, paying, slope, amount);
    }
    let reserve = paying.fine(paying.reserve)?;
    let target = match regime {
        Regime::One => paying.fine(paying.target)?,
        _ => paying.target_beside(sold, slope)?.up,
    };
    Ok((trade_down(target, reserve, fair_down(amount, paying.rate)?, slope)?, None))
}

/// Buys the token that is short: at most to its target by the integral, beyond it as from balance.
fn pays_back(
    sold: &Token,
    paying: &Token,
    slope: &Slope,
    amount: u128,
) -> Result<(u128, Option<u128>), Refusal> {
    let (reserve, surplus) = (sold.fine(sold.reserve)?, paying.surplus()?);
    let target = target_up(reserve, fair_up(surplus, sold.rate)?, slope)?;
    let missing = target.up.checked_sub(reserve).ok_or(Refusal::CurveOutOfRange)?;
    if amount > missing {
        let balance = paying.fine(paying.target)?;
        let beyond = fair_down(amount - missing, paying.rate)?;
        return Ok((surplus + trade_down(balance, balance, beyond, slope)?, Some(target.up)));
    }
    let lower = target.down(fair_down(surplus, sold.rate)?, slope)?;
    let fair = fair_down(amount, paying.rate)?;
    let paid = integral_down(lower, reserve + amount, reserve, fair, slope)?;
    Ok((paid.min(surplus), None))
}

/// (paid, fee): the fee is rounded up and never more than there is.
#[inline(always)]
fn less_fee(gross: u128, fee: u128) -> (u128, u128) {
    let charge = part_up(gross, fee).map_or(gross, |charge| charge.min(gross));
    (gross - charge, charge)
}
