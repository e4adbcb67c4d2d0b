"""Questions about futures, options and margin, answered with values; as `stab3l.exchange.queries`."""

from __future__ import annotations

from stab3l.engine.port import DerivativeQuestions
from stab3l.exchange.derivative_values import (
    Collateral,
    Due,
    Instrument,
    Margin,
    OptionMarks,
    Portfolio,
    Position,
    PositionProof,
    Underlying,
    Unhealthy,
)
from stab3l.exchange.limits import UNHEALTHY_LOOKED_AT_MAX
from stab3l.exchange.queries import last_sealed


def underlyings(engine: DerivativeQuestions) -> tuple[Underlying, ...]:
    """All underlyings, by id."""
    asset = engine.settlement_asset()
    if asset is None:
        return ()
    found = []
    for underlying, name, *numbers, _ in engine.underlyings():
        text = name.rstrip(b"\0").decode("ascii", "replace").replace("\0", "\ufffd")
        found.append(Underlying(underlying, text, asset, *numbers))
    return tuple(found)


def instruments(engine: DerivativeQuestions) -> tuple[Instrument, ...]:
    """All futures and options, by market."""
    found = []
    for market, underlying, kind, expiry, strike, _, last, settled, settlement_ticks, interest in engine.instruments():
        stands = (bool(settled), settlement_ticks, last, interest)
        found.append(Instrument(market, underlying, kind, expiry, strike, *stands))
    return tuple(found)


def option_marks(engine: DerivativeQuestions, market: int) -> OptionMarks | None:
    """An option's given marks; None for what is no option or has none."""
    given = engine.option_marks(market)
    return None if given is None else OptionMarks(market, given[0], tuple(given[1]))


def collateral(engine: DerivativeQuestions) -> tuple[Collateral, ...]:
    """What counts as equity besides the settlement asset, by asset."""
    return tuple(Collateral(*row) for row in engine.collateral())


def positions(engine: DerivativeQuestions, account: int) -> tuple[Position, ...]:
    """An account's positions that have lots, by market."""
    held = [row for row in engine.positions(account) if row[1]]
    if not held:
        return ()
    terms = {row[0]: (row[4], row[10]) for row in engine.markets()}
    found = []
    for market, lots, entry in held:
        tick, mark = terms[market]
        found.append(Position(market, lots, entry, mark, lots * mark * tick - entry))
    return tuple(found)


def margin(engine: DerivativeQuestions, account: int) -> Margin | None:
    """An account's margin; None while the venue has no underlying."""
    asset = engine.settlement_asset()
    if asset is None:
        return None
    equity, initial, maintenance, reserves, free, debt, portfolios = engine.margin(account)
    rows = tuple(Portfolio(underlying, first, least, tuple(gains)) for underlying, first, least, gains in portfolios)
    return Margin(asset, equity, initial, maintenance, reserves, free, debt, rows)


def position_proof(engine: DerivativeQuestions, account: int, market: int) -> PositionProof | None:
    """Proof of a position in the last sealed block."""
    while True:
        sealed = last_sealed(engine)
        proof = engine.position_proof(account, market)
        if sealed is None or proof is None:
            return None
        now = last_sealed(engine)
        if now is not None and now.block == sealed.block:
            index, lots, entry, siblings = proof
            return PositionProof(index, lots, entry, tuple(siblings), sealed.positions_root, sealed.block)


def due(engine: DerivativeQuestions) -> Due:
    """When the next sweep and the next expiry are due."""
    return Due(*engine.due())


def unhealthy(engine: DerivativeQuestions, first: int, count: int) -> Unhealthy:
    """Accounts from ``first`` on that a new index price would liquidate."""
    found, following = engine.unhealthy(first, min(count, UNHEALTHY_LOOKED_AT_MAX))
    return Unhealthy(tuple(found), following)
