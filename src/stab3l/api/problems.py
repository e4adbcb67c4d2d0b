"""Every way a request can fail, as RFC 9457 ``application/problem+json`` (docs/reference/errors.md lists the codes).

A problem has ``type``, ``title``, ``status``, ``detail``, a stable ``code``, the ``values`` that the detail is made of,
and ``action``: what to do about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from stab3l.engine.wire import OutcomeCode
from stab3l.errors import Corrupt, Invalid, NotFound, Rejected, Stab3lError, Unauthorised, Unavailable

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"


class Kind(msgspec.Struct, frozen=True):
    """One kind of problem: its HTTP status, its title and what the caller should do."""

    status: int
    title: str
    action: str


_BODY: Final = "Correct the request; sending the same again will not help."
_LATER: Final = "Wait for the time in Retry-After and send it again."

KINDS: Final[dict[str, Kind]] = {
    # the request as HTTP
    "json_malformed": Kind(400, "The body is not JSON", _BODY),
    "query_invalid": Kind(400, "A query parameter is out of range", "See the parameter's range in values."),
    "path_invalid": Kind(400, "A part of the path cannot be read", "See the expected form in detail."),
    "path_unknown": Kind(404, "There is nothing at this path", "See docs/reference/api.md for the paths."),
    "method_not_allowed": Kind(405, "The path does not take this method", "See the Allow header."),
    "body_too_large": Kind(413, "The body is larger than 16 KiB", "Send one request per body."),
    "message_too_large": Kind(413, "The WebSocket message is larger than 16 KiB", "Send smaller messages."),
    "content_type_unsupported": Kind(415, "The body must be application/json", "Set Content-Type to application/json."),
    "request_refused": Kind(400, "The request cannot be served", _BODY),
    "stream_unknown": Kind(404, "There is no such public stream", "Read inputs or outputs."),
    "segment_unknown": Kind(404, "No segment begins at this sequence number", "See GET /v1/streams for the segments."),
    "too_many_readers": Kind(503, "Too many read the public streams at once", _LATER),
    # the request's fields
    "body_invalid": Kind(422, "The body does not have the documented fields", "See the field named in detail."),
    "number_invalid": Kind(422, "An integer cannot be read or is out of range", "Send decimal digits in a string."),
    "decimal_invalid": Kind(422, "A price or quantity is not a plain decimal", "Send digits with at most one point."),
    "off_grid": Kind(422, "A price or quantity lies between two steps", "Use the step below or above, in values."),
    "address_invalid": Kind(422, "Not an address", "Send 0x and 40 hexadecimal digits."),
    "op_unknown": Kind(422, "The WebSocket operation is unknown", "See docs/reference/api.md for the operations."),
    "channel_unknown": Kind(422, "The WebSocket channel is unknown", "Subscribe to book, trades or status."),
    # the signature
    "signature_missing": Kind(401, "The request is not signed", "Sign the EIP-712 message and send its 65 bytes."),
    "signature_invalid": Kind(
        401, "The signature cannot be read", "Send r, s and v (27 or 28), 65 bytes, as hexadecimal."
    ),
    "signature_malleable": Kind(401, "The signature's s is in the upper half", "Send the signature with the lower s."),
    "signer_mismatch": Kind(
        401, "The signature is another key's", "Check domain, fields and key; values has the recovered signer."
    ),
    # the exchange's answers, in the engine's order of precedence
    "malformed": Kind(
        500, "The engine could not read the command", "Report it: the API should have refused it before."
    ),
    "kind_unknown": Kind(500, "The engine does not know the command", "Report it: API and engine do not fit together."),
    "account_unknown": Kind(
        404, "The address has no account", "Deposit to Custody first; the first deposit opens one."
    ),
    "request_expired": Kind(422, "The request's expires_at has passed", "Sign again with a later expires_at."),
    "request_too_far": Kind(422, "expires_at is more than a day ahead", "Sign again with a nearer expires_at."),
    "client_id_zero": Kind(422, "client_id is 0", "Use any other 64-bit number."),
    "client_id_reused": Kind(
        409, "The client_id was used by another request", "Use a new client_id; values has what the old one made."
    ),
    "asset_unknown": Kind(404, "There is no such asset", "GET /v1/markets lists the assets."),
    "market_unknown": Kind(404, "There is no such market", "GET /v1/markets lists the markets."),
    "market_halted": Kind(409, "The market takes cancels only", "Wait until its status is open again."),
    "market_expired": Kind(409, "The market has expired", "Trade one that expires later; cancels are still taken."),
    "market_unpriced": Kind(409, "The market has no price yet", "Wait for its first price."),
    "order_unknown": Kind(404, "The order is not open, or is not the account's", "Nothing is left to cancel."),
    "order_not_amendable": Kind(409, "A conditional order cannot be amended", "Cancel it and place another."),
    "quantity_zero": Kind(422, "The quantity is 0", _BODY),
    "quantity_too_large": Kind(422, "The quantity is above the market's maximum", "Split the order."),
    "price_zero": Kind(422, "The price is 0", "A market order needs a protection price, too."),
    "price_too_large": Kind(422, "The price is above 10^12 ticks", _BODY),
    "price_outside_band": Kind(422, "The price is too far from the market's mark", "Use a price inside the band."),
    "notional_overflow": Kind(422, "Price times quantity is beyond what can be counted", _BODY),
    "good_till_past": Kind(422, "good_till has passed", "Sign again with a later good_till."),
    "reduce_only_refused": Kind(422, "There is no position that it could reduce", "Place it without reduce_only."),
    "protection_active": Kind(409, "The market-maker protection was triggered", "Wait, or set the protection anew."),
    "post_only_would_take": Kind(409, "A post-only order would trade at once", "Use a price further away, or slide."),
    "fill_or_kill_short": Kind(409, "Not all of it could trade at once", "Ask for less, or use ioc."),
    "amount_zero": Kind(422, "The amount is 0", _BODY),
    "recipient_zero": Kind(422, "The recipient is the zero address", _BODY),
    "funds_short": Kind(422, "The available balance is too small", "Deposit, cancel orders or ask for less."),
    "margin_short": Kind(422, "The margin is too small", "Deposit, reduce positions, cancel orders or ask for less."),
    "reserve_short": Kind(409, "The exchange does not hold so much of the asset", "Ask for less of it."),
    "time_past": Kind(409, "The time has passed, or the account's scheduled cancel is due", "Ask again in a moment."),
    # reads
    "order_not_found": Kind(404, "No such order is known", "Closed orders are kept for a limited time."),
    "withdrawal_unknown": Kind(404, "There is no such withdrawal", "GET the account for its withdrawals."),
    "proof_not_ready": Kind(409, "The leaf is not in a sealed block yet", "Ask again after the next batch."),
    "balance_unknown": Kind(404, "The account never held this asset", "GET the account for its balances."),
    # the system
    "too_slow": Kind(503, "The WebSocket client does not read fast enough", "Reconnect and subscribe to less."),
    "too_busy": Kind(503, "Too many requests are waiting", _LATER),
    "submission_unknown": Kind(
        503,
        "It is not known whether the request was taken",
        "Send exactly the same request again: with the same client_id it can never act twice.",
    ),
    "unavailable": Kind(503, "A part of the system is not answering", _LATER),
    "internal": Kind(500, "The API made a mistake", "Report it with the time of the request."),
}


class Problem(Stab3lError):
    """An error that a caller sees. ``problem`` is a key of `KINDS`."""

    code = "problem"

    def __init__(self, problem: str, detail: str, **values: object) -> None:
        super().__init__(detail, **values)
        self.problem = problem
        self.kind = KINDS[problem]

    def document(self) -> dict[str, object]:
        """The problem+json document (RFC 9457 section 3)."""
        return {
            "type": f"urn:stab3l:problem:{self.problem}",
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.message,
            "code": self.problem,
            "values": {name: _json_value(value) for name, value in self.values.items()},
            "action": self.kind.action,
        }

    def headers(self) -> dict[str, str]:
        """Headers that belong to the status."""
        headers = {}
        if self.kind.status == 503:
            headers["Retry-After"] = str(self.values.get("retry_after_s", 1))
        if self.kind.status == 401:
            headers["WWW-Authenticate"] = 'EIP712 realm="stab3l"'
        return headers


def refusal(code: OutcomeCode, made: int, asked: Mapping[str, object]) -> Problem:
    """The problem of an outcome other than accepted. ``made``: the outcome's id; ``asked``: what was requested."""
    name = code.name.lower()
    problem = name if name in KINDS else "internal"
    values = dict(asked)
    if code == OutcomeCode.CLIENT_ID_REUSED:
        values["id"] = str(made)
    return Problem(problem, f"the exchange refused the request: {KINDS[problem].title.lower()}", **values)


def problem_of(error: Stab3lError) -> Problem:
    """The problem that a caller sees for an error of this package."""
    match error:
        case Problem():
            return error
        case Unavailable():
            code = error.code if error.code in KINDS else "unavailable"
            return Problem(code, error.message, **error.values)
        case Unauthorised():
            code = error.code if error.code in KINDS else "signature_invalid"
        case Invalid():
            code = error.code if error.code in KINDS else "body_invalid"
        case NotFound():
            code = error.code if error.code in KINDS else "path_unknown"
        case Rejected():
            code = error.code if error.code in KINDS else "request_refused"
        case Corrupt() | _:
            return Problem("internal", "stored data does not fit; a person must look")
    return Problem(code, error.message, **error.values)


def _json_value(value: object) -> object:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, bool | str) or value is None:
        return value
    return str(value)
