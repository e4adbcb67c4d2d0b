"""The differential test of the engine: native and reference, fed the same batches, compared byte for byte.

``python -m stab3l.testing.differential --commands 1000000 --seed 7 --json`` runs as long as asked; the test suite runs
a shorter one. A difference is reported with the batch, its time and the first event that differs, and
docs/reference/engine.md decides who is right.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from pathlib import Path
from random import Random
from typing import Final

from rich.console import Console
from rich.progress import Progress

from stab3l._engine import Engine
from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.audit.reference_queries import ReferenceQueries
from stab3l.engine.wire import CloseReason, EventKind, OutcomeCode, WireError, decode_events
from stab3l.testing.command_stream import CommandStream

GROUP_CHANCE: Final = 0.05
COMPARE_CHANCE: Final = 0.02
REOPEN_CHANCE: Final = 0.005
BOOK_DEPTH: Final = 1_000
PROOFS: Final = 2


EVENT_HEADER: Final = struct.Struct("<HHIQ")
OUTCOME_CODE: Final = 16
CLOSE_REASON: Final = 40
"""Where in their records an outcome's code (u16) and a closed order's reason stand."""
EVENT_NAMES: Final = {int(kind): kind.name.lower() for kind in EventKind}
OUTCOME_NAMES: Final = {int(code): code.name.lower() for code in OutcomeCode}
CLOSE_NAMES: Final = {int(reason): reason.name.lower() for reason in CloseReason}


class Divergence(AssertionError):
    """Native and reference differ; the message holds what is needed to see it again."""


class Pair:
    """A native engine with its journal in ``folder`` and a reference exchange, which have seen the same batches."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reference = ReferenceExchange()
        self.queries = ReferenceQueries(self.reference)
        self.native = Engine.open(folder, durability="page_cache")

    def apply(self, batch: bytes, now: int) -> bytes:
        """The events of both. Raises `Divergence` when they differ in any byte."""
        return self.apply_many([batch], now)[0]

    def apply_many(self, batches: list[bytes], now: int) -> list[bytes]:
        """As `apply`, for several batches that the native engine takes as one group."""
        expected = [self.reference.apply(batch, now) for batch in batches]
        found = self.native.apply_many(batches, now) if len(batches) > 1 else [self.native.apply(batches[0], now)]
        for batch, one, other in zip(batches, expected, found, strict=True):
            if one != other:
                raise Divergence(f"batch {batch.hex()} at {now}: {_first_difference(one, other)}")
        return found

    def reopen(self, *, snapshot: bool = False) -> None:
        """Close the native engine and open its journal again (replaying all of it, or from a snapshot)."""
        before = self.native.digest()
        if snapshot:
            self.native.snapshot()
        self.close()
        self.native = Engine.open(self.folder, durability="page_cache")
        _same("digest after reopening", before, self.native.digest())

    def close(self) -> None:
        """Close the native engine."""
        self.native.close()

    def compare(self, random: Random) -> None:
        """Compare all that can be asked of both; of the proofs, a few that ``random`` draws."""
        native, reference = self.native, self.reference
        _same("last sequence", reference.sequence, native.last_sequence)
        _same("input hash", reference.input_hash, native.input_hash)
        _same("output hash", reference.output_hash, native.output_hash)
        _same("assets", self.queries.assets(), native.assets())
        _same("markets", self.queries.markets(), native.markets())
        _same("settlement asset", self.queries.settlement_asset(), native.settlement_asset())
        _same("underlyings", self.queries.underlyings(), native.underlyings())
        _same("instruments", self.queries.instruments(), native.instruments())
        _same("collateral", self.queries.collateral(), native.collateral())
        _same("sealed", self.queries.sealed(), native.sealed())
        _same("what is due", self.queries.due(), native.due())
        _same("who is unhealthy", self.queries.unhealthy(0, 3), native.unhealthy(0, 3))
        for asset in range(len(reference.assets)):
            _same(f"totals of asset {asset}", self.queries.totals(asset), native.totals(asset))
        for chain_id in [*reference.chains, 1]:
            _same(f"deposits of {chain_id}", self.queries.chain_deposits(chain_id), native.chain_deposits(chain_id))
        for market in range(len(reference.markets)):
            book = self.queries.book(market, BOOK_DEPTH)
            _same(f"option marks of {market}", self.queries.option_marks(market), native.option_marks(market))
            _same(f"book of market {market}", book, native.book(market, BOOK_DEPTH))
        for account in range(len(reference.owners) + 1):
            self._compare_account(account)
        self._compare_proofs(random)

    def _compare_account(self, account: int) -> None:
        owner = self.queries.owner_of(account)
        _same(f"owner of {account}", owner, self.native.owner_of(account))
        if owner is not None:
            _same(f"account of {owner.hex()}", self.queries.account_of(owner), self.native.account_of(owner))
        _same(f"balances of {account}", self.queries.balances(account), self.native.balances(account))
        _same(f"orders of {account}", self.queries.open_orders(account), self.native.open_orders(account))
        _same(f"positions of {account}", self.queries.positions(account), self.native.positions(account))
        _same(f"margin of {account}", self.queries.margin(account), self.native.margin(account))
        _same(f"schedule of {account}", self.queries.schedule(account), self.native.schedule(account))
        _same(f"protections of {account}", self.queries.protections(account), self.native.protections(account))

    def _compare_proofs(self, random: Random) -> None:
        pairs = list(self.reference.balances)
        for account, asset in random.sample(pairs, min(PROOFS, len(pairs))):
            expected = self.queries.balance_proof(account, asset)
            _same(f"proof of balance {account}, {asset}", expected, self.native.balance_proof(account, asset))
        held = list(self.reference.positions)
        for account, market in random.sample(held, min(PROOFS, len(held))):
            proof = self.queries.position_proof(account, market)
            _same(f"proof of position {account}, {market}", proof, self.native.position_proof(account, market))
        for _ in range(PROOFS):
            number = random.randint(0, len(self.reference.withdrawals))
            _same(f"withdrawal {number}", self.queries.withdrawal(number), self.native.withdrawal(number))
            expected_path = self.queries.withdrawal_proof(number)
            _same(f"proof of withdrawal {number}", expected_path, self.native.withdrawal_proof(number))
            number = random.randint(0, self.reference.orders)
            _same(f"order {number}", self.queries.order(number), self.native.order(number))


