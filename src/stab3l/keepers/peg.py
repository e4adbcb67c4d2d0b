"""Keepers of the peg on one chain: prices, stabiliser, inventory, mesh and reserves. Each looks, decides and acts.

Nothing is remembered: every decision is made from the chain, and every act is one that the contracts would refuse a
second time, so a killed keeper, or two of them, do no harm. A contract that refuses (someone else was faster, a block
has passed) ends the round and is no error.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
from prometheus_client import Counter, Gauge

from stab3l.chain.contracts import Contract, contract
from stab3l.chain.errors import ContractRejected
from stab3l.chain.pools import PRIVATE, PUBLIC, names_of, read_pools
from stab3l.chain.port import Chain, Receipt
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.config import ChainConfig, load_network
from stab3l.keepers.peg_rules import Exchange, Triangle, best_triangle, price_is_due, restoring, target_is_due
from stab3l.keepers.rounds import Round, every, keep
from stab3l.keepers.settings import KeeperSettings
from stab3l.peg.equation import Inputs, Weights, target
from stab3l.peg.reserves import Bucket
from stab3l.peg.stabiliser import Outcome
from stab3l.units import WAD

ROLE: Final = "peg-keeper"
ACTS: Final = Counter("stab3l_peg_acts", "Transactions of the peg's keepers", ["chain", "act"])
REFUSED: Final = Counter("stab3l_peg_refused", "Acts that a contract refused", ["chain", "act", "error"])
DEVIATION: Final = Gauge(
    "stab3l_peg_deviation", "Deviation of a pool from its target, parts per million", ["chain", "pool"]
)
HEALTH: Final = Gauge("stab3l_reserve_health", "Held over required, percent", ["chain", "bucket", "token"])
HEALTH_PERCENT_MAX: Final = 1_000_000
GOLD: Final = "cXAUC"
INVENTORY: Final = ("cUSDT", "cUSDC", "cEURT", GOLD)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Desk:
    """One chain as a keeper works on it. ``dry_run``: decide and tell, send nothing."""

    chain: Chain
    config: ChainConfig
    sender: Sender
    dry_run: bool = False

    def named(self, name: str) -> Contract:
        """A contract of the chain."""
        return contract(self.config, name)

    async def read(self, name: str, function: str, *args: Any) -> Any:
        """A view call at the newest block."""
        return await self.chain.call(self.named(name), function, *args)

    async def act(self, act: str, name: str, function: str, *args: Any, **told: Any) -> Receipt | None:
        """One transaction; None when it was refused, or in a dry run."""
        chain_id = self.chain.chain_id
        if self.dry_run:
            log.info(f"would_{act}", chain=chain_id, contract=name, **told)
            return None
        try:
            receipt = await self.sender.transact(self.named(name), function, *args)
        except ContractRejected as error:
            REFUSED.labels(chain_id, act, error.error_name).inc()
            log.info(f"{act}_refused", chain=chain_id, contract=name, reason=error.message, **told)
            return None
        ACTS.labels(chain_id, act).inc()
        log.info(act, chain=chain_id, contract=name, tx=receipt.tx_hash.hex(), gas=receipt.gas_used, **told)
        return receipt


class PriceKeeper:
    """Writes the peg equation's target, lets gold pools follow gold, and opens pools that are planned."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def round(self) -> None:
        """One look at every price."""
        await self._write_target()
        for name in names_of(self._desk.config, PUBLIC) + names_of(self._desk.config, PRIVATE):
            await self._open(name)
        for view in await read_pools(self._desk.chain, self._desk.config):
            if GOLD_PAIR in view.name:
                await self._follow(view.name, view.contract.address, view.terms.price)

    async def _write_target(self) -> None:
        desk = self._desk
        try:
            found = await desk.read("PegManager", "inputsNow")
        except ContractRejected as error:
            log.info("no_target", chain=desk.chain.chain_id, reason=error.message)
            return
        par, current = await desk.read("PegManager", "par"), await desk.read("PegManager", "computeTarget")
        weights = Weights(*await desk.read("PegManager", "equationWeights"))
        computed = target(par, Inputs(*found), weights)
        if target_is_due(current, computed):
            await desk.act("write_target", "PegManager", "updateTarget", target=computed, before=current)

    async def _open(self, name: str) -> None:
        desk = self._desk
        pool = desk.named(name)
        if not await desk.read("ReserveVault", "plannedQuoteOf", pool.address):
            return
        base, bucket = await desk.chain.call(pool, "baseToken"), Bucket.PUBLIC
        if name.startswith(PRIVATE):
            bucket = Bucket.STABILISATION
        if await desk.read("ReserveVault", "heldOf", bucket, base):
            await desk.act("open_pool", "ReserveVault", "openPool", pool.address, pool=name)

    async def _follow(self, name: str, address: str, price: int) -> None:
        try:
            aimed, band = await self._desk.read("PegManager", "targetOf", address)
        except ContractRejected as error:
            log.info("no_target", chain=self._desk.chain.chain_id, pool=name, reason=error.message)
            return
        if price_is_due(price, aimed, band):
            pegs = self._desk.named("PegManager").address
            await self._desk.act("sync_price", name, "syncPrice", pegs, price=aimed, before=price)


