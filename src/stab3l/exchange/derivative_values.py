"""What the gateway tells about futures, options and margin, and its protobuf form (docs/reference/derivatives.md).

Prices are ticks and times nanoseconds since 1970, 0: none. Amounts are base units of the settlement asset, signed.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from stab3l.exchange.messages import amount_bytes, amount_of, pb

SIGNED_BYTES: Final = 32


class Underlying(msgspec.Struct, frozen=True):
    """What futures and options are on. ``tick``: base units of the settlement asset per lot and price tick."""

    id: int
    name: str
    settlement_asset: int
    tick: int
    range_ppm: int
    basis_ppm: int
    initial_ppm: int
    short_option_ppm: int
    liquidation_fee_ppm: int
    liquidation_step_ppm: int
    index: int = 0
    index_at: int = 0


class Instrument(msgspec.Struct, frozen=True):
    """The terms of a future (``kind`` 1, ``strike`` 0), a call (2) or a put (3), and how it stands.

    ``open_interest``: lots that are held on one side; ``settlement_ticks`` counts once it is ``settled``.
    """

    market: int
    underlying: int
    kind: int
    expiry: int
    strike: int
    settled: bool = False
    settlement_ticks: int = 0
    last_trade: int = 0
    open_interest: int = 0


class OptionMarks(msgspec.Struct, frozen=True):
    """An option's mark and its values in the 16 scenarios, as the operator gave them."""

    market: int
    mark: int
    values: tuple[int, ...]


class Collateral(msgspec.Struct, frozen=True):
    """What an asset counts as equity. ``price``: settlement base units per 10^18 of its own."""

    asset: int
    haircut_ppm: int
    price: int


class Position(msgspec.Struct, frozen=True):
    """Signed ``lots`` in a market, what was paid less received for them, and what they would bring at ``mark``.

    ``value`` = lots x mark x tick - entry: the profit that is not realised.
    """

    market: int
    lots: int
    entry: int
    mark: int
    value: int


class Portfolio(msgspec.Struct, frozen=True):
    """What an account's positions in one underlying add to its margin; ``gains`` in each of the 16 scenarios."""

    underlying: int
    initial: int
    maintenance: int
    gains: tuple[int, ...]


class Margin(msgspec.Struct, frozen=True):
    """An account's margin in the settlement asset ``asset``; ``free`` = equity - initial - reserves."""

    asset: int
    equity: int
    initial: int
    maintenance: int
    reserves: int
    free: int
    debt: int
    portfolios: tuple[Portfolio, ...] = ()


class PositionProof(msgspec.Struct, frozen=True):
    """A leaf of the positions tree: index and siblings, lowest first, under ``root`` of sealed block ``block``."""

    index: int
    lots: int
    entry: int
    siblings: tuple[bytes, ...]
    root: bytes
    block: int


class Due(msgspec.Struct, frozen=True):
    """When the first order, the first scheduled cancel and the first contract come to their end; 0: there is none.

    ``market`` is the contract that expires at ``expiry``.
    """

    order: int
    schedule: int
    expiry: int
    market: int | None = None


class Unhealthy(msgspec.Struct, frozen=True):
    """(account, underlying) pairs that a new index price would liquidate; ``next``: where to go on."""

    found: tuple[tuple[int, int], ...]
    next: int | None = None


def signed_bytes(amount: int) -> bytes:
    """A signed amount as the messages carry it."""
    return amount.to_bytes(SIGNED_BYTES, "little", signed=True)


def signed_of(data: bytes) -> int:
    """A signed amount that a message carried."""
    return int.from_bytes(data, "little", signed=True)


def underlying_message(underlying: Underlying) -> Any:
    """An underlying's protobuf form."""
    return pb.Underlying(**msgspec.structs.asdict(underlying))


def underlying_of(message: Any) -> Underlying:
    """An underlying from its protobuf form."""
    return Underlying(*(getattr(message, name) for name in Underlying.__struct_fields__))


def instrument_message(instrument: Instrument) -> Any:
    """An instrument's protobuf form."""
    return pb.Instrument(**msgspec.structs.asdict(instrument))


