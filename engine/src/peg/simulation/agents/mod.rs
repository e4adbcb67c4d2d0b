//! Agents: each observes the world, decides, and acts through the same doors as everyone else.

use super::ledger::Account;
use super::spec::*;
use super::{Nonsense, World};
use crate::peg::random::Random;
use crate::peg::wide::*;

mod attackers;
mod keepers;
mod traders;
mod triangulator;

/// An agent and what it remembers.
#[derive(Clone, Debug)]
pub struct Agent {
    /// Where its holdings are.
    pub account: Account,
    spec: AgentSpec,
    endowment: Vec<(usize, u128)>,
    memory: Memory,
}

/// What agents remember from block to block.
#[derive(Clone, Copy, Debug, Default)]
struct Memory {
    /// Away, by a shock.
    absent: bool,
    /// A keeper's call is due in this block; 0: none.
    due: u64,
    /// Blocks since the last fright.
    calm: u64,
    /// What an attacker holds of the token that it has bought.
    bought: u128,
    /// The block in which a manipulation ends; 0: none goes on.
    until: u64,
}

impl Agent {
    /// An agent with its first holdings.
    pub fn new(spec: AgentSpec, account: Account, endowment: Vec<(usize, u128)>) -> Agent {
        Agent { account, spec, endowment, memory: Memory::default() }
    }

    /// What it does in a block.
    pub fn act(&mut self, world: &mut World, luck: &mut Random) {
        let Agent { account, spec, memory, .. } = self;
        match spec {
            AgentSpec::NoiseTraders(spec) => spec.act(world, luck),
            AgentSpec::Arbitrageur(spec) => spec.act(world, luck, *account, memory),
            AgentSpec::BridgeArbitrageur(spec) => spec.act(world, *account, memory),
            AgentSpec::Redeemer(spec) => spec.act(world, luck, *account),
            AgentSpec::LiquidityProvider(spec) => spec.act(world, *account, memory),
            AgentSpec::Keeper(spec) => spec.act(world, luck, memory),
            AgentSpec::Rebalancer(spec) => spec.act(world),
            AgentSpec::Triangulator(spec) => spec.act(world),
            AgentSpec::Sandwicher(spec) => spec.act(world, *account),
            AgentSpec::Manipulator(spec) => spec.act(world, *account, memory),
            AgentSpec::Griefer(spec) => spec.act(world, *account, memory),
        }
    }

    /// A shock to the agents of a pool.
    pub fn change(&mut self, effect: Effect, pool: usize, amount: u128) {
        match (&mut self.spec, effect) {
            (AgentSpec::NoiseTraders(spec), Effect::NoiseActivity) if spec.pool == pool => {
                let trades = mul_div_down(u128::from(spec.trades_ppm), amount, WAD).unwrap_or(u128::MAX);
                spec.trades_ppm = u64::try_from(trades).unwrap_or(u64::MAX);
            }
            (AgentSpec::NoiseTraders(spec), Effect::NoiseBuys) if spec.pool == pool => {
                spec.buys_ppm = u64::try_from(amount).unwrap_or(u64::MAX);
            }
            (AgentSpec::Arbitrageur(spec), Effect::ArbitrageOutage) if spec.pool == pool => {
                self.memory.absent = amount != 0;
            }
            (AgentSpec::BridgeArbitrageur(spec), Effect::ArbitrageOutage)
                if spec.left == pool || spec.right == pool =>
            {
                self.memory.absent = amount != 0;
            }
            _ => {}
        }
    }

    /// The assets that its profit is counted in, with what it began with.
    pub fn traded_assets(&self) -> impl Iterator<Item = (usize, u128)> {
        self.endowment.iter().copied()
    }
}

/// What an agent begins with; an asset that it only trades through is named with 0.
pub fn endowment(spec: &AgentSpec, world: &World) -> Vec<(usize, u128)> {
    let pair = |pool: usize| (world.markets[pool].base, world.markets[pool].quote);
    let both = |pool: usize, capital: u128| {
        let (base, quote) = pair(pool);
        vec![
            (base, world.markets[pool].base_of(capital, world.markets[pool].terms().price())),
            (quote, capital),
        ]
    };
    let of_stabiliser = |place: usize| world.stabilisers[place].spec.pool;
    match spec {
        AgentSpec::NoiseTraders(_)
        | AgentSpec::Keeper(_)
        | AgentSpec::Rebalancer(_)
        | AgentSpec::Triangulator(_) => Vec::new(),
        AgentSpec::Arbitrageur(spec) => both(spec.pool, spec.capital.saturating_mul(2)),
        AgentSpec::BridgeArbitrageur(spec) => {
            let (mut all, right) = (both(spec.left, spec.capital), both(spec.right, spec.capital));
            for (asset, amount) in right {
                match all.iter_mut().find(|(mine, _)| *mine == asset) {
                    Some((_, mine)) => *mine += amount,
                    None => all.push((asset, amount)),
                }
            }
            all
        }
        AgentSpec::Redeemer(spec) => {
            let (base, quote) = pair(spec.pool);
            vec![(base, 0), (quote, spec.capital), (spec.reserve, 0)]
        }
        AgentSpec::LiquidityProvider(spec) => {
            let (base, quote) = pair(spec.pool);
            vec![(base, 0), (quote, 0)]
        }
        // Its own money, for what an attack may lose.
        AgentSpec::Sandwicher(spec) => both(of_stabiliser(spec.stabiliser), spec.loan / 4),
        AgentSpec::Manipulator(spec) => both(of_stabiliser(spec.stabiliser), spec.capital),
        AgentSpec::Griefer(spec) => both(of_stabiliser(spec.stabiliser), spec.capital),
    }
}

/// Whether every index of an agent leads somewhere.
pub fn check(spec: &AgentSpec, world: &WorldSpec) -> Result<(), Nonsense> {
    let (pools, stabilisers) = (world.pools.len(), world.stabilisers.len());
    let fits = match spec {
        AgentSpec::NoiseTraders(spec) => spec.pool < pools,
        AgentSpec::Arbitrageur(spec) => spec.pool < pools,
        AgentSpec::BridgeArbitrageur(spec) => {
            spec.left.max(spec.right) < pools && spec.bridge < world.bridges.len()
        }
        AgentSpec::Redeemer(spec) => spec.pool < pools && spec.reserve < world.assets.len(),
        AgentSpec::LiquidityProvider(spec) => spec.pool < pools,
        AgentSpec::Keeper(spec) => spec.stabiliser < stabilisers,
        AgentSpec::Rebalancer(spec) => {
            spec.stabiliser < stabilisers && spec.base_mesh.max(spec.quote_mesh) < pools
        }
        AgentSpec::Triangulator(spec) => {
            let meshes = [spec.base_mesh, spec.quote_mesh];
            spec.pool < pools
                && meshes.iter().flatten().all(|mesh| *mesh < pools)
                && meshes.iter().any(Option::is_some)
                && spec.every_blocks > 0
                && spec.share > 0
        }
        AgentSpec::Sandwicher(spec) => spec.stabiliser < stabilisers && spec.every_blocks > 0,
        AgentSpec::Manipulator(spec) => spec.stabiliser < stabilisers && spec.every_blocks > 0,
        AgentSpec::Griefer(spec) => spec.stabiliser < stabilisers,
    };
    if fits { Ok(()) } else { Err(Nonsense(format!("{spec:?} names what is not there"))) }
}
