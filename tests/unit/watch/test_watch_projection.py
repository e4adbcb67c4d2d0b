"""Every event that the read model understands, with what it must leave behind."""

from __future__ import annotations

from typing import Any

import pytest
from watched_chain import (
    BUYER,
    PROVIDER,
    Entry,
    WatchedChain,
    challenge,
    committed,
    deposit,
    minted,
    proven,
    registered,
    requested,
)

from stab3l.chain.contracts import interface
from stab3l.store.database import Database
from stab3l.watch import queries
from stab3l.watch.projection import _HANDLERS

pytestmark = pytest.mark.anyio

GRACE = 1_800_000_000


def collateral(event: str, **args: Any) -> Entry:
    return "CollateralManager", event, {"provider": PROVIDER, **args}


def redemption(event: str, redemption_id: int, **args: Any) -> Entry:
    return "Redemption", event, {"id": redemption_id, **args}


async def provider_after(database: Database, watched: WatchedChain, *entries: Entry) -> Any:
    watched.mine(*entries)
    await watched.follow(database)
    return await queries.provider(database, PROVIDER)


@pytest.mark.parametrize(("contract", "event"), sorted(_HANDLERS))
def test_each_event_that_is_understood_is_one_that_its_contract_makes(contract: str, event: str) -> None:
    assert event in {e.name for e in interface(contract).events.values()}


async def test_collateral_follows_deposits_withdrawals_and_seizures(database: Database, watched: WatchedChain) -> None:
    await provider_after(database, watched, collateral("CollateralDeposited", amount=100, collateral=100))
    found = await provider_after(database, watched, collateral("CollateralWithdrawn", amount=30, collateral=70))
    assert (found.collateral, found.method) == (70, 0)
    found = await provider_after(database, watched, registered(), collateral("CollateralSeized", to=BUYER, amount=20))
    assert (found.collateral, found.method, found.stake_period_s) == (50, 3, 604_800)


async def test_a_liquidation_is_followed_into_and_out_of_grace(database: Database, watched: WatchedChain) -> None:
    found = await provider_after(database, watched, collateral("LiquidationStarted", graceUntil=GRACE))
    assert (found.liquidation, found.grace_until) == ("grace", GRACE)
    found = await provider_after(database, watched, collateral("LiquidationCured"))
    assert (found.liquidation, found.grace_until) == ("none", 0)
    started = collateral("LiquidationStarted", graceUntil=GRACE)
    ended = collateral("Liquidated", collateral=5, outstanding=9)
    assert (await provider_after(database, watched, started, ended)).liquidation == "liquidated"


async def test_stakes_and_rewards_are_counted_per_provider(database: Database, watched: WatchedChain) -> None:
    claims = (challenge(1), committed(1), proven(1, 50), challenge(2), committed(2), proven(2, 70))
    watched.mine(*claims)
    watched.mine(*minted(1, 50), *minted(2, 70))
    unstaked = ("ProviderStaking", "Unstaked", {"stakeId": 1, "provider": PROVIDER, "amount": 50})
    rewarded = ("RewardsDistributor", "RewardClaimed", {"provider": PROVIDER, "amount": 4})
    found = await provider_after(database, watched, unstaked, rewarded, rewarded)
    assert (found.staked, found.rewards_claimed) == (70, 8)
    stakes = await queries.stakes(database, PROVIDER)
    assert [(s.stake_id, s.amount, s.unstaked) for s in stakes] == [(2, 70, False), (1, 50, True)]
    assert [m.amount for m in await queries.mints(database)] == [70, 50]


async def test_a_claim_keeps_what_its_challenge_and_its_root_said(database: Database, watched: WatchedChain) -> None:
    watched.mine(challenge(7), committed(7), proven(7, 50))
    await watched.follow(database)
    [claim] = await queries.claims(database, provider=PROVIDER)
    assert (claim.claim_id, claim.state, claim.rows, claim.deadline_block) == (7, "proven", 512, 15)
    assert (claim.root, claim.operations_per_second, claim.cu_value) == (b"\x0b" * 32, 10**12, 50)


async def test_redemptions_end_settled_or_compensated(database: Database, watched: WatchedChain) -> None:
    watched.mine(requested(1, 10), requested(2, 20), requested(3, 30))
    result = {"provider": PROVIDER, "resultHash": b"\x0d" * 32, "workDone": 77, "resultUri": "file:result"}
    watched.mine(redemption("Delivered", 1, **result), redemption("Delivered", 2, **result))
    watched.mine(redemption("Settled", 1, collateralReleasable=4), redemption("Disputed", 2, buyer=BUYER))
    watched.mine(redemption("Compensated", 3, buyer=BUYER, collateralPaid=12))
    await watched.follow(database)
    found = {r.redemption_id: r for r in await queries.redemptions(database)}
    assert {k: r.state for k, r in found.items()} == {1: "settled", 2: "disputed", 3: "compensated"}
    assert (found[1].result_hash, found[1].work_done, found[1].result_uri) == (b"\x0d" * 32, 77, "file:result")
    assert (found[3].collateral_paid, found[3].amount, found[3].buyer) == (12, 30, BUYER)


async def test_a_zero_character_in_a_strangers_text_stops_nobody(database: Database, watched: WatchedChain) -> None:
    result = {"provider": PROVIDER, "resultHash": b"\x0d" * 32, "workDone": 77, "resultUri": "file:\0result"}
    watched.mine(requested(1, 10), redemption("Delivered", 1, **result))
    await watched.follow(database)
    [found] = await queries.redemptions(database)
    assert found.result_uri == "file:\ufffdresult"


async def test_an_event_that_changes_no_row_is_still_in_the_log(database: Database, watched: WatchedChain) -> None:
    watched.mine(deposit(1), ("Redemption", "Retired", {"provider": PROVIDER, "amount": 2**200}))
    await watched.follow(database)
    [retired, _] = await queries.chain_events(database)
    assert retired.args == {"provider": PROVIDER, "amount": str(2**200)}
