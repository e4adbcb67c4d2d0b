//! A PMM pool: its terms, its state, and what it pays. The twin of `src/stab3l/peg/pool.py`.

use super::curve::*;
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

/// Which token is short of its target. The numbers are the contract's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
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
    base_unit: u128,
    quote_unit: u128,
    rate: Ratio,
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
        let unit = |decimals| FINE_PER_WAD * 10u128.pow(u32::from(DECIMALS_MAX - decimals));
        Ok(Terms {
            price,
            fee,
            base_decimals,
            quote_decimals,
            base_unit: unit(base_decimals),
            quote_unit: unit(quote_decimals),
            rate: Ratio::new(price, WAD),
            slope: Slope::new(slope),
        })
    }

    /// The same pool at another price i.
    pub fn at_price(&self, price: u128) -> Result<Terms, Refusal> {
        if !(PRICE_MIN..=PRICE_MAX).contains(&price) {
            return Err(Refusal::PoolTermsInvalid);
        }
        Ok(Terms { price, rate: Ratio::new(price, WAD), ..self.clone() })
    }

    /// The same pool with another slope k.
    pub fn at_slope(&self, slope: u128) -> Result<Terms, Refusal> {
        Terms::new(self.price, slope, self.fee, self.base_decimals, self.quote_decimals)
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

/// A pool as the seller of one token sees it, in fine units.
struct Side<'a> {
    sold_reserve: u128,
    sold_target: u128,
    paid_reserve: u128,
    paid_target: u128,
    rate: Ratio,
    slope: &'a Slope,
}

/// Sells `amount` base units of the base token. `band` [wad] is taken in addition to the fee.
pub fn sell_base(terms: &Terms, state: &State, amount: u128, band: u128) -> Result<Trade, Refusal> {
    let side = Side {
        sold_reserve: state.base_reserve * terms.base_unit,
        sold_target: state.base_target * terms.base_unit,
        paid_reserve: state.quote_reserve * terms.quote_unit,
        paid_target: state.quote_target * terms.quote_unit,
        rate: terms.rate,
        slope: &terms.slope,
    };
    let amount_fine = fine(amount, terms.base_unit, side.sold_reserve)?;
    let (gross, crossed) = sell(&side, state.regime, Regime::BaseShort, amount_fine)?;
    let (paid, fee) = less_fee(gross / terms.quote_unit, terms.fee + band);
    let mut after = *state;
    after.base_reserve += amount;
    after.quote_reserve -= paid;
    if state.regime == Regime::One || crossed != 0 {
        after.regime = Regime::QuoteShort;
    }
    if crossed != 0 {
        after.base_target = crossed.div_ceil(terms.base_unit);
    }
    Ok(Trade { paid, fee, after })
}

/// Sells `amount` base units of the quote token; otherwise as `sell_base`.
pub fn sell_quote(terms: &Terms, state: &State, amount: u128, band: u128) -> Result<Trade, Refusal> {
    let side = Side {
        sold_reserve: state.quote_reserve * terms.quote_unit,
        sold_target: state.quote_target * terms.quote_unit,
        paid_reserve: state.base_reserve * terms.base_unit,
        paid_target: state.base_target * terms.base_unit,
        rate: terms.rate.inverse(),
        slope: &terms.slope,
    };
    let amount_fine = fine(amount, terms.quote_unit, side.sold_reserve)?;
    let (gross, crossed) = sell(&side, state.regime, Regime::QuoteShort, amount_fine)?;
    let (paid, fee) = less_fee(gross / terms.base_unit, terms.fee + band);
    let mut after = *state;
    after.quote_reserve += amount;
    after.base_reserve -= paid;
    if state.regime == Regime::One || crossed != 0 {
        after.regime = Regime::BaseShort;
    }
    if crossed != 0 {
        after.quote_target = crossed.div_ceil(terms.quote_unit);
    }
    Ok(Trade { paid, fee, after })
}

/// Sells one of the two tokens.
#[inline]
pub fn sell_either(
    terms: &Terms,
    state: &State,
    sells_base: bool,
    amount: u128,
    band: u128,
) -> Result<Trade, Refusal> {
    if sells_base { sell_base(terms, state, amount, band) } else { sell_quote(terms, state, amount, band) }
}

