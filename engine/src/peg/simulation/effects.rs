//! Shocks: what a scenario does to the world at the start of a block.

use super::ledger::*;
use super::spec::*;
use super::{Nonsense, World};
use crate::peg::wide::*;

/// Whether the shock has a name and a subject.
pub fn check(shock: &ShockSpec, spec: &WorldSpec) -> Result<(), Nonsense> {
    let effect = Effect::named(&shock.effect);
    let effect = effect.ok_or_else(|| Nonsense(format!("there is no effect {:?}", shock.effect)))?;
    let subjects = match effect {
        Effect::ValueJump | Effect::ValueSlip | Effect::Volatility => spec.values.len(),
        Effect::FeedSilence | Effect::FeedFactor => spec.feeds.len(),
        Effect::BridgeHalt => spec.bridges.len(),
        Effect::KeeperOutage | Effect::Gain => spec.stabilisers.len(),
        Effect::ReserveLiquid => spec.assets.len(),
        Effect::GasPrice => 1,
        _ => spec.pools.len(),
    };
    let signed = matches!(effect, Effect::Drain | Effect::FlashDrain);
    if shock.subject >= subjects || (shock.amount < 0 && !signed) {
        let text = format!("{} {} {} is no shock of this world", shock.effect, shock.subject, shock.amount);
        return Err(Nonsense(text));
    }
    Ok(())
}

impl World {
    /// The shocks of this block.
    pub(super) fn happen(&mut self) {
        while let Some(shock) = self.shocks.get(self.shocks_done)
            && shock.block <= self.block
        {
            let shock = shock.clone();
            self.shocks_done += 1;
            if let Some(effect) = Effect::named(&shock.effect) {
                self.strike(effect, shock.subject, shock.amount);
            }
        }
    }

    fn strike(&mut self, effect: Effect, subject: usize, amount: i128) {
        let size = amount.unsigned_abs();
        match effect {
            Effect::ValueJump => self.values[subject].jump(size, true),
            Effect::ValueSlip => self.values[subject].jump(size, false),
            Effect::Volatility => self.values[subject].stir(size),
            Effect::FeedSilence => self.feeds[subject].silent = size != 0,
            Effect::FeedFactor => self.feeds[subject].factor = size,
            Effect::BridgeHalt => self.bridges[subject].halted = size != 0,
            Effect::KeeperOutage => self.stabilisers[subject].keepers_down = size != 0,
            Effect::GasPrice => self.gas_price = size,
            Effect::LiquidityOut => self.take_liquidity(subject, size),
            Effect::ReserveLiquid => {
                let held = self.ledger.of(RESERVE, subject);
                self.reserve_limits[subject] = mul_div_down(held, size, WAD).unwrap_or(0);
            }
            Effect::Drain => self.drain(subject, amount, false),
            Effect::FlashDrain => self.drain(subject, amount, true),
            Effect::Gain => {
                let gain = &mut self.stabilisers[subject].spec.policy.gain;
                *gain = mul_div_down(*gain, size, WAD).unwrap_or(u128::MAX);
            }
            Effect::Slope => self.markets[subject].set_slope(self.block, size),
            Effect::NoiseActivity | Effect::NoiseBuys | Effect::ArbitrageOutage => {
                self.agents.iter_mut().for_each(|agent| agent.change(effect, subject, size));
            }
        }
    }

    /// Whoever provides the pool's liquidity takes a share out.
    fn take_liquidity(&mut self, pool: usize, share: u128) {
        let market = &mut self.markets[pool];
        let (base, quote) = market.withdraw(self.block, share);
        self.ledger.give(OUTSIDE, market.base, base);
        self.ledger.give(OUTSIDE, market.quote, quote);
    }

    /// Someone sells a share [wad] of a reserve's size into the pool; in a flash, what it paid is sold back at once.
    fn drain(&mut self, pool: usize, share: i128, back: bool) {
        let state = *self.markets[pool].state();
        let sells_base = share > 0;
        let reserve = if sells_base { state.base_reserve } else { state.quote_reserve };
        let amount = mul_div_down(reserve, share.unsigned_abs(), WAD).unwrap_or(0);
        let Ok(trade) = self.sell(OUTSIDE, pool, sells_base, amount) else { return };
        if back {
            // A refusal leaves the drain in place, which the record shows.
            let _ = self.sell(OUTSIDE, pool, !sells_base, trade.paid);
        }
    }
}
