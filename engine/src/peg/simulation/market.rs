//! A pool of the world with its history, and the sale that moves its price to a wanted one.

use super::spec::PoolSpec;
use crate::peg::pool::*;
use crate::peg::price_history::PriceHistory;
use crate::peg::refusal::Refusal;
use crate::peg::wide::*;

/// A pool and what happened in it.
#[derive(Clone, Debug)]
pub struct Market {
    /// Index of the base asset.
    pub base: usize,
    /// Index of the quote asset.
    pub quote: usize,
    /// Whether i is the oracle's price.
    pub follows_oracle: bool,
    /// Whether it is a pool of the private mesh.
    pub private: bool,
    /// What its deviation is measured from [wad]; 0: the cross of the values outside.
    pub peg: u128,
    /// [wad] taken in addition to the fee while the oracle's price is old.
    pub band: u128,
    /// Quote units traded.
    pub volume: u128,
    /// Base units of fees paid in the base token.
    pub base_fees: u128,
    /// Quote units of fees paid in the quote token.
    pub quote_fees: u128,
    /// Trades.
    pub swaps: u64,
    terms: Terms,
    state: State,
    history: PriceHistory,
    mid: Option<u128>,
}

impl Market {
    /// A pool at its targets.
    pub fn new(spec: &PoolSpec, base_decimals: u8, quote_decimals: u8) -> Result<Market, Refusal> {
        Ok(Market {
            base: spec.base,
            quote: spec.quote,
            follows_oracle: spec.follows_oracle,
            private: spec.private,
            peg: spec.peg,
            band: 0,
            volume: 0,
            base_fees: 0,
            quote_fees: 0,
            swaps: 0,
            terms: Terms::new(spec.price, spec.slope, spec.fee, base_decimals, quote_decimals)?,
            state: State::balanced(spec.base_reserve, spec.quote_reserve),
            history: PriceHistory::start(0),
            mid: None,
        })
    }

    /// Its terms.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Its reserves and targets.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Its price history.
    pub fn history(&self) -> &PriceHistory {
        &self.history
    }

    /// The marginal price [wad].
    pub fn mid(&mut self) -> Result<u128, Refusal> {
        match self.mid {
            Some(mid) => Ok(mid),
            None => {
                let mid = mid_price(&self.terms, &self.state)?;
                self.mid = Some(mid);
                Ok(mid)
            }
        }
    }

    /// Records the price before the first change of a block.
    fn remember(&mut self, block: u64) -> Result<(), Refusal> {
        if self.history.last_block() < block {
            let mid = self.mid()?;
            self.history.accumulate(block, mid);
        }
        Ok(())
    }

    /// What a sale would pay now.
    #[inline]
    pub fn quoted(&self, sells_base: bool, amount: u128) -> Result<Trade, Refusal> {
        sell(&self.terms, &self.state, sells_base, amount, self.band)
    }

    /// Sells; what is sold and paid is the caller's to move.
    pub fn sell(&mut self, block: u64, sells_base: bool, amount: u128) -> Result<Trade, Refusal> {
        let trade = self.quoted(sells_base, amount)?;
        if trade.paid == 0 {
            return Err(Refusal::AmountZero);
        }
        self.remember(block)?;
        (self.state, self.mid) = (trade.after, None);
        self.swaps += 1;
        if sells_base {
            self.volume += trade.paid;
            self.quote_fees += trade.fee;
        } else {
            self.volume += amount;
            self.base_fees += trade.fee;
        }
        Ok(trade)
    }

    /// Moves i, or leaves it where the new one is none that the curve is made for.
    pub fn set_price(&mut self, block: u64, price: u128) {
        if let Ok(terms) = self.terms.at_price(price)
            && self.remember(block).is_ok()
        {
            (self.terms, self.mid) = (terms, None);
        }
    }

    /// Changes k.
    pub fn set_slope(&mut self, block: u64, slope: u128) {
        if let Ok(terms) = self.terms.at_slope(slope)
            && self.remember(block).is_ok()
        {
            (self.terms, self.mid) = (terms, None);
        }
    }

    /// Takes a share [wad] of both reserves out and makes what is left the targets (`PMMCore.reset`).
    pub fn withdraw(&mut self, block: u64, share: u128) -> (u128, u128) {
        let part = |held: u128| mul_div_down(held, share.min(WAD), WAD).unwrap_or(0);
        let State { base_reserve, quote_reserve, .. } = self.state;
        let (base, quote) = (part(base_reserve), part(quote_reserve));
        match self.reset(block, base_reserve - base, quote_reserve - quote) {
            true => (base, quote),
            false => (0, 0),
        }
    }

