"""Checks a whole claim again, by anyone and at any time: from the chain, and from the outputs that its provider stored.

Every product's tree is computed again and its content checked by Freivalds' method; of a wrong product one wrong entry
is found, opened, and can be shown to ClaimFaults for a bounty (docs/reference/recheck.md).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol

import httpx
import msgspec
import numpy as np
import numpy.typing as npt

from stab3l.chain.contracts import contract, decode_log
from stab3l.chain.port import Chain, Receipt
from stab3l.chain.sender import Sender
from stab3l.compute.commitment import leaves, product_layers, products_path, products_root
from stab3l.compute.freivalds import Integers, ProductWrong
from stab3l.compute.manifest import Manifest
from stab3l.compute.matrices import Side, lines
from stab3l.compute.openings import Opening, open_entry
from stab3l.compute.sampling import Entry
from stab3l.compute.shape import Shape
from stab3l.config import ChainConfig
from stab3l.errors import NotFound, Rejected, Unavailable
from stab3l.hashing import HASH_BYTES, merkle_root
from stab3l.store.blocks import Blocks, file_pieces
from stab3l.store.cid import Cid
from stab3l.verifier.publication import Publication
from stab3l.verifier.refusals import ClaimUnknown, ProductMalformed, ProductRootMismatch

TIMEOUT_S: Final = 60
_STATES_WITH_ROOT: Final = range(2, 6)


class ArtifactsForeign(Rejected):
    """What was given does not belong to the committed root."""

    code: ClassVar[str] = "artifacts_foreign"


class Artifacts(Protocol):
    """Where a claim's outputs come from."""

    def manifest(self) -> Manifest:
        """All products' roots."""

    def pieces(self, product: int) -> Iterator[bytes]:
        """The bytes of one C, in order."""


class ProviderArtifacts:
    """From the provider's own service."""

    def __init__(self, url: str, claim_id: int) -> None:
        self._url = f"{url.rstrip('/')}/claims/{claim_id}"

    def manifest(self) -> Manifest:
        """Raises ``NotFound``, ``Unavailable``, ``ArtifactsForeign``."""
        try:
            with httpx.Client(timeout=TIMEOUT_S, trust_env=False) as client:
                answer = client.get(f"{self._url}/manifest")
                if answer.status_code == httpx.codes.NOT_FOUND:
                    raise NotFound("the provider has no outputs of this claim: name a manifest that was published")
                answer.raise_for_status()
            return msgspec.json.decode(answer.content, type=Manifest)
        except httpx.HTTPError as error:
            raise Unavailable(f"the provider gives no manifest: {_one_line(error)}") from None
        except msgspec.DecodeError as error:
            raise ArtifactsForeign(f"the provider's manifest cannot be read: {error}") from None

    def pieces(self, product: int) -> Iterator[bytes]:
        """Raises ``Unavailable``."""
        try:
            with (
                httpx.Client(timeout=TIMEOUT_S, trust_env=False) as client,
                client.stream("GET", f"{self._url}/products/{product}") as answer,
            ):
                answer.raise_for_status()
                yield from answer.iter_raw()
        except httpx.HTTPError as error:
            raise Unavailable(f"the provider does not give product {product}: {_one_line(error)}") from None


class StoredArtifacts:
    """From a block store, by the CID of the manifest."""

    def __init__(self, store: Blocks, manifest: Cid) -> None:
        self._store = store
        self._cid = manifest
        self._manifest: Manifest | None = None

    def manifest(self) -> Manifest:
        """Raises ``BlockUnknown``, ``Unavailable``, ``ArtifactsForeign``."""
        if self._manifest is None:
            try:
                self._manifest = msgspec.json.decode(b"".join(file_pieces(self._store, self._cid)), type=Manifest)
            except msgspec.DecodeError as error:
                raise ArtifactsForeign(f"{self._cid} is no manifest: {error}") from None
        return self._manifest

    def pieces(self, product: int) -> Iterator[bytes]:
        """Raises ``BlockUnknown``, ``Unavailable``, ``NotFound``."""
        names = self.manifest().products
        if product >= len(names):
            raise NotFound(f"the manifest names no product {product}", product=product)
        yield from file_pieces(self._store, Cid.parse(names[product]))


