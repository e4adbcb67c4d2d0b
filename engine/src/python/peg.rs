//! The simulated peg for Python: whole runs, and single rules for the differential tests.

use std::sync::{Mutex, MutexGuard};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use pyo3::wrap_pyfunction;

use crate::peg::flow_cap;
use crate::peg::pool::{Regime, State, Terms, mid_price, sell, targets_up};
use crate::peg::price_history::{Average, PriceHistory};
use crate::peg::refusal::Refusal;
use crate::peg::simulation::record::Operation;
use crate::peg::simulation::spec::{AgentSpec, EquationSpec, WorldSpec};
use crate::peg::simulation::{Nonsense, World, stabilisation};
use crate::peg::stabiliser::{self, Policy, View};

type TermsRow = (u128, u128, u128, u8, u8);
type StateRow = (u128, u128, u128, u128, u8);
type PoolRow = (StateRow, u128, u64, u128, u128, u128);
type StabiliserRow = (Vec<u64>, u128, u128, u128, u128);
type OperationRow = (&'static str, u64, usize, u8, bool, u128, u128, u128);

impl From<Refusal> for PyErr {
    fn from(refusal: Refusal) -> PyErr {
        PyValueError::new_err(refusal.code())
    }
}

impl From<Nonsense> for PyErr {
    fn from(nonsense: Nonsense) -> PyErr {
        PyValueError::new_err(nonsense.0)
    }
}

impl<'py> FromPyObject<'_, 'py> for AgentSpec {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<AgentSpec> {
        let name = object.get_type().name()?;
        Ok(match name.to_str()? {
            "NoiseTraders" => AgentSpec::NoiseTraders(object.extract()?),
            "Arbitrageur" => AgentSpec::Arbitrageur(object.extract()?),
            "BridgeArbitrageur" => AgentSpec::BridgeArbitrageur(object.extract()?),
            "Redeemer" => AgentSpec::Redeemer(object.extract()?),
            "LiquidityProvider" => AgentSpec::LiquidityProvider(object.extract()?),
            "Keeper" => AgentSpec::Keeper(object.extract()?),
            "Rebalancer" => AgentSpec::Rebalancer(object.extract()?),
            "Triangulator" => AgentSpec::Triangulator(object.extract()?),
            "Sandwicher" => AgentSpec::Sandwicher(object.extract()?),
            "Manipulator" => AgentSpec::Manipulator(object.extract()?),
            "Griefer" => AgentSpec::Griefer(object.extract()?),
            other => return Err(PyValueError::new_err(format!("{other} is no agent of the simulation"))),
        })
    }
}

#[pyclass(name = "PegWorld", module = "stab3l._engine", frozen)]
struct PyWorld {
    world: Mutex<World>,
}

impl PyWorld {
    fn lock(&self) -> PyResult<MutexGuard<'_, World>> {
        self.world.lock().map_err(|_| PyValueError::new_err("this world broke in an earlier call"))
    }
}

#[pymethods]
impl PyWorld {
    #[new]
    #[pyo3(signature = (spec, *, log = false))]
    fn new(spec: WorldSpec, log: bool) -> PyResult<PyWorld> {
        Ok(PyWorld { world: Mutex::new(World::new(&spec, log)?) })
    }

    /// Runs without holding the interpreter.
    fn run(&self, py: Python, blocks: u64) -> PyResult<()> {
        py.detach(|| {
            self.lock()?.run(blocks);
            Ok(())
        })
    }

    #[getter]
    fn block(&self) -> PyResult<u64> {
        Ok(self.lock()?.block())
    }

    fn series<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let world = self.lock()?;
        let record = world.record();
        let series = PyDict::new(py);
        for (name, columns) in [
            ("deviations", &record.deviations),
            ("spreads", &record.spreads),
            ("stabilised", &record.stabilised),
            ("profits", &record.profits),
            ("reserves", &record.reserves),
        ] {
            let packed: Vec<_> = columns.iter().map(|column| packed(py, column)).collect();
            series.set_item(name, packed)?;
        }
        Ok(series)
    }

    fn pools(&self) -> PyResult<Vec<PoolRow>> {
        let world = self.lock()?;
        let row = |market: &crate::peg::simulation::market::Market| {
            let price = market.terms().price();
            (
                state_row(market.state()),
                price,
                market.swaps,
                market.volume,
                market.base_fees,
                market.quote_fees,
            )
        };
        Ok(world.markets().iter().map(row).collect())
    }

    fn stabilisers(&self) -> PyResult<Vec<StabiliserRow>> {
        let world = self.lock()?;
        let row = |(place, stabiliser): (usize, &stabilisation::Stabiliser)| {
            let (base, quote) = world.inventory_of(place);
            (stabiliser.outcomes.to_vec(), stabiliser.traded, stabiliser.flow_peak, base, quote)
        };
        Ok(world.stabilisers().iter().enumerate().map(row).collect())
    }

    fn like_pools(&self) -> PyResult<Vec<(usize, usize)>> {
        Ok(self.lock()?.like_pools().to_vec())
    }

    fn counts(&self) -> PyResult<(u64, u64, u64, u64, u64)> {
        let world = self.lock()?;
        let (tried, gained) = world.round_trips();
        Ok((world.unconserved_blocks(), world.refusals(), world.reports_refused(), gained, tried))
    }

    fn triangulations(&self) -> PyResult<u64> {
        Ok(self.lock()?.triangulations())
    }

    fn operations(&self) -> PyResult<Vec<OperationRow>> {
        Ok(self.lock()?.operations().iter().map(operation_row).collect())
    }
}