    /// Puts tokens in and makes what is then there the targets; whether that was possible.
    pub fn deposit(&mut self, block: u64, base: u128, quote: u128) -> bool {
        self.reset(block, self.state.base_reserve + base, self.state.quote_reserve + quote)
    }

    fn reset(&mut self, block: u64, base: u128, quote: u128) -> bool {
        let fits = base.min(quote) >= RESERVE_MIN && self.remember(block).is_ok();
        if fits {
            (self.state, self.mid) = (State::balanced(base, quote), None);
        }
        fits
    }

    /// The sale (sells base, amount) that moves the marginal price to about `price`; `None` where it is already.
    pub fn sale_to(&mut self, price: u128) -> Result<Option<(bool, u128)>, Refusal> {
        let mid = self.mid()?;
        let sells_base = price < mid;
        let (base_target, quote_target) = targets_up(&self.terms, &self.state)?;
        let (state, i) = (&self.state, self.terms.price());
        let sale = if sells_base {
            Sale {
                sold: state.base_reserve,
                sold_target: base_target,
                paid: state.quote_reserve,
                paid_target: quote_target,
                back: state.regime == Regime::BaseShort,
                ratio: mul_div_down(i, WAD, price),
            }
        } else {
            Sale {
                sold: state.quote_reserve,
                sold_target: quote_target,
                paid: state.base_reserve,
                paid_target: base_target,
                back: state.regime == Regime::QuoteShort,
                ratio: mul_div_down(price, WAD, i),
            }
        };
        let amount = sale.amount(self.terms.slope(), |paid| {
            if sells_base { self.base_of(paid, i) } else { self.quote_of(paid, i) }
        });
        Ok(amount.filter(|amount| *amount > 0 && price != mid).map(|amount| (sells_base, amount)))
    }

    /// Quote units worth as much as base units at a price [wad], rounded down.
    pub fn quote_of(&self, base: u128, price: u128) -> u128 {
        let value = product(base, price);
        let scale = product(WAD, self.terms.base_scale());
        wide_mul_div_down(value, self.terms.quote_scale(), scale).and_then(narrow).unwrap_or(u128::MAX)
    }

    /// As `base_of`, at i.
    #[inline]
    pub fn base_at_balance(&self, quote: u128) -> u128 {
        self.terms.base_at_balance(quote).unwrap_or_else(|| self.base_of(quote, self.terms.price()))
    }

    /// Base units worth as much as quote units at a price [wad], rounded down.
    pub fn base_of(&self, quote: u128, price: u128) -> u128 {
        let divisor = product(price, self.terms.quote_scale());
        wide_mul_div_down(widen(quote), WAD * self.terms.base_scale(), divisor)
            .and_then(narrow)
            .unwrap_or(u128::MAX)
    }
}

/// A sale as its seller sees it: the closed forms of the curve, good to a few units. An agent's estimate, no rule.
struct Sale {
    sold: u128,
    sold_target: u128,
    paid: u128,
    paid_target: u128,
    /// Whether what is sold is short.
    back: bool,
    /// [wad] the wanted price of what is paid, over i.
    ratio: Option<u128>,
}

impl Sale {
    /// `value` turns paid units into sold units at i.
    fn amount(&self, slope: u128, value: impl Fn(u128) -> u128) -> Option<u128> {
        let ratio = self.ratio?;
        if self.back && ratio < WAD {
            let inverse = mul_div_down(WAD, WAD, ratio)?;
            return reserve_at(self.sold_target, inverse, slope)?.checked_sub(self.sold);
        }
        let (mut amount, mut paid) = (0, self.paid);
        if self.back {
            (amount, paid) = (self.sold_target.saturating_sub(self.sold), self.paid_target);
        }
        if ratio > WAD {
            let after = reserve_at(self.paid_target, ratio, slope)?.max(1);
            let fair = value(paid.saturating_sub(after));
            let steep = mul_div_down(mul_div_down(fair, slope, WAD)?, self.paid_target, after)?;
            amount += mul_div_down(fair, WAD - slope, WAD)? + mul_div_down(steep, self.paid_target, paid)?;
        }
        Some(amount)
    }
}

/// The reserve of the short token at which its price is `ratio` [wad, above one] times i: V0 / sqrt(1 + (ratio - 1)/k).
fn reserve_at(target: u128, ratio: u128, slope: u128) -> Option<u128> {
    if slope == 0 {
        return Some(0);
    }
    let inner = mul_div_down(ratio - WAD, WAD, slope)?.checked_add(WAD)?;
    mul_div_down(target, WAD, sqrt_down(product(inner, WAD)))
}
