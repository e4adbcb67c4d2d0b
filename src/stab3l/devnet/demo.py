"""`stab3l demo`: the whole story once on a fresh network, with every invariant measured at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stab3l.client.asynchronous import AsyncClient
from stab3l.clock import monotonic_s
from stab3l.devnet.invariants import ChainMeasure, Verdict
from stab3l.devnet.network import LocalNetwork, Say
from stab3l.devnet.ports import Ports
from stab3l.devnet.replay import Replay
from stab3l.devnet.steps import Step, Steps
from stab3l.devnet.story.contracts import trade_contracts
from stab3l.devnet.story.issuance import earn_and_unlock, issue, sell
from stab3l.devnet.story.redeeming import redeem_and_confirm, redeem_and_expire, stock_buyer
from stab3l.devnet.story.stage import Stage
from stab3l.devnet.story.trading import deposit_all, settle_all, trade_all, withdraw_all
from stab3l.errors import Stab3lError

CHAPTERS = (
    issue,
    earn_and_unlock,
    sell,
    deposit_all,
    trade_all,
    trade_contracts,
    settle_all,
    withdraw_all,
    stock_buyer,
    redeem_and_confirm,
    redeem_and_expire,
    settle_all,
)


@dataclass(slots=True)
class Outcome:
    """What one run found."""

    ok: bool
    seconds: float
    start_seconds: float
    steps: list[Step] = field(default_factory=list)
    invariants: list[Verdict] = field(default_factory=list)
    error: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """The object that `stab3l demo --json` prints."""
        record: dict[str, Any] = {
            "ok": self.ok,
            "seconds": round(self.seconds, 2),
            "start_seconds": round(self.start_seconds, 2),
            "steps": [step.as_dict() for step in self.steps],
            "invariants": [verdict.as_dict() for verdict in self.invariants],
        }
        return record if self.error is None else record | {"error": self.error}


async def run_demo(
    home: Path,
    ports: Ports,
    say: Say,
    on_step: Callable[[Step], None],
    on_progress: Callable[[str, dict[str, Any]], None],
) -> Outcome:
    """Starts a network, tells the story, measures, stops everything. A failed step ends the story."""
    begun = monotonic_s()
    outcome = Outcome(ok=False, seconds=0, start_seconds=0)
    try:
        async with LocalNetwork(home, ports, say) as local:
            outcome.start_seconds = monotonic_s() - begun
            steps = Steps(on_step, on_progress)
            outcome.steps = steps.done
            async with local.operator() as gateway, AsyncClient(local.network.api_url) as api:
                stage = Stage(local, gateway, api, steps)
                for chapter in CHAPTERS:
                    await chapter(stage)
                say("measuring invariants")
                outcome.invariants = await measure(stage)
        outcome.ok = all(verdict.ok for verdict in outcome.invariants)
    except Stab3lError as error:
        outcome.error = {"code": error.code, "message": error.message}
    outcome.seconds = monotonic_s() - begun
    return outcome


async def measure(stage: Stage) -> list[Verdict]:
    """I1 to I8 on the running network."""
    chain = ChainMeasure(stage.local.network, stage.local.chains)
    replay = Replay()
    await replay.run(stage.gateway)
    return [
        await chain.cu_supply_is_zero(),
        await chain.supply_is_minted_less_redeemed(),
        await chain.providers_are_collateralised(),
        await chain.custody_holds_what_is_owed(stage.gateway, range(len(replay.reference.owners))),
        await replay.replay_equals_live_and_posted(stage.local.network, stage.local.chains),
        replay.acknowledged_once(stage.acknowledged),
        replay.limits_and_priority_kept(),
        replay.nothing_is_negative(),
    ]
