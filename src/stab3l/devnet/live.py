"""`stab3l up`: the network with a small live economy, until someone stops it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import anyio
from rich.table import Table

from stab3l.client.asynchronous import AsyncClient
from stab3l.devnet.network import LocalNetwork
from stab3l.devnet.ports import Ports
from stab3l.devnet.processes import agents
from stab3l.devnet.steps import Step, Steps
from stab3l.devnet.story.flowing import become_a_sink
from stab3l.devnet.story.issuance import earn_and_unlock, issue, sell
from stab3l.devnet.story.pools import open_pools
from stab3l.devnet.story.redeeming import redeem_and_confirm, stock_buyer
from stab3l.devnet.story.stage import Stage
from stab3l.devnet.story.trading import deposit_all, trade_all

PROLOGUE: tuple[Callable[[Stage], Awaitable[None]], ...] = (
    issue,
    earn_and_unlock,
    open_pools,
    become_a_sink,
    sell,
    deposit_all,
    trade_all,
    stock_buyer,
    redeem_and_confirm,
)
"""What has happened once before the economy lives by itself. Each part is remembered in the home when it is done."""

ADDRESS_CHARACTERS = 42
SHOWN_CONTRACTS = ("ComputeUnitVerifier", "MintingAgent", "Redemption", "sSTBToken", "Custody", "BackpressurePool")


class Audience(Protocol):
    """Whoever watches the start."""

    def say(self, what: str) -> None:
        """What goes on now."""

    def note(self, what: str) -> None:
        """Something to remember."""

    def step(self, step: Step) -> None:
        """A finished step."""

    def progress(self, name: str, values: dict[str, Any]) -> None:
        """Work within a step."""

    def table(self, table: Table) -> None:
        """The table at the end."""


async def run_until_stopped(home: Path, ports: Ports, audience: Audience, *, dry_run: bool = False) -> None:
    """Starts or resumes the network, tells the prologue once, then lets the agents live.

    ``dry_run``: the keepers of the peg and of flows decide and log, and send nothing.

    Raises:
        Unavailable: a port is taken, the home is in use, or a part did not start.
    """
    async with LocalNetwork(home, ports, audience.say, dry_run=dry_run) as local:
        audience.note(f"the page is up: {local.network.api_url}; the economy begins")
        async with local.operator() as gateway, AsyncClient(local.network.api_url) as api:
            stage = Stage(local, gateway, api, Steps(audience.step, audience.progress))
            await tell_once(stage, audience.say)
        for service in agents(local.home, dry_run=dry_run):
            await local.supervisor.start(service)
        audience.table(where_things_are(local))
        audience.say(f"running: {local.network.api_url}  (Ctrl-C stops everything)")
        await asyncio.Event().wait()


async def tell_once(stage: Stage, say: Callable[[str], None]) -> None:
    """Tells the parts of the prologue that this home has not seen yet."""
    path = anyio.Path(stage.local.home / "prologue.json")
    told: list[str] = json.loads(await path.read_text()) if await path.exists() else []
    for part in PROLOGUE:
        if part.__name__ in told:
            continue
        say(part.__name__.replace("_", " "))
        await part(stage)
        told.append(part.__name__)
        draft = path.with_suffix(".part")
        await draft.write_text(json.dumps(told))
        await draft.replace(path)


def where_things_are(local: LocalNetwork) -> Table:
    """What runs where."""
    table = Table(title=f"open {local.network.api_url}", title_justify="left", title_style="bold")
    table.add_column("what", no_wrap=True)
    table.add_column("where", no_wrap=True, min_width=ADDRESS_CHARACTERS)
    table.add_column("process", no_wrap=True)
    pids = {name: str(pid) for name, pid, _ in local.supervisor.status()}
    for config in local.network.chains:
        table.add_row(f"chain {config.chain_id}", config.rpc_url, pids[config.name])
    places = {name: f"127.0.0.1:{port}" for name, port in local.ports.all().items()}
    for name, pid in pids.items():
        if name not in {config.name for config in local.network.chains}:
            table.add_row(name, places.get(name, ""), pid)
    table.add_section()
    for name in SHOWN_CONTRACTS:
        table.add_row(name, local.network.primary.contracts[name], "412346")
    table.add_section()
    for role in ("provider", "maker-0", "maker-1", "trader", "buyer"):
        table.add_row(role, local.signers[role].address, "")
    table.add_row("home", str(local.home), "")
    return table
