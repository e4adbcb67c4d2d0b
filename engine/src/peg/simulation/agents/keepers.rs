//! Keepers: they call the stabiliser and even its inventory out through the gold mesh.

use super::Memory;
use crate::peg::random::Random;
use crate::peg::simulation::World;
use crate::peg::simulation::ledger::*;
use crate::peg::simulation::spec::*;
use crate::peg::stabiliser::Outcome;
use crate::peg::wide::*;

impl Keeper {
    /// Sees that the stabiliser would act, and calls it so many blocks later, if the call arrives.
    pub(super) fn act(&self, world: &mut World, luck: &mut Random, memory: &mut Memory) {
        if world.stabilisers[self.stabiliser].keepers_down {
            memory.due = 0;
            return;
        }
        if memory.due == 0 && world.decision_of(self.stabiliser).outcome == Outcome::Act {
            memory.due = world.block + self.delay_blocks;
        }
        if memory.due != 0 && memory.due <= world.block {
            memory.due = 0;
            if !luck.chance(self.failure_ppm) {
                world.stabilise(self.stabiliser);
            }
        }
    }
}

impl Rebalancer {
    /// Sells half of the difference of the two inventories, token to gold to token (`Stabilizer.executePrivateSwap`).
    pub(super) fn act(&self, world: &mut World) {
        let spec = &world.stabilisers[self.stabiliser].spec;
        let (pool, target) = (spec.pool, spec.target);
        let market = &world.markets[pool];
        let (base, quote) = world.inventory_of(self.stabiliser);
        let base_worth = market.quote_of(base, target);
        let difference = base_worth.abs_diff(quote);
        if difference
            <= mul_div_down(base_worth.saturating_add(quote), self.trigger, WAD).unwrap_or(u128::MAX)
        {
            return;
        }
        let amount = (difference / 2).min(self.amount_max);
        let (from, to, sold) = if base_worth > quote {
            (self.base_mesh, self.quote_mesh, market.base_of(amount, target))
        } else {
            (self.quote_mesh, self.base_mesh, amount)
        };
        // In both mesh pools the token is the base and gold the quote.
        let Ok(gold) = world.markets[from].quoted(true, sold) else { return };
        let Ok(bought) = world.markets[to].quoted(false, gold.paid) else { return };
        let kept = WAD.saturating_sub(self.slippage + world.markets[from].band + world.markets[to].band);
        let least = world.worth(sold, world.markets[from].base, world.markets[to].base, kept);
        if bought.paid >= least && world.sell(STABILISATION, from, true, sold).is_ok() {
            let paid = world.sell(STABILISATION, to, false, gold.paid);
            debug_assert!(paid.is_ok(), "the same sale was just quoted");
        }
    }
}
