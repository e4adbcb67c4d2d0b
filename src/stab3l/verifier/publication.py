"""One whole product, downloaded from the provider and checked while it arrives: size, root, Freivalds."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Final

import anyio
import anyio.to_thread
import httpx
import numpy as np

from stab3l.compute.commitment import Tree
from stab3l.compute.freivalds import ProductCheck, vectors_bytes, vectors_from
from stab3l.compute.shape import Shape
from stab3l.compute.statement import Statement
from stab3l.hashing import merkle_root
from stab3l.verifier.refusals import ProductMalformed, ProductRootMismatch, ProductUnavailable

ROWS_AT_ONCE: Final = 256
READ_TIMEOUT_S: Final = 20
DOWNLOAD_TIMEOUT_S: Final = 300


class Publication:
    """Takes the bytes of a published product in order and judges them at the end."""

    def __init__(self, seed: bytes, shape: Shape, product: int) -> None:
        self._shape = shape
        self._product = product
        vectors = vectors_from(self._shape, secrets.token_bytes(vectors_bytes(self._shape)))
        self._check = ProductCheck(seed, self._shape, product, vectors)
        self._tree = Tree(shape)
        self._pending = bytearray()
        self._received = 0

    def add(self, piece: bytes) -> None:
        """The next bytes.

        Raises:
            ProductMalformed: there are more than a product has.
            ProductWrong: an entry is out of range.
        """
        self._received += len(piece)
        if self._received > self._shape.product_bytes:
            raise ProductMalformed(f"product {self._product} has too many bytes", product=self._product)
        self._pending += piece
        block = ROWS_AT_ONCE * self._shape.row_bytes
        while len(self._pending) >= block:
            self._add_rows(bytes(self._pending[:block]))
            del self._pending[:block]

    def finish(self, product_root: bytes) -> None:
        """Judges the product after its last byte.

        Raises:
            ProductMalformed, ProductRootMismatch, ProductWrong: it is not the committed one, or not right.
        """
        if self._received != self._shape.product_bytes:
            raise ProductMalformed(
                f"product {self._product} has {self._received} bytes", product=self._product, received=self._received
            )
        if self._pending:
            self._add_rows(bytes(self._pending))
        if merkle_root(self._tree.finish()) != product_root:
            raise ProductRootMismatch(
                f"product {self._product} is not the committed one", product=self._product, committed=product_root
            )
        self._check.finish()

    def _add_rows(self, rows: bytes) -> None:
        entries = np.frombuffer(rows, dtype=">i4").reshape(-1, self._shape.rows)
        self._tree.add(entries)
        self._check.add(entries)


async def check_published(
    client: httpx.AsyncClient, provider_url: str, statement: Statement, product: int, product_root: bytes
) -> None:
    """Downloads ``product`` and accepts it, or raises why not.

    Raises:
        ProductUnavailable: the provider does not give it in time.
        ProductMalformed, ProductRootMismatch, ProductWrong: it is not the committed one, or not right.
    """
    publication = await anyio.to_thread.run_sync(Publication, statement.seed, statement.shape, product)
    url = f"{provider_url.rstrip('/')}/claims/{statement.claim_id}/products/{product}"
    try:
        with anyio.fail_after(DOWNLOAD_TIMEOUT_S):
            async for piece in _pieces(client, url, product):
                await anyio.to_thread.run_sync(publication.add, piece)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise ProductUnavailable(f"product {product} did not arrive: {error!r}", product=product) from None
    await anyio.to_thread.run_sync(publication.finish, product_root)


async def _pieces(client: httpx.AsyncClient, url: str, product: int) -> AsyncIterator[bytes]:
    async with client.stream("GET", url, timeout=READ_TIMEOUT_S) as answer:
        if answer.status_code != httpx.codes.OK:
            raise ProductUnavailable(
                f"the provider answers {answer.status_code} for product {product}",
                product=product,
                status=answer.status_code,
            )
        async for piece in answer.aiter_raw():
            yield piece
