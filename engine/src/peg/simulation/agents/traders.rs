//! Noise traders, arbitrageurs, redeemers and liquidity providers.

use super::Memory;
use crate::peg::random::{PPM, Random};
use crate::peg::simulation::World;
use crate::peg::simulation::ledger::*;
use crate::peg::simulation::spec::*;
use crate::peg::wide::*;

impl NoiseTraders {
    /// A binomial number of trades with the wanted mean, each of a size of its own.
    pub(super) fn act(&self, world: &mut World, luck: &mut Random) {
        let draws = 2 * self.trades_ppm.div_ceil(PPM);
        let trades_ppm = self.trades_ppm.checked_div(draws).unwrap_or(0);
        for _ in 0..draws {
            if !luck.chance(trades_ppm) {
                continue;
            }
            let (buys, size) = (luck.chance(self.buys_ppm), luck.size(self.size_min, self.octaves));
            let amount = if buys { size } else { world.markets[self.pool].base_at_balance(size) };
            // A pool that refuses is counted by the world; the trader goes away.
            let _ = world.sell(OUTSIDE, self.pool, !buys, amount);
        }
    }
}

impl Arbitrageur {
    /// Moves the pool to the edge of the band in which trading against the outside no longer pays.
    pub(super) fn act(&self, world: &mut World, luck: &mut Random, account: Account, memory: &Memory) {
        if memory.absent || !luck.chance(self.presence_ppm) {
            return;
        }
        let (base, quote) = (world.markets[self.pool].base, world.markets[self.pool].quote);
        let fair = world.cross(base, quote);
        let market = &mut world.markets[self.pool];
        let Ok(mid) = market.mid() else { return };
        let edge = WAD + self.cost + market.terms().fee() + market.band;
        let (upper, lower) =
            (mul_div_up(fair, edge, WAD).unwrap_or(u128::MAX), mul_div_down(fair, WAD, edge).unwrap_or(0));
        let wanted = if mid > upper {
            upper
        } else if mid < lower {
            lower
        } else {
            return;
        };
        let Ok(Some((sells_base, amount))) = market.sale_to(wanted) else { return };
        let capital = if sells_base { market.base_of(self.capital, fair) } else { self.capital };
        let amount = amount.min(capital);
        let Ok(trade) = market.quoted(sells_base, amount) else { return };
        let (gained, given) = if sells_base {
            (trade.paid, world.worth(amount, base, quote, WAD + self.cost).saturating_add(1))
        } else {
            (world.worth(trade.paid, base, quote, WAD - self.cost), amount)
        };
        if gained <= given.saturating_add(self.gas_cost)
            || world.sell(account, self.pool, sells_base, amount).is_err()
        {
            return;
        }
        if sells_base {
            world.buy_outside(account, base, quote, amount, self.cost);
        } else {
            world.sell_outside(account, base, quote, trade.paid, self.cost);
        }
    }
}

impl BridgeArbitrageur {
    /// Sells where the base token is dear and buys where it is cheap, then sends base tokens back over the bridge.
    pub(super) fn act(&self, world: &mut World, account: Account, memory: &Memory) {
        if memory.absent {
            return;
        }
        self.send_back(world, account);
        let (Ok(left), Ok(right)) = (world.markets[self.left].mid(), world.markets[self.right].mid()) else {
            return;
        };
        let (dear, cheap, high, low) = if left > right {
            (self.left, self.right, left, right)
        } else {
            (self.right, self.left, right, left)
        };
        let edge = WAD + world.markets[dear].terms().fee() + world.markets[cheap].terms().fee() + self.margin;
        if mul_div_up(low, edge, WAD).is_none_or(|bound| high <= bound) {
            return;
        }
        let middle = low + (high - low) / 2;
        let half = WAD + (edge - WAD) / 2;
        let (Some(upper), Some(lower)) = (mul_div_up(middle, half, WAD), mul_div_down(middle, WAD, half))
        else {
            return;
        };
        let (Ok(Some((true, base))), Ok(Some((false, quote)))) =
            (world.markets[dear].sale_to(upper), world.markets[cheap].sale_to(lower))
        else {
            return;
        };
        let base = base.min(world.ledger.of(account, world.markets[dear].base));
        let quote = quote
            .min(world.markets[cheap].quote_of(base, middle))
            .min(world.ledger.of(account, world.markets[cheap].quote));
        let base = base.min(world.markets[dear].base_of(quote, middle));
        if base > 0 && quote > 0 && world.sell(account, dear, true, base).is_ok() {
            // The other leg may be refused; what was sold is then a position that the record shows.
            let _ = world.sell(account, cheap, false, quote);
        }
    }

