"""A real local chain and keys for the chain port's tests."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))

from chain_anvil import RICH_KEY, Anvil, deploy

from stab3l.chain.contracts import Contract
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender, SendPolicy
from stab3l.chain.signer import Signer

QUICK = SendPolicy(receipt_timeout_s=20, doubt_s=0.3, poll_s_max=0.1)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def anvil() -> Iterator[Anvil]:
    with Anvil() as node:
        yield node


@pytest.fixture
async def chain(anvil: Anvil) -> AsyncIterator[RpcChain]:
    async with RpcChain(anvil.config(), retry_s=1) as chain:
        yield chain


@pytest.fixture
def sender(chain: RpcChain) -> Sender:
    return Sender(chain, Signer(RICH_KEY), QUICK)


@pytest.fixture
async def manager(sender: Sender) -> Contract:
    """A contract with custom errors, events with strings, and rules that can be broken on purpose."""
    return await deploy(sender, "AccessManager", [sender.signer.address])
