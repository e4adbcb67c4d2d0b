"""Openings of an honest commitment are accepted; each kind of tampering is named."""

from __future__ import annotations

import struct
from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from small_benchmark import Benchmark

from stab3l.compute.commitment import leaves, products_root
from stab3l.compute.openings import (
    EntryWrong,
    Opening,
    OpeningMalformed,
    Openings,
    RootMismatch,
    TileMismatch,
    check_openings,
    entry_of,
)
from stab3l.compute.sampling import SAMPLES_PER_PRODUCT, entries, entry
from stab3l.compute.shape import Shape
from stab3l.hashing import keccak256, merkle_root

SAMPLE_SEED = keccak256(b"the hash of block b1 + 2")


def with_first(openings: Openings, change: Callable[[Opening], Opening]) -> Openings:
    first, *rest = openings.openings
    return msgspec.structs.replace(openings, openings=(change(first), *rest))


def test_an_honest_commitment_opens(benchmark: Benchmark) -> None:
    check_openings(benchmark.shape, benchmark.seed, benchmark.commit(), SAMPLE_SEED, benchmark.open(SAMPLE_SEED))


def test_openings_survive_their_transport(benchmark: Benchmark) -> None:
    openings = benchmark.open(SAMPLE_SEED)
    assert msgspec.json.decode(msgspec.json.encode(openings), type=Openings) == openings


def test_the_samples_are_what_the_page_says() -> None:
    shape = Shape(192, 10, 5)
    for product in range(5):
        for sample in range(SAMPLES_PER_PRODUCT):
            drawn = int.from_bytes(
                keccak256(SAMPLE_SEED + product.to_bytes(4, "big") + sample.to_bytes(4, "big")), "big"
            )
            assert entry(SAMPLE_SEED, shape, product, sample) == (product, (drawn >> 128) % 192, drawn % 2**128 % 192)
    assert len(entries(SAMPLE_SEED, shape)) == 5 * SAMPLES_PER_PRODUCT


def test_a_wrong_entry_that_is_sampled_is_caught(benchmark: Benchmark) -> None:
    product, row, column = entries(SAMPLE_SEED, benchmark.shape)[11]
    benchmark.products[product][row, column] += 1
    with pytest.raises(EntryWrong) as caught:
        check_openings(benchmark.shape, benchmark.seed, benchmark.commit(), SAMPLE_SEED, benchmark.open(SAMPLE_SEED))
    right = entry_of(benchmark.seed, benchmark.shape, entry(SAMPLE_SEED, benchmark.shape, 1, 3))
    assert caught.value.values == {
        "product": product, "row": row, "column": column, "committed": right + 1, "right": right,
    }  # fmt: skip


def test_work_done_for_another_seed_is_caught(benchmark: Benchmark) -> None:
    stale = keccak256(b"the seed of an older claim")
    with pytest.raises(EntryWrong):
        check_openings(benchmark.shape, stale, benchmark.commit(), SAMPLE_SEED, benchmark.open(SAMPLE_SEED))


def test_openings_of_other_samples_are_caught(benchmark: Benchmark) -> None:
    derived_from_the_root = keccak256(benchmark.commit())
    with pytest.raises(TileMismatch):
        check_openings(
            benchmark.shape, benchmark.seed, benchmark.commit(), SAMPLE_SEED, benchmark.open(derived_from_the_root)
        )


def test_a_repaired_entry_is_not_what_was_committed(benchmark: Benchmark) -> None:
    honest = benchmark.open(SAMPLE_SEED).openings[0].tile
    product, row, column = entries(SAMPLE_SEED, benchmark.shape)[0]
    benchmark.products[product][row, column] += 1
    root = benchmark.commit()
    repaired = with_first(benchmark.open(SAMPLE_SEED), lambda first: Opening(honest, first.path))
    with pytest.raises(TileMismatch):
        check_openings(benchmark.shape, benchmark.seed, root, SAMPLE_SEED, repaired)


def test_a_tile_moved_to_another_place_is_caught(benchmark: Benchmark) -> None:
    openings = benchmark.open(SAMPLE_SEED)
    moved = msgspec.structs.replace(openings, openings=(*openings.openings[1:], openings.openings[0]))
    with pytest.raises(TileMismatch):
        check_openings(benchmark.shape, benchmark.seed, benchmark.commit(), SAMPLE_SEED, moved)


def test_a_node_cannot_pose_as_a_tile(benchmark: Benchmark) -> None:
    def node_as_tile(first: Opening) -> Opening:
        return Opening(first.path[0] + first.path[0], first.path[1:])

    forged = with_first(benchmark.open(SAMPLE_SEED), node_as_tile)
    with pytest.raises(OpeningMalformed):
        check_openings(benchmark.shape, benchmark.seed, benchmark.commit(), SAMPLE_SEED, forged)


def test_a_changed_word_is_caught(benchmark: Benchmark) -> None:
    changed = with_first(benchmark.open(SAMPLE_SEED), lambda first: Opening(first.tile, (bytes(32), *first.path[1:])))
    with pytest.raises(TileMismatch):
        check_openings(benchmark.shape, benchmark.seed, benchmark.commit(), SAMPLE_SEED, changed)


def test_product_roots_that_do_not_make_the_root_are_caught(benchmark: Benchmark) -> None:
    openings = benchmark.open(SAMPLE_SEED)
    exchanged = msgspec.structs.replace(openings, roots=(openings.roots[1], openings.roots[0], openings.roots[2]))
    with pytest.raises(RootMismatch):
        check_openings(benchmark.shape, benchmark.seed, benchmark.commit(), SAMPLE_SEED, exchanged)


@pytest.mark.parametrize(
    "change",
    [
        lambda given: msgspec.structs.replace(given, openings=given.openings[1:]),
        lambda given: msgspec.structs.replace(given, openings=(*given.openings, given.openings[0])),
        lambda given: msgspec.structs.replace(given, roots=given.roots[1:]),
        lambda given: msgspec.structs.replace(given, roots=(given.roots[0][1:], *given.roots[1:])),
        lambda given: with_first(given, lambda first: Opening(first.tile[1:], first.path)),
        lambda given: with_first(given, lambda first: Opening(first.tile, first.path[1:])),
        lambda given: with_first(given, lambda first: Opening(first.tile, (b"", *first.path[1:]))),
    ],
)
def test_openings_of_a_wrong_size_are_refused(benchmark: Benchmark, change: Callable[[Openings], Openings]) -> None:
    with pytest.raises(OpeningMalformed):
        check_openings(
            benchmark.shape, benchmark.seed, benchmark.commit(), SAMPLE_SEED, change(benchmark.open(SAMPLE_SEED))
        )


def test_the_root_of_one_product_is_that_products_root(benchmark: Benchmark) -> None:
    root = merkle_root(benchmark.layers()[0])
    assert products_root([root]) == root
    assert products_root([root, root]) != root


@pytest.mark.parametrize("layout", [">i4", "<i4"])
def test_a_leaf_hashes_64_big_endian_entries(layout: str) -> None:
    rows = np.arange(-64, 64).reshape(1, 128).astype(layout)
    hashed = [keccak256(b"\x00" + struct.pack(">64i", *range(start, start + 64))) for start in (-64, 0)]
    assert leaves(rows) == b"".join(hashed)
