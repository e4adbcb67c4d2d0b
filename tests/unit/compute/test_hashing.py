"""Keccak-256 is Ethereum's, and a Merkle path leads from each leaf to the root at its own place only."""

from __future__ import annotations

import pytest

from stab3l.hashing import keccak256, keccak_many, merkle_layers, merkle_path, merkle_root, merkle_root_from


def test_the_hash_is_ethereums() -> None:
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak256(b"abc").hex() == "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"


@pytest.mark.parametrize("width", [1, 45, 64, 136, 257])
def test_bulk_hashes_are_the_single_ones(width: int) -> None:
    data = bytes(index % 251 for index in range(width * 19))
    pieces = [data[start : start + width] for start in range(0, len(data), width)]
    assert keccak_many(data, width) == b"".join(keccak256(piece) for piece in pieces)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 13])
def test_each_leaf_proves_its_own_position(count: int) -> None:
    leaves = [keccak256(bytes([number])) for number in range(count)]
    layers = merkle_layers(b"".join(leaves))
    root = merkle_root(layers)
    for index, leaf in enumerate(leaves):
        path = merkle_path(layers, index)
        assert len(path) == (count - 1).bit_length()
        reached = [merkle_root_from(leaf, other, path) == root for other in range(1 << len(path))]
        assert [other for other, fits in enumerate(reached) if fits] == [index]


def test_missing_leaves_are_zero_hashes() -> None:
    leaf = keccak256(b"leaf")
    right = keccak256(leaf + bytes(32))
    left = keccak256(leaf + leaf)
    assert merkle_root(merkle_layers(leaf * 3)) == keccak256(left + right)
