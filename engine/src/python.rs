//! The Python face: only this module and those in it know PyO3. `src/stab3l/_engine.pyi` documents it.

use std::sync::{Mutex, MutexGuard};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyTuple};

use crate::book::{Books, Order};
use crate::command::MarketTerms;
use crate::conditional::Conditional;
use crate::engine::{Engine, Options, Recovery};
use crate::failure::Failure;
use crate::journal::Durability;
use crate::journal::frame::Kind;
use crate::journal::reader::Frames;
use crate::listing::{Asset, Market};
use crate::order::{OrderTerms, OrderType, Side, TimeInForce};
use crate::protection::{Protection, ProtectionLimits};
use crate::state::State;
use crate::units::*;

mod benchmark;
mod derivatives;
mod exceptions;
mod flow;
mod hashing;
mod peg;
mod signing;

use derivatives::{DueRow, InstrumentRow, MarginRow, TotalsRow, UnderlyingRow, UnhealthyRow};

type AssetRow<'py> = (u32, u64, Bound<'py, PyBytes>, u8, u128, u128);
type BalanceProofRow<'py> = (usize, u128, Vec<Bound<'py, PyBytes>>);
type MarketRow = (u32, u32, u32, u128, u64, u32, u32, u64, u8, u32, u64, u8);
type PositionProofRow<'py> = (usize, i64, i128, Vec<Bound<'py, PyBytes>>);
type LevelRow = (u64, u128, u32);
type ProtectionRow = (u32, u64, u64, u64, u64, u64, u64);
/// More fields than PyO3 makes tuples of by itself.
type OrderRow = [u64; 14];
type WithdrawalRow<'py> =
    (u32, u32, u64, Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>, u128);
type FrameRow<'py> = (u64, u64, Bound<'py, PyBytes>);

#[pyclass(name = "Recovery", module = "stab3l._engine", frozen, get_all)]
#[derive(Clone)]
struct PyRecovery {
    snapshot: Option<u64>,
    damaged_snapshots: Vec<String>,
    frames_replayed: u64,
    records_replayed: u64,
    torn_input_bytes: u64,
    torn_output_bytes: u64,
    output_frames_regenerated: u64,
}

impl From<&Recovery> for PyRecovery {
    fn from(recovery: &Recovery) -> PyRecovery {
        PyRecovery {
            snapshot: recovery.snapshot.map(|sequence| sequence.0),
            damaged_snapshots: recovery
                .damaged_snapshots
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
            frames_replayed: recovery.frames_replayed,
            records_replayed: recovery.records_replayed,
            torn_input_bytes: recovery.torn_input_bytes,
            torn_output_bytes: recovery.torn_output_bytes,
            output_frames_regenerated: recovery.output_frames_regenerated,
        }
    }
}

#[pyclass(name = "Engine", module = "stab3l._engine", frozen)]
struct PyEngine {
    engine: Mutex<Option<Engine>>,
}

impl PyEngine {
    /// Runs with the engine, without holding the interpreter while waiting or working.
    fn with<T: Send>(
        &self,
        py: Python,
        work: impl FnOnce(&mut Engine) -> Result<T, Failure> + Send,
    ) -> PyResult<T> {
        Ok(py.detach(|| work(self.lock().as_mut().ok_or(Failure::Closed)?))?)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Engine>> {
        self.engine.lock().unwrap_or_else(|poisoned| {
            // A query panicked half-way: whatever it saw must not be used.
            let mut engine = poisoned.into_inner();
            *engine = None;
            engine
        })
    }

    fn read<'py>(
        &self,
        py: Python<'py>,
        kind: Kind,
        from: u64,
        max_bytes: u64,
    ) -> PyResult<Vec<FrameRow<'py>>> {
        let extents = self.with(py, |engine| Ok(engine.extents(kind, Sequence(from), max_bytes)))?;
        let frames = py.detach(|| -> Result<_, Failure> {
            let mut frames = Frames::of(extents, Sequence(from)).next_frames(max_bytes)?;
            let length: u64 = frames.iter().map(|frame| frame.header.payload_length).sum();
            if frames.len() > 1 && length > max_bytes {
                frames.pop();
            }
            Ok(frames)
        })?;
        let rows = frames.iter().map(|frame| {
            (frame.header.first_sequence.0, frame.header.now.0, PyBytes::new(py, &frame.payload))
        });
        Ok(rows.collect())
    }
}

