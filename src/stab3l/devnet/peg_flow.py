"""The complete operational flow of source 2, section 12, once, on a running local network: two chains keep the peg.

1 users trade on public pools; 2 the inventory deviates; 3 the average confirms it; 4 the stabiliser rebalances in
proportion; 5 gold redistributes its inventory over the mesh; 6 the bot between chains brings prices together; 7 the
vault's ratios are computed anew. The keepers that act are those of `stab3l keeper peg` and `keeper arbitrage`; if those
run beside it, whoever comes first acts, and the flow sees the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stab3l.chain.contracts import decode_log
from stab3l.chain.errors import ContractRejected
from stab3l.chain.pools import PUBLIC, read_pool, token_at
from stab3l.chain.port import Chain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.config import Network
from stab3l.devnet.steps import Steps
from stab3l.errors import Rejected
from stab3l.keepers import arbitrage, peg
from stab3l.keepers.arbitrage import ChainSynchroniser, balance, trade
from stab3l.keepers.peg import Desk, PriceKeeper, Rebalancer, StabiliserKeeper
from stab3l.peg.reserves import Bucket
from stab3l.peg.stabiliser import Outcome
from stab3l.units import WAD

TRADER: Final = "pool-trader"
KEEPER: Final = peg.ROLE
ARBITRAGEUR: Final = arbitrage.ROLE
POOL: Final = PUBLIC + "cUSDT/cUSDC"
SOLD: Final = "cUSDT"
BOUGHT: Final = "cUSDC"
PUSH: Final = 60_000 * 10**6
PUSH_ABROAD: Final = 45_000 * 10**6
INVENTORY: Final = 200_000 * 10**6
BLOCKS_MAX: Final = 60
PEG_PPM: Final = 1_000
"""Source 2: peg stability within 0.10 %."""
SPREAD_PPM: Final = 1_500

WaitBlock = Callable[[int], Awaitable[None]]
"""Waits until a chain has a new block."""


class PegNotKept(Rejected):
    """The flow did not bring a price back in time. ``values``: ``pool``, ``deviation_ppm``, ``blocks``."""

    code = "peg_not_kept"


@dataclass(slots=True)
class Flow:
    """One run. ``home_chain``: where users push the pool; ``abroad``: the other chain that keeps the peg."""

    network: Network
    chains: Mapping[int, Chain]
    signers: Mapping[str, Signer]
    home_chain: int
    abroad: int
    wait_block: WaitBlock
    steps: Steps

    async def run(self) -> None:
        """All seven steps.

        Raises:
            PegNotKept: a price did not come back within its target.
        """
        desk = self.desk(KEEPER, self.home_chain)
        rebalancer = Rebalancer(desk)
        await rebalancer.observe()
        before = await self.deviation(desk)
        block = (await desk.chain.head()).number
        await self._users_trade()
        await self._inventory_deviates(desk, before)
        await self._average_confirms(desk)
        await self._stabiliser_rebalances(desk, block)
        await self._gold_redistributes(rebalancer, block)
        await self._chains_synchronise()
        await self._ratios_update(desk)

    def desk(self, role: str, chain_id: int) -> Desk:
        """A role at work on a chain."""
        chain = self.chains[chain_id]
        return Desk(chain, self.network.chain(chain_id), Sender(chain, self.signers[role]))  # type: ignore[arg-type]

    async def deviation(self, desk: Desk) -> int:
        """Of the pool's price from its target, parts per million."""
        found, _ = await desk.read("PegManager", "deviationOf", desk.named(POOL).address)
        return int(found) * 10**6 // WAD

    # --- The steps

    async def _users_trade(self) -> None:
        for place, (chain_id, token, amount) in enumerate(
            ((self.home_chain, SOLD, PUSH), (self.abroad, BOUGHT, PUSH_ABROAD))
        ):
            desk = self.desk(TRADER, chain_id)
            await stock(desk, (token,), amount)
            view = await read_pool(desk.chain, desk.named(POOL))
            if view is None:
                raise PegNotKept(f"{POOL} is not open on chain {chain_id}", pool=POOL)
            receipt = await trade(desk, "user_trade", (view,), desk.named(token).address, amount, 1)
            self.steps.add(f"1 user trades {'abroad' if place else 'at home'}", receipt, chain=chain_id, sold=amount)

    async def _inventory_deviates(self, desk: Desk, before: int) -> None:
        state = await desk.chain.call(desk.named(POOL), "state")
        self.steps.add(
            "2 inventory deviates",
            deviation_ppm_before=before,
            deviation_ppm=await self.deviation(desk),
            base_surplus=state.baseReserve - state.baseTarget,
        )

    async def _average_confirms(self, desk: Desk) -> None:
        """Until the policy says that the deviation has been sustained, or someone has acted on it already."""
        pool = desk.named(POOL).address
        seen: list[Outcome] = []
        for blocks in range(BLOCKS_MAX):
            outcome = Outcome((await desk.read("Stabilizer", "checkDeviation", pool)).outcome)
            if not seen or seen[-1] is not outcome:
                seen.append(outcome)
            if outcome is Outcome.ACT or outcome is Outcome.TOO_SOON:
                self.steps.add("3 average confirms", blocks=blocks, outcomes=[one.name.lower() for one in seen])
                return
            await self.wait_block(self.home_chain)
        raise PegNotKept("the deviation was never sustained", pool=POOL, blocks=BLOCKS_MAX)

    async def _stabiliser_rebalances(self, desk: Desk, since: int) -> None:
        keeper, blocks = StabiliserKeeper(desk), 0
        await keeper.round()
        while abs(await self.deviation(desk)) > PEG_PPM and blocks < BLOCKS_MAX:
            await self.wait_block(self.home_chain)
            await keeper.round()
            blocks += 1
        deviation = await self.deviation(desk)
        if abs(deviation) > PEG_PPM:
            raise PegNotKept(f"{POOL} stays {deviation} ppm off", pool=POOL, deviation_ppm=deviation)
        acts = await self._events(desk, "Stabilizer", "Stabilised", since)
        self.steps.add(
            "4 stabiliser rebalances",
            actions=len(acts),
            volume=sum(act["volume"] for act in acts),
            blocks=blocks,
            deviation_ppm=deviation,
        )

    async def _gold_redistributes(self, rebalancer: Rebalancer, since: int) -> None:
        desk = self.desk(KEEPER, self.home_chain)
        await rebalancer.round()
        swaps = await self._events(desk, "Stabilizer", "PrivateSwap", since)
        self.steps.add("5 gold redistributes", swaps=len(swaps), gold=sum(swap["gold"] for swap in swaps))

    async def _chains_synchronise(self) -> None:
        desks = [self.desk(ARBITRAGEUR, chain_id) for chain_id in (self.home_chain, self.abroad)]
        for desk in desks:
            await stock(desk, (SOLD, BOUGHT), INVENTORY)
        before = await self.spread_ppm()
        synchroniser, blocks, traded = ChainSynchroniser(desks[0], desks[1]), 0, False
        while True:
            traded = await synchroniser.synchronise(POOL) is not None or traded
            after = await self.spread_ppm()
            if after <= SPREAD_PPM or blocks == BLOCKS_MAX:
                break
            # Others trade too: a leg may have been refused, or the price pushed away again.
            await self.wait_block(self.abroad)
            blocks += 1
        if after > SPREAD_PPM:
            raise PegNotKept(f"{POOL} differs by {after} ppm between chains", pool=POOL, spread_ppm=after)
        self.steps.add("6 chains synchronise", spread_ppm_before=before, spread_ppm=after, traded=traded, blocks=blocks)

    async def spread_ppm(self) -> int:
        """Difference of the pool's prices on the two chains, parts per million of the lower, rounded up."""
        prices = [
            int(await self.chains[chain].call(self.desk(TRADER, chain).named(POOL), "midPrice"))
            for chain in (self.home_chain, self.abroad)
        ]
        return -(-(max(prices) - min(prices)) * 10**6 // min(prices))

    async def _ratios_update(self, desk: Desk) -> None:
        await PriceKeeper(desk).round()
        buckets = {}
        for bucket in Bucket:
            token = desk.named(BOUGHT).address
            held = await desk.read("ReserveVault", "heldOf", bucket, token)
            buckets[bucket.name.lower()] = held
        bridge = await desk.read("BridgeReserveCoordinator", "healthOf", desk.named(BOUGHT).address)
        ratio = await desk.read("PegManager", "reserveRatio")
        self.steps.add(
            "7 vault updates ratios", buckets=buckets, bridge_required=bridge.required, reserve_ratio=str(ratio)
        )

    async def _events(self, desk: Desk, contract: str, event: str, since: int) -> list[dict[str, Any]]:
        source = desk.named(contract)
        logs = await desk.chain.logs([source.address], since, (await desk.chain.head()).number)
        decoded = (decode_log(source, log) for log in logs)
        return [dict(one.args) for one in decoded if one is not None and one.event == event]


async def stock(desk: Desk, tokens: tuple[str, ...], amount: int) -> None:
    """Fills an inventory up from the local faucets, which stand on local chains only."""
    for name in tokens:
        address = desk.named(name).address
        missing = amount - await balance(desk, address)
        if missing > 0:
            await desk.sender.transact(token_at(desk.chain, address), "faucet", desk.sender.signer.address, missing)


async def is_priced(desk: Desk) -> bool:
    """Whether the chain's gold has a price."""
    try:
        await desk.read("XAUTriangulation", "inGold", desk.named(SOLD).address)
    except ContractRejected:
        return False
    return True
