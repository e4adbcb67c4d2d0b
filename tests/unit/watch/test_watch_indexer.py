"""The indexer on a fake chain: reorganisations of every shape end in the tables of an undisturbed run."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import anyio
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from watched_chain import (
    BUYER,
    PROVIDER,
    Entry,
    WatchedChain,
    batch,
    challenge,
    committed,
    content,
    deposit,
    minted,
    payment,
    proven,
    registered,
    requested,
    transfer,
)

from stab3l.errors import Corrupt, Unavailable
from stab3l.store.database import Database, open_database
from stab3l.store.tables import blocks, chain_events
from stab3l.watch import queries
from stab3l.watch.indexer import IndexerPolicy

pytestmark = pytest.mark.anyio


async def undisturbed(watched: WatchedChain, folder: Path, policy: IndexerPolicy | None = None) -> dict[str, object]:
    """The tables of an indexer that only ever saw the chain as it is now."""
    async with await open_database(f"sqlite:///{folder / 'undisturbed.db'}") as database:
        await watched.follow(database, policy)
        return dict(await content(database))


async def test_a_deposit_is_pending_until_it_is_deep_enough(database: Database, watched: WatchedChain) -> None:
    watched.mine(deposit(1))
    states = []
    for _ in range(4):
        await watched.follow(database)
        [found] = await queries.deposits(database, BUYER)
        states.append((found.depth, found.state))
        watched.mine()
    assert states == [(1, "pending"), (2, "pending"), (3, "confirmed"), (4, "confirmed")]


async def test_a_pending_deposit_is_taken_back_with_its_block(
    database: Database, watched: WatchedChain, tmp_path: Path
) -> None:
    watched.mine(deposit(1))
    kept = watched.mine()
    watched.mine(deposit(2), transfer("sSTBToken", 7, recipient=PROVIDER))
    await watched.follow(database)
    watched.fake.cut(kept.number)
    watched.mine_empty(3)
    await watched.follow(database)
    assert [d.ordinal for d in await queries.deposits(database)] == [1]
    assert await queries.supply(database) == []
    assert await content(database) == await undisturbed(watched, tmp_path)


async def test_a_deposit_that_is_mined_again_on_the_other_branch_appears_once(
    database: Database, watched: WatchedChain, tmp_path: Path
) -> None:
    watched.mine()
    watched.mine(deposit(1, amount=9))
    await watched.follow(database)
    watched.fake.cut(1)
    watched.mine_empty(2)
    again = watched.mine(deposit(1, amount=9))
    await watched.follow(database)
    [found] = await queries.deposits(database)
    assert (found.ordinal, found.amount, found.block_number) == (1, 9, again.number)
    assert await content(database) == await undisturbed(watched, tmp_path)


async def test_a_chain_that_is_shorter_than_the_cursor_is_followed_back(
    database: Database, watched: WatchedChain, tmp_path: Path
) -> None:
    for ordinal in range(1, 6):
        watched.mine(deposit(ordinal))
    await watched.follow(database)
    watched.fake.cut(2)
    await watched.follow(database)
    assert [d.ordinal for d in await queries.deposits(database)] == [2, 1]
    assert await content(database) == await undisturbed(watched, tmp_path)


async def test_a_chain_that_starts_from_nothing_takes_everything_back(
    database: Database, watched: WatchedChain, tmp_path: Path
) -> None:
    watched.mine(deposit(1))
    await watched.follow(database)
    fresh = WatchedChain()
    fresh.fake.cut(-1)
    fresh.fake._blocks.append(await watched.fake.block(1))  # a genesis that shares nothing
    fresh.fake._blocks[0] = fresh.fake._blocks[0].__class__(0, b"\x99" * 32, bytes(32), 1)
    await fresh.follow(database)
    assert await queries.deposits(database) == []
    assert [h.hash for h in await queries.chain_heads(database)] == [b"\x99" * 32]
    assert await content(database) == await undisturbed(fresh, tmp_path)


async def test_states_of_claims_and_providers_go_back_with_their_blocks(
    database: Database, watched: WatchedChain, tmp_path: Path
) -> None:
    collateral = {"provider": PROVIDER, "amount": 9, "collateral": 9}
    watched.mine(registered(), ("CollateralManager", "CollateralDeposited", collateral))
    watched.mine(challenge(1))
    watched.mine(committed(1), proven(1, 500))
    watched.mine(*minted(1, 500))
    await watched.follow(database)
    assert [(c.state, c.cu_value) for c in await queries.claims(database)] == [("minted", 500)]
    assert [(s.token, s.total) for s in await queries.supply(database)] == [("CUToken", 0), ("sSTBToken", 500)]
    [provider] = await queries.providers(database)
    assert (provider.staked, provider.outstanding, provider.collateral) == (500, 500, 9)

    watched.fake.cut(2)
    await watched.follow(database)
    assert [(c.state, c.cu_value) for c in await queries.claims(database)] == [("open", 0)]
    [provider] = await queries.providers(database)
    assert (provider.staked, provider.outstanding, provider.collateral) == (0, 0, 9)
    assert await queries.mints(database) == []
    assert await content(database) == await undisturbed(watched, tmp_path)


HISTORY: tuple[tuple[Entry, ...], ...] = (
    (registered(), challenge(1)),
    (committed(1), proven(1, 500)),
    minted(1, 500),
    (deposit(1), deposit(2)),
    (requested(1, 20), transfer("sSTBToken", 20, sender=BUYER)),
    (),
    (batch(0, 1), payment(0)),
    (
        (
            "Redemption",
            "Delivered",
            {"id": 1, "provider": PROVIDER, "resultHash": b"\x0d" * 32, "workDone": 77, "resultUri": "file:result"},
        ),
        ("Redemption", "Settled", {"id": 1, "collateralReleasable": 4}),
    ),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moves=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5), st.booleans()), min_size=1, max_size=6),
    recent=st.sampled_from([3, 256]),
    span=st.sampled_from([1, 4, 1000]),
)
def test_any_sequence_of_reorganisations_ends_as_if_there_had_been_none(
    moves: list[tuple[int, int, bool]], recent: int, span: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each move mines some history, cuts some of it off, and may have the indexer look in between."""
    policy = IndexerPolicy(range_blocks=span, recent_blocks=recent)

    async def run(folder: Path) -> None:
        watched = WatchedChain()
        async with await open_database(f"sqlite:///{folder / 'moved.db'}") as database:
            await watched.follow(database, policy)
            for mined, cut, looks in moves:
                for _ in range(mined):
                    number = (await watched.fake.head()).number
                    watched.mine(*(HISTORY[number] if number < len(HISTORY) else ()))
                if looks:
                    await watched.follow(database, policy)
                watched.fake.cut(max(0, (await watched.fake.head()).number - cut))
            watched.mine()
            await watched.follow(database, policy)
            moved, straight = await content(database), await undisturbed(watched, folder, policy)
            # Which old empty blocks are still remembered depends on when one looked; what they brought does not.
            del moved["blocks"], straight["blocks"]
            assert moved == straight

    asyncio.run(run(tmp_path_factory.mktemp("reorganisations")))


