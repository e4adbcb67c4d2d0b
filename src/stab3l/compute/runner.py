"""How the products of a class are computed on this machine. Whatever the runner, the entries are the same integers.

numpy by default; PyTorch when it is installed and finds a GPU. F32 accumulates in float32 (exact, since every partial
sum is at most 2^24), F64 in float64, I8 in int32 on a GPU and, for want of an integer BLAS, in float32 on a processor.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from typing import Any, Final, Protocol

import numpy as np

from stab3l._engine import floats_to_entries
from stab3l.compute.matrices import Float32s
from stab3l.compute.shape import Entries
from stab3l.compute.statement import ComputeClass

_NUMPY_TYPES: Final = {
    ComputeClass.F32: np.float32,
    ComputeClass.F64: np.float64,
    ComputeClass.I8: np.float32,
}


class Runner(Protocol):
    """Multiplies blocks of rows of A with a B that it holds."""

    name: str

    def hold(self, columns: Float32s) -> Any:
        """Takes B, one column a row, to where it multiplies."""

    def multiply(self, rows: Float32s, held: Any, out: Float32s | None = None) -> Entries:
        """Rows of C, big-endian; in the memory of ``out``, where it is given and the runner can."""


class NumpyRunner:
    """BLAS on the processor."""

    def __init__(self, compute_class: ComputeClass) -> None:
        self.name = "numpy"
        self._type = _NUMPY_TYPES[compute_class]

    def hold(self, columns: Float32s) -> Any:
        """As the class' type."""
        return columns.astype(self._type, copy=False).T

    def multiply(self, rows: Float32s, held: Any, out: Float32s | None = None) -> Entries:
        """Exact in any order."""
        floats = np.empty((len(rows), held.shape[1]), dtype=np.float32) if out is None else out[: len(rows)]
        if self._type is np.float32:
            np.matmul(rows, held, out=floats)
        else:
            floats[:] = rows.astype(self._type) @ held
        return _entries(floats)


def _entries(floats: Float32s) -> Entries:
    """Whole numbers, at most 2^24, as big-endian integers in the same memory."""
    floats_to_entries(floats)
    entries: Entries = floats.view(">i4")
    return entries


class TorchRunner:
    """PyTorch on the first GPU."""

    def __init__(self, compute_class: ComputeClass) -> None:
        import torch  # type: ignore[import-not-found,unused-ignore]  # only where it is installed

        self.name = f"torch {torch.cuda.get_device_name(0)}"
        self._torch = torch
        self._integers = compute_class == ComputeClass.I8
        self._type = torch.float64 if compute_class == ComputeClass.F64 else torch.float32
        # TensorFloat-32 keeps 11 bits of each factor, and ours have 6: products and float32 sums stay exact.
        torch.backends.cuda.matmul.allow_tf32 = True

    def hold(self, columns: Float32s) -> Any:
        """On the GPU."""
        return self._on_gpu(columns).T

    def multiply(self, rows: Float32s, held: Any, out: Float32s | None = None) -> Entries:
        """Back on the processor, in memory of its own."""
        left = self._on_gpu(rows)
        product = self._torch._int_mm(left, held) if self._integers else (left @ held).to(self._torch.int32)
        entries: Entries = product.cpu().numpy().astype(">i4")
        return entries

    def _on_gpu(self, given: Float32s) -> Any:
        tensor = self._torch.from_numpy(given).cuda()
        return tensor.to(self._torch.int8 if self._integers else self._type)


@cache
def has_gpu() -> bool:
    """Whether PyTorch is installed and finds a GPU."""
    if importlib.util.find_spec("torch") is None:
        return False
    import torch  # type: ignore[import-not-found,unused-ignore]

    return bool(torch.cuda.is_available())


def runner_of(compute_class: ComputeClass) -> Runner:
    """The fastest that is here."""
    return TorchRunner(compute_class) if has_gpu() else NumpyRunner(compute_class)
