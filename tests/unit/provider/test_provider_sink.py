"""When a sink commits, reveals and waits; what a keeper finds worth doing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stab3l.chain.flows import PoolState
from stab3l.flow.constants import COMMIT_TIMEOUT, EPOCH_SECONDS
from stab3l.flow.signal import Signal
from stab3l.keepers.flow import SINKS_AT_ONCE, drain_is_worth_it, silent_sinks
from stab3l.provider.sink import BLOCKS_TO_FINISH, Committed, Moment, SinkAct, commitment_hash, next_act

EPOCH = 6_000_000
NOW = Moment(EPOCH * EPOCH_SECONDS, 1_000, EPOCH_SECONDS, 2)
OWN = Committed(EPOCH, 1_000, 5, bytes(32))
SINK, REGISTRY = "0x" + "11" * 20, "0x" + "22" * 20


@pytest.mark.parametrize(
    ("moment", "revealed", "committed", "expected"),
    [
        (NOW, EPOCH - 1, None, SinkAct.COMMIT),
        (NOW, EPOCH, None, SinkAct.WAIT),
        (NOW, EPOCH - 1, OWN, SinkAct.WAIT),
        (replace(NOW, block=1_001), EPOCH - 1, OWN, SinkAct.REVEAL),
        (replace(NOW, block=1_000 + COMMIT_TIMEOUT - 1), EPOCH - 1, OWN, SinkAct.REVEAL),
        (replace(NOW, block=1_000 + COMMIT_TIMEOUT), EPOCH - 1, OWN, SinkAct.COMMIT),
        (replace(NOW, block=1_001), EPOCH - 1, replace(OWN, epoch=EPOCH - 1), SinkAct.COMMIT),
        (replace(NOW, timestamp=(EPOCH + 1) * EPOCH_SECONDS - 2 * BLOCKS_TO_FINISH + 1), 0, None, SinkAct.WAIT),
    ],
)
def test_a_sink_signals_once_an_epoch_and_in_time(
    moment: Moment, revealed: int, committed: Committed | None, expected: SinkAct
) -> None:
    assert next_act(moment, revealed, committed) is expected


@pytest.mark.parametrize("field", ["epoch", "capacity", "nonce"])
def test_a_commitment_is_bound_to_all_that_it_says(field: str) -> None:
    changed = replace(OWN, **{field: b"\x01" * 32 if field == "nonce" else 9})
    assert commitment_hash(1, REGISTRY, SINK, bytes(32), OWN) != commitment_hash(1, REGISTRY, SINK, bytes(32), changed)


def test_a_commitment_is_bound_to_chain_contract_sink_and_task_type() -> None:
    hashes = {
        commitment_hash(1, REGISTRY, SINK, bytes(32), OWN),
        commitment_hash(2, REGISTRY, SINK, bytes(32), OWN),
        commitment_hash(1, SINK, SINK, bytes(32), OWN),
        commitment_hash(1, REGISTRY, REGISTRY, bytes(32), OWN),
        commitment_hash(1, REGISTRY, SINK, b"\x01" * 32, OWN),
    }
    assert len(hashes) == 5


def test_only_silence_that_costs_is_written_down() -> None:
    signals = {"a": Signal(10, 5), "b": Signal(10, 7), "c": Signal(0, 5), "d": Signal(10, 0)}
    assert silent_sinks(signals, 8) == ["a"]
    assert len(silent_sinks({str(i): Signal(1, 5) for i in range(80)}, 9)) == SINKS_AT_ONCE


def test_a_drain_needs_money_and_room() -> None:
    state = PoolState(10**6, 10**9, 0, 1, 2**96, 0, 0, 10**9 + 1, 10**15, 10**18, 10**24, 10**17, False)
    assert drain_is_worth_it(state)
    assert not drain_is_worth_it(replace(state, buffer_level=5))
    assert not drain_is_worth_it(replace(state, spare=5))
