"""The matrices follow docs/reference/benchmark.md, and the float32 product of them is exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stab3l.compute.commitment import leaves, product_layers
from stab3l.compute.matrices import Side, line, lines
from stab3l.compute.product import Workspace, row_blocks
from stab3l.compute.shape import DEPTH_MAX, Shape
from stab3l.errors import Invalid
from stab3l.hashing import keccak256

SEED = keccak256(b"benchmark of the golden vector")

GOLDEN = [
    -12,
    -30,
    -12,
    21,
    -12,
    -18,
    -32,
    -9,
    14,
    5,
    -30,
    -30,
    13,
    -5,
    15,
    22,
    27,
    -21,
    8,
    -1,
    -7,
    5,
    -3,
    -32,
    29,
    23,
    28,
    21,
    7,
    -14,
    13,
    30,
    -21,
    -29,
    -8,
    -29,
    4,
    13,
    -13,
    11,
    -11,
    -6,
    -8,
    -28,
    -12,
    31,
    -12,
    -17,
    -28,
    -1,
]


def element_of_the_page(seed: bytes, product: int, side: int, at: int, k: int) -> int:
    """The page's formula in plain integers."""
    integers = product.to_bytes(4, "big") + bytes([side]) + at.to_bytes(4, "big") + (k // 42).to_bytes(4, "big")
    word = int.from_bytes(keccak256(seed + integers), "big")
    return ((word >> (6 * (k % 42))) & 63) - 32


def test_the_golden_line_never_changes() -> None:
    derived = line(SEED, 3, Side.B, Shape(64, 50, 4), 17).tolist()
    assert derived == GOLDEN


@settings(max_examples=40, deadline=None)
@given(
    product=st.integers(0, 2**32 - 1),
    side=st.sampled_from(Side),
    at=st.integers(0, 2**20),
    depth=st.integers(1, 300),
)
def test_a_line_is_what_the_page_says(product: int, side: Side, at: int, depth: int) -> None:
    derived = lines(SEED, product, side, depth, at, at + 2)
    for offset in (0, 1):
        expected = [element_of_the_page(SEED, product, side, at + offset, k) for k in range(depth)]
        assert derived[offset].tolist() == expected


def test_lines_do_not_depend_on_which_others_are_derived() -> None:
    together = lines(SEED, 0, Side.A, 100, 0, 1500)
    assert (together[700:702] == lines(SEED, 0, Side.A, 100, 700, 702)).all()


def test_another_seed_product_or_side_gives_another_line() -> None:
    shape = Shape(64, 64, 2)
    first = line(SEED, 0, Side.A, shape, 0).tolist()
    others = [
        line(keccak256(SEED), 0, Side.A, shape, 0).tolist(),
        line(SEED, 1, Side.A, shape, 0).tolist(),
        line(SEED, 0, Side.B, shape, 0).tolist(),
        line(SEED, 0, Side.A, shape, 1).tolist(),
    ]
    assert first not in others


@pytest.mark.parametrize(("rows", "depth", "at_once"), [(64, 1, 64), (128, 333, 48), (192, 2_048, 512)])
def test_the_float32_product_equals_the_integer_product(rows: int, depth: int, at_once: int) -> None:
    shape = Shape(rows, depth, 1)
    product = np.concatenate(list(row_blocks(SEED, shape, 0, at_once)))
    a = lines(SEED, 0, Side.A, depth, 0, rows).astype(np.int64)
    b = lines(SEED, 0, Side.B, depth, 0, rows).astype(np.int64)
    assert (product == a @ b.T).all()


@pytest.mark.parametrize("rows", [64, 192])
def test_a_workspace_gives_product_after_product_the_same_rows_and_tree(rows: int) -> None:
    shape = Shape(rows, 100, 3)
    workspace = Workspace(shape)
    for product in range(3):
        wanted = np.concatenate(list(row_blocks(SEED, shape, product, 48)))
        for block in row_blocks(SEED, shape, product, workspace=workspace):
            assert (block == wanted).all()
            workspace.tree.add(block[:48])
            workspace.tree.add(block[48:])
        assert bytes(workspace.tree.finish()) == product_layers(leaves(wanted))


def test_the_largest_sum_that_any_depth_allows_is_exact_in_float32() -> None:
    extreme = np.full((64, DEPTH_MAX), -32, dtype=np.float32)
    assert ((extreme @ extreme.T).astype(np.int64) == 32 * 32 * DEPTH_MAX).all()


@pytest.mark.parametrize(
    ("rows", "depth", "products"),
    [(0, 1, 1), (63, 1, 1), (65_600, 1, 1), (64, 0, 1), (64, DEPTH_MAX + 1, 1), (64, 1, 0), (64, 1, 65_537)],
)
def test_a_size_outside_the_bounds_is_refused(rows: int, depth: int, products: int) -> None:
    with pytest.raises(Invalid) as refused:
        Shape(rows, depth, products)
    assert refused.value.values == {"rows": rows, "depth": depth, "products": products}
