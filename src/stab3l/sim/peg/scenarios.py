"""The scenarios of DESIGN section 8 by name: what happens in each, when, and what it is judged by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from stab3l.errors import NotFound
from stab3l.sim.peg.economy import BP, GWEI, USD6, A, P, Parameters, S, V, changed, economy
from stab3l.sim.peg.world import Agent, Griefer, LiquidityProvider, Manipulator, Sandwicher, Shock, World
from stab3l.units import WAD

EVENT_SHARE = 4
"""The event strikes after a quarter of the run, so that there is a before and enough of an after."""


@dataclass(frozen=True, slots=True)
class Event:
    """When it strikes, when it is over, and how strong it is [1000: as the scenario is written]."""

    start: int
    end: int
    strength: int = 1_000

    def ratio(self, drop: int) -> int:
        """1 minus ``drop`` [wad], scaled by the strength and never below a thousandth."""
        return max(WAD - drop * self.strength // 1_000, WAD // 1_000)

    def scaled(self, amount: int) -> int:
        """An amount times the strength."""
        return amount * self.strength // 1_000


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named scenario. ``watched`` is the pool that it is about; ``shocks`` and ``agents`` are made for its event."""

    name: str
    title: str
    story: str
    watched: P = P.CUSDT_CUSDC
    parameters: dict[str, int] = field(default_factory=dict)
    shocks: Callable[[Event], Iterable[Shock]] = lambda event: ()
    agents: Callable[[Event], Iterable[Agent]] = lambda event: ()
    has_event: bool = True
    event_blocks: int = 0
    """How long the event lasts; 0: to the end of the run."""

    def event(self, blocks: int, strength: int = 1_000) -> Event:
        """The event in a run of so many blocks."""
        start = blocks // EVENT_SHARE
        end = start + self.event_blocks if self.event_blocks else blocks
        return Event(start, min(end, blocks), strength)

    def settled(self, parameters: Parameters, chosen: dict[str, int]) -> Parameters:
        """The economy's parameters: the scenario's own, unless they were chosen by hand."""
        return changed(parameters, **{**self.parameters, **chosen})

    def world(self, parameters: Parameters, seed: int, blocks: int, strength: int = 1_000) -> World:
        """The world of a run. Attackers act before everyone else in a block: the worst order for the peg."""
        base, event = economy(parameters, seed), self.event(blocks, strength)
        agents = (*self.agents(event), *base.agents)
        return replace(base, agents=agents, shocks=tuple(self.shocks(event)))


