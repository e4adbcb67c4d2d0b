"""Clients that repeat every batch until it is answered, and the judgement of what came of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from exchange_setting import Setting

from stab3l.engine.wire import OrderAccepted, Outcome, OutcomeCode, Side, decode_events, encode_batch
from stab3l.errors import Unavailable
from stab3l.exchange.gateway_client import GatewayClient, Submitted

ORDERS_PER_BATCH = 6
SETTLED = (OutcomeCode.ACCEPTED, OutcomeCode.CLIENT_ID_REUSED)


@dataclass
class Stubborn:
    """A client that repeats every batch, with the same client ids, until it has an answer."""

    client: GatewayClient
    setting: Setting
    user: int
    acknowledged: list[Submitted] = field(default_factory=list)
    sent: list[tuple[int, int]] = field(default_factory=list)
    """(account, client id) of every order that was answered."""
    trades: bool = False
    """Sells to itself, so that the book stays small; rests everything otherwise."""
    retries: int = 0

    async def run(self, until: asyncio.Event) -> None:
        while not until.is_set():
            await self.place()

    async def place(self) -> None:
        """One batch, repeated until it is answered."""
        sides = (Side.SELL, Side.BUY) if self.trades else (Side.SELL,)
        orders = [self.setting.order(self.user, sides[at % len(sides)], 1, 100) for at in range(ORDERS_PER_BATCH)]
        await self._submit(encode_batch(orders))
        self.sent += [(order.account, order.client_id) for order in orders]

    async def _submit(self, batch: bytes) -> None:
        while True:
            try:
                answer = await self.client.submit(batch)
            except Unavailable:
                self.retries += 1
                await asyncio.sleep(0.05)
                continue
            found = [event.code for event in decode_events(answer.events) if isinstance(event, Outcome)]
            assert len(found) == ORDERS_PER_BATCH
            assert set(found) <= set(SETTLED)
            self.acknowledged.append(answer)
            return


async def whole_output(client: GatewayClient) -> dict[int, bytes]:
    """The output stream from its beginning: payload by first sequence number."""
    last = (await client.status()).sequence
    frames: dict[int, bytes] = {}
    async for frame in client.outputs(1):
        frames[frame.first_sequence] = frame.payload
        if decode_events(frame.payload)[-1].sequence >= last:
            break
    return frames


def check_nothing_lost_or_doubled(output: dict[int, bytes], clients: list[Stubborn]) -> None:
    for client in clients:
        for answer in client.acknowledged:
            assert output[answer.first_sequence] == answer.events
    events = [event for payload in output.values() for event in decode_events(payload)]
    accepted = Counter((event.account, event.client_id) for event in events if isinstance(event, OrderAccepted))
    wanted = {order for client in clients for order in client.sent}
    assert set(accepted) >= wanted
    assert set(accepted.values()) == {1}
    sequences = sorted({event.sequence for event in events})
    assert sequences == list(range(1, len(sequences) + 1))
