//! A stabiliser at work: the rules of `stabiliser.rs` on a pool, with an inventory.

use super::World;
use super::ledger::*;
use super::record::Operation;
use super::spec::{EquationSpec, StabiliserSpec};
use crate::peg::flow_cap::decayed_up;
use crate::peg::price_history::deviation_of;
use crate::peg::stabiliser::*;
use crate::peg::wide::*;

/// Counts calls that the slippage cap stopped, after the policy's own outcomes.
pub const SLIPPAGE_EXCEEDED: usize = OUTCOMES;

/// A stabiliser and what it has done.
#[derive(Clone, Debug)]
pub struct Stabiliser {
    /// Its description, with the policy as shocks have left it.
    pub spec: StabiliserSpec,
    /// Quote units traded so far.
    pub traded: u128,
    /// Calls by outcome; the last counts trades that the slippage cap stopped.
    pub outcomes: [u64; OUTCOMES + 1],
    /// The most quote units that left within the memory of the cap.
    pub flow_peak: u128,
    /// Whether its keepers are down.
    pub keepers_down: bool,
    acted_block: u64,
    flow: u128,
    flow_block: u64,
    /// [wad dollars] what the peg equation gave last.
    computed: u128,
}

impl Stabiliser {
    /// Before its first call.
    pub fn new(spec: &StabiliserSpec) -> Stabiliser {
        Stabiliser {
            spec: spec.clone(),
            traded: 0,
            outcomes: [0; OUTCOMES + 1],
            flow_peak: 0,
            keepers_down: false,
            acted_block: 0,
            flow: 0,
            flow_block: 0,
            computed: spec.target,
        }
    }
}

impl World {
    /// `PegManager.updateTarget`: the peg equation anew, while its prices are fresh.
    pub(super) fn update_target(&mut self, place: usize) {
        let Stabiliser { spec, .. } = &self.stabilisers[place];
        let (par, pool, now) = (spec.target, spec.pool, self.now());
        let Some(equation) = spec.equation.clone() else { return };
        let feed = &self.feeds[equation.compute];
        let (Ok(spot), true) = (self.markets[pool].mid(), feed.is_fresh(now)) else { return };
        if let Some(compute) = feed.usable(now)
            && self.block.is_multiple_of(equation.update_blocks)
        {
            self.stabilisers[place].computed = equation_target(par, compute.value, spot, &equation);
        }
    }

    /// `PegManager.targetOf`: what the stabiliser aims at [wad: quote tokens per base token] and how uncertain it is.
    pub(super) fn target_of(&self, place: usize) -> Option<(u128, u128)> {
        let Stabiliser { spec, computed, .. } = &self.stabilisers[place];
        if spec.equation.is_none() {
            return Some((spec.target, 0));
        }
        let quote = self.assets[self.markets[spec.pool].quote].value;
        let dollars = self.feeds[quote].usable(self.now())?;
        Some((mul_div_down(*computed, WAD, dollars.value)?, dollars.band))
    }

    /// What the stabiliser would do if it were called now.
    pub(super) fn decision_of(&mut self, place: usize) -> Decision {
        self.decision_at(place).0
    }

    /// The decision and the target that it is made for. Without a usable target the contract reverts.
    fn decision_at(&mut self, place: usize) -> (Decision, u128) {
        let none = Decision { outcome: Outcome::HistoryShort, ..Decision::default() };
        let Some((target, band)) = self.target_of(place) else { return (none, 0) };
        let stabiliser = &self.stabilisers[place];
        let mut policy = stabiliser.spec.policy.clone();
        policy.threshold += band;
        let market = &mut self.markets[stabiliser.spec.pool];
        let Ok(mid) = market.mid() else { return (none, target) };
        let clamp = i128::try_from(policy.clamp).unwrap_or(i128::MAX);
        let average =
            market.history().average_deviation(self.block, mid, target, clamp, policy.sustained_blocks);
        let view = View {
            block: self.block,
            gas_price: self.gas_price,
            acted_block: stabiliser.acted_block,
            average,
            spot_deviation: deviation_of(mid, target),
            flow: stabiliser.flow,
            flow_block: stabiliser.flow_block,
            base_inventory: market.quote_of(self.ledger.of(STABILISATION, market.base), target),
            quote_inventory: self.ledger.of(STABILISATION, market.quote),
        };
        (decide(&policy, &view), target)
    }

    /// Calls the stabiliser, as anyone may.
    pub(super) fn stabilise(&mut self, place: usize) -> Outcome {
        let (decision, target) = self.decision_at(place);
        let mut done = (decision.outcome as usize, 0, 0);
        if decision.outcome == Outcome::Act {
            done = self.act_on(place, &decision, target).unwrap_or((SLIPPAGE_EXCEEDED, 0, 0));
        }
        self.stabilisers[place].outcomes[done.0] += 1;
        if let Some(operations) = &mut self.operations {
            operations.push(Operation::Stabilise {
                block: self.block,
                stabiliser: place,
                outcome: done.0 as u8,
                sells_base: decision.sells_base,
                sold: done.1,
                paid: done.2,
            });
        }
        decision.outcome
    }

    /// (outcome, sold, paid), or nothing when the pool would pay too little.
    fn act_on(&mut self, place: usize, decision: &Decision, target: u128) -> Option<(usize, u128, u128)> {
        let Stabiliser { spec, flow, flow_block, .. } = &self.stabilisers[place];
        let (pool, policy) = (spec.pool, spec.policy.clone());
        let flow = decayed_up(*flow, policy.memory, self.block - flow_block) + decision.amount;
        let market = &self.markets[pool];
        let (base_scale, quote_scale) = (market.terms().base_scale(), market.terms().quote_scale());
        let (sold, least) = if decision.sells_base {
            let sold = market.base_of(decision.amount, target);
            (sold, least_paid_up(sold, target, policy.slippage, base_scale, quote_scale)?)
        } else {
            let inverse = WAD * WAD / target;
            (
                decision.amount,
                least_paid_up(decision.amount, inverse, policy.slippage, quote_scale, base_scale)?,
            )
        };
        if market.quoted(decision.sells_base, sold).ok()?.paid < least {
            return None;
        }
        let trade = self.sell_unlogged(STABILISATION, pool, decision.sells_base, sold).ok()?;
        let stabiliser = &mut self.stabilisers[place];
        (stabiliser.acted_block, stabiliser.flow, stabiliser.flow_block) = (self.block, flow, self.block);
        stabiliser.traded += decision.amount;
        stabiliser.flow_peak = stabiliser.flow_peak.max(flow);
        Some((Outcome::Act as usize, sold, trade.paid))
    }
}

/// The peg equation within its band; the twin of `src/stab3l/peg/equation.py`.
pub fn equation_target(par: u128, compute: u128, spot: u128, equation: &EquationSpec) -> u128 {
    let wad = WAD as i128;
    let futures = spot as i128 + spot as i128 * equation.basis / wad;
    let pull = equation.arbitrage * (par as i128 - compute as i128)
        + equation.derivatives * (futures - spot as i128)
        + equation.governance * (equation.reserve_ratio - equation.reserve_target);
    let unbounded = compute as i128 + pull / wad;
    let width = (par * equation.band / WAD) as i128;
    unbounded.clamp(par as i128 - width, par as i128 + width) as u128
}
