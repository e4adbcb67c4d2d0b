"""Jobs of the matrix kind: documents, billing, exactness."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stab3l.provider.execution import execute, parse_job
from stab3l.provider.jobs import DocumentInvalid, Job, Result, Status, primes_job
from stab3l.provider.matrix_jobs import DEPTH_MAX, MATRIX_MAGIC, MatrixJob
from stab3l.units import Operations

SIZES = st.integers(1, 12)


def job(rows: int, depth: int, columns: int, seed: int = 0) -> MatrixJob:
    rng = np.random.default_rng(seed)
    return MatrixJob(
        rng.integers(-128, 128, (rows, depth), dtype=np.int8), rng.integers(-128, 128, (depth, columns), dtype=np.int8)
    )


@given(SIZES, SIZES, SIZES, st.integers(0, 99))
def test_a_document_comes_back_and_its_product_is_the_integers(rows: int, depth: int, columns: int, seed: int) -> None:
    made = job(rows, depth, columns, seed)
    read = parse_job(made.document())
    assert isinstance(read, MatrixJob)
    result = read.run(made.operations)
    assert result.fuel == 2 * rows * depth * columns
    wanted = made.a.astype(np.int64) @ made.b.astype(np.int64)
    assert (np.frombuffer(result.output, dtype=">i4").reshape(rows, columns) == wanted).all()
    assert Result.parse(result.document()) == result


@pytest.mark.parametrize("depth", [1_024, 1_025, DEPTH_MAX])
def test_the_largest_sums_are_exact(depth: int) -> None:
    extreme = MatrixJob(np.full((1, depth), -128, dtype=np.int8), np.full((depth, 1), -128, dtype=np.int8))
    assert int(np.frombuffer(extreme.run(extreme.operations).output, dtype=">i4")[0]) == depth * 2**14


def test_a_job_above_its_budget_is_out_of_fuel() -> None:
    made = job(4, 4, 4)
    assert made.run(Operations(127)) == Result(Status.OUT_OF_FUEL, Operations(127))
    assert made.run(Operations(128)).status == Status.COMPLETED


def test_sizes_that_do_not_fit_are_refused() -> None:
    for rows, depth, columns in ((1, DEPTH_MAX + 1, 1), (2_049, 1, 2_049), (0, 1, 1)):
        with pytest.raises(DocumentInvalid):
            MatrixJob(np.zeros((rows, depth), dtype=np.int8), np.zeros((depth, columns), dtype=np.int8))
    for broken in (MATRIX_MAGIC, job(2, 2, 2).document()[:-1], job(2, 2, 2).document() + b"\0"):
        with pytest.raises(DocumentInvalid):
            parse_job(broken)


def test_both_kinds_run_by_their_document() -> None:
    assert isinstance(parse_job(primes_job(10).document()), Job)
    result = asyncio.run(execute(job(3, 3, 3).document(), Operations(1_000), 10))
    assert (result.status, len(result.output)) == (Status.COMPLETED, 36)
