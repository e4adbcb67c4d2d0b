"""Delivers what buyers redeem: watches the chain for this provider's orders, runs each job and hands in its result.

The chain is the memory: an order is worked on exactly as long as ``orderOf`` says that it waits. On disk lie only the
results, and the block from which to look for orders after a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum, auto
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.to_thread
import msgspec
import structlog

from stab3l.chain.contracts import Contract, contract, decode_log
from stab3l.chain.errors import ContractRejected
from stab3l.chain.port import Chain
from stab3l.chain.sender import Sender
from stab3l.clock import monotonic_s
from stab3l.config import Network
from stab3l.errors import Stab3lError, Unavailable
from stab3l.flow.capacity import Meter
from stab3l.provider.documents import DocumentUnknown, job_documents, result_documents
from stab3l.provider.execution import AnyJob, parse_job, run
from stab3l.provider.job_process import JobAborted
from stab3l.provider.jobs import Result, budget_down, document_hash
from stab3l.provider.outputs import replace_file
from stab3l.units import Operations, Wad

log = structlog.get_logger(__name__)

WALL_LIMIT_S: Final = 600
"""Longest time that one job may take on this machine."""

DELIVERY_MARGIN_S: Final = 30
"""Kept free before the deadline for the delivering transaction."""

TRIES_MAX: Final = 3
"""Tries of a job that has no result; then its order is left to expire."""

BLOCKS_AT_ONCE: Final = 2_000


class OrderState(IntEnum):
    """IRedemption.State."""

    NONE = 0
    REQUESTED = 1
    DELIVERED = 2
    DISPUTED = 3
    SETTLED = 4
    COMPENSATED = 5
    QUEUED = 6
    WITHDRAWN = 7


class NextAct(Enum):
    """What to do about an order."""

    FORGET = auto()
    """Delivered, too late, or another's."""
    WAIT_FOR_JOB = auto()
    RUN = auto()
    DELIVER = auto()


@dataclass(frozen=True, slots=True)
class Order:
    """What matters of a redemption."""

    order_id: int
    state: OrderState
    amount: Wad
    deadline: int
    """Unix seconds, by the chain's clock."""
    job_hash: bytes


@dataclass(slots=True)
class Work:
    """What this process knows of an order that waits."""

    requested_block: int
    amount: Wad
    job_hash: bytes
    result: Result | None = None
    tries: int = 0


def by_urgency(waiting: Mapping[int, Work]) -> list[tuple[int, Work]]:
    """Orders as they are worked on: first what has only to be delivered, then the largest.

    Jobs run one after another, and the least amount buys fuel for minutes: small orders must not hold up large ones.
    """
    return sorted(waiting.items(), key=lambda entry: (entry[1].result is None, -entry[1].amount, entry[0]))


def next_act(order: Order, work: Work, chain_time: int, has_job: bool) -> NextAct:
    """What to do about ``order`` now; ``chain_time``: the newest block's timestamp."""
    if order.state != OrderState.REQUESTED or chain_time > order.deadline:
        return NextAct.FORGET
    if work.result is not None:
        return NextAct.DELIVER
    if work.tries >= TRIES_MAX or order.deadline - chain_time <= DELIVERY_MARGIN_S:
        return NextAct.FORGET
    return NextAct.RUN if has_job else NextAct.WAIT_FOR_JOB


def wall_limit_s(order: Order, chain_time: int) -> int:
    """Seconds that the job may take."""
    return min(WALL_LIMIT_S, order.deadline - chain_time - DELIVERY_MARGIN_S)


class _Cursor(msgspec.Struct, frozen=True):
    from_block: int


