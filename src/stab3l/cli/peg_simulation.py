"""`stab3l simulate`: the peg in calm and in stress."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from stab3l.cli.output import emit, talk
from stab3l.errors import Invalid

if TYPE_CHECKING:
    from stab3l.sim.peg.sweep import Cell

BLOCKS = 43_200
"""A day of two-second blocks."""

Blocks = Annotated[int, Parameter(help="Blocks to simulate.")]
Seed = Annotated[int, Parameter(help="Same seed, same world.")]
Json = Annotated[bool, Parameter(name="--json", help="Print one JSON object on stdout.", negative="")]
Report = Annotated[Path | None, Parameter(help="Write a self-contained HTML page with plots there.")]
Chosen = Annotated[list[str], Parameter(name="--set", help="NAME=VALUE of the economy; repeatable.", negative="")]


def peg(
    scenario: Annotated[str, Parameter(help="Its name; --list shows them.")] = "normal",
    /,
    *,
    blocks: Blocks = BLOCKS,
    seed: Seed = 0,
    chosen: Chosen | None = None,
    strength: Annotated[int, Parameter(help="Of the scenario's shock, per mille.")] = 1_000,
    report: Report = None,
    show: Annotated[bool, Parameter(name="--list", help="Show scenarios and parameters.", negative="")] = False,
    as_json: Json = False,
) -> None:
    """Simulates the peg by the contracts' integer rules: pools, gold mesh, stabilisers, oracles, bridges, agents.

    Prints how far prices strayed from the peg, which targets were met, what attackers gained, and the invariants.

    Example: `stab3l simulate peg bank-run --blocks 20000 --seed 7 --report bank-run.html`
    """
    from stab3l.sim.peg.economy import Parameters
    from stab3l.sim.peg.run import run
    from stab3l.sim.peg.scenarios import scenario as named

    if show:
        _show_choices(as_json)
        return
    found = named(scenario)
    parameters = found.settled(Parameters(), _assignments(chosen or []))
    with _bar() as bar:
        task = bar.add_task(f"simulating {found.name}", total=blocks)
        done = run(found, parameters, blocks=blocks, seed=seed, strength=strength,
                   progress=lambda block: bar.update(task, completed=block))  # fmt: skip
    if report is not None:
        from stab3l.sim.peg.report import run_page

        _write(report, run_page(found, done))
    if as_json:
        emit(done.figures)
    else:
        _show(found.title, done.figures)


def sweep(
    scenario: Annotated[str, Parameter(help="Its name.")] = "normal",
    /,
    *,
    vary: Annotated[list[str], Parameter(help="NAME=VALUE,VALUE,... of the economy; repeatable.", negative="")],
    blocks: Blocks = 10_000,
    seeds: Annotated[int, Parameter(help="Seeds per combination, of which the median is told.")] = 3,
    chosen: Chosen | None = None,
    report: Report = None,
    as_json: Json = False,
) -> None:
    """Runs a scenario with every combination of parameters, on all cores.

    Example: `stab3l simulate sweep flash-drain --vary loop_gain_ppm=400000,800000 --vary sustained_blocks=1,3,6`
    """
    from stab3l.sim.peg.scenarios import scenario as named
    from stab3l.sim.peg.sweep import sweep as swept

    found = named(scenario)
    if not 1 <= seeds <= 1_000:
        raise Invalid(f"--seeds {seeds}: between 1 and 1000", seeds=seeds)
    with _bar() as bar:
        task = bar.add_task(f"sweeping {found.name}", total=None)
        cells = swept(
            found, _assignments(chosen or []), _ranges(vary), blocks=blocks, seeds=range(seeds),
            done=lambda count, total: bar.update(task, completed=count, total=total),
        )  # fmt: skip
    if report is not None:
        from stab3l.sim.peg.report import sweep_page

        _write(report, sweep_page(found, cells))
    if as_json:
        emit({"scenario": found.name, "blocks": blocks, "seeds": seeds,
              "cells": [{"chosen": cell.chosen, **cell.figures} for cell in cells]})  # fmt: skip
    else:
        _show_cells(cells)


def reverse(
    scenario: Annotated[str, Parameter(help="Its name; one with a shock.")] = "flash-drain",
    /,
    *,
    blocks: Blocks = 10_000,
    seed: Seed = 0,
    chosen: Chosen | None = None,
    as_json: Json = False,
) -> None:
    """Reverse stress test: the smallest shock, per mille of the scenario's own, that breaks each target.

    Example: `stab3l simulate reverse flash-drain --blocks 4000`
    """
    from stab3l.sim.peg.economy import Parameters
    from stab3l.sim.peg.scenarios import scenario as named
    from stab3l.sim.peg.sweep import STRENGTHS, smallest_breaking

    found = named(scenario)
    parameters = found.settled(Parameters(), _assignments(chosen or []))
    with _bar() as bar:
        task = bar.add_task(f"looking for what breaks {found.name}", total=None)
        broken = smallest_breaking(
            found, parameters, blocks=blocks, seed=seed,
            done=lambda count, total: bar.update(task, completed=count, total=total),
        )  # fmt: skip
    if as_json:
        emit({"scenario": found.name, "blocks": blocks, "seed": seed, "strength_max_permille": STRENGTHS[-1],
              "smallest_breaking_permille": broken})  # fmt: skip
        return
    table = Table("target", "broken from", title=f"{found.title}: smallest shock, per mille of the scenario's")
    for name, strength in broken.items():
        table.add_row(name, f"nothing up to {STRENGTHS[-1]:,}" if strength is None else f"{strength:,}")
    talk.print(table)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=talk, transient=True, disable=not talk.is_terminal)


def _assignments(pairs: Sequence[str]) -> dict[str, int]:
    chosen = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            chosen[name] = int(value)
        except ValueError:
            raise Invalid(f"{pair!r}: write NAME=WHOLE_NUMBER", given=pair) from None
    return chosen


def _ranges(pairs: Sequence[str]) -> dict[str, list[int]]:
    ranges = {}
    for pair in pairs:
        name, _, values = pair.partition("=")
        try:
            ranges[name] = [int(value) for value in values.split(",")]
        except ValueError:
            raise Invalid(f"{pair!r}: write NAME=VALUE,VALUE,...", given=pair) from None
    return ranges


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise Invalid(f"cannot write {path}: {error.strerror}", path=str(path)) from error
    talk.print(f"wrote {path}", markup=False, soft_wrap=True)


def _show(title: str, figures: dict[str, Any]) -> None:
    pools = Table(title=f"{title}: {figures['blocks']:,} blocks, seed {figures['seed']}", title_justify="left")
    for heading in ("pool", "p50", "p95", "p99", "max bp", "in ±10 bp", "recovered"):
        pools.add_column(heading, justify="left" if heading == "pool" else "right", no_wrap=True)
    for name, pool in figures["pools"].items():
        found = pool["deviation"]
        numbers = (f"{found[key]:,.2f}" for key in ("p50_bp", "p95_bp", "p99_bp", "max_bp"))
        recovered = pool.get("blocks_to_recover", "")
        pools.add_row(name, *numbers, f"{found['share_within']:.2%}", "never" if recovered is None else str(recovered))
    talk.print(pools)
    targets = Table("", "target", "wanted", "found")
    for target in figures["targets"]:
        targets.add_row(
            "ok" if target["met"] else "NOT MET", target["name"], target["wanted"], str(target["found"])
        )  # fmt: skip
    talk.print(targets)
    gains = "  ".join(f"{name} {gain:,}" for name, gain in figures["profit_usd"].items())
    held = "  ".join(f"{name} {value}" for name, value in figures["invariants"].items())
    talk.print(f"profit in dollars: {gains}\nfees: ${figures['fees_usd']:,}\n{held}", markup=False)


def _show_choices(as_json: bool) -> None:
    from stab3l.sim.peg.economy import Parameters
    from stab3l.sim.peg.scenarios import SCENARIOS

    defaults = Parameters()
    chosen = {name: getattr(defaults, name) for name in Parameters.__dataclass_fields__}
    if as_json:
        scenarios = [
            {"name": s.name, "title": s.title, "story": s.story, "parameters": s.parameters} for s in SCENARIOS
        ]
        emit({"scenarios": scenarios, "parameters": chosen})
        return
    table = Table("scenario", "what happens")
    for found in SCENARIOS:
        table.add_row(found.name, found.story)
    talk.print(table)
    table = Table("parameter", "default")
    for name, value in chosen.items():
        table.add_row(name, f"{value:,}")
    talk.print(table)


def _show_cells(cells: list[Cell]) -> None:
    names, columns = list(cells[0].chosen), ("p95_bp", "max_bp", "share_within", "blocks_to_recover", "targets_met")
    table = Table(*names, *(column.replace("_", " ") for column in columns))
    for cell in cells:
        table.add_row(*(str(value) for value in (*cell.chosen.values(), *(cell.figures[name] for name in columns))))
    talk.print(table)
