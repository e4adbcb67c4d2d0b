//! Between public pools and the gold mesh: `Stabilizer.triangulate`, as the mesh keeper calls it
//! (`src/stab3l/keepers/peg_rules.py`).

use crate::peg::simulation::World;
use crate::peg::simulation::ledger::*;
use crate::peg::simulation::spec::*;
use crate::peg::stabiliser::least_paid_up;
use crate::peg::wide::*;

/// The first look at whether an exchange gains is with one part in so many of the most.
const GLANCE: u128 = 4_096;
const FINE: u128 = 256;

/// The exchange of one moment: the dear token of the public pool is sold and bought back.
struct Way {
    sells_base: bool,
    sold: usize,
    between: usize,
    /// Mesh pools to sell `between` for gold, and gold for `sold`; none for the leg that is gold.
    to_gold: Option<usize>,
    from_gold: Option<usize>,
}

impl Triangulator {
    /// Sells what is dear on the pool and buys it back through gold, as much as gains most.
    pub(super) fn act(&self, world: &mut World) {
        if !(world.block + self.pool as u64).is_multiple_of(self.every_blocks) {
            return;
        }
        let Some(target) = self.target(world) else { return };
        let market = &mut world.markets[self.pool];
        let (Ok(mid), Ok(Some((sells_base, to_target)))) = (market.mid(), market.sale_to(target)) else {
            return;
        };
        debug_assert_eq!(sells_base, mid > target);
        let way = self.way(world, sells_base);
        let most = to_target.min(world.ledger.of(STABILISATION, way.sold) / self.share);
        let Some(amount) = self.sized(world, &way, most) else { return };
        if self.contract_accepts(world, &way, amount, target) {
            self.exchange(world, &way, amount);
        }
    }

    /// What the pool's price is measured from [wad], while it is certain (`PegManager.targetOf`).
    fn target(&self, world: &World) -> Option<u128> {
        let market = &world.markets[self.pool];
        let stabiliser = world.stabilisers.iter().position(|one| one.spec.pool == self.pool);
        let (target, band) = match stabiliser {
            Some(place) if world.stabilisers[place].keepers_down => return None,
            Some(place) => world.target_of(place)?,
            None => (market.terms().price(), market.band),
        };
        (band == 0 && target > 0).then_some(target)
    }

    fn way(&self, world: &World, sells_base: bool) -> Way {
        let market = &world.markets[self.pool];
        let (sold, between, to_gold, from_gold) = if sells_base {
            (market.base, market.quote, self.quote_mesh, self.base_mesh)
        } else {
            (market.quote, market.base, self.base_mesh, self.quote_mesh)
        };
        Way { sells_base, sold, between, to_gold, from_gold }
    }

    /// What the pool pays, and what then comes back through gold; nothing where a pool refuses.
    fn through(&self, world: &World, way: &Way, amount: u128) -> Option<(u128, u128)> {
        let paid = world.markets[self.pool].quoted(way.sells_base, amount).ok()?.paid;
        // In mesh pools the token is the base and gold the quote.
        let gold = match way.to_gold {
            Some(mesh) => world.markets[mesh].quoted(true, paid).ok()?.paid,
            None => paid,
        };
        let back = match way.from_gold {
            Some(mesh) => world.markets[mesh].quoted(false, gold).ok()?.paid,
            None => gold,
        };
        Some((paid, back))
    }

    fn gain(&self, world: &World, way: &Way, amount: u128) -> i128 {
        let back = self.through(world, way, amount).map_or(0, |(_, back)| back);
        i128::try_from(back).unwrap_or(i128::MAX).saturating_sub_unsigned(amount)
    }

    /// The gain rises to one top and falls, so thirds find it, to within a part of the most in `FINE`; `None` where it is too
    /// little. No amount gains a larger part of itself than the smallest, so a glance at a small one often ends it.
    fn sized(&self, world: &World, way: &Way, most: u128) -> Option<u128> {
        let enough = |amount: u128| {
            let gained = u128::try_from(self.gain(world, way, amount)).unwrap_or(0);
            gained.saturating_mul(self.least) > amount
        };
        if most == 0 || !enough((most / GLANCE).max(1)) {
            return None;
        }
        let (mut low, mut high) = (1, most);
        while high - low > 2 + most / FINE {
            let third = (high - low) / 3;
            let (left, right) = (low + third, high - third);
            if self.gain(world, way, left) < self.gain(world, way, right) {
                low = left;
            } else {
                high = right;
            }
        }
        let amount =
            [low, low + (high - low) / 2, high].into_iter().max_by_key(|one| self.gain(world, way, *one))?;
        enough(amount).then_some(amount)
    }

    /// The contract's own floors: the public sale pays no less than the target, the mesh no less than parity less its slippage.
    fn contract_accepts(&self, world: &World, way: &Way, amount: u128, target: u128) -> bool {
        let Some((paid, back)) = self.through(world, way, amount) else { return false };
        let scale = |asset: usize| 10u128.pow(u32::from(world.assets[asset].decimals));
        let aimed = if way.sells_base { target } else { WAD * WAD / target };
        let fair = least_paid_up(amount, aimed, 0, scale(way.sold), scale(way.between));
        let dollars = |asset: usize| world.feeds[world.assets[asset].value].usable(world.now());
        let (Some(given), Some(wanted)) = (dollars(way.between), dollars(way.sold)) else { return false };
        let Some(parity) = mul_div_down(given.value, WAD, wanted.value) else { return false };
        let lost = 2 * (given.band + wanted.band) + self.slippage;
        let least = match lost < WAD {
            true => least_paid_up(paid, parity, lost, scale(way.between), scale(way.sold)),
            false => Some(0),
        };
        fair.is_some_and(|fair| paid >= fair) && least.is_some_and(|least| back >= least) && back > amount
    }

    fn exchange(&self, world: &mut World, way: &Way, amount: u128) {
        let Ok(trade) = world.sell(STABILISATION, self.pool, way.sells_base, amount) else { return };
        let mut held = trade.paid;
        for (mesh, sells_base) in [(way.to_gold, true), (way.from_gold, false)] {
            let Some(mesh) = mesh else { continue };
            let Ok(trade) = world.sell(STABILISATION, mesh, sells_base, held) else { return };
            held = trade.paid;
        }
        world.triangulations += 1;
    }
}
