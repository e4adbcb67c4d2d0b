"""One command for each process of the system. Each runs until SIGTERM and survives being killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import uvloop
from cyclopts import Parameter

from stab3l.cli.output import configure_logs, emit, talk
from stab3l.clock import SystemClock
from stab3l.compute.statement import ComputeClass, ProofMethod
from stab3l.config import Settings
from stab3l.errors import Invalid, Stab3lError
from stab3l.store.heartbeats import beating

Home = Annotated[Path | None, Parameter(help="Folder of the network: network.json, keys, data.")]
Member = Annotated[int, Parameter(help="Which member of the committee, from 0.")]
StakeDays = Annotated[int, Parameter(help="Days for which the minted sSTB is staked, at least 7.")]
CommittedDays = Annotated[int, Parameter(help="Days for which the proven rate is promised.")]
Role = Annotated[str, Parameter(help="Whose key under <home>/keys to use.")]
Market = Annotated[str, Parameter(help="Symbol of the market.")]
Taker = Annotated[str, Parameter(help="Role that trades with the market maker; none unless given.")]
Lots = Annotated[int, Parameter(help="Inventory in lots that the agent returns to.")]
Chain = Annotated[int, Parameter(help="Id of the chain.")]
Method = Annotated[str, Parameter(help="committee, zkp or tee.")]
ClassName = Annotated[str, Parameter(help="f32, f64 or i8.")]
Port = Annotated[int, Parameter(help="Port to listen on.")]
DryRun = Annotated[bool, Parameter(help="Decide and log what would be done, send nothing.", negative="")]

DAY_S = 86_400
NETWORK = "network.json"
E = TypeVar("E", bound=IntEnum)


def _run(home: Path | None, name: str, serve: Any, *arguments: Any, **options: Any) -> None:
    settings = Settings()
    configure_logs(settings.log_level)
    folder = home or settings.home

    async def running() -> None:
        async with beating(folder, name, SystemClock()) if (folder / NETWORK).exists() else nullcontext():
            await serve(folder, *arguments, **options)

    try:
        uvloop.run(running())
    except BaseExceptionGroup as group:
        # What ends one part of a process ends it whole, and reads as that part said it.
        known, others = group.split(Stab3lError)
        if known is None or others is not None:
            raise
        raise next(_single(known)) from None


def _single(group: BaseExceptionGroup[Stab3lError]) -> Iterator[Stab3lError]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _single(error)
        else:
            yield error


def exchange_serve(*, home: Home = None) -> None:
    """Runs the gateway with the engine inside. Nothing it acknowledges is lost when it is killed.

    Example: `stab3l exchange serve --home .stab3l/local`
    """
    from stab3l.exchange.gateway import serve

    _run(home, "exchange", serve)


def api_serve(*, home: Home = None, host: str = "127.0.0.1", port: Port = 8080) -> None:
    """Runs the API: REST under /v1, WebSocket at /v1/ws, the live page at /.

    Example: `stab3l api serve --home .stab3l/local --port 8080`
    """
    from stab3l.api.serve import serve

    _run(home, "api", serve, host, port)


def indexer_serve(*, home: Home = None) -> None:
    """Follows every chain and the engine's output into the SQL read model.

    Example: `stab3l indexer serve --home .stab3l/local`
    """
    from stab3l.watch.process import serve

    _run(home, "indexer", serve)


def keeper_deposits(*, home: Home = None, dry_run: DryRun = False) -> None:
    """Credits deposits once they are as deep as the chain's confirmation depth.

    Example: `stab3l keeper deposits --home .stab3l/local`
    """
    from stab3l.keepers.deposits import serve

    _run(home, "keeper-deposits", serve, dry_run=dry_run)


def keeper_settlement(*, home: Home = None, dry_run: DryRun = False) -> None:
    """Seals blocks, posts one batch to each chain, pays proved withdrawals.

    Example: `stab3l keeper settlement --home .stab3l/local`
    """
    from stab3l.keepers.settlement import serve

    _run(home, "keeper-settlement", serve, dry_run=dry_run)


def keeper_oracle(*, home: Home = None, dry_run: DryRun = False) -> None:
    """Reports prices to each chain's oracle.

    Example: `stab3l keeper oracle --home .stab3l/local`
    """
    from stab3l.keepers.oracle import serve

    _run(home, "keeper-oracle", serve, dry_run=dry_run)


def keeper_flow(*, home: Home = None, dry_run: DryRun = False) -> None:
    """Keeps backpressure payments in line: silence, rebalancing, the escrow, streams that cannot pay.

    Example: `stab3l keeper flow --home .stab3l/local`
    """
    from stab3l.keepers.flow import serve

    _run(home, "keeper-flow", serve, dry_run=dry_run)


def keeper_reverification(*, home: Home = None, dry_run: DryRun = False) -> None:
    """Calls the summons that random epochs ask for, writes down the answers, shows every provider's credit.

    Example: `stab3l keeper reverification --home .stab3l/local`
    """
    from stab3l.keepers.reverification import serve

    _run(home, "keeper-reverification", serve, dry_run=dry_run)


def keeper_peg(*, home: Home = None, dry_run: DryRun = False) -> None:
    """Keeps the peg: writes targets, follows gold, stabilises pools, restores inventory and the bridge's reserve.

    Example: `stab3l keeper peg --home .stab3l/local --dry-run`
    """
    from stab3l.keepers.peg import serve

    _run(home, "keeper-peg", serve, dry_run=dry_run)


def keeper_sweep(*, home: Home = None, dry_run: DryRun = False) -> None:
    """Does what is due in the exchange: closes dead orders, settles contracts, posts prices, has margins judged.

    Example: `stab3l keeper sweep --home .stab3l/local --dry-run`
    """
    from stab3l.keepers.sweep import serve

    _run(home, "keeper-sweep", serve, dry_run=dry_run)


def keeper_arbitrage(*, home: Home = None, dry_run: DryRun = False) -> None:
    """Trades cycles of public pools that pay, and keeps the same pool's prices on two chains together.

    Example: `stab3l keeper arbitrage --home .stab3l/local --dry-run`
    """
    from stab3l.keepers.arbitrage import serve

    _run(home, "keeper-arbitrage", serve, dry_run=dry_run)


def verifier_serve(*, home: Home = None, index: Member) -> None:
    """Runs one member of the verifier committee.

    Example: `stab3l verifier serve --home .stab3l/local --index 0`
    """
    from stab3l.verifier.serving import serve

    _run(home, f"verifier-{index}", serve, index)


def provider_serve(
    *,
    home: Home = None,
    reprove: Annotated[
        bool, Parameter(help="Prove again by itself: when summoned, or when half of the credit is gone.")
    ] = True,
) -> None:
    """Serves benchmark artifacts to verifiers, takes job documents, runs redeemed jobs, and keeps its credit.

    Example: `stab3l provider serve --home .stab3l/local`
    """
    from stab3l.provider.serving import serve

    _run(home, "provider", serve, reprove=reprove)


def provider_onboard(
    *,
    home: Home = None,
    stake_days: StakeDays = 7,
    committed_days: CommittedDays = 365,
    method: Method = "committee",
    compute_class: ClassName = "f32",
    renew: Annotated[bool, Parameter(help="Prove again although the last claim is minted.", negative="")] = False,
) -> None:
    """Registers, deposits collateral, proves compute by the benchmark and mints sSTB. Goes on where it stopped.

    Example: `stab3l provider onboard --home .stab3l/local --method zkp --renew`
    """
    from stab3l.provider.onboarding import Step, Terms, onboard

    def tell(step: Step) -> None:
        told = [f"{name} {value}" for name, value in step.values.items()]
        if step.tx_hash is not None:
            told = [f"0x{step.tx_hash.hex()}  {step.gas} gas", *told]
        talk.print(f"{step.name:22} {'  '.join(told)}", markup=False, soft_wrap=True)

    async def run(folder: Path) -> None:
        terms = Terms(
            stake_period_s=stake_days * DAY_S,
            committed_s=committed_days * DAY_S,
            method=_named(ProofMethod, method),
            compute_class=_named(ComputeClass, compute_class),
        )
        minted = await onboard(folder, terms=terms, renew=renew, on_step=tell)
        emit({"claim_id": minted.claim_id, "cu_value": str(minted.cu_value)})
        if terms.method is ProofMethod.TEE:
            talk.print("the enclave is software under the project's test root: it proves nothing about a chip")

    _run(home, "provider-onboard", run)


def _named(kind: type[E], name: str) -> E:
    try:
        return kind[name.upper()]
    except KeyError:
        known = ", ".join(each.name.lower() for each in kind)
        raise Invalid(f"{name} is none of {known}", given=name) from None


def agent_maker(*, home: Home = None, role: Role, market: Market, inventory_lots: Lots = 5_000) -> None:
    """Makes a market around par with the key of a role; leans against its inventory.

    Example: `stab3l agent maker --home .stab3l/local --role maker-0 --market sSTB-USDC`
    """
    from stab3l.client.agents.maker import MakerPolicy, serve

    policy = MakerPolicy(
        inventory_lots_target=inventory_lots,
        inventory_lots_span=inventory_lots,
        level_lots=max(inventory_lots // 50, 1),
    )
    _run(home, f"agent-{role}", serve, role, policy, market)


def agent_trader(*, home: Home = None, role: Role, market: Market, inventory_lots: Lots = 500) -> None:
    """Takes small amounts from the book with the key of a role.

    Example: `stab3l agent trader --home .stab3l/local --role trader --market sSTB-USDC`
    """
    from stab3l.client.agents.trader import TraderPolicy, serve

    policy = TraderPolicy(inventory_lots_target=inventory_lots, trade_lots_max=max(inventory_lots // 10, 1))
    _run(home, f"agent-{role}", serve, role, policy, market)


def agent_contracts(*, home: Home = None, role: Role, taker: Taker = "") -> None:
    """Makes a market in every future and option with the key of a role; a second role takes a little now and then.

    Example: `stab3l agent contracts --home .stab3l/local --role contract-maker --taker trader`
    """
    from stab3l.client.agents.contracts import serve

    _run(home, f"agent-{role}", serve, role, taker)


def agent_buyer(*, home: Home = None, role: Role) -> None:
    """Redeems a little sSTB for a small job every half minute, checks the result and accepts it.

    Example: `stab3l agent buyer --home .stab3l/local --role buyer`
    """
    from stab3l.client.agents.buyer import serve

    _run(home, f"agent-{role}", serve, role)


def agent_pools(*, home: Home = None, role: Role, chain: Chain = 412346) -> None:
    """Swaps small amounts in a public pool with the key of a role.

    Example: `stab3l agent pools --home .stab3l/local --role pool-trader`
    """
    from stab3l.client.agents.pool_trader import serve

    _run(home, f"agent-{role}", serve, role, chain)


def agent_arbitrageur(*, home: Home = None, role: Role, market: Market, dry_run: DryRun = False) -> None:
    """Trades sSTB between the order book and its public pool with the key of a role.

    Example: `stab3l agent arbitrageur --home .stab3l/local --role book-arbitrageur --market sSTB-USDC`
    """
    from stab3l.client.agents.arbitrageur import serve

    _run(home, f"agent-{role}", serve, role, market, dry_run=dry_run)
