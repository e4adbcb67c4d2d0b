"""The console in a real browser: chain, exchange, index, API and provider as they are, and chromium to open it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from api_process import ApiProcess
from chain_anvil import free_port
from custody_market import ALICE, Place, open_place
from deployed_chain import BASE, DOLLAR, PRIMARY, REPORTERS, Deployments
from gateway_process import ROOT, GatewayProcess

from stab3l.chain.contracts import contract
from stab3l.chain.sender import Sender, SendPolicy
from stab3l.chain.signer import Signer
from stab3l.client import AsyncClient, calls
from stab3l.client.orders import listed_market, signed_order
from stab3l.client.retries import RetryPolicy
from stab3l.clock import SystemClock
from stab3l.config import MarketConfig, Network, UnderlyingConfig
from stab3l.devnet.listing import LOT, MAKER_FEE_PPM, MAX_LOTS, TAKER_FEE_PPM, TICK, symbol, underlyings
from stab3l.errors import Unavailable
from stab3l.exchange.gateway_client import GatewayClient
from stab3l.exchange.listing import ensure_listed
from stab3l.hashing import keccak256
from stab3l.keepers.deposits import DepositKeeper
from stab3l.keepers.mark_rules import MarkPolicy
from stab3l.keepers.marks import MarkKeeper
from stab3l.keepers.settlement import ChainSettler, Proven, Sealer

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium: `make chromium` installs it where apt can be used as root"
)

BLOCK_PAUSE_S = 0.5
PATIENCE_S = 600
"""A busy machine is no failure; a green run takes a minute."""

DOLLAR_FEED = keccak256(b"USDC/USD")
PAR_TICKS = 60_000
SUPPLY, OBLIGATION, DOLLARS = 10**22, 10**21, 10**12
STAKE_PERIOD_S = 7 * 86_400
COMMITTEE = 3
QUICK = SendPolicy(receipt_timeout_s=30, doubt_s=0.5, poll_s_max=0.1)
ASKS = (("0.06", "50"), ("0.0601", "50"))


@dataclass
class Console:
    """Where the console is, and the chromium that opens it."""

    url: str
    log: Path

    def run(self, *files: str) -> None:
        """Runs browser tests of ``web/tests/browser``; what they said is in the failure."""
        environment = {
            **os.environ,
            "NO_COLOR": "1",
            "CONSOLE_URL": self.url,
            "CONSOLE_CHROMIUM": str(CHROMIUM),
            "CONSOLE_UNPAID": "USDC",
        }
        command = ["node_modules/.bin/vitest", "run", "--project", "browser", "--bail", "1", *files]
        with subprocess.Popen(
            command,
            cwd=ROOT / "web",
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                said, _ = process.communicate(timeout=PATIENCE_S)
            except subprocess.TimeoutExpired:
                # The browser is a child of a child.
                os.killpg(process.pid, signal.SIGKILL)
                said, _ = process.communicate()
        sys.stdout.write(said)
        assert process.returncode == 0, said[-8_000:]


@asynccontextmanager
async def opened(deployments: Deployments, home: Path) -> AsyncIterator[Console]:
    """One chain with its exchange, a maker's asks in the book, a provider that owes compute."""
    deployed = await deployments.chain(PRIMARY)
    deployments.copy_keys(home)
    async with AsyncExitStack() as stack:
        place = await open_place(stack, deployed, deployments.signers["governor"])
        gateway, api = GatewayProcess(home), ApiProcess(home)
        network = _described(home, place, gateway, api)
        stack.enter_context(gateway)
        operator = await stack.enter_async_context(gateway.operator())
        await ensure_listed(operator, network)
        await _dollar_is_priced(place, home)
        await _contracts_listed(operator, network)
        await _provider_owes(place, Signer.load(home, "provider"))
        for name in ("indexer", "provider"):
            _start(stack, home, name)
        api.start()
        stack.callback(lambda: api.end(signal.SIGTERM))
        living = asyncio.create_task(_live(place, operator, home))
        try:
            await _stock_the_book(place, api)
            yield Console(api.url, home / "api.log")
        finally:
            living.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await living


