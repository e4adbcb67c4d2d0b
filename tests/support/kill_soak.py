"""``kill -9`` of the gateway at random moments under load, again and again; then what was promised is judged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

from exchange_setting import Setting
from gateway_process import GatewayProcess
from stubborn_client import Stubborn, check_nothing_lost_or_doubled, whole_output

from stab3l.audit.journal import FileSource
from stab3l.audit.verification import verify

Durability = Literal["page_cache", "fdatasync"]

CLIENTS = 4
SERVING_S_MAX = 0.6
STARTING_S_MAX = 1.5
KILLED_WHILE_STARTING = 0.3
"""Share of the kills that fall into a start: recovery must survive them, too."""


@dataclass(frozen=True, slots=True)
class Soak:
    """What a soak saw."""

    kills: int
    killed_while_starting: int
    acknowledged: int
    """Batches."""
    retries: int
    commands: int
    """In the journal at the end, replayed by the auditor's implementation without a divergence."""


async def soak(
    home: Path, kills: int, random: Random, durability: Durability, progress: Callable[[int], None] = lambda _: None
) -> Soak:
    """Kills a gateway under load. Raises `AssertionError` when something acknowledged is lost, or acted twice."""
    environment = {"STAB3L_EXCHANGE_SNAPSHOT_EVERY_RECORDS": "3000", "STAB3L_EXCHANGE_DURABILITY": durability}
    starting = 0
    with GatewayProcess(home, environment=environment) as gateway:
        async with gateway.operator() as operator, gateway.trader() as trader:
            setting = await Setting.made(operator)
            clients = [Stubborn(trader, setting, at % 2, trades=True) for at in range(CLIENTS)]
            done = asyncio.Event()
            running = [asyncio.create_task(client.run(done)) for client in clients]
            for kill in range(kills):
                if random.random() < KILLED_WHILE_STARTING and kill:
                    starting += 1
                    await asyncio.sleep(random.uniform(0, STARTING_S_MAX))
                else:
                    await asyncio.to_thread(gateway.wait_until_it_listens)
                    await _until_under_load(clients)
                    await asyncio.sleep(random.uniform(0, SERVING_S_MAX))
                gateway.kill()
                gateway.launch()
                progress(kill + 1)
            await asyncio.to_thread(gateway.wait_until_it_listens)
            done.set()
            await asyncio.gather(*running)
            check_nothing_lost_or_doubled(await whole_output(operator), clients)
        gateway.kill()
    report = await verify(FileSource.of_folder(home / "exchange" / "journal"))
    assert report.divergence is None, report.divergence
    acknowledged, retries = (sum(map(of, clients)) for of in (_acknowledged, lambda client: client.retries))
    return Soak(kills, starting, acknowledged, retries, report.commands)


async def _until_under_load(clients: list[Stubborn]) -> None:
    """Returns when every client was answered once more: then all of them have batches under way."""
    before = [len(client.acknowledged) for client in clients]
    async with asyncio.timeout(60):
        while any(len(client.acknowledged) == then for client, then in zip(clients, before, strict=True)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def _acknowledged(client: Stubborn) -> int:
    return len(client.acknowledged)
