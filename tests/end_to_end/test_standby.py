"""A replicated exchange on a real nats-server: leaders are killed, frozen and cut off; two never acknowledge."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from exchange_setting import Setting
from gateway_process import GatewayProcess, write_network
from nats_process import NatsProcess, needs_nats
from stubborn_client import Stubborn, check_nothing_lost_or_doubled, whole_output

from stab3l.audit.journal import FileSource, FrameReader, JournalFrame
from stab3l.audit.verification import verify
from stab3l.engine.wire import Side, encode_batch
from stab3l.errors import Unavailable
from stab3l.exchange.gateway_client import GatewayClient, operator_client

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_event_loop"), needs_nats]

LEASE_MS = 1_000
WAIT_S = 40
LEADERSHIP_LOST = 75


@dataclass
class Cluster:
    """Nodes of one exchange on one nats-server."""

    folder: Path
    nats: NatsProcess
    nodes: list[GatewayProcess] = field(default_factory=list)

    @property
    def addresses(self) -> str:
        return ",".join(node.address for node in self.nodes)

    def make(self, count: int) -> None:
        for number in range(count):
            node = GatewayProcess(self.folder / f"node{number}")
            node.environment = {
                "STAB3L_EXCHANGE_NATS_URL": self.nats.url,
                "STAB3L_EXCHANGE_LEASE_MS": str(LEASE_MS),
                "STAB3L_EXCHANGE_LISTEN": node.address,
                "STAB3L_EXCHANGE_DURABILITY": "page_cache",
            }
            self.nodes.append(node)
        for node in self.nodes:
            write_network(node.home, self.addresses)
            if node is not self.nodes[0]:
                (node.home / "keys").symlink_to(self.nodes[0].home / "keys")
        (self.nodes[0].home / "keys").mkdir(mode=0o700)

    async def leader(self, *, after: int = 0, but: GatewayProcess | None = None) -> GatewayProcess:
        """The node that listens, once nodes took the lead more often than ``after`` times; never ``but``."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for node in self.nodes:
                    if node is not but and node.process is not None and node.process.poll() == LEADERSHIP_LOST:
                        node.launch()  # as whoever runs it does; a busy machine can make a node miss its lease
                    alive = node.process is not None and node.process.poll() is None
                    if node is not but and alive and self.led() > after and said(node, "leading") and node.listens():
                        return node
                await asyncio.sleep(0.05)

    def led(self) -> int:
        """How often some node took the lead."""
        return sum(said(node, "leading") for node in self.nodes)

    def client(self) -> GatewayClient:
        return operator_client(self.nodes[0].home, self.addresses)


def said(node: GatewayProcess, event: str) -> int:
    """How often a node logged an event, over all its starts."""
    if not (node.home / "gateway.log").exists():
        return 0
    lines = [line for line in node.log().splitlines() if line.startswith("{")]
    return sum(json.loads(line).get("event") == event for line in lines)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with NatsProcess(tmp_path / "nats") as nats:
        made = Cluster(tmp_path, nats)
        made.make(2)
        try:
            yield made
        finally:
            for node in made.nodes:
                if node.process is not None and node.process.poll() is None:
                    node.process.send_signal(signal.SIGCONT)
                    node.kill()


async def started(cluster: Cluster) -> GatewayProcess:
    cluster.nodes[0].launch()
    leader = await cluster.leader()
    cluster.nodes[1].launch()
    return leader


async def check_journal(node: GatewayProcess) -> int:
    """Replays a node's journal with the auditor's implementation; its last sequence number."""
    report = await verify(FileSource.of_folder(node.home / "exchange" / "journal"))
    assert report.divergence is None
    return report.last_sequence


def batches_of(node: GatewayProcess) -> dict[int, JournalFrame]:
    """The batches in a node's journal."""
    files = sorted((node.home / "exchange" / "journal" / "inputs").glob("*.seg"))
    frames = FrameReader("inputs").feed(b"".join(file.read_bytes() for file in files))
    return {frame.first_sequence: frame for frame in frames}


async def end(node: GatewayProcess) -> int:
    assert node.process is not None
    return await asyncio.to_thread(node.process.wait, WAIT_S)


