"""A small honest benchmark that the tests of openings and of Freivalds start from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stab3l.compute.commitment import leaves, product_layers, products_root
from stab3l.compute.openings import Openings, open_entry
from stab3l.compute.product import row_blocks
from stab3l.compute.sampling import entries
from stab3l.compute.shape import Entries, Shape
from stab3l.hashing import keccak256, merkle_root


@dataclass
class Benchmark:
    """All outputs of a claim, in memory; a test may change them before it commits."""

    shape: Shape
    seed: bytes
    products: list[Entries]

    def layers(self) -> list[bytes]:
        return [product_layers(leaves(product)) for product in self.products]

    def commit(self) -> bytes:
        return products_root([merkle_root(layers) for layers in self.layers()])

    def open(self, sample_seed: bytes) -> Openings:
        layers = self.layers()
        return Openings(
            roots=tuple(merkle_root(product) for product in layers),
            openings=tuple(
                open_entry(self.shape, layers[entry.product], self.products[entry.product][entry.row].tobytes(), entry)
                for entry in entries(sample_seed, self.shape)
            ),
        )


def honest() -> Benchmark:
    """A small claim whose products are right."""
    shape, seed = Shape(128, 90, 3), keccak256(b"a small benchmark")
    products = [
        np.concatenate(list(row_blocks(seed, shape, product, 48)), dtype=">i4") for product in range(shape.products)
    ]
    return Benchmark(shape, seed, products)