#[pymethods]
impl PyEngine {
    #[staticmethod]
    #[pyo3(signature = (path, *, durability = "fdatasync", segment_bytes = 64 << 20, snapshot_every_records = 1_000_000))]
    fn open(
        py: Python,
        path: std::path::PathBuf,
        durability: &str,
        segment_bytes: u64,
        snapshot_every_records: u64,
    ) -> PyResult<PyEngine> {
        let durability = match durability {
            "page_cache" => Durability::PageCache,
            "fdatasync" => Durability::Fdatasync,
            other => {
                return Err(PyValueError::new_err(format!(
                    "durability is page_cache or fdatasync, not {other}"
                )));
            }
        };
        let options = Options { durability, segment_bytes, snapshot_every_records };
        let engine = py.detach(|| Engine::open(&path, options))?;
        Ok(PyEngine { engine: Mutex::new(Some(engine)) })
    }

    fn apply<'py>(&self, py: Python<'py>, batch: PyBackedBytes, now: u64) -> PyResult<Bound<'py, PyBytes>> {
        let events = self.with(py, |engine| engine.apply_many(&[&batch], Nanos(now)))?;
        Ok(PyBytes::new(py, &events[0]))
    }

    fn apply_many<'py>(
        &self,
        py: Python<'py>,
        batches: Vec<PyBackedBytes>,
        now: u64,
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let batches: Vec<&[u8]> = batches.iter().map(|batch| &**batch).collect();
        let events = self.with(py, |engine| engine.apply_many(&batches, Nanos(now)))?;
        Ok(events.iter().map(|events| PyBytes::new(py, events)).collect())
    }

    fn snapshot(&self, py: Python) -> PyResult<u64> {
        self.with(py, |engine| Ok(engine.snapshot()?.0))
    }

    fn close(&self, py: Python) -> PyResult<()> {
        let closed = py.detach(|| self.lock().take().map_or(Ok(()), |mut engine| engine.finish()));
        Ok(closed?)
    }

    #[getter]
    fn last_sequence(&self, py: Python) -> PyResult<u64> {
        self.with(py, |engine| Ok(engine.state().sequence().0))
    }

    #[getter]
    fn last_now(&self, py: Python) -> PyResult<u64> {
        self.with(py, |engine| Ok(engine.state().now().0))
    }

    #[getter]
    fn input_hash<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.with(py, |engine| Ok(engine.state().input_hash()))?.0))
    }

    #[getter]
    fn output_hash<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.with(py, |engine| Ok(engine.state().output_hash()))?.0))
    }

    #[getter]
    fn recovery(&self, py: Python) -> PyResult<PyRecovery> {
        self.with(py, |engine| Ok(PyRecovery::from(engine.recovery())))
    }

    #[getter]
    fn halted(&self, py: Python) -> PyResult<Option<String>> {
        self.with(py, |engine| Ok(engine.halted().map(str::to_owned)))
    }

    #[getter]
    fn snapshot_failure(&self, py: Python) -> PyResult<Option<String>> {
        self.with(py, |engine| Ok(engine.snapshot_failure().map(str::to_owned)))
    }

    fn digest<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.with(py, |engine| Ok(engine.state().digest()))?.0))
    }

    fn assets<'py>(&self, py: Python<'py>) -> PyResult<Vec<AssetRow<'py>>> {
        let assets = self.with(py, |engine| Ok(engine.state().listings().assets().to_vec()))?;
        let row = |(asset, id): (&Asset, u32)| {
            let token = PyBytes::new(py, &asset.token.0);
            (id, asset.chain.0, token, asset.decimals, asset.credited.0, asset.withdrawn.0)
        };
        Ok(assets.iter().zip(0..).map(row).collect())
    }

    fn markets(&self, py: Python) -> PyResult<Vec<MarketRow>> {
        self.with(py, |engine| {
            let state = engine.state();
            let markets = state.listings().markets().iter().zip(0..);
            Ok(markets.map(|(market, id)| market_row(state, id, market)).collect())
        })
    }

    fn account_of(&self, py: Python, owner: [u8; 20]) -> PyResult<Option<u32>> {
        self.with(py, |engine| {
            Ok(engine.state().ledger().account_of(&Address(owner)).map(|account| account.0))
        })
    }

    fn owner_of<'py>(&self, py: Python<'py>, account: u32) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let owner = self.with(py, |engine| Ok(engine.state().ledger().owner(AccountId(account)).copied()))?;
        Ok(owner.map(|owner| PyBytes::new(py, &owner.0)))
    }

    fn balances(&self, py: Python, account: u32) -> PyResult<Vec<(u32, u128, u128)>> {
        self.with(py, |engine| {
            let balances = engine.state().balances_of(AccountId(account));
            Ok(balances
                .iter()
                .map(|balance| (balance.asset.0, balance.available.0, balance.held.0))
                .collect())
        })
    }

    fn book(&self, py: Python, market: u32, depth: usize) -> PyResult<(Vec<LevelRow>, Vec<LevelRow>)> {
        let sides = self.with(py, |engine| {
            let state = engine.state();
            let side = |side| -> Vec<LevelRow> {
                let levels = state.books().levels(MarketId(market), side).take(depth);
                levels.map(|level| (level.ticks.0, level.lots, level.orders)).collect()
            };
            let known = state.listings().market(MarketId(market)).is_ok();
            Ok(known.then(|| (side(Side::Buy), side(Side::Sell))))
        })?;
        sides.ok_or_else(|| PyValueError::new_err(format!("there is no market {market}")))
    }

    fn open_orders<'py>(&self, py: Python<'py>, account: u32) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        let rows = self.with(py, |engine| Ok(order_rows(engine.state(), AccountId(account))))?;
        rows.into_iter().map(|row| PyTuple::new(py, row)).collect()
    }

    fn order<'py>(&self, py: Python<'py>, order: u64) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let row = self.with(py, |engine| {
            let (state, id) = (engine.state(), OrderId(order));
            Ok(state
                .books()
                .order(id)
                .map(|order| resting_row(state.books(), order))
                .or(state.waiting().order(id).map(waiting_row)))
        })?;
        row.map(|row| PyTuple::new(py, row)).transpose()
    }

    fn schedule(&self, py: Python, account: u32) -> PyResult<u64> {
        self.with(py, |engine| Ok(engine.state().schedules().at(AccountId(account)).0))
    }

    fn protections(&self, py: Python, account: u32) -> PyResult<Vec<ProtectionRow>> {
        self.with(py, |engine| {
            let own = (AccountId(account), MarketId(0))..=(AccountId(account), MarketId(u32::MAX));
            let row = |((_, market), protection): (&(AccountId, MarketId), &Protection)| {
                let Protection { limits, window_start, counted, frozen_until } = protection;
                let ProtectionLimits { window, max_lots, frozen } = limits;
                (market.0, window.0, max_lots.0, frozen.0, window_start.0, counted.0, frozen_until.0)
            };
            Ok(engine.state().protections().range(own).map(row).collect())
        })
    }

    fn chain_deposits<'py>(&self, py: Python<'py>, chain_id: u64) -> PyResult<(u64, Bound<'py, PyBytes>)> {
        let deposits = self.with(py, |engine| {
            Ok(engine.state().chains().get(&ChainId(chain_id)).copied().unwrap_or_default())
        })?;
        Ok((deposits.count, PyBytes::new(py, &deposits.hash.0)))
    }

    fn totals<'py>(&self, py: Python<'py>, asset: u32) -> PyResult<TotalsRow<'py>> {
        let totals = self.with(py, |engine| {
            let state = engine.state();
            let listed = state.listings().assets().get(asset as usize);
            Ok(listed.map(|listed| (listed.credited.0, listed.withdrawn.0, state.owned(AssetId(asset)))))
        })?;
        let (credited, withdrawn, owned) =
            totals.ok_or_else(|| PyValueError::new_err(format!("there is no asset {asset}")))?;
        Ok((credited, withdrawn, derivatives::integer(py, owned)?))
    }

    fn withdrawal<'py>(&self, py: Python<'py>, withdrawal: u64) -> PyResult<Option<WithdrawalRow<'py>>> {
        let queued = self.with(py, |engine| Ok(engine.state().queued(WithdrawalId(withdrawal))))?;
        let address = |address: Address| PyBytes::new(py, &address.0);
        Ok(queued.map(|q| {
            (
                q.account.0,
                q.asset.0,
                q.chain.0,
                address(q.token),
                address(q.owner),
                address(q.recipient),
                q.amount.0,
            )
        }))
    }

    fn settlement_asset(&self, py: Python) -> PyResult<Option<u32>> {
        self.with(py, |engine| Ok(engine.state().derivatives().settlement.map(|asset| asset.0)))
    }

    fn underlyings<'py>(&self, py: Python<'py>) -> PyResult<Vec<UnderlyingRow<'py>>> {
        let underlyings = self.with(py, |engine| Ok(engine.state().derivatives().underlyings().to_vec()))?;
        let rows = underlyings.iter().zip(0..);
        Ok(rows.map(|(underlying, id)| derivatives::underlying_row(py, id, underlying)).collect())
    }

    fn instruments(&self, py: Python) -> PyResult<Vec<InstrumentRow>> {
        self.with(py, |engine| {
            let state = engine.state();
            let instruments = state.derivatives().instruments().iter();
            Ok(instruments.map(|one| derivatives::instrument_row(one, state.positions())).collect())
        })
    }

    fn option_marks(&self, py: Python, market: u32) -> PyResult<Option<(u64, Vec<u64>)>> {
        self.with(py, |engine| {
            let mut instruments = engine.state().derivatives().instruments().iter();
            let given =
                instruments.find(|instrument| instrument.market.0 == market).and_then(|one| one.given);
            Ok(given.map(|given| (given.mark.0, given.values.map(|value| value.0).to_vec())))
        })
    }

    fn collateral(&self, py: Python) -> PyResult<Vec<(u32, u32, u128)>> {
        self.with(py, |engine| {
            let collateral = engine.state().derivatives().collateral.iter();
            Ok(collateral.map(|(asset, terms)| (asset.0, terms.haircut.0, terms.price)).collect())
        })
    }

    fn positions(&self, py: Python, account: u32) -> PyResult<Vec<(u32, i64, i128)>> {
        self.with(py, |engine| {
            let positions = engine.state().positions().of_account(AccountId(account));
            Ok(positions.iter().map(|one| (one.market.0, one.lots, one.entry)).collect())
        })
    }

    fn margin<'py>(&self, py: Python<'py>, account: u32) -> PyResult<MarginRow<'py>> {
        let (margin, debt, portfolios) = self.with(py, |engine| {
            let (state, account) = (engine.state(), AccountId(account));
            Ok((state.margin(account), state.positions().debt(account), state.portfolios(account)))
        })?;
        derivatives::margin_row(py, &margin, debt, &portfolios)
    }

    fn due(&self, py: Python) -> PyResult<DueRow> {
        self.with(py, |engine| Ok(derivatives::due_row(&engine.state().due())))
    }

    fn unhealthy(&self, py: Python, first: u32, count: usize) -> PyResult<UnhealthyRow> {
        self.with(py, |engine| {
            let (found, next) = engine.state().unhealthy(AccountId(first), count);
            let pairs = found.iter().map(|(account, underlying)| (account.0, underlying.0)).collect();
            Ok((pairs, next.map(|account| account.0)))
        })
    }

    fn position_proof<'py>(
        &self,
        py: Python<'py>,
        account: u32,
        market: u32,
    ) -> PyResult<Option<PositionProofRow<'py>>> {
        let proof =
            self.with(py, |engine| Ok(engine.state().position_proof(AccountId(account), MarketId(market))))?;
        Ok(proof.map(|proof| (proof.index, proof.lots, proof.entry, hashes(py, &proof.siblings))))
    }

    fn sealed<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let event = self.with(py, |engine| Ok(engine.state().sealing().event().map(<[u8]>::to_vec)))?;
        Ok(event.map(|event| PyBytes::new(py, &event)))
    }

    fn balance_proof<'py>(
        &self,
        py: Python<'py>,
        account: u32,
        asset: u32,
    ) -> PyResult<Option<BalanceProofRow<'py>>> {
        let proof =
            self.with(py, |engine| Ok(engine.state().balance_proof(AccountId(account), AssetId(asset))))?;
        Ok(proof.map(|proof| (proof.index, proof.amount.0, hashes(py, &proof.siblings))))
    }

    fn withdrawal_proof<'py>(
        &self,
        py: Python<'py>,
        withdrawal: u64,
    ) -> PyResult<Option<Vec<Bound<'py, PyBytes>>>> {
        let proof =
            self.with(py, |engine| Ok(engine.state().sealing().withdrawal_proof(WithdrawalId(withdrawal))))?;
        Ok(proof.map(|proof| hashes(py, &proof)))
    }

    fn read_inputs<'py>(
        &self,
        py: Python<'py>,
        from_sequence: u64,
        max_bytes: u64,
    ) -> PyResult<Vec<FrameRow<'py>>> {
        self.read(py, Kind::Inputs, from_sequence, max_bytes)
    }

    fn read_outputs<'py>(
        &self,
        py: Python<'py>,
        from_sequence: u64,
        max_bytes: u64,
    ) -> PyResult<Vec<FrameRow<'py>>> {
        self.read(py, Kind::Outputs, from_sequence, max_bytes)
    }
}

