"""The provider's agent as a process: its HTTP face, deliveries, re-verification and, where there are flows, a sink."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import anyio
import structlog

from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.clock import monotonic_s
from stab3l.config import Network, load_network
from stab3l.flow.capacity import spare_rate_down, value_of_rate_down
from stab3l.http.server import listening_address, serve_application, until_told_to_stop
from stab3l.provider.app import application
from stab3l.provider.deliveries import Deliveries
from stab3l.provider.job_process import run_job
from stab3l.provider.jobs import primes_job
from stab3l.provider.onboarding import ROLE
from stab3l.provider.reproving import Reproving
from stab3l.provider.sink import SinkAgent
from stab3l.units import Operations

log = structlog.get_logger(__name__)

TRIAL_PRIMES_BELOW: Final = 500_000
TRIAL_BUDGET: Final = Operations(10**10)
TRIAL_WALL_S: Final = 60


async def serve(home: Path, *, reprove: bool = True) -> None:
    """Runs until SIGTERM. ``reprove``: proves again by itself, when summoned or when its credit has decayed.

    Raises:
        NotFound: the network, its contracts or the provider's key are not there.
        AddressInvalid: the network's provider_url is no address to listen on.
    """
    network = load_network(home)
    listening_address(network.provider_url)
    signer = Signer.load(home, ROLE)
    async with RpcChain(network.primary) as chain, anyio.create_task_group() as tasks:
        sender = Sender(chain, signer)
        deliveries = Deliveries(home, network, chain, sender)
        face = application(home, signer.address, deliveries.wanted)
        tasks.start_soon(serve_application, face, network.provider_url)
        tasks.start_soon(deliveries.run)
        if reprove and "Reverification" in network.primary.contracts:
            tasks.start_soon(Reproving(home, network, chain, sender).run)
        if "CapacityRegistry" in network.primary.contracts:
            tasks.start_soon(be_a_sink, network, chain, sender, deliveries)
        log.info("provider_serving", provider=signer.address, url=network.provider_url)
        await until_told_to_stop()
        tasks.cancel_scope.cancel()


async def be_a_sink(network: Network, chain: RpcChain, sender: Sender, deliveries: Deliveries) -> None:
    """Signals what this machine can still do, measured by the jobs that it completed; the first is a small trial.

    Begins once the provider is registered as a sink.
    """

    def measure(horizon_s: int) -> int:
        spare = spare_rate_down(deliveries.meter.rate_down(), deliveries.queue(), horizon_s)
        return value_of_rate_down(spare)

    agent = SinkAgent(network, chain, sender, measure)
    await agent.registered()
    begun = monotonic_s()
    trial = await run_job(primes_job(TRIAL_PRIMES_BELOW), TRIAL_BUDGET, TRIAL_WALL_S)
    deliveries.meter.add(trial.fuel, int(1_000 * (monotonic_s() - begun)))
    await agent.run()