class StabiliserKeeper:
    """Calls the stabiliser when it would act. All limits are the contract's: this one only calls or does not."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def round(self) -> None:
        """One look at every pool."""
        for name in names_of(self._desk.config, PUBLIC):
            await self._stabilise(name)

    async def _stabilise(self, name: str) -> None:
        desk, pool = self._desk, self._desk.named(name).address
        try:
            deviation, _ = await desk.read("PegManager", "deviationOf", pool)
            order = await desk.read("Stabilizer", "checkDeviation", pool)
        except ContractRejected as error:
            log.debug("no_deviation", chain=desk.chain.chain_id, pool=name, reason=error.message)
            return
        DEVIATION.labels(desk.chain.chain_id, name).set(deviation * 10**6 // WAD)
        if Outcome(order.outcome) is Outcome.ACT:
            told = {"deviation": deviation, "sells_base": order.sellsBase, "amount": order.amount}
            await desk.act("stabilise", "Stabilizer", "stabilise", pool, pool=name, **told)


class Rebalancer:
    """Restores the stabiliser's inventory through the mesh and the bridge's reserve from long-term reserves."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._wanted: dict[str, int] = {}

    async def round(self) -> None:
        """One look at every bucket."""
        exchange = await self.observe()
        if exchange is not None:
            args = (exchange.sold, exchange.bought, exchange.amount)
            await self._desk.act("private_swap", "Stabilizer", "executePrivateSwap", *args, amount=exchange.amount)
        await self._bridge()

    async def observe(self) -> Exchange | None:
        """The exchange that is due; None while the inventory is as it should be, or gold has no price."""
        desk = self._desk
        held, wanted, gold = {}, {}, {}
        try:
            for name in INVENTORY:
                token = desk.named(name).address
                held[token] = await desk.read("ReserveVault", "heldOf", Bucket.STABILISATION, token)
                required = await desk.read("ReserveVault", "requiredOf", Bucket.STABILISATION, token)
                wanted[token] = required or self._wanted.setdefault(token, held[token])
                gold[token] = WAD if name == GOLD else (await desk.read("XAUTriangulation", "inGold", token)).price
        except ContractRejected as error:
            log.info("inventory_unpriced", chain=desk.chain.chain_id, reason=error.message)
            return None
        return restoring(held, wanted, lambda token, amount: amount * gold[token] // WAD)

    async def _bridge(self) -> None:
        desk = self._desk
        for name in INVENTORY:
            token = desk.named(name).address
            held, required, ratio = await desk.read("BridgeReserveCoordinator", "healthOf", token)
            HEALTH.labels(desk.chain.chain_id, "bridge", name).set(min(ratio * 100 // WAD, HEALTH_PERCENT_MAX))
            if held < required:
                told = {"token": name, "held": held, "required": required}
                await desk.act("rebalance_bridge", "BridgeReserveCoordinator", "rebalance", token, **told)


class MeshArbitrageur:
    """Brings public pools and the mesh together: sells what is dear on a pool and buys it back through gold.

    Its trades are those of `Stabilizer.triangulate`, of bucket B: one that does not gain, or that sells below the
    target, is refused by the contract.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def round(self) -> None:
        """One look at all pools, at most one exchange."""
        found = await self.observe()
        if found is None:
            return
        told = {"pool": found.pool.name, "sells_base": found.sells_base, "gains": found.gained}
        args = (found.pool.contract.address, found.sells_base, found.amount)
        await self._desk.act("triangulate", "Stabilizer", "triangulate", *args, amount=found.amount, **told)

    async def observe(self) -> Triangle | None:
        """The exchange that gains most now; None where none does, or gold has no price."""
        desk = self._desk
        public = await read_pools(desk.chain, desk.config)
        mesh = {view.base: view for view in await read_pools(desk.chain, desk.config, PRIVATE)}
        tokens = sorted({token for view in public for token in (view.base, view.quote)})
        held = {token: await desk.read("ReserveVault", "heldOf", Bucket.STABILISATION, token) for token in tokens}
        targets = {}
        for view in public:
            try:
                aimed, band = await desk.read("PegManager", "targetOf", view.contract.address)
            except ContractRejected:
                continue
            if band == 0:
                targets[view.contract.address] = aimed
        return best_triangle(public, mesh, held, targets)


GOLD_PAIR: Final = "/XAU"


SELDOM: Final = 5
"""Prices and inventory are looked at once in so many rounds of the stabiliser."""


def rounds_of(desk: Desk) -> dict[str, Round]:
    """The rounds of one chain, by name."""
    chain_id = desk.chain.chain_id
    return {
        f"peg_prices_{chain_id}": every(SELDOM, PriceKeeper(desk).round),
        f"peg_stabiliser_{chain_id}": StabiliserKeeper(desk).round,
        f"peg_rebalancer_{chain_id}": every(SELDOM, Rebalancer(desk).round),
        f"peg_mesh_{chain_id}": every(SELDOM, MeshArbitrageur(desk).round),
    }


async def serve(home: Path, *, dry_run: bool = False) -> None:
    """Keeps the peg on every chain that has a Stabilizer, until SIGTERM. ``dry_run``: decide and tell, send nothing.

    Raises:
        NotFound, Invalid, Unauthorised: there is no usable network description or key.
    """
    settings, network = KeeperSettings(), load_network(home)
    signer = Signer.load(home, ROLE)
    async with AsyncExitStack() as stack:
        rounds: dict[str, Round] = {}
        for config in network.chains:
            if "Stabilizer" in config.contracts:
                chain = await stack.enter_async_context(RpcChain(config))
                rounds |= rounds_of(Desk(chain, config, Sender(chain, signer), dry_run))
        await keep(rounds, settings.peg_interval_s, metrics_port=settings.metrics_port)