/// (base target, quote target) now, in base units; the derived one rounded up.
pub fn targets_up(terms: &Terms, state: &State) -> Result<(u128, u128), Refusal> {
    Ok(match state.regime {
        Regime::One => (state.base_target, state.quote_target),
        Regime::BaseShort => (base_target_fine(terms, state)?.div_ceil(terms.base_unit), state.quote_target),
        Regime::QuoteShort => {
            (state.base_target, quote_target_fine(terms, state)?.div_ceil(terms.quote_unit))
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
            let reserve = state.base_reserve * terms.base_unit;
            let steep = steepness(base_target_fine(terms, state)?, reserve, &terms.slope)?;
            Ok(mul_div_down(terms.price, steep, WAD).unwrap_or(u128::MAX))
        }
        Regime::QuoteShort => {
            let reserve = state.quote_reserve * terms.quote_unit;
            let steep = steepness(quote_target_fine(terms, state)?, reserve, &terms.slope)?;
            mul_div_down(terms.price, WAD, steep).ok_or(Refusal::CurveOutOfRange)
        }
    }
}

fn base_target_fine(terms: &Terms, state: &State) -> Result<u128, Refusal> {
    let surplus = difference(state.quote_reserve, state.quote_target)? * terms.quote_unit;
    target_up(state.base_reserve * terms.base_unit, fair_up(surplus, terms.rate.inverse())?, &terms.slope)
}

fn quote_target_fine(terms: &Terms, state: &State) -> Result<u128, Refusal> {
    let surplus = difference(state.base_reserve, state.base_target)? * terms.base_unit;
    target_up(state.quote_reserve * terms.quote_unit, fair_up(surplus, terms.rate)?, &terms.slope)
}

/// (paid, new target of what is sold if the trade crossed it, else 0) in fine units.
fn sell(side: &Side, regime: Regime, sold_short: Regime, amount: u128) -> Result<(u128, u128), Refusal> {
    if regime == Regime::One {
        let fair = fair_down(amount, side.rate)?;
        return Ok((trade_down(side.paid_target, side.paid_target, fair, side.slope)?, 0));
    }
    if regime == sold_short {
        return sell_back(side, amount);
    }
    let surplus = fair_up(difference(side.sold_reserve, side.sold_target)?, side.rate)?;
    let target = target_up(side.paid_reserve, surplus, side.slope)?;
    Ok((trade_down(target, side.paid_reserve, fair_down(amount, side.rate)?, side.slope)?, 0))
}

/// Sells the token that is short: at most to its target by the integral, beyond it as from balance.
fn sell_back(side: &Side, amount: u128) -> Result<(u128, u128), Refusal> {
    let surplus = difference(side.paid_reserve, side.paid_target)?;
    let inverse = side.rate.inverse();
    let target = target_up(side.sold_reserve, fair_up(surplus, inverse)?, side.slope)?;
    let missing = difference(target, side.sold_reserve)?;
    if amount > missing {
        let beyond = fair_down(amount - missing, side.rate)?;
        return Ok((surplus + trade_down(side.paid_target, side.paid_target, beyond, side.slope)?, target));
    }
    let lower = target_down(side.sold_reserve, fair_down(surplus, inverse)?, side.slope)?;
    let fair = fair_down(amount, side.rate)?;
    let paid = integral_down(lower, side.sold_reserve + amount, side.sold_reserve, fair, side.slope)?;
    Ok((paid.min(surplus), 0))
}

fn fine(amount: u128, unit: u128, reserve: u128) -> Result<u128, Refusal> {
    if amount == 0 {
        return Err(Refusal::AmountZero);
    }
    let fine = amount.checked_mul(unit).ok_or(Refusal::ReserveTooLarge)?;
    match reserve.checked_add(fine) {
        Some(held) if held <= RESERVE_FINE_MAX => Ok(fine),
        _ => Err(Refusal::ReserveTooLarge),
    }
}

/// (paid, fee): the fee is rounded up and never more than there is.
fn less_fee(gross: u128, fee: u128) -> (u128, u128) {
    let charge = mul_div_up(gross, fee, WAD).map_or(gross, |charge| charge.min(gross));
    (gross - charge, charge)
}

/// What a pool holds above its target; a pool that holds less than it must is not one that trades made.
fn difference(held: u128, target: u128) -> Result<u128, Refusal> {
    held.checked_sub(target).ok_or(Refusal::CurveOutOfRange)
}
