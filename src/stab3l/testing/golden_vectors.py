"""Golden vectors of the engine: one short story that meets every command, event and outcome code.

``tests/golden/engine.json`` holds the story's batches and what an exchange must answer, in hexadecimal, for both
implementations here and for anyone who writes a third. ``python -m stab3l.testing.golden_vectors`` prints it anew from
the reference exchange; a change of the file is a change of the protocol.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from msgspec.structs import replace

from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.engine.wire import (
    Cancel,
    Command,
    Deposit,
    ListMarket,
    MarketStatus,
    OrderType,
    Place,
    RegisterAsset,
    Seal,
    SetMarketStatus,
    Side,
    TimeInForce,
    Withdraw,
    encode,
    encode_batch,
)
from stab3l.testing import golden_derivatives, golden_liquidation, golden_orders
from stab3l.testing.trading_desk import (
    BASE,
    CHAIN,
    FOREIGN,
    LISTING,
    LOT,
    MARKET,
    MAX_LOTS,
    OTHER_CHAIN,
    QUOTE,
    SECOND_NS,
    START_NS,
    owner,
    token,
)

MAKER, TAKER = 3, 4
HUGE = 1
EXPIRES_AT = START_NS + 60 * SECOND_NS
DAY_NS = 86_400 * SECOND_NS


@dataclass(frozen=True, slots=True)
class Vector:
    """One batch (hexadecimal), the time it came at, and the events' bytes (hexadecimal)."""

    title: str
    now: int
    batch: str
    events: str


def story() -> Iterator[tuple[str, int, bytes]]:
    """(title, now, batch) of each step, from genesis."""
    yield "three assets and a market", START_NS, encode_batch(LISTING)
    yield "deposits on two chains", START_NS, encode_batch(_deposits())
    yield "resting orders", START_NS + 1, encode_batch((order, b"signature") for order in _resting())
    yield "crossing orders", START_NS + 2, encode_batch(_crossing())
    yield "a cancel and withdrawals", START_NS + 2, encode_batch(_leaving())
    yield "the first block", START_NS + 3, encode(Seal())
    yield "a seal with nothing to seal", START_NS + 3, encode(Seal())
    yield "refused administration", START_NS + 3, encode_batch(_refused_administration())
    yield "refused deposits", START_NS + 3, encode_batch(_refused_deposits())
    yield "refused requests", START_NS + 4, encode_batch(_refused_requests())
    yield "refused orders", START_NS + 4, encode_batch(_refused_orders())
    yield from golden_orders.chapter(START_NS + 5)
    yield from golden_derivatives.chapter(START_NS + 20)
    yield from golden_liquidation.chapter(golden_derivatives.EXPIRY + 1)
    yield "no commands", START_NS - 5, b"".join(_malformed())
    yield "the second block, after two days", START_NS + 2 * DAY_NS, encode(Seal())


def vectors() -> list[Vector]:
    """The story as the reference exchange answers it."""
    exchange = ReferenceExchange()
    return [Vector(title, now, batch.hex(), exchange.apply(batch, now).hex()) for title, now, batch in story()]


def _order(client_id: int, account: int, side: Side, lots: int, ticks: int) -> Place:
    return Place(account, MARKET, client_id, EXPIRES_AT, ticks, lots, side)


def _deposits() -> list[Command]:
    return [
        Deposit(CHAIN, 1, BASE, 7, owner(1), 100 * LOT, b"\x01" * 32),
        Deposit(CHAIN, 2, QUOTE, 8, owner(2), 1_000_000, b"\x02" * 32),
        Deposit(OTHER_CHAIN, 1, FOREIGN, 0, owner(1), 2**100, b"\x03" * 32),
    ]


def _resting() -> list[Command]:
    levels = [(1, 5, 62), (2, 5, 60), (3, 5, 60), (4, 20, 70)]
    return [_order(client_id, MAKER, Side.SELL, lots, ticks) for client_id, lots, ticks in levels]


