"""Which entries of C are opened (docs/reference/benchmark.md, Sampling).

``h = keccak(sampleSeed ++ product u32 ++ sample u32)``, integers big-endian; row = (h >> 128) mod N and
column = (h mod 2^128) mod N. The bias is below N / 2^128, so nothing is drawn again.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from stab3l.compute.shape import Shape
from stab3l.hashing import keccak256

SAMPLES_PER_PRODUCT: Final = 8
"""A share d of wrong entries passes with at most (1 - d)^(8 R)."""


class Entry(NamedTuple):
    """One entry of one product."""

    product: int
    row: int
    column: int


def entry(sample_seed: bytes, shape: Shape, product: int, sample: int) -> Entry:
    """The entry that ``sample`` of ``product`` names."""
    drawn = keccak256(sample_seed + product.to_bytes(4, "big") + sample.to_bytes(4, "big"))
    row, column = int.from_bytes(drawn[:16], "big"), int.from_bytes(drawn[16:], "big")
    return Entry(product, row % shape.rows, column % shape.rows)


def entries(sample_seed: bytes, shape: Shape) -> list[Entry]:
    """All entries to open: product by product, sample by sample."""
    return [
        entry(sample_seed, shape, product, sample)
        for product in range(shape.products)
        for sample in range(SAMPLES_PER_PRODUCT)
    ]
