"""The gateway process is killed, stopped, starved of disk: no acknowledged order is lost, none acts twice."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from exchange_setting import Setting
from gateway_process import GatewayProcess

from stab3l.engine.wire import OrderAccepted, Outcome, OutcomeCode, Side, decode_events, encode_batch
from stab3l.errors import Unavailable
from stab3l.exchange.gateway_client import GatewayClient, Submitted

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_event_loop")]

SETTLED = (OutcomeCode.ACCEPTED, OutcomeCode.CLIENT_ID_REUSED)


@dataclass
class Stubborn:
    """A client that repeats every batch, with the same client ids, until it has an answer."""

    client: GatewayClient
    setting: Setting
    user: int
    acknowledged: list[Submitted] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    retries: int = 0

    async def run(self, until: asyncio.Event) -> None:
        while not until.is_set():
            orders = [self.setting.order(self.user, Side.SELL, 1, 100) for _ in range(5)]
            await self._submit(encode_batch(orders))
            self.sent += [order.client_id for order in orders]

    async def _submit(self, batch: bytes) -> None:
        while True:
            try:
                answer = await self.client.submit(batch)
            except Unavailable:
                self.retries += 1
                await asyncio.sleep(0.05)
                continue
            found = [event.code for event in decode_events(answer.events) if isinstance(event, Outcome)]
            assert len(found) == 5
            assert set(found) <= set(SETTLED)
            self.acknowledged.append(answer)
            return


async def whole_output(client: GatewayClient) -> dict[int, bytes]:
    """The output stream from its beginning: payload by first sequence number."""
    last = (await client.status()).sequence
    frames: dict[int, bytes] = {}
    async for frame in client.outputs(1):
        frames[frame.first_sequence] = frame.payload
        if decode_events(frame.payload)[-1].sequence >= last:
            break
    return frames


def check_nothing_lost_or_doubled(output: dict[int, bytes], clients: list[Stubborn]) -> None:
    for client in clients:
        for answer in client.acknowledged:
            assert output[answer.first_sequence] == answer.events
    events = [event for payload in output.values() for event in decode_events(payload)]
    accepted = Counter((event.account, event.client_id) for event in events if isinstance(event, OrderAccepted))
    wanted = {(client.setting.accounts[client.user], client_id) for client in clients for client_id in client.sent}
    assert set(accepted) >= wanted
    assert set(accepted.values()) == {1}
    sequences = sorted({event.sequence for event in events})
    assert sequences == list(range(1, len(sequences) + 1))


@pytest.mark.slow
async def test_killed_while_clients_submit_it_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path / "home") as gateway:
        async with gateway.operator() as operator, gateway.trader() as one, gateway.trader() as two:
            setting = await Setting.made(operator)
            clients = [Stubborn(client, setting, user) for user, client in enumerate((one, two)) for _ in range(4)]
            done = asyncio.Event()
            running = [asyncio.create_task(client.run(done)) for client in clients]
            for _ in range(4):
                await asyncio.sleep(0.3)
                gateway.kill()
                await asyncio.to_thread(gateway.start)
            await asyncio.sleep(0.3)
            done.set()
            await asyncio.gather(*running)
            assert sum(client.retries for client in clients) >= 4
            check_nothing_lost_or_doubled(await whole_output(one), clients)


async def test_asked_to_stop_it_answers_what_it_took_and_leaves_a_snapshot(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path / "home") as gateway:
        async with gateway.operator() as operator:
            setting = await Setting.made(operator)
            client = Stubborn(operator, setting, 0)
            done = asyncio.Event()
            running = asyncio.create_task(client.run(done))
            await asyncio.sleep(0.3)
            assert await asyncio.to_thread(gateway.stop) == 0
            last = await asyncio.to_thread(last_log, gateway)
            assert last["event"] == "gateway_stopped"
            await asyncio.to_thread(gateway.start)
            opened = next(line for line in reversed(logs(gateway)) if line["event"] == "journal_opened")
            assert (opened["snapshot"], opened["records_replayed"]) == (last["snapshot"], 0)
            done.set()
            await running
            check_nothing_lost_or_doubled(await whole_output(operator), [client])


async def test_on_a_full_disk_it_acknowledges_nothing_more_and_ends(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path / "home", preexec="ulimit -f 64") as gateway:
        async with gateway.operator() as operator:
            setting = await Setting.made(operator)
            client = Stubborn(operator, setting, 0)
            done = asyncio.Event()
            running = asyncio.create_task(client.run(done))
            assert gateway.process is not None
            assert await asyncio.to_thread(gateway.process.wait, 60) == 75
            acknowledged = len(client.acknowledged)
            assert "the engine stopped" in gateway.log()
            gateway.preexec = ""
            await asyncio.to_thread(gateway.start)
            await asyncio.sleep(0.3)
            done.set()
            await running
            assert len(client.acknowledged) > acknowledged > 0
            check_nothing_lost_or_doubled(await whole_output(operator), [client])


async def test_a_second_gateway_of_the_same_home_ends_with_one_clear_line(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path / "home") as gateway:
        second = GatewayProcess(gateway.home, port=gateway.port)
        second.launch()
        assert second.process is not None
        assert await asyncio.to_thread(second.process.wait, 60) == 75
        assert "another process has the journal" in " ".join(gateway.log().split())
        async with gateway.operator() as operator:
            assert (await operator.status()).sequence == 0


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path / "home") as gateway:
        other = GatewayProcess(tmp_path / "other", port=gateway.port)
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "network.json").write_bytes((gateway.home / "network.json").read_bytes())
        other.launch()
        assert other.process is not None
        assert await asyncio.to_thread(other.process.wait, 60) == 75
        assert f"cannot listen on {gateway.address}" in " ".join(other.log().split())


async def test_a_damaged_journal_is_not_served(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path / "home") as gateway:
        async with gateway.operator() as operator:
            await Setting.made(operator)
        gateway.kill()
        (segment,) = (gateway.home / "exchange" / "journal" / "inputs").iterdir()
        data = bytearray(segment.read_bytes())
        data[len(data) // 3] ^= 1
        segment.write_bytes(data)
        gateway.launch()
        assert gateway.process is not None
        assert await asyncio.to_thread(gateway.process.wait, 60) == 70
        assert "is damaged at byte" in " ".join(gateway.log().split())


def logs(gateway: GatewayProcess) -> list[dict[str, object]]:
    return [json.loads(line) for line in gateway.log().splitlines() if line.startswith("{")]


def last_log(gateway: GatewayProcess) -> dict[str, object]:
    return logs(gateway)[-1]