@dataclass(frozen=True, slots=True)
class Committed:
    """What the chain says of a claim that has a root."""

    claim_id: int
    provider: str
    state: int
    shape: Shape
    seed: bytes
    root: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong entry, ready to be shown."""

    entry: Entry
    committed: int
    right: int
    product_root: bytes
    product_path: tuple[bytes, ...]
    opening: Opening


async def committed_claim(chain: Chain, config: ChainConfig, claim_id: int) -> Committed:
    """The claim as the chain has it.

    Raises:
        ClaimUnknown: there is none, or it has no root yet.
    """
    found: Any = await chain.call(contract(config, "ComputeUnitVerifier"), "claimOf", claim_id)
    if found.state not in _STATES_WITH_ROOT:
        raise ClaimUnknown(f"claim {claim_id} has no committed root", claim_id=claim_id)
    shape = Shape(found.rows, found.depth, found.products)
    return Committed(claim_id, found.provider, found.state, shape, found.seed, found.root)


def recheck(
    claim: Committed,
    artifacts: Artifacts,
    products: list[int] | None = None,
    on_product: Callable[[int], None] = lambda product: None,
) -> Fault | None:
    """The first fault found; None when every product (or each of ``products``) is right.

    Raises:
        ArtifactsForeign: the outputs given are not those committed; this says nothing about the claim.
        Unavailable, NotFound: they cannot be had.
    """
    manifest = artifacts.manifest()
    sized = len(manifest.roots) == claim.shape.products and all(len(root) == HASH_BYTES for root in manifest.roots)
    if not sized or products_root(manifest.roots) != claim.root:
        raise ArtifactsForeign(f"the manifest's roots are not claim {claim.claim_id}'s", claim_id=claim.claim_id)
    for product in range(claim.shape.products) if products is None else products:
        fault = _check_product(claim, manifest, artifacts, product)
        on_product(product)
        if fault is not None:
            return fault
    return None


async def report(sender: Sender, config: ChainConfig, claim_id: int, fault: Fault) -> tuple[int, Receipt]:
    """Shows a fault to ClaimFaults; the bounty [base units of the collateral] and the receipt.

    Raises:
        ContractRejected: somebody was first.
    """
    target = contract(config, "ClaimFaults")
    entry = (fault.entry.product, fault.entry.row, fault.entry.column, fault.product_root)
    opening = (fault.opening.tile, list(fault.opening.path))
    receipt = await sender.transact(target, "proveFault", claim_id, entry, list(fault.product_path), opening)
    for log in receipt.logs:
        event = decode_log(target, log) if log.address == target.address else None
        if event is not None and event.event == "FaultProven":
            return int(event.args["bounty"]), receipt
    raise Rejected("the fault left no event", tx_hash=receipt.tx_hash.hex())


def _check_product(claim: Committed, manifest: Manifest, artifacts: Artifacts, product: int) -> Fault | None:
    """Freivalds and the tree in one pass; the bytes stay on disk in case one entry has to be found."""
    publication, wrong = Publication(claim.seed, claim.shape, product), False
    with tempfile.TemporaryDirectory(prefix="stab3l-recheck-") as folder:
        path = Path(folder) / "product"
        try:
            with path.open("wb") as file:
                for piece in artifacts.pieces(product):
                    file.write(piece)
                    wrong = wrong or _is_wrong(publication.add, piece)
            wrong = wrong or _is_wrong(publication.finish, manifest.roots[product])
        except (ProductMalformed, ProductRootMismatch) as error:
            raise ArtifactsForeign(error.message, product=product) from None
        return _fault(claim, manifest, path, product) if wrong else None


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _is_wrong(check: Callable[[bytes], None], given: bytes) -> bool:
    try:
        check(given)
    except ProductWrong:
        return True
    return False


def _fault(claim: Committed, manifest: Manifest, path: Path, product: int) -> Fault:
    shape = claim.shape
    layers = _layers(path, shape)
    if merkle_root(layers) != manifest.roots[product]:
        raise ArtifactsForeign(f"product {product} is not the committed one", product=product)
    for row, row_bytes in enumerate(_rows(path, shape)):
        committed, right = np.frombuffer(row_bytes, dtype=">i4").astype(np.int64), _right_row(claim, product, row)
        columns = np.flatnonzero(committed != right)
        if columns.size:
            entry = Entry(product, row, int(columns[0]))
            opening = open_entry(shape, layers, row_bytes, entry)
            values = int(committed[entry.column]), int(right[entry.column])
            path_up = products_path(manifest.roots, product)
            return Fault(entry, *values, manifest.roots[product], path_up, opening)
    raise ArtifactsForeign(f"product {product} fails, but none of its entries is wrong", product=product)


def _layers(path: Path, shape: Shape) -> bytes:
    hashes = [leaves(np.frombuffer(row, dtype=">i4").reshape(1, -1)) for row in _rows(path, shape)]
    return product_layers(b"".join(hashes))


def _rows(path: Path, shape: Shape) -> Iterator[bytes]:
    with path.open("rb") as file:
        while row := file.read(shape.row_bytes):
            if len(row) != shape.row_bytes:
                raise ArtifactsForeign(f"{shape.product_bytes} bytes are a product", expected=shape.product_bytes)
            yield row


def _right_row(claim: Committed, product: int, row: int) -> Integers:
    shape = claim.shape
    a = lines(claim.seed, product, Side.A, shape.depth, row, row + 1)[0].astype(np.float64)
    b = _columns(claim.seed, product, shape)
    right: Integers = (b @ a).astype(np.int64)
    return right


@lru_cache(maxsize=1)
def _columns(seed: bytes, product: int, shape: Shape) -> npt.NDArray[np.float64]:
    """B, transposed; kept while the wrong row is looked for."""
    return lines(seed, product, Side.B, shape.depth, 0, shape.rows).astype(np.float64)
