"""The outputs of a claim on disk: for each product C and its Merkle layers, and the roots when all are there.

Memory stays bounded: a product is written row block by row block, and opened by reading the rows that are asked for.
"""

from __future__ import annotations

import mmap
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec

from stab3l.compute.commitment import products_path, products_root
from stab3l.compute.grid import GridOpenings, draw
from stab3l.compute.openings import Opening, Openings, open_entry
from stab3l.compute.product import Workspace, row_blocks
from stab3l.compute.runner import Runner
from stab3l.compute.sampling import Entry, entries
from stab3l.compute.shape import Shape
from stab3l.compute.statement import Statement
from stab3l.errors import Corrupt
from stab3l.hashing import merkle_root

_COMPLETE: Final = "complete.json"
_MINTED: Final = "minted"


class Complete(msgspec.Struct, frozen=True):
    """Written when every product is on disk."""

    seed: bytes
    rows: int
    depth: int
    roots: tuple[bytes, ...]

    @property
    def root(self) -> bytes:
        """The root to commit."""
        return products_root(self.roots)

    @property
    def shape(self) -> Shape:
        """The benchmark's size."""
        return Shape(self.rows, self.depth, len(self.roots))


class Outputs:
    """The folder of one claim."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def product_path(self, product: int) -> Path:
        """The file of C: rows after each other, big-endian int32."""
        return self._folder / f"product-{product}"

    def write_product(
        self, seed: bytes, shape: Shape, product: int, runner: Runner | None = None, workspace: Workspace | None = None
    ) -> bytes:
        """Computes one product, writes it and returns its root. A ``workspace`` serves for all products of a claim."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        workspace = workspace or Workspace(shape)
        with self.product_path(product).open("wb") as file, ThreadPoolExecutor(1) as writer:
            for rows in row_blocks(seed, shape, product, runner=runner, workspace=workspace):
                written = writer.submit(file.write, rows.data)
                workspace.tree.add(rows)
                written.result()
        layers = workspace.tree.finish()
        self._layers_path(product).write_bytes(layers)
        return merkle_root(layers)

    def finish(self, complete: Complete) -> None:
        """Says, on disk, that all products are there."""
        replace_file(self._folder / _COMPLETE, msgspec.json.encode(complete))

    def complete(self) -> Complete | None:
        """What was finished; None while products are missing.

        Raises:
            Corrupt: the file cannot be read.
        """
        path = self._folder / _COMPLETE
        try:
            return msgspec.json.decode(path.read_bytes(), type=Complete)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise Corrupt(f"{path} cannot be read: {error}", path=str(path)) from None

    def open(self, complete: Complete, sample_seed: bytes) -> Openings:
        """The openings that ``sample_seed`` asks for."""
        shape = complete.shape
        openings = tuple(self._open_entry(shape, entry) for entry in entries(sample_seed, shape))
        return Openings(roots=complete.roots, openings=openings)

    def open_grid(self, complete: Complete, statement: Statement) -> GridOpenings:
        """What `ZeroKnowledgeProof.openSamples` asks for."""
        grid = draw(statement)
        openings = tuple(self._open_entry(complete.shape, entry) for entry in grid.crossings)
        path = products_path(complete.roots, grid.product)
        return GridOpenings(complete.roots[grid.product], path, openings)

    def open_one(self, complete: Complete, entry: Entry) -> tuple[Opening, tuple[bytes, ...]]:
        """One entry's opening and its product's way to the root."""
        return self._open_entry(complete.shape, entry), products_path(complete.roots, entry.product)

    def mark_minted(self) -> None:
        """Value stands on these outputs: they stay, so that anybody can check them again."""
        if self._folder.is_dir():
            (self._folder / _MINTED).touch()

    @property
    def minted(self) -> bool:
        """Whether value stands on them."""
        return (self._folder / _MINTED).exists()

    def discard(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _open_entry(self, shape: Shape, entry: Entry) -> Opening:
        with self.product_path(entry.product).open("rb") as file:
            file.seek(entry.row * shape.row_bytes)
            row = file.read(shape.row_bytes)
        with (
            self._layers_path(entry.product).open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as layers,
            memoryview(layers) as view,
        ):
            return open_entry(shape, view, row, entry)

    def _layers_path(self, product: int) -> Path:
        return self._folder / f"layers-{product}"


def claim_outputs(home: Path, claim_id: int) -> Outputs:
    """Where the outputs of a claim lie in a provider's home."""
    return Outputs(_claims(home) / str(claim_id))


def discard_other_claims(home: Path, claim_id: int) -> None:
    """Removes the outputs of all claims but this one and those that were minted."""
    for folder in _claims(home).glob("*"):
        if folder.name != str(claim_id) and not Outputs(folder).minted:
            Outputs(folder).discard()


def replace_file(path: Path, content: bytes) -> None:
    """Puts ``content`` at ``path``, all or nothing, and on the disk."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _claims(home: Path) -> Path:
    return home / "provider" / "claims"
