//! Attackers. They choose what pays them best and go through the same doors as everyone.

use super::Memory;
use crate::peg::price_history::deviation_of;
use crate::peg::simulation::World;
use crate::peg::simulation::ledger::*;
use crate::peg::simulation::spec::*;
use crate::peg::wide::*;

/// Sizes that the sandwicher tries, in 256ths of its loan.
const TRIED: [u128; 6] = [256, 128, 64, 16, 4, 1];

impl Sandwicher {
    /// Of the sizes and directions tried, the one that gains most or loses least is done for good.
    pub(super) fn act(&self, world: &mut World, account: Account) {
        if world.block < self.from_block || !(world.block - self.from_block).is_multiple_of(self.every_blocks)
        {
            return;
        }
        let candidates = TRIED.iter().flat_map(|part| [(true, part), (false, part)]);
        let tried = candidates.filter_map(|(buys, part)| {
            let loan = self.loan / 256 * part;
            let pool = world.stabilisers[self.stabiliser].spec.pool;
            let before = (
                world.markets[pool].clone(),
                world.stabilisers[self.stabiliser].clone(),
                world.ledger.clone(),
            );
            let (operations, refusals) = (world.operations.take(), world.refusals);
            let gain = self.attack(world, account, buys, loan);
            (world.markets[pool], world.stabilisers[self.stabiliser], world.ledger) = before;
            (world.operations, world.refusals) = (operations, refusals);
            gain.map(|gain| (gain, buys, loan))
        });
        if let Some((_, buys, loan)) = tried.max_by_key(|(gain, ..)| *gain) {
            self.attack(world, account, buys, loan);
        }
    }

    /// Borrow, move the price, call the stabiliser, trade back, repay. What it gains [quote units]; nothing if a step
    /// is refused or it cannot repay: then all of it reverts.
    fn attack(&self, world: &mut World, account: Account, buys: bool, loan: u128) -> Option<i128> {
        let pool = world.stabilisers[self.stabiliser].spec.pool;
        let peg = world.peg_of(pool);
        let market = &world.markets[pool];
        let (asset, lent) =
            if buys { (market.quote, loan) } else { (market.base, market.base_of(loan, peg)) };
        if !world.ledger.pay(OUTSIDE, account, asset, lent) {
            return None;
        }
        let first = world.sell(account, pool, !buys, lent).ok()?;
        world.stabilise(self.stabiliser);
        let second = world.sell(account, pool, buys, first.paid).ok()?;
        let due = lent + mul_div_up(lent, self.loan_fee, WAD)?;
        if !world.ledger.pay(account, OUTSIDE, asset, due) {
            return None;
        }
        let gain = second.paid.abs_diff(due);
        let gain = i128::try_from(if buys { gain } else { world.markets[pool].quote_of(gain, peg) }).ok()?;
        Some(if second.paid >= due { gain } else { -gain })
    }
}

impl Manipulator {
    /// Buys with all it has, holds the price for some blocks, and sells everything back.
    pub(super) fn act(&self, world: &mut World, account: Account, memory: &mut Memory) {
        let pool = world.stabilisers[self.stabiliser].spec.pool;
        if memory.until != 0 && world.block >= memory.until {
            let _ = world.sell(account, pool, true, memory.bought);
            (memory.until, memory.bought) = (0, 0);
            return;
        }
        if memory.until != 0 {
            // Others have pushed the price back: it holds with what it has left.
            self.push(world, account, pool, memory);
        } else if world.block >= self.from_block
            && (world.block - self.from_block).is_multiple_of(self.every_blocks)
        {
            memory.until = world.block + self.hold_blocks;
            self.push(world, account, pool, memory);
        }
    }

    fn push(&self, world: &mut World, account: Account, pool: usize, memory: &mut Memory) {
        let share = self.capital / u128::from(self.hold_blocks.max(1));
        let amount = share.min(world.ledger.of(account, world.markets[pool].quote));
        if amount > 0
            && let Ok(trade) = world.sell(account, pool, false, amount)
        {
            memory.bought += trade.paid;
        }
    }
}

impl Griefer {
    /// Keeps the price a little beyond the threshold; at the end it trades back.
    pub(super) fn act(&self, world: &mut World, account: Account, memory: &mut Memory) {
        let pool = world.stabilisers[self.stabiliser].spec.pool;
        if world.block < self.from_block {
            return;
        }
        if world.block > self.until_block {
            if memory.bought > 0 {
                let _ = world.sell(account, pool, true, memory.bought);
                memory.bought = 0;
            }
            return;
        }
        let Some((target, _)) = world.target_of(self.stabiliser) else { return };
        let wanted = world.stabilisers[self.stabiliser].spec.policy.threshold + self.beyond;
        let market = &mut world.markets[pool];
        let (Ok(mid), Some(price)) = (market.mid(), mul_div_up(target, WAD + wanted, WAD)) else { return };
        if deviation_of(mid, target) >= wanted as i128 {
            return;
        }
        if let Ok(Some((false, amount))) = market.sale_to(price) {
            let amount = amount.min(world.ledger.of(account, world.markets[pool].quote));
            if let Ok(trade) = world.sell(account, pool, false, amount) {
                memory.bought += trade.paid;
            }
        }
    }
}
