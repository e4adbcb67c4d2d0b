//! The benchmark's bytes for Python: straight from and into numpy's arrays, without holding the interpreter.

use pyo3::buffer::{Element, PyBuffer};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::wrap_pyfunction;

use crate::benchmark::{self, Factor, HASH_BYTES, TILE_BYTES};
use crate::units::Hash;

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

impl Memory<u8> {
    /// As whole hashes; bytes beyond them stay as they are.
    fn write_hashes(&mut self) -> &mut [Hash] {
        let bytes: &mut [u8] = self.write();
        // SAFETY: a hash is its 32 bytes, wherever they lie.
        unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len() / HASH_BYTES) }
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
fn tile_leaves(py: Python<'_>, rows: &Bound<'_, PyAny>, leaves: &Bound<'_, PyAny>) -> PyResult<()> {
    let rows = Memory::<u8>::of(rows, false)?;
    let mut leaves = Memory::<u8>::of(leaves, true)?;
    let (given, room) = (rows.0.item_count(), leaves.0.item_count());
    if given % TILE_BYTES != 0 || room * TILE_BYTES != given * HASH_BYTES {
        let text = format!(
            "{given} bytes are not as many tiles of {TILE_BYTES} bytes as {room} bytes have room for"
        );
        return Err(PyValueError::new_err(text));
    }
    py.detach(|| benchmark::write_leaves(rows.read(), leaves.write_hashes()));
    Ok(())
}

#[pyfunction]
fn tree_layers(py: Python<'_>, layers: &Bound<'_, PyAny>) -> PyResult<()> {
    let mut layers = Memory::<u8>::of(layers, true)?;
    let room = layers.0.item_count();
    if room % HASH_BYTES != 0 || !(room / HASH_BYTES + 1).is_power_of_two() || room == 0 {
        let text = format!("{room} bytes are not all layers over a power of two of leaves");
        return Err(PyValueError::new_err(text));
    }
    py.detach(|| benchmark::write_layers(layers.write_hashes()));
    Ok(())
}

/// Adds the functions to the module.
pub fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(benchmark_lines, module)?)?;
    module.add_function(wrap_pyfunction!(floats_to_entries, module)?)?;
    module.add_function(wrap_pyfunction!(tile_leaves, module)?)?;
    module.add_function(wrap_pyfunction!(tree_layers, module)?)
}
