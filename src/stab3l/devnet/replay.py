"""An independent look at the exchange: its public input stream, applied by the reference implementation (I5 to I8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable

from stab3l.audit.auditor import Auditor, LawBroken
from stab3l.audit.reference_conservation import imbalances
from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.chain.contracts import contract
from stab3l.chain.rpc import RpcChain
from stab3l.config import Network
from stab3l.devnet.invariants import Verdict
from stab3l.engine.wire import OrderAccepted, OrderType, Sealed, Trade, decode_events
from stab3l.exchange.gateway_client import Frame, GatewayClient

Acknowledged = Iterable[tuple[int, int]]
"""(account, client id) of each order that a client was told is accepted."""


class Replay:
    """The streams of one exchange up to now, replayed frame by frame."""

    def __init__(self) -> None:
        self.reference = ReferenceExchange()
        self.auditor = Auditor()
        self.accepted: Counter[tuple[int, int]] = Counter()
        self.sealed: dict[int, Sealed] = {}
        self.frames = 0
        self.trades = 0
        self.diverged_at: int | None = None
        self.broken: dict[str, LawBroken] = {}

    async def run(self, gateway: GatewayClient) -> None:
        """Reads both streams up to the sequence number that the exchange has now."""
        last = (await gateway.status()).sequence
        if last == 0:
            return
        inputs, outputs = gateway.inputs(1), gateway.outputs(1)
        while self.reference.sequence < last:
            self._step(await anext(inputs), await anext(outputs))
        await _close(inputs, outputs)

    def _step(self, entered: Frame, came_out: Frame) -> None:
        expected = self.reference.apply(entered.payload, entered.now)
        self.frames += 1
        if expected != came_out.payload and self.diverged_at is None:
            self.diverged_at = entered.first_sequence
        events = decode_events(came_out.payload)
        for event in events:
            if isinstance(event, OrderAccepted) and event.order_type != OrderType.LIQUIDATION:
                self.accepted[event.account, event.client_id] += 1
            elif isinstance(event, Sealed):
                self.sealed[event.block] = event
            self.trades += isinstance(event, Trade)
        try:
            self.auditor.observe(events)
        except LawBroken as error:
            self.broken.setdefault(error.law, error)
        except KeyError as error:
            self.broken.setdefault("I7", LawBroken("I7", events[0], f"{error} was never listed or accepted"))

    async def replay_equals_live_and_posted(self, network: Network, chains: dict[int, RpcChain]) -> Verdict:
        """I5: the replay's outputs and roots are the live ones, and each chain's last batch carries that root."""
        posted, ok = [], self.diverged_at is None
        for config in network.chains:
            custody = contract(config, "Custody")
            index, last_input, block, _ = await chains[config.chain_id].call(custody, "lastBatch")
            root = await chains[config.chain_id].call(custody, "stateRootOf", index) if block else b""
            replayed = self.sealed[block].state_root if block in self.sealed else b""
            ok = ok and block > 0 and root == replayed
            posted.append(
                {"chain_id": config.chain_id, "block": block, "last_input": last_input, "root": "0x" + root.hex()}
            )
        values = {"frames": self.frames, "diverged_at": self.diverged_at, "posted": posted}
        return Verdict("I5", ok, values)

    def acknowledged_once(self, acknowledged: Acknowledged) -> Verdict:
        """I6: every order that a client was told is accepted stands in the stream, once."""
        told = list(acknowledged)
        lost = [str(each) for each in told if self.accepted[each] == 0]
        doubled = [str(each) for each, count in self.accepted.items() if count > 1]
        return Verdict(
            "I6", bool(told) and not lost and not doubled, {"acknowledged": len(told), "lost": lost, "doubled": doubled}
        )

    def limits_and_priority_kept(self) -> Verdict:
        """I7: every trade is inside both limits, and nobody better or earlier was passed over."""
        broken = self.broken.get("I7")
        return Verdict("I7", broken is None and self.trades > 0, {"trades": self.trades, "broken": str(broken or "")})

    def nothing_is_negative(self) -> Verdict:
        """I8: no account ever fell below zero, and each asset's balances add up to what came in less what went out."""
        broken = next((error for law, error in self.broken.items() if law != "I7"), None)
        lowest = min((min(b.available, b.held) for b in self.reference.balances.values()), default=0)
        wrong = [str(broken)] if broken else imbalances(self.reference)
        return Verdict("I8", not wrong and lowest >= 0, {"lowest": lowest, "broken": "; ".join(wrong)})


async def _close(*streams: AsyncIterator[Frame]) -> None:
    for stream in streams:
        closing = getattr(stream, "aclose", None)
        if closing is not None:
            await closing()
