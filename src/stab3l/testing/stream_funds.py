"""The random command stream's deposits and withdrawals, good and broken."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from stab3l.audit.reference_state import AMOUNT_MAX
from stab3l.engine.wire import Deposit, Withdraw, encode
from stab3l.testing.stream_administration import CHAINS
from stab3l.testing.stream_voice import USERS, Changes, Intent, Voice
from stab3l.testing.trading_desk import owner

ALL_CHANCE: Final = 0.2
"""Of a withdrawal of all that is there."""


class FundsStream:
    """Money in and out; of a ``scarce`` asset only small deposits."""

    def __init__(self, voice: Voice, *, scarce: int | None = None) -> None:
        self.voice = voice
        self.scarce = scarce
        self.random = voice.random
        self.reference = voice.reference

    def intents(self) -> dict[Intent, int]:
        """What is said, and how often."""
        return {self.deposit: 60, self.deposit_broken: 30, self.withdraw: 25, self.withdraw_broken: 20}

    def deposit(self) -> bytes:
        """A good deposit."""
        traded = self.random.random() < 0.8
        asset = self.random.randrange(3 if traded else len(self.reference.assets))
        chain_id = self.reference.assets[asset].chain_id
        ordinal = self.reference.chains[chain_id].deposit_count + 1
        most = 1_000 if asset == self.scarce else 10**9
        amount = self.random.choice([1, self.random.randint(1, 1_000), self.random.randint(1, most)])
        user = owner(self.random.randint(1, USERS))
        deposit = Deposit(chain_id, ordinal, asset, self.random.randint(0, 9), user, amount, self.random.randbytes(32))
        return encode(deposit, self.voice.evidence())

    def deposit_broken(self) -> bytes:
        """A deposit with something wrong."""
        asset = self.random.randrange(len(self.reference.assets))
        chain_id = self.reference.assets[asset].chain_id
        count = self.reference.chains[chain_id].deposit_count
        good = Deposit(
            chain_id, count + 1, asset, 0, owner(self.random.randint(1, USERS)), 7, self.random.randbytes(32)
        )
        changes: Changes = [
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
        return encode(replace(good, **self.voice.some(changes)))

    def withdraw(self) -> bytes:
        """A good withdrawal."""
        return self.voice.say(self._good_withdraw())

    def _good_withdraw(self) -> Withdraw:
        account = self.voice.user()
        held = [pair[1] for pair, balance in self.reference.balances.items() if pair[0] == account]
        asset = self.random.choice(held) if held else 0
        available = self.reference.balance(account, asset).available
        amount = self.random.randint(1, max(1, available // self.random.choice([1, 100, 10_000])))
        if self.random.random() < ALL_CHANCE:
            amount = max(1, available)
        return Withdraw(
            account, asset, self.voice.client_id(), self.voice.expiry(), amount, owner(self.random.randint(50, 60))
        )

    def withdraw_broken(self) -> bytes:
        """A withdrawal with something wrong."""
        withdrawal = self._good_withdraw()
        available = self.reference.balance(withdrawal.account, withdrawal.asset).available
        changes: Changes = [
            {"asset": len(self.reference.assets) + self.random.randint(0, 9)},
            {"amount": 0},
            {"amount": min(available + 1, 2**128 - 1)},
            {"amount": 2**128 - 1},
            {"recipient": bytes(20)},
        ]
        return self.voice.say(self.voice.broken(withdrawal, changes))
