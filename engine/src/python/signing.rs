//! Digests and signers of many orders at once, without holding the interpreter.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use pyo3::wrap_pyfunction;

use crate::signing::order::{ADDRESS_BYTES, BODY_BYTES, digests};
use crate::signing::recovery::{SIGNATURE_BYTES, signer};
use crate::units::Hash;

const HASH_BYTES: usize = 32;

fn sized<const N: usize>(name: &str, bytes: &[u8]) -> PyResult<[u8; N]> {
    bytes.try_into().map_err(|_| PyValueError::new_err(format!("{name} has {} bytes, not {N}", bytes.len())))
}

#[pyfunction]
fn order_digests<'py>(
    py: Python<'py>,
    domain: PyBackedBytes,
    owner: PyBackedBytes,
    bodies: PyBackedBytes,
) -> PyResult<Bound<'py, PyBytes>> {
    let (domain, owner) = (Hash(sized("domain", &domain)?), sized::<ADDRESS_BYTES>("owner", &owner)?);
    if !bodies.len().is_multiple_of(BODY_BYTES) {
        let text = format!("{} bytes are not whole bodies of {BODY_BYTES} bytes", bodies.len());
        return Err(PyValueError::new_err(text));
    }
    let found =
        py.detach(|| digests(&domain, &owner, &bodies).iter().flat_map(|hash| hash.0).collect::<Vec<_>>());
    Ok(PyBytes::new(py, &found))
}

#[pyfunction]
fn signers<'py>(
    py: Python<'py>,
    digests: PyBackedBytes,
    signatures: PyBackedBytes,
) -> PyResult<Bound<'py, PyBytes>> {
    let (each, rest) = signatures.as_chunks::<SIGNATURE_BYTES>();
    if !rest.is_empty() || each.len() * HASH_BYTES != digests.len() {
        let text = format!("{} bytes of signatures for {} bytes of digests", signatures.len(), digests.len());
        return Err(PyValueError::new_err(text));
    }
    let found = py.detach(|| {
        let (digests, _) = digests.as_chunks::<HASH_BYTES>();
        let pairs = digests.iter().zip(each);
        pairs
            .flat_map(|(digest, signature)| signer(&Hash(*digest), signature).unwrap_or_default())
            .collect::<Vec<_>>()
    });
    Ok(PyBytes::new(py, &found))
}

/// Adds the functions to the module.
pub fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(order_digests, module)?)?;
    module.add_function(wrap_pyfunction!(signers, module)?)
}