fn market_row(state: &State, id: u32, market: &Market) -> MarketRow {
    let MarketTerms { base, quote, lot, tick, maker_fee, taker_fee, max_lots, band } = market.terms;
    let kind = market.instrument.map_or(0, |id| state.derivatives().instruments()[id.0 as usize].kind as u8);
    let (status, mark) = (market.status as u8, market.mark_or_zero().0);
    let (maker_fee, taker_fee) = (maker_fee.0, taker_fee.0);
    (id, base.0, quote.0, lot.0, tick.0, maker_fee, taker_fee, max_lots.0, status, band.0, mark, kind)
}

fn order_rows(state: &State, account: AccountId) -> Vec<OrderRow> {
    let books = state.books();
    let resting = books.of_account(account).into_iter().map(|order| resting_row(books, order));
    let mut rows: Vec<OrderRow> =
        resting.chain(state.waiting().of_account(account).map(waiting_row)).collect();
    rows.sort_unstable_by_key(|row| row[0]);
    rows
}

fn resting_row(books: &Books, order: &Order) -> OrderRow {
    let client_id = books.client_id(order.id).unwrap_or_default();
    order_row((order, client_id), OrderType::Limit, order.terms.time_in_force(), Ticks(0))
}

fn waiting_row(waiting: &Conditional) -> OrderRow {
    order_row((&waiting.order, waiting.client_id), waiting.order_type, waiting.time_in_force, waiting.trigger)
}