def instrument_of(message: Any) -> Instrument:
    """An instrument from its protobuf form."""
    return Instrument(*(getattr(message, name) for name in Instrument.__struct_fields__))


def option_marks_message(marks: OptionMarks) -> Any:
    """An option's marks in their protobuf form."""
    return pb.OptionMarks(market=marks.market, mark=marks.mark, values=marks.values)


def option_marks_of(message: Any) -> OptionMarks:
    """An option's marks from their protobuf form."""
    return OptionMarks(message.market, message.mark, tuple(message.values))


def collateral_message(collateral: Collateral) -> Any:
    """Collateral's protobuf form."""
    price = amount_bytes(collateral.price)
    return pb.CollateralTerms(asset=collateral.asset, haircut_ppm=collateral.haircut_ppm, price=price)


def collateral_of(message: Any) -> Collateral:
    """Collateral from its protobuf form."""
    return Collateral(message.asset, message.haircut_ppm, amount_of(message.price))


def position_message(position: Position) -> Any:
    """A position's protobuf form."""
    entry, value = signed_bytes(position.entry), signed_bytes(position.value)
    return pb.Position(market=position.market, lots=position.lots, entry=entry, mark=position.mark, value=value)


def position_of(message: Any) -> Position:
    """A position from its protobuf form."""
    return Position(message.market, message.lots, signed_of(message.entry), message.mark, signed_of(message.value))


def margin_message(margin: Margin) -> Any:
    """A margin's protobuf form."""
    return pb.Margin(
        asset=margin.asset,
        portfolios=map(_portfolio_message, margin.portfolios),
        **{name: signed_bytes(getattr(margin, name)) for name in _MARGIN_AMOUNTS},
    )


def margin_of(message: Any) -> Margin:
    """A margin from its protobuf form."""
    amounts = {name: signed_of(getattr(message, name)) for name in _MARGIN_AMOUNTS}
    return Margin(asset=message.asset, portfolios=tuple(map(_portfolio_of, message.portfolios)), **amounts)


_MARGIN_AMOUNTS: Final = ("equity", "initial", "maintenance", "reserves", "free", "debt")


def _portfolio_message(portfolio: Portfolio) -> Any:
    return pb.Portfolio(
        underlying=portfolio.underlying,
        initial=signed_bytes(portfolio.initial),
        maintenance=signed_bytes(portfolio.maintenance),
        gains=map(signed_bytes, portfolio.gains),
    )


def _portfolio_of(message: Any) -> Portfolio:
    initial, maintenance = signed_of(message.initial), signed_of(message.maintenance)
    return Portfolio(message.underlying, initial, maintenance, tuple(map(signed_of, message.gains)))


def position_proof_message(proof: PositionProof) -> Any:
    """A proof's protobuf form."""
    return pb.PositionProof(**{**msgspec.structs.asdict(proof), "entry": signed_bytes(proof.entry)})


def position_proof_of(message: Any) -> PositionProof:
    """A proof from its protobuf form."""
    leaf = message.index, message.lots, signed_of(message.entry)
    return PositionProof(*leaf, tuple(message.siblings), message.root, message.block)


def due_message(due: Due) -> Any:
    """What is due in its protobuf form."""
    return pb.DueReply(order=due.order, schedule=due.schedule, expiry=due.expiry, market=due.market)


def due_of(message: Any) -> Due:
    """What is due from its protobuf form."""
    market = int(message.market) if message.HasField("market") else None
    return Due(message.order, message.schedule, message.expiry, market)


def unhealthy_message(unhealthy: Unhealthy) -> Any:
    """Unhealthy accounts in their protobuf form."""
    found = (pb.AccountUnderlying(account=account, underlying=underlying) for account, underlying in unhealthy.found)
    return pb.UnhealthyReply(found=found, next=unhealthy.next)


def unhealthy_of(message: Any) -> Unhealthy:
    """Unhealthy accounts from their protobuf form."""
    found = tuple((pair.account, pair.underlying) for pair in message.found)
    return Unhealthy(found, int(message.next) if message.HasField("next") else None)
