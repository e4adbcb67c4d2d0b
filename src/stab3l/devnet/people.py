"""Someone who acts on the local chains: a key, a sender on each chain, and steps that survive a restart of anything."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import anyio

from stab3l.chain.contracts import Contract, contract
from stab3l.chain.errors import TransactionLost
from stab3l.chain.port import Receipt
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.clock import monotonic_s
from stab3l.config import Network
from stab3l.devnet.events import events
from stab3l.errors import Unavailable

PATIENCE_S = 180
PAUSE_S = 0.25
APPROVAL = 2**255

Saved = Callable[[int, int], Awaitable[None]]
"""Waits until a block of a chain is in its saved state."""


class Person:
    """One role at work on every chain of a network."""

    def __init__(
        self, role: str, signer: Signer, network: Network, chains: Mapping[int, RpcChain], saved: Saved
    ) -> None:
        self.role = role
        self.signer = signer
        self.address = signer.address
        self.network = network
        self._chains = chains
        self._saved = saved
        self._senders = {chain_id: Sender(chain, signer) for chain_id, chain in chains.items()}

    def contract(self, chain_id: int, name: str) -> Contract:
        """A contract of the network."""
        return contract(self.network.chain(chain_id), name)

    async def read(self, chain_id: int, name: str, function: str, *args: Any) -> Any:
        """A view call at the newest block."""
        return await self._chains[chain_id].call(self.contract(chain_id, name), function, *args)

    async def send(self, chain_id: int, name: str, function: str, *args: Any) -> Receipt:
        """One transaction, mined in a block that a killed local node cannot lose.

        Raises:
            TransactionLost: the node was killed and came back without it; look at the chain before acting again.
        """
        receipt = await self._senders[chain_id].transact(self.contract(chain_id, name), function, *args)
        await self._saved(chain_id, receipt.block_number)
        kept = await self._chains[chain_id].receipt(receipt.tx_hash)
        if kept is None:
            raise TransactionLost(f"{name}.{function} was undone by a restart", tx_hash=receipt.tx_hash.hex())
        return kept

    async def events(self, chain_id: int, name: str, event: str) -> list[dict[str, Any]]:
        """What a contract of the network ever said of one kind, oldest first."""
        return await events(self.network, self._chains[chain_id], name, event)

    async def transaction_of(self, chain_id: int, name: str, event: str, **expected: Any) -> Receipt | None:
        """The transaction behind the newest event with these arguments; None when there is none."""
        for entry in reversed(await self.events(chain_id, name, event)):
            if all(entry[key] == value for key, value in expected.items()):
                return await self._chains[chain_id].receipt(entry["tx"])
        return None

    async def balance(self, chain_id: int, token: str) -> int:
        """Own balance of a token contract."""
        return int(await self.read(chain_id, token, "balanceOf", self.address))

    async def approve(self, chain_id: int, token: str, spender: str) -> None:
        """Lets a contract of the network take this person's tokens; once."""
        address = self.contract(chain_id, spender).address

        async def approved() -> bool:
            return int(await self.read(chain_id, token, "allowance", self.address, address)) >= APPROVAL // 2

        await ensure(approved, lambda: self.send(chain_id, token, "approve", address, APPROVAL))

    async def pay(self, chain_id: int, token: str, to: Person, amount: int) -> Receipt | None:
        """Transfers tokens to someone; looks at the receiver's balance before it tries again."""
        wanted = await to.balance(chain_id, token) + amount

        async def arrived() -> bool:
            return await to.balance(chain_id, token) >= wanted

        return await ensure(arrived, lambda: self.send(chain_id, token, "transfer", to.address, amount))


async def ensure(
    done: Callable[[], Awaitable[bool]], act: Callable[[], Awaitable[Receipt]], patience_s: int = PATIENCE_S
) -> Receipt | None:
    """Acts until it is done: looks first, and looks again when the answer to an act was lost.

    Returns:
        The receipt of the act that did it; None when it was done already or its receipt was lost.

    Raises:
        Unavailable: not done in time.
    """
    deadline = monotonic_s() + patience_s
    while True:
        try:
            if await done():
                return None
            return await act()
        except Unavailable:
            if monotonic_s() > deadline:
                raise
            await anyio.sleep(PAUSE_S)


async def until(condition: Callable[[], Awaitable[bool]], what: str, patience_s: int = PATIENCE_S) -> None:
    """Waits until something holds, riding over restarts.

    Raises:
        Unavailable: it did not come to hold in time.
    """
    deadline = monotonic_s() + patience_s
    while monotonic_s() < deadline:
        try:
            if await condition():
                return
        except Unavailable:
            pass
        await anyio.sleep(PAUSE_S)
    raise Unavailable(f"{what}: not seen within {patience_s} s", what=what)


async def together(*acts: Coroutine[Any, Any, Any]) -> None:
    """Does several things at once; when one fails the others are cancelled and its error is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for act in acts:
                group.create_task(act)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