async def test_a_chain_that_moves_while_it_is_read_is_read_again(
    database: Database, watched: WatchedChain, tmp_path: Path
) -> None:
    for ordinal in range(1, 7):
        watched.mine(deposit(ordinal))
    dice = random.Random(7)
    disturbances = 0

    def disturb(what: str) -> None:
        nonlocal disturbances
        if what == "logs" and disturbances < 5:
            disturbances += 1
            watched.fake.cut(dice.randrange(0, 4))
            watched.mine_empty(dice.randrange(1, 6))

    watched.fake.before_read = disturb
    indexer = watched.indexer(database, IndexerPolicy(range_blocks=2, poll_s=0.01, backoff_s_max=0.02))
    with anyio.move_on_after(1.5):
        await indexer.run()
    watched.fake.before_read = lambda _: None
    await watched.follow(database)
    assert disturbances == 5
    assert await content(database) == await undisturbed(watched, tmp_path)


async def test_a_chain_that_is_away_is_waited_for(database: Database, watched: WatchedChain) -> None:
    watched.mine(deposit(1))
    watched.fake.away = True
    with pytest.raises(Unavailable):
        await watched.follow(database)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watched.indexer(database, IndexerPolicy(poll_s=0.01)).run)
        await anyio.sleep(0.1)
        watched.fake.away = False
        for _ in range(500):
            if await queries.deposits(database):
                break
            await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()
    assert [d.ordinal for d in await queries.deposits(database)] == [1]


async def test_two_indexers_of_one_database_write_everything_once(
    database: Database, watched: WatchedChain, tmp_path: Path
) -> None:
    for ordinal in range(1, 20):
        watched.mine(deposit(ordinal))
    policy = IndexerPolicy(range_blocks=2)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watched.follow, database, policy)
        tasks.start_soon(watched.follow, database, policy)
    assert await content(database) == await undisturbed(watched, tmp_path)


async def test_old_blocks_without_logs_are_not_kept_for_ever(database: Database, watched: WatchedChain) -> None:
    policy = IndexerPolicy(range_blocks=4, recent_blocks=8)
    watched.mine(deposit(1))
    for _ in range(20):
        watched.mine_empty(3)
        await watched.follow(database, policy)
    async with database.read() as connection:
        kept = (await connection.scalars(sa.select(blocks.c.number).order_by(blocks.c.number))).all()
    assert kept[0] == 1
    assert kept[1] >= 61 - 8 - 4
    assert kept[-1] == 61


async def test_plain_transfers_and_approvals_do_not_fill_the_log(database: Database, watched: WatchedChain) -> None:
    watched.mine(transfer("sSTBToken", 5, sender=BUYER, recipient=PROVIDER))
    watched.mine(("sSTBToken", "Approval", {"owner": BUYER, "spender": PROVIDER, "value": 5}))
    await watched.follow(database)
    async with database.read() as connection:
        assert (await connection.execute(sa.select(chain_events))).all() == []


async def test_a_log_about_something_that_never_was_is_called_corrupt(
    database: Database, watched: WatchedChain
) -> None:
    watched.mine(proven(9, 1))
    with pytest.raises(Corrupt, match="unknown claims"):
        await watched.follow(database)
    assert (await queries.chain_heads(database))[0].number is None
