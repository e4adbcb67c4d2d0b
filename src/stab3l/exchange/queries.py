"""Questions about the engine's state, answered with values. They run in threads: the engine locks itself meanwhile."""

from __future__ import annotations

from stab3l.engine.port import DerivativeQuestions, ExchangeEngine, MarketRow, OrderRow
from stab3l.engine.wire import MarketStatus, Sealed, decode_events
from stab3l.errors import Invalid, NotFound
from stab3l.exchange.limits import BOOK_DEPTH_MAX, WITHDRAWALS_PER_PAGE
from stab3l.exchange.messages import (
    Asset,
    Balance,
    Book,
    Deposits,
    Market,
    Order,
    Proof,
    Protection,
    Status,
    Total,
    Withdrawal,
)

ADDRESS_BYTES = 20
ZERO_HASH = bytes(32)


def status(engine: ExchangeEngine) -> Status:
    """How far the exchange is."""
    sealed = last_sealed(engine)
    sequence, now = engine.last_sequence, engine.last_now
    if sealed is None:
        return Status(sequence, now, 0, 0, ZERO_HASH)
    return Status(sequence, now, sealed.block, sealed.last_input, sealed.state_root)


def last_sealed(engine: DerivativeQuestions) -> Sealed | None:
    """The last ``sealed`` event; None before the first."""
    found = [event for event in decode_events(engine.sealed() or b"") if isinstance(event, Sealed)]
    return found[0] if found else None


def assets(engine: ExchangeEngine) -> tuple[Asset, ...]:
    """All assets, by id."""
    return tuple(Asset(id_, chain, token, decimals) for id_, chain, token, decimals, _, _ in engine.assets())


def markets(engine: ExchangeEngine) -> tuple[Market, ...]:
    """All markets, by id."""
    return tuple(market_of_row(row) for row in engine.markets())


def totals(engine: ExchangeEngine) -> tuple[Total, ...]:
    """Credited, withdrawn and owned of every asset, by id."""
    return tuple(Total(asset, *engine.totals(asset)) for asset, *_ in engine.assets())


def account_of(engine: ExchangeEngine, owner: bytes) -> int | None:
    """The account of an address. Raises ``Invalid`` when it is not 20 bytes."""
    if len(owner) != ADDRESS_BYTES:
        raise Invalid(f"an address has {ADDRESS_BYTES} bytes, not {len(owner)}", count=len(owner))
    return engine.account_of(owner)


def balances(engine: ExchangeEngine, account: int) -> tuple[Balance, ...]:
    """What an account has, by asset."""
    return tuple(Balance(*row) for row in engine.balances(account))


def book(engine: ExchangeEngine, market: int, depth: int) -> Book:
    """The best levels of both sides. Raises ``Invalid`` for a depth out of range, ``NotFound`` for no such market."""
    if not 1 <= depth <= BOOK_DEPTH_MAX:
        raise Invalid(f"a depth is 1 to {BOOK_DEPTH_MAX}, not {depth}", depth=depth, depth_max=BOOK_DEPTH_MAX)
    try:
        bids, asks = engine.book(market, depth)
    except ValueError:
        raise NotFound(f"there is no market {market}", market=market) from None
    return Book(tuple((ticks, lots) for ticks, lots, _ in bids), tuple((ticks, lots) for ticks, lots, _ in asks))


def open_orders(engine: ExchangeEngine, account: int) -> tuple[Order, ...]:
    """An account's resting and waiting orders, by id."""
    return tuple(order_of_row(row) for row in engine.open_orders(account))


def order(engine: ExchangeEngine, order_id: int) -> Order | None:
    """A resting or waiting order."""
    row = engine.order(order_id)
    return None if row is None else order_of_row(row)


def schedule(engine: ExchangeEngine, account: int) -> int:
    """When all of an account's orders die; 0: they do not."""
    return engine.schedule(account)


def protections(engine: ExchangeEngine, account: int) -> tuple[Protection, ...]:
    """An account's market-maker protections, by market."""
    return tuple(Protection(*row) for row in engine.protections(account))


def chain_deposits(engine: ExchangeEngine, chain_id: int) -> Deposits:
    """What was credited of a chain."""
    return Deposits(*engine.chain_deposits(chain_id))


def withdrawals(engine: ExchangeEngine, first: int, count: int) -> tuple[Withdrawal, ...]:
    """Withdrawals from leaf ``first`` on, at most ``count`` and a page."""
    found = []
    for leaf in range(first, first + min(count, WITHDRAWALS_PER_PAGE)):
        row = engine.withdrawal(leaf)
        if row is None:
            break
        found.append(Withdrawal(leaf, *row))
    return tuple(found)


def balance_proof(engine: ExchangeEngine, account: int, asset: int) -> Proof | None:
    """Proof of a balance in the last sealed block."""
    while True:
        sealed = last_sealed(engine)
        proof = engine.balance_proof(account, asset)
        if sealed is None or proof is None:
            return None
        if _block(engine) == sealed.block:
            index, amount, siblings = proof
            return Proof(index, amount, tuple(siblings), sealed.balances_root, sealed.block)


def withdrawal_proof(engine: ExchangeEngine, withdrawal: int) -> Proof | None:
    """Proof of a withdrawal in the last sealed block."""
    while True:
        sealed = last_sealed(engine)
        siblings, row = engine.withdrawal_proof(withdrawal), engine.withdrawal(withdrawal)
        if sealed is None or siblings is None or row is None:
            return None
        if _block(engine) == sealed.block:
            return Proof(withdrawal, row[-1], tuple(siblings), sealed.withdrawals_root, sealed.block)


def _block(engine: ExchangeEngine) -> int:
    sealed = last_sealed(engine)
    return 0 if sealed is None else sealed.block


def order_of_row(row: OrderRow) -> Order:
    """An order as the engine's row tells it."""
    order_id, account, market, client_id, ticks, lots, side, *terms = row
    return Order(order_id, account, market, client_id, side, ticks, lots, *terms)


def market_of_row(row: MarketRow) -> Market:
    """A market as the engine's row tells it."""
    market, base, quote, lot, tick, maker_fee, taker_fee, max_lots, status, band, mark, kind = row
    is_open = status == MarketStatus.OPEN
    return Market(market, base, quote, lot, tick, maker_fee, taker_fee, max_lots, is_open, band, mark, kind)
