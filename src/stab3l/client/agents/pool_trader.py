"""A user of the public pools: swaps between two stable tokens at random through the router, leaning back to balance."""

from __future__ import annotations

import random
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from stab3l.chain.contracts import contract, contract_at
from stab3l.chain.errors import ContractRejected
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.client.agents.desk import repeat
from stab3l.config import load_network

POOL: Final = "PMMPool cUSDT/cUSDC"
PAUSE_S: Final = 4.0
DEADLINE_S: Final = 120
APPROVAL: Final = 2**255
LARGEST_SHARE: Final = 12
"""A swap is at most one part in this many of what is held."""
SLIP_BPS: Final = 100

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Swap:
    """``amount`` base units; ``first``: the pool's base token is sold."""

    first: bool
    amount: int


def decide(held: tuple[int, int], dice: random.Random) -> Swap | None:
    """The next swap; the fuller token is the likelier one to be sold, so that neither runs out."""
    total = sum(held)
    if total == 0:
        return None
    first = dice.randrange(total) < held[0]
    most = held[0 if first else 1] // LARGEST_SHARE
    return Swap(first, 1 + dice.randrange(most)) if most > 0 else None


class PoolTrader:
    """The loop around the decision, on one chain."""

    def __init__(self, chain: RpcChain, sender: Sender, dice: random.Random) -> None:
        self._chain, self._sender, self._dice = chain, sender, dice
        self._pool = contract(chain.config, POOL)
        self._router = contract(chain.config, "PMMRouter")

    async def step(self) -> None:
        """Looks, decides, swaps."""
        me = self._sender.signer.address
        tokens = [
            contract_at(self._chain.chain_id, "LocalToken", await self._chain.call(self._pool, name))
            for name in ("baseToken", "quoteToken")
        ]
        held = [int(await self._chain.call(token, "balanceOf", me)) for token in tokens]
        swap = decide((held[0], held[1]), self._dice)
        if swap is None:
            return
        token = tokens[0 if swap.first else 1]
        if await self._chain.call(token, "allowance", me, self._router.address) < swap.amount:
            await self._sender.transact(token, "approve", self._router.address, APPROVAL)
        try:
            paid = await self._chain.call(self._router, "quote", [self._pool.address], token.address, swap.amount)
            deadline = (await self._chain.head()).timestamp + DEADLINE_S
            least = paid * (10_000 - SLIP_BPS) // 10_000
            way = ([self._pool.address], token.address, swap.amount, least, me, deadline)
            await self._sender.transact(self._router, "swap", *way)
        except ContractRejected as error:
            _log.info("swap_refused", reason=error.message)


async def serve(home: Path, role: str, chain_id: int, seed: int = 0, pause_s: float = PAUSE_S) -> None:
    """Swaps on one chain with the key of ``role``, until cancelled."""
    network, signer = load_network(home), Signer.load(home, role)
    async with AsyncExitStack() as stack:
        chain = await stack.enter_async_context(RpcChain(network.chain(chain_id)))
        trader = PoolTrader(chain, Sender(chain, signer), random.Random(seed))
        await repeat(trader.step, pause_s)
