"""A local network goes on where it was: after a clean stop, and after `kill -9` of what holds it together."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from stab3l.chain.contracts import contract
from stab3l.chain.rpc import RpcChain
from stab3l.config import PRIMARY_CHAIN_ID, Network, load_network
from stab3l.devnet.network import LocalNetwork
from stab3l.devnet.people import until
from stab3l.devnet.ports import CHAIN_NAMES, Ports, fixed_ports, require_free
from stab3l.errors import Unavailable
from stab3l.exchange.gateway_client import GatewayClient, operator_client

AMOUNT = 25 * 10**6
SPREAD = 16
STOP_WITHIN_S = 60
LINES_MAX = 40


@dataclass(frozen=True)
class State:
    """What must not be lost: how far everything is, and what the depositor has."""

    heights: dict[int, int]
    sequence: int
    deposits: int
    balances: tuple[tuple[int, int, int], ...]
    in_custody: int


def free_row() -> tuple[int, int]:
    """(base port, API port) of a network that is in nobody's way."""
    for base in range(20_000 + os.getpid() % 500 * SPREAD, 60_000, SPREAD):
        try:
            require_free(fixed_ports(base, base + SPREAD - 1))
        except Unavailable:
            continue
        return base, base + SPREAD - 1
    raise AssertionError("no ports are free")


async def state_of(home: Path, network: Network, owner: bytes) -> State:
    """Looked at from outside, as any other process does."""
    heights = {}
    for config in network.chains:
        async with RpcChain(config) as chain:
            heights[config.chain_id] = (await chain.head()).number
            if config.chain_id == PRIMARY_CHAIN_ID:
                custody, dollar = contract(config, "Custody"), contract(config, "LocalDollar")
                in_custody = int(await chain.call(dollar, "balanceOf", custody.address))
    async with operator_client(home, network.gateway) as gateway:
        account = await gateway.account_of(owner)
        held = [] if account is None else await gateway.balances(account)
        return State(
            heights,
            (await gateway.status()).sequence,
            (await gateway.chain_deposits(PRIMARY_CHAIN_ID)).count,
            tuple((balance.asset, balance.available, balance.held) for balance in held),
            in_custody,
        )


async def deposit(local: LocalNetwork) -> None:
    """One deposit of the trader on the primary chain, until the engine has credited it."""
    trader = local.person("trader")
    token = trader.contract(PRIMARY_CHAIN_ID, "LocalDollar").address
    await trader.send(PRIMARY_CHAIN_ID, "LocalDollar", "faucet", trader.address, AMOUNT)
    await trader.approve(PRIMARY_CHAIN_ID, "LocalDollar", "Custody")
    await trader.send(PRIMARY_CHAIN_ID, "Custody", "deposit", token, AMOUNT, trader.address)
    async with local.operator() as gateway:
        await until(lambda: credited(gateway, owner_of(local)), "the deposit's credit")


async def credited(gateway: GatewayClient, owner: bytes) -> bool:
    return await gateway.account_of(owner) is not None


def owner_of(local: LocalNetwork) -> bytes:
    return bytes.fromhex(local.signers["trader"].address[2:])


def has_gone_on(before: State, after: State) -> bool:
    """Nothing was lost, and nothing came that nobody sent."""
    higher = all(after.heights[chain_id] >= before.heights[chain_id] for chain_id in CHAIN_NAMES)
    same = (after.deposits, after.balances, after.in_custody) == (before.deposits, before.balances, before.in_custody)
    return higher and same and after.sequence >= before.sequence


def recorded(home: Path) -> dict[str, psutil.Process]:
    """The services of this home, by name."""
    record = json.loads((home / "processes.json").read_text())
    return {name: psutil.Process(entry["pid"]) for name, entry in record.items()}


def runs(process: psutil.Process) -> bool:
    """A process that nobody has asked for its status yet has ended all the same."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@asynccontextmanager
async def up(home: Path, base: int, api: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """`stab3l up`, until its page is up."""
    command = ("-m", "stab3l", "up", "--home", str(home), "--base-port", str(base), "--api-port", str(api))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    said: list[str] = []
    try:
        while not any("the page is up" in line for line in said):
            line = (await process.stderr.readline()).decode()
            assert line, f"it ended: {said}"
            said.append(line)
            assert len(said) < LINES_MAX, said
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.communicate(), STOP_WITHIN_S)


@pytest.mark.anyio
@pytest.mark.chain
@pytest.mark.slow
async def test_a_network_goes_on_after_a_clean_stop_and_after_a_kill(tmp_path: Path) -> None:
    base, api = free_row()
    ports: Ports = fixed_ports(base, api)

    async with LocalNetwork(tmp_path, ports, lambda _: None) as local:
        await deposit(local)
        owner = owner_of(local)
        begun = await state_of(tmp_path, local.network, owner)
        first = recorded(tmp_path)
    assert begun.deposits == 1
    assert [(available, held) for _, available, held in begun.balances] == [(AMOUNT, 0)]
    assert not any(runs(process) for process in first.values())
    network = load_network(tmp_path)

    async with up(tmp_path, base, api) as running:
        resumed = await state_of(tmp_path, load_network(tmp_path), owner)
        second = recorded(tmp_path)
        assert set(second) == set(first)
        running.kill()
    assert running.returncode == -signal.SIGKILL
    assert load_network(tmp_path) == network
    assert has_gone_on(begun, resumed), (begun, resumed)
    assert all(runs(process) for process in second.values()), "kill -9 leaves them behind"

    said: list[str] = []
    async with LocalNetwork(tmp_path, ports, said.append) as local:
        assert said[0] == f"ended what an earlier run left behind: {', '.join(second)}"
        assert not any(runs(process) for process in second.values())
        again = await state_of(tmp_path, local.network, owner)
        third = recorded(tmp_path)
    assert has_gone_on(begun, again), (begun, again)
    assert not any(runs(process) for process in third.values())
    require_free(ports)
