"""Names of content are those of IPFS, and no store is believed.

The first two vectors are in wide use (the empty block and "hello world" as raw blocks: multiformats' CID documents and
the IPFS documentation). The others were computed by IPFS's own importer, npm ``ipfs-unixfs-importer`` 17.1.1, with
``{cidVersion: 1, rawLeaves: true, reduceSingleLeafToSelf: true}``, chunks of 262,144 bytes and the balanced layout with
174 links: what ``ipfs add --cid-version=1 --raw-leaves`` does.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from stab3l.errors import Corrupt, Unavailable
from stab3l.store.blocks import Blocks, BlockUnknown, FolderBlocks, KuboBlocks, block_store, file_pieces, keep_file
from stab3l.store.cid import CHUNK_BYTES, DAG_PB, LINKS_MAX, RAW, Cid, CidInvalid, add_file, links_of
from stab3l.testing.kubo import FakeKubo


def pattern(length: int) -> bytes:
    return bytes((i * 31 + (i >> 8) * 7) & 255 for i in range(length))


VECTORS = [
    (b"", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"),
    (b"hello world", "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"),
    (pattern(262_144), "bafkreietseox7mbu3i3vb7ros2unfux4aqryzvgytw7scpl5juzn65javy"),
    (pattern(262_145), "bafybeicouja4gg2waqb57du37qije2sp5slnazguiuchd2lj4gix54r2pa"),
    (pattern(1_048_577), "bafybeibg6a447okndve4263auvvabhyknwvntmm57drbnuebwctsa67xea"),
    # 177 chunks: a tree of two levels.
    (bytes(46_137_345), "bafybeidjk2nzujbxrfui43zqryuzx7fgbvf6olwycd6j5hfavrt7uia7ni"),
]


@pytest.mark.parametrize(("content", "name"), VECTORS, ids=lambda given: str(len(given)))
def test_a_file_is_named_as_ipfs_names_it(content: bytes, name: str) -> None:
    blocks: dict[Cid, bytes] = {}
    assert str(add_file([content], blocks.__setitem__)) == name
    assert Cid.parse(name) in blocks
    # However the content is handed over.
    third = len(content) // 3
    assert str(add_file([content[:third], content[third:]], lambda *_: None)) == name


def test_a_name_is_made_by_hand_from_its_parts() -> None:
    """Multibase b, version 1, codec raw (0x55), multihash sha2-256 (0x12) of 32 bytes (0x20): the CID specification."""
    binary = bytes([0x01, 0x55, 0x12, 0x20]) + hashlib.sha256(b"hello world").digest()
    by_hand = "b" + base64.b32encode(binary).decode().lower().rstrip("=")
    assert by_hand == str(Cid.of(RAW, b"hello world")) == VECTORS[1][1]


def test_a_long_file_is_a_tree_of_nodes_with_at_most_174_links() -> None:
    blocks: dict[Cid, bytes] = {}
    content, name = VECTORS[-1]
    root = add_file([content], blocks.__setitem__)
    middle = links_of(blocks[root])
    assert [len(links_of(blocks[one])) for one in middle] == [LINKS_MAX, 3]
    assert all(len(block) <= CHUNK_BYTES for cid, block in blocks.items() if cid.codec == RAW)
    assert str(root) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b",
        "QmY7Yh4UquoXHLPFo2XbhXkhBvFoPwmQUSa92pxnxjQuPU",  # version 0
        "zb2rhe5P4gXftAwvA4eXQ5HJwsER2owDyS9sKaQRRVQPn93bA",  # base58
        VECTORS[1][1].upper(),
        VECTORS[1][1][:-1],
        VECTORS[1][1] + "a",
        "bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",  # dag-cbor
    ],
)
def test_what_is_no_such_name_is_refused(text: str) -> None:
    with pytest.raises(CidInvalid):
        Cid.parse(text)


def test_a_block_that_is_cut_short_has_no_links() -> None:
    blocks: dict[Cid, bytes] = {}
    root = add_file([pattern(600_000)], blocks.__setitem__)
    with pytest.raises(CidInvalid):
        links_of(blocks[root][:-1])


# --- Stores


@pytest.fixture(params=["folder", "kubo"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Blocks:
    if request.param == "folder":
        return block_store(tmp_path / "blocks", None)
    node: FakeKubo = request.getfixturevalue("node")
    return block_store(tmp_path / "blocks", node.url)


@pytest.fixture
def node() -> object:
    with FakeKubo() as node:
        yield node


def test_a_file_comes_back_from_either_store(store: Blocks, tmp_path: Path) -> None:
    path = tmp_path / "product"
    path.write_bytes(pattern(600_000))
    name = keep_file(store, path)
    assert name.codec == DAG_PB
    assert b"".join(file_pieces(store, name)) == path.read_bytes()


def test_a_block_that_nobody_stored_is_unknown(store: Blocks) -> None:
    with pytest.raises(BlockUnknown):
        store.get(Cid.of(RAW, b"never stored"))


def test_a_node_that_gives_another_block_is_found_out(node: FakeKubo) -> None:
    name = Cid.of(RAW, b"what was stored")
    KuboBlocks(node.url).put(name, b"what was stored")
    assert node.pinned == {str(name)}
    node.blocks[str(name)] = b"something else"
    with pytest.raises(Corrupt):
        KuboBlocks(node.url).get(name)


def test_a_file_in_the_folder_that_was_changed_is_found_out(tmp_path: Path) -> None:
    store, name = FolderBlocks(tmp_path), Cid.of(RAW, b"what was stored")
    store.put(name, b"what was stored")
    (tmp_path / str(name)).write_bytes(b"something else")
    with pytest.raises(Corrupt):
        store.get(name)


def test_a_node_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        KuboBlocks("http://127.0.0.1:1").put(Cid.of(RAW, b"x"), b"x")
