"""Credits deposits once they are as deep as the chain's confirmation depth, each exactly once by its ordinal.

Nothing is remembered here: what was credited stands in the engine, what was deposited on the chain.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import Counter

from stab3l.chain.contracts import contract, decode_log
from stab3l.chain.port import BlockRef, Chain
from stab3l.chain.rpc import RpcChain
from stab3l.config import ChainConfig, load_network
from stab3l.engine.wire import Deposit, Outcome, OutcomeCode, decode_events, encode_batch
from stab3l.exchange.gateway_client import Deposits, GatewayClient
from stab3l.keepers.deposit_rules import (
    SeenDeposit,
    check_credited,
    last_of_round,
    plan_credits,
    seen_deposit,
)
from stab3l.keepers.errors import DepositRefused
from stab3l.keepers.rounds import keep, operator_of
from stab3l.keepers.settings import KeeperSettings

LOG_WINDOW_BLOCKS: Final = 2_000
DEPOSITS_PER_BATCH: Final = 500
CREDITED: Final = Counter("stab3l_deposits_credited", "Deposits credited", ["chain"])

log = structlog.get_logger(__name__)


class DepositKeeper:
    """Credits one chain's deposits."""

    def __init__(self, chain: Chain, config: ChainConfig, gateway: GatewayClient, *, dry_run: bool = False) -> None:
        self._chain = chain
        self._config = config
        self._gateway = gateway
        self._dry_run = dry_run
        self._custody = contract(config, "Custody")

    async def round(self) -> None:
        """One look and what follows from it.

        Raises:
            HistoriesDisagree: what was credited is no longer on the chain; nothing is credited.
            DepositRefused: the engine would not credit one; those behind it wait.
            Unavailable, Rejected: as the chain and the gateway do.
        """
        credited = await self._gateway.chain_deposits(self._config.chain_id)
        head = await self._chain.head()
        depth = head.number - self._config.confirmations + 1
        if depth < self._config.deploy_block:
            return
        settled = await self._chain.block(depth)
        on_chain = int(await self._chain.call(self._custody, "depositCount", block=settled.hash))
        await self._check(credited, settled if on_chain >= credited.count else head)
        if on_chain > credited.count:
            await self._credit(credited, settled, on_chain)

    async def _check(self, credited: Deposits, block: BlockRef) -> None:
        """Credited history is looked up at the settled block, or at the head after a reorganisation that kept it."""
        count = int(await self._chain.call(self._custody, "depositCount", block=block.hash))
        has_it = count >= credited.count
        found = await self._hash_at(credited.count, block) if has_it else None
        check_credited(self._config.chain_id, credited, found)

    async def _credit(self, credited: Deposits, settled: BlockRef, on_chain: int) -> None:
        last = last_of_round(credited.count, on_chain)
        assets = {(asset.chain_id, asset.token): asset.id for asset in await self._gateway.assets()}
        found = await self._events(credited.count + 1, settled.number)
        last_hash = await self._hash_at(last, settled)
        plan = plan_credits(self._config.chain_id, credited, found, last, last_hash, assets)
        for start in range(0, len(plan.commands), DEPOSITS_PER_BATCH):
            await self._submit(plan.commands[start : start + DEPOSITS_PER_BATCH])
        if plan.blocked is not None:
            raise self._refused(plan.blocked.ordinal, "asset_unknown", token=plan.blocked.token.hex())

    async def _hash_at(self, ordinal: int, block: BlockRef) -> bytes:
        return bytes(await self._chain.call(self._custody, "depositHashAt", ordinal, block=block.hash))

    async def _events(self, first: int, to_block: int) -> list[SeenDeposit]:
        """The ``Deposited`` events from ordinal ``first`` on, looked up backwards from ``to_block``."""
        found: list[SeenDeposit] = []
        while to_block >= self._config.deploy_block and not any(d.ordinal <= first for d in found):
            from_block = max(self._config.deploy_block, to_block - LOG_WINDOW_BLOCKS + 1)
            logs = await self._chain.logs([self._custody.address], from_block, to_block)
            decoded = (decode_log(self._custody, entry) for entry in logs)
            found += [seen_deposit(d) for d in decoded if d is not None and d.event == "Deposited"]
            to_block = from_block - 1
        return found

    async def _submit(self, commands: tuple[Deposit, ...]) -> None:
        ordinals = {"first": commands[0].ordinal, "last": commands[-1].ordinal}
        if self._dry_run:
            log.info("would_credit", chain=self._config.chain_id, **ordinals)
            return
        submitted = await self._gateway.submit(encode_batch(commands))
        outcomes = [event for event in decode_events(submitted.events) if isinstance(event, Outcome)]
        for command, outcome in zip(commands, outcomes, strict=True):
            # A duplicate was credited by an earlier submission whose answer was lost.
            if outcome.code not in (OutcomeCode.ACCEPTED, OutcomeCode.DEPOSIT_DUPLICATE):
                raise self._refused(command.ordinal, outcome.code.name.lower())
        CREDITED.labels(self._config.chain_id).inc(len(commands))
        log.info("deposits_credited", chain=self._config.chain_id, **ordinals)

    def _refused(self, ordinal: int, outcome: str, **values: object) -> DepositRefused:
        chain_id = self._config.chain_id
        message = f"chain {chain_id}: deposit {ordinal} is not credited: {outcome}"
        return DepositRefused(message, chain_id=chain_id, ordinal=ordinal, outcome=outcome, **values)


async def serve(home: Path, *, dry_run: bool = False) -> None:
    """Credits the deposits of every chain that has a Custody, until SIGTERM. ``dry_run``: decide and tell, do nothing.

    Raises:
        NotFound, Invalid: there is no usable network description.
    """
    settings, network = KeeperSettings(), load_network(home)
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(await operator_of(home, network))
        rounds = {}
        for config in network.chains:
            if "Custody" in config.contracts:
                chain = await stack.enter_async_context(RpcChain(config))
                keeper = DepositKeeper(chain, config, gateway, dry_run=dry_run)
                rounds[f"deposits_{config.chain_id}"] = keeper.round
        await keep(rounds, settings.deposits_interval_s, metrics_port=settings.metrics_port)
