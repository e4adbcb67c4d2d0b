"""How the two faces come from one description: a call, or the steps of a duty, as a method that waits or awaits.

A face is a class that can execute calls; ``asking`` and ``doing`` turn each description into a method of it with the
same parameters, result and docstring.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from stab3l.client.calls import Call
from stab3l.client.trading import Steps, Trading
from stab3l.errors import Stab3lError

P = ParamSpec("P")
T = TypeVar("T")


class Awaiting(Protocol):
    """A face whose methods are awaited."""

    trading: Trading

    async def send(self, call: Call[T]) -> T:
        """Executes one call."""
        ...


class Waiting(Protocol):
    """A face whose methods block."""

    trading: Trading

    def send(self, call: Call[T]) -> T:
        """Executes one call."""
        ...


def asking(question: Callable[P, Call[T]]) -> Callable[Concatenate[Any, P], Awaitable[T]]:
    """A call as a method of an awaiting face."""

    @functools.wraps(question)
    async def method(face: Awaiting, /, *args: P.args, **options: P.kwargs) -> T:
        return await face.send(question(*args, **options))

    return method


def doing(duty: Callable[Concatenate[Trading, P], Steps[T]]) -> Callable[Concatenate[Any, P], Awaitable[T]]:
    """A duty as a method of an awaiting face."""

    @functools.wraps(duty)
    async def method(face: Awaiting, /, *args: P.args, **options: P.kwargs) -> T:
        return await awaited(face, duty(face.trading, *args, **options))

    return method


def asking_now(question: Callable[P, Call[T]]) -> Callable[Concatenate[Any, P], T]:
    """A call as a method of a blocking face."""

    @functools.wraps(question)
    def method(face: Waiting, /, *args: P.args, **options: P.kwargs) -> T:
        return face.send(question(*args, **options))

    return method


def doing_now(duty: Callable[Concatenate[Trading, P], Steps[T]]) -> Callable[Concatenate[Any, P], T]:
    """A duty as a method of a blocking face."""

    @functools.wraps(duty)
    def method(face: Waiting, /, *args: P.args, **options: P.kwargs) -> T:
        return waited(face, duty(face.trading, *args, **options))

    return method


async def awaited(face: Awaiting, steps: Steps[T]) -> T:
    """Runs a duty's steps on an awaiting face."""
    try:
        call = next(steps)
        while True:
            try:
                answer = await face.send(call)
            except Stab3lError as error:
                call = steps.throw(error)
            else:
                call = steps.send(answer)
    except StopIteration as done:
        result: T = done.value
        return result


def waited(face: Waiting, steps: Steps[T]) -> T:
    """Runs a duty's steps on a blocking face."""
    try:
        call = next(steps)
        while True:
            try:
                answer = face.send(call)
            except Stab3lError as error:
                call = steps.throw(error)
            else:
                call = steps.send(answer)
    except StopIteration as done:
        result: T = done.value
        return result