def _crossing() -> list[Command]:
    immediate = replace(_order(2, TAKER, Side.BUY, 9, 62), time_in_force=TimeInForce.IOC)
    market = replace(_order(3, TAKER, Side.BUY, 1, 70), order_type=OrderType.MARKET, time_in_force=TimeInForce.IOC)
    return [_order(1, TAKER, Side.BUY, 7, 61), immediate, market, _order(4, TAKER, Side.BUY, 9, 50)]


def _leaving() -> list[Command]:
    return [
        Cancel(TAKER, 8),
        Withdraw(TAKER, BASE, 5, EXPIRES_AT, 1_234, owner(9)),
        Withdraw(MAKER, FOREIGN, 5, EXPIRES_AT, 2**100, owner(8)),
        Withdraw(MAKER, QUOTE, 6, EXPIRES_AT, 1, owner(8)),
    ]


def _refused_administration() -> list[Command]:
    return [
        RegisterAsset(CHAIN, token(1), 37),
        RegisterAsset(CHAIN, token(9), 37),
        ListMarket(BASE, 9, 0, 0, 0, 0, 0),
        ListMarket(BASE, QUOTE, 0, 0, 0, 0, 0),
        ListMarket(BASE, BASE, 1, 1, 0, 0, 1),
        SetMarketStatus(9, MarketStatus.OPEN),
        ListMarket(FOREIGN, QUOTE, 10**30, 10**18, 100_000, 100_000, 10**12),
        Seal(),
    ]


def _refused_deposits() -> list[Command]:
    good = Deposit(CHAIN, 3, BASE, 0, owner(1), 1, bytes(32))
    return [
        replace(good, chain_id=OTHER_CHAIN),
        replace(good, amount=0, owner=bytes(20)),
        replace(good, amount=2**127, ordinal=2),
        replace(good, owner=bytes(20), ordinal=4),
        replace(good, ordinal=2),
        replace(good, ordinal=4),
    ]


def _refused_requests() -> list[Command]:
    good = Withdraw(TAKER, QUOTE, 9, EXPIRES_AT, 1, owner(9))
    return [
        replace(good, account=2),
        replace(good, expires_at=START_NS + 4, client_id=0),
        replace(good, expires_at=START_NS + 5 + DAY_NS, client_id=0),
        replace(good, client_id=0),
        replace(good, client_id=5, amount=0),
        replace(good, client_id=2, asset=99),
        replace(good, asset=99, amount=0),
        replace(good, amount=0, recipient=bytes(20)),
        replace(good, amount=2**128 - 1, recipient=bytes(20)),
        replace(good, amount=2**128 - 1),
        Cancel(TAKER, 4),
        Cancel(0, 4),
    ]


def _refused_orders() -> list[Command]:
    good = _order(9, TAKER, Side.BUY, 1, 1)
    return [
        replace(good, market=9),
        SetMarketStatus(MARKET, MarketStatus.HALTED),
        good,
        SetMarketStatus(MARKET, MarketStatus.OPEN),
        replace(good, lots=0, ticks=0),
        replace(good, lots=MAX_LOTS + 1, ticks=0),
        replace(good, ticks=0),
        replace(good, ticks=10**12 + 1, lots=MAX_LOTS),
        replace(good, market=HUGE, ticks=10**12, lots=10**12),
        replace(good, market=HUGE, ticks=1, lots=10**12, side=Side.SELL),
        replace(good, client_id=1),
    ]


def _malformed() -> Iterator[bytes]:
    record = encode(_order(9, TAKER, Side.BUY, 1, 1), b"signature")
    yield record[:2] + b"\x01\x00" + record[4:]
    yield b"\xff\x00" + record[2:]
    yield record[:48] + b"\x02" + record[49:]
    yield record[:49] + b"\x01" + record[50:]
    yield record[:-1]


def main() -> None:
    """Print the vectors as JSON."""
    sys.stdout.write(json.dumps([asdict(vector) for vector in vectors()], indent=1) + "\n")


if __name__ == "__main__":
    main()
