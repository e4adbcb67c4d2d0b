"""The exchange behind the API without processes: the reference exchange in memory, as ``api.exchange.Exchange``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from stab3l.api.exchange import (
    Asset,
    Balance,
    Book,
    Collateral,
    Frame,
    Instrument,
    Margin,
    Market,
    OptionMarks,
    Order,
    Position,
    PositionProof,
    Proof,
    Protection,
    Segment,
    Status,
    Submitted,
    Underlying,
    Withdrawal,
)
from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.audit.reference_queries import ReferenceQueries
from stab3l.clock import Clock
from stab3l.errors import NotFound
from stab3l.exchange import derivative_queries
from stab3l.exchange.gateway_client import GatewayUnavailable, SubmissionUnknown
from stab3l.exchange.queries import market_of_row, order_of_row

ZERO_HASH: Final = bytes(32)


class ReferenceGateway:
    """A gateway with faults on demand: ``down`` refuses everything, ``lose_answers`` applies batches silently.

    ``files``: the content of segment files by (stream, first sequence); the last of a stream is still being written.
    """

    def __init__(self, clock: Clock) -> None:
        self.exchange = ReferenceExchange()
        self._queries = ReferenceQueries(self.exchange)
        self.down = False
        self.lose_answers = False
        self.batches = 0
        self._clock = clock
        self.files: dict[tuple[str, int], bytes] = {}
        self._frames: list[Frame] = []
        self._batches: list[Frame] = []
        self._grown = asyncio.Condition()

    async def submit(self, batch: bytes) -> Submitted:
        """Applies a batch; an empty one is refused, as the gateway refuses it."""
        self._check()
        self.batches += 1
        first, now = self.exchange.sequence + 1, self._clock.now()
        events = self.exchange.apply(batch, now)
        async with self._grown:
            self._frames.append(Frame(first, self.exchange.now, events))
            self._batches.append(Frame(first, self.exchange.now, batch))
            self._grown.notify_all()
        if self.lose_answers:
            raise SubmissionUnknown("the answer was lost", retry_after_s=1)
        return Submitted(first, events)

    def outputs(self, from_sequence: int) -> AsyncIterator[Frame]:
        """Frames from a sequence number on, then live."""
        return self._follow(self._frames, from_sequence)

    def inputs(self, from_sequence: int) -> AsyncIterator[Frame]:
        """The batches, likewise."""
        return self._follow(self._batches, from_sequence)

    async def _follow(self, frames: list[Frame], from_sequence: int) -> AsyncIterator[Frame]:
        at = 0
        while True:
            self._check()
            while at < len(frames):
                frame = frames[at]
                at += 1
                if at == len(frames) or frames[at].first_sequence > from_sequence:
                    yield frame
            async with self._grown:
                while at == len(frames):
                    await self._grown.wait()

    async def segments(self, stream: str) -> tuple[Segment, ...]:
        """The given files."""
        self._check()
        firsts = sorted(first for name, first in self.files if name == stream)
        return tuple(
            Segment(first, following - 1, len(self.files[stream, first]), bool(following), bytes(32), bytes(32))
            for first, following in zip(firsts, [*firsts[1:], 0], strict=True)
        )

    async def read_segment(self, stream: str, first_sequence: int, offset: int, length: int) -> bytes:
        """Bytes of a given file."""
        self._check()
        if (stream, first_sequence) not in self.files:
            raise NotFound(f"no segment of {stream} begins at {first_sequence}")
        return self.files[stream, first_sequence][offset : offset + length]

    async def status(self) -> Status:
        """How far it is."""
        self._check()
        at, sealed = self.exchange, self.exchange.last_sealed
        return Status(at.sequence, at.now, at.block, at.sealed_through, sealed.state_root if sealed else ZERO_HASH)

    async def assets(self) -> tuple[Asset, ...]:
        """All assets."""
        self._check()
        return tuple(Asset(*row[:4]) for row in self._queries.assets())

    async def markets(self) -> tuple[Market, ...]:
        """All markets."""
        self._check()
        return tuple(market_of_row(row) for row in self._queries.markets())

    async def account_of(self, owner: bytes) -> int | None:
        """The account of an address."""
        self._check()
        return self._queries.account_of(owner)

    async def balances(self, account: int) -> tuple[Balance, ...]:
        """Balances by asset."""
        self._check()
        return tuple(Balance(*row) for row in self._queries.balances(account))

    async def book(self, market: int, depth: int) -> Book:
        """The best levels."""
        self._check()
        bids, asks = self._queries.book(market, depth)
        return Book(tuple(row[:2] for row in bids), tuple(row[:2] for row in asks))

    async def open_orders(self, account: int) -> tuple[Order, ...]:
        """Resting and waiting orders by id."""
        self._check()
        return tuple(map(order_of_row, self._queries.open_orders(account)))

    async def schedule(self, account: int) -> int:
        """When all of an account's orders die; 0: they do not."""
        self._check()
        return self._queries.schedule(account)

    async def protections(self, account: int) -> tuple[Protection, ...]:
        """Market-maker protections by market."""
        self._check()
        return tuple(Protection(*row) for row in self._queries.protections(account))

    async def withdrawal(self, withdrawal: int) -> Withdrawal | None:
        """A withdrawal."""
        self._check()
        row = self._queries.withdrawal(withdrawal)
        return Withdrawal(withdrawal, *row) if row else None

    async def balance_proof(self, account: int, asset: int) -> Proof | None:
        """Proof of a balance in the last sealed block."""
        self._check()
        found, sealed = self._queries.balance_proof(account, asset), self.exchange.last_sealed
        if found is None or sealed is None:
            return None
        index, amount, siblings = found
        return Proof(index, amount, tuple(siblings), sealed.balances_root, sealed.block)

    async def withdrawal_proof(self, withdrawal: int) -> Proof | None:
        """Proof of a withdrawal in the last sealed block."""
        self._check()
        siblings, sealed = self._queries.withdrawal_proof(withdrawal), self.exchange.last_sealed
        if siblings is None or sealed is None:
            return None
        amount = self.exchange.withdrawals[withdrawal].amount
        return Proof(withdrawal, amount, tuple(siblings), sealed.withdrawals_root, sealed.block)

    async def underlyings(self) -> tuple[Underlying, ...]:
        """What futures and options are on."""
        self._check()
        return derivative_queries.underlyings(self._queries)

    async def instruments(self) -> tuple[Instrument, ...]:
        """All futures and options."""
        self._check()
        return derivative_queries.instruments(self._queries)

    async def option_marks(self, market: int) -> OptionMarks | None:
        """An option's marks."""
        self._check()
        return derivative_queries.option_marks(self._queries, market)

    async def collateral(self) -> tuple[Collateral, ...]:
        """What counts as equity."""
        self._check()
        return derivative_queries.collateral(self._queries)

    async def positions(self, account: int) -> tuple[Position, ...]:
        """An account's positions."""
        self._check()
        return derivative_queries.positions(self._queries, account)

    async def margin(self, account: int) -> Margin | None:
        """An account's margin."""
        self._check()
        return derivative_queries.margin(self._queries, account)

    async def position_proof(self, account: int, market: int) -> PositionProof | None:
        """Proof of a position in the last sealed block."""
        self._check()
        return derivative_queries.position_proof(self._queries, account, market)

    def _check(self) -> None:
        if self.down:
            raise GatewayUnavailable("the gateway is down", retry_after_s=2)
