"""Rules of every signed request: who may ask, for how long, and only once."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Final

from stab3l.audit.reference_state import Remembered, State
from stab3l.engine.wire import OutcomeCode, Request

REQUEST_LIFE_MAX_NS: Final = 86_400 * 10**9


def request_breaks(state: State, request: Request) -> Iterator[OutcomeCode]:
    """What is wrong with a request before its content is looked at."""
    if not state.is_user(request.account):
        yield OutcomeCode.ACCOUNT_UNKNOWN
    if request.expires_at <= state.now:
        yield OutcomeCode.REQUEST_EXPIRED
    if request.expires_at > state.now + REQUEST_LIFE_MAX_NS:
        yield OutcomeCode.REQUEST_TOO_FAR
    if request.client_id == 0:
        yield OutcomeCode.CLIENT_ID_ZERO
    if (request.account, request.client_id) in state.remembered:
        yield OutcomeCode.CLIENT_ID_REUSED


def remember(state: State, request: Request, made: int) -> int:
    """Keep an accepted request's client id until it expires; the id that it made."""
    key = request.account, request.client_id
    state.remembered[key] = Remembered(request.expires_at, made)
    heappush(state.expiries, (request.expires_at, key))
    return made


def forget_expired(state: State) -> None:
    """Drop the client ids whose requests have expired."""
    while state.expiries and state.expiries[0][0] <= state.now:
        del state.remembered[heappop(state.expiries)[1]]
