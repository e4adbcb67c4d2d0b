//! Failures as typed Python exceptions that carry their values as attributes.

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

use crate::failure::Failure;

create_exception!(stab3l._engine, EngineError, PyException, "Root of the engine's errors.");
create_exception!(stab3l._engine, JournalLocked, EngineError, "Another process has this journal open.");
create_exception!(
    stab3l._engine,
    JournalCorrupt,
    EngineError,
    "A file does not hold what was written to it."
);
create_exception!(
    stab3l._engine,
    OutputMismatch,
    JournalCorrupt,
    "Replay gives other events than the output stream."
);
create_exception!(
    stab3l._engine,
    EngineHalted,
    EngineError,
    "The engine stopped at a failure and takes no more work."
);
create_exception!(stab3l._engine, EngineClosed, EngineError, "The engine was closed.");
create_exception!(stab3l._engine, BatchTooLarge, EngineError, "A batch is longer than a frame may be.");
create_exception!(stab3l._engine, JournalIo, EngineError, "The operating system refused a file operation.");

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> PyErr {
        let text = failure.to_string();
        Python::attach(|py| match failure {
            Failure::Locked { path } => with_values(py, JournalLocked::new_err(text), [("file", path)]),
            Failure::Corrupt { path, offset, reason } => {
                let error = with_values(py, JournalCorrupt::new_err(text), [("file", path)]);
                with_values(py, with_values(py, error, [("offset", offset)]), [("reason", reason)])
            }
            Failure::OutputMismatch { path, offset, sequence } => {
                let error = with_values(py, OutputMismatch::new_err(text), [("file", path)]);
                let error = with_values(py, error, [("reason", "other events")]);
                with_values(py, error, [("offset", offset), ("sequence", sequence)])
            }
            Failure::BatchTooLarge { bytes, limit } => {
                with_values(py, BatchTooLarge::new_err(text), [("bytes", bytes), ("limit", limit)])
            }
            Failure::Halted { reason } | Failure::Defect { reason, .. } => {
                with_values(py, EngineHalted::new_err(text), [("reason", reason)])
            }
            Failure::Closed => EngineClosed::new_err(text),
            Failure::Io { path, source } => {
                let error = with_values(py, JournalIo::new_err(text), [("file", path)]);
                with_values(py, error, [("errno", source.raw_os_error())])
            }
        })
    }
}

/// Sets attributes on an exception, so that a handler reads values instead of parsing the message.
fn with_values<'py, V: IntoPyObject<'py>, const N: usize>(
    py: Python<'py>,
    error: PyErr,
    values: [(&str, V); N],
) -> PyErr {
    for (name, value) in values {
        if let Err(unexpected) = error.value(py).setattr(name, value) {
            return unexpected;
        }
    }
    error
}

/// Adds the exceptions to the module.
pub fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    for (name, error) in [
        ("EngineError", py.get_type::<EngineError>()),
        ("JournalLocked", py.get_type::<JournalLocked>()),
        ("JournalCorrupt", py.get_type::<JournalCorrupt>()),
        ("OutputMismatch", py.get_type::<OutputMismatch>()),
        ("EngineHalted", py.get_type::<EngineHalted>()),
        ("EngineClosed", py.get_type::<EngineClosed>()),
        ("BatchTooLarge", py.get_type::<BatchTooLarge>()),
        ("JournalIo", py.get_type::<JournalIo>()),
    ] {
        module.add(name, error)?;
    }
    Ok(())
}
