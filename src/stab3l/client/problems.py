"""What goes wrong between a program and the API, as a tree of errors: branch on the class or on ``problem``.

::

    ApiProblem (Rejected)          the API said no; ``problem`` is the stable code, ``action`` says what to do
    ├── RequestInvalid             the request cannot be read or breaks a rule of its fields
    ├── NotAuthorised              unsigned, wrongly signed, or the credential does not reach so far
    ├── NothingThere               no such order, market, account, ...
    │   ├── AccountUnknown
    │   └── OrderUnknown
    ├── Conflicting                right in itself, not now
    │   ├── ClientIdReused
    │   ├── MarketHalted
    │   ├── PostOnlyWouldTake
    │   ├── FillOrKillShort
    │   └── ProofNotReady
    └── Short                      what the account has does not suffice
        ├── FundsShort
        └── MarginShort
    ApiUnavailable (Unavailable)   try again; the same signed request can never act twice
    ├── RateLimited
    └── OutcomeUnknown             taken or not: only sending it again tells
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import msgspec

from stab3l.errors import Rejected, Unavailable


class ApiProblem(Rejected):
    """The API said no. ``problem`` is the stable code, ``document`` the whole problem (docs/reference/errors.md)."""

    code: ClassVar[str] = "api_problem"

    def __init__(self, problem: str, document: Mapping[str, Any]) -> None:
        super().__init__(str(document.get("detail", problem)), problem=problem, **dict(document.get("values") or {}))
        self.problem = problem
        self.document = document

    @property
    def status(self) -> int:
        """HTTP status."""
        return int(self.document.get("status", 0))

    @property
    def action(self) -> str:
        """What to do about it."""
        return str(self.document.get("action", ""))

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.problem, self.document))


class RequestInvalid(ApiProblem):
    """The request cannot be read or breaks a rule of its fields: correct it."""


class NotAuthorised(ApiProblem):
    """Unsigned, signed by someone else, or with a credential that does not reach so far."""


class NothingThere(ApiProblem):
    """There is no such thing."""


class AccountUnknown(NothingThere):
    """The address has no account: its first credited deposit opens one."""


class OrderUnknown(NothingThere):
    """The order is not open, or is not the account's."""


class Conflicting(ApiProblem):
    """Right in itself, but not in the state that things are in now."""


class ClientIdReused(Conflicting):
    """The client id was used by another request; ``values["id"]`` is what that one made."""


class MarketHalted(Conflicting):
    """The market takes cancels only."""


class PostOnlyWouldTake(Conflicting):
    """A post-only order would trade at once."""


class FillOrKillShort(Conflicting):
    """Not all of a fill-or-kill order could trade at once."""


class ProofNotReady(Conflicting):
    """The leaf is not in a sealed block yet: ask again after the next batch."""


class Short(ApiProblem):
    """What the account has does not suffice."""


class FundsShort(Short):
    """The available balance is too small. ``values``: ``symbol``, ``needed``, ``available`` [base units]."""


class MarginShort(Short):
    """The margin is too small."""


class ApiUnavailable(Unavailable):
    """The API, or the exchange behind it, does not answer. Repeating the same signed request is safe.

    ``told``: whether the API itself said when to come again, rather than a guess.
    """

    code: ClassVar[str] = "api_unavailable"

    def __init__(self, message: str, *, retry_after_s: int = 1, told: bool = False, **values: object) -> None:
        super().__init__(message, retry_after_s=retry_after_s, told=told, **values)
        self.told = told


class RateLimited(ApiUnavailable):
    """More requests than the limit allows: come again after ``retry_after_s``."""


class OutcomeUnknown(ApiUnavailable):
    """It is not known whether the request was taken: send exactly the same again."""


BY_CODE: Final[Mapping[str, type[ApiProblem]]] = {
    "account_unknown": AccountUnknown,
    "order_unknown": OrderUnknown,
    "order_not_found": OrderUnknown,
    "client_id_reused": ClientIdReused,
    "market_halted": MarketHalted,
    "post_only_would_take": PostOnlyWouldTake,
    "fill_or_kill_short": FillOrKillShort,
    "proof_not_ready": ProofNotReady,
    "funds_short": FundsShort,
    "margin_short": MarginShort,
}
BY_STATUS: Final[Mapping[int, type[ApiProblem]]] = {
    401: NotAuthorised,
    403: NotAuthorised,
    404: NothingThere,
    409: Conflicting,
}


def problem_in(status: int, content: bytes, retry_after: str | None) -> ApiProblem | ApiUnavailable:
    """The error of an answer that is no success; whatever stands between client and API may have sent it."""
    try:
        document = msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        document = {"code": "unavailable" if status >= 500 else "request_refused", "detail": f"HTTP status {status}"}
    return error_of({"status": status, **document}, retry_after)


def error_of(document: Mapping[str, Any], retry_after: str | None = None) -> ApiProblem | ApiUnavailable:
    """The error of a problem document."""
    problem, status = str(document.get("code", "request_refused")), int(document.get("status", 500))
    if status == 429 or status >= 500:
        told = bool(retry_after and retry_after.isdigit())
        kind = {429: RateLimited}.get(status, OutcomeUnknown if problem == "submission_unknown" else ApiUnavailable)
        wait = int(retry_after) if told and retry_after else 1
        return kind(str(document.get("detail")), retry_after_s=wait, told=told, problem=problem)
    return BY_CODE.get(problem, BY_STATUS.get(status, RequestInvalid))(problem, document)
