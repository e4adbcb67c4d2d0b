"""Paying by a stream, as a source does it: look at what it costs and how long it lasts, then sign.

A source starts its own stream: Superfluid knows no operator for it. The stream and the pool's rebalancing are one
transaction, so that no sink is paid above its capacity for a moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stab3l.chain.contracts import contract_at
from stab3l.chain.flows import Flows, PoolState, task_type_id
from stab3l.chain.port import Receipt
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.config import Network
from stab3l.errors import Rejected
from stab3l.flow.solvency import Solvency, check_rate, check_solvent, solvency
from stab3l.units import mul_div_up

TASK_TYPE = "compute.wasm"
"""The task type that every deployment starts with."""

TOKEN_DECIMALS = 18


class EscrowFull(Rejected):
    """More would stream in than the sinks and the escrow can take. ``values``: ``level``, ``max``, ``capacity``."""

    code: ClassVar[str] = "escrow_full"


class StreamOpen(Rejected):
    """There is a stream already: adjust it. ``values``: ``rate``."""

    code: ClassVar[str] = "stream_open"


class StreamMissing(Rejected):
    """There is no stream to adjust or to close."""

    code: ClassVar[str] = "stream_missing"


@dataclass(frozen=True, slots=True)
class Quote:
    """What setting a stream to a rate means; shown before anything is signed. Amounts: wei of the payment token."""

    rate: int
    """Wei per second that the pool will take."""
    requested: int
    current: int
    solvency: Solvency
    upgrade: int
    """Wrapped from the underlying token first."""
    underlying: int
    """Base units of the underlying token for it, rounded up."""
    pool: PoolState

    @property
    def overflow(self) -> int:
        """Wei per second that will go to the escrow."""
        return max(0, self.pool.rate - self.current + self.rate - self.pool.capacity)


@dataclass(frozen=True, slots=True)
class Status:
    """A source's stream now."""

    rate: int
    deposit: int
    available: int
    seconds_to_critical: int | None
    pool: PoolState


class FlowSource:
    """One source of one task type's pool."""

    def __init__(self, network: Network, chain: RpcChain, signer: Signer, task_type: str = TASK_TYPE) -> None:
        self.address = signer.address
        self.flows = Flows(chain, network.primary)
        self._chain = chain
        self._task = task_type_id(task_type)
        self._sender = Sender(chain, signer)

    async def status(self) -> Status:
        """The stream, its solvency and the pool."""
        rate, deposit = await self.flows.stream(self.address, self._task)
        account = await self.flows.account(self.address)
        found = Solvency(rate, deposit, account.available)
        state = await self.flows.state(self._task)
        return Status(rate, deposit, account.available, found.seconds_to_critical, state)

    async def quote(self, rate: int, run_seconds: int) -> Quote:
        """What ``rate`` [wei per second] asks for to run ``run_seconds`` at least; signs nothing.

        Raises:
            RateLossy: the floor of the rate loses more than 0.01 %.
            SourceInsolvent: neither the payment token nor the underlying one suffices.
            EscrowFull: sinks and escrow cannot take it.
        """
        state = await self.flows.state(self._task)
        current, locked = await self.flows.stream(self.address, self._task)
        actual = check_rate(rate, state.total_units)
        account = await self.flows.account(self.address)
        bare = solvency(account.available, locked, actual)
        missing = max(0, actual * run_seconds - bare.free)
        decimals, held = await self._underlying()
        step = 10 ** (TOKEN_DECIMALS - decimals)
        underlying = min(mul_div_up(missing, 1, step), held)
        found = solvency(account.available + underlying * step, locked, actual)
        check_solvent(found, run_seconds)
        quote = Quote(actual, rate, current, found, underlying * step, underlying, state)
        if rate > current and quote.overflow and state.buffer_level >= state.buffer_max:
            raise EscrowFull(
                f"the escrow holds {state.buffer_level} of {state.buffer_max} wei: at most "
                f"{max(0, state.capacity - state.rate)} wei per second can be added now",
                level=state.buffer_level,
                max=state.buffer_max,
                capacity=state.capacity,
            )
        return quote

    async def open(self, quote: Quote) -> Receipt:
        """Begins the quoted stream. Raises ``StreamOpen``, and as ``Sender.transact``."""
        if quote.current:
            raise StreamOpen(f"{quote.current} wei per second stream already: adjust them", rate=quote.current)
        return await self._set(quote)

    async def adjust(self, quote: Quote) -> Receipt:
        """Changes an open stream to the quoted one. Raises ``StreamMissing``, and as ``Sender.transact``."""
        if not quote.current:
            raise StreamMissing("there is no stream: open one")
        return await self._set(quote)

    async def close(self) -> Receipt:
        """Ends the stream; the deposit is free again. Raises ``StreamMissing``, and as ``Sender.transact``."""
        current, _ = await self.flows.stream(self.address, self._task)
        if not current:
            raise StreamMissing("there is no stream to close")
        operations = await self.flows.set_rate(self.address, self._task, 0)
        return await self._sender.transact(self.flows.host, "batchCall", operations)

    async def _set(self, quote: Quote) -> Receipt:
        operations = await self.flows.set_rate(self.address, self._task, quote.requested)
        if quote.upgrade:
            token = self.flows.token
            coin = contract_at(self._chain.chain_id, "ERC20Permit", await self._chain.call(token, "getUnderlyingToken"))
            allowance = await self._chain.call(coin, "allowance", self.address, token.address)
            if allowance < quote.underlying:
                await self._sender.transact(coin, "approve", token.address, quote.underlying)
            operations = [self.flows.upgrade(quote.upgrade), *operations]
        return await self._sender.transact(self.flows.host, "batchCall", operations)

    async def _underlying(self) -> tuple[int, int]:
        """Decimals of the underlying token and what the source holds of it; a pure Super Token has none."""
        token = self.flows.token
        address = await self._chain.call(token, "getUnderlyingToken")
        if int(address, 16) == 0:
            return TOKEN_DECIMALS, 0
        coin = contract_at(self._chain.chain_id, "ERC20Permit", address)
        held = await self._chain.call(coin, "balanceOf", self.address)
        return int(await self._chain.call(token, "getUnderlyingDecimals")), int(held)
