"""What is credited, decided without a chain: order, the hash chain, disagreement."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from stab3l.chain.errors import Reorganised
from stab3l.exchange.gateway_client import Deposits
from stab3l.hashing import keccak256
from stab3l.keepers.deposit_rules import (
    DEPOSITS_PER_ROUND,
    SeenDeposit,
    check_credited,
    deposit_hash,
    last_of_round,
    plan_credits,
)
from stab3l.keepers.errors import HistoriesDisagree

CHAIN = 412346
TOKEN, OTHER_TOKEN = b"\x01" * 20, b"\x02" * 20
ASSETS = {(CHAIN, TOKEN): 7}
ZERO = bytes(32)


def history(count: int, token: bytes = TOKEN) -> list[SeenDeposit]:
    """``count`` deposits from the beginning, rightly chained."""
    seen: list[SeenDeposit] = []
    link = ZERO
    for ordinal in range(1, count + 1):
        link = deposit_hash(link, ordinal, token, bytes([ordinal]) * 20, ordinal * 10)
        seen.append(SeenDeposit(ordinal, bytes([ordinal]) * 20, token, ordinal * 10, link, bytes(32), ordinal))
    return seen


def credited(seen: list[SeenDeposit], count: int) -> Deposits:
    return Deposits(count, seen[count - 1].deposit_hash if count else ZERO)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**64 - 1), st.integers(0, 2**256 - 1))
def test_a_link_is_the_contracts_abi_encoding(previous: bytes, ordinal: int, amount: int) -> None:
    types = ("bytes32", "uint64", "address", "address", "uint256")
    encoded = encode(types, (previous, ordinal, "0x" + TOKEN.hex(), "0x" + OTHER_TOKEN.hex(), amount))
    assert deposit_hash(previous, ordinal, TOKEN, OTHER_TOKEN, amount) == keccak256(encoded)


@pytest.mark.parametrize("count", [0, 2])
def test_what_is_missing_is_credited_in_order(count: int) -> None:
    seen = history(5)
    plan = plan_credits(CHAIN, credited(seen, count), seen[::-1], 5, seen[4].deposit_hash, ASSETS)
    assert [command.ordinal for command in plan.commands] == list(range(count + 1, 6))
    first = plan.commands[0]
    assert (first.asset, first.amount, first.owner) == (7, 10 * (count + 1), bytes([count + 1]) * 20)
    assert plan.blocked is None


def test_a_round_takes_no_more_than_its_share() -> None:
    assert last_of_round(10, 12) == 12
    assert last_of_round(10, 10**6) == 10 + DEPOSITS_PER_ROUND


def test_events_that_do_not_lead_to_the_contracts_hash_are_read_again() -> None:
    seen = history(4)
    known = credited(seen, 1)
    broken = {
        "one is missing": ([*seen[1:2], seen[3]], 4, seen[3].deposit_hash),
        "the last is missing": (seen[1:3], 4, seen[3].deposit_hash),
        "an amount differs": ([*seen[1:3], history(4, OTHER_TOKEN)[3]], 4, seen[3].deposit_hash),
        "the contract says otherwise": (seen[1:], 4, b"\xff" * 32),
        "none": ([], 4, seen[3].deposit_hash),
    }
    for name, (found, last, last_hash) in broken.items():
        with pytest.raises(Reorganised):
            plan_credits(CHAIN, known, found, last, last_hash, ASSETS)
        assert name


def test_history_that_was_credited_otherwise_is_never_continued() -> None:
    seen, others = history(3), history(3, OTHER_TOKEN)
    with pytest.raises(Reorganised):
        plan_credits(CHAIN, credited(others, 2), seen, 3, seen[2].deposit_hash, ASSETS)


def test_a_deposit_of_a_token_that_is_no_asset_holds_up_those_behind_it() -> None:
    first = history(1)[0]
    second_hash = deposit_hash(first.deposit_hash, 2, OTHER_TOKEN, TOKEN, 5)
    second = SeenDeposit(2, TOKEN, OTHER_TOKEN, 5, second_hash, bytes(32), 0)
    third_hash = deposit_hash(second_hash, 3, TOKEN, TOKEN, 5)
    third = SeenDeposit(3, TOKEN, TOKEN, 5, third_hash, bytes(32), 0)
    plan = plan_credits(CHAIN, Deposits(0, ZERO), [first, second, third], 3, third_hash, ASSETS)
    assert [command.ordinal for command in plan.commands] == [1]
    assert plan.blocked == second


def test_credited_history_must_still_be_on_the_chain() -> None:
    known = credited(history(3), 3)
    check_credited(CHAIN, known, known.deposit_hash)
    check_credited(CHAIN, Deposits(0, ZERO), None)
    for found in (None, b"\xff" * 32):
        with pytest.raises(HistoriesDisagree) as halted:
            check_credited(CHAIN, known, found)
        assert halted.value.values == {
            "chain_id": CHAIN,
            "ordinal": 3,
            "credited": known.deposit_hash,
            "found": found,
        }
