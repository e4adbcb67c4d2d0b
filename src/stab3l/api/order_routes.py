"""Paths of order entry: every signed operation alone, and several at once."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec

from stab3l.api.answers import (
    CancelScheduled,
    OrderCancelled,
    OrderPlaced,
    OrdersCancelled,
    OrderView,
    ProtectionSet,
    WithdrawalQueued,
)
from stab3l.api.cursors import COUNT_MAX
from stab3l.api.desk import Desk
from stab3l.api.endpoints import Call, Nothing, Routes
from stab3l.api.entry import Named, Ticket, account_named, operation_request
from stab3l.api.market_views import known_view, past_view
from stab3l.api.problems import Problem, problem_of
from stab3l.api.signed import (
    AmendRequest,
    CancelAllRequest,
    CancelRequest,
    PlaceRequest,
    ProtectionRequest,
    ScheduleCancelRequest,
    WithdrawalRequest,
    u64,
)
from stab3l.errors import Stab3lError

OPERATIONS_MAX: Final = 64
BATCH_BYTES_MAX: Final = 128 * 1024

SIGNED: Final = (
    "number_invalid", "address_invalid", "signature_missing", "signature_invalid", "signature_malleable",
    "signer_mismatch", "account_unknown", "request_expired", "request_too_far", "client_id_zero", "client_id_reused",
    "too_busy", "submission_unknown", "account_other",
)  # fmt: skip
PRICED: Final = (
    "market_unknown", "decimal_invalid", "off_grid", "market_halted", "market_expired", "market_unpriced",
    "quantity_zero", "quantity_too_large", "price_zero", "price_too_large", "price_outside_band", "notional_overflow",
    "good_till_past", "reduce_only_refused", "protection_active", "post_only_would_take", "fill_or_kill_short",
    "funds_short", "margin_short", "time_past",
)  # fmt: skip

ORDERS: Final = Routes("Orders")


class BatchOperation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One operation of a batch; ``request``: the body of its own path."""

    op: Literal["place", "amend", "cancel", "cancel_all", "schedule_cancel", "protect"]
    request: dict[str, Any]


class BatchRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Operations that are sequenced one right after the other, in this order.

    ``signature``: of the EIP-712 ``OrderBatch`` of all of them, in place of their own.
    """

    operations: Annotated[list[BatchOperation], msgspec.Meta(min_length=1, max_length=OPERATIONS_MAX)]
    signature: str = ""


class BatchResult(msgspec.Struct, frozen=True):
    """What became of one operation: ``answer`` of its own path, or ``problem``."""

    status: int
    answer: Any
    problem: dict[str, Any] | None


class BatchAnswer(msgspec.Struct, frozen=True):
    """One result for each operation, in their order."""

    results: list[BatchResult]


def _entry(scope: str, *problems: str, **options: Any) -> dict[str, Any]:
    return {"accepts": scope, "cost": "order", "problems": (*SIGNED, *problems)} | options


@ORDERS.post("/v1/orders", **_entry("trade", *PRICED, status=201, also=(200,)))
async def place(call: Call[Nothing, PlaceRequest]) -> OrderPlaced:
    """Places a signed order: 201 when it was taken, 200 when the same request was taken before."""
    answer: OrderPlaced = await _act(call, "place")
    call.status = 200 if answer.repeated else 201
    return answer


@ORDERS.post("/v1/orders/amend", **_entry("trade", "order_unknown", "order_not_amendable", *PRICED))
async def amend(call: Call[Nothing, AmendRequest]) -> OrderPlaced:
    """Gives a resting order another price and quantity."""
    answer: OrderPlaced = await _act(call, "amend")
    return answer


@ORDERS.post("/v1/orders/cancel", **_entry("trade", "order_unknown"))
async def cancel(call: Call[Nothing, CancelRequest]) -> OrderCancelled:
    """Takes a resting or waiting order away."""
    answer: OrderCancelled = await _act(call, "cancel")
    return answer


@ORDERS.post("/v1/orders/cancel-all", **_entry("trade", "market_unknown"))
async def cancel_all(call: Call[Nothing, CancelAllRequest]) -> OrdersCancelled:
    """Cancels an account's orders, all or of one market, side or label."""
    answer: OrdersCancelled = await _act(call, "cancel_all")
    return answer


