"""Freivalds' check accepts a right product and catches a single wrong entry, in exact integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_benchmark import Benchmark, honest

from stab3l.compute.freivalds import ProductCheck, ProductWrong, exact_product, vectors_bytes, vectors_from
from stab3l.compute.shape import Entries
from stab3l.hashing import keccak256

HONEST = honest()


def check(benchmark: Benchmark, product: Entries, number: int = 1, at_once: int = 50) -> None:
    wanted = vectors_bytes(benchmark.shape)
    randomness = b"".join(keccak256(bytes([part])) for part in range(-(-wanted // 32)))[:wanted]
    judge = ProductCheck(benchmark.seed, benchmark.shape, number, vectors_from(benchmark.shape, randomness))
    for start in range(0, len(product), at_once):
        judge.add(product[start : start + at_once])
    judge.finish()


def test_a_right_product_passes(benchmark: Benchmark) -> None:
    check(benchmark, benchmark.products[1])


@settings(max_examples=30, deadline=None)
@given(row=st.integers(0, 127), column=st.integers(0, 127), error=st.integers(-4000, 4000).filter(bool))
def test_one_wrong_entry_anywhere_is_caught(row: int, column: int, error: int) -> None:
    wrong = HONEST.products[1].copy()
    wrong[row, column] += error
    with pytest.raises(ProductWrong) as caught:
        check(HONEST, wrong)
    assert caught.value.values == {"product": 1, "rows": 1, "row": row}


def test_another_product_of_the_same_claim_is_caught(benchmark: Benchmark) -> None:
    with pytest.raises(ProductWrong):
        check(benchmark, benchmark.products[2])


def test_two_rows_exchanged_are_caught(benchmark: Benchmark) -> None:
    wrong = benchmark.products[1].copy()
    wrong[[3, 4]] = wrong[[4, 3]]
    with pytest.raises(ProductWrong):
        check(benchmark, wrong)


@pytest.mark.parametrize("beyond", [2**31 - 1, -(2**31), 32 * 32 * 90 + 1])
def test_an_entry_that_no_product_reaches_is_refused_at_once(benchmark: Benchmark, beyond: int) -> None:
    wrong = benchmark.products[1].copy()
    wrong[0, 0] = beyond
    with pytest.raises(ProductWrong):
        check(benchmark, wrong)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), height=st.integers(1, 4), width=st.integers(1, 6))
def test_exact_product_equals_python_integers(data: st.DataObject, height: int, width: int) -> None:
    magnitude = data.draw(st.sampled_from([1, 32, 2**24, 2**31]))
    largest = (2**62 // magnitude) // width
    entries = st.integers(-magnitude, magnitude)
    matrix = data.draw(st.lists(st.lists(entries, min_size=width, max_size=width), min_size=height, max_size=height))
    vector = data.draw(st.lists(st.integers(-largest, largest), min_size=width, max_size=width))
    exact = [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]
    computed = exact_product(np.array(matrix, dtype=np.float64), magnitude, np.array(vector, dtype=np.int64)[:, None])
    assert computed[:, 0].tolist() == exact


def test_vectors_use_twenty_bits_of_each_four_bytes(benchmark: Benchmark) -> None:
    vectors = vectors_from(benchmark.shape, b"\xff" * vectors_bytes(benchmark.shape))
    assert vectors.shape == (128, 3)
    assert (vectors == 2**20 - 1).all()
