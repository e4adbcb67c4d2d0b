"""When a provider proves again, and for which seed block."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from stab3l.compute.shape import Shape
from stab3l.compute.statement import seed_block_after
from stab3l.provider.pace import seconds_at_most
from stab3l.provider.reproving import Reason, Standing, reason_to_prove
from stab3l.provider.turn import ProvingAlready, proving_turn

NOW = 1_000
QUIET = Standing(credit_bps=9_000, summoned_epoch=0, answered_epoch=0, seed_block=0, answer_until=0)
SUMMONED = replace(QUIET, summoned_epoch=7, seed_block=240, answer_until=NOW + 900)


@pytest.mark.parametrize(
    ("standing", "head", "reason"),
    [
        (QUIET, 200, None),
        (replace(QUIET, credit_bps=4_999), 200, Reason("decay", None)),
        (SUMMONED, 200, Reason("summons", 240)),
        (replace(SUMMONED, answered_epoch=7), 200, None),
        (replace(SUMMONED, credit_bps=0), 200, Reason("summons", 240)),
        # Too late to be seeded by the summons: what is left is to prove again once the credit is gone.
        (SUMMONED, 240, None),
        (replace(SUMMONED, answer_until=NOW - 1), 200, None),
        (replace(SUMMONED, credit_bps=0, answer_until=NOW - 1), 260, Reason("decay", None)),
    ],
)
def test_a_summons_comes_before_decay(standing: Standing, head: int, reason: Reason | None) -> None:
    assert reason_to_prove(standing, head, NOW) == reason


@pytest.mark.parametrize(("block", "seed_block"), [(0, 8), (6, 8), (7, 16), (14, 16), (15, 24)])
def test_the_seed_block_is_the_first_multiple_after_the_delay(block: int, seed_block: int) -> None:
    assert seed_block_after(block, 2, 8) == seed_block


def test_a_rate_that_is_not_to_be_exceeded_makes_products_slower() -> None:
    one = Shape(64, 100, 1)
    assert seconds_at_most(one, 10**18, one.operations // 2) == 2
    assert seconds_at_most(one, 2 * 10**18, one.operations // 2) == 4
    assert seconds_at_most(one, 10**18, None) == 0


def test_one_process_at_a_time_proves(tmp_path: Path) -> None:
    async def two() -> None:
        async with proving_turn(tmp_path, patient=False):
            with pytest.raises(ProvingAlready):
                async with proving_turn(tmp_path, patient=False):
                    pass
            waiting = asyncio.create_task(_take_a_turn(tmp_path))
            await asyncio.sleep(0)
            assert not waiting.done()
        await asyncio.wait_for(waiting, 30)

    asyncio.run(two())


async def _take_a_turn(home: Path) -> None:
    async with proving_turn(home, patient=True):
        pass
