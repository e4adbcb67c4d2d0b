"""Progress for people: what goes on now, what was done, and the tables at the end. All of it on stderr."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from stab3l.cli.output import talk

if TYPE_CHECKING:
    from stab3l.devnet.demo import Outcome
    from stab3l.devnet.invariants import Verdict
    from stab3l.devnet.steps import Step

INVARIANTS = {
    "I1": "CU supply is zero outside a mint",
    "I2": "sSTB supply = minted - redeemed",
    "I3": "collateral covers 120 % of what is owed",
    "I4": "custody holds what the engine owes",
    "I5": "replay = live state = posted root",
    "I6": "nothing acknowledged is lost or doubled",
    "I7": "trades keep limits and priority",
    "I8": "no account is negative, nothing is created",
}


class Teller:
    """A live line at the bottom and finished steps above it; plain lines when stderr is no terminal."""

    def __init__(self) -> None:
        self._status = talk.status("starting")
        self._last = ""

    def __enter__(self) -> Self:
        if talk.is_terminal:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._status.stop()

    def say(self, what: str) -> None:
        """What goes on now."""
        if talk.is_terminal:
            self._status.update(what)
        elif what != self._last:
            talk.print(what, markup=False, soft_wrap=True)
        self._last = what

    def note(self, what: str) -> None:
        """Something to remember."""
        talk.print(what, markup=False, soft_wrap=True)

    def step(self, step: Step) -> None:
        """A finished step."""
        cost = "" if step.gas is None else f"{step.gas:>9,} gas"
        values = "  ".join(f"{key} {value}" for key, value in step.as_dict().items() if key in step.values)
        talk.print(f"{step.seconds:6.1f} s  {step.name:24} {cost:14} {values}", markup=False, soft_wrap=True)

    def progress(self, name: str, values: dict[str, Any]) -> None:
        """Work within a step."""
        self.say(f"{name}: " + "  ".join(f"{key} {value}" for key, value in values.items()))

    def table(self, table: Table) -> None:
        """A table for the person who watches."""
        talk.print(table)


class ReplayProgress:
    """A bar for a replay, by bytes; nothing when stderr is no terminal. Call it with (bytes done, bytes in all)."""

    def __init__(self) -> None:
        columns = (TextColumn("replaying"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=talk, transient=True, disable=not talk.is_terminal)
        self._task = self._bar.add_task("replay", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        self._bar.update(self._task, completed=done, total=total)


def show_outcome(outcome: Outcome) -> None:
    """The verdicts of a demo run."""
    if outcome.error is not None:
        talk.print(f"failed: {outcome.error['message']}", style="red", markup=False, soft_wrap=True)
    table = Table(title=f"{len(outcome.steps)} steps in {outcome.seconds:.0f} s", title_justify="left")
    table.add_column("")
    table.add_column("invariant")
    table.add_column("found", overflow="fold")
    for verdict in outcome.invariants:
        table.add_row("ok" if verdict.ok else "FAILED", f"{verdict.id}  {INVARIANTS[verdict.id]}", _found(verdict))
    talk.print(table)


def _found(verdict: Verdict) -> str:
    plain = {key: value for key, value in verdict.as_dict().items() if key not in ("id", "ok")}
    return "  ".join(f"{key} {len(value) if isinstance(value, list) else value}" for key, value in plain.items())
