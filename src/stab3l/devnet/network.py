"""A whole local network in one home folder: starts it, resumes it, stops it, losing nothing in between."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import IO, Self

import httpx

from stab3l.chain.rpc import RpcChain
from stab3l.chain.signer import Signer
from stab3l.clock import SystemClock
from stab3l.config import ChainConfig, Network
from stab3l.devnet.anvil import find_anvil
from stab3l.devnet.deployment import Deployment
from stab3l.devnet.keys import ensure_keys, fund
from stab3l.devnet.listing import collateral, spot_markets, underlyings
from stab3l.devnet.people import Person, until
from stab3l.devnet.ports import Ports, require_free
from stab3l.devnet.processes import ChainKeeper, local_chains, processes
from stab3l.devnet.supervisor import Supervisor, end_leftovers
from stab3l.errors import Invalid, Unavailable
from stab3l.exchange.gateway_client import GatewayClient, operator_client
from stab3l.exchange.listing import ensure_contracts, ensure_listed
from stab3l.exchange.tokens import ensure_tokens

CONFIRMATIONS = 3
"""Blocks until a deposit counts; more than a killed local chain can lose."""

LOCAL_PARAMETERS = {"flow": {"epochSeconds": 30, "cooldownSeconds": 60}}
"""What would be slow to watch: local chains only."""

REPOSITORY = Path(__file__).parents[3]

Say = Callable[[str], None]


class LocalNetwork:
    """Chains, contracts and processes of one home. Use it as an async context manager.

    ``dry_run``: the keepers of the peg and of flows decide and log, and send nothing.
    """

    def __init__(self, home: Path, ports: Ports, say: Say, *, dry_run: bool = False) -> None:
        self.home = home
        self.ports = ports
        self.supervisor = Supervisor(home)
        self.network: Network
        self.signers: dict[str, Signer] = {}
        self.chains: dict[int, RpcChain] = {}
        self.keepers: dict[int, ChainKeeper] = {}
        self._people: dict[str, Person] = {}
        self._say = say
        self._dry_run = dry_run
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._open.callback(_lock(self.home).close)
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()

    async def _stop(self) -> None:
        """Goes to its end also when it is cancelled; whoever cancelled hears of it afterwards."""
        stopping, cancelled = asyncio.ensure_future(self._stop_all()), False
        while not stopping.done():
            try:
                await asyncio.wait([stopping])
            except asyncio.CancelledError:
                cancelled = True
        stopping.result()
        if cancelled:
            raise asyncio.CancelledError

    async def _stop_all(self) -> None:
        await self.supervisor.stop()
        await self._open.aclose()

    async def _start(self) -> None:
        ended = end_leftovers(self.home)
        if ended:
            self._say(f"ended what an earlier run left behind: {', '.join(ended)}")
        require_free(self.ports)
        client = await self._open.enter_async_context(httpx.AsyncClient(trust_env=False))
        await self._start_chains(client)
        self.signers = await ensure_keys(self.home)
        self.network = await self._deployed()
        for config in self.network.chains:
            self.chains[config.chain_id] = await self._open.enter_async_context(RpcChain(config))
        await self._start_processes()

    async def _start_chains(self, client: httpx.AsyncClient) -> None:
        self._say("starting chains")
        anvil = find_anvil(REPOSITORY)
        for chain in local_chains(self.ports):
            self.keepers[chain.chain_id] = ChainKeeper(self.home, anvil, chain, client)
            await self.supervisor.start(self.keepers[chain.chain_id].service())

    async def _deployed(self) -> Network:
        deployment = Deployment(REPOSITORY, self.home, self.signers, LOCAL_PARAMETERS)
        self._say("deploying contracts")
        await deployment.build()
        configs = await asyncio.gather(*(self._deploy(deployment, keeper) for keeper in self.keepers.values()))
        chains = {config.chain_id: config for config in configs}
        network = Network(
            chains=tuple(configs),
            markets=spot_markets(chains),
            underlyings=underlyings(chains),
            collateral=collateral(chains),
            gateway=f"127.0.0.1:{self.ports.gateway}",
            api_url=f"http://127.0.0.1:{self.ports.api}",
            verifier_urls=tuple(f"http://127.0.0.1:{port}" for port in self.ports.verifiers),
            provider_url=f"http://127.0.0.1:{self.ports.provider}",
            database_url=f"sqlite:///{self.home.resolve() / 'index.sqlite'}",
        )
        draft = self.home / "network.json.part"
        draft.write_text(network.model_dump_json(indent=1))
        draft.replace(self.home / "network.json")
        return network

    async def _deploy(self, deployment: Deployment, keeper: ChainKeeper) -> ChainConfig:
        control = keeper.control
        found = await deployment.existing(control)
        if found is None:
            await control.mine_instantly()
            await fund(control, self.signers)
            found = await deployment.deploy(control)
            await control.mine_at_intervals()
        chain = control.chain
        return ChainConfig(
            chain_id=chain.chain_id,
            name=chain.name,
            rpc_url=chain.url,
            confirmations=CONFIRMATIONS,
            block_seconds=chain.block_seconds,
            deploy_block=found.block + 1,
            contracts=found.contracts,
        )

    async def _start_processes(self) -> None:
        ensure_tokens(self.home)
        exchange, *others = processes(self.home, self.ports, dry_run=self._dry_run)
        self._say("starting the exchange")
        await self.supervisor.start(exchange)
        await self._list_markets()
        self._say("starting " + ", ".join(service.name for service in others))
        await asyncio.gather(*(self.supervisor.start(service) for service in others))

    async def _list_markets(self) -> None:
        async with self.operator() as gateway:
            await until(lambda: _listed(gateway, self.network), "the markets' listing")

    def operator(self) -> GatewayClient:
        """A gateway client with the operator's token."""
        return operator_client(self.home, self.network.gateway)

    def person(self, role: str) -> Person:
        """Someone with a key in this home."""
        return Person(role, self.signers[role], self.network, self.chains, self._saved)

    async def _saved(self, chain_id: int, block: int) -> None:
        await self.keepers[chain_id].kept(block)


async def _listed(gateway: GatewayClient, network: Network) -> bool:
    await ensure_listed(gateway, network)
    await ensure_contracts(gateway, network, SystemClock().now())
    return True


def _lock(home: Path) -> IO[str]:
    """Holds the home for this process; the lock goes with the process, however it ends.

    Raises:
        Invalid: it is no folder that can be written.
        Unavailable: another process has it.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        file = (home / "lock").open("a+")
    except OSError as error:
        raise Invalid(f"{home} cannot be the network's folder: {error.strerror}", home=str(home)) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        with file:
            file.seek(0)
            holder = file.read().strip()
        raise Unavailable(f"{home} is in use by process {holder}: stop that first", home=str(home)) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
