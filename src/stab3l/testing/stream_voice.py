"""What every part of the random command stream draws from: users, markets, client ids, times, evidence."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable
from itertools import accumulate
from random import Random
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.audit.reference_requests import REQUEST_LIFE_MAX_NS
from stab3l.audit.reference_state import SYSTEM_ACCOUNTS
from stab3l.engine.wire import U64_MAX, Request, encode
from stab3l.testing.trading_desk import SECOND_NS, START_NS

USERS: Final = 24
BUSY_USERS: Final = 2
"""Users who speak so often that they meet their own orders."""
AMONG: Final = {BUSY_USERS: 25, USERS: 70, None: 5}
"""Among how many users one is drawn; none: among all."""
FIRST_MARKETS: Final = (8, 4, 1)
"""How often the first spot markets are drawn, where another one is twice."""
SETTLED_CHANCE: Final = 0.02
REQUEST_LIVES: Final = {SECOND_NS // 10: 10, SECOND_NS: 10, 60 * SECOND_NS: 4, REQUEST_LIFE_MAX_NS: 1}
SPOKEN_MAX: Final = 200

Intent = Callable[[], bytes]
Changes = list[dict[str, object]]
Thing = TypeVar("Thing")
AnyRequest = TypeVar("AnyRequest", bound=Request)


class Voice:
    """One speaker for all parts of a stream, so that client ids are not used twice unless it is meant."""

    def __init__(self, random: Random, reference: ReferenceExchange) -> None:
        self.random = random
        self.reference = reference
        self.now = START_NS
        self.client_ids = 0
        self.spoken: list[Request] = []
        self._spot: list[int] = []
        self._seen = 0
        """The spot markets among so many first markets."""
        self._drawn: dict[int, tuple[list[Any], list[int]]] = {}
        """Things and their cumulative weights, by the identity of what they are drawn from, which is constant."""

    @property
    def time(self) -> int:
        """The time that the next batch is judged at."""
        return max(self.now, self.reference.now)

    def say(self, request: Request) -> bytes:
        """A request's record, kept so that it can be said again."""
        self.spoken.append(request)
        if len(self.spoken) > 2 * SPOKEN_MAX:
            del self.spoken[:SPOKEN_MAX]
        return encode(request, self.evidence())

    def broken(self, request: AnyRequest, changes: Changes) -> AnyRequest:
        """The request with one or two of these changes, or of those that no request may have."""
        spoken = self.random.choice(self.spoken) if self.spoken else request
        common: Changes = [
            {"account": self.random.choice([0, 1, 2, len(self.reference.owners), 2**32 - 1])},
            {"expires_at": self.random.choice([0, self.time])},
            {"expires_at": min(self.time + REQUEST_LIFE_MAX_NS + self.random.choice([1, 10**18]), U64_MAX)},
            {"client_id": 0},
            {"account": spoken.account, "client_id": spoken.client_id},
        ]
        return replace(request, **self.some(common + changes))

    def some(self, changes: Changes) -> dict[str, object]:
        """One or two of the changes, so that precedence is met too."""
        merged: dict[str, object] = {}
        for change in self.random.sample(changes, self.random.choice([1, 1, 2])):
            merged.update(change)
        return merged

    def draw(self, weights: dict[Thing, int]) -> Thing:
        """One of the things, each as often as its weight says."""
        known = self._drawn.get(id(weights))
        if known is None:
            known = self._drawn[id(weights)] = list(weights), list(accumulate(weights.values()))
        things, cumulative = known
        chosen: Thing = things[bisect(cumulative, self.random.random() * cumulative[-1], 0, len(things) - 1)]
        return chosen

    def user(self) -> int:
        """Mostly one of the first accounts, whose owners the stream funds; garbled deposits make poor ones for ever."""
        last = len(self.reference.owners) - 1
        among = self.draw(AMONG) or last
        return self.random.randint(SYSTEM_ACCOUNTS, min(last, SYSTEM_ACCOUNTS + among - 1))

    def market(self) -> int:
        """Mostly one of the first markets; of the others seldom one that is settled, for these become most."""
        if self.random.random() < SETTLED_CHANCE:
            return self.random.randrange(len(self.reference.markets))
        while self._seen < len(self.reference.markets):
            if self.reference.markets[self._seen].instrument is None:
                self._spot.append(self._seen)
            self._seen += 1
        others = [market.id for one in self.reference.underlyings for market in one.unsettled]
        others = [*self._spot[len(FIRST_MARKETS) :], *others]
        first = FIRST_MARKETS[: len(self._spot)]
        at = int(self.random.random() * (sum(first) + 2 * len(others)))
        for market, weight in zip(self._spot, first, strict=False):
            at -= weight
            if at < 0:
                return market
        return others[at // 2]

    def client_id(self) -> int:
        """A fresh client id."""
        self.client_ids += 1
        return self.client_ids

    def expiry(self) -> int:
        """When a request dies."""
        life = self.draw(REQUEST_LIVES)
        return min(self.time + life, U64_MAX)

    def soon(self) -> int:
        """A time within the next second, mostly within the next few batches."""
        return min(self.time + self.random.randint(1, self.random.choice([SECOND_NS // 50, SECOND_NS])), U64_MAX)

    def evidence(self) -> bytes:
        """Sometimes a signature."""
        return self.random.randbytes(65) if self.random.random() < 0.2 else b""
