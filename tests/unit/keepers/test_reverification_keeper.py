"""Which epochs a keeper looks at, and what their hashes say."""

from __future__ import annotations

import pytest

from stab3l.hashing import keccak256
from stab3l.keepers.reverification import BLOCKHASH_BLOCKS, readable_epochs, summons


@pytest.mark.parametrize(
    ("head", "summoned", "epochs"),
    [
        (5, 0, []),
        (239, 0, []),
        (240, 0, [1]),
        (495, 0, [2, 1]),
        (496, 0, [2]),
        (500, 2, []),
        (720, 1, [3, 2]),
    ],
)
def test_an_epoch_can_be_summoned_while_its_hash_is_readable(head: int, summoned: int, epochs: list[int]) -> None:
    found = readable_epochs(head, 240, summoned)
    assert found == epochs
    # The contract's condition, for the block in which the call is mined.
    assert all(epoch * 240 < head + 1 <= epoch * 240 + BLOCKHASH_BLOCKS for epoch in found)


def test_about_as_many_hashes_summon_as_the_chance_says() -> None:
    drawn = sum(summons(keccak256(number.to_bytes(4, "big")), 667) for number in range(5_000))
    assert drawn == pytest.approx(5_000 * 0.0667, rel=0.2)
    assert not any(summons(keccak256(bytes([number])), 0) for number in range(50))
    assert all(summons(keccak256(bytes([number])), 10_000) for number in range(50))
