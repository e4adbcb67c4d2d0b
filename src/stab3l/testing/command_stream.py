"""An endless random stream of batches for an exchange, weighted so that every rule is met often.

The stream looks at a reference exchange to know what is worth saying next: which orders rest, which client ids were
used, what an account has. The same seed gives the same stream.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final, TypeVar

from msgspec.structs import replace

from stab3l.audit.reference_exchange import (
    AMOUNT_MAX,
    LOT_MAX,
    LOTS_MAX,
    REQUEST_LIFE_MAX_NS,
    SYSTEM_ACCOUNTS,
    TICK_MAX,
    TICKS_MAX,
    ReferenceExchange,
)
from stab3l.engine.wire import (
    EVIDENCE_BYTES_MAX,
    HEADER_BYTES,
    U64_MAX,
    Cancel,
    Command,
    Deposit,
    ListMarket,
    MarketStatus,
    OrderType,
    Place,
    RegisterAsset,
    Seal,
    SetMarketStatus,
    Side,
    TimeInForce,
    Withdraw,
    encode,
)
from stab3l.testing.trading_desk import SECOND_NS, START_NS, owner, token

USERS: Final = 24
RESTING_MAX: Final = 60
"""Orders of a market above which the stream rather cancels, so that a slow reference keeps up."""
CHAINS: Final = (412346, 138, 651940)
ASSETS_MAX: Final = 8
MARKETS_MAX: Final = 5
MIDDLE_TICKS: Final = 1_000
REQUEST_LIVES: Final = (SECOND_NS // 10, SECOND_NS, 60 * SECOND_NS, REQUEST_LIFE_MAX_NS)
SEAL_CHANCE: Final = 0.03
SEAL_AGAIN_CHANCE: Final = 0.3

Intent = Callable[[], bytes]
Request = TypeVar("Request", Place, Withdraw)


class CommandStream:
    """Batches for ``reference``'s next state. Draws only from ``random``."""

    def __init__(self, random: Random, reference: ReferenceExchange, *, records_max: int = 64) -> None:
        self.random = random
        self.reference = reference
        self.records_max = records_max
        self.now = START_NS
        self.client_ids = 0
        self.seal_chance = SEAL_CHANCE
        self.spoken: list[Place | Withdraw] = []
        intents: dict[Intent, int] = {
            self._place: 420,
            self._place_broken: 60,
            self._cancel: 80,
            self._cancel_broken: 20,
            self._repeat: 30,
            self._deposit: 60,
            self._deposit_broken: 30,
            self._withdraw: 25,
            self._withdraw_broken: 20,
            self._market_status: 6,
            self._register_asset: 6,
            self._list_market: 8,
            self._garbled: 30,
            self._seal_in_company: 3,
        }
        self._intents = list(intents)
        self._weights = list(intents.values())

    def opening(self) -> bytes:
        """The first batch: assets, markets of ordinary and of the largest sizes, a deposit for each user and asset."""
        commands: list[Command] = [
            RegisterAsset(CHAINS[0], token(1), 18),
            RegisterAsset(CHAINS[0], token(2), 6),
            RegisterAsset(CHAINS[1], token(1), 18),
            ListMarket(0, 1, 1_000, 3, 100, 250, 10_000),
            ListMarket(2, 1, 1, 1, 0, 100_000, 1_000_000),
            ListMarket(1, 2, LOT_MAX, TICK_MAX, 100_000, 1, LOTS_MAX),
        ]
        ordinals = dict.fromkeys(CHAINS, 0)
        for user in range(USERS // 2):
            for asset, chain in enumerate((CHAINS[0], CHAINS[0], CHAINS[1])):
                ordinals[chain] += 1
                amount = 10**37 if user < 2 and asset else 10**9
                commands.append(Deposit(chain, ordinals[chain], asset, user, owner(user + 1), amount, bytes(32)))
        return b"".join(map(encode, commands))

    def batch(self) -> bytes:
        """The next batch; its time is `now`."""
        self.now = self._next_time()
        if self.reference.sequence == 0:
            return self.opening()
        self.seal_chance = SEAL_AGAIN_CHANCE if self.random.random() < self.seal_chance else SEAL_CHANCE
        if self.seal_chance == SEAL_AGAIN_CHANCE:
            return encode(Seal(), self._evidence())
        count = self.random.randint(1, self.records_max)
        records = [intent() for intent in self.random.choices(self._intents, self._weights, k=count)]
        if self.random.random() < 0.02:
            records.append(self._cut_short(records[-1]))
        return b"".join(records)

    def _next_time(self) -> int:
        chance = self.random.random()
        if chance < 0.02:
            return max(0, self.now - self.random.randint(0, 5 * SECOND_NS))
        if chance < 0.03:
            return self.now + self.random.randint(0, REQUEST_LIFE_MAX_NS)
        return self.now + self.random.randint(0, SECOND_NS // 100)

    # Orders

    def _place(self) -> bytes:
        return self._say(self._good_place())

    def _good_place(self) -> Place:
        market = self._market()
        ordinary = self.random.random() < 0.9
        lots = self.random.randint(1, 40) if ordinary else self.random.randint(1, self._max_lots(market))
        side = self.random.choice(list(Side))
        away = self.random.randint(-6, 12)
        ticks = MIDDLE_TICKS - away if side == Side.BUY else MIDDLE_TICKS + away
        order_type, time_in_force = self.random.choices(
            [
                (OrderType.LIMIT, TimeInForce.GTC),
                (OrderType.LIMIT, TimeInForce.IOC),
                (OrderType.MARKET, TimeInForce.IOC),
            ],
            [70, 20, 10],
        )[0]
        return Place(
            self._user(), market, self._client_id(), self._expiry(), ticks, lots, side, order_type, time_in_force
        )

    def _place_broken(self) -> bytes:
        order = self._good_place()
        changes: list[dict[str, object]] = [
            {"market": len(self.reference.markets) + self.random.randint(0, 9)},
            {"lots": 0},
            {"lots": self._max_lots(order.market) + 1},
            {"lots": self._max_lots(order.market)},
            {"ticks": 0},
            {"ticks": TICKS_MAX + 1},
            {"ticks": TICKS_MAX},
            {"market": 2, "lots": LOTS_MAX, "ticks": TICKS_MAX},
            {"market": 2, "lots": LOTS_MAX, "ticks": 1},
            {"market": 2, "lots": self.random.randint(1, 10), "ticks": self.random.randint(1, 10**12)},
        ]
        return self._say(self._broken_request(order, changes))

    def _repeat(self) -> bytes:
        if not self.spoken:
            return self._place()
        request = self.random.choice(self.spoken[-200:])
        if self.random.random() < 0.3:
            request = replace(request, expires_at=self._expiry())
        return encode(request, self._evidence())

    def _cancel(self) -> bytes:
        resting = [order for market in self.reference.markets for order in market.resting]
        if not resting:
            return self._place()
        crowded = len(resting) > RESTING_MAX * len(self.reference.markets)
        orders = self.random.sample(resting, min(len(resting), 8 if crowded else 1))
        return b"".join(encode(Cancel(order.account, order.id), self._evidence()) for order in orders)

    def _cancel_broken(self) -> bytes:
        order = self.random.randint(0, self.reference.orders + 2)
        return encode(Cancel(self.random.randint(0, len(self.reference.owners) + 2), order))

    # Funds

    def _deposit(self) -> bytes:
        traded = self.random.random() < 0.8
        asset = self.random.randrange(3 if traded else len(self.reference.assets))
        chain_id = self.reference.assets[asset].chain_id
        ordinal = self.reference.chains[chain_id].deposit_count + 1
        amount = self.random.choice([1, self.random.randint(1, 1_000), self.random.randint(1, 10**9)])
        user = owner(self.random.randint(1, USERS))
        deposit = Deposit(chain_id, ordinal, asset, self.random.randint(0, 9), user, amount, self._hash())
        return encode(deposit, self._evidence())

    def _deposit_broken(self) -> bytes:
        asset = self.random.randrange(len(self.reference.assets))
        chain_id = self.reference.assets[asset].chain_id
        count = self.reference.chains[chain_id].deposit_count
        good = Deposit(chain_id, count + 1, asset, 0, owner(self.random.randint(1, USERS)), 7, self._hash())
        changes: list[dict[str, object]] = [
            {"asset": len(self.reference.assets)},
            {"chain_id": self.random.choice([*CHAINS, 0, 2**64 - 1])},
            {"amount": 0},
            {"amount": AMOUNT_MAX},
            {"amount": 2**128 - 1},
            {"owner": bytes(20)},
            {"ordinal": self.random.randint(0, count)},
            {"ordinal": count + self.random.randint(2, 5)},
            {"ordinal": 2**64 - 1},
        ]
        return encode(replace(good, **self._some(changes)))

    def _withdraw(self) -> bytes:
        return self._say(self._good_withdraw())

    def _good_withdraw(self) -> Withdraw:
        account = self._user()
        held = [pair[1] for pair, balance in self.reference.balances.items() if pair[0] == account]
        asset = self.random.choice(held) if held else 0
        available = self.reference.balance(account, asset).available
        amount = self.random.randint(1, max(1, available // self.random.choice([1, 100, 10_000])))
        return Withdraw(account, asset, self._client_id(), self._expiry(), amount, owner(self.random.randint(50, 60)))

    def _withdraw_broken(self) -> bytes:
        withdrawal = self._good_withdraw()
        available = self.reference.balance(withdrawal.account, withdrawal.asset).available
        changes: list[dict[str, object]] = [
            {"asset": len(self.reference.assets) + self.random.randint(0, 9)},
            {"amount": 0},
            {"amount": min(available + 1, 2**128 - 1)},
            {"amount": 2**128 - 1},
            {"recipient": bytes(20)},
        ]
        return self._say(self._broken_request(withdrawal, changes))

    # Administration

    def _register_asset(self) -> bytes:
        if len(self.reference.assets) < ASSETS_MAX:
            chain_id, number, decimals = self.random.choice(CHAINS), self.random.randint(1, 4), 36
        else:
            chain_id, number, decimals = CHAINS[0], self.random.choice([1, 9]), self.random.choice([37, 255])
        return encode(RegisterAsset(chain_id, token(number), decimals))

    def _list_market(self) -> bytes:
        base, quote = self.random.choices(range(len(self.reference.assets) + 1), k=2)
        if len(self.reference.markets) >= MARKETS_MAX:
            base, quote = self.random.choice([(0, 1), (base, base)])
        lot, tick = self.random.randint(1, 5_000), self.random.randint(1, 9)
        good = ListMarket(base, quote, lot, tick, 50, 70, 10_000)
        changes: list[dict[str, object]] = [
            {},
            {},
            {"lot": self.random.choice([0, LOT_MAX, LOT_MAX + 1, 2**128 - 1])},
            {"tick": self.random.choice([0, TICK_MAX, TICK_MAX + 1])},
            {"max_lots": self.random.choice([0, LOTS_MAX, LOTS_MAX + 1])},
            {"maker_fee_ppm": self.random.choice([100_000, 100_001])},
            {"taker_fee_ppm": self.random.choice([100_000, 100_001])},
        ]
        return encode(replace(good, **self._some(changes)))

    def _market_status(self) -> bytes:
        market = self.random.randint(0, len(self.reference.markets))
        halted = [one.id for one in self.reference.markets if one.status == MarketStatus.HALTED]
        if halted:
            return encode(SetMarketStatus(self.random.choice(halted), MarketStatus.OPEN))
        return encode(SetMarketStatus(market, self.random.choice(list(MarketStatus))))

    def _seal_in_company(self) -> bytes:
        return encode(Seal())

    # What is no command

    def _garbled(self) -> bytes:
        whole = self.random.choice([self._place, self._deposit, self._withdraw, self._seal_in_company])()
        garble = self.random.choice(
            [self._with_flags, self._with_another_kind, self._with_long_evidence, self._with_noise]
        )
        return garble(whole)

    def _with_flags(self, record: bytes) -> bytes:
        return record[:2] + self.random.randint(1, 2**16 - 1).to_bytes(2, "little") + record[4:]

    def _with_another_kind(self, record: bytes) -> bytes:
        kind: int = self.random.choice([*range(11), 255, 256, 2**16 - 1])
        return kind.to_bytes(2, "little") + record[2:]

    def _with_long_evidence(self, record: bytes) -> bytes:
        record += bytes(EVIDENCE_BYTES_MAX + self.random.randint(0, 1))
        return record[:4] + len(record).to_bytes(4, "little") + record[8:]

    def _with_noise(self, record: bytes) -> bytes:
        body = bytearray(record)
        for _ in range(self.random.randint(1, 3)):
            position = self.random.choice([*range(HEADER_BYTES, len(body)), len(body) - 1])
            if position >= HEADER_BYTES:
                body[position] = self.random.choice([0, 1, 2, 255])
        return bytes(body)

    def _cut_short(self, record: bytes) -> bytes:
        if self.random.random() < 0.5:
            return record[: self.random.randint(1, len(record) - 1)]
        return record[:4] + self.random.choice([0, 7, 2**32 - 1]).to_bytes(4, "little") + record[8:]

    # Parts

    def _broken_request(self, request: Request, changes: list[dict[str, object]]) -> Request:
        spoken = self.random.choice(self.spoken) if self.spoken else request
        now = max(self.now, self.reference.now)
        common: list[dict[str, object]] = [
            {"account": self.random.choice([0, 1, 2, len(self.reference.owners), 2**32 - 1])},
            {"expires_at": self.random.choice([0, now])},
            {"expires_at": min(now + REQUEST_LIFE_MAX_NS + self.random.choice([1, 10**18]), U64_MAX)},
            {"client_id": 0},
            {"account": spoken.account, "client_id": spoken.client_id},
        ]
        return replace(request, **self._some(common + changes))

    def _say(self, request: Place | Withdraw) -> bytes:
        self.spoken.append(request)
        return encode(request, self._evidence())

    def _user(self) -> int:
        """Mostly one of the first accounts, whose owners the stream funds; garbled deposits make poor ones for ever."""
        last = len(self.reference.owners) - 1
        funded = self.random.random() < 0.95
        return self.random.randint(SYSTEM_ACCOUNTS, min(last, SYSTEM_ACCOUNTS + USERS - 1) if funded else last)

    def _market(self) -> int:
        count = len(self.reference.markets)
        return self.random.choices(range(count), [8, 4, 1, *[2] * count][:count])[0]

    def _max_lots(self, market: int) -> int:
        return self.reference.markets[market].max_lots

    def _client_id(self) -> int:
        self.client_ids += 1
        return self.client_ids

    def _expiry(self) -> int:
        life = self.random.choices(REQUEST_LIVES, [10, 10, 4, 1])[0]
        return min(max(self.now, self.reference.now) + life, U64_MAX)

    def _evidence(self) -> bytes:
        return self.random.randbytes(65) if self.random.random() < 0.2 else b""

    def _hash(self) -> bytes:
        return self.random.randbytes(32)

    def _some(self, changes: list[dict[str, object]]) -> dict[str, object]:
        """One or two of the changes, so that precedence is met too."""
        merged: dict[str, object] = {}
        for change in self.random.sample(changes, self.random.choice([1, 1, 2])):
            merged.update(change)
        return merged
