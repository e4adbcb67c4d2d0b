"""An endless random stream of batches for an exchange, weighted so that every rule is met often.

The stream looks at a reference exchange to know what is worth saying next: which orders rest, which client ids were
used, what an account has. The same seed gives the same stream.
"""

from __future__ import annotations

from random import Random
from typing import Final, Protocol

from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.audit.reference_limits import LOTS_MAX
from stab3l.audit.reference_listing import LOT_MAX, TICK_MAX
from stab3l.audit.reference_requests import REQUEST_LIFE_MAX_NS
from stab3l.engine.wire import Command, Deposit, ListMarket, ListUnderlying, RegisterAsset, Seal, SetCollateral, encode
from stab3l.testing.stream_administration import CHAINS, AdministrationStream
from stab3l.testing.stream_derivatives import SETTLEMENT, DerivativeStream
from stab3l.testing.stream_funds import FundsStream
from stab3l.testing.stream_garbled import GarbledStream
from stab3l.testing.stream_orders import OrderStream
from stab3l.testing.stream_voice import USERS, Intent, Voice
from stab3l.testing.trading_desk import SECOND_NS, owner, token

SEAL_CHANCE: Final = 0.03
SEAL_AGAIN_CHANCE: Final = 0.3
GARBLED: Final = 30
POOR_CHANCE: Final = 0.3
"""Of a venue where there is little to settle in, so that gains exceed what was paid in and losers owe."""


class Part(Protocol):
    """Some of what a stream says."""

    def intents(self) -> dict[Intent, int]:
        """What is said, and how often."""
        ...


class CommandStream:
    """Batches for ``reference``'s next state. Draws only from ``random``."""

    def __init__(
        self, random: Random, reference: ReferenceExchange, *, records_max: int = 64, derivatives: bool = True
    ) -> None:
        self.random = random
        self.reference = reference
        self.records_max = records_max
        self.seal_chance = SEAL_CHANCE
        self.voice = Voice(random, reference)
        self.poor = derivatives and self.random.random() < POOR_CHANCE
        funds = FundsStream(self.voice, scarce=SETTLEMENT if self.poor else None)
        parts: list[Part] = [OrderStream(self.voice), funds, AdministrationStream(self.voice)]
        if derivatives:
            parts.append(DerivativeStream(self.voice))
        intents = {intent: weight for part in parts for intent, weight in part.intents().items()}
        self._garbled = GarbledStream(random, list(intents))
        self._derivatives = derivatives
        intents[self._garbled.garbled] = GARBLED
        self._intents = list(intents)
        self._weights = list(intents.values())

    @property
    def now(self) -> int:
        """The time of the last batch."""
        return self.voice.now

    def opening(self) -> bytes:
        """The first batch: assets, markets of ordinary and of the largest sizes, a deposit for each user and asset."""
        commands: list[Command] = [
            RegisterAsset(CHAINS[0], token(1), 18),
            RegisterAsset(CHAINS[0], token(2), 6),
            RegisterAsset(CHAINS[1], token(1), 18),
            ListMarket(0, 1, 1_000, 3, 100, 250, 10_000, 20_000),
            ListMarket(2, 1, 1, 1, 0, 100_000, 1_000_000),
            ListMarket(1, 2, LOT_MAX, TICK_MAX, 100_000, 1, LOTS_MAX),
        ]
        ordinals = dict.fromkeys(CHAINS, 0)
        for user in range(USERS // 2):
            for asset, chain in enumerate((CHAINS[0], CHAINS[0], CHAINS[1])):
                ordinals[chain] += 1
                amount = self._opening_amount(user, asset)
                commands.append(Deposit(chain, ordinals[chain], asset, user, owner(user + 1), amount, bytes(32)))
        if self._derivatives:
            rates = (150_000, 20_000, 1_300_000, 50_000, 5_000, 250_000)
            commands.append(ListUnderlying(b"INDEX 1 ", SETTLEMENT, 10_000, *rates))
            commands.append(SetCollateral(0, 200_000, 3 * 10**18))
        return b"".join(map(encode, commands))

    def _opening_amount(self, user: int, asset: int) -> int:
        if self.poor and asset == SETTLEMENT:
            return 10**8 if user == 0 else 10**3
        return 10**37 if user < 2 and asset else 10**9

    def batch(self) -> bytes:
        """The next batch; its time is `now`."""
        self.voice.now = self._next_time()
        if self.reference.sequence == 0:
            return self.opening()
        self.seal_chance = SEAL_AGAIN_CHANCE if self.random.random() < self.seal_chance else SEAL_CHANCE
        if self.seal_chance == SEAL_AGAIN_CHANCE:
            return encode(Seal(), self.voice.evidence())
        count = self.random.randint(1, self.records_max)
        records = [intent() for intent in self.random.choices(self._intents, self._weights, k=count)]
        if self.random.random() < 0.02:
            records.append(self._garbled.cut_short(records[-1]))
        return b"".join(records)

    def _next_time(self) -> int:
        chance = self.random.random()
        if chance < 0.02:
            return max(0, self.voice.now - self.random.randint(0, 5 * SECOND_NS))
        if chance < 0.04:
            return self.voice.now + self.random.randint(0, 1_200 * SECOND_NS)
        if chance < 0.05:
            return self.voice.now + self.random.randint(0, REQUEST_LIFE_MAX_NS)
        return self.voice.now + self.random.randint(0, SECOND_NS // 100)