def _described(home: Path, place: Place, gateway: GatewayProcess, api: ApiProcess) -> Network:
    contracts = place.config.contracts
    base, quote = ((PRIMARY, contracts[name]) for name in (BASE, DOLLAR))
    market = MarketConfig(
        symbol=symbol(PRIMARY),
        base=base,
        quote=quote,
        lot=LOT,
        tick=TICK,
        maker_fee_ppm=MAKER_FEE_PPM,
        taker_fee_ppm=TAKER_FEE_PPM,
        max_lots=MAX_LOTS,
    )
    (on_sstb,) = underlyings({PRIMARY: place.config})
    network = Network(
        chains=(place.config,),
        markets=(market,),
        underlyings=(on_sstb.model_copy(update={"books": ()}),),
        gateway=gateway.address,
        api_url=api.url,
        verifier_urls=(),
        provider_url=f"http://127.0.0.1:{free_port()}",
        database_url=f"sqlite:///{home.resolve() / 'index.sqlite'}",
    )
    (home / "network.json").write_text(network.model_dump_json())
    return network


def _start(stack: AsyncExitStack, home: Path, name: str) -> None:
    command = [sys.executable, "-m", "stab3l", name, "serve", "--home", str(home)]
    with (home / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, stdout=log, stderr=log)
    stack.callback(_end, process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(30)


async def _dollar_is_priced(place: Place, home: Path) -> None:
    for index in range(REPORTERS):
        reporter = Sender(place.chain, Signer.load(home, f"reporter-{index}"), QUICK)
        await reporter.transact(contract(place.config, "Oracle"), "report", DOLLAR_FEED, 10**18)


class AtPar:
    """The index of sSTB, of which this chain's oracle has no feed."""

    async def ticks(self, config: UnderlyingConfig) -> int:
        return PAR_TICKS


async def _contracts_listed(operator: GatewayClient, network: Network) -> None:
    """A future and options on sSTB, priced."""
    marks = MarkKeeper(operator, AtPar(), network, MarkPolicy(heartbeat_s=3_600, deviation_bps=1), SystemClock())
    await marks.list_due()
    await marks.round()


async def _provider_owes(place: Place, provider: Signer) -> None:
    """A registered provider with collateral and an obligation; the agent's hand is borrowed instead of a benchmark."""
    sender = Sender(place.chain, provider, QUICK)
    manager = place.token("CollateralManager")
    await sender.transact(place.token("ComputeUnitVerifier"), "register", COMMITTEE, STAKE_PERIOD_S)
    await sender.transact(place.token(DOLLAR), "faucet", provider.address, DOLLARS)
    await sender.transact(place.token(DOLLAR), "approve", manager.address, DOLLARS)
    await sender.transact(manager, "deposit", DOLLARS)
    place.as_the_agent(manager, "addObligation", provider.address, OBLIGATION)


class PaysNoDollars(ChainSettler):
    """A keeper that leaves withdrawals of dollars to their owners."""

    async def _pay(self, index: int, proven: Proven) -> None:
        dollar = bytes.fromhex(self._config.contracts[DOLLAR][2:])
        await super()._pay(index, [one for one in proven if one[0].token != dollar])


async def _live(place: Place, operator: GatewayClient, home: Path) -> None:
    """Blocks, and the keepers' own rounds, until it is cancelled."""
    depositing = DepositKeeper(place.chain, place.config, operator)
    sealer = Sealer(operator)
    sequencer = Sender(place.chain, Signer.load(home, "sequencer"), QUICK)
    settling = PaysNoDollars(place.chain, place.config, operator, sequencer)
    while True:
        place.mine(1)
        for keeper in (depositing, sealer, settling):
            with contextlib.suppress(Unavailable):
                await keeper.round()
        await asyncio.sleep(BLOCK_PAUSE_S)


async def _stock_the_book(place: Place, api: ApiProcess) -> None:
    """A maker deposits sSTB and offers it."""
    await place.deposit(ALICE, BASE, SUPPLY)
    maker = Signer(ALICE)
    async with AsyncClient(api.url, retries=RetryPolicy(60)) as client:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if (await client.account(maker.address)).account is not None:
                    break
                await asyncio.sleep(BLOCK_PAUSE_S)
        market = listed_market(await client.markets(), symbol(PRIMARY))
        for number, (price, quantity) in enumerate(ASKS, 1):
            terms = {"side": "sell", "price": price, "quantity": quantity, "client_id": number}
            await client.send(calls.place(signed_order(maker, market, now=SystemClock().now(), **terms)))
