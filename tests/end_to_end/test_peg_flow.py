"""The complete operational flow of source 2, and its keepers, on two real chains deployed by the one deploy path."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from chain_anvil import ROOT, Anvil

from stab3l.chain import peg_board
from stab3l.chain.pools import read_pool, read_pools
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender, SendPolicy
from stab3l.chain.signer import Signer, create_password
from stab3l.config import Network
from stab3l.devnet.anvil import AnvilControl, LocalChain
from stab3l.devnet.deployment import Deployment
from stab3l.devnet.peg_flow import ARBITRAGEUR, BOUGHT, KEEPER, POOL, SOLD, TRADER, Flow, stock
from stab3l.devnet.steps import Steps
from stab3l.feeds.fixed import FixedFeed
from stab3l.keepers.arbitrage import CycleArbitrageur, balance, trade
from stab3l.keepers.oracle import PAIRS, Policy, Reporter
from stab3l.keepers.peg import MeshArbitrageur, PriceKeeper, StabiliserKeeper

pytestmark = [pytest.mark.anyio, pytest.mark.chain]

HOME, ABROAD = 138, 651940
CHEAP_KEYS = 2**4
REPORTERS = ("reporter-0", "reporter-1", "reporter-2")
ROLES = ("guardian", "governor", "sequencer", "arbiter", *REPORTERS, KEEPER, TRADER, ARBITRAGEUR)
QUICK = SendPolicy(receipt_timeout_s=20, poll_s_min=0.01, poll_s_max=0.05)
PRICED = len(PAIRS)


@pytest.fixture(scope="module")
async def flow(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Flow]:
    home = tmp_path_factory.mktemp("peg")
    create_password(home)
    signers = {role: Signer.create(home, role, work_factor=CHEAP_KEYS) for role in ROLES}
    async with AsyncExitStack() as stack:
        nodes = {
            chain_id: stack.enter_context(Anvil(chain_id=chain_id, options=("--disable-code-size-limit",)))
            for chain_id in (HOME, ABROAD)
        }
        configs = []
        for chain_id, node in nodes.items():
            contracts = await deployed(home, signers, chain_id, node)
            configs.append(node.config(contracts))
        chains = {c.chain_id: await stack.enter_async_context(RpcChain(c, retry_s=2)) for c in configs}
        for chain in chains.values():
            for role in REPORTERS:
                sender = Sender(chain, signers[role], QUICK)
                await Reporter(chain, chain.config, sender, FixedFeed(chain), Policy(60, 10)).round()

        async def wait_block(chain_id: int) -> None:
            nodes[chain_id].ask("evm_mine")

        network = Network(
            chains=tuple(configs),
            markets=(),
            gateway="",
            api_url="",
            verifier_urls=(),
            provider_url="",
            database_url="",
        )
        yield Flow(network, chains, signers, HOME, ABROAD, wait_block, Steps(lambda _: None))


async def deployed(home: Path, signers: dict[str, Signer], chain_id: int, node: Anvil) -> dict[str, str]:
    """The contracts by the deploy path, and money for everyone."""
    async with httpx.AsyncClient(trust_env=False) as client:
        control = AnvilControl(LocalChain(chain_id, "local", node.port, 1), client)
        found = await Deployment(ROOT, home, signers).deploy(control)
        for signer in signers.values():
            await control.set_balance(signer.address, 10**22)
    return found.contracts


async def test_the_seven_steps_bring_the_peg_back(flow: Flow) -> None:
    await flow.run()
    steps = {step.name: step.values for step in flow.steps.done}
    assert [name.split()[0] for name in steps] == ["1", "1", "2", "3", "4", "5", "6", "7"]
    assert abs(steps["2 inventory deviates"]["deviation_ppm"]) > 1_000
    assert steps["3 average confirms"]["outcomes"][-1] == "act"
    rebalanced = steps["4 stabiliser rebalances"]
    assert rebalanced["actions"] >= 1
    assert abs(rebalanced["deviation_ppm"]) <= 1_000
    assert steps["5 gold redistributes"]["gold"] > 0
    assert steps["6 chains synchronise"]["spread_ppm_before"] > 1_500 >= steps["6 chains synchronise"]["spread_ppm"]
    assert steps["7 vault updates ratios"]["reserve_ratio"] != "0"


async def test_a_dry_run_sends_nothing(flow: Flow) -> None:
    desk = replace(flow.desk(KEEPER, HOME), dry_run=True)
    before = await flow.chains[HOME].head()
    await PriceKeeper(desk).round()
    await StabiliserKeeper(desk).round()
    assert await flow.chains[HOME].head() == before


async def test_a_second_keeper_in_the_same_block_is_refused_by_the_contract(flow: Flow) -> None:
    trader = flow.desk(TRADER, HOME)
    await stock(trader, (SOLD,), 60_000 * 10**6)
    view = await read_pool(trader.chain, trader.named(POOL))
    assert view is not None
    await trade(trader, "user_trade", (view,), view.base, 60_000 * 10**6, 1)
    for _ in range(4):
        await flow.wait_block(HOME)
    pool = view.contract.address
    acted = [await flow.desk(role, HOME).act("stabilise", "Stabilizer", "stabilise", pool) for role in (KEEPER, TRADER)]
    assert acted[0] is not None
    assert acted[1] is None


async def test_a_cycle_that_pays_is_traded_and_none_is_left(flow: Flow) -> None:
    desk = flow.desk(ARBITRAGEUR, ABROAD)
    await stock(desk, (SOLD,), 50_000 * 10**6)
    trader = flow.desk(TRADER, ABROAD)
    await stock(trader, (BOUGHT,), 30_000 * 10**6)
    (gold,) = [view for view in await read_pools(desk.chain, desk.config) if view.name == "PMMPool cUSDC/XAU"]
    await trade(trader, "user_trade", (gold,), gold.base, 30_000 * 10**6, 1)
    keeper = CycleArbitrageur(desk, SOLD)
    cycle = await keeper.observe()
    assert cycle is not None
    before = await balance(desk, cycle.token)
    await keeper.round()
    assert await balance(desk, cycle.token) == before + cycle.profit
    left = await keeper.observe()
    assert left is None or left.profit * 100 < cycle.profit


async def test_the_mesh_keeper_sells_what_is_dear_and_buys_it_back_through_gold(flow: Flow) -> None:
    """It brings the price nearer to its target, bucket B gains, and a dry run sends nothing."""
    desk, trader = flow.desk(KEEPER, HOME), flow.desk(TRADER, HOME)
    await stock(trader, (BOUGHT,), 80_000 * 10**6)
    view = await read_pool(trader.chain, trader.named(POOL))
    assert view is not None
    await trade(trader, "push", (view,), trader.named(BOUGHT).address, 80_000 * 10**6, 1)
    before, keeper = await flow.deviation(desk), MeshArbitrageur(desk)
    found = await keeper.observe()
    assert found is not None
    assert found.pool.name == POOL
    assert found.sells_base
    await MeshArbitrageur(replace(desk, dry_run=True)).round()
    assert await flow.deviation(desk) == before
    sold = desk.named(SOLD).address
    held = await desk.read("ReserveVault", "heldOf", 1, sold)
    await keeper.round()
    assert await desk.read("ReserveVault", "heldOf", 1, sold) == held + found.gained
    assert 0 < await flow.deviation(desk) < before


async def test_whoever_shows_the_peg_reads_all_of_it_at_one_block(flow: Flow) -> None:
    chain, config = flow.chains[HOME], flow.network.chain(HOME)
    board = await peg_board.peg(chain, config)
    assert board is not None
    named = {row.name: row for row in board.pools}
    assert named[POOL].open
    assert (named[POOL].base.symbol, named[POOL].base.decimals) == (SOLD, 6)
    assert named[POOL].target == 10**18
    assert not named["PMMPool sSTB/cUSDC"].open, "planned, without sSTB in the vault"
    assert sum(row.public for row in board.pools) == 5
    assert board.gold is not None
    assert board.inputs is not None
    told = board.as_dict()
    assert told["block"] == board.block
    assert told["par"] == "60000000000000000"
    assert {row["bucket"] for row in told["buckets"]} == {"public", "stabilisation", "flash", "bridge", "reserve"}
    first = next(row for row in await peg_board.pools(chain, config) if row.name == POOL)
    assert first.as_dict()["price"] == str(named[POOL].price)