    /// Evens its base tokens out once one side has twice the other's.
    fn send_back(&self, world: &mut World, account: Account) {
        let held = |pool: usize| {
            let asset = world.markets[pool].base;
            world.ledger.of(account, asset) + world.in_flight_of(account, asset)
        };
        let (left, right) = (held(self.left), held(self.right));
        if left.max(right) <= 2 * left.min(right) {
            return;
        }
        let from = if left > right { self.left } else { self.right };
        let here = world.ledger.of(account, world.markets[from].base);
        let amount = (left.abs_diff(right) / 2).min(here);
        let to_right = world.markets[from].base == world.bridges[self.bridge].spec.left;
        // A halted bridge takes nothing: the tokens stay where they are.
        let _ = world.bridge(self.bridge, account, to_right, amount);
    }
}

impl Redeemer {
    /// Buys below par and redeems, or has tokens issued at par and sells above it.
    pub(super) fn act(&self, world: &mut World, luck: &mut Random, account: Account) {
        if !luck.chance(self.presence_ppm) {
            return;
        }
        let (base, quote) = (world.markets[self.pool].base, world.markets[self.pool].quote);
        let par = world.cross(self.reserve, quote);
        let market = &mut world.markets[self.pool];
        let Ok(mid) = market.mid() else { return };
        let edge = WAD + self.fee + market.terms().fee();
        let (upper, lower) =
            (mul_div_up(par, edge, WAD).unwrap_or(u128::MAX), mul_div_down(par, WAD, edge).unwrap_or(0));
        let wanted = if mid > upper {
            upper
        } else if mid < lower {
            lower
        } else {
            return;
        };
        let Ok(Some((sells_base, amount))) = market.sale_to(wanted) else { return };
        if sells_base {
            self.issue(world, account, (base, quote), amount.min(self.capacity));
        } else {
            self.redeem(world, account, (base, quote), amount);
        }
    }

    fn redeem(&self, world: &mut World, account: Account, (base, quote): (usize, usize), amount: u128) {
        let liquid = world.ledger.of(RESERVE, self.reserve).min(world.reserve_limits[self.reserve]);
        let par = world.cross(self.reserve, quote);
        let most = world.markets[self.pool].quote_of(self.capacity.min(liquid), par);
        let amount = amount.min(most).min(world.ledger.of(account, quote));
        let Ok(trade) = world.sell(account, self.pool, false, amount) else { return };
        let payout = mul_div_down(trade.paid, WAD - self.fee, WAD).unwrap_or(0).min(liquid);
        if !world.ledger.redeem(account, base, trade.paid)
            || !world.ledger.pay(RESERVE, account, self.reserve, payout)
        {
            return;
        }
        world.reserve_limits[self.reserve] = world.reserve_limits[self.reserve].saturating_sub(payout);
        world.sell_outside(account, self.reserve, quote, payout, 0);
    }

    fn issue(&self, world: &mut World, account: Account, (base, quote): (usize, usize), amount: u128) {
        let due = mul_div_up(amount, WAD + self.fee, WAD).unwrap_or(u128::MAX);
        if !world.buy_outside(account, self.reserve, quote, due, 0) {
            return;
        }
        if world.ledger.pay(account, RESERVE, self.reserve, due) {
            world.ledger.issue(account, base, amount);
            // A refusal leaves the tokens with the issuer, counted in its profit.
            let _ = world.sell(account, self.pool, true, amount);
        }
    }
}

impl LiquidityProvider {
    /// Leaves when the price deviates from the pool's peg, returns after enough calm blocks.
    pub(super) fn act(&self, world: &mut World, account: Account, memory: &mut Memory) {
        let peg = world.peg_of(self.pool);
        let (block, market) = (world.block, &mut world.markets[self.pool]);
        let Ok(mid) = market.mid() else { return };
        let away = crate::peg::price_history::deviation_of(mid, peg).unsigned_abs();
        let (base, quote) = (market.base, market.quote);
        if away > self.fear {
            memory.calm = 0;
            if !memory.absent {
                let share = u128::from(self.share_ppm) * (WAD / u128::from(PPM));
                let (base_out, quote_out) = market.withdraw(block, share);
                world.ledger.give(account, base, base_out);
                world.ledger.give(account, quote, quote_out);
                memory.absent = true;
            }
            return;
        }
        memory.calm += 1;
        if memory.absent && memory.calm >= self.patience_blocks {
            let (base_in, quote_in) = (world.ledger.of(account, base), world.ledger.of(account, quote));
            if market.deposit(block, base_in, quote_in) {
                let paid =
                    world.ledger.take(account, base, base_in) && world.ledger.take(account, quote, quote_in);
                debug_assert!(paid, "no more was put in than there was");
                memory.absent = false;
            }
        }
    }
}
