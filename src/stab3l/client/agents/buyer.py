"""A buyer of the demo economy: redeems a little sSTB for a small job now and then, checks the result and accepts it.

Where there are backpressure payments it also pays providers by a stream, as much as they say that they can take.
"""

from __future__ import annotations

from pathlib import Path

import structlog

from stab3l.chain.rpc import RpcChain
from stab3l.chain.signer import Signer
from stab3l.client.agents.desk import repeat
from stab3l.client.flow import FlowSource
from stab3l.client.redemption import Buyer
from stab3l.clock import SystemClock, seconds
from stab3l.config import load_network
from stab3l.errors import Rejected
from stab3l.provider.jobs import primes_job
from stab3l.units import OPERATIONS_PER_CU, WAD

PAUSE_S = 30.0
DELIVERY_TIMEOUT_S = 120
FUEL = 200_000_000
PRIMES_MIN, PRIMES_SPAN = 100_000, 100_000
STANDARD = 0
STREAM_RUN_S = 30 * 86_400
ADJUST_PERCENT = 10
"""The stream follows the capacity when that has changed by this much."""

_log = structlog.get_logger(__name__)


async def serve(home: Path, role: str, pause_s: float = PAUSE_S) -> None:
    """Redeems with the key of ``role`` from whoever has capacity and asks least, until cancelled."""
    network, signer, clock = load_network(home), Signer.load(home, role), SystemClock()
    async with RpcChain(network.primary) as chain:
        buyer = Buyer(network, chain, signer)
        source = FlowSource(network, chain, signer) if "BackpressurePool" in network.primary.contracts else None

        async def step() -> None:
            below = PRIMES_MIN + seconds(clock.now()) % PRIMES_SPAN
            amount = FUEL * WAD // OPERATIONS_PER_CU
            provider = await buyer.choose(amount, STANDARD)
            order, _ = await buyer.redeem(provider, amount, STANDARD, primes_job(below))
            result = await buyer.accept(order, DELIVERY_TIMEOUT_S)
            primes = int.from_bytes(result.output, "little")
            _log.info("redeemed", order=order, below=below, primes=primes, fuel=result.fuel)
            if source is not None:
                try:
                    await follow_capacity(source)
                except Rejected as error:
                    _log.warning("not_streaming", error=error.message, code=error.code)

        await repeat(step, pause_s)


async def follow_capacity(source: FlowSource) -> None:
    """Keeps a stream of about what the sinks can take. Raises what ``FlowSource`` raises."""
    status = await source.status()
    wanted = status.pool.capacity
    if abs(wanted - status.rate) * 100 <= ADJUST_PERCENT * status.rate or wanted == 0:
        return
    quote = await source.quote(wanted, STREAM_RUN_S)
    receipt = await (source.adjust(quote) if status.rate else source.open(quote))
    _log.info("streaming", rate=quote.rate, capacity=wanted, tx=receipt.tx_hash.hex(), gas=receipt.gas_used)
