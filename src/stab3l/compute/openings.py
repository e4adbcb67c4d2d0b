"""Opening sampled entries of a committed C, and judging an opening (docs/reference/benchmark.md, Openings)."""

from __future__ import annotations

from typing import ClassVar

import msgspec
import numpy as np

from stab3l.compute.commitment import leaf, products_root, tile_index
from stab3l.compute.matrices import Side, line
from stab3l.compute.sampling import SAMPLES_PER_PRODUCT, Entry, entries
from stab3l.compute.shape import TILE_BYTES, TILE_COLUMNS, Shape
from stab3l.errors import Rejected
from stab3l.hashing import HASH_BYTES, merkle_path, merkle_root_from


class OpeningMalformed(Rejected):
    """The openings have the wrong number, or a part of one has the wrong length."""

    code: ClassVar[str] = "opening_malformed"


class RootMismatch(Rejected):
    """The products' roots do not make the committed root."""

    code: ClassVar[str] = "root_mismatch"


class TileMismatch(Rejected):
    """A tile is not in its product's tree at the sampled position."""

    code: ClassVar[str] = "tile_mismatch"


class EntryWrong(Rejected):
    """A committed entry is not the product of its row and column."""

    code: ClassVar[str] = "entry_wrong"


class Opening(msgspec.Struct, frozen=True):
    """One tile of C and its path. Where it lies follows from the sample, so the opener cannot choose it."""

    tile: bytes
    path: tuple[bytes, ...]


class Openings(msgspec.Struct, frozen=True):
    """What a provider sends to the committee: all product roots, and the openings in the samples' order."""

    roots: tuple[bytes, ...]
    openings: tuple[Opening, ...]


def open_entry(shape: Shape, layers: bytes | memoryview, row: bytes | memoryview, entry: Entry) -> Opening:
    """Opens ``entry`` from its row of C (big-endian) and the layers of its product's tree."""
    start = entry.column // TILE_COLUMNS * TILE_BYTES
    path = merkle_path(layers, tile_index(shape, entry.row, entry.column))
    return Opening(tile=bytes(row[start : start + TILE_BYTES]), path=path)


def check_openings(shape: Shape, seed: bytes, root: bytes, sample_seed: bytes, given: Openings) -> None:
    """Accepts exactly the openings that ``sample_seed`` asks for, of entries that are right.

    Raises:
        OpeningMalformed: a length is wrong.
        RootMismatch, TileMismatch, EntryWrong: what was committed does not fit, or is not A B.
    """
    _check_lengths(shape, given)
    if products_root(given.roots) != root:
        raise RootMismatch("the products' roots do not make the committed root", root=root.hex())
    for entry, opening in zip(entries(sample_seed, shape), given.openings, strict=True):
        _check_opening(shape, seed, given.roots[entry.product], entry, opening)


def entry_of(seed: bytes, shape: Shape, entry: Entry) -> int:
    """The right value of one entry: its row of A times its column of B, in 64-bit integers."""
    row = line(seed, entry.product, Side.A, shape, entry.row)
    column = line(seed, entry.product, Side.B, shape, entry.column)
    return int(row @ column)


def _check_lengths(shape: Shape, given: Openings) -> None:
    wanted = len(given.roots) == shape.products and all(len(root) == HASH_BYTES for root in given.roots)
    sampled = shape.products * SAMPLES_PER_PRODUCT
    if not wanted or len(given.openings) != sampled:
        raise OpeningMalformed(
            f"{shape.products} roots and {sampled} openings are asked for",
            roots=len(given.roots),
            openings=len(given.openings),
        )
    for number, opening in enumerate(given.openings):
        hashes = len(opening.path) == shape.tree_depth and all(len(hash_) == HASH_BYTES for hash_ in opening.path)
        if len(opening.tile) != TILE_BYTES or not hashes:
            raise OpeningMalformed(
                f"opening {number} needs a tile of {TILE_BYTES} bytes and {shape.tree_depth} hashes", opening=number
            )


def _check_opening(shape: Shape, seed: bytes, product_root: bytes, entry: Entry, opening: Opening) -> None:
    index = tile_index(shape, entry.row, entry.column)
    where = {"product": entry.product, "row": entry.row, "column": entry.column}
    if merkle_root_from(leaf(opening.tile), index, opening.path) != product_root:
        raise TileMismatch(f"the tile at row {entry.row}, column {entry.column} is not what was committed", **where)
    committed = int(np.frombuffer(opening.tile, dtype=">i4")[entry.column % TILE_COLUMNS])
    right = entry_of(seed, shape, entry)
    if committed != right:
        raise EntryWrong(
            f"entry ({entry.row}, {entry.column}) of product {entry.product} is {right}, not {committed}",
            **where,
            committed=committed,
            right=right,
        )
