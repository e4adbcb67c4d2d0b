"""Claims small enough to be proved in a test, for the contracts' tests and for the circuit's.

``python -m stab3l.testing.proof_fixtures`` writes contracts/test/fixtures, after a change of the circuit;
tests/end_to_end/test_zero_knowledge.py holds them to what this module makes anew.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from stab3l.compute.commitment import leaves, product_layers, products_path, products_root
from stab3l.compute.grid import draw
from stab3l.compute.openings import Opening, open_entry
from stab3l.compute.product import row_blocks
from stab3l.compute.sampling import Entry
from stab3l.compute.shape import ELEMENT_BYTES, Shape
from stab3l.compute.statement import ComputeClass, Statement, sample_seed_of, seed_of
from stab3l.hashing import keccak256, merkle_root
from stab3l.provider.circuit import TOOLS, Circuit

SHAPE: Final = Shape(rows=64, depth=84, products=2)
WRONG: Final = Entry(product=1, row=7, column=33)
"""The entry that the false claim changes by one."""

CLAIM_ID: Final = 1
PROVIDER: Final = "0x00000000000000000000000000000000000000A1"
NAME: Final = b"a small claim"

FOLDER: Final = Path(__file__).parents[3] / "contracts" / "test" / "fixtures"


@dataclass(frozen=True)
class SmallClaim:
    """All outputs of one claim in memory."""

    statement: Statement
    products: tuple[bytes, ...]
    layers: tuple[bytes, ...]

    @property
    def roots(self) -> tuple[bytes, ...]:
        """The products' roots."""
        return tuple(merkle_root(layers) for layers in self.layers)

    def open(self, entry: Entry) -> Opening:
        """One entry's opening."""
        row_bytes = self.statement.shape.row_bytes
        row = self.products[entry.product][entry.row * row_bytes : (entry.row + 1) * row_bytes]
        return open_entry(self.statement.shape, self.layers[entry.product], row, entry)


def seed_block_hash(name: bytes = NAME) -> bytes:
    """Of the block that seeds a claim."""
    return keccak256(name)


def sample_block_hash(name: bytes = NAME) -> bytes:
    """Of the block that chooses its samples."""
    return keccak256(name + b": samples")


def small_claim(wrong: Entry | None = None, name: bytes = NAME) -> SmallClaim:
    """A claim of `SHAPE`, as the contracts make it of these blocks; with ``wrong`` that entry is one too high."""
    seed = seed_of(seed_block_hash(name), CLAIM_ID, PROVIDER, ComputeClass.F32)
    products = []
    for product in range(SHAPE.products):
        rows = np.concatenate(list(row_blocks(seed, SHAPE, product))).astype(">i4")
        if wrong is not None and wrong.product == product:
            rows[wrong.row, wrong.column] += 1
        products.append(rows)
    layers = tuple(product_layers(leaves(rows)) for rows in products)
    root = products_root([merkle_root(each) for each in layers])
    statement = Statement(
        claim_id=CLAIM_ID,
        provider=PROVIDER,
        compute_class=ComputeClass.F32,
        rows=SHAPE.rows,
        depth=SHAPE.depth,
        products=SHAPE.products,
        seed_block=1_000,
        commit_block=1_010,
        seed=seed,
        root=root,
        sample_seed=sample_seed_of(sample_block_hash(name), root),
        operations_per_second=10**12,
    )
    return SmallClaim(statement, tuple(rows.tobytes() for rows in products), layers)


def entry_bytes(opening: Opening, entry: Entry) -> int:
    """The committed value in an opening."""
    start = entry.column % 64 * ELEMENT_BYTES
    return int.from_bytes(opening.tile[start : start + ELEMENT_BYTES], "big", signed=True)


def claim_fixture(claim: SmallClaim) -> dict[str, Any]:
    """Statement and the grid's openings as JSON that forge reads."""
    grid = draw(claim.statement)
    return {
        "statement": _plain(asdict(claim.statement)),
        "seedBlockHash": _plain(seed_block_hash()),
        "sampleBlockHash": _plain(sample_block_hash()),
        "productRoot": _plain(claim.roots[grid.product]),
        "productPath": _plain(products_path(claim.roots, grid.product)),
        "openings": [_opening(claim.open(entry)) for entry in grid.crossings],
    }


def fault_fixture(claim: SmallClaim, entry: Entry) -> dict[str, Any]:
    """Statement and one opening as JSON that forge reads."""
    return {
        "statement": _plain(asdict(claim.statement)),
        "entry": {"product": entry.product, "row": entry.row, "column": entry.column},
        "productRoot": _plain(claim.roots[entry.product]),
        "productPath": _plain(products_path(claim.roots, entry.product)),
        "opening": _opening(claim.open(entry)),
    }


def _opening(opening: Opening) -> dict[str, Any]:
    return {"tile": _plain(opening.tile), "path": _plain(opening.path)}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def render(fixture: dict[str, Any]) -> str:
    """As the file has it."""
    return json.dumps(fixture, indent=1) + "\n"


def write() -> None:
    """Builds the small circuit, proves the claim and writes both files."""
    claim = small_claim()
    with tempfile.TemporaryDirectory(prefix="stab3l-fixtures-") as folder:
        circuit = Circuit(TOOLS, Path(folder) / "circuit", SHAPE.depth)
        key = circuit.build()
        proof = circuit.prove(claim.statement)
    entries = [entry_bytes(claim.open(entry), entry) for entry in draw(claim.statement).crossings]
    proved = {"key": list(key.words), "depth": key.depth, "proof": _plain(proof.encoded()), "entries": entries}
    (FOLDER / "proved_claim.json").write_text(render(claim_fixture(claim) | proved))
    (FOLDER / "false_claim.json").write_text(render(fault_fixture(small_claim(WRONG), WRONG)))


if __name__ == "__main__":
    write()
