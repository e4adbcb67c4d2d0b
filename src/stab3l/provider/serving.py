"""The provider's agent as a process: its HTTP face and its deliveries."""

from __future__ import annotations

from pathlib import Path

import anyio
import structlog

from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.config import load_network
from stab3l.http.server import listening_address, serve_application, until_told_to_stop
from stab3l.provider.app import application
from stab3l.provider.deliveries import Deliveries
from stab3l.provider.onboarding import ROLE

log = structlog.get_logger(__name__)


async def serve(home: Path) -> None:
    """Runs until SIGTERM.

    Raises:
        NotFound: the network, its contracts or the provider's key are not there.
        AddressInvalid: the network's provider_url is no address to listen on.
    """
    network = load_network(home)
    listening_address(network.provider_url)
    signer = Signer.load(home, ROLE)
    async with RpcChain(network.primary) as chain, anyio.create_task_group() as tasks:
        deliveries = Deliveries(home, network, chain, Sender(chain, signer))
        face = application(home, signer.address, deliveries.wanted)
        tasks.start_soon(serve_application, face, network.provider_url)
        tasks.start_soon(deliveries.run)
        log.info("provider_serving", provider=signer.address, url=network.provider_url)
        await until_told_to_stop()
        tasks.cancel_scope.cancel()
