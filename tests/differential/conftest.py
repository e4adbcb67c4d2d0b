"""One anvil for all differential tests, with the peg's libraries behind one address."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from call_batch import CallBatch
from chain_anvil import Anvil, deploy
from peg_bench import Bench

from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender, SendPolicy
from stab3l.chain.signer import Signer

CHAIN_ID = 31_337
KEY = b"\x51" * 32
QUICK = SendPolicy(receipt_timeout_s=20, poll_s_min=0.002, poll_s_max=0.05)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
async def bench(anyio_backend: str) -> AsyncIterator[Bench]:
    # Nobody asks about the past: a state kept for each of thousands of blocks would be what takes the time.
    anvil = Anvil(chain_id=CHAIN_ID, options=("--gas-limit", str(10**9), "--prune-history"))
    with anvil:
        async with RpcChain(anvil.config(), retry_s=2) as chain:
            sender = Sender(chain, Signer(KEY), QUICK)
            anvil.ask("anvil_setBalance", sender.signer.address, hex(10**24))
            batch = await CallBatch.open(anvil, chain, sender)
            made = Bench(anvil, chain, sender, batch, await deploy(sender, "PegRules"))
            yield made
            made.close()
