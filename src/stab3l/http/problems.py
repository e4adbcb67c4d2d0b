"""Errors as RFC 9457 ``application/problem+json`` with the error's stable ``code`` and its values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from litestar.exceptions import HTTPException
from litestar.plugins.problem_details import ProblemDetailsConfig, ProblemDetailsException, ProblemDetailsPlugin

from stab3l.errors import Invalid, NotFound, Rejected, Stab3lError, Unauthorised, Unavailable

_STATUS: Final[tuple[tuple[type[Stab3lError], int], ...]] = (
    (Unauthorised, 401),
    (Invalid, 400),
    (NotFound, 404),
    (Rejected, 422),
    (Unavailable, 503),
)
_STATUS_OTHER: Final = 500

_HTTP_CODES: Final[Mapping[int, str]] = {
    400: "invalid",
    404: "path_unknown",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "content_type_unsupported",
}


def problems() -> ProblemDetailsPlugin:
    """The plugin that turns every error of an application into a problem document."""
    conversions: dict[type[Exception], Any] = {Stab3lError: _problem_of, HTTPException: _problem_of_http}
    return ProblemDetailsPlugin(ProblemDetailsConfig(exception_to_problem_detail_map=conversions))


def _problem_of(error: Stab3lError) -> ProblemDetailsException:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), _STATUS_OTHER)
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, Unavailable) else None
    values = {name: _json_value(value) for name, value in error.values.items()}
    return _document(status, error.code, error.message, values, headers)


def _problem_of_http(error: HTTPException) -> ProblemDetailsException:
    code = _HTTP_CODES.get(error.status_code, "request_refused" if error.status_code < 500 else "internal")
    return _document(error.status_code, code, error.detail, {}, None)


def _document(
    status: int, code: str, detail: str, values: dict[str, object], headers: dict[str, str] | None
) -> ProblemDetailsException:
    return ProblemDetailsException(
        status_code=status,
        type_=f"urn:stab3l:problem:{code}",
        title=code.replace("_", " "),
        detail=detail,
        extra={"code": code, "values": values},
        headers=headers,
    )


def _json_value(value: object) -> object:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return value if isinstance(value, bool | str | None) else str(value)
