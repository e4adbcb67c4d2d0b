"""Figures from hand-made series, the search for the smallest breaking shock, sweeps, the page, the commands."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stab3l.errors import Invalid
from stab3l.sim.peg import sweep as sweeping
from stab3l.sim.peg.economy import Parameters
from stab3l.sim.peg.measures import blocks_to_recover, deviation_of, excursions_of, spread_of
from stab3l.sim.peg.report import page, run_page, sweep_page, thinned
from stab3l.sim.peg.run import run
from stab3l.sim.peg.scenarios import scenario

BP = 100_000


def series(*basis_points: int) -> np.ndarray:
    return np.array(basis_points, dtype=np.int64) * BP


def test_deviation_is_about_the_peg_not_about_the_mean() -> None:
    steady = deviation_of(series(*[12] * 100))
    assert (steady.mean_bp, steady.rms_bp, steady.p50_bp, steady.share_within) == (12, 12, 12, 0)
    swinging = deviation_of(series(*[-8, 8] * 50))
    assert (swinging.mean_bp, swinging.rms_bp, swinging.share_within) == (0, 8, 1)


def test_excursions_are_stretches_outside_the_peg() -> None:
    found = excursions_of(series(0, 11, -11, 0, 20, 0, 30))
    assert (found.count, found.max_blocks, found.p50_blocks) == (3, 2, 1)
    assert excursions_of(series(1, 2, 3)).count == 0


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ((0, 50, 20, 5, 5, 5, 5), 2),
        ((0, 5, 5, 5, 5, 5, 5), 0),
        ((0, 50, 5, 20, 5, 5, 5), 3),
        ((0, 50, 50, 50, 50, 50, 5), None),
        ((0, 5, 5, 5, 40, 40, 1, 1, 1), 2),
    ],
)
def test_recovery_counts_blocks_outside_until_the_price_stays(values: tuple[int, ...], found: int | None) -> None:
    assert blocks_to_recover(series(*values), 2) == found


@pytest.mark.parametrize(
    ("lasting", "found"),
    [
        (0, 1),
        (3, 1),
        (4, 4),  # begins while the event lasts, ends after it
        (20, None),
    ],
)
def test_recovery_from_an_event_that_lasts_is_from_its_longest_excursion(lasting: int, found: int | None) -> None:
    values = series(0, 50, 5, 5, 5, 40, 40, 5, 40, 1, 1, 1, 90, 90)
    assert blocks_to_recover(values, 2, lasting) == found


def test_spread_is_judged_against_its_target() -> None:
    assert spread_of(series(*[10] * 9, 20))["share_below"] == 0.9


def test_a_thinned_series_keeps_its_spikes() -> None:
    long = np.zeros(100_000, dtype=np.int64)
    long[54_321] = 7
    blocks, values = thinned(long)
    assert len(values) <= 4_002
    assert values.max() == 7
    assert blocks[values.argmax()] == 54_322


def test_the_smallest_breaking_shock_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fake:
        def __init__(self, strength: int) -> None:
            targets = [{"name": "peg", "met": strength < 777}, {"name": "spread", "met": True}]
            self.figures = {"targets": targets}

    monkeypatch.setattr(sweeping, "run", lambda *_, strength, **__: Fake(strength))
    found = sweeping.smallest_breaking(
        scenario("flash-drain"), Parameters(), blocks=100, seed=1, done=lambda done, total: None
    )
    assert 777 <= found["peg"] <= 777 + 7  # type: ignore[operator]
    assert found["spread"] is None
    with pytest.raises(Invalid, match="no shock"):
        sweeping.smallest_breaking(scenario("calm"), Parameters(), blocks=100, seed=1, done=lambda done, total: None)


def test_a_sweep_runs_every_combination_on_every_seed() -> None:
    told: list[tuple[int, int]] = []
    varied = {"loop_gain_ppm": [200_000, 800_000], "keeper_delay_blocks": [0, 3]}
    cells = sweeping.sweep(
        scenario("flash-drain"),
        {},
        varied,
        blocks=100,
        seeds=[1, 2],
        done=lambda done, total: told.append((done, total)),
    )
    assert [cell.chosen for cell in cells] == list(sweeping.combinations(varied))
    assert sorted(told) == [(n, 8) for n in range(1, 9)]
    assert all(cell.figures["invariants_held"] for cell in cells)
    assert "keeper_delay_blocks" in sweep_page(scenario("flash-drain"), cells)


def test_the_page_needs_nothing_else() -> None:
    found = scenario("flash-loan")
    text = run_page(found, run(found, Parameters(), blocks=200, seed=1))
    assert text.startswith(page(found.title, "")[:60])
    assert "Plotly.newPlot" in text
    assert '<script src="' not in text
    assert "I9 round trips" in text


@pytest.fixture
def stab3l() -> Callable[..., subprocess.CompletedProcess[str]]:
    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "stab3l", *arguments], check=False, capture_output=True, text=True)

    return call


def test_the_command_prints_one_object_and_writes_the_page(
    stab3l: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    report = tmp_path / "run.html"
    done = stab3l("simulate", "flash-drain", "--blocks", "200", "--seed", "3", "--json", "--report", str(report))
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["scenario"], figures["seed"], figures["blocks"]) == ("flash-drain", 3, 200)
    assert report.stat().st_size > 100_000


def test_the_command_says_which_scenarios_there_are(stab3l: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = stab3l("simulate", "peg", "meteor")
    assert done.returncode == 1
    assert "bank-run" in done.stderr
