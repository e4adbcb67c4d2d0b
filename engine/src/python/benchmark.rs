//! The benchmark's bytes for Python: straight from and into numpy's arrays, without holding the interpreter.

use pyo3::buffer::{Element, PyBuffer};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3::wrap_pyfunction;

use crate::benchmark::{self, Factor, TILE_BYTES};

/// An array's memory, held while this lives. Its caller promises that no other thread uses the array meanwhile.
struct Memory<T: Element>(PyBuffer<T>);

impl<T: Element> Memory<T> {
    fn of(array: &Bound<'_, PyAny>, writes: bool) -> PyResult<Memory<T>> {
        let buffer = PyBuffer::<T>::get(array)?;
        if !buffer.is_c_contiguous() || (writes && buffer.readonly()) {
            return Err(PyValueError::new_err("the array is not contiguous, or only to be read"));
        }
        Ok(Memory(buffer))
    }

    fn read(&self) -> &[T] {
        // SAFETY: the buffer is contiguous, and the promise above.
        unsafe { std::slice::from_raw_parts(self.0.buf_ptr().cast(), self.0.item_count()) }
    }

    fn write<U>(&mut self) -> &mut [U] {
        assert_eq!((size_of::<U>(), align_of::<U>()), (size_of::<T>(), align_of::<T>()));
        // SAFETY: the buffer is contiguous and may be written, and the promise above.
        unsafe { std::slice::from_raw_parts_mut(self.0.buf_ptr().cast(), self.0.item_count()) }
    }
}

#[pyfunction]
fn benchmark_lines(
    py: Python<'_>,
    seed: [u8; 32],
    product: u32,
    side: u8,
    start: u32,
    out: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let mut out = Memory::<f32>::of(out, true)?;
    let [_, depth] = *out.0.shape() else {
        return Err(PyValueError::new_err("lines are the rows of an array of two dimensions"));
    };
    if depth > 0 {
        py.detach(|| Factor { seed, product, side, depth }.write_lines(start, out.write()));
    }
    Ok(())
}

#[pyfunction]
fn floats_to_entries(py: Python<'_>, product: &Bound<'_, PyAny>) -> PyResult<()> {
    let mut product = Memory::<f32>::of(product, true)?;
    py.detach(|| benchmark::floats_to_entries(product.write()));
    Ok(())
}

#[pyfunction]
fn tile_leaves<'py>(py: Python<'py>, rows: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let rows = Memory::<u8>::of(rows, false)?;
    if !rows.0.item_count().is_multiple_of(TILE_BYTES) {
        let text = format!("{} bytes are not whole tiles of {TILE_BYTES} bytes", rows.0.item_count());
        return Err(PyValueError::new_err(text));
    }
    let leaves = py.detach(|| benchmark::tile_leaves(rows.read()));
    PyBytes::new_with(py, leaves.len() * 32, |bytes| {
        bytes.as_chunks_mut().0.iter_mut().zip(&leaves).for_each(|(bytes, leaf)| *bytes = leaf.0);
        Ok(())
    })
}

/// Adds the functions to the module.
pub fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(benchmark_lines, module)?)?;
    module.add_function(wrap_pyfunction!(floats_to_entries, module)?)?;
    module.add_function(wrap_pyfunction!(tile_leaves, module)?)
}
