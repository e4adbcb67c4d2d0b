"""One transaction of the read model, used from a coroutine: each statement runs to its end on a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, Self, TypeVar

import sqlalchemy as sa

T = TypeVar("T")


async def to_the_end(executor: Executor, work: Callable[[], T]) -> T:
    """The result of ``work``, done on a thread of ``executor``.

    A task that is cancelled meanwhile waits until the work is done, and is cancelled then: a connection that was left
    in the middle of a statement could neither be used nor closed.
    """
    running = asyncio.get_running_loop().run_in_executor(executor, work)
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled from running.exception()
    return running.result()


class Transaction:
    """Open inside ``async with``: committed at its end, or taken back when it ends by an exception."""

    def __init__(self, engine: sa.Engine, options: Mapping[str, Any], executor: Executor) -> None:
        self._engine = engine
        self._options = options
        self._executor = executor
        self._opened: sa.Connection | None = None

    async def __aenter__(self) -> Self:
        try:
            await to_the_end(self._executor, self._begin)
        except BaseException:
            await to_the_end(self._executor, self._close)
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                await to_the_end(self._executor, self._connection.commit)
        finally:
            await to_the_end(self._executor, self._close)

    async def execute(
        self, statement: sa.Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> sa.Result[Any]:
        """Runs a statement; the rows that it found are all in memory."""

        def run() -> sa.Result[Any]:
            result = self._connection.execute(statement, parameters)
            return result.freeze()() if result.returns_rows else result

        return await to_the_end(self._executor, run)

    async def change(self, statement: sa.Executable) -> int:
        """Runs an insert, update or delete; how many rows it touched."""
        return await to_the_end(self._executor, lambda: self._connection.execute(statement).rowcount)

    async def scalar(self, statement: sa.Executable) -> Any:
        """The first column of the first row; None without one."""
        return (await self.execute(statement)).scalar()

    async def scalars(self, statement: sa.Executable) -> sa.ScalarResult[Any]:
        """The first column of every row."""
        return (await self.execute(statement)).scalars()

    async def run(self, work: Callable[[sa.Connection], T]) -> T:
        """Does several things with the connection itself, on its thread."""
        return await to_the_end(self._executor, lambda: work(self._connection))

    async def rollback(self) -> None:
        """Takes back what was done so far."""
        await to_the_end(self._executor, self._connection.rollback)

    @property
    def _connection(self) -> sa.Connection:
        if self._opened is None:
            raise RuntimeError("a transaction is used inside 'async with' only")
        return self._opened

    def _begin(self) -> None:
        self._opened = self._engine.connect()
        self._opened.execution_options(**self._options)
        self._opened.begin()

    def _close(self) -> None:
        # Gives the connection back, and what was not committed with it.
        if self._opened is not None:
            self._opened.close()
