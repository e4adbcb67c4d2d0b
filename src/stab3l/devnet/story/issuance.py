"""Chapter one: a provider proves what its machine can compute, mints, earns and sells."""

from __future__ import annotations

from stab3l.config import PRIMARY_CHAIN_ID
from stab3l.devnet.faucet import DOLLAR
from stab3l.devnet.people import Person, ensure
from stab3l.devnet.story.stage import TOKEN, Stage
from stab3l.errors import Unavailable
from stab3l.provider.onboarding import Step as OnboardingStep
from stab3l.provider.onboarding import Terms, onboard
from stab3l.units import PAR_PRICE, STAKE_PERIOD_MIN_S, WAD, mul_div_up

PROVIDER_DOLLARS = 100_000 * 10**6
COMMITTED_S = 365 * 86_400
TERMS = Terms(stake_period_s=STAKE_PERIOD_MIN_S, committed_s=COMMITTED_S)

SHARES = {"maker-0": 40, "maker-1": 30}
"""Percent of the minted sSTB that each maker buys from the provider at par."""


async def issue(stage: Stage) -> None:
    """Registration, collateral, benchmark, attestation and mint, each by the provider's own agent."""
    provider = stage.person("provider")
    if await provider.balance(PRIMARY_CHAIN_ID, DOLLAR) == 0 and await _outstanding(provider) == 0:
        await stage.give_dollars(provider, PRIMARY_CHAIN_ID, PROVIDER_DOLLARS)
    await stage.priced()
    while await _outstanding(provider) == 0:
        await onboard(stage.local.home, terms=TERMS, on_step=lambda step: _record(stage, step))
        await stage.settled(PRIMARY_CHAIN_ID)


def _record(stage: Stage, step: OnboardingStep) -> None:
    if step.name == "compute":
        stage.steps.progress("benchmark", dict(step.values))
    else:
        stage.steps.note("provider." + step.name.replace(" ", "_"), step.tx_hash, step.gas, dict(step.values))


async def _outstanding(provider: Person) -> int:
    return int(await provider.read(PRIMARY_CHAIN_ID, "CollateralManager", "outstandingOf", provider.address))


async def earn_and_unlock(stage: Stage) -> None:
    """The stake period passes; rSTB has accrued as R = S x T x M and is claimed; the sSTB is unlocked."""
    provider = stage.person("provider")
    stake_id = await _own_stake(provider)
    if stake_id is None:
        return
    await stage.pass_time(STAKE_PERIOD_MIN_S)
    stage.steps.add("time.stake_period", seconds_passed=STAKE_PERIOD_MIN_S)

    async def claimed() -> bool:
        return int(await provider.balance(PRIMARY_CHAIN_ID, "rSTBToken")) > 0

    receipt = await ensure(claimed, lambda: provider.send(PRIMARY_CHAIN_ID, "RewardsDistributor", "claim"))
    stage.steps.add("rewards.claim", receipt, rstb=await provider.balance(PRIMARY_CHAIN_ID, "rSTBToken"))

    async def unlocked() -> bool:
        return await _own_stake(provider) is None

    receipt = await ensure(unlocked, lambda: provider.send(PRIMARY_CHAIN_ID, "ProviderStaking", "unstake", stake_id))
    stage.steps.add("stake.unlock", receipt, sstb=await provider.balance(PRIMARY_CHAIN_ID, TOKEN))


async def _own_stake(provider: Person) -> int | None:
    """The provider's oldest stake that is still there."""
    staked = await provider.events(PRIMARY_CHAIN_ID, "ProviderStaking", "Staked")
    unstaked = await provider.events(PRIMARY_CHAIN_ID, "ProviderStaking", "Unstaked")
    ended = {entry["stakeId"] for entry in unstaked}
    own = [entry["stakeId"] for entry in staked if entry["provider"] == provider.address]
    return next((int(stake) for stake in own if stake not in ended), None)


async def sell(stage: Stage) -> None:
    """The makers buy sSTB from the provider at par, dollars against sSTB."""
    provider = stage.person("provider")
    stock = await provider.balance(PRIMARY_CHAIN_ID, TOKEN)
    if stock == 0:
        raise Unavailable("the provider has no unlocked sSTB to sell")
    for role, percent in SHARES.items():
        maker = stage.person(role)
        if await maker.balance(PRIMARY_CHAIN_ID, TOKEN) > 0:
            continue
        amount = stock * percent // 100
        price = mul_div_up(amount, PAR_PRICE, WAD * 10**12)
        await stage.give_dollars(maker, PRIMARY_CHAIN_ID, price)
        stage.steps.add("sale.pay", await maker.pay(PRIMARY_CHAIN_ID, DOLLAR, provider, price), by=role, usdc=price)
        stage.steps.add(
            "sale.deliver", await provider.pay(PRIMARY_CHAIN_ID, TOKEN, maker, amount), to=role, sstb=amount
        )
