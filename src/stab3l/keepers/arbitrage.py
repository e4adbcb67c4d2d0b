"""Arbitrage that keeps prices together: cycles over one chain's public pools, and the same pool on two chains.

A cycle is one transaction that reverts unless it pays; a trade between chains has a leg on each, from an inventory of
its own on each. Neither remembers anything.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import structlog

from stab3l.chain.pools import PUBLIC, PoolView, names_of, read_pool, read_pools, token_at
from stab3l.chain.port import Receipt
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.clock import SystemClock, seconds
from stab3l.config import load_network
from stab3l.keepers.peg import Desk
from stab3l.keepers.peg_rules import Cycle, Sync, best_cycle, synchronising
from stab3l.keepers.rounds import Round, every, keep
from stab3l.keepers.settings import KeeperSettings

ROLE: Final = "arbitrageur"
SELDOM: Final = 3
DEADLINE_S: Final = 120
APPROVAL: Final = 2**255
PROFIT_MIN: Final = 10_000
"""Base units of a dollar token: one cent."""
SLIP_PPM: Final = 2_000
"""How much less than computed a leg between chains may pay: someone may trade before it."""
MILLION: Final = 1_000_000

log = structlog.get_logger(__name__)


class CycleArbitrageur:
    """Trades the best profitable cycle of a chain's public pools, in its inventory of one token."""

    def __init__(self, desk: Desk, token: str) -> None:
        self._desk = desk
        self._token = desk.named(token).address

    async def round(self) -> None:
        """One look at the pools, at most one trade."""
        cycle = await self.observe()
        if cycle is None or cycle.profit < PROFIT_MIN:
            return
        told = {"sold": cycle.amount, "profit": cycle.profit, "through": [view.name for view in cycle.pools]}
        await trade(self._desk, "arbitrage", cycle.pools, cycle.token, cycle.amount, cycle.amount + PROFIT_MIN, **told)

    async def observe(self) -> Cycle | None:
        """The best cycle now; None when none pays."""
        held = await balance(self._desk, self._token)
        views = await read_pools(self._desk.chain, self._desk.config)
        return best_cycle(views, self._token, held) if held else None


@dataclass(frozen=True, slots=True)
class Legs:
    """The receipts of a trade between chains."""

    sync: Sync
    dear: Receipt | None
    cheap: Receipt | None


class ChainSynchroniser:
    """Keeps a pool's prices on two chains within the spread, each leg from its own inventory."""

    def __init__(self, one: Desk, other: Desk) -> None:
        self._desks = {desk.chain.chain_id: desk for desk in (one, other)}

    async def round(self) -> None:
        """One look at every pool that stands on both chains."""
        one, other = self._desks.values()
        for name in names_of(one.config, PUBLIC):
            if name in other.config.contracts:
                await self.synchronise(name)

    async def synchronise(self, name: str) -> Legs | None:
        """Trades both legs if the spread is too wide; None while it is not, or a pool is closed."""
        views = await asyncio.gather(*(read_pool(desk.chain, desk.named(name)) for desk in self._desks.values()))
        one, other = views
        if one is None or other is None:
            return None
        chains = tuple(self._desks)
        sync = synchronising(one, other, (chains[0], chains[1]))
        if sync is None:
            return None
        told = {"pool": name, "dear": sync.dear, "cheap": sync.cheap}
        by_chain = dict(zip(self._desks, (one, other), strict=True))
        dear = await self._leg(by_chain[sync.dear], sync.dear, sync.base_amount, sells_base=True, **told)
        cheap = await self._leg(by_chain[sync.cheap], sync.cheap, sync.quote_amount, sells_base=False, **told)
        return Legs(sync, dear, cheap)

    async def _leg(
        self, view: PoolView, chain_id: int, wished: int, *, sells_base: bool, **told: object
    ) -> Receipt | None:
        desk, token = self._desks[chain_id], view.base if sells_base else view.quote
        amount = min(wished, await balance(desk, token))
        if amount == 0:
            log.warning("inventory_empty", chain=chain_id, token=token)
            return None
        query = "querySellBase" if sells_base else "querySellQuote"
        paid = (await desk.chain.call(view.contract, query, amount)).paid
        return await trade(desk, "synchronise", (view,), token, amount, paid * (MILLION - SLIP_PPM) // MILLION, **told)


async def balance(desk: Desk, token: str) -> int:
    """The keeper's own balance."""
    return int(await desk.chain.call(token_at(desk.chain, token), "balanceOf", desk.sender.signer.address))


async def trade(
    desk: Desk, act: str, pools: tuple[PoolView, ...], token: str, amount: int, least: int, **told: object
) -> Receipt | None:
    """Sells through the router, which pays at least ``least`` or reverts."""
    me, router = desk.sender.signer.address, desk.named("PMMRouter").address
    erc20 = token_at(desk.chain, token)
    if not desk.dry_run and await desk.chain.call(erc20, "allowance", me, router) < amount:
        await desk.sender.transact(erc20, "approve", router, APPROVAL)
    deadline = max(seconds(SystemClock().now()), (await desk.chain.head()).timestamp) + DEADLINE_S
    path = [view.contract.address for view in pools]
    return await desk.act(act, "PMMRouter", "swap", path, token, amount, least, me, deadline, **told)


async def serve(home: Path, *, dry_run: bool = False) -> None:
    """Trades cycles on every chain with pools, and pools between chains, until SIGTERM.

    Raises:
        NotFound, Invalid, Unauthorised: there is no usable network description or key.
    """
    settings, network = KeeperSettings(), load_network(home)
    signer = Signer.load(home, ROLE)
    async with AsyncExitStack() as stack:
        desks = []
        for config in network.chains:
            if "PMMRouter" in config.contracts:
                chain = await stack.enter_async_context(RpcChain(config))
                desks.append(Desk(chain, config, Sender(chain, signer), dry_run))
        rounds: dict[str, Round] = {
            f"arbitrage_{desk.chain.chain_id}": every(SELDOM, CycleArbitrageur(desk, "cUSDT").round) for desk in desks
        }
        for one, other in pairwise(desks):
            synchroniser = ChainSynchroniser(one, other)
            rounds[f"synchronise_{one.chain.chain_id}_{other.chain.chain_id}"] = every(SELDOM, synchroniser.round)
        await keep(rounds, settings.peg_interval_s, metrics_port=settings.metrics_port)
