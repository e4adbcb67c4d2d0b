"""The exchange behind the API without processes: the reference exchange in memory, as ``api.exchange.Exchange``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from stab3l.api.exchange import Asset, Balance, Book, Frame, Market, Order, Proof, Status, Submitted, Withdrawal
from stab3l.clock import Clock
from stab3l.engine.wire import MarketStatus, Sealed, Side, decode_events
from stab3l.errors import Unavailable
from stab3l.testing.reference_exchange import SYSTEM_ACCOUNTS, ReferenceExchange

ZERO_HASH: Final = bytes(32)


class SubmissionUnknown(Unavailable):
    """The batch was sent and its answer lost."""

    code = "submission_unknown"


class ReferenceGateway:
    """A gateway with faults on demand: ``down`` refuses everything, ``lose_answers`` applies batches silently."""

    def __init__(self, clock: Clock) -> None:
        self.exchange = ReferenceExchange()
        self.down = False
        self.lose_answers = False
        self.batches = 0
        self._clock = clock
        self._frames: list[Frame] = []
        self._grown = asyncio.Condition()
        self._sealed: Sealed | None = None

    async def submit(self, batch: bytes) -> Submitted:
        """Applies a batch; an empty one is refused, as the gateway refuses it."""
        self._check()
        self.batches += 1
        first, now = self.exchange.sequence + 1, self._clock.now()
        events = self.exchange.apply(batch, now)
        for event in decode_events(events):
            if isinstance(event, Sealed):
                self._sealed = event
        async with self._grown:
            self._frames.append(Frame(first, self.exchange.now, events))
            self._grown.notify_all()
        if self.lose_answers:
            raise SubmissionUnknown("the answer was lost", retry_after_s=1)
        return Submitted(first, events)

    async def outputs(self, from_sequence: int) -> AsyncIterator[Frame]:
        """Frames from a sequence number on, then live."""
        at = 0
        while True:
            self._check()
            while at < len(self._frames):
                frame = self._frames[at]
                at += 1
                if at == len(self._frames) or self._frames[at].first_sequence > from_sequence:
                    yield frame
            async with self._grown:
                while at == len(self._frames):
                    await self._grown.wait()

    async def status(self) -> Status:
        """How far it is."""
        self._check()
        root = self._sealed.state_root if self._sealed else ZERO_HASH
        return Status(self.exchange.sequence, self.exchange.block, self.exchange.sealed_through, root)

    async def assets(self) -> tuple[Asset, ...]:
        """All assets."""
        self._check()
        return tuple(Asset(i, a.chain_id, a.token, a.decimals) for i, a in enumerate(self.exchange.assets))

    async def markets(self) -> tuple[Market, ...]:
        """All markets."""
        self._check()
        return tuple(
            Market(
                m.id,
                m.base,
                m.quote,
                m.lot,
                m.tick,
                m.maker_fee_ppm,
                m.taker_fee_ppm,
                m.max_lots,
                m.status == MarketStatus.OPEN,
            )
            for m in self.exchange.markets
        )

    async def account_of(self, owner: bytes) -> int | None:
        """The account of an address."""
        self._check()
        users = self.exchange.owners[SYSTEM_ACCOUNTS:]
        return SYSTEM_ACCOUNTS + users.index(owner) if owner in users else None

    async def balances(self, account: int) -> tuple[Balance, ...]:
        """Balances by asset."""
        self._check()
        own = sorted((asset, one) for (who, asset), one in self.exchange.balances.items() if who == account)
        return tuple(Balance(asset, one.available, one.held) for asset, one in own)

    async def book(self, market: int, depth: int) -> Book:
        """The best levels."""
        self._check()
        bids, asks = (tuple(self.exchange.book(market, side)[:depth]) for side in (Side.BUY, Side.SELL))
        return Book(bids, asks)

    async def open_orders(self, account: int) -> tuple[Order, ...]:
        """Resting orders by id."""
        self._check()
        own = [(m.id, o) for m in self.exchange.markets for o in m.resting if o.account == account]
        orders = [Order(o.id, o.account, market, int(o.side), o.ticks, o.lots) for market, o in own]
        return tuple(sorted(orders, key=lambda order: order.id))

    async def withdrawal(self, withdrawal: int) -> Withdrawal | None:
        """A withdrawal."""
        self._check()
        if withdrawal >= len(self.exchange.withdrawals):
            return None
        w = self.exchange.withdrawals[withdrawal]
        return Withdrawal(w.id, w.chain_id, w.token, w.owner, w.recipient, w.amount)

    async def balance_proof(self, account: int, asset: int) -> Proof | None:
        """Proof of a balance in the last sealed block."""
        self._check()
        try:
            index, amount, siblings = self.exchange.balance_proof(account, asset)
        except KeyError:
            return None
        return Proof(index, amount, tuple(siblings), self._last_seal().balances_root, self.exchange.block)

    async def withdrawal_proof(self, withdrawal: int) -> Proof | None:
        """Proof of a withdrawal in the last sealed block."""
        self._check()
        try:
            siblings = self.exchange.withdrawal_proof(withdrawal)
        except KeyError:
            return None
        amount = self.exchange.withdrawals[withdrawal].amount
        return Proof(withdrawal, amount, tuple(siblings), self._last_seal().withdrawals_root, self.exchange.block)

    def _last_seal(self) -> Sealed:
        assert self._sealed is not None, "a proof needs a seal"
        return self._sealed

    def _check(self) -> None:
        if self.down:
            raise Unavailable("the gateway is down", retry_after_s=2)
