"""Anyone can verify: replays a public input stream with the reference exchange and compares everything that is public.

Compared are each frame's place in its hash chain, each batch's events byte for byte (the roots of a seal among them),
and, where chains are given, the batches that were posted to `Custody`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import zip_longest

from stab3l.audit.auditor import Auditor, LawBroken
from stab3l.audit.journal import FrameReader, JournalFrame, Source
from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.audit.reference_state import SYSTEM_ACCOUNTS
from stab3l.audit.signatures import Signatures
from stab3l.engine.wire import Event, EventInvalid, Sealed, decode_events, decode_records

Progress = Callable[[int, int], None]
"""Told (bytes done, bytes in all) as it goes."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first thing that is not as the rules say: at ``sequence``, ``what`` was ``found`` and not ``expected``."""

    sequence: int
    what: str
    expected: str
    found: str


@dataclass(slots=True)
class Report:
    """What was verified so far. ``torn_bytes``: an end that was never acknowledged, or is still being written."""

    frames: int = 0
    commands: int = 0
    events: int = 0
    blocks: int = 0
    last_sequence: int = 0
    input_hash: bytes = bytes(32)
    output_hash: bytes = bytes(32)
    state_root: bytes = bytes(32)
    torn_bytes: int = 0
    outputs_missing: int = 0
    divergence: Divergence | None = None
    sealed: dict[int, Sealed] = field(default_factory=dict)


class Verification:
    """One replay, frame by frame. Both cost more time: ``laws`` also holds the events to the auditor's laws,
    ``signatures`` checks who signed every command.
    """

    def __init__(self, *, laws: bool = False, signatures: Signatures | None = None) -> None:
        self.report = Report()
        self._exchange = ReferenceExchange()
        self._auditor = Auditor() if laws else None
        self._signatures = signatures

    def step(self, entered: JournalFrame, came_out: JournalFrame | None) -> Divergence | None:
        """Replays one input frame and judges its output frame, None when it is not there yet."""
        report, exchange = self.report, self._exchange
        first = entered.first_sequence
        if entered.previous != exchange.input_hash:
            return self._diverged(first, "the input hash chain", exchange.input_hash.hex(), entered.previous.hex())
        before, time = exchange.output_hash, exchange.now
        expected = exchange.apply(entered.payload, entered.now)
        if entered.now < time:
            return self._diverged(first, "time", f"at least {time}", str(entered.now))
        if exchange.sequence != entered.last_sequence:
            return self._diverged(first, "the last command", str(exchange.sequence), str(entered.last_sequence))
        if self._signatures is not None and (unsigned := self._unsigned(entered)) is not None:
            return unsigned
        report.frames += 1
        report.commands += entered.record_count
        report.last_sequence = exchange.sequence
        report.input_hash, report.output_hash = exchange.input_hash, exchange.output_hash
        if came_out is None:
            report.outputs_missing += 1
            return None
        return self._judge(entered, came_out, before, expected)

    def _unsigned(self, entered: JournalFrame) -> Divergence | None:
        """The first command that nobody signed who may, of those that name an account."""
        assert self._signatures is not None
        owners = self._exchange.owners
        for place, record in enumerate(decode_records(entered.payload)):
            account = getattr(record.command, "account", None)
            if not isinstance(account, int) or not SYSTEM_ACCOUNTS <= account < len(owners):
                continue
            fault = self._signatures.fault(record, owners[account], entered.now)
            if fault is not None:
                return self._diverged(entered.first_sequence + place, "a signature", "the owner's or an agent's", fault)
        return None

    def _judge(
        self, entered: JournalFrame, came_out: JournalFrame, before: bytes, expected: bytes
    ) -> Divergence | None:
        if came_out.payload != expected:
            return self._first_different_event(entered.first_sequence, expected, came_out.payload)
        wanted = (entered.first_sequence, entered.record_count, entered.now)
        found = (came_out.first_sequence, came_out.record_count, came_out.now)
        if found != wanted:
            return self._diverged(entered.first_sequence, "the output frame", str(wanted), str(found))
        if came_out.previous != before:
            return self._diverged(
                entered.first_sequence, "the output hash chain", before.hex(), came_out.previous.hex()
            )
        events = decode_events(came_out.payload)
        self.report.events += len(events)
        for event in events:
            if isinstance(event, Sealed):
                self.report.blocks += 1
                self.report.state_root = event.state_root
                self.report.sealed[event.block] = event
        return self._hold_to_laws(events)

    def _hold_to_laws(self, events: list[Event]) -> Divergence | None:
        if self._auditor is None:
            return None
        try:
            self._auditor.observe(events)
        except LawBroken as broken:
            return self._diverged(broken.event.sequence, f"law {broken.law}", "kept", broken.reason)
        return None

    def _first_different_event(self, first_sequence: int, expected: bytes, found: bytes) -> Divergence:
        try:
            pairs = list(zip_longest(decode_events(expected), decode_events(found)))
        except EventInvalid as error:
            return self._diverged(first_sequence, "the events", "records of docs/reference/engine.md", error.message)
        wanted, came = next((pair for pair in pairs if pair[0] != pair[1]), pairs[-1])
        known = wanted or came
        sequence = first_sequence if known is None else known.sequence
        return self._diverged(sequence, "an event", str(wanted), str(came))

    def _diverged(self, sequence: int, what: str, expected: str, found: str) -> Divergence:
        self.report.divergence = Divergence(sequence, what, expected, found)
        return self.report.divergence


async def verify(
    source: Source, *, laws: bool = False, signatures: Signatures | None = None, progress: Progress | None = None
) -> Report:
    """Replays a journal from its beginning to its end, or to the first divergence.

    Raises:
        Corrupt: a file does not hold whole frames in order.
        NotFound, Unavailable: the source cannot be read.
    """
    verification = Verification(laws=laws, signatures=signatures)
    total = await source.bytes_of("inputs") + await source.bytes_of("outputs")
    inputs, outputs = _Frames(source, "inputs"), _Frames(source, "outputs")
    while (entered := await inputs.next()) is not None:
        if verification.step(entered, await outputs.next()) is not None:
            break
        if progress is not None:
            progress(inputs.bytes_read + outputs.bytes_read, total)
    report = verification.report
    if report.divergence is None and (extra := await outputs.next()) is not None:
        report.divergence = Divergence(extra.first_sequence, "the input stream", "a batch", "its end")
    report.torn_bytes = inputs.torn_bytes + outputs.torn_bytes
    return report


class _Frames:
    """The frames of one stream of a source."""

    def __init__(self, source: Source, stream: str) -> None:
        self._pieces: AsyncIterator[bytes] = source.pieces(stream)
        self._reader = FrameReader(stream)
        self._ready: deque[JournalFrame] = deque()
        self.bytes_read = 0

    @property
    def torn_bytes(self) -> int:
        return self._reader.bytes_left if not self._ready else 0

    async def next(self) -> JournalFrame | None:
        while not self._ready:
            piece = await anext(self._pieces, None)
            if piece is None:
                self._reader.end()
                return None
            self.bytes_read += len(piece)
            self._ready.extend(self._reader.feed(piece))
        return self._ready.popleft()
