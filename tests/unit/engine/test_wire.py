"""The wire codec against the tables of docs/reference/engine.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from stab3l.engine.wire import (
    BODY_BYTES,
    EVIDENCE_BYTES_MAX,
    U64_MAX,
    U128_MAX,
    AssetRegistered,
    AssetTotals,
    BodyInvalid,
    Cancel,
    CancelScheduled,
    ChainDeposits,
    CloseReason,
    CollateralConverted,
    CollateralSet,
    Command,
    CommandKind,
    DebtTakenOver,
    Deleveraged,
    Deposit,
    DepositCredited,
    Event,
    EventInvalid,
    EventKind,
    EvidenceTooLong,
    FieldInvalid,
    IndexChanged,
    InstrumentListed,
    Malformed,
    MarkChanged,
    MarketKind,
    MarketListed,
    MarketSettled,
    MarketStatus,
    MarketStatusSet,
    OptionMarked,
    OrderAccepted,
    OrderAmended,
    OrderClosed,
    OrderReduced,
    OrderTriggered,
    OrderType,
    Outcome,
    OutcomeCode,
    Place,
    PositionSettled,
    PositionTakenOver,
    ProtectionSet,
    ProtectionTriggered,
    RegisterAsset,
    Seal,
    Sealed,
    SelfTrade,
    SetMarketStatus,
    Side,
    TimeInForce,
    Trade,
    UnderlyingListed,
    Withdraw,
    WithdrawalQueued,
    decode_commands,
    decode_events,
    decode_records,
    encode,
    encode_batch,
    encode_event,
    encode_events,
    split_records,
)
from stab3l.testing.any_commands import any_commands, hashes, names, order_terms, u8, u16, u32, u64, u128

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "engine.md").read_text()

i64, i128 = (st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (64, 128))
address = st.binary(min_size=20, max_size=20)
side, status = st.sampled_from(Side), st.sampled_from(MarketStatus)

events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Outcome, u64, st.sampled_from(OutcomeCode), u16, u64, u64),
    st.builds(
        lambda *fields: OrderAccepted(*fields[:-1], *fields[-1]),
        *(u64, u64, u32, u32, u64, u64, u64, side, order_terms()),
    ),
    st.builds(Trade, u64, u64, u32, side, u64, u64, u32, u32, u64, u64, u128, u128),
    st.builds(OrderClosed, u64, u64, u32, u32, u64, st.sampled_from(CloseReason)),
    st.builds(DepositCredited, u64, u64, u64, u32, u32, u128, address),
    st.builds(WithdrawalQueued, u64, u64, u32, u32, u64, u128, address, address, address),
    st.builds(AssetRegistered, u64, u32, u8, u64, address),
    st.builds(MarketListed, u64, u32, u32, u32, u32, u32, u32, u128, u64, u64),
    st.builds(MarketStatusSet, u64, u32, status),
    st.builds(OrderAmended, u64, u64, u32, u32, u64, u64),
    st.builds(OrderReduced, u64, u64, u32, u32, u64, st.sampled_from(CloseReason)),
    st.builds(OrderTriggered, u64, u64, u32, u32),
    st.builds(MarkChanged, u64, u32, u64),
    st.builds(CancelScheduled, u64, u32, u64),
    st.builds(ProtectionSet, u64, u32, u32, u64, u64, u64),
    st.builds(ProtectionTriggered, u64, u32, u32, u64),
    st.builds(UnderlyingListed, u64, u32, u32, names, u64, u32, u32, u32, u32, u32, u32),
    st.builds(InstrumentListed, u64, u32, u32, st.sampled_from(MarketKind), u32, u64, u64, u32, u32, u64),
    st.builds(IndexChanged, u64, u32, u64),
    st.builds(OptionMarked, u64, u32, u64, st.lists(u64, min_size=16, max_size=16).map(tuple)),
    st.builds(CollateralSet, u64, u32, u32, u128),
    st.builds(PositionSettled, u64, u32, u32, i64, u64, i128),
    st.builds(MarketSettled, u64, u32, u64),
    st.builds(CollateralConverted, u64, u32, u32, u128, u128),
    st.builds(PositionTakenOver, u64, u32, u32, i64, i128),
    st.builds(Deleveraged, u64, u32, u32, u32, u64, u64, u128),
    st.builds(DebtTakenOver, u64, u32, u128),
    st.builds(
        Sealed,
        *(u64, u64, u64, u64, hashes, hashes, hashes, hashes, u64, hashes, u64, hashes, u64),
        st.lists(st.builds(ChainDeposits, u64, u64, hashes), max_size=3).map(tuple),
        st.lists(st.builds(AssetTotals, u32, u64, address, u128, u128), max_size=3).map(tuple),
    ),
)

PLACE = Place(3, 1, 7, 11, 13, 17, Side.SELL)
SIZES = [32, 56, 8, 96, 64, 16, 64, 0, 48, 16, 32, 48, 16, 8, 48, 40, 48, 16, 144, 24, 8]


def page_rows(heading: str) -> list[list[str]]:
    """Cells of the first table after a heading of the page."""
    lines = PAGE.split(heading)[1].split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("| ---"))
    rows = []
    for line in lines[start + 1 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip(" `") for cell in line.strip("|").split("|")])
    return rows


@settings(deadline=None)
@given(st.lists(st.tuples(any_commands, st.binary(max_size=EVIDENCE_BYTES_MAX)), max_size=5))
def test_a_batch_reads_back_as_it_was_written(items: list[tuple[Command, bytes]]) -> None:
    records = decode_records(encode_batch(items))
    assert [(record.command, record.evidence) for record in records] == items


@settings(deadline=None)
@given(st.lists(events, max_size=6))
def test_events_read_back_as_they_were_written(items: list[Event]) -> None:
    assert decode_events(encode_events(items)) == items


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_decode_to_records_that_cover_them(data: bytes) -> None:
    assert b"".join(split_records(data)) == data
    assert len(decode_commands(data)) == len(list(split_records(data)))


def test_a_place_has_the_bytes_of_the_page() -> None:
    expected = (
        "0500 0000 4a000000"  # kind, flags, length
        "03000000 01000000 0700000000000000 0b00000000000000 0d00000000000000 1100000000000000"
        "01 00 03 09 04 00 0201"  # side, type, time in force, instructions, self-trade, padding, label
        "1300000000000000 0000000000000000"  # good till, trigger
        "a1b2"  # evidence
    )
    order = replace(PLACE, time_in_force=TimeInForce.GTD, instructions=9, self_trade=SelfTrade.DECREMENT, label=258)
    assert encode(replace(order, good_till=19), b"\xa1\xb2") == bytes.fromhex(expected)


def test_a_deposit_has_the_bytes_of_the_page() -> None:
    deposit = Deposit(1, 2, 3, 4, b"\xaa" * 20, 2**64 + 5, b"\xbb" * 32)
    expected = (
        "0400 0000 68000000"
        "0100000000000000 0200000000000000 03000000 04000000" + "aa" * 20 + "00000000"
        "05000000000000000100000000000000" + "bb" * 32
    )
    assert encode(deposit) == bytes.fromhex(expected)


def test_a_closed_order_has_the_bytes_of_the_page() -> None:
    closed = OrderClosed(9, 2, 3, 0, 5, CloseReason.IMMEDIATE_REST)
    expected = (
        "0400 0000 30000000 09000000000000000200000000000000 03000000 00000000 0500000000000000 02 00000000000000"
    )
    assert encode_event(closed) == bytes.fromhex(expected)


def test_body_sizes_are_those_of_the_page() -> None:
    assert [BODY_BYTES[kind] for kind in CommandKind] == SIZES
    assert f"Body sizes: {', '.join(map(str, SIZES))}." in PAGE


def test_outcome_codes_are_those_of_the_page() -> None:
    rows = page_rows("### Outcomes, in order of precedence")
    assert [(int(code), name) for code, name, *_ in rows] == [(int(code), code.name.lower()) for code in OutcomeCode]


def test_command_and_event_kinds_are_those_of_the_page() -> None:
    for heading, kinds in (("### Commands", CommandKind), ("## Events", EventKind)):
        rows = page_rows(heading)
        assert [(int(kind), name) for kind, name, *_ in rows] == [(int(kind), kind.name.lower()) for kind in kinds]


@pytest.mark.parametrize(
    ("command", "field", "value"),
    [
        (Place(3, 1, 7, U64_MAX + 1, 13, 17, Side.SELL), "expires_at", U64_MAX + 1),
        (Place(-1, 1, 7, 11, 13, 17, Side.SELL), "account", -1),
        (Cancel(2**32, 1), "account", 2**32),
        (RegisterAsset(1, bytes(20), 256), "decimals", 256),
        (RegisterAsset(1, bytes(19), 18), "token", bytes(19)),
        (Withdraw(3, 0, 1, 1, U128_MAX + 1, bytes(20)), "amount", U128_MAX + 1),
        (Withdraw(3, 0, 1, 1, -1, bytes(20)), "amount", -1),
        (Deposit(1, 1, 0, 0, bytes(20), 1, bytes(33)), "tx_hash", bytes(33)),
    ],
)
def test_a_value_out_of_range_is_refused_with_its_field(command: Command, field: str, value: object) -> None:
    with pytest.raises(FieldInvalid) as caught:
        encode(command)
    assert caught.value.values["field"] == field
    assert caught.value.values["value"] == value


@pytest.mark.parametrize("number", [2.0, "2", None])
def test_what_is_no_integer_is_refused(number: object) -> None:
    with pytest.raises(FieldInvalid):
        encode(Cancel(3, number))  # type: ignore[arg-type]
    with pytest.raises(FieldInvalid):
        encode(Withdraw(3, 0, 1, 1, number, bytes(20)))  # type: ignore[arg-type]


def test_a_side_that_does_not_exist_is_refused() -> None:
    with pytest.raises(FieldInvalid):
        encode(Place(3, 1, 7, 11, 13, 17, 2))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "terms"),
    [
        ("time_in_force", {"order_type": OrderType.MARKET}),
        ("time_in_force", {"order_type": OrderType.STOP_MARKET, "trigger_ticks": 1}),
        ("time_in_force", {"order_type": OrderType.STOP_LIMIT, "trigger_ticks": 1, "time_in_force": TimeInForce.FOK}),
        ("instructions", {"instructions": 2}),
        ("instructions", {"instructions": 16}),
        ("instructions", {"instructions": 1, "time_in_force": TimeInForce.IOC}),
        ("instructions", {"instructions": 8, "order_type": OrderType.TAKE_PROFIT_LIMIT, "trigger_ticks": 1}),
        ("good_till", {"good_till": 1}),
        ("good_till", {"time_in_force": TimeInForce.GTD}),
        ("trigger_ticks", {"trigger_ticks": 1}),
        ("trigger_ticks", {"order_type": OrderType.STOP_LIMIT}),
        ("order_type", {"order_type": OrderType.LIQUIDATION, "time_in_force": TimeInForce.IOC}),
    ],
)
def test_an_order_whose_terms_contradict_each_other_is_refused(field: str, terms: dict[str, Any]) -> None:
    with pytest.raises(FieldInvalid) as caught:
        encode(replace(PLACE, **terms))
    assert caught.value.values["field"] == field


def test_evidence_above_its_limit_is_refused() -> None:
    encode(PLACE, bytes(EVIDENCE_BYTES_MAX))
    with pytest.raises(EvidenceTooLong) as caught:
        encode(PLACE, bytes(EVIDENCE_BYTES_MAX + 1))
    assert caught.value.values == {"count": EVIDENCE_BYTES_MAX + 1, "count_max": EVIDENCE_BYTES_MAX}


def with_byte(record: bytes, position: int, value: int) -> bytes:
    return record[:position] + bytes([value]) + record[position + 1 :]


@pytest.mark.parametrize(
    ("record", "code", "kind"),
    [
        (b"\x05", OutcomeCode.MALFORMED, 0),
        (b"\x05\x00", OutcomeCode.MALFORMED, 5),
        (encode(PLACE)[:7], OutcomeCode.MALFORMED, 5),
        (encode(PLACE)[:-1], OutcomeCode.MALFORMED, 5),
        (with_byte(encode(PLACE), 4, 7), OutcomeCode.MALFORMED, 5),
        (with_byte(encode(PLACE), 4, 57), OutcomeCode.MALFORMED, 5),
        (with_byte(encode(PLACE), 2, 1), OutcomeCode.MALFORMED, 5),
        (with_byte(encode(PLACE), 8 + 40, 2), OutcomeCode.MALFORMED, 5),
        (with_byte(encode(PLACE), 8 + 41, 1), OutcomeCode.MALFORMED, 5),
        (with_byte(encode(PLACE), 8 + 41, 6), OutcomeCode.MALFORMED, 5),
        (with_byte(encode(PLACE), 8 + 42, 3), OutcomeCode.MALFORMED, 5),
        (with_byte(encode(PLACE), 8 + 42, 4), OutcomeCode.MALFORMED, 5),
        (with_byte(encode(PLACE), 8 + 43, 2), OutcomeCode.MALFORMED, 5),
        (with_byte(encode(PLACE), 8 + 43, 16), OutcomeCode.MALFORMED, 5),
        (with_byte(encode(PLACE), 8 + 44, 5), OutcomeCode.MALFORMED, 5),
        (with_byte(encode(PLACE), 8 + 45, 1), OutcomeCode.MALFORMED, 5),
        (with_byte(encode(PLACE), 8 + 48, 1), OutcomeCode.MALFORMED, 5),
        (with_byte(encode(PLACE), 8 + 56, 1), OutcomeCode.MALFORMED, 5),
        (with_byte(encode(PLACE), 0, 99), OutcomeCode.KIND_UNKNOWN, 99),
        (with_byte(encode(PLACE), 0, 0), OutcomeCode.KIND_UNKNOWN, 0),
        (with_byte(with_byte(encode(PLACE), 0, 99), 2, 1), OutcomeCode.MALFORMED, 99),
        (with_byte(encode(PLACE), 0, 6), OutcomeCode.MALFORMED, 6),
        (with_byte(encode(PLACE), 0, 4), OutcomeCode.MALFORMED, 4),
    ],
)
def test_each_malformation_is_named(record: bytes, code: OutcomeCode, kind: int) -> None:
    found = decode_records(record)
    assert isinstance(found[0].command, Malformed)
    assert (found[0].command.code, found[0].kind) == (code, kind)


def test_a_body_longer_than_its_kind_leaves_the_rest_as_evidence() -> None:
    record = with_byte(encode(Cancel(3, 7), bytes(4)), 0, CommandKind.SET_MARKET_STATUS)
    assert decode_commands(record) == [SetMarketStatus(3, MarketStatus.OPEN)]


def test_a_record_of_unknown_kind_may_have_any_size() -> None:
    record = (99).to_bytes(2, "little") + bytes(2) + (3000).to_bytes(4, "little") + bytes(2992)
    unknown, seal = decode_commands(record + encode(Seal()))
    assert isinstance(unknown, Malformed)
    assert unknown.code == OutcomeCode.KIND_UNKNOWN
    assert seal == Seal()


def test_too_much_evidence_on_the_wire_is_malformed() -> None:
    at_limit = encode(PLACE, bytes(EVIDENCE_BYTES_MAX))
    above = with_byte(with_byte(at_limit, 4, (len(at_limit) + 1) & 255), 5, (len(at_limit) + 1) >> 8) + b"\0"
    assert decode_commands(at_limit) == [PLACE]
    assert [type(one) for one in decode_commands(above)] == [Malformed]


def test_a_wrong_length_swallows_the_rest_of_the_batch() -> None:
    batch = encode(Cancel(3, 1)) + with_byte(encode(PLACE), 4, 3) + encode(Cancel(3, 2))
    found = decode_commands(batch)
    assert found[0] == Cancel(3, 1)
    assert [type(one) for one in found[1:]] == [Malformed]


@pytest.mark.parametrize("cut", [1, 15, 16, 20])
def test_events_that_break_off_are_an_error(cut: int) -> None:
    data = encode_event(Outcome(1, OutcomeCode.ACCEPTED, 5, 1, 2))
    with pytest.raises(EventInvalid) as caught:
        decode_events(data + data[:cut])
    assert caught.value.values["offset"] == len(data)


def test_an_event_of_another_size_or_kind_is_an_error() -> None:
    data = encode_event(MarketStatusSet(1, 0, MarketStatus.OPEN))
    for bad in (with_byte(data, 0, 77), with_byte(data, 0, 1), with_byte(data, 2, 1)):
        with pytest.raises(EventInvalid):
            decode_events(bad)
    with pytest.raises(BodyInvalid):
        decode_events(with_byte(data, 16 + 4, 5))


def test_a_sealed_event_with_wrong_counts_is_an_error() -> None:
    zero = bytes(32)
    sealed = Sealed(1, 1, 1, 1, zero, zero, zero, zero, 0, zero, 0, zero, 0, (ChainDeposits(1, 0, zero),), ())
    data = encode_event(sealed)
    assert decode_events(data) == [sealed]
    with pytest.raises(EventInvalid):
        decode_events(with_byte(data, 16 + 240, 2))
