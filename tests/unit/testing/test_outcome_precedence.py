"""Every outcome code, and the precedence among them: a command that breaks two rules answers with the first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from msgspec.structs import replace

from stab3l.audit.reference_derivatives import WINDOW
from stab3l.audit.reference_requests import REQUEST_LIFE_MAX_NS
from stab3l.engine.wire import (
    Amend,
    Cancel,
    CancelAll,
    Command,
    Deposit,
    Expire,
    FieldInvalid,
    IndexPrice,
    Instruction,
    ListFuture,
    ListMarket,
    ListOption,
    ListUnderlying,
    MarketStatus,
    MarkPrice,
    OptionKind,
    OptionMarks,
    OrderType,
    OutcomeCode,
    Place,
    RegisterAsset,
    ScheduleCancel,
    Seal,
    SetCollateral,
    SetMarketStatus,
    SetProtection,
    Side,
    Sweep,
    TimeInForce,
    Withdraw,
    encode,
)
from stab3l.testing.exchanges import IMPLEMENTATIONS, opened
from stab3l.testing.trading_desk import (
    BASE,
    CHAIN,
    FOREIGN,
    LISTING,
    LOT,
    MARKET,
    MAX_LOTS,
    QUOTE,
    SECOND_NS,
    START_NS,
    TICK,
    TradingDesk,
    owner,
    token,
)

RICH, POOR, DUE, SELLER = 3, 4, 5, 6
"""DUE has a scheduled cancel that no sweep has carried out."""
HALTED, HUGE, BANDED, FUTURE, CALL = 1, 2, 3, 4, 5
PPM = 10**6
RESTING, IN_HALTED, IN_BANDED, WAITING, POST_ONLY = 1, 2, 3, 4, 5
"""Orders of RICH."""
USED_CLIENT_ID, FRESH_CLIENT_ID = 77, 78
EXPIRES_AT = START_NS + SECOND_NS
DAY_NS = 86_400 * SECOND_NS
LISTED_EXPIRY = START_NS + WINDOW + DAY_NS

Breaks = list[tuple[OutcomeCode, dict[str, Any]]]

REQUEST_BREAKS: Breaks = [
    (OutcomeCode.ACCOUNT_UNKNOWN, {"account": 99}),
    (OutcomeCode.ACCOUNT_UNKNOWN, {"account": 0}),
    (OutcomeCode.ACCOUNT_UNKNOWN, {"account": 2}),
    (OutcomeCode.REQUEST_EXPIRED, {"expires_at": START_NS}),
    (OutcomeCode.REQUEST_TOO_FAR, {"expires_at": START_NS + REQUEST_LIFE_MAX_NS + 1}),
    (OutcomeCode.REQUEST_TOO_FAR, {"expires_at": 2**64 - 1}),
    (OutcomeCode.CLIENT_ID_ZERO, {"client_id": 0}),
    (OutcomeCode.CLIENT_ID_REUSED, {"client_id": USED_CLIENT_ID}),
]


def _conditional(trigger_ticks: int) -> dict[str, Any]:
    return {"order_type": OrderType.STOP_LIMIT, "trigger_ticks": trigger_ticks}


def fits(command: Command, changes: dict[str, Any]) -> bool:
    """Whether the changed command can be written at all."""
    try:
        encode(replace(command, **changes))
    except FieldInvalid:
        return False
    return True


UNDERLYING_FAULTS: list[dict[str, Any]] = [
    {"tick": 0},
    {"tick": 10**13 + 1},
    {"range_ppm": 0},
    {"range_ppm": PPM + 1},
    {"basis_ppm": PPM + 1},
    {"initial_ppm": PPM - 1},
    {"initial_ppm": 10 * PPM + 1},
    {"short_option_ppm": PPM + 1},
    {"liquidation_fee_ppm": 100_001},
    {"liquidation_step_ppm": 0},
    {"liquidation_step_ppm": PPM + 1},
]
INSTRUMENT_FAULTS: list[dict[str, Any]] = [
    {"expiry": START_NS + WINDOW},
    {"maker_fee_ppm": 100_001},
    {"taker_fee_ppm": 100_001},
    {"max_lots": 0},
    {"max_lots": 10**9 + 1},
    {"band_ppm": PPM + 1},
]

CASES: list[tuple[Command, Breaks]] = [
    (
        RegisterAsset(CHAIN, token(9), 36),
        [
            (OutcomeCode.ASSET_EXISTS, {"token": token(1)}),
            (OutcomeCode.DECIMALS_UNSUPPORTED, {"decimals": 37}),
        ],
    ),
    (
        ListMarket(QUOTE, BASE, 10**30, 10**18, 100_000, 100_000, 10**12),
        [
            (OutcomeCode.ASSET_UNKNOWN, {"base_asset": 99}),
            (OutcomeCode.ASSET_UNKNOWN, {"quote_asset": 99}),
            (OutcomeCode.MARKET_EXISTS, {"base_asset": BASE, "quote_asset": QUOTE}),
            (OutcomeCode.MARKET_INVALID, {"base_asset": BASE}),
            (OutcomeCode.MARKET_INVALID, {"lot": 0}),
            (OutcomeCode.MARKET_INVALID, {"lot": 10**30 + 1}),
            (OutcomeCode.MARKET_INVALID, {"tick": 0}),
            (OutcomeCode.MARKET_INVALID, {"tick": 10**18 + 1}),
            (OutcomeCode.MARKET_INVALID, {"maker_fee_ppm": 100_001}),
            (OutcomeCode.MARKET_INVALID, {"taker_fee_ppm": 100_001}),
            (OutcomeCode.MARKET_INVALID, {"max_lots": 0}),
            (OutcomeCode.MARKET_INVALID, {"max_lots": 10**12 + 1}),
            (OutcomeCode.MARKET_INVALID, {"band_ppm": 10**6 + 1}),
        ],
    ),
    (SetMarketStatus(MARKET, MarketStatus.OPEN), [(OutcomeCode.MARKET_UNKNOWN, {"market": 99})]),
    (
        Deposit(CHAIN, 5, BASE, 0, owner(5), 1, bytes(32)),
        [
            (OutcomeCode.ASSET_UNKNOWN, {"asset": 99}),
            (OutcomeCode.ASSET_UNKNOWN, {"asset": FOREIGN}),
            (OutcomeCode.ASSET_UNKNOWN, {"chain_id": 1}),
            (OutcomeCode.AMOUNT_ZERO, {"amount": 0}),
            (OutcomeCode.AMOUNT_TOO_LARGE, {"amount": 2**127}),
            (OutcomeCode.AMOUNT_TOO_LARGE, {"amount": 2**128 - 1}),
            (OutcomeCode.OWNER_ZERO, {"owner": bytes(20)}),
            (OutcomeCode.DEPOSIT_DUPLICATE, {"ordinal": 4}),
            (OutcomeCode.DEPOSIT_DUPLICATE, {"ordinal": 0}),
            (OutcomeCode.DEPOSIT_GAP, {"ordinal": 6}),
        ],
    ),
    (
        Place(RICH, MARKET, FRESH_CLIENT_ID, EXPIRES_AT, 1, 1, Side.BUY),
        [
            *REQUEST_BREAKS,
            (OutcomeCode.MARKET_UNKNOWN, {"market": 99}),
            (OutcomeCode.MARKET_HALTED, {"market": HALTED}),
            (OutcomeCode.QUANTITY_ZERO, {"lots": 0}),
            (OutcomeCode.QUANTITY_TOO_LARGE, {"lots": MAX_LOTS + 1}),
            (OutcomeCode.PRICE_ZERO, {"ticks": 0}),
            (OutcomeCode.PRICE_TOO_LARGE, {"ticks": 10**12 + 1}),
            (OutcomeCode.NOTIONAL_OVERFLOW, {"market": HUGE, "ticks": 10**12, "lots": 2 * 10**8}),
            (OutcomeCode.NOTIONAL_OVERFLOW, {"market": HUGE, "ticks": 10**12, "lots": 10**12}),
            (OutcomeCode.PRICE_TOO_LARGE, _conditional(10**12 + 1)),
            (OutcomeCode.PRICE_OUTSIDE_BAND, {"market": BANDED, "ticks": 1_101, "side": Side.BUY}),
            (OutcomeCode.GOOD_TILL_PAST, {"time_in_force": TimeInForce.GTD, "good_till": START_NS}),
            (OutcomeCode.REDUCE_ONLY_REFUSED, {"instructions": int(Instruction.REDUCE_ONLY)}),
            (OutcomeCode.PROTECTION_ACTIVE, {"instructions": int(Instruction.PROTECTED), "account": RICH}),
            (OutcomeCode.POST_ONLY_WOULD_TAKE, {"instructions": 1, "ticks": 50, "side": Side.BUY}),
            (OutcomeCode.FILL_OR_KILL_SHORT, {"time_in_force": TimeInForce.FOK, "ticks": 1}),
            (OutcomeCode.FUNDS_SHORT, {"account": POOR}),
            (OutcomeCode.FUNDS_SHORT, {"ticks": 10**10}),
            (OutcomeCode.FUNDS_SHORT, {"side": Side.SELL, "lots": 3}),
            (OutcomeCode.TIME_PAST, {"account": DUE}),
        ],
    ),
    (
        Cancel(RICH, 1),
        [
            (OutcomeCode.ACCOUNT_UNKNOWN, {"account": 99}),
            (OutcomeCode.ACCOUNT_UNKNOWN, {"account": 1}),
            (OutcomeCode.ORDER_UNKNOWN, {"order": 99}),
            (OutcomeCode.ORDER_UNKNOWN, {"order": 0}),
            (OutcomeCode.ORDER_UNKNOWN, {"account": POOR}),
        ],
    ),
    (
        Withdraw(RICH, QUOTE, FRESH_CLIENT_ID, EXPIRES_AT, 1, owner(5)),
        [
            *REQUEST_BREAKS,
            (OutcomeCode.ASSET_UNKNOWN, {"asset": 99}),
            (OutcomeCode.AMOUNT_ZERO, {"amount": 0}),
            (OutcomeCode.RECIPIENT_ZERO, {"recipient": bytes(20)}),
            (OutcomeCode.FUNDS_SHORT, {"account": POOR}),
            (OutcomeCode.FUNDS_SHORT, {"amount": 2**128 - 1}),
        ],
    ),
    (
        Amend(RICH, RESTING, FRESH_CLIENT_ID, EXPIRES_AT, 1, 1),
        [
            *REQUEST_BREAKS,
            (OutcomeCode.ORDER_UNKNOWN, {"order": 99}),
            (OutcomeCode.ORDER_UNKNOWN, {"account": POOR, "order": RESTING}),
            (OutcomeCode.MARKET_HALTED, {"order": IN_HALTED}),
            (OutcomeCode.ORDER_NOT_AMENDABLE, {"order": WAITING}),
            (OutcomeCode.QUANTITY_ZERO, {"lots": 0}),
            (OutcomeCode.QUANTITY_TOO_LARGE, {"lots": MAX_LOTS + 1}),
            (OutcomeCode.PRICE_ZERO, {"ticks": 0}),
            (OutcomeCode.PRICE_TOO_LARGE, {"ticks": 10**12 + 1}),
            (OutcomeCode.PRICE_OUTSIDE_BAND, {"order": IN_BANDED, "ticks": 1_101}),
            (OutcomeCode.POST_ONLY_WOULD_TAKE, {"order": POST_ONLY, "ticks": 50}),
            (OutcomeCode.FUNDS_SHORT, {"ticks": 10**10}),
        ],
    ),
    (
        CancelAll(RICH),
        [
            (OutcomeCode.ACCOUNT_UNKNOWN, {"account": 99}),
            (OutcomeCode.ACCOUNT_UNKNOWN, {"account": 1}),
            (OutcomeCode.MARKET_UNKNOWN, {"market": 99}),
        ],
    ),
    (
        ScheduleCancel(RICH, FRESH_CLIENT_ID, EXPIRES_AT, START_NS + 1),
        [
            *REQUEST_BREAKS,
            (OutcomeCode.TIME_PAST, {"at": START_NS}),
            (OutcomeCode.TIME_PAST, {"account": DUE}),
            (OutcomeCode.TIME_PAST, {"account": DUE, "at": 0}),
        ],
    ),
    (
        SetProtection(RICH, MARKET, FRESH_CLIENT_ID, EXPIRES_AT, 1, MAX_LOTS * 1_000, 1),
        [
            *REQUEST_BREAKS,
            (OutcomeCode.MARKET_UNKNOWN, {"market": 99}),
            (OutcomeCode.QUANTITY_TOO_LARGE, {"max_lots": MAX_LOTS * 1_000 + 1}),
        ],
    ),
    (
        MarkPrice(MARKET, 10**12),
        [
            (OutcomeCode.MARKET_UNKNOWN, {"market": 99}),
            (OutcomeCode.PRICE_ZERO, {"ticks": 0}),
            (OutcomeCode.PRICE_TOO_LARGE, {"ticks": 10**12 + 1}),
        ],
    ),
    (Sweep(1), []),
    (
        ListUnderlying(b"INDEX 2 ", QUOTE, 10**13, 1, PPM, 10 * PPM, PPM, 100_000, 1),
        [
            (OutcomeCode.ASSET_UNKNOWN, {"settlement_asset": 99}),
            (OutcomeCode.SETTLEMENT_ASSET_OTHER, {"settlement_asset": BASE}),
            *((OutcomeCode.UNDERLYING_INVALID, change) for change in UNDERLYING_FAULTS),
        ],
    ),
    (
        ListFuture(0, START_NS + WINDOW + 1, 100_000, 100_000, 10**9, PPM),
        [(OutcomeCode.UNDERLYING_UNKNOWN, {"underlying": 9}), (OutcomeCode.MARKET_EXISTS, {"expiry": LISTED_EXPIRY})]
        + [(OutcomeCode.MARKET_INVALID, change) for change in INSTRUMENT_FAULTS],
    ),
    (
        ListOption(0, OptionKind.PUT, START_NS + WINDOW + 1, 10**12, 100_000, 100_000, 10**9, PPM),
        [(OutcomeCode.UNDERLYING_UNKNOWN, {"underlying": 9})]
        + [
            (OutcomeCode.MARKET_INVALID, change)
            for change in [*INSTRUMENT_FAULTS, {"strike": 0}, {"strike": 10**12 + 1}]
        ],
    ),
    (
        IndexPrice(0, 10**12),
        [
            (OutcomeCode.UNDERLYING_UNKNOWN, {"underlying": 9}),
            (OutcomeCode.PRICE_ZERO, {"ticks": 0}),
            (OutcomeCode.PRICE_TOO_LARGE, {"ticks": 10**12 + 1}),
        ],
    ),
    (
        OptionMarks(CALL, 10**12, (10**12,) * 16),
        [
            (OutcomeCode.MARKET_UNKNOWN, {"market": 99}),
            (OutcomeCode.MARKET_KIND_WRONG, {"market": FUTURE}),
            (OutcomeCode.MARKET_KIND_WRONG, {"market": MARKET}),
            (OutcomeCode.PRICE_TOO_LARGE, {"mark": 10**12 + 1}),
            (OutcomeCode.PRICE_TOO_LARGE, {"values": (0,) * 15 + (10**12 + 1,)}),
        ],
    ),
    (
        SetCollateral(FOREIGN, PPM, 10**36),
        [
            (OutcomeCode.ASSET_UNKNOWN, {"asset": 99}),
            (OutcomeCode.SETTLEMENT_ASSET_OTHER, {"asset": QUOTE}),
            (OutcomeCode.MARKET_INVALID, {"haircut_ppm": PPM + 1}),
            (OutcomeCode.MARKET_INVALID, {"price": 10**36 + 1}),
        ],
    ),
    (
        Place(RICH, FUTURE, FRESH_CLIENT_ID, EXPIRES_AT, 1_000, 1, Side.BUY),
        [
            (OutcomeCode.CLIENT_ID_ZERO, {"client_id": 0}),
            (OutcomeCode.MARKET_UNPRICED, {"market": CALL}),
            (OutcomeCode.QUANTITY_ZERO, {"lots": 0}),
            (OutcomeCode.QUANTITY_TOO_LARGE, {"lots": 10**6 + 1}),
            (OutcomeCode.REDUCE_ONLY_REFUSED, {"instructions": int(Instruction.REDUCE_ONLY)}),
            (OutcomeCode.FILL_OR_KILL_SHORT, {"time_in_force": TimeInForce.FOK}),
            (OutcomeCode.MARGIN_SHORT, {"lots": 10**6}),
            (OutcomeCode.MARGIN_SHORT, {"account": POOR}),
        ],
    ),
]

SINGLES = [(command, code, change) for command, breaks in CASES for code, change in breaks]
PAIRS = [
    (command, min(one, other), {**one_change, **other_change})
    for command, breaks in CASES
    for (one, one_change), (other, other_change) in combinations(breaks, 2)
    if not one_change.keys() & other_change.keys() and fits(command, one_change | other_change)
]


@pytest.fixture(params=IMPLEMENTATIONS)
def busy(request: pytest.FixtureRequest) -> Iterator[TradingDesk]:
    """A desk where RICH has an order, POOR has nothing left, both used a client id; one market is halted, one huge."""
    with opened(request.param) as exchange:
        yield busy_desk(TradingDesk(exchange, START_NS - 10))


def busy_desk(desk: TradingDesk) -> TradingDesk:
    """Make a desk busy."""
    desk.accepted(*LISTING)
    assert desk.fund(1, QUOTE, 10**9) == RICH
    assert desk.fund(2, BASE, 1) == POOR
    assert desk.fund(3, QUOTE, 10**9) == DUE
    assert desk.fund(4, BASE, 2 * LOT) == SELLER
    desk.fund(1, FOREIGN, 10**9)
    desk.accepted(
        ListMarket(QUOTE, FOREIGN, 1, 1, 0, 0, 1),
        SetMarketStatus(HALTED, MarketStatus.HALTED),
        ListMarket(FOREIGN, QUOTE, 1, 10**18, 0, 0, 10**12),
        ListMarket(BASE, FOREIGN, LOT, TICK, 0, 0, MAX_LOTS, 100_000),
        SetMarketStatus(HALTED, MarketStatus.OPEN),
        Place(RICH, MARKET, USED_CLIENT_ID, EXPIRES_AT, 1, 1, Side.BUY),
        Place(RICH, HALTED, 1, EXPIRES_AT, 1, 1, Side.BUY),
        Place(RICH, BANDED, 2, EXPIRES_AT, 1, 1, Side.BUY),
        Place(RICH, MARKET, 3, EXPIRES_AT, 1, 1, Side.BUY, OrderType.STOP_LIMIT, trigger_ticks=5),
        Place(RICH, MARKET, 4, EXPIRES_AT, 1, 1, Side.BUY, instructions=int(Instruction.POST_ONLY)),
        SetMarketStatus(HALTED, MarketStatus.HALTED),
        MarkPrice(BANDED, 1_000),
        Withdraw(POOR, BASE, USED_CLIENT_ID, EXPIRES_AT, 1, owner(5)),
        ScheduleCancel(DUE, USED_CLIENT_ID, EXPIRES_AT, START_NS - 5),
        SetProtection(RICH, MARKET, 5, EXPIRES_AT, 1, 1, 2**64 - 1),
        Place(RICH, MARKET, 6, EXPIRES_AT, 2, 1, Side.BUY, instructions=int(Instruction.PROTECTED)),
        Place(SELLER, MARKET, 1, EXPIRES_AT, 2, 1, Side.SELL),
        Place(SELLER, MARKET, 2, EXPIRES_AT, 50, 1, Side.SELL),
    )
    desk.accepted(
        ListUnderlying(b"INDEX 1 ", QUOTE, 1_000, 150_000, 20_000, 1_200_000, 50_000, 5_000, 250_000),
        ListFuture(0, LISTED_EXPIRY, 100, 200, 10**6),
        ListOption(0, OptionKind.CALL, LISTED_EXPIRY, 1_000, 100, 200, 10**6),
        IndexPrice(0, 1_000),
    )
    desk.now = START_NS
    return desk


@pytest.mark.parametrize("command", [command for command, _ in CASES], ids=lambda command: command.KIND.name.lower())
def test_the_unbroken_command_is_accepted(busy: TradingDesk, command: Command) -> None:
    assert busy.code(command) == OutcomeCode.ACCEPTED


@pytest.mark.parametrize(("command", "code", "change"), SINGLES)
def test_a_broken_rule_answers_with_its_code(
    busy: TradingDesk, command: Command, code: OutcomeCode, change: dict[str, Any]
) -> None:
    assert busy.code(replace(command, **change)) == code


@pytest.mark.parametrize(("command", "code", "change"), PAIRS)
def test_two_broken_rules_answer_with_the_first(
    busy: TradingDesk, command: Command, code: OutcomeCode, change: dict[str, Any]
) -> None:
    assert busy.code(replace(command, **change)) == code


def test_a_command_that_breaks_every_rule_is_only_malformed(busy: TradingDesk) -> None:
    worst = encode(Place(99, 99, 0, 0, 0, 0, Side.BUY))
    outcomes = [
        busy.exchange.apply(worst[:2] + flags + worst[4:], busy.now)[16] for flags in (b"\x00\x00", b"\x01\x00")
    ]
    assert outcomes == [OutcomeCode.ACCOUNT_UNKNOWN, OutcomeCode.MALFORMED]


def test_a_seal_in_company_is_not_alone_even_with_nothing_to_seal(busy: TradingDesk) -> None:
    busy.seal()
    assert busy.code(Seal(), Seal()) == OutcomeCode.SEAL_NOT_ALONE
    assert busy.code(Seal()) == OutcomeCode.NOTHING_TO_SEAL


def test_expiring_judges_kind_due_and_settled(busy: TradingDesk) -> None:
    assert busy.code(Expire(99)) == OutcomeCode.MARKET_UNKNOWN
    assert busy.code(Expire(MARKET)) == OutcomeCode.MARKET_KIND_WRONG
    assert busy.code(Expire(FUTURE)) == OutcomeCode.MARKET_NOT_DUE
    busy.now = LISTED_EXPIRY
    order = replace(busy.order(RICH, Side.BUY, 1, 1_000, market=FUTURE), expires_at=busy.now + SECOND_NS)
    assert busy.code(order) == OutcomeCode.MARKET_EXPIRED
    assert busy.code(Expire(FUTURE)) == OutcomeCode.ACCEPTED
    assert busy.code(Expire(FUTURE)) == OutcomeCode.MARKET_EXPIRED
    assert busy.code(MarkPrice(FUTURE, 1)) == OutcomeCode.MARKET_KIND_WRONG


def test_every_outcome_code_is_reached_here() -> None:
    elsewhere = {
        OutcomeCode.ACCEPTED,
        OutcomeCode.MALFORMED,
        OutcomeCode.KIND_UNKNOWN,
        OutcomeCode.SEAL_NOT_ALONE,
        OutcomeCode.NOTHING_TO_SEAL,
        OutcomeCode.MARKET_EXPIRED,
        OutcomeCode.MARKET_NOT_DUE,
        OutcomeCode.RESERVE_SHORT,
    }
    assert {code for _, code, _ in SINGLES} == set(OutcomeCode) - elsewhere
