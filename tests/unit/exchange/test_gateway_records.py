"""The gateway cuts a batch into records exactly where the engine does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stab3l.engine.wire import (
    Cancel,
    CommandKind,
    Deposit,
    Outcome,
    Place,
    Seal,
    Side,
    decode_records,
    encode,
    encode_batch,
    encode_events,
)
from stab3l.engine.wire import OutcomeCode as Code
from stab3l.exchange.errors import BatchRefused
from stab3l.exchange.limits import BATCH_BYTES_MAX, BATCH_RECORDS_MAX
from stab3l.exchange.records import Survey, last_sequence_of, survey
from stab3l.exchange.service import check_batch
from stab3l.exchange.tokens import Role

PLACE = encode(Place(3, 0, 1, 2, 3, 4, Side.BUY), bytes(65))
CANCEL = encode(Cancel(3, 1), bytes(65))
DEPOSIT = encode(Deposit(1, 1, 0, 0, bytes(20), 1, bytes(32)))


def plain(batch: bytes) -> Survey:
    records = decode_records(batch)
    return Survey(len(records), frozenset(record.kind for record in records))


@pytest.mark.parametrize("batch", [b"", PLACE, PLACE * 500, (PLACE + CANCEL) * 100, CANCEL + PLACE * 3 + b"\x05"])
def test_whole_batches_are_counted(batch: bytes) -> None:
    assert survey(batch) == plain(batch)


@given(
    st.lists(
        st.one_of(
            st.sampled_from([PLACE, CANCEL, DEPOSIT]),
            st.binary(max_size=12),
            st.builds(
                lambda kind, length, body: kind.to_bytes(2, "little") + b"\0\0" + length.to_bytes(4, "little") + body,
                st.integers(0, 12),
                st.integers(0, 40),
                st.binary(max_size=40),
            ),
        ),
        max_size=8,
    )
)
def test_any_bytes_are_cut_as_the_codec_cuts_them(parts: list[bytes]) -> None:
    batch = b"".join(parts)
    assert survey(batch) == plain(batch)


def test_a_trader_may_not_hide_a_deposit_among_orders() -> None:
    for batch in (DEPOSIT, PLACE * 3 + DEPOSIT, PLACE + DEPOSIT + PLACE):
        with pytest.raises(BatchRefused) as refused:
            check_batch(batch, Role.TRADE)
        assert refused.value.values == {"reason": "kind_forbidden", "kinds": [CommandKind.DEPOSIT]}
        check_batch(batch, Role.OPERATE)


def test_a_seal_is_the_operators() -> None:
    with pytest.raises(BatchRefused, match="seal"):
        check_batch(encode(Seal()), Role.TRADE)


def test_limits_are_inclusive() -> None:
    tiny = encode(Seal())
    check_batch(tiny * BATCH_RECORDS_MAX, Role.OPERATE)
    with pytest.raises(BatchRefused, match="records"):
        check_batch(tiny * (BATCH_RECORDS_MAX + 1), Role.OPERATE)
    check_batch(bytes(BATCH_BYTES_MAX), Role.TRADE)
    with pytest.raises(BatchRefused, match="bytes"):
        check_batch(bytes(BATCH_BYTES_MAX + 1), Role.TRADE)


def test_a_frames_last_sequence_is_its_last_events() -> None:
    events = [Outcome(sequence, Code.MALFORMED, 0, 0, 1) for sequence in range(7, 12)]
    assert last_sequence_of(7, encode_events(events)) == 11


def test_a_batch_of_the_codec_is_surveyed_whole() -> None:
    batch = encode_batch([Cancel(3, order) for order in range(1, 1000)])
    assert survey(batch) == Survey(999, frozenset({CommandKind.CANCEL}))
