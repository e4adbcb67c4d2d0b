"""Every class and every runner gives the same integers."""

from __future__ import annotations

import numpy as np
import pytest

from stab3l.compute.matrices import Side, lines
from stab3l.compute.product import row_blocks
from stab3l.compute.runner import NumpyRunner, TorchRunner, has_gpu, runner_of
from stab3l.compute.shape import Shape
from stab3l.compute.statement import ComputeClass
from stab3l.hashing import keccak256
from stab3l.provider.trial import trial

SEED = keccak256(b"runners")
SHAPE = Shape(128, 200, 1)


def runners(compute_class: ComputeClass) -> list[NumpyRunner | TorchRunner]:
    found: list[NumpyRunner | TorchRunner] = [NumpyRunner(compute_class)]
    return [*found, TorchRunner(compute_class)] if has_gpu() else found


@pytest.mark.parametrize("compute_class", ComputeClass)
def test_a_class_multiplies_exactly(compute_class: ComputeClass) -> None:
    a = lines(SEED, 0, Side.A, SHAPE.depth, 0, SHAPE.rows)
    b = lines(SEED, 0, Side.B, SHAPE.depth, 0, SHAPE.rows)
    wanted = np.concatenate(list(row_blocks(SEED, SHAPE, 0)))
    for runner in runners(compute_class):
        assert (runner.multiply(a, runner.hold(b)) == wanted).all(), runner.name


def test_a_trial_has_the_same_root_in_every_class() -> None:
    roots = {trial(128, 200, name.lower(), lambda: 0.0, lambda rows: None).root for name in ComputeClass.__members__}
    assert len(roots) == 1


def test_the_runner_is_numpy_where_there_is_no_gpu() -> None:
    assert has_gpu() or runner_of(ComputeClass.F32).name == "numpy"