@dataclass
class Deliveries:
    """The loop over one provider's orders."""

    home: Path
    network: Network
    chain: Chain
    sender: Sender
    meter: Meter = field(default_factory=Meter)
    """Counts what was really completed."""
    _waiting: dict[int, Work] = field(default_factory=dict)

    async def run(self) -> None:
        """Until cancelled."""
        pause = self.network.primary.block_seconds
        next_block = await anyio.to_thread.run_sync(self._load_cursor)
        while True:
            ran_job = False
            try:
                next_block = await self._find(next_block)
                ran_job = await self._advance_until_job()
                await anyio.to_thread.run_sync(self._save_cursor, next_block)
            except Unavailable as error:
                log.warning("deliveries_wait", error=str(error))
            if not ran_job:
                await anyio.sleep(pause)

    def wanted(self) -> frozenset[bytes]:
        """The jobs that orders wait for."""
        return frozenset(work.job_hash for work in self._waiting.values() if work.result is None)

    def queue(self) -> list[Operations]:
        """Work that waits, at most: the budget of each order without a result."""
        return [budget_down(work.amount) for work in self._waiting.values() if work.result is None]

    async def _find(self, next_block: int) -> int:
        """Takes in the orders of newly confirmed blocks; returns the block to go on from."""
        head = await self.chain.head()
        last = head.number - self.network.primary.confirmations + 1
        while next_block <= last:
            until = min(next_block + BLOCKS_AT_ONCE - 1, last)
            for entry in await self.chain.logs([self._redemption.address], next_block, until):
                event = decode_log(self._redemption, entry)
                if event and event.event == "RedemptionRequested":
                    self._take_in(event.args, entry.block_number)
            next_block = until + 1
        return next_block

    def _take_in(self, args: Any, block: int) -> None:
        if args["provider"] == self.sender.signer.address and args["id"] not in self._waiting:
            self._waiting[args["id"]] = Work(block, Wad(args["amount"]), args["jobHash"])
            log.info("order_found", order=args["id"], buyer=args["buyer"], amount=args["amount"])

    async def _advance_until_job(self) -> bool:
        """Advances each order, up to the first whose job was run: meanwhile a more urgent one may have come."""
        for order_id, work in by_urgency(self._waiting):
            if await self._advance(order_id, work):
                return True
        return False

    async def _advance(self, order_id: int, work: Work) -> bool:
        try:
            return await self._act(order_id, work)
        except Unavailable:
            raise
        except JobAborted as error:
            work.tries += 1
            log.warning("job_aborted", order=order_id, tries=work.tries, **error.values)
            return True
        except Stab3lError as error:
            # One order's trouble must not stop the others; the next round looks at the chain again.
            work.tries += 1
            log.error("order_failed", order=order_id, tries=work.tries, code=error.code, error=str(error))
            return False

    async def _act(self, order_id: int, work: Work) -> bool:
        """Does what is next; whether that was to run a job."""
        order = _order(order_id, await self.chain.call(self._redemption, "orderOf", order_id))
        chain_time = (await self.chain.head()).timestamp
        job = await anyio.to_thread.run_sync(self._job, order.job_hash)
        act = next_act(order, work, chain_time, job is not None)
        match act:
            case NextAct.FORGET:
                del self._waiting[order_id]
                log.info("order_closed", order=order_id, state=order.state.name.lower())
            case NextAct.RUN:
                assert job is not None
                begun = monotonic_s()
                work.result = await run(job, budget_down(order.amount), wall_limit_s(order, chain_time))
                self.meter.add(work.result.fuel, int(1_000 * (monotonic_s() - begun)))
                log.info("job_done", order=order_id, status=work.result.status.name.lower(), fuel=work.result.fuel)
                await self._deliver(order_id, work.result)
            case NextAct.DELIVER:
                assert work.result is not None
                await self._deliver(order_id, work.result)
            case NextAct.WAIT_FOR_JOB:
                pass
        return act == NextAct.RUN

    async def _deliver(self, order_id: int, result: Result) -> None:
        document = result.document()
        name = document_hash(document)
        await anyio.to_thread.run_sync(result_documents(self.home).put, name, document)
        uri = f"{self.network.provider_url.rstrip('/')}/results/0x{name.hex()}"
        try:
            receipt = await self.sender.transact(self._redemption, "deliver", order_id, name, result.fuel, uri)
        except ContractRejected as error:
            order = _order(order_id, await self.chain.call(self._redemption, "orderOf", order_id))
            if order.state == OrderState.REQUESTED:
                raise
            log.info("delivery_was_there", order=order_id, state=order.state.name.lower(), error=error.error_name)
            return
        log.info("order_delivered", order=order_id, tx=receipt.tx_hash.hex(), gas=receipt.gas_used)

    @property
    def _redemption(self) -> Contract:
        return contract(self.network.primary, "Redemption")

    def _job(self, name: bytes) -> AnyJob | None:
        try:
            return parse_job(job_documents(self.home).get(name))
        except DocumentUnknown:
            return None

    @property
    def _cursor_path(self) -> Path:
        return self.home / "provider" / "redemptions.json"

    def _load_cursor(self) -> int:
        try:
            return msgspec.json.decode(self._cursor_path.read_bytes(), type=_Cursor).from_block
        except (FileNotFoundError, msgspec.DecodeError):
            # Nothing is lost by beginning anew: closed orders are recognised by their state.
            return self.network.primary.deploy_block

    def _save_cursor(self, next_block: int) -> None:
        """From the oldest order that still waits, so that a restart finds it again."""
        from_block = min([work.requested_block for work in self._waiting.values()], default=next_block)
        if from_block != self._load_cursor():
            replace_file(self._cursor_path, msgspec.json.encode(_Cursor(from_block)))


def _order(order_id: int, fields: Any) -> Order:
    return Order(order_id, OrderState(fields.state), Wad(fields.amount), fields.deadline, fields.jobHash)