@ORDERS.post("/v1/orders/schedule-cancel", **_entry("trade", "time_past"))
async def schedule_cancel(call: Call[Nothing, ScheduleCancelRequest]) -> CancelScheduled:
    """Cancels all of an account's orders at a later time, unless it is asked again before."""
    answer: CancelScheduled = await _act(call, "schedule_cancel")
    return answer


@ORDERS.post("/v1/protections", **_entry("trade", *PRICED))
async def protect(call: Call[Nothing, ProtectionRequest]) -> ProtectionSet:
    """Sets a market-maker protection."""
    answer: ProtectionSet = await _act(call, "protect")
    return answer


@ORDERS.post(
    "/v1/withdrawals",
    **_entry(
        "withdraw", "asset_unknown", "amount_zero", "recipient_zero", "funds_short", "margin_short", "reserve_short",
        status=201, also=(200,),
    ),
)  # fmt: skip
async def withdraw(call: Call[Nothing, WithdrawalRequest]) -> WithdrawalQueued:
    """Queues a signed withdrawal: 201 when it was taken, 200 when the same request was taken before."""
    answer: WithdrawalQueued = await _act(call, "withdraw")
    call.status = 200 if answer.repeated else 201
    return answer


@ORDERS.post("/v1/orders/batch", **_entry("trade", body_bytes_max=BATCH_BYTES_MAX))
async def batch(call: Call[Nothing, BatchRequest]) -> BatchAnswer:
    """Several signed operations at once, sequenced together in the order given; each has its own result."""
    await call.charge(len(call.body.operations) - 1)
    return await answer_together(call.desk, await read_together(call.desk, call.body, call.caller))


@ORDERS.get("/v1/orders/{order}", problems=("number_invalid", "order_not_found"))
async def order(call: Call[Nothing, Nothing]) -> OrderView:
    """An order, open or closed."""
    desk, number = call.desk, u64("order", call.path["order"])
    known = desk.feed.order(number)
    if known is not None:
        return known_view(await desk.catalogue.market_of(known.accepted.market), known)
    past = await desk.history.order(number) if number <= COUNT_MAX else None
    if past is None:
        raise Problem("order_not_found", f"order {number} is not known", order=number)
    return past_view(await desk.catalogue.market_of(past.market), past)


async def read_together(desk: Desk, batch: BatchRequest, caller: Any) -> list[Ticket | Exception]:
    """Checks and sends a batch; an operation that cannot be read spoils only itself, unless one signature is for all.

    Raises `Problem` of what cannot be read, or may not be done, under one signature.
    """
    if batch.signature:
        requests = [_named(operation, caller) for operation in batch.operations]
        return await desk.entry.read_signed_together(requests, batch.signature)
    found: list[Named | Exception] = []
    for operation in batch.operations:
        try:
            found.append(_named(operation, caller))
        except Stab3lError as error:
            found.append(error)
    sent = iter(await desk.entry.read_together([one for one in found if not isinstance(one, Exception)]))
    return [one if isinstance(one, Exception) else next(sent) for one in found]


async def answer_together(desk: Desk, tickets: list[Ticket | Exception]) -> BatchAnswer:
    """What became of a batch that was sent."""
    return BatchAnswer([await _result(desk, ticket) for ticket in tickets])


def _named(operation: BatchOperation, caller: Any) -> Named:
    request = operation_request(operation.op, operation.request)
    if caller is not None:
        caller.require_account(account_named(request))
    return operation.op, request


async def _result(desk: Desk, ticket: Ticket | Exception) -> BatchResult:
    try:
        if isinstance(ticket, Exception):
            raise ticket
        answer = await desk.entry.answer(ticket)
    except Stab3lError as error:
        return _refused(error)
    return BatchResult(201 if ticket.read.operation == "place" and not answer.repeated else 200, answer, None)


def _refused(error: Stab3lError) -> BatchResult:
    problem = problem_of(error)
    return BatchResult(problem.kind.status, None, problem.document())


async def _act(call: Call[Nothing, Any], operation: str) -> Any:
    if call.caller is not None:
        call.caller.require_account(account_named(call.body))
    return await call.desk.entry.act(operation, call.body)
