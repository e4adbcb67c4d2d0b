"""What happens to providers, claims and redemptions on chain, as the index tells it, for who listens."""

from __future__ import annotations

from typing import Final

from stab3l.api.chronicle import History, event_view
from stab3l.api.live_messages import ProvidersMessage
from stab3l.api.topics import Topic
from stab3l.watch import pages
from stab3l.watch.values import ChainEvent

CONTRACTS: Final = frozenset(
    "ComputeUnitVerifier MintingAgent ProviderStaking RewardsDistributor CollateralManager Redemption".split()
)
LOOK_BACK: Final = 200
SHOWN: Final = 50


class ProviderFeed:
    """The latest events, read again about once a second."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._latest: list[ChainEvent] | None = None

    async def begin(self, topic: Topic) -> None:
        """Reads what a snapshot needs."""
        if self._latest is None or not topic.wanted:
            self._latest = await self._read()

    def snapshot(self, seq: int) -> ProvidersMessage:
        """The latest events, newest first."""
        latest = self._latest or []
        return ProvidersMessage("providers", "snapshot", str(seq), None, [event_view(one) for one in latest[:SHOWN]])

    async def publish(self, topic: Topic) -> None:
        """Tells what is new, oldest first."""
        known = {(one.chain_id, one.block_number, one.log_index, one.tx_hash) for one in self._latest or []}
        self._latest = await self._read()
        fresh = [
            event_view(one)
            for one in reversed(self._latest)
            if (one.chain_id, one.block_number, one.log_index, one.tx_hash) not in known
        ]
        if fresh:
            topic.publish(
                topic.seq + 1, lambda seq, before: ProvidersMessage("providers", "update", seq, before, fresh)
            )

    async def _read(self) -> list[ChainEvent]:
        rows = await self._history.ask(pages.events, LOOK_BACK)
        return [row for row in rows if row.contract in CONTRACTS]
