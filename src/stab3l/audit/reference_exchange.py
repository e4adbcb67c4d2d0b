"""The reference exchange: docs/reference/engine.md as the simplest program that follows it.

It is written to be read and compared with the page, not to be fast: dicts, sorted lists, and Python integers that never
overflow. Its twin is the Rust crate in ``engine/``; ``tests/stateful`` compares the two byte for byte, and where they
differ the page decides.

For a command, every rule that it breaks is collected, and the answer is the lowest code among them: precedence is not
a matter of the order in which this program happens to look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from stab3l.audit import reference_derivatives as derivatives
from stab3l.audit import reference_expiry as expiry
from stab3l.audit import reference_funds as funds
from stab3l.audit import reference_listing as listing
from stab3l.audit import reference_marks as marks
from stab3l.audit import reference_orders as orders
from stab3l.audit import reference_protection as protection
from stab3l.audit import reference_requests as requests
from stab3l.audit import reference_schedule as schedule
from stab3l.audit.reference_blocks import accept_seal
from stab3l.audit.reference_state import State
from stab3l.audit.reference_trees import keccak, payload_hash
from stab3l.engine.wire import (
    Amend,
    Cancel,
    CancelAll,
    Command,
    Deposit,
    Expire,
    IndexPrice,
    ListFuture,
    ListMarket,
    ListOption,
    ListUnderlying,
    Malformed,
    MarkPrice,
    OptionMarks,
    Outcome,
    OutcomeCode,
    Place,
    Record,
    RegisterAsset,
    Request,
    ScheduleCancel,
    Seal,
    Sealed,
    SetCollateral,
    SetMarketStatus,
    SetProtection,
    Sweep,
    Withdraw,
    decode_records,
    encode_events,
)

Breaks = Callable[[State, Any], Iterator[OutcomeCode]]
Accept = Callable[[State, Any], int]


def _seal_breaks(state: State, _: Seal) -> Iterator[OutcomeCode]:
    if not state.alone:
        yield OutcomeCode.SEAL_NOT_ALONE
    if state.commands_to_seal == 0:
        yield OutcomeCode.NOTHING_TO_SEAL


def _sweep_breaks(_: State, __: Sweep) -> Iterator[OutcomeCode]:
    yield from ()


RULES: Final[dict[type[Command], tuple[Breaks, Accept]]] = {
    RegisterAsset: (listing.asset_breaks, listing.accept_asset),
    ListMarket: (listing.market_breaks, listing.accept_market),
    SetMarketStatus: (listing.status_breaks, listing.accept_status),
    Deposit: (funds.deposit_breaks, funds.accept_deposit),
    Place: (orders.place_breaks, orders.accept_place),
    Cancel: (orders.cancel_breaks, orders.accept_cancel),
    Withdraw: (funds.withdrawal_breaks, funds.accept_withdrawal),
    Seal: (_seal_breaks, accept_seal),
    Amend: (orders.amend_breaks, orders.accept_amend),
    CancelAll: (orders.cancel_all_breaks, orders.accept_cancel_all),
    ScheduleCancel: (schedule.schedule_breaks, schedule.accept_schedule),
    SetProtection: (protection.protection_breaks, protection.accept_protection),
    MarkPrice: (listing.mark_breaks, listing.accept_mark),
    Sweep: (_sweep_breaks, schedule.accept_sweep),
    ListUnderlying: (derivatives.underlying_breaks, derivatives.accept_underlying),
    ListFuture: (derivatives.instrument_breaks, derivatives.accept_instrument),
    ListOption: (derivatives.instrument_breaks, derivatives.accept_instrument),
    IndexPrice: (marks.index_breaks, marks.accept_index),
    OptionMarks: (marks.option_breaks, marks.accept_option_marks),
    SetCollateral: (derivatives.collateral_breaks, derivatives.accept_collateral),
    Expire: (expiry.expire_breaks, expiry.accept_expire),
}
"""What each command may not be, and what it does when it is accepted (which returns the id for its outcome)."""


class ReferenceExchange(State):
    """The whole exchange as plain values. ``apply`` is the only way to change it."""

    def apply(self, batch: bytes, now: int) -> bytes:
        """Apply every record of a batch at time ``now`` (nanoseconds since 1970) and return the events' bytes."""
        records = decode_records(batch)
        if not records:
            return b""
        self.now = max(self.now, now)
        requests.forget_expired(self)
        self.input_hash = keccak(
            self.input_hash
            + (self.sequence + 1).to_bytes(8, "little")
            + len(records).to_bytes(4, "little")
            + self.now.to_bytes(8, "little")
            + payload_hash(batch)
        )
        self.events = []
        self.alone = len(records) == 1
        for record in records:
            self._step(record)
        data = encode_events(self.events)
        if not isinstance(self.events[-1], Sealed):
            self.output_hash = keccak(self.output_hash + payload_hash(data))
        return data

    def _step(self, record: Record) -> None:
        self.sequence += 1
        command = record.command
        if isinstance(command, Malformed):
            self.emit(Outcome(self.sequence, command.code, command.kind, 0, self.now))
        else:
            self._judge(command)
        if not isinstance(command, Seal):
            self.commands_to_seal += 1

    def _judge(self, command: Command) -> None:
        breaks, accept = RULES[type(command)]
        code = min(breaks(self, command), default=OutcomeCode.ACCEPTED)
        outcome_at, made = len(self.events), 0
        if code == OutcomeCode.ACCEPTED:
            made = accept(self, command)
        elif code == OutcomeCode.CLIENT_ID_REUSED and isinstance(command, Request):
            made = self.remembered[command.account, command.client_id].id
        self.events.insert(outcome_at, Outcome(self.sequence, code, command.KIND, made, self.now))
