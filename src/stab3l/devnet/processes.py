"""The processes of a local network, in the order in which they start."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import structlog

from stab3l.clock import SystemClock, monotonic_s
from stab3l.devnet.anvil import AnvilControl, LocalChain, command
from stab3l.devnet.ports import BLOCK_SECONDS, CHAIN_NAMES, Ports
from stab3l.devnet.supervisor import Service
from stab3l.errors import Unavailable

log = structlog.get_logger()

SAVE_SECONDS_MIN = 0.5
SAVE_SHARE = 20
"""Saving a chain takes at most one part in this many of the time: as it grows, it is saved less often."""

ARBITRAGEUR = "book-arbitrageur"

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""For every process but the provider: idle BLAS pools only cost memory."""

PYTHON = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": ""}
"""Logs at once; and compiled once, whatever the shell says, since a dozen processes import the same modules."""


def local_chains(ports: Ports) -> list[LocalChain]:
    """The three chains (DESIGN section 11)."""
    return [LocalChain(i, CHAIN_NAMES[i], port, BLOCK_SECONDS[i]) for i, port in ports.chains.items()]


class ChainKeeper:
    """One anvil and its saved state."""

    def __init__(self, home: Path, anvil: Path, chain: LocalChain, client: httpx.AsyncClient) -> None:
        self.control = AnvilControl(chain, client)
        self._anvil = anvil
        self._state = home / "chains" / f"{chain.chain_id}.json"
        self._state.parent.mkdir(parents=True, exist_ok=True)
        self._saving: asyncio.Task[None] | None = None
        self._saved_block = -1
        self._saved = asyncio.Condition()

    async def kept(self, block: int) -> None:
        """Waits until a block is in the saved state, where killing the node cannot undo it."""
        async with self._saved:
            await self._saved.wait_for(lambda: self._saved_block >= block)

    @property
    def has_state(self) -> bool:
        """Whether this chain ran before in this home."""
        return self._state.exists()

    def forget(self) -> None:
        """Begins this chain anew at the next start."""
        self._state.unlink(missing_ok=True)

    def service(self) -> Service:
        """The node as a service; after each start it gets its time, its mining and its saver back."""
        chain = self.control.chain
        return Service(
            name=chain.name,
            command=lambda: command(self._anvil, chain, self._state if self.has_state else None),
            ready=self.control.ready,
            started=self._started,
            stopping=self._stopping,
        )

    async def _started(self) -> None:
        self._saved_block = -1
        if self.has_state:
            await self.control.resume_time(SystemClock())
            await self.control.mine_at_intervals()
        if self._saving is None:
            self._saving = asyncio.create_task(self._save_forever(), name=f"save {self.control.chain.name}")

    async def _stopping(self) -> None:
        if self._saving is not None:
            self._saving.cancel()
        await self._save()

    async def _save(self) -> None:
        number, _ = await self.control.latest()
        await self.control.save_state(self._state)
        async with self._saved:
            self._saved_block = number
            self._saved.notify_all()

    async def _save_forever(self) -> None:
        while True:
            begun = monotonic_s()
            try:
                await self._save()
            except (Unavailable, OSError) as error:
                log.warning("chain not saved", chain=self.control.chain.name, error=str(error))
            await asyncio.sleep(max(SAVE_SECONDS_MIN, SAVE_SHARE * (monotonic_s() - begun)))


def process(home: Path, name: str, *arguments: str, port: int | None = None, blas_threads: bool = False) -> Service:
    """A process of this package. Ready when its port answers, or, without a port, when it was started."""
    environment = {"STAB3L_HOME": str(home), **({} if blas_threads else ONE_THREAD)}
    return Service(
        name=name,
        command=lambda: [sys.executable, "-m", "stab3l", *arguments],
        ready=_always if port is None else _listening(port),
        environment={**environment, **PYTHON},
    )


def processes(home: Path, ports: Ports, *, dry_run: bool = False) -> list[Service]:
    """Everything but the chains. ``dry_run``: the keepers of the peg and of flows send nothing."""
    dry = ("--dry-run",) if dry_run else ()
    verifiers = [
        process(home, f"verifier-{index}", "verifier", "serve", "--index", str(index), port=port)
        for index, port in enumerate(ports.verifiers)
    ]
    return [
        process(home, "exchange", "exchange", "serve", port=ports.gateway),
        process(home, "indexer", "indexer", "serve"),
        process(home, "api", "api", "serve", "--port", str(ports.api), port=ports.api),
        process(home, "keeper-oracle", "keeper", "oracle"),
        process(home, "keeper-deposits", "keeper", "deposits"),
        process(home, "keeper-settlement", "keeper", "settlement"),
        process(home, "keeper-flow", "keeper", "flow", *dry),
        process(home, "keeper-peg", "keeper", "peg", *dry),
        process(home, "keeper-sweep", "keeper", "sweep"),
        process(home, "keeper-reverification", "keeper", "reverification"),
        *verifiers,
        process(home, "provider", "provider", "serve", port=ports.provider, blas_threads=True),
    ]


def agents(home: Path, *, dry_run: bool = False) -> list[Service]:
    """The live economy: makers of spot and of contracts, a trader, a buyer, a user of the pools, arbitrageurs."""
    dry = ("--dry-run",) if dry_run else ()
    return [
        process(home, "maker-0", "agent", "maker", "--role", "maker-0", "--market", "sSTB-USDC"),
        process(home, "maker-1", "agent", "maker", "--role", "maker-1", "--market", "sSTB-USDC.138"),
        process(home, "trader", "agent", "trader", "--role", "trader", "--market", "sSTB-USDC"),
        process(home, "contract-maker", "agent", "contracts", "--role", "contract-maker", "--taker", "trader"),
        process(home, "buyer", "agent", "buyer", "--role", "buyer"),
        process(home, "pool-trader", "agent", "pools", "--role", "pool-trader"),
        process(home, "keeper-arbitrage", "keeper", "arbitrage", *dry),
        process(home, ARBITRAGEUR, "agent", "arbitrageur", "--role", ARBITRAGEUR, "--market", "sSTB-USDC", *dry),
    ]


async def _always() -> bool:
    return True


def _listening(port: int) -> Callable[[], Awaitable[bool]]:
    async def listening() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    return listening
