"""Batches on chain against a replay: equal, false, ahead, or out of reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from stab3l.audit.posted import posted_batches
from stab3l.audit.verification import Report
from stab3l.chain.contracts import contract
from stab3l.config import ChainConfig
from stab3l.engine.wire import Sealed
from stab3l.testing.chain import FakeChain

pytestmark = pytest.mark.anyio
CONFIG = ChainConfig(
    chain_id=412346,
    name="primary",
    rpc_url="http://127.0.0.1:1",
    confirmations=1,
    block_seconds=1,
    deploy_block=0,
    contracts={"Custody": f"0x{'c' * 40}"},
)
HASHES = (b"\1" * 32, b"\2" * 32, b"\3" * 32)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def report() -> Report:
    zero = bytes(32)
    sealed = Sealed(9, 4, 1, 9, HASHES[0], HASHES[1], HASHES[2], zero, 0, zero, 0, zero, 0, (), ())
    return Report(last_sequence=9, sealed={4: sealed})


def posted(**changes: Any) -> Mapping[str, Any]:
    honest = {"index": 1, "firstInput": 1, "lastInput": 9, "block_": 4}
    hashes = {"inputHash": HASHES[0], "outputHash": HASHES[1], "stateRoot": HASHES[2]}
    return honest | hashes | changes


def chain_with(*batches: Mapping[str, Any]) -> FakeChain:
    chain = FakeChain(CONFIG.chain_id)
    for batch in batches:
        chain.mine((contract(CONFIG, "Custody"), "BatchSettled", batch))
    return chain


async def test_an_honest_batch_is_compared_and_one_beyond_the_journal_is_counted(report: Report) -> None:
    chain = chain_with(posted(), posted(index=2, firstInput=10, lastInput=12, block_=5))
    found = await posted_batches(chain, CONFIG, report)
    assert (found.compared, found.ahead, found.divergence, found.unreachable) == (1, 1, None, None)


@pytest.mark.parametrize("field", ["stateRoot", "inputHash", "outputHash"])
async def test_a_false_hash_is_named_with_both_values(report: Report, field: str) -> None:
    found = (await posted_batches(chain_with(posted(**{field: b"\7" * 32})), CONFIG, report)).divergence
    assert found is not None
    assert (found.sequence, found.found) == (9, "0x" + "07" * 32)
    assert found.expected[2:4] in ("01", "02", "03")


@pytest.mark.parametrize("change", [{"lastInput": 8}, {"block_": 3}])
async def test_a_batch_of_other_inputs_or_of_no_block_is_named(report: Report, change: Mapping[str, int]) -> None:
    assert (await posted_batches(chain_with(posted(**change)), CONFIG, report)).divergence is not None


async def test_a_chain_that_does_not_answer_is_told_not_passed(report: Report) -> None:
    chain = chain_with(posted())
    chain.away = True
    found = await posted_batches(chain, CONFIG, report)
    assert found.unreachable is not None
    assert found.compared == 0
