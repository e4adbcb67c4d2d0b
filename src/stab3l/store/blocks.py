"""Where content-addressed blocks lie: a folder by default, a Kubo node (IPFS) by configuration.

Whatever comes back is checked against its name, so neither store is trusted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final, Protocol

import httpx

from stab3l.errors import Corrupt, NotFound, Unavailable
from stab3l.store.cid import DAG_PB, RAW, Cid, add_file, links_of

TIMEOUT_S: Final = 30
_CODEC_NAMES: Final = {RAW: "raw", DAG_PB: "dag-pb"}
_PIECE_BYTES: Final = 1 << 20


class BlockUnknown(NotFound):
    """The store has no block of this name."""

    code: ClassVar[str] = "block_unknown"


class Blocks(Protocol):
    """Blocks by CID."""

    def put(self, cid: Cid, block: bytes) -> None:
        """Keeps a block; raises ``Unavailable``."""

    def get(self, cid: Cid) -> bytes:
        """The block; raises ``BlockUnknown``, ``Unavailable``, ``Corrupt``."""


class FolderBlocks:
    """One file for each block, named by its CID."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, cid: Cid, block: bytes) -> None:
        """Keeps a block, all or nothing."""
        path = self._folder / str(cid)
        if path.exists():
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_bytes(block)
        draft.replace(path)

    def get(self, cid: Cid) -> bytes:
        """The block.

        Raises:
            BlockUnknown: it is not here.
            Corrupt: its file was changed.
        """
        try:
            return _checked(cid, (self._folder / str(cid)).read_bytes())
        except FileNotFoundError:
            raise BlockUnknown(f"there is no block {cid}", cid=str(cid)) from None


class KuboBlocks:
    """Blocks in a Kubo node, by its RPC (https://docs.ipfs.tech/reference/kubo/rpc/)."""

    def __init__(self, url: str, client: httpx.Client | None = None) -> None:
        self._url = url.rstrip("/")
        self._client = client or httpx.Client(timeout=TIMEOUT_S, trust_env=False)

    def put(self, cid: Cid, block: bytes) -> None:
        """Keeps and pins a block.

        Raises:
            Unavailable: the node does not take it.
        """
        given = {"cid-codec": _CODEC_NAMES[cid.codec], "mhtype": "sha2-256", "pin": "true"}
        self._ask("block/put", given, files={"data": block})

    def get(self, cid: Cid) -> bytes:
        """The block.

        Raises:
            BlockUnknown, Unavailable: the node does not give it.
            Corrupt: it gives something else.
        """
        return _checked(cid, self._ask("block/get", {"arg": str(cid)}))

    def _ask(self, command: str, parameters: dict[str, str], files: dict[str, bytes] | None = None) -> bytes:
        try:
            answer = self._client.post(f"{self._url}/api/v0/{command}", params=parameters, files=files)
        except httpx.HTTPError as error:
            raise Unavailable(f"the IPFS node does not answer: {error!r}", url=self._url) from None
        if answer.status_code != httpx.codes.OK:
            if command == "block/get":
                raise BlockUnknown(f"the IPFS node has no block {parameters['arg']}", cid=parameters["arg"])
            raise Unavailable(f"the IPFS node answers {answer.status_code} to {command}", status=answer.status_code)
        return answer.content


def block_store(folder: Path, ipfs_rpc: str | None) -> Blocks:
    """The configured store."""
    return KuboBlocks(ipfs_rpc) if ipfs_rpc else FolderBlocks(folder)


def keep_file(store: Blocks, path: Path) -> Cid:
    """Puts a file's blocks into the store; its CID."""
    with path.open("rb") as file:
        return add_file(iter(lambda: file.read(_PIECE_BYTES), b""), store.put)


def file_pieces(store: Blocks, cid: Cid) -> Iterator[bytes]:
    """A file's content, leaf by leaf, each checked. Raises as `Blocks.get`."""
    block = store.get(cid)
    if cid.codec == RAW:
        yield block
        return
    for child in links_of(block):
        yield from file_pieces(store, child)


def _checked(cid: Cid, block: bytes) -> bytes:
    if Cid.of(cid.codec, block) != cid:
        raise Corrupt(f"the block under {cid} is another one", cid=str(cid))
    return block
