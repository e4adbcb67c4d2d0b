"""`stab3l peg`: what people do with the peg of a running network."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from stab3l.cli.output import configure_logs, emit
from stab3l.config import PRIMARY_CHAIN_ID, Settings

ABROAD = 138

Home = Annotated[Path | None, Parameter(help="Folder of the running network.")]


def flow(
    *,
    home: Home = None,
    json: Annotated[bool, Parameter(help="Print one JSON object on stdout.")] = False,
) -> None:
    """Runs the complete operational flow once: user trades, deviation, confirmation, rebalance, gold, chains, reserves.

    Needs a running network (`stab3l up`). The exit status is not zero when a price is not back within its target.

    Example: `stab3l peg flow --home .stab3l/local --json`
    """
    from stab3l.cli.telling import Teller

    settings = Settings()
    configure_logs(settings.log_level, quiet=True)
    with Teller() as teller:
        steps = asyncio.run(_flow(home or settings.home, teller))
    if json:
        emit({"ok": True, "steps": [step.as_dict() for step in steps]})


async def _flow(home: Path, teller: Any) -> list[Any]:
    from stab3l.chain.local import require_local
    from stab3l.chain.rpc import RpcChain
    from stab3l.chain.signer import Signer
    from stab3l.config import load_network
    from stab3l.devnet.peg_flow import ARBITRAGEUR, KEEPER, TRADER, Flow
    from stab3l.devnet.steps import Steps

    network, steps = load_network(home), Steps(teller.step, teller.progress)
    signers = {role: Signer.load(home, role) for role in (KEEPER, TRADER, ARBITRAGEUR)}
    async with AsyncExitStack() as stack:
        chains = {}
        for chain_id in (PRIMARY_CHAIN_ID, ABROAD):
            chains[chain_id] = await stack.enter_async_context(RpcChain(network.chain(chain_id)))
            await require_local(chains[chain_id])

        async def wait_block(chain_id: int) -> None:
            await asyncio.sleep(network.chain(chain_id).block_seconds)

        teller.say("running the flow")
        await Flow(network, chains, signers, PRIMARY_CHAIN_ID, ABROAD, wait_block, steps).run()
    return steps.done
