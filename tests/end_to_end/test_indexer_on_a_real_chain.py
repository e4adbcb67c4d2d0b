"""The indexer process on a real node: reorganisations, restarts of the chain, and ``kill -9`` at any point."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import anyio
import pytest
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from chain_anvil import RICH_KEY, Anvil, free_port
from deployed_chain import DOLLAR, PRIMARY, Deployments

from stab3l.chain.contracts import Contract, contract
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.config import ChainConfig, Network
from stab3l.store.database import Database, open_database
from stab3l.store.tables import FACTS, VERSIONED, chains
from stab3l.watch import queries
from stab3l.watch.indexer import ChainIndexer

pytestmark = [pytest.mark.anyio, pytest.mark.chain]

SERVE = (
    "import sys, pathlib, anyio; from stab3l.watch.process import serve; anyio.run(serve, pathlib.Path(sys.argv[1]))"
)
CONFIRMATIONS = 3
PATIENCE_S = 30
AMOUNT = 5_000_000


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class System:
    """One chain with a custody contract, the indexer process, and a view of its tables."""

    home: Path
    anvil: Anvil
    config: ChainConfig
    sender: Sender
    dollar: Contract
    custody: Contract
    database: Database
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", SERVE, str(self.home)], stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=PATIENCE_S)

    async def deposit(self) -> None:
        await self.sender.transact(self.custody, "deposit", self.dollar.address, AMOUNT, self.sender.signer.address)

    async def deposits(self) -> list[tuple[int, str]]:
        return [(d.ordinal, d.state) for d in await queries.deposits(self.database)]

    async def follows(self) -> bool:
        """Whether the process is at the chain's head."""
        heads = await queries.chain_heads(self.database)
        return bool(heads) and heads[0].hash == (await self.sender.chain.head()).hash

    async def content(self, database: Database | None = None) -> dict[str, list[Any]]:
        async with (database or self.database).read() as connection:
            tables = (chains, *FACTS, *VERSIONED)
            return {t.name: sorted(map(repr, (await connection.execute(sa.select(t))).all())) for t in tables}

    async def undisturbed(self) -> dict[str, list[Any]]:
        """The tables of an indexer that only ever saw the chain as it is now."""
        url = f"sqlite:///{self.home / 'undisturbed.db'}"
        async with await open_database(url) as database, RpcChain(self.config) as chain:
            indexer = ChainIndexer(database, chain, self.config)
            await indexer.start()
            await indexer.catch_up()
            return await self.content(database)


async def until(question: Callable[[], Awaitable[Any]], answer: Any) -> None:
    """Waits for an answer, and fails with the last one."""
    found = None
    for _ in range(PATIENCE_S * 20):
        found = await question()
        if found == answer:
            return
        await anyio.sleep(0.05)
    assert found == answer


@pytest.fixture
async def system(deployments: Deployments, tmp_path: Path) -> AsyncIterator[System]:
    url = f"sqlite:///{tmp_path / 'read.db'}"
    deployed = await deployments.chain(PRIMARY)
    shutil.copy(deployed.state, tmp_path / "chain.json")
    with Anvil(state=tmp_path / "chain.json") as anvil:
        config = deployed.config(anvil, CONFIRMATIONS)
        async with RpcChain(config, retry_s=10) as chain, await open_database(url) as database:
            sender = Sender(chain, Signer(RICH_KEY))
            dollar, custody = contract(config, DOLLAR), contract(config, "Custody")
            await sender.transact(dollar, "faucet", sender.signer.address, 10**12)
            await sender.transact(dollar, "approve", custody.address, 10**12)
            system = System(tmp_path, anvil, config, sender, dollar, custody, database)
            (tmp_path / "network.json").write_text(network(config, url).model_dump_json())
            system.start()
            yield system
            assert system.process is not None
            system.process.kill()
            system.process.wait(timeout=PATIENCE_S)


def network(config: ChainConfig, url: str) -> Network:
    nowhere = f"127.0.0.1:{free_port()}"
    return Network(
        chains=(config,),
        markets=(),
        gateway=nowhere,
        api_url=f"http://{nowhere}",
        verifier_urls=(),
        provider_url=f"http://{nowhere}",
        database_url=url,
    )


async def test_a_reorganisation_takes_back_a_pending_deposit_and_its_second_inclusion_counts_once(
    system: System,
) -> None:
    await system.deposit()
    await system.deposit()
    await until(system.deposits, [(2, "pending"), (1, "pending")])
    system.anvil.ask("anvil_reorg", 1, [])
    await until(system.deposits, [(1, "pending")])
    await system.deposit()
    await until(system.deposits, [(2, "pending"), (1, "confirmed")])
    system.anvil.ask("anvil_mine", "0x2")
    await until(system.deposits, [(2, "confirmed"), (1, "confirmed")])
    assert await system.content() == await system.undisturbed()


async def test_a_chain_restarted_from_an_older_state_is_followed_back(system: System) -> None:
    await system.deposit()
    await until(system.deposits, [(1, "pending")])
    await anyio.to_thread.run_sync(system.anvil.stop)
    older = shutil.copy(system.home / "chain.json", system.home / "older.json")
    await anyio.to_thread.run_sync(system.anvil.start)
    await system.deposit()
    await system.deposit()
    await until(system.deposits, [(3, "pending"), (2, "pending"), (1, "confirmed")])
    system.anvil.kill()
    shutil.copy(older, system.home / "chain.json")
    await anyio.to_thread.run_sync(system.anvil.start)
    await until(system.deposits, [(1, "pending")])
    await system.deposit()
    await until(system.deposits, [(2, "pending"), (1, "pending")])
    assert await system.content() == await system.undisturbed()


async def test_an_indexer_killed_at_any_point_ends_with_the_tables_of_an_undisturbed_one(system: System) -> None:
    dice = Random(3)
    for round_ in range(4):
        await until(system.follows, True)
        async with anyio.create_task_group() as tasks:
            for _ in range(6):
                tasks.start_soon(system.deposit)
            await anyio.sleep(dice.uniform(0, 0.5))
            system.kill()
        if round_ % 2:
            system.anvil.ask("anvil_reorg", dice.randrange(1, 4), [])
        system.start()
    await system.deposit()
    expected = await system.undisturbed()
    await until(system.content, expected)


async def test_an_indexer_stops_cleanly_when_it_is_told_to(system: System) -> None:
    await system.deposit()
    await until(system.deposits, [(1, "pending")])
    assert system.process is not None
    system.process.terminate()
    assert await anyio.to_thread.run_sync(system.process.wait, PATIENCE_S) == 0
