"""A published product is checked while it arrives: size, committed root, Freivalds."""

from __future__ import annotations

import numpy as np
import pytest

from stab3l.compute.commitment import leaves, product_layers
from stab3l.compute.freivalds import ProductWrong
from stab3l.compute.product import row_blocks
from stab3l.compute.shape import Shape
from stab3l.compute.statement import Statement
from stab3l.hashing import keccak256, merkle_root
from stab3l.verifier.publication import Publication
from stab3l.verifier.refusals import ProductMalformed, ProductRootMismatch

SHAPE = Shape(320, 50, 2)
STATEMENT = Statement(
    claim_id=1,
    provider="0x00000000000000000000000000000000000000AA",
    compute_class=0,
    rows=SHAPE.rows,
    depth=SHAPE.depth,
    products=SHAPE.products,
    seed_block=1,
    commit_block=2,
    seed=keccak256(b"seed"),
    root=bytes(32),
    sample_seed=bytes(32),
    operations_per_second=1,
)
PRODUCT = np.concatenate(list(row_blocks(STATEMENT.seed, SHAPE, 1)), dtype=">i4")


def root_of(product: np.ndarray) -> bytes:
    return merkle_root(product_layers(leaves(product)))


def publish(content: bytes, root: bytes, piece: int = 10_007) -> None:
    publication = Publication(STATEMENT.seed, STATEMENT.shape, 1)
    for start in range(0, len(content), piece):
        publication.add(content[start : start + piece])
    publication.finish(root)


@pytest.mark.parametrize("piece", [1_000, 65_536, 10**6])
def test_the_committed_product_is_accepted_in_pieces_of_any_size(piece: int) -> None:
    publish(PRODUCT.tobytes(), root_of(PRODUCT), piece)


def test_a_product_that_was_committed_wrong_is_caught() -> None:
    wrong = PRODUCT.copy()
    wrong[319, 319] -= 1
    with pytest.raises(ProductWrong):
        publish(wrong.tobytes(), root_of(wrong))


def test_a_right_product_that_was_not_committed_is_caught() -> None:
    wrong = PRODUCT.copy()
    wrong[0, 0] += 1
    with pytest.raises(ProductRootMismatch):
        publish(PRODUCT.tobytes(), root_of(wrong))


@pytest.mark.parametrize("content", [b"", PRODUCT.tobytes()[:-1], PRODUCT.tobytes() + b"\x00"])
def test_a_product_of_another_size_is_refused(content: bytes) -> None:
    with pytest.raises(ProductMalformed):
        publish(content, root_of(PRODUCT))
