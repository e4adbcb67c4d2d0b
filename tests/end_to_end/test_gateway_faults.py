"""The gateway process is killed, stopped, starved of disk: no acknowledged order is lost, none acts twice."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from random import Random

import pytest
from exchange_setting import Setting
from gateway_process import GatewayProcess
from kill_soak import soak
from stubborn_client import Stubborn, check_nothing_lost_or_doubled, whole_output

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_event_loop")]


@pytest.mark.slow
async def test_killed_at_random_while_clients_submit_it_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """The short version of ``make soak-kill``."""
    found = await soak(tmp_path / "home", 5, Random(5), "page_cache")
    assert found.acknowledged > 0
    assert found.retries >= 4


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
