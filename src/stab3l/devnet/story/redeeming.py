"""Chapter three: a buyer redeems sSTB for compute; one job is delivered, another is let expire and compensated."""

from __future__ import annotations

from collections.abc import Awaitable

from stab3l.client.redemption import DocumentDesk
from stab3l.config import PRIMARY_CHAIN_ID
from stab3l.devnet.faucet import DOLLAR
from stab3l.devnet.people import Person, ensure, until
from stab3l.devnet.story.stage import TOKEN, Stage
from stab3l.devnet.story.trading import withdraw
from stab3l.provider.jobs import Job, document_hash, primes_job
from stab3l.units import OPERATIONS_PER_CU, WAD

PRIMES_BELOW = 200_000
FUEL = 200_000_000
"""Budget of the job in operations; what is redeemed follows from it."""

AMOUNT = FUEL * WAD // OPERATIONS_PER_CU
"""[wad CU] 2 x 10^-7 sSTB: a compute unit is a great deal of work for one processor core."""

EXPIRING = 5 * WAD
"""[wad CU] The second redemption, large enough that its compensation is worth looking at."""

STANDARD, ENTERPRISE = 0, 2
ENTERPRISE_S = 3_600
REQUESTED, DELIVERED, SETTLED, COMPENSATED = 1, 2, 4, 5


async def stock_buyer(stage: Stage) -> None:
    """The buyer gets sSTB as anyone does: the trader, who bought it on the exchange, takes it home and sells it on."""
    buyer, trader = stage.person("buyer"), stage.person("trader")
    if await buyer.balance(PRIMARY_CHAIN_ID, TOKEN) > 0:
        return
    wanted = 2 * EXPIRING
    await withdraw(stage, "trader", PRIMARY_CHAIN_ID, TOKEN, wanted, client_id=2_001)
    stage.steps.add("sale.deliver", await trader.pay(PRIMARY_CHAIN_ID, TOKEN, buyer, wanted), to="buyer", sstb=wanted)


async def redeem_and_confirm(stage: Stage) -> None:
    """The provider is notified by the chain, runs the job, delivers; the buyer checks the result and accepts."""
    buyer = stage.person("buyer")
    job = primes_job(PRIMES_BELOW)
    desk = DocumentDesk(stage.local.network.provider_url)
    await until(lambda: _done(desk.upload(job)), "the job's upload")
    order = await _redeem(stage, buyer, AMOUNT, STANDARD, job)
    await until(lambda: _in_state(buyer, order, DELIVERED, SETTLED), "the delivery")
    delivered = await buyer.read(PRIMARY_CHAIN_ID, "Redemption", "orderOf", order)
    result = await desk.result(delivered.resultHash)
    receipt = await buyer.transaction_of(PRIMARY_CHAIN_ID, "Redemption", "Delivered", id=order)
    stage.steps.add(
        "redemption.delivered",
        receipt,
        order=order,
        work_done=delivered.workDone,
        primes=int.from_bytes(result.output, "little"),
    )

    async def confirmed() -> bool:
        return await _in_state(buyer, order, SETTLED)

    receipt = await ensure(confirmed, lambda: buyer.send(PRIMARY_CHAIN_ID, "Redemption", "confirm", order))
    stage.steps.add("redemption.confirm", receipt, order=order)


async def redeem_and_expire(stage: Stage) -> None:
    """The provider is away until the deadline has passed; the buyer is paid from its collateral."""
    buyer = stage.person("buyer")
    await stage.local.supervisor.hold("provider")
    try:
        order = await _redeem(stage, buyer, EXPIRING, ENTERPRISE, primes_job(PRIMES_BELOW + 1))
        await stage.pass_time(ENTERPRISE_S + 1)
        before = await buyer.balance(PRIMARY_CHAIN_ID, DOLLAR)

        async def expired() -> bool:
            return await _in_state(buyer, order, COMPENSATED)

        receipt = await ensure(expired, lambda: buyer.send(PRIMARY_CHAIN_ID, "Redemption", "expire", order))
        paid = await buyer.balance(PRIMARY_CHAIN_ID, DOLLAR) - before
        stage.steps.add("redemption.expire", receipt, order=order, compensation_usdc=paid)
    finally:
        await stage.local.supervisor.release("provider")


async def _redeem(stage: Stage, buyer: Person, amount: int, tier: int, job: Job) -> int:
    name = document_hash(job.document())
    orders = int(await buyer.read(PRIMARY_CHAIN_ID, "Redemption", "orderCount"))
    provider = stage.person("provider").address
    uri = DocumentDesk(stage.local.network.provider_url).job_url(job)
    held = await buyer.balance(PRIMARY_CHAIN_ID, TOKEN)

    async def redeemed() -> bool:
        return await buyer.balance(PRIMARY_CHAIN_ID, TOKEN) <= held - amount

    receipt = await ensure(
        redeemed, lambda: buyer.send(PRIMARY_CHAIN_ID, "Redemption", "redeem", provider, amount, tier, name, uri)
    )
    stage.steps.add("redemption.redeem", receipt, order=orders + 1, amount=amount)
    return orders + 1


async def _in_state(buyer: Person, order: int, *states: int) -> bool:
    return int((await buyer.read(PRIMARY_CHAIN_ID, "Redemption", "orderOf", order)).state) in states


async def _done(act: Awaitable[None]) -> bool:
    await act
    return True
