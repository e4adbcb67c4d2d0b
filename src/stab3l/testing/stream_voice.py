"""What every part of the random command stream draws from: users, markets, client ids, times, evidence."""

from __future__ import annotations

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
REQUEST_LIVES: Final = (SECOND_NS // 10, SECOND_NS, 60 * SECOND_NS, REQUEST_LIFE_MAX_NS)
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
        if id(weights) not in self._drawn:
            self._drawn[id(weights)] = list(weights), list(accumulate(weights.values()))
        things, cumulative = self._drawn[id(weights)]
        chosen: Thing = self.random.choices(things, cum_weights=cumulative)[0]
        return chosen

    def user(self) -> int:
        """Mostly one of the first accounts, whose owners the stream funds; garbled deposits make poor ones for ever."""
        last = len(self.reference.owners) - 1
        among = self.random.choices([BUSY_USERS, USERS, last], [25, 70, 5])[0]
        return self.random.randint(SYSTEM_ACCOUNTS, min(last, SYSTEM_ACCOUNTS + among - 1))

    def market(self) -> int:
        """Mostly one of the first markets."""
        count = len(self.reference.markets)
        return self.random.choices(range(count), [8, 4, 1, *[2] * count][:count])[0]

    def client_id(self) -> int:
        """A fresh client id."""
        self.client_ids += 1
        return self.client_ids

    def expiry(self) -> int:
        """When a request dies."""
        life = self.random.choices(REQUEST_LIVES, [10, 10, 4, 1])[0]
        return min(self.time + life, U64_MAX)

    def soon(self) -> int:
        """A time within the next second, mostly within the next few batches."""
        return min(self.time + self.random.randint(1, self.random.choice([SECOND_NS // 50, SECOND_NS])), U64_MAX)

    def evidence(self) -> bytes:
        """Sometimes a signature."""
        return self.random.randbytes(65) if self.random.random() < 0.2 else b""
