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
    "body_too_large": Kind(413, "The body is too large", "See bytes_max in values."),
    "body_slow": Kind(408, "The body did not come in time", "Send it at once."),
    "message_too_large": Kind(413, "The WebSocket message is larger than 16 KiB", "Send smaller messages."),
    "content_type_unsupported": Kind(415, "The body must be application/json", "Set Content-Type to application/json."),
    "request_refused": Kind(400, "The request cannot be served", _BODY),
    "cursor_invalid": Kind(400, "The cursor is none that this list gave", "Use `next` of the part before, unchanged."),
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
    "channel_unknown": Kind(422, "The WebSocket channel is unknown", "See docs/reference/api.md for the channels."),
    # the signature
    "signature_missing": Kind(401, "The request is not signed", "Sign the EIP-712 message and send its 65 bytes."),
    "signature_invalid": Kind(
        401, "The signature cannot be read", "Send r, s and v (27 or 28), 65 bytes, as hexadecimal."
    ),
    "signature_malleable": Kind(401, "The signature's s is in the upper half", "Send the signature with the lower s."),
    "signer_mismatch": Kind(
        401, "The signature is another key's", "Check domain, fields and key; values has the recovered signer."
    ),
    # who calls
    "credential_missing": Kind(401, "The path needs a credential", "Sign in, or sign the request with an API key."),
    "token_invalid": Kind(401, "The access token is not one of ours", "Sign in again."),
    "token_expired": Kind(401, "The access token has expired", "Refresh it, or sign in again."),
    "session_ended": Kind(401, "The session has ended", "Sign in again."),
    "refresh_invalid": Kind(401, "The refresh token is not good", "Sign in again."),
    "key_revoked": Kind(401, "The API key is not known, has expired or was revoked", "Use another key."),
    "timestamp_outside": Kind(401, "The request's timestamp is not near now", "Set the clock; GET /v1/time tells it."),
    "request_signature_invalid": Kind(401, "The API key did not sign this request", "See docs/reference/access.md."),
    "request_repeated": Kind(401, "The signed request came before", "Sign it again with a new timestamp."),
    "siwe_invalid": Kind(422, "The text is no sign-in message of EIP-4361", "Build it from GET /v1/auth/nonce."),
    "siwe_domain": Kind(401, "The sign-in message is for another site", "Sign in only on the site that you see."),
    "siwe_expired": Kind(401, "The sign-in message is not valid now", "Ask for a new nonce and sign again."),
    "nonce_invalid": Kind(401, "The nonce or challenge is not good", "Ask for a new one."),
    "passkey_invalid": Kind(401, "The passkey's answer is not good", "Ask for new options and try again."),
    "scope_missing": Kind(403, "The credential may not do this", "Use one with the scope in values."),
    "account_other": Kind(403, "The credential is another account's", "Use the account's own credential, or none."),
    "origin_refused": Kind(403, "Pages of this origin may not call", "Let the operator add it to STAB3L_API_ORIGINS."),
    "ip_not_allowed": Kind(403, "The API key may not be used from this address", "See the key's allowed_ips."),
    "delegation_invalid": Kind(422, "The delegation cannot be taken", "See detail."),
    "key_invalid": Kind(422, "The API key cannot be registered", "See detail."),
    "too_many_keys": Kind(409, "The account has too many keys", "Revoke one first."),
    "session_unknown": Kind(404, "The account has no such session", "GET /v1/account/sessions lists them."),
    "key_unknown": Kind(404, "The account has no such API key", "GET /v1/account/api-keys lists them."),
    "agent_unknown": Kind(404, "The account has no such agent", "GET /v1/account/agents lists them."),
    "passkey_unknown": Kind(404, "The account has no such passkey", "GET /v1/account/passkeys lists them."),
    "idempotency_key_invalid": Kind(400, "The Idempotency-Key cannot be used", "Send 1 to 64 printable characters."),
    "idempotency_key_reused": Kind(422, "The Idempotency-Key came with another request", "Use a new key."),
    "idempotency_in_progress": Kind(409, "The first request with this key is not done", "Ask again in a moment."),
    "rate_limited": Kind(429, "Too many requests", "Wait for the time in Retry-After; RateLimit tells what is left."),
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
    "margin_unknown": Kind(404, "Nothing is listed that needs margin", "Trade spot; it needs none."),
    "deposit_unknown": Kind(404, "The chain has no such deposit", "GET the account for its deposits."),
    "batch_unknown": Kind(404, "The chain has no such batch", "GET /v1/batches lists them."),
    "provider_unknown": Kind(404, "No such provider registered", "GET /v1/providers lists them."),
    "claim_unknown": Kind(404, "There is no such claim", "GET /v1/claims lists them."),
    "redemption_unknown": Kind(404, "There is no such redemption", "GET /v1/redemptions lists them."),
    "pool_unknown": Kind(404, "There is no such pool", "GET /v1/pools lists them."),
    "pool_refuses": Kind(409, "The pool does not quote this", "Ask for less, or wait until it is open."),
    "flow_unknown": Kind(404, "No such task type has a pool", "GET /v1/flows lists them."),
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
        if self.kind.status in (429, 503):
            headers["Retry-After"] = str(self.values.get("retry_after_s", 1))
        if self.kind.status == 401:
            scheme = "EIP712" if self.problem.startswith("sign") else "Bearer"
            headers["WWW-Authenticate"] = f'{scheme} realm="stab3l"'
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
