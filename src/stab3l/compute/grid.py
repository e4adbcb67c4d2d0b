"""What a zero-knowledge proof is about: two rows and two columns of one product, and their fold.

The twin of contracts/src/libraries/SampleGrid.sol, and with contracts/circuits/product.circom one of three that must
agree (docs/reference/zero-knowledge.md); tests/end_to_end/test_zero_knowledge.py compares them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from stab3l.compute.matrices import Side, words
from stab3l.compute.openings import Opening
from stab3l.compute.sampling import Entry
from stab3l.compute.statement import Statement
from stab3l.hashing import keccak256

FIELD: Final = 21888242871839275222246405745257275088548364400416034343698204186575808495617
"""Order of BN254's scalar field."""

_PART_BITS: Final = 48
_SAMPLES: Final = 2


@dataclass(frozen=True, slots=True)
class Grid:
    """The lines to prove; entries lie where they cross."""

    product: int
    rows: tuple[int, int]
    columns: tuple[int, int]

    @property
    def crossings(self) -> list[Entry]:
        """Four entries, row by row."""
        return [Entry(self.product, row, column) for row in self.rows for column in self.columns]


class GridOpenings(msgspec.Struct, frozen=True):
    """What `ZeroKnowledgeProof.openSamples` takes."""

    product_root: bytes
    product_path: tuple[bytes, ...]
    openings: tuple[Opening, ...]


def draw(statement: Statement) -> Grid:
    """The lines that the statement's sample seed names: five parts of 48 bits of one hash."""
    drawn = int.from_bytes(keccak256(statement.sample_seed + b"grid"), "big")
    parts = [drawn >> (_PART_BITS * index) & ((1 << _PART_BITS) - 1) for index in range(2 * _SAMPLES + 1)]
    row, other_row, column, other_column = (part % statement.rows for part in parts[:4])
    return Grid(parts[4] % statement.products, (row, other_row), (column, other_column))


def lines_words(statement: Statement) -> list[list[int]]:
    """The words of the rows, then those of the columns: the circuit's private input."""
    grid = draw(statement)
    lines = [(Side.A, row) for row in grid.rows] + [(Side.B, column) for column in grid.columns]
    return [words(statement.seed, grid.product, side, statement.depth, index) for side, index in lines]


def claim_word(statement: Statement) -> int:
    """What the claim is bound to, as one number of the field: `fold` and the circuit's hash begin with it."""
    return int.from_bytes(keccak256(statement.seed + statement.root + statement.sample_seed), "big") % FIELD


def fold(statement: Statement, lines: list[list[int]], entries: list[int], gamma: int) -> int:
    """Horner's rule at ``gamma`` over the claim, all words and the entries."""
    folded = claim_word(statement)
    for term in [word for line in lines for word in line] + entries:
        folded = (folded * gamma + term) % FIELD
    return folded
