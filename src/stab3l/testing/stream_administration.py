"""The random command stream's administration: assets, markets, marks, sweeps and seals, good and broken."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from stab3l.audit.reference_limits import LOTS_MAX, TICKS_MAX
from stab3l.audit.reference_listing import LOT_MAX, TICK_MAX
from stab3l.engine.wire import (
    ListMarket,
    MarketStatus,
    MarkPrice,
    RegisterAsset,
    Seal,
    SetMarketStatus,
    Sweep,
    encode,
)
from stab3l.testing.stream_voice import Changes, Intent, Voice
from stab3l.testing.trading_desk import token

CHAINS: Final = (412346, 138, 651940)
ASSETS_MAX: Final = 8
MARKETS_MAX: Final = 5
MIDDLE_TICKS: Final = 1_000


class AdministrationStream:
    """What the operator says."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self.random = voice.random
        self.reference = voice.reference

    def intents(self) -> dict[Intent, int]:
        """What is said, and how often."""
        return {
            self.market_status: 6,
            self.register_asset: 6,
            self.list_market: 8,
            self.mark_price: 25,
            self.sweep: 14,
            self.seal_in_company: 3,
        }

    def register_asset(self) -> bytes:
        """An asset, mostly known already."""
        if len(self.reference.assets) < ASSETS_MAX:
            chain_id, number, decimals = self.random.choice(CHAINS), self.random.randint(1, 4), 36
        else:
            chain_id, number, decimals = CHAINS[0], self.random.choice([1, 9]), self.random.choice([37, 255])
        return encode(RegisterAsset(chain_id, token(number), decimals))

    def list_market(self) -> bytes:
        """A market, mostly with something wrong."""
        base, quote = self.random.choices(range(len(self.reference.assets) + 1), k=2)
        if len(self.reference.markets) >= MARKETS_MAX:
            base, quote = self.random.choice([(0, 1), (base, base)])
        lot, tick = self.random.randint(1, 5_000), self.random.randint(1, 9)
        good = ListMarket(base, quote, lot, tick, 50, 70, 10_000)
        changes: Changes = [
            {},
            {},
            {"lot": self.random.choice([0, LOT_MAX, LOT_MAX + 1, 2**128 - 1])},
            {"tick": self.random.choice([0, TICK_MAX, TICK_MAX + 1])},
            {"max_lots": self.random.choice([0, LOTS_MAX, LOTS_MAX + 1])},
            {"maker_fee_ppm": self.random.choice([100_000, 100_001])},
            {"taker_fee_ppm": self.random.choice([100_000, 100_001])},
        ]
        return encode(replace(good, **self.voice.some(changes)))

    def market_status(self) -> bytes:
        """Halt a market, or open one that is halted."""
        market = self.random.randint(0, len(self.reference.markets))
        halted = [one.id for one in self.reference.markets if one.status == MarketStatus.HALTED]
        if halted:
            return encode(SetMarketStatus(self.random.choice(halted), MarketStatus.OPEN))
        return encode(SetMarketStatus(market, self.random.choice(list(MarketStatus))))

    def seal_in_company(self) -> bytes:
        """A seal that is not alone."""
        return encode(Seal())

    def mark_price(self) -> bytes:
        """A market's mark, near the middle unless something is wrong with it."""
        market = self.random.randint(0, len(self.reference.markets) if self.random.random() < 0.1 else 1)
        ticks = MIDDLE_TICKS + self.random.randint(-12, 12)
        if self.random.random() < 0.1:
            ticks = self.random.choice([0, TICKS_MAX, TICKS_MAX + 1])
        return encode(MarkPrice(market, ticks))

    def sweep(self) -> bytes:
        """Bury the dead, not always all of them."""
        return encode(Sweep(self.random.choice([0, 1, 3, 100, 2**32 - 1])), self.voice.evidence())