fn packed<'py>(py: Python<'py>, column: &[i64]) -> Bound<'py, PyBytes> {
    let bytes: Vec<u8> = column.iter().flat_map(|value| value.to_le_bytes()).collect();
    PyBytes::new(py, &bytes)
}

fn operation_row(operation: &Operation) -> OperationRow {
    match *operation {
        Operation::Sale { block, pool, sells_base, amount, paid, fee } => {
            ("sale", block, pool, 0, sells_base, amount, paid, fee)
        }
        Operation::Price { block, pool, price } => ("price", block, pool, 0, false, price, 0, 0),
        Operation::Stabilise { block, stabiliser, outcome, sells_base, sold, paid } => {
            ("stabilise", block, stabiliser, outcome, sells_base, sold, paid, 0)
        }
    }
}

fn terms_of((price, slope, fee, base, quote): TermsRow) -> Result<Terms, Refusal> {
    Terms::new(price, slope, fee, base, quote)
}

fn state_of((base_reserve, quote_reserve, base_target, quote_target, regime): StateRow) -> State {
    let regime = match regime {
        0 => Regime::One,
        1 => Regime::BaseShort,
        _ => Regime::QuoteShort,
    };
    State { base_reserve, quote_reserve, base_target, quote_target, regime }
}

fn state_row(state: &State) -> StateRow {
    (state.base_reserve, state.quote_reserve, state.base_target, state.quote_target, state.regime as u8)
}

#[pyfunction]
fn peg_sell(
    terms: TermsRow,
    state: StateRow,
    sells_base: bool,
    amount: u128,
    band: u128,
) -> PyResult<(u128, u128, StateRow)> {
    let trade = sell(&terms_of(terms)?, &state_of(state), sells_base, amount, band)?;
    Ok((trade.paid, trade.fee, state_row(&trade.after)))
}

#[pyfunction]
fn peg_mid_price(terms: TermsRow, state: StateRow) -> PyResult<u128> {
    Ok(mid_price(&terms_of(terms)?, &state_of(state))?)
}

#[pyfunction]
fn peg_targets(terms: TermsRow, state: StateRow) -> PyResult<(u128, u128)> {
    Ok(targets_up(&terms_of(terms)?, &state_of(state))?)
}

/// The average deviation after a history that opened at `start` and had these (block, price) entries.
#[pyfunction]
fn peg_average(
    start: u64,
    entries: Vec<(u64, u128)>,
    block: u64,
    price: u128,
    target: u128,
    clamp: i128,
    window: u64,
) -> (i128, u64) {
    let mut history = PriceHistory::start(start);
    for (block, price) in entries {
        history.accumulate(block, price);
    }
    let Average { deviation, blocks } = history.average_deviation(block, price, target, clamp, window);
    (deviation, blocks)
}

/// What the stabiliser decides: (outcome, sells base, amount).
#[pyfunction]
#[pyo3(signature = (policy, block, gas_price, acted_block, average, spot_deviation, flow, inventories))]
#[expect(clippy::too_many_arguments, reason = "the twin's view, field by field")]
fn peg_decide(
    policy: Policy,
    block: u64,
    gas_price: u128,
    acted_block: u64,
    average: (i128, u64),
    spot_deviation: i128,
    flow: (u128, u64),
    inventories: (u128, u128),
) -> (u8, bool, u128) {
    let view = View {
        block,
        gas_price,
        acted_block,
        average: Average { deviation: average.0, blocks: average.1 },
        spot_deviation,
        flow: flow.0,
        flow_block: flow.1,
        base_inventory: inventories.0,
        quote_inventory: inventories.1,
    };
    let decision = stabiliser::decide(&policy, &view);
    (decision.outcome as u8, decision.sells_base, decision.amount)
}

#[pyfunction]
fn peg_flow_room(flow: u128, memory: u128, blocks: u64, cap: u128) -> u128 {
    flow_cap::room(flow, memory, blocks, cap)
}

#[pyfunction]
fn peg_least_paid(amount: u128, marginal: u128, slippage: u128, sold: u128, paid: u128) -> Option<u128> {
    stabiliser::least_paid_up(amount, marginal, slippage, sold, paid)
}

#[pyfunction]
fn peg_target(par: u128, compute: u128, spot: u128, equation: EquationSpec) -> u128 {
    stabilisation::equation_target(par, compute, spot, &equation)
}

/// Adds the class and the functions to the module.
pub fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyWorld>()?;
    module.add_function(wrap_pyfunction!(peg_sell, module)?)?;
    module.add_function(wrap_pyfunction!(peg_mid_price, module)?)?;
    module.add_function(wrap_pyfunction!(peg_targets, module)?)?;
    module.add_function(wrap_pyfunction!(peg_average, module)?)?;
    module.add_function(wrap_pyfunction!(peg_decide, module)?)?;
    module.add_function(wrap_pyfunction!(peg_flow_room, module)?)?;
    module.add_function(wrap_pyfunction!(peg_least_paid, module)?)?;
    module.add_function(wrap_pyfunction!(peg_target, module)?)
}
