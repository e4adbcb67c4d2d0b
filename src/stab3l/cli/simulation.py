"""`stab3l simulate flow`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.progress import Progress
from rich.table import Table

from stab3l.cli.output import emit, talk
from stab3l.errors import Invalid

if TYPE_CHECKING:
    from stab3l.sim.flow.run import Track
    from stab3l.sim.flow.scenario import Scenario


def flow(
    scenario: Annotated[str, Parameter(help="Its name; --list shows them.")] = "steady",
    /,
    *,
    steps: Annotated[int | None, Parameter(help="Epochs to simulate.")] = None,
    sinks: Annotated[int | None, Parameter(help="Number of sinks.")] = None,
    seed: Annotated[int, Parameter(help="Same seed, same world.")] = 0,
    plots: Annotated[Path | None, Parameter(help="Folder for backlog.svg and completed.svg.")] = None,
    show: Annotated[bool, Parameter(name="--list", help="Show the scenarios.", negative="")] = False,
    as_json: Annotated[bool, Parameter(name="--json", help="Print one JSON object on stdout.", negative="")] = False,
) -> None:
    """Simulates backpressure payments by the contracts' integer rules, beside round robin, random and max-weight.

    Example: `stab3l simulate flow liars --steps 2000 --plots ./pictures`
    """
    from stab3l.sim.flow.plot import save_plots
    from stab3l.sim.flow.run import simulate
    from stab3l.sim.flow.scenario import SCENARIOS
    from stab3l.sim.flow.scenario import scenario as named

    if show:
        _show_scenarios(list(SCENARIOS.values()), as_json)
        return
    found = _changed(named(scenario), steps, sinks)
    with Progress(console=talk, transient=True) as progress:
        task = progress.add_task(f"simulating {found.name}", total=4 * found.steps)
        tracks = simulate(found, seed, lambda name, _: progress.advance(task, 50))
    if as_json:
        emit({"scenario": found.name, "steps": found.steps, "seed": seed, "ways": [_record(t) for t in tracks]})
    else:
        _show(found, tracks)
    for path in save_plots(plots, found.name, tracks) if plots else []:
        talk.print(f"wrote {path}", markup=False)


def _changed(found: Scenario, steps: int | None, sinks: int | None) -> Scenario:
    if steps is not None and not 1 <= steps <= 1_000_000:
        raise Invalid(f"--steps {steps}: between 1 and 1000000")
    if sinks is not None and not found.liars < sinks <= 10_000:
        raise Invalid(f"--sinks {sinks}: more than the {found.liars} liars, and at most 10000")
    return replace(found, steps=steps or found.steps, sinks=sinks or found.sinks)


def _record(track: Track) -> dict[str, Any]:
    from stab3l.sim.flow.run import drift

    moved = drift(track.backlogs, sum(track.backlogs) // max(1, len(track.backlogs)))
    return {
        "way": track.name,
        "completion_bps": track.completion_bps,
        "failed_bps": track.failed * 10_000 // max(1, track.demanded),
        "liar_bps": track.liar_bps,
        "backlog_mean": str(moved.threshold),
        "backlog_max": str(moved.largest),
        "backlog_last": str(track.backlogs[-1]),
        "drift_above_mean": str(moved.mean_change),
        "overpaid": str(track.overpaid),
    }


def _show(found: Scenario, tracks: list[Track]) -> None:
    table = Table(title=f"{found.name}: {found.about}; {found.steps} steps", title_justify="left")
    for heading in ("", "completed", "given up", "to liars", "mean backlog", "largest", "drift above the mean"):
        table.add_column(heading, justify="left" if not heading else "right", no_wrap=not heading)
    for record in map(_record, tracks):
        table.add_row(
            record["way"],
            _percent(record["completion_bps"]),
            _percent(record["failed_bps"]),
            _percent(record["liar_bps"]),
            *(f"{int(record[key]) / 10**18:.2f}" for key in ("backlog_mean", "backlog_max", "drift_above_mean")),
        )
    talk.print(table)
    talk.print("backlog in 10^18 wei of work; a negative drift brings a large backlog back")


def _show_scenarios(found: list[Scenario], as_json: bool) -> None:
    if as_json:
        emit({"scenarios": [{"name": one.name, "about": one.about} for one in found]})
        return
    table = Table(show_header=False)
    for one in found:
        table.add_row(one.name, one.about)
    talk.print(table)


def _percent(bps: int) -> str:
    return f"{bps / 100:.2f} %"