@dataclass(slots=True)
class Report:
    """What a differential run covered; events and closed orders by their kind and reason, outcomes by their code."""

    seed: int
    commands: int = 0
    batches: int = 0
    blocks: int = 0
    trades: int = 0
    comparisons: int = 0
    reopenings: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    closed: dict[str, int] = field(default_factory=dict)

    def count(self, data: bytes) -> None:
        """Add one batch's events, by their headers and first bytes: they are known to be well formed."""
        self.batches += 1
        start = 0
        while start < len(data):
            kind, _, length, _ = EVENT_HEADER.unpack_from(data, start)
            _add(self.events, EVENT_NAMES[kind])
            if kind == EventKind.OUTCOME:
                self.commands += 1
                _add(self.outcomes, OUTCOME_NAMES[data[start + OUTCOME_CODE] | data[start + OUTCOME_CODE + 1] << 8])
            elif kind == EventKind.ORDER_CLOSED:
                _add(self.closed, CLOSE_NAMES[data[start + CLOSE_REASON]])
            start += length
        self.blocks = self.events.get("sealed", 0)
        self.trades = self.events.get("trade", 0)

    def unreached(self) -> list[str]:
        """Outcome codes that never came."""
        return [code.name.lower() for code in OutcomeCode if code.name.lower() not in self.outcomes]


def run(commands: int, seed: int, folder: Path, *, advance: Callable[[int], None] = lambda done: None) -> Report:
    """Feed at least ``commands`` random commands to a fresh pair in ``folder``; ``advance`` hears how many are done.

    Raises `Divergence` at the first difference.
    """
    dice, report = Random(seed), Report(seed)
    pair = Pair(folder)
    stream = CommandStream(Random(seed + 1), pair.reference)
    try:
        while report.commands < commands:
            count = dice.randint(2, 4) if dice.random() < GROUP_CHANCE else 1
            batches = [stream.batch() for _ in range(count)]
            for events in pair.apply_many(batches, stream.now):
                report.count(events)
            if dice.random() < COMPARE_CHANCE:
                pair.compare(dice)
                report.comparisons += 1
            if dice.random() < REOPEN_CHANCE:
                pair.reopen(snapshot=dice.random() < 0.5)
                report.reopenings += 1
            advance(min(report.commands, commands))
        pair.compare(dice)
        report.comparisons += 1
    except Divergence as error:
        raise Divergence(f"seed {seed}, after {report.commands} commands: {error}") from error
    finally:
        pair.close()
    return report


def main() -> int:
    """Run from the command line; the report goes to standard output, progress to standard error."""
    parser = argparse.ArgumentParser(description="Compare the native engine with the reference exchange.")
    parser.add_argument("--commands", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _progress(chosen.commands) as advance:
        try:
            report = run(chosen.commands, chosen.seed, Path(folder), advance=advance)
        except Divergence as error:
            sys.stderr.write(f"{error}\n")
            return 1
    values = {**asdict(report), "unreached": report.unreached()}
    text = (
        json.dumps(values, indent=1) if chosen.json else "\n".join(f"{key}: {value}" for key, value in values.items())
    )
    sys.stdout.write(text + "\n")
    return 0


@contextmanager
def _progress(commands: int) -> Iterator[Callable[[int], None]]:
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("comparing", total=commands)
        yield lambda done: bar.update(task, completed=done)


def _add(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1


def _same(what: str, expected: object, found: object) -> None:
    if expected != found:
        raise Divergence(f"{what}: {expected!r} expected, {found!r} found")


def _first_difference(expected: bytes, found: bytes) -> str:
    try:
        pairs = zip_longest(decode_events(expected), decode_events(found))
        return next(f"{one} expected, {other} found" for one, other in pairs if one != other)
    except (WireError, StopIteration):
        return f"{expected.hex()} expected, {found.hex()} found"


if __name__ == "__main__":
    raise SystemExit(main())
