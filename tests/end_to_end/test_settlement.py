"""Deposit, credit, trade, seal, settle, withdraw: on real chains, with the keepers' own code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from custody_market import (
    ALICE,
    BOB,
    CONFIRMATIONS,
    QUICK,
    Chains,
    CustodyMarket,
    expiry,
    open_chains,
    open_market,
)
from deployed_chain import BASE, DOLLAR, OTHER, PRIMARY, Deployments

from stab3l.chain.errors import NotLocal
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.engine.wire import Place, Sealed, Side, Trade
from stab3l.exchange.errors import ListingConflict
from stab3l.exchange.listing import ensure_listed
from stab3l.feeds.fixed import FixedFeed
from stab3l.keepers.deposits import DepositKeeper
from stab3l.keepers.errors import HistoriesDisagree, SettlementDiverged
from stab3l.keepers.oracle import Policy, Reporter, feed_of
from stab3l.keepers.settlement import ChainSettler, Sealer
from stab3l.units import WAD

pytestmark = [pytest.mark.anyio, pytest.mark.chain, pytest.mark.usefixtures("one_event_loop")]

RECIPIENT = b"\x77" * 20
RECIPIENT_ADDRESS = "0x" + RECIPIENT.hex()


@pytest.fixture(scope="module")
async def chains(deployments: Deployments) -> AsyncIterator[Chains]:
    async with open_chains(deployments) as chains:
        yield chains


@pytest.fixture
async def market(chains: Chains, tmp_path: Path) -> AsyncIterator[CustodyMarket]:
    async with open_market(chains, tmp_path / "home") as market:
        yield market


def depositing(market: CustodyMarket, chain_id: int = PRIMARY, *, dry_run: bool = False) -> DepositKeeper:
    place = market.places[chain_id]
    return DepositKeeper(place.chain, place.config, market.operator, dry_run=dry_run)


def settling(market: CustodyMarket, chain_id: int = PRIMARY, *, dry_run: bool = False) -> ChainSettler:
    place = market.places[chain_id]
    sender = Sender(place.chain, Signer.load(market.home, "sequencer"), QUICK)
    return ChainSettler(place.chain, place.config, market.operator, sender, dry_run=dry_run)


async def funded(market: CustodyMarket) -> None:
    """Alice has base, Bob dollars, both credited."""
    await market.primary.deposit(ALICE, BASE, 10_000)
    await market.primary.deposit(BOB, DOLLAR, 50_000)
    market.primary.mine(CONFIRMATIONS)
    await depositing(market).round()


async def test_the_main_job_deposit_trade_settle_withdraw(market: CustodyMarket) -> None:
    await funded(market)
    base, dollar = market.asset(BASE), market.asset(DOLLAR)
    assert (await market.available(ALICE, base), await market.available(BOB, dollar)) == (10_000, 50_000)
    alice, bob = await market.account(ALICE), await market.account(BOB)
    assert alice is not None
    assert bob is not None
    events = await market.send(
        Place(alice, 0, market.client_id(), expiry(), 200, 10, Side.SELL),
        Place(bob, 0, market.client_id(), expiry(), 200, 10, Side.BUY),
    )
    assert [event.lots for event in events if isinstance(event, Trade)] == [10]
    await market.withdraw(BOB, base, 900, RECIPIENT)
    await market.other.deposit(BOB, DOLLAR, 7)
    market.other.mine(CONFIRMATIONS)
    await depositing(market, OTHER).round()
    await Sealer(market.operator).round()
    for chain_id in (PRIMARY, OTHER):
        await settling(market, chain_id).round()
        batch = await market.places[chain_id].read("lastBatch")
        sealed = await market.operator.sealed()
        assert isinstance(sealed, Sealed)
        assert (batch.index, batch.lastInput, batch.block_) == (1, sealed.last_input, 1)
        assert await market.places[chain_id].read("stateRootOf", 1) == sealed.state_root
    assert await market.primary.balance(BASE, RECIPIENT_ADDRESS) == 900
    assert [event["id"] for event in await market.primary.events("Withdrawn")] == [0]
    totals = await market.primary.read("totalsOf", market.primary.config.contracts[BASE])
    assert (totals.deposited, totals.credited, totals.withdrawn, totals.paidOut) == (10_000, 10_000, 900, 900)


async def test_an_idle_exchange_is_not_sealed_and_a_settled_block_not_posted_twice(market: CustodyMarket) -> None:
    await funded(market)
    sealer = Sealer(market.operator)
    for _ in range(3):
        await sealer.round()
        await settling(market).round()
    assert (await market.operator.status()).block == 1
    assert len(await market.primary.events("BatchSettled")) == 1


async def test_a_chain_that_missed_blocks_catches_up_with_one_batch(market: CustodyMarket) -> None:
    await funded(market)
    sealer = Sealer(market.operator)
    for amount in (1, 2, 3):
        await market.withdraw(ALICE, market.asset(BASE), amount, RECIPIENT)
        await sealer.round()
    await settling(market).round()
    (batch,) = await market.primary.events("BatchSettled")
    assert (batch["firstInput"], batch["block_"]) == (1, 3)
    assert await market.primary.balance(BASE, RECIPIENT_ADDRESS) == 6


async def test_a_withdrawal_beyond_the_cap_delays_only_itself(market: CustodyMarket) -> None:
    await funded(market)
    base = market.primary.config.contracts[BASE]
    await market.primary.govern("setEpochCap", base, 100)
    await market.withdraw(ALICE, market.asset(BASE), 101, RECIPIENT)
    await market.withdraw(ALICE, market.asset(BASE), 100, RECIPIENT)
    await market.withdraw(BOB, market.asset(DOLLAR), 5, RECIPIENT)
    await Sealer(market.operator).round()
    settler = settling(market)
    await settler.round()
    assert sorted(event["id"] for event in await market.primary.events("Withdrawn")) == [1, 2]
    await market.primary.govern("setEpochCap", base, 201)
    await settling(market).round()
    assert await market.primary.balance(BASE, RECIPIENT_ADDRESS) == 201


async def test_a_withdrawal_of_another_chain_is_not_paid_here(market: CustodyMarket) -> None:
    await market.other.deposit(ALICE, DOLLAR, 50)
    market.other.mine(CONFIRMATIONS)
    await depositing(market, OTHER).round()
    await market.withdraw(ALICE, market.asset(DOLLAR, OTHER), 50, RECIPIENT)
    await Sealer(market.operator).round()
    await settling(market, PRIMARY).round()
    assert await market.primary.events("Withdrawn") == []
    await settling(market, OTHER).round()
    assert await market.other.balance(DOLLAR, RECIPIENT_ADDRESS) == 50


async def test_a_deposit_is_credited_at_its_confirmation_depth_and_once(market: CustodyMarket) -> None:
    await market.primary.deposit(ALICE, BASE, 5)
    market.primary.mine(CONFIRMATIONS - 2)
    await depositing(market).round()
    assert await market.account(ALICE) is None
    market.primary.mine(1)
    for _ in range(2):
        await depositing(market).round()
    assert await market.available(ALICE, market.asset(BASE)) == 5
    assert (await market.operator.chain_deposits(PRIMARY)).count == 1


async def test_many_deposits_are_credited_in_order(market: CustodyMarket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stab3l.keepers.deposits.LOG_WINDOW_BLOCKS", 3)
    monkeypatch.setattr("stab3l.keepers.deposits.DEPOSITS_PER_BATCH", 2)
    for amount in range(1, 6):
        await market.primary.deposit(ALICE, BASE, amount)
    market.primary.mine(CONFIRMATIONS)
    await depositing(market).round()
    credited = await market.operator.chain_deposits(PRIMARY)
    assert (credited.count, credited.deposit_hash) == (5, await market.primary.read("depositHashAt", 5))
    assert await market.available(ALICE, market.asset(BASE)) == 15


async def test_a_reorganisation_above_the_confirmation_depth_credits_nothing_of_it(market: CustodyMarket) -> None:
    before = market.primary.anvil.ask("evm_snapshot")
    await market.primary.deposit(ALICE, BASE, 5)
    await depositing(market).round()
    assert market.primary.anvil.ask("evm_revert", before)
    market.primary.mine(CONFIRMATIONS)
    await depositing(market).round()
    assert await market.account(ALICE) is None
    await market.primary.deposit(BOB, BASE, 6)
    market.primary.mine(CONFIRMATIONS)
    await depositing(market).round()
    assert (await market.account(ALICE), await market.available(BOB, market.asset(BASE))) == (None, 6)


async def test_a_deeper_reorganisation_halts_crediting_instead_of_guessing(market: CustodyMarket) -> None:
    before = market.primary.anvil.ask("evm_snapshot")
    await market.primary.deposit(ALICE, BASE, 5)
    market.primary.mine(CONFIRMATIONS)
    await depositing(market).round()
    assert market.primary.anvil.ask("evm_revert", before)
    market.primary.mine(2 * CONFIRMATIONS)
    with pytest.raises(HistoriesDisagree):
        await depositing(market).round()
    for _ in range(2):
        await market.primary.deposit(BOB, BASE, 6)
    market.primary.mine(CONFIRMATIONS)
    with pytest.raises(HistoriesDisagree) as halted:
        await depositing(market).round()
    assert halted.value.values["ordinal"] == 1
    assert await market.account(BOB) is None


async def test_a_settlement_that_a_reorganisation_undid_is_made_again(market: CustodyMarket) -> None:
    await funded(market)
    await market.withdraw(ALICE, market.asset(BASE), 8, RECIPIENT)
    await Sealer(market.operator).round()
    before = market.primary.anvil.ask("evm_snapshot")
    settler = settling(market)
    await settler.round()
    assert await market.primary.balance(BASE, RECIPIENT_ADDRESS) == 8
    assert market.primary.anvil.ask("evm_revert", before)
    assert await market.primary.balance(BASE, RECIPIENT_ADDRESS) == 0
    await settler.round()
    assert await market.primary.balance(BASE, RECIPIENT_ADDRESS) == 8


async def test_a_chain_that_knows_another_history_is_left_alone(market: CustodyMarket) -> None:
    await funded(market)
    await Sealer(market.operator).round()
    await settling(market).round()
    market.gateway.kill()
    journal = market.home / "exchange" / "journal"
    journal.rename(journal.with_name("lost"))
    market.gateway.start()
    async with market.gateway.operator() as operator:
        market.operator = operator
        with pytest.raises(SettlementDiverged, match="journal lost"):
            await settling(market).round()


async def test_a_dry_run_does_nothing(market: CustodyMarket) -> None:
    await funded(market)
    await market.primary.deposit(ALICE, BASE, 5)
    market.primary.mine(CONFIRMATIONS)
    before = await market.operator.status()
    await depositing(market, dry_run=True).round()
    await Sealer(market.operator, dry_run=True).round()
    assert await market.operator.status() == before
    await Sealer(market.operator).round()
    await settling(market, dry_run=True).round()
    assert await market.primary.events("BatchSettled") == []


async def test_listing_again_changes_nothing_and_other_terms_are_refused(market: CustodyMarket) -> None:
    before = await market.operator.status()
    assert await ensure_listed(market.operator, market.network) == market.listing
    assert await market.operator.status() == before
    assert len(await market.operator.assets()) == 4
    (wanted,) = market.network.markets
    changed = market.network.model_copy(update={"markets": (wanted.model_copy(update={"lot": 1}),)})
    with pytest.raises(ListingConflict):
        await ensure_listed(market.operator, changed)


async def test_reporters_give_the_oracle_a_price_and_keep_it_fresh(market: CustodyMarket) -> None:
    place = market.primary
    feed = FixedFeed(place.chain)
    signers = [Signer.load(market.home, f"reporter-{at}") for at in range(2)]
    reporters = [
        Reporter(place.chain, place.config, Sender(place.chain, signer, QUICK), feed, Policy(60, 10))
        for signer in signers
    ]
    oracle, key = place.token("Oracle"), feed_of("USDC/USD")
    for reporter in reporters:
        await reporter.round()
    answer = await place.chain.call(oracle, "priceOf", key)
    assert answer.price == WAD
    height = (await place.chain.head()).number
    await reporters[0].round()
    assert (await place.chain.head()).number == height
    place.anvil.ask("evm_increaseTime", 61)
    place.mine(1)
    await reporters[0].round()
    assert (await place.chain.call(oracle, "priceOf", key)).updatedAt > answer.updatedAt


async def test_the_fixed_feed_refuses_a_chain_that_is_not_local(market: CustodyMarket) -> None:
    abroad = market.primary.config.model_copy(update={"rpc_url": "http://192.0.2.1:8545"})
    async with RpcChain(abroad, retry_s=1) as chain:
        with pytest.raises(NotLocal):
            await FixedFeed(chain).price("USDC/USD")
