"""One switch makes the keepers of the peg and of flows look only; what the economy needs to live goes on."""

from __future__ import annotations

from pathlib import Path

from stab3l.devnet.ports import fixed_ports
from stab3l.devnet.processes import agents, processes

PORTS = fixed_ports(20_000, 20_100)
DRY = {"keeper-flow", "keeper-peg", "keeper-arbitrage", "book-arbitrageur"}


def test_dry_keepers_are_those_of_peg_and_flow() -> None:
    started = [*processes(Path("home"), PORTS, dry_run=True), *agents(Path("home"), dry_run=True)]
    assert {service.name for service in started if "--dry-run" in service.command()} == DRY


def test_without_the_switch_every_keeper_acts() -> None:
    started = [*processes(Path("home"), PORTS), *agents(Path("home"))]
    assert not [service.name for service in started if "--dry-run" in service.command()]
