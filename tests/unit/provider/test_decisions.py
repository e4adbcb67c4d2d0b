"""What the agent does next about a claim and about an order, and how much work it takes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stab3l.chain.port import BlockRef
from stab3l.compute.shape import Shape
from stab3l.provider import claims, deliveries
from stab3l.provider.claims import Claim, ClaimState
from stab3l.provider.deliveries import Order, OrderState, Work
from stab3l.provider.jobs import Result, Status
from stab3l.provider.pace import products_for, seconds_per_product
from stab3l.units import Operations, Wad

NOW = 1_000
CLAIM = Claim(
    claim_id=1,
    state=ClaimState.OPEN,
    shape=Shape(64, 64, 1),
    compute_class=0,
    seed_block=10,
    deadline_block=40,
    commit_block=0,
    root=b"",
    cu_value=0,
    mintable_until=NOW,
)
COMMITTED = replace(CLAIM, state=ClaimState.COMMITTED, commit_block=30)


def head(number: int, timestamp: int = NOW) -> BlockRef:
    return BlockRef(number, b"", b"", timestamp)


@pytest.mark.parametrize(
    ("number", "act"),
    [
        (9, claims.NextAct.WAIT),
        (10, claims.NextAct.WORK),
        (39, claims.NextAct.WORK),
        (40, claims.NextAct.WAIT),
        (41, claims.NextAct.OPEN),
    ],
)
def test_an_open_claim_is_worked_on_from_the_seed_block_until_no_block_is_left(
    number: int, act: claims.NextAct
) -> None:
    assert claims.next_act(CLAIM, head(number), has_outputs=False) == act


@pytest.mark.parametrize(
    ("number", "has_outputs", "act"),
    [
        (32, True, claims.NextAct.WAIT),
        (33, True, claims.NextAct.PROVE),
        (33, False, claims.NextAct.WAIT),
        (288, True, claims.NextAct.PROVE),
        (289, True, claims.NextAct.OPEN),
        (289, False, claims.NextAct.OPEN),
    ],
)
def test_a_committed_claim_is_proved_while_its_sample_block_can_be_read(
    number: int, has_outputs: bool, act: claims.NextAct
) -> None:
    assert claims.next_act(COMMITTED, head(number), has_outputs) == act


def test_a_proven_claim_is_minted_until_it_is_too_old() -> None:
    proven = replace(CLAIM, state=ClaimState.PROVEN)
    assert claims.next_act(proven, head(99, NOW), has_outputs=False) == claims.NextAct.MINT
    assert claims.next_act(proven, head(99, NOW + 1), has_outputs=False) == claims.NextAct.OPEN


def test_no_claim_means_open_one_and_a_minted_one_means_done() -> None:
    assert claims.next_act(replace(CLAIM, state=ClaimState.NONE), head(1), has_outputs=False) == claims.NextAct.OPEN
    assert claims.next_act(replace(CLAIM, state=ClaimState.CONSUMED), head(1), has_outputs=False) == claims.NextAct.DONE


ORDER = Order(5, OrderState.REQUESTED, Wad(10**18), deadline=NOW + 3_600, job_hash=b"")
RESULT = Result(Status.COMPLETED, Operations(1))
WORK = Work(1, ORDER.amount, ORDER.job_hash)


@pytest.mark.parametrize(
    "state", [OrderState.DELIVERED, OrderState.DISPUTED, OrderState.SETTLED, OrderState.COMPENSATED]
)
def test_an_order_that_no_longer_waits_is_never_delivered_again(state: OrderState) -> None:
    order = replace(ORDER, state=state)
    assert deliveries.next_act(order, replace(WORK, result=RESULT), NOW, has_job=True) == deliveries.NextAct.FORGET


def test_an_order_waits_for_its_job_then_runs_then_is_delivered() -> None:
    assert deliveries.next_act(ORDER, WORK, NOW, has_job=False) == deliveries.NextAct.WAIT_FOR_JOB
    assert deliveries.next_act(ORDER, WORK, NOW, has_job=True) == deliveries.NextAct.RUN
    assert deliveries.next_act(ORDER, replace(WORK, result=RESULT), NOW, has_job=True) == deliveries.NextAct.DELIVER


def test_a_result_is_delivered_up_to_the_deadline_but_nothing_is_begun_shortly_before() -> None:
    assert (
        deliveries.next_act(ORDER, replace(WORK, result=RESULT), ORDER.deadline, has_job=True)
        == deliveries.NextAct.DELIVER
    )
    assert (
        deliveries.next_act(ORDER, replace(WORK, result=RESULT), ORDER.deadline + 1, has_job=True)
        == deliveries.NextAct.FORGET
    )
    begin = ORDER.deadline - deliveries.DELIVERY_MARGIN_S
    assert deliveries.next_act(ORDER, WORK, begin, has_job=True) == deliveries.NextAct.FORGET
    assert deliveries.next_act(ORDER, WORK, begin - 1, has_job=True) == deliveries.NextAct.RUN
    assert deliveries.wall_limit_s(ORDER, begin - 1) == 1


def test_a_job_without_a_result_is_given_up_after_some_tries() -> None:
    tired = replace(WORK, tries=deliveries.TRIES_MAX)
    assert deliveries.next_act(ORDER, tired, NOW, has_job=True) == deliveries.NextAct.FORGET


def test_a_flood_of_small_orders_holds_up_neither_a_delivery_nor_a_large_order() -> None:
    flood = {number: replace(WORK, amount=Wad(1)) for number in range(100)}
    waiting = flood | {100: WORK, 101: replace(WORK, amount=Wad(2), result=RESULT)}
    assert [order_id for order_id, _ in deliveries.by_urgency(waiting)][:4] == [101, 100, 0, 1]


def test_work_fills_about_twelve_blocks_but_never_most_of_the_window() -> None:
    assert products_for(2.0, block_seconds=1, window_blocks=100) == 7
    assert products_for(2.0, block_seconds=1, window_blocks=10) == 3
    assert products_for(100.0, block_seconds=1, window_blocks=10) == 1


def test_the_trial_counts_the_first_rows_and_extends_them_to_the_whole_product() -> None:
    ticks = iter([0.0, 3.0, 5.0])
    # 3 s for B and the first 512 rows, 2 s for the next 1,024: 3 + 2,048 rows less 512 at 1/512 s each.
    assert seconds_per_product(Shape(2_048, 4, 1), lambda: next(ticks)) == 6.0
