//! The simulated backpressure payments for Python.

use std::sync::{Mutex, MutexGuard};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::flow::simulation::{SinkSpec, World};

type TrackRow = (u128, u128, u128, u128, Vec<u128>, Vec<u128>);

#[pyclass(name = "FlowWorld", module = "stab3l._engine", frozen)]
struct PyFlowWorld {
    sinks: usize,
    world: Mutex<World>,
}

impl PyFlowWorld {
    fn lock(&self) -> PyResult<MutexGuard<'_, World>> {
        self.world.lock().map_err(|_| PyValueError::new_err("this world broke in an earlier call"))
    }
}

#[pymethods]
impl PyFlowWorld {
    #[new]
    fn new(sinks: Vec<(u64, u128)>, arbiter: bool) -> PyFlowWorld {
        let specs: Vec<_> = sinks.iter().map(|&(says_times, cap)| SinkSpec { says_times, cap }).collect();
        PyFlowWorld { sinks: specs.len(), world: Mutex::new(World::new(&specs, arbiter)) }
    }

    /// Runs an epoch for each row of capacities and its demand.
    fn run(&self, capacities: Vec<Vec<u64>>, demands: Vec<u128>) -> PyResult<()> {
        if capacities.len() != demands.len() || capacities.iter().any(|row| row.len() != self.sinks) {
            return Err(PyValueError::new_err("one demand for each row, one capacity for each sink"));
        }
        let mut world = self.lock()?;
        let mut wide = vec![0; self.sinks];
        for (row, &demand) in capacities.iter().zip(&demands) {
            for (place, &capacity) in row.iter().enumerate() {
                wide[place] = u128::from(capacity);
            }
            world.step(&wide, demand);
        }
        Ok(())
    }

    fn track(&self) -> PyResult<TrackRow> {
        let world = self.lock()?;
        let found = world.track();
        Ok((
            found.demanded,
            found.failed,
            found.paid_to_liars,
            found.overpaid,
            found.completed.clone(),
            found.backlogs.clone(),
        ))
    }

    fn sinks(&self) -> PyResult<Vec<(u128, u128, u128)>> {
        Ok(self.lock()?.sinks())
    }

    #[getter]
    fn escrow_level(&self) -> PyResult<u128> {
        Ok(self.lock()?.escrow_level())
    }
}

/// Adds the class to the module.
pub fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyFlowWorld>()
}
