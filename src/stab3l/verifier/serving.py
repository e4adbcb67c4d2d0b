"""A committee member as a process."""

from __future__ import annotations

from pathlib import Path

import anyio
import httpx
import structlog

from stab3l.chain.rpc import RpcChain
from stab3l.chain.signer import Signer
from stab3l.config import load_network
from stab3l.errors import NotFound
from stab3l.http.server import listening_address, serve_application, until_told_to_stop
from stab3l.verifier.app import application
from stab3l.verifier.enrolling import Enrolling
from stab3l.verifier.judging import Judge
from stab3l.verifier.member import Member
from stab3l.verifier.memory import Memory

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT_S = 5


async def serve(home: Path, index: int) -> None:
    """Runs member ``index`` of the committee until SIGTERM.

    Raises:
        NotFound: the network, its contracts, the member's key or its address are not there.
        AddressInvalid: its URL in the network is no address to listen on.
        Corrupt: the member's memory cannot be read.
    """
    network = load_network(home)
    if not 0 <= index < len(network.verifier_urls):
        raise NotFound(f"the network has no verifier {index}", index=index)
    listening_address(network.verifier_urls[index])
    signer = Signer.load(home, f"verifier-{index}")
    memory = Memory.open(home / "verifier" / str(index))
    client = httpx.AsyncClient(timeout=CONNECT_TIMEOUT_S, follow_redirects=False, trust_env=False)
    async with RpcChain(network.primary) as chain, client, anyio.create_task_group() as tasks:
        member = Member(chain, network.primary, signer, memory, client)
        court = Judge(chain, network.primary, signer, Memory.open(home / "verifier" / str(index) / "verdicts"), client)
        face = application(member, Enrolling(chain, network.primary, signer), court)
        tasks.start_soon(serve_application, face, network.verifier_urls[index])
        log.info("verifier_serving", index=index, signer=signer.address, url=network.verifier_urls[index])
        await until_told_to_stop()
        tasks.cancel_scope.cancel()