fn order_row(
    (order, client_id): (&Order, ClientId),
    order_type: OrderType,
    time_in_force: TimeInForce,
    trigger: Ticks,
) -> OrderRow {
    let Order { id, account, market, ticks, lots, side, terms, .. } = *order;
    let OrderTerms { good_till, label, instructions, self_trade } = terms;
    let ids = [id.0, u64::from(account.0), u64::from(market.0), client_id.0, ticks.0, lots.0];
    let enums = [side as u8, order_type as u8, time_in_force as u8, instructions.bits(), self_trade as u8];
    let mut row = [0; 14];
    row[..6].copy_from_slice(&ids);
    row[6..11].copy_from_slice(&enums.map(u64::from));
    row[11..].copy_from_slice(&[u64::from(label.0), good_till.0, trigger.0]);
    row
}

fn hashes<'py>(py: Python<'py>, hashes: &[Hash]) -> Vec<Bound<'py, PyBytes>> {
    hashes.iter().map(|hash| PyBytes::new(py, &hash.0)).collect()
}

#[pymodule]
fn _engine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyEngine>()?;
    module.add_class::<PyRecovery>()?;
    exceptions::add_to(module)?;
    benchmark::add_to(module)?;
    hashing::add_to(module)?;
    flow::add_to(module)?;
    signing::add_to(module)?;
    peg::add_to(module)
}
