"""What is sealed, posted, paid and put off, decided without a chain."""

from __future__ import annotations

import pytest

from stab3l.engine.wire import AssetTotals, ChainDeposits, Sealed
from stab3l.exchange.gateway_client import Status, Total, Withdrawal
from stab3l.keepers.errors import NotConserved, SettlementDiverged
from stab3l.keepers.payouts import PAYMENTS_PER_ROUND, Payouts
from stab3l.keepers.settlement_rules import (
    ZERO_HASH,
    LastBatch,
    batch_of,
    check_conserved,
    check_nothing_posted,
    needs_batch,
    needs_seal,
    payment_of,
    retry_after_s,
)

HERE, THERE = 412346, 138
A, B, C = (bytes([n]) * 20 for n in (0xA, 0xB, 0xC))
ROOT = b"\x05" * 32
SEALED = Sealed(
    sequence=40,
    block=3,
    first_input=21,
    last_input=40,
    input_hash=b"\x01" * 32,
    output_hash=b"\x02" * 32,
    state_root=ROOT,
    balances_root=b"\x03" * 32,
    balances_count=9,
    withdrawals_root=b"\x04" * 32,
    withdrawals_count=2,
    positions_root=b"\x08" * 32,
    positions_count=3,
    chains=(ChainDeposits(THERE, 1, b"\x06" * 32), ChainDeposits(HERE, 8, b"\x07" * 32)),
    assets=(AssetTotals(0, HERE, A, 100, 10), AssetTotals(1, HERE, B, 200, 20), AssetTotals(2, THERE, A, 300, 30)),
)
NOTHING = LastBatch(0, 0, 0, ZERO_HASH)


def status(sequence: int, sealed: int) -> Status:
    return Status(sequence, 1, 1, sealed, ROOT)


def withdrawal(number: int, chain_id: int = HERE, owner: bytes = B) -> Withdrawal:
    return Withdrawal(number, 3, 0, chain_id, A, owner, C, 5)


def test_a_seal_follows_new_commands_only() -> None:
    assert needs_seal(status(10, 9), 0)
    assert not needs_seal(status(10, 10), 0)
    assert not needs_seal(status(0, 0), 0)


def test_a_refused_seal_is_not_repeated_until_a_command_comes() -> None:
    assert not needs_seal(status(11, 10), refused_at=11)
    assert needs_seal(status(12, 10), refused_at=11)


def test_a_sealed_block_is_posted_until_the_chain_has_it() -> None:
    assert needs_batch(HERE, SEALED, NOTHING)
    assert needs_batch(HERE, SEALED, LastBatch(1, 20, 2, b"\x09" * 32))
    assert not needs_batch(HERE, SEALED, LastBatch(2, 40, 3, ROOT))


@pytest.mark.parametrize("last", [LastBatch(2, 41, 4, ROOT), LastBatch(2, 40, 3, ZERO_HASH), LastBatch(2, 40, 2, ROOT)])
def test_a_batch_that_this_engine_did_not_make_stops_settlement(last: LastBatch) -> None:
    with pytest.raises(SettlementDiverged):
        needs_batch(HERE, SEALED, last)


def test_an_engine_without_a_seal_fits_only_a_chain_without_a_batch() -> None:
    check_nothing_posted(HERE, NOTHING)
    with pytest.raises(SettlementDiverged):
        check_nothing_posted(HERE, LastBatch(1, 4, 1, ROOT))


def test_a_batch_covers_everything_since_the_chains_last_one() -> None:
    batch = batch_of(SEALED, HERE, 7, ["0x" + B.hex(), "0x" + A.hex()])
    assert (batch["firstInput"], batch["lastInput"], batch["block_"]) == (8, 40, 3)
    assert (batch["depositCount"], batch["depositHash"]) == (8, b"\x07" * 32)
    assert batch["totals"] == [
        {"token": "0x" + B.hex(), "credited": 200, "withdrawn": 20},
        {"token": "0x" + A.hex(), "credited": 100, "withdrawn": 10},
    ]


def test_a_token_or_chain_that_the_engine_does_not_know_has_moved_nothing() -> None:
    batch = batch_of(SEALED, 651940, 0, ["0x" + C.hex()])
    assert (batch["depositCount"], batch["depositHash"]) == (0, ZERO_HASH)
    assert batch["totals"] == [{"token": "0x" + C.hex(), "credited": 0, "withdrawn": 0}]


def test_a_payment_is_the_leaf_itself() -> None:
    assert payment_of(withdrawal(4)) == {
        "id": 4,
        "chainId": HERE,
        "token": "0x" + A.hex(),
        "owner": "0x" + B.hex(),
        "recipient": "0x" + C.hex(),
        "amount": 5,
    }


def test_a_refused_payment_waits_longer_each_time_up_to_five_minutes() -> None:
    assert [retry_after_s(failures) for failures in (1, 2, 3, 8, 9, 100)] == [2, 4, 8, 256, 300, 300]


def test_payouts_remember_the_open_withdrawals_of_their_chain() -> None:
    payouts = Payouts(HERE)
    payouts.learn([withdrawal(0), withdrawal(1, THERE), withdrawal(2), withdrawal(3)], paid=frozenset({0}))
    assert payouts.next_id == 4
    assert [w.id for w in payouts.open(3)] == [2]
    assert [w.id for w in payouts.open(4)] == [2, 3]
    payouts.paid_for_good(2)
    assert [w.id for w in payouts.open(4)] == [3]


def test_a_refused_payment_is_not_due_and_holds_up_no_other() -> None:
    payouts = Payouts(HERE)
    payouts.learn([withdrawal(0), withdrawal(1)])
    assert payouts.refused(0) == 2
    assert [w.id for w in payouts.due(2)] == [1]
    assert payouts.refused(0) == 4


def test_a_round_proves_no_more_than_it_can_before_the_next_seal_however_many_wait() -> None:
    payouts = Payouts(HERE)
    payouts.learn(withdrawal(number) for number in range(3 * PAYMENTS_PER_ROUND))
    assert [w.id for w in payouts.due(3 * PAYMENTS_PER_ROUND)] == list(range(PAYMENTS_PER_ROUND))


def test_who_queues_thousands_of_withdrawals_waits_for_itself() -> None:
    payouts, flood = Payouts(HERE), 3 * PAYMENTS_PER_ROUND
    payouts.learn(withdrawal(number) for number in range(flood))
    payouts.learn([withdrawal(flood, owner=A), withdrawal(flood + 1, owner=C)])
    assert [w.id for w in payouts.due(flood + 2)][:4] == [0, flood, flood + 1, 1]


def test_nothing_is_sealed_over_value_that_never_came_or_that_is_gone() -> None:
    check_conserved([Total(0, 100, 30, 70), Total(1, 0, 0, 0)])
    for owned in (69, 71, -1):
        with pytest.raises(NotConserved):
            check_conserved([Total(0, 100, 30, 70), Total(1, 100, 30, owned)])
