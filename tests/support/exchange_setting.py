"""A listed market and funded accounts on a live gateway, and the short words that tests trade with."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from stab3l.clock import SystemClock
from stab3l.engine.wire import (
    Command,
    Deposit,
    DepositCredited,
    Event,
    Outcome,
    OutcomeCode,
    Place,
    Side,
    Withdraw,
    decode_events,
    encode_batch,
)
from stab3l.exchange.gateway_client import GatewayClient
from stab3l.testing.trading_desk import BASE, CHAIN, LISTING, MARKET, QUOTE, owner

RICH = 10**15
SECOND_NS = 10**9


def expiry() -> int:
    """An expiry that is near enough and far enough."""
    return SystemClock().now() + 600 * SECOND_NS


async def send(client: GatewayClient, *commands: Command) -> list[Event]:
    """The events of one batch."""
    return decode_events((await client.submit(encode_batch(commands))).events)


async def codes(client: GatewayClient, *commands: Command) -> list[OutcomeCode]:
    """The outcomes of one batch."""
    return [event.code for event in await send(client, *commands) if isinstance(event, Outcome)]


@dataclass
class Setting:
    """Two funded users of one market."""

    accounts: list[int] = field(default_factory=list)
    client_ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    async def made(cls, operator: GatewayClient, users: int = 2) -> Setting:
        """Lists the market and funds users in both assets, on a fresh engine."""
        await send(operator, *LISTING)
        rows = enumerate(((user, asset) for user in range(users) for asset in (BASE, QUOTE)), 1)
        deposits = [Deposit(CHAIN, at, asset, 0, owner(user), RICH, bytes(32)) for at, (user, asset) in rows]
        events = await send(operator, *deposits)
        accounts = dict.fromkeys(event.account for event in events if isinstance(event, DepositCredited))
        assert len(accounts) == users
        return cls(list(accounts))

    def order(self, user: int, side: Side, lots: int, ticks: int) -> Place:
        return Place(self.accounts[user], MARKET, next(self.client_ids), expiry(), ticks, lots, side)

    def withdrawal(self, user: int, asset: int, amount: int, recipient: bytes) -> Withdraw:
        return Withdraw(self.accounts[user], asset, next(self.client_ids), expiry(), amount, recipient)