@pytest.mark.slow
async def test_leaders_killed_under_load_lose_nothing_acknowledged_and_double_nothing(cluster: Cluster) -> None:
    await started(cluster)
    async with cluster.client() as one, cluster.client() as two:
        setting = await Setting.made(one)
        clients = [Stubborn(one, setting, 0), Stubborn(two, setting, 1)]
        done = asyncio.Event()
        running = [asyncio.create_task(client.run(done)) for client in clients]
        for _ in range(2):
            await asyncio.sleep(0.5)
            leader, led = await cluster.leader(), cluster.led()
            leader.kill()
            acknowledged = sum(len(client.acknowledged) for client in clients)
            await cluster.leader(after=led, but=leader)
            leader.launch()
            async with asyncio.timeout(WAIT_S):
                while sum(len(client.acknowledged) for client in clients) < acknowledged + 10:
                    await asyncio.sleep(0.05)
                    await cluster.leader()
        done.set()
        await asyncio.gather(*running)
        check_nothing_lost_or_doubled(await whole_output(one), clients)
        last = (await one.status()).sequence
    for node in cluster.nodes:
        await asyncio.to_thread(node.kill)
    mine, theirs = (batches_of(node) for node in cluster.nodes)
    assert all(mine[sequence] == theirs[sequence] for sequence in mine.keys() & theirs.keys())
    assert await check_journal(max(cluster.nodes, key=lambda node: len(batches_of(node)))) == last


@pytest.mark.slow
async def test_a_frozen_leader_that_wakes_up_acknowledges_nothing_and_ends(cluster: Cluster) -> None:
    frozen = await started(cluster)
    async with cluster.client() as both, operator_client(frozen.home, frozen.address) as only:
        setting = await Setting.made(both)
        old = Stubborn(only, setting, 0)
        done = asyncio.Event()
        running = asyncio.create_task(old.run(done))
        await asyncio.sleep(0.5)
        assert frozen.process is not None
        frozen.process.send_signal(signal.SIGSTOP)
        late = [asyncio.create_task(only.submit(encode_batch([setting.order(0, Side.SELL, 1, 100)]))) for _ in range(3)]
        before = len(old.acknowledged)
        leader = await cluster.leader(after=1, but=frozen)
        new = Stubborn(operator_client(leader.home, leader.address), setting, 1)
        async with new.client:
            for _ in range(3):
                await new.place()
            frozen.process.send_signal(signal.SIGCONT)
            assert await end(frozen) == LEADERSHIP_LOST
            ends = await asyncio.gather(*late, return_exceptions=True)
            assert all(isinstance(one, Unavailable) for one in ends)
            assert len(old.acknowledged) - before <= 1, "at most an answer that was on its way when it was frozen"
            done.set()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            last = frozen.log().splitlines()[-1]
            assert last.startswith("stab3l: ")
            assert "another" in last, "it says why it leads no more"
            check_nothing_lost_or_doubled(await whole_output(new.client), [new])
            output = await whole_output(new.client)
            assert all(output[answer.first_sequence] == answer.events for answer in old.acknowledged)


@pytest.mark.slow
async def test_without_its_log_a_leader_acknowledges_nothing_and_goes_on_from_it_later(cluster: Cluster) -> None:
    leader = await started(cluster)
    async with cluster.client() as client:
        setting = await Setting.made(client)
        stubborn = Stubborn(client, setting, 0)
        done = asyncio.Event()
        running = asyncio.create_task(stubborn.run(done))
        await asyncio.sleep(0.5)
        cluster.nats.kill()
        assert await end(leader) == LEADERSHIP_LOST
        acknowledged, led = len(stubborn.acknowledged), cluster.led()
        await asyncio.sleep(0.5)
        assert len(stubborn.acknowledged) == acknowledged
        cluster.nats.start()
        leader.launch()
        await cluster.leader(after=led)
        async with asyncio.timeout(WAIT_S):
            while len(stubborn.acknowledged) < acknowledged + 5:
                await asyncio.sleep(0.05)
                await cluster.leader()
        done.set()
        await running
        check_nothing_lost_or_doubled(await whole_output(client), [stubborn])


async def test_a_journal_of_another_history_and_a_server_that_takes_too_little_are_refused(
    cluster: Cluster, tmp_path: Path
) -> None:
    first, second = cluster.nodes
    replicated, second.environment = second.environment, {}
    alone = GatewayProcess(second.home, port=first.port)  # the first of the network's addresses is its own
    await asyncio.to_thread(alone.start)
    async with operator_client(second.home, alone.address) as client:
        await Setting.made(client)
    alone.kill()
    second.environment = replicated
    first.launch()
    await cluster.leader()
    async with cluster.client() as client:
        await Setting.made(client)
    second.launch()
    assert await end(second) == 70
    assert "another history" in second.log()
    shutil.rmtree(second.home / "exchange")
    with NatsProcess(tmp_path / "small", max_payload=1 << 20) as small:
        second.environment["STAB3L_EXCHANGE_NATS_URL"] = small.url
        second.launch()
        assert await end(second) == 2
    assert "set max_payload to" in second.log()
