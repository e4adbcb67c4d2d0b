"""A local chain and its saved state: what is saved comes back, and time goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from chain_anvil import ANVIL, CHAIN_ID, free_port

from stab3l.clock import SystemClock
from stab3l.devnet.anvil import AnvilControl, LocalChain, command
from stab3l.devnet.people import until
from stab3l.devnet.processes import ChainKeeper
from stab3l.devnet.supervisor import Supervisor
from stab3l.errors import Unavailable

pytestmark = [pytest.mark.anyio, pytest.mark.chain]

WEEK_S = 7 * 86_400
SOMEONE = "0x00000000000000000000000000000000000000A1"
PATIENCE_S = 20


@dataclass
class Node:
    """One anvil with the local network's own command line."""

    control: AnvilControl
    process: subprocess.Popen[bytes] | None = None

    async def start(self, state: Path | None = None) -> None:
        self._launch(command(ANVIL, self.control.chain, state))
        deadline = time.monotonic() + PATIENCE_S
        while not await self.control.ready():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)

    def _launch(self, arguments: list[str]) -> None:
        self.process = subprocess.Popen(arguments)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    async def head(self) -> str:
        return str((await self.control.request("eth_getBlockByNumber", "latest", False))["hash"])


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


@pytest.fixture
def chain() -> LocalChain:
    return LocalChain(CHAIN_ID, "primary", free_port(), 1)


@pytest.fixture
def node(chain: LocalChain, client: httpx.AsyncClient) -> Iterator[Node]:
    node = Node(AnvilControl(chain, client))
    yield node
    node.kill()


async def test_a_killed_chain_comes_back_with_the_head_it_was_saved_with(node: Node, tmp_path: Path) -> None:
    state = tmp_path / "chain.json"
    await node.start()
    await node.control.set_balance(SOMEONE, 123)
    for _ in range(3):
        await node.control.request("evm_mine")
    await node.control.save_state(state)
    saved = await node.control.latest(), await node.head()
    await node.control.request("evm_mine")
    node.kill()
    await node.start(state)
    assert (await node.control.latest(), await node.head()) == saved
    assert int(await node.control.request("eth_getBalance", SOMEONE, "latest"), 16) == 123
    assert os.listdir(tmp_path) == ["chain.json"]


async def test_a_save_that_fails_leaves_the_last_one_as_it_was(node: Node, tmp_path: Path) -> None:
    state = tmp_path / "chain.json"
    await node.start()
    await node.control.save_state(state)
    before = state.read_bytes()
    node.kill()
    with pytest.raises(Unavailable, match="does not answer anvil_dumpState"):
        await node.control.save_state(state)
    assert state.read_bytes() == before


async def test_a_chain_that_travelled_in_time_goes_on_from_there(node: Node, tmp_path: Path) -> None:
    state = tmp_path / "chain.json"
    await node.start()
    _, began = await node.control.latest()
    await node.control.pass_time(WEEK_S)
    number, travelled = await node.control.latest()
    assert travelled - began >= WEEK_S
    await node.control.save_state(state)
    node.kill()
    await node.start(state)
    await node.control.resume_time(SystemClock())
    await node.control.request("evm_mine")
    after, resumed = await node.control.latest()
    assert after == number + 1
    assert travelled <= resumed < travelled + 60


async def test_another_chain_on_the_port_is_not_taken_for_ready(node: Node, client: httpx.AsyncClient) -> None:
    await node.start()
    other = AnvilControl(LocalChain(138, "chain-138", node.control.chain.port, 2), client)
    assert not await other.ready()


async def test_a_refusal_of_the_node_carries_its_words(node: Node) -> None:
    await node.start()
    with pytest.raises(Unavailable, match=f"chain {CHAIN_ID} refused no_such_method"):
        await node.control.request("no_such_method")


async def test_a_chain_killed_between_saves_keeps_what_was_kept(
    chain: LocalChain, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    supervisor = Supervisor(tmp_path)
    keeper = ChainKeeper(tmp_path, ANVIL, chain, client)
    control = keeper.control
    try:
        await supervisor.start(keeper.service())
        await control.mine_at_intervals()
        await control.request("anvil_mine", "0x5")
        number, _ = await control.latest()
        await keeper.kept(number)
        kept = await control.request("eth_getBlockByNumber", hex(number), False)
        killed = supervisor.pid(chain.name)
        os.kill(killed, signal.SIGKILL)

        async def came_back() -> bool:
            return supervisor.pid(chain.name) != killed and await control.ready()

        await until(came_back, "the chain's restart")
        assert await control.request("eth_getBlockByNumber", hex(number), False) == kept
    finally:
        await supervisor.stop()
    assert not await control.ready()


async def test_kept_waits_for_the_save_that_holds_the_block(
    chain: LocalChain, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    supervisor = Supervisor(tmp_path)
    keeper = ChainKeeper(tmp_path, ANVIL, chain, client)
    try:
        await supervisor.start(keeper.service())
        await keeper.kept(0)
        waiting = asyncio.ensure_future(keeper.kept(2))
        await keeper.control.request("evm_mine")
        await keeper.kept(1)
        assert not waiting.done()
        await keeper.control.request("evm_mine")
        await asyncio.wait_for(waiting, PATIENCE_S)
    finally:
        await supervisor.stop()
    assert keeper.has_state


async def test_a_stopped_chain_goes_on_with_its_last_block(
    chain: LocalChain, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    heads = []
    for _ in range(2):
        supervisor = Supervisor(tmp_path)
        keeper = ChainKeeper(tmp_path, ANVIL, chain, client)
        await supervisor.start(keeper.service())
        heads.append((await keeper.control.latest())[0])
        await keeper.control.request("anvil_mine", "0x64")
        await supervisor.stop()
    assert heads[0] == 0
    assert heads[1] >= 100
