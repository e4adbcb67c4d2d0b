//! Hashing in bulk, without holding the interpreter.

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use pyo3::wrap_pyfunction;

/// Bytes that no other thread can change: `bytes` are shared, any other buffer is copied.
enum Fixed {
    Shared(PyBackedBytes),
    Copied(Vec<u8>),
}

impl std::ops::Deref for Fixed {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Fixed::Shared(bytes) => bytes,
            Fixed::Copied(bytes) => bytes,
        }
    }
}

fn fixed(data: &Bound<'_, PyAny>) -> PyResult<Fixed> {
    match data.cast::<PyBytes>() {
        Ok(bytes) => Ok(Fixed::Shared(bytes.clone().into())),
        Err(_) => Ok(Fixed::Copied(PyBuffer::<u8>::get(data)?.to_vec(data.py())?)),
    }
}

#[pyfunction]
fn keccak256<'py>(py: Python<'py>, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let data = fixed(data)?;
    Ok(PyBytes::new(py, &py.detach(|| crate::keccak::keccak256(&data)).0))
}

#[pyfunction]
fn keccak_many<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
    width: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let data = fixed(data)?;
    if width == 0 || !data.len().is_multiple_of(width) {
        let text = format!("{} bytes are not whole messages of {width} bytes", data.len());
        return Err(PyValueError::new_err(text));
    }
    let hashes = py.detach(|| crate::keccak::keccak_many(&data, width));
    PyBytes::new_with(py, hashes.len() * 32, |bytes| {
        bytes.as_chunks_mut().0.iter_mut().zip(&hashes).for_each(|(bytes, hash)| *bytes = hash.0);
        Ok(())
    })
}

#[pyfunction]
fn merkle_layers<'py>(py: Python<'py>, leaves: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let leaves = fixed(leaves)?;
    if !leaves.len().is_multiple_of(32) {
        return Err(PyValueError::new_err(format!(
            "{} bytes are not whole leaves of 32 bytes",
            leaves.len()
        )));
    }
    Ok(PyBytes::new(py, &py.detach(|| crate::merkle::layers(&leaves))))
}

/// Adds the functions to the module.
pub fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(keccak256, module)?)?;
    module.add_function(wrap_pyfunction!(keccak_many, module)?)?;
    module.add_function(wrap_pyfunction!(merkle_layers, module)?)
}
