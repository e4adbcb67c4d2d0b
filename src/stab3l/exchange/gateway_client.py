"""The client of the gateway: the door through which other processes reach the exchange.

A batch whose answer is lost is never sent again by itself: ``submit`` raises ``SubmissionUnknown`` and the caller
submits the same commands once more, which their client ids (or ordinals) make harmless.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final, Self

import grpc
import grpc.aio

from stab3l.engine.wire import Sealed, decode_events
from stab3l.exchange.connection import OPTIONS, SubmitStream, fetch, follow, target_of
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
    collateral_of,
    due_of,
    instrument_of,
    margin_of,
    option_marks_of,
    position_of,
    position_proof_of,
    signed_of,
    underlying_of,
    unhealthy_of,
)
from stab3l.exchange.errors import BatchRefused, GatewayUnavailable, ReaderTooSlow, SubmissionUnknown
from stab3l.exchange.limits import (
    BATCH_BYTES_MAX,
    BATCH_RECORDS_MAX,
    UNHEALTHY_LOOKED_AT_MAX,
    WITHDRAWALS_PER_PAGE,
)
from stab3l.exchange.messages import (
    Asset,
    Balance,
    Book,
    Deposits,
    Frame,
    Market,
    Order,
    Proof,
    Protection,
    Segment,
    Status,
    Submitted,
    Total,
    Withdrawal,
    amount_of,
    market_of,
    order_of,
    pb,
    proof_of,
    protection_of,
    segment_of,
    withdrawal_of,
)
from stab3l.exchange.tokens import OPERATE_FILE, TRADE_FILE, read_token

__all__ = [
    "BATCH_BYTES_MAX",
    "BATCH_RECORDS_MAX",
    "OPERATE_FILE",
    "TRADE_FILE",
    "Asset",
    "Balance",
    "BatchRefused",
    "Book",
    "Collateral",
    "Deposits",
    "Due",
    "Frame",
    "GatewayClient",
    "GatewayUnavailable",
    "Instrument",
    "Margin",
    "Market",
    "OptionMarks",
    "Order",
    "Portfolio",
    "Position",
    "PositionProof",
    "Proof",
    "Protection",
    "ReaderTooSlow",
    "Segment",
    "Status",
    "SubmissionUnknown",
    "Submitted",
    "Total",
    "Underlying",
    "Unhealthy",
    "Withdrawal",
    "operator_client",
    "trader_client",
]

CONNECT_TIMEOUT_S: Final = 5


class GatewayClient:
    """One connection to the gateway, for any number of tasks; use it as an async context manager.

    ``address`` is host:port, or several with commas between them: the nodes of a replicated exchange, of which only
    the leader listens.

    It reconnects by itself, with backoff. Every method raises `GatewayUnavailable` while nobody answers within
    ``connect_timeout_s``, and `stab3l.errors.Unauthorised` when the gateway does not know the token.
    """

    def __init__(self, address: str, token: str, *, connect_timeout_s: int = CONNECT_TIMEOUT_S) -> None:
        self.address = address
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._connect_timeout_s = connect_timeout_s
        self._channel: grpc.aio.Channel | None = None
        self._stream: SubmitStream | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._channel = grpc.aio.insecure_channel(target_of(self.address), options=OPTIONS)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._stream is not None:
            await self._stream.close()
        if self._channel is not None:
            await self._channel.close()
        self._stream = self._channel = None

    async def submit(self, batch: bytes) -> Submitted:
        """Has a batch of command records sequenced, made durable and applied.

        Batches submitted one after another from one client are sequenced in that order.

        Raises:
            BatchRefused: too large, or a command that the token's role may not send; nothing was sequenced.
            SubmissionUnknown: the connection broke while the batch was under way.
            GatewayUnavailable: nothing was submitted.
        """
        if len(batch) > BATCH_BYTES_MAX:
            message = f"{len(batch)} bytes in one batch, at most {BATCH_BYTES_MAX} are taken"
            raise BatchRefused(message, reason="batch_too_large", count=len(batch), count_max=BATCH_BYTES_MAX)
        stream = await self._submitting()
        return await stream.submit(batch)

    def outputs(self, from_sequence: int) -> AsyncIterator[Frame]:
        """The events of every batch that holds or follows a sequence number, then live, without end.

        Raises:
            ReaderTooSlow: not read for too long; go on from its ``resume_at`` (that frame may come once more).
            GatewayUnavailable: the stream broke; go on after the last frame.
        """
        return follow(self._ready_channel, "Outputs", from_sequence, self._metadata)

    def inputs(self, from_sequence: int) -> AsyncIterator[Frame]:
        """The batches themselves, likewise."""
        return follow(self._ready_channel, "Inputs", from_sequence, self._metadata)

    async def segments(self, stream: str) -> tuple[Segment, ...]:
        """The journal's segment files of ``inputs`` or ``outputs``, as far as they are acknowledged."""
        reply = await self._ask("Segments", pb.StreamName(stream=stream), pb.SegmentsReply)
        return tuple(segment_of(segment) for segment in reply.segments)

    async def read_segment(self, stream: str, first_sequence: int, offset: int, length: int) -> bytes:
        """Bytes of a segment file, at most 1 MiB; fewer where it ends. Raises `stab3l.errors.NotFound`."""
        request = pb.SegmentRange(stream=stream, first_sequence=first_sequence, offset=offset, length=length)
        return bytes((await self._ask("ReadSegment", request, pb.SegmentBytes)).data)

    async def status(self) -> Status:
        """How far the exchange is."""
        reply = await self._ask("Status", pb.Nothing(), pb.StatusReply)
        return Status(reply.sequence, reply.now, reply.block, reply.sealed_sequence, reply.state_root)

    async def sealed(self) -> Sealed | None:
        """The last ``sealed`` event; None before the first."""
        reply = await self._ask("Sealed", pb.Nothing(), pb.SealedReply)
        found = [event for event in decode_events(reply.event) if isinstance(event, Sealed)]
        return found[0] if found else None

    async def assets(self) -> tuple[Asset, ...]:
        """All assets, by id."""
        reply = await self._ask("Assets", pb.Nothing(), pb.AssetsReply)
        return tuple(Asset(a.id, a.chain_id, a.token, a.decimals) for a in reply.assets)

    async def markets(self) -> tuple[Market, ...]:
        """All markets, by id."""
        reply = await self._ask("Markets", pb.Nothing(), pb.MarketsReply)
        return tuple(market_of(market) for market in reply.markets)

    async def totals(self) -> tuple[Total, ...]:
        """Credited, withdrawn and owned of every asset, by id."""
        reply = await self._ask("Totals", pb.Nothing(), pb.TotalsReply)
        return tuple(
            Total(t.asset, amount_of(t.credited), amount_of(t.withdrawn), signed_of(t.owned)) for t in reply.totals
        )

    async def account_of(self, owner: bytes) -> int | None:
        """The account of an address; None before its first deposit."""
        reply = await self._ask("AccountOf", pb.Owner(address=owner), pb.AccountReply)
        return int(reply.account) if reply.HasField("account") else None

    async def balances(self, account: int) -> tuple[Balance, ...]:
        """What an account has, by asset; empty for an unknown account."""
        reply = await self._ask("Balances", pb.AccountId(account=account), pb.BalancesReply)
        return tuple(Balance(b.asset, amount_of(b.available), amount_of(b.held)) for b in reply.balances)

    async def book(self, market: int, depth: int) -> Book:
        """The best ``depth`` levels of both sides. Raises `stab3l.errors.NotFound` for an unknown market."""
        reply = await self._ask("Book", pb.BookRequest(market=market, depth=depth), pb.BookReply)
        return Book(
            tuple((level.ticks, amount_of(level.lots)) for level in reply.bids),
            tuple((level.ticks, amount_of(level.lots)) for level in reply.asks),
        )

    async def open_orders(self, account: int) -> tuple[Order, ...]:
        """An account's resting and waiting orders, by id."""
        reply = await self._ask("OpenOrders", pb.AccountId(account=account), pb.OrdersReply)
        return tuple(order_of(order) for order in reply.orders)

    async def order(self, order: int) -> Order | None:
        """A resting or waiting order; None when it does so no more, or never did."""
        reply = await self._ask("OrderOf", pb.OrderId(order=order), pb.OrderReply)
        return order_of(reply.order) if reply.HasField("order") else None

    async def schedule(self, account: int) -> int:
        """When all of an account's orders die, nanoseconds since 1970; 0: they do not."""
        reply = await self._ask("Schedule", pb.AccountId(account=account), pb.ScheduleReply)
        return int(reply.at)

    async def protections(self, account: int) -> tuple[Protection, ...]:
        """An account's market-maker protections, by market."""
        reply = await self._ask("Protections", pb.AccountId(account=account), pb.ProtectionsReply)
        return tuple(protection_of(protection) for protection in reply.protections)

    async def chain_deposits(self, chain_id: int) -> Deposits:
        """What was credited of a chain."""
        reply = await self._ask("ChainDeposits", pb.ChainId(chain_id=chain_id), pb.ChainDepositsReply)
        return Deposits(reply.count, reply.deposit_hash)

    async def withdrawals(self, first: int, count: int = WITHDRAWALS_PER_PAGE) -> tuple[Withdrawal, ...]:
        """Withdrawals from leaf ``first`` on, at most ``count`` and a page; empty beyond the last."""
        request = pb.WithdrawalRange(first=first, count=min(count, WITHDRAWALS_PER_PAGE))
        reply = await self._ask("Withdrawals", request, pb.WithdrawalsReply)
        return tuple(withdrawal_of(withdrawal) for withdrawal in reply.withdrawals)

    async def withdrawal(self, withdrawal: int) -> Withdrawal | None:
        """A withdrawal by its leaf index."""
        found = await self.withdrawals(withdrawal, 1)
        return found[0] if found else None

    async def balance_proof(self, account: int, asset: int) -> Proof | None:
        """Proof of a balance in the last sealed block; None without a leaf there."""
        request = pb.BalanceLeaf(account=account, asset=asset)
        reply = await self._ask("BalanceProof", request, pb.ProofReply)
        return proof_of(reply.proof) if reply.HasField("proof") else None

    async def withdrawal_proof(self, withdrawal: int) -> Proof | None:
        """Proof of a withdrawal in the last sealed block; None while it is not in one."""
        request = pb.WithdrawalId(withdrawal=withdrawal)
        reply = await self._ask("WithdrawalProof", request, pb.ProofReply)
        return proof_of(reply.proof) if reply.HasField("proof") else None

    async def underlyings(self) -> tuple[Underlying, ...]:
        """What futures and options are on, by id."""
        reply = await self._ask("Underlyings", pb.Nothing(), pb.UnderlyingsReply)
        return tuple(underlying_of(underlying) for underlying in reply.underlyings)

    async def instruments(self) -> tuple[Instrument, ...]:
        """Every future and option that was ever listed, by market."""
        reply = await self._ask("Instruments", pb.Nothing(), pb.InstrumentsReply)
        return tuple(instrument_of(instrument) for instrument in reply.instruments)

    async def option_marks(self, market: int) -> OptionMarks | None:
        """An option's mark and scenario values; None for what is no option or has none yet."""
        reply = await self._ask("OptionMarksOf", pb.MarketId(market=market), pb.OptionMarksReply)
        return option_marks_of(reply.marks) if reply.HasField("marks") else None

    async def collateral(self) -> tuple[Collateral, ...]:
        """What counts as equity besides the settlement asset, by asset."""
        reply = await self._ask("Collateral", pb.Nothing(), pb.CollateralReply)
        return tuple(collateral_of(terms) for terms in reply.terms)

    async def positions(self, account: int) -> tuple[Position, ...]:
        """An account's positions that have lots, by market; empty for an unknown account."""
        reply = await self._ask("Positions", pb.AccountId(account=account), pb.PositionsReply)
        return tuple(position_of(position) for position in reply.positions)

    async def margin(self, account: int) -> Margin | None:
        """An account's margin; None while the venue has no underlying."""
        reply = await self._ask("MarginOf", pb.AccountId(account=account), pb.MarginReply)
        return margin_of(reply.margin) if reply.HasField("margin") else None

    async def position_proof(self, account: int, market: int) -> PositionProof | None:
        """Proof of a position in the last sealed block; None without a leaf there."""
        request = pb.PositionLeaf(account=account, market=market)
        reply = await self._ask("PositionProofOf", request, pb.PositionProofReply)
        return position_proof_of(reply.proof) if reply.HasField("proof") else None

    async def due(self) -> Due:
        """When the next order, scheduled cancel and contract come to their end."""
        return due_of(await self._ask("Due", pb.Nothing(), pb.DueReply))

    async def unhealthy(self, first: int, count: int = UNHEALTHY_LOOKED_AT_MAX) -> Unhealthy:
        """Who of the next ``count`` accounts from ``first`` on a new index price would liquidate."""
        request = pb.AccountRange(first=first, count=min(count, UNHEALTHY_LOOKED_AT_MAX))
        return unhealthy_of(await self._ask("Unhealthy", request, pb.UnhealthyReply))

    async def _ask(self, method: str, request: Any, reply_type: Any) -> Any:
        return await fetch(await self._ready_channel(), method, request, reply_type, self._metadata)

    async def _submitting(self) -> SubmitStream:
        async with self._opening:
            if self._stream is None or self._stream.ended:
                channel = await self._ready_channel()
                if self._stream is not None:
                    await self._stream.close()
                self._stream = SubmitStream(channel, self._metadata)
            return self._stream

    async def _ready_channel(self) -> grpc.aio.Channel:
        if self._channel is None:
            raise GatewayUnavailable("the client is not open: use it as an async context manager")
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                await self._channel.channel_ready()
        except TimeoutError:
            message = f"the exchange gateway at {self.address} does not answer"
            raise GatewayUnavailable(message, address=self.address) from None
        return self._channel


def trader_client(home: Path, address: str) -> GatewayClient:
    """A client with the ``trade`` token of this home. Raises `stab3l.errors.NotFound`, `TokenInvalid`."""
    return GatewayClient(address, read_token(home, TRADE_FILE))


def operator_client(home: Path, address: str) -> GatewayClient:
    """A client with the ``operate`` token of this home. Raises as `trader_client`."""
    return GatewayClient(address, read_token(home, OPERATE_FILE))