def _bank_run(event: Event) -> Iterable[Shock]:
    """Nobody buys outside either, so who trades against the market there is away: what is left are the stabiliser and
    redemption. Less than a hundredfold would not empty the stabiliser, and no reserve would be asked."""
    yield Shock(event.start, "arbitrage_outage", P.CUSDT_CUSDC, 1)
    yield Shock(event.end, "arbitrage_outage", P.CUSDT_CUSDC, 0)
    yield Shock(event.start, "noise_activity", P.CUSDT_CUSDC, event.scaled(100 * WAD))
    yield Shock(event.start, "noise_buys", P.CUSDT_CUSDC, 100_000)
    yield Shock(event.end, "noise_activity", P.CUSDT_CUSDC, WAD * 1_000 // max(100 * event.strength, 1))
    yield Shock(event.end, "noise_buys", P.CUSDT_CUSDC, 500_000)


def _flash_loan(event: Event) -> Iterable[Shock]:
    yield Shock(event.start, "flash_drain", P.CUSDT_CUSDC, event.scaled(WAD // 2))
    yield Shock(event.start + 50, "flash_drain", P.CUSDT_CUSDC, -event.scaled(WAD // 2))


def _sandwicher(event: Event) -> Iterable[Agent]:
    return [Sandwicher(S.CUSDT, event.scaled(500_000 * USD6), 5 * BP, event.start, 5)]


def _manipulator(event: Event) -> Iterable[Agent]:
    return [Manipulator(S.CUSDT, event.scaled(200_000 * USD6), event.start, 10, 200)]


def _oracle(event: Event) -> Iterable[Shock]:
    third = (event.end - event.start) // 3
    yield Shock(event.start, "feed_silence", V.GOLD, 1)
    yield Shock(event.start + third, "feed_silence", V.GOLD, 0)
    yield Shock(event.start + third, "feed_factor", V.GOLD, event.ratio(WAD * 8 // 100))
    yield Shock(event.start + 2 * third, "feed_factor", V.GOLD, 0)
    yield Shock(event.end, "feed_factor", V.GOLD, WAD)


def _volatility(event: Event) -> Iterable[Shock]:
    third = (event.end - event.start) // 3
    for value in (V.CUSDT, V.GOLD, V.EURO, V.SSTB, V.COMPUTE):
        yield Shock(event.start, "volatility", value, event.scaled(3 * WAD))
        yield Shock(event.start + third, "volatility", value, WAD * 10 // 3)
        yield Shock(event.start + 2 * third, "volatility", value, WAD * 100 // max(event.strength, 1))


def _all_fall(event: Event) -> Iterable[Shock]:
    for value in (V.GOLD, V.EURO, V.COMPUTE):
        yield Shock(event.start, "value_jump", value, event.ratio(WAD // 2))
    yield Shock(event.start, "value_slip", V.SSTB, event.ratio(WAD // 2))


def _keepers_out(event: Event) -> Iterable[Shock]:
    for stabiliser in S:
        yield Shock(event.start, "keeper_outage", stabiliser, 1)
        yield Shock(event.end, "keeper_outage", stabiliser, 0)
    yield Shock(event.start, "gas_price", 0, 500 * GWEI)
    yield Shock(event.end + 50, "gas_price", 0, GWEI)
    yield Shock(event.start + 10, "drain", P.CUSDT_CUSDC, event.scaled(WAD // 5))


def _reserve_illiquid(event: Event) -> Iterable[Shock]:
    yield Shock(event.start, "reserve_liquid", A.USDT, event.ratio(WAD * 95 // 100))
    yield from _bank_run(event)


def _bad_parameter(event: Event) -> Iterable[Shock]:
    yield Shock(event.start, "gain", S.CUSDT, event.scaled(6 * WAD))
    yield Shock(event.start, "drain", P.CUSDT_CUSDC, event.scaled(WAD // 10))


def _grieved(event: Event) -> Iterable[Shock]:
    yield Shock(event.start + 61, "drain", P.CUSDT_CUSDC, event.scaled(WAD // 5))


SCENARIOS = (
    Scenario("calm", "Calm flow", "A quarter of the source's flow, balanced.", has_event=False,
             parameters={"flow_usd_per_hour": 12_500, "volatility_ppm": 500_000}),
    Scenario("normal", "Normal flow", "The source's 50,000 an hour through each stable pair, balanced.",
             has_event=False),
    Scenario("stressed", "Stressed flow", "Ten times the flow, 55 % of it one way, three times the volatility.",
             has_event=False,
             parameters={"flow_usd_per_hour": 500_000, "buys_ppm": 450_000, "volatility_ppm": 3_000_000}),
    Scenario("bank-run", "Bank run",
             "A hundred times the flow, 90 % of it selling cUSDT, and nobody outside buys; reserves redeem at par.",
             shocks=_bank_run, event_blocks=1_000),
    Scenario("flash-loan", "Flash loan with stabiliser sandwich",
             "Half the pool is sold and bought back within one block, both ways; an attacker with a flash loan then "
             "wraps the stabiliser's call in whichever trades pay best.", shocks=_flash_loan, agents=_sandwicher),
    Scenario("manipulation", "Multi-block manipulation",
             "An attacker holds the price away with its own capital for ten blocks and trades back into the "
             "stabiliser.", agents=_manipulator),
    Scenario("oracle", "Stale, jumping and zero oracle",
             "Gold's reporters fall silent, then report 8 % too little, then zero.", watched=P.CUSDC_GOLD,
             shocks=_oracle),
    Scenario("counter-asset-depeg", "Counter-asset depeg", "cUSDT is worth 5 % less outside, for good.",
             shocks=lambda event: [Shock(event.start, "value_jump", V.CUSDT, event.ratio(WAD // 20))]),
    Scenario("upward-depeg", "Upward depeg", "Outside, cUSDT is bid up by 3 % and returns with time.",
             shocks=lambda event: [Shock(event.start, "value_slip", V.CUSDT, WAD + event.scaled(3 * WAD // 100))]),
    Scenario("volatility", "Volatility x3 to x10", "Every volatility is tripled, then ten times, then normal again.",
             watched=P.SSTB_CUSDC, shocks=_volatility),
    Scenario("correlated-fall", "Correlated fall", "Gold, euro and compute lose half at once; sSTB slips with them.",
             watched=P.SSTB_CUSDC, shocks=_all_fall),
    Scenario("bridge-halt", "Bridge halt", "Both bridges stop while one chain's pools are sold.",
             watched=P.CUSDT_CUSDC_B, event_blocks=1_500,
             shocks=lambda event: [
                 *(Shock(event.start, "bridge_halt", bridge, 1) for bridge in (0, 1)),
                 Shock(event.start + 10, "drain", P.CUSDT_CUSDC_B, event.scaled(WAD // 5)),
                 Shock(event.start + 10, "drain", P.SSTB_CUSDC_B, event.scaled(WAD // 5)),
                 *(Shock(event.end, "bridge_halt", bridge, 0) for bridge in (0, 1)),
             ]),
    Scenario("keeper-outage", "Keeper outage with gas spike",
             "All keepers stop and gas costs 500 gwei, more than the policy pays; a fifth of the pool is sold.",
             shocks=_keepers_out, event_blocks=300),
    Scenario("liquidity-withdrawal", "Liquidity withdrawal",
             "70 % of the pool's liquidity leaves, providers leave whenever the price moves, and 5 % is sold.",
             shocks=lambda event: [
                 Shock(event.start, "liquidity_out", P.CUSDT_CUSDC, WAD - event.ratio(7 * WAD // 10)),
                 Shock(event.start + 1, "drain", P.CUSDT_CUSDC, event.scaled(WAD // 20)),
             ],
             agents=lambda event: [LiquidityProvider(P.CUSDT_CUSDC, 30 * BP, 300_000, 200)]),
    Scenario("reserve-illiquidity", "Reserve illiquidity",
             "A bank run while only 5 % of the reserve can be paid out.", shocks=_reserve_illiquid,
             event_blocks=1_000),
    Scenario("bad-parameter", "Bad parameter",
             "Governance sets the gain six times too high (loop gain 3 > 2), then a tenth is sold.",
             shocks=_bad_parameter),
    Scenario("cooldown-griefing", "Cooldown griefing",
             "An attacker keeps the price just beyond the threshold so that the stabiliser spends its interval, then "
             "a fifth of the pool is sold.", shocks=_grieved,
             agents=lambda event: [Griefer(S.CUSDT, event.scaled(200_000 * USD6), BP, event.start, event.start + 60)]),
    Scenario("flash-drain", "Drain within one block",
             "A fifth of the pool is sold for good in one block: what the stabiliser and arbitrage then need.",
             shocks=lambda event: [Shock(event.start, "drain", P.CUSDT_CUSDC, event.scaled(WAD // 5))]),
)  # fmt: skip


def scenario(name: str) -> Scenario:
    """The scenario of that name. Raises ``NotFound``, with the names that there are."""
    for known in SCENARIOS:
        if known.name == name:
            return known
    names = ", ".join(known.name for known in SCENARIOS)
    raise NotFound(f"there is no scenario {name!r}; there are: {names}", name=name)
