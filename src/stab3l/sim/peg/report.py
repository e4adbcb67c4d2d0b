"""A run as one HTML page that needs nothing else: verdicts, figures, interactive plots."""

from __future__ import annotations

import html
import json
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs
from plotly.subplots import make_subplots

from stab3l.sim.peg.economy import POOL_NAMES
from stab3l.sim.peg.measures import PEG_BP, PPB_PER_BP, SPREAD_BP, Series
from stab3l.sim.peg.run import Run
from stab3l.sim.peg.scenarios import Scenario
from stab3l.sim.peg.sweep import Cell

POINTS_MAX = 4_000
SEVERAL = (3, 4, 5)
"""Plots of several lines."""
BACKGROUND, INK, GRID = "#0e1117", "#d7dce2", "#2a313b"
COLOURS = ("#4cc9f0", "#f72585", "#ffd166", "#06d6a0", "#b388ff", "#ff9f1c", "#8ecae6")
LOOK: dict[str, Any] = {
    "template": "plotly_dark", "paper_bgcolor": BACKGROUND, "plot_bgcolor": BACKGROUND, "font_color": INK,
    "colorway": COLOURS,
}  # fmt: skip
STYLE = (
    f"body{{background:{BACKGROUND};color:{INK};font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1100px;"
    "padding:0 1rem}table{border-collapse:collapse;margin:1rem 0;width:100%}.wide{overflow-x:auto}"
    f"td,th{{border-bottom:1px solid {GRID};padding:.35rem .6rem;text-align:right}}"
    "td:first-child,th:first-child{text-align:left}.met{color:#06d6a0}.missed{color:#ff6b6b}"
    "pre{overflow:auto}h1{margin-bottom:0}"
)


def thinned(series: Series) -> tuple[Any, Any]:
    """(blocks, values): each bin's lowest and highest value where there are too many, so that no spike is lost."""
    blocks = np.arange(1, len(series) + 1)
    if len(series) <= POINTS_MAX:
        return blocks, series
    width = -(-len(series) // (POINTS_MAX // 2))
    kept = []
    for start in range(0, len(series), width):
        part = series[start : start + width]
        kept += sorted({start + int(part.argmin()), start + int(part.argmax())})
    return blocks[kept], series[kept]


def run_page(scenario: Scenario, run: Run) -> str:
    """The report of one run."""
    figures = run.figures
    summary = f"seed {figures['seed']} · {figures['blocks']:,} blocks · {figures['swaps']:,} trades"
    money = (
        f"fees ${figures['fees_usd']:,} · stabilised ${figures['stabilised_usd']:,} · "
        f"reserve used {figures['reserve_used_ppm']:,} ppm · exchanges through the mesh {figures['triangulations']:,}"
    )
    body = [
        f"<h1>{html.escape(scenario.title)}</h1><p>{html.escape(scenario.story)}</p><p>{summary}<br>{money}</p>",
        _targets_table(figures),
        _plots(scenario, run),
        _pools_table(figures),
        f"<details><summary>All figures</summary><pre>{html.escape(json.dumps(figures, indent=1))}</pre></details>",
    ]
    return page(scenario.title, "".join(body))


def page(title: str, body: str) -> str:
    """A self-contained page: the plotting library is inside."""
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title><style>{STYLE}</style>"
        f"<script>{get_plotlyjs()}</script><body>{body}</body></html>"
    )


def _targets_table(figures: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(t['name'])}</td><td>{html.escape(t['wanted'])}</td><td>{t['found']}</td>"
        f"<td class={'met' if t['met'] else 'missed'}>{'met' if t['met'] else 'not met'}</td></tr>"
        for t in figures["targets"]
    )
    invariants = " · ".join(f"{name.replace('_', ' ')}: {value}" for name, value in figures["invariants"].items())
    return f"<table><tr><th>target<th>wanted<th>found<th></tr>{rows}</table><p>{html.escape(invariants)}</p>"


def _pools_table(figures: dict[str, Any]) -> str:
    columns = ("mean_bp", "p50_bp", "p95_bp", "p99_bp", "max_bp", "rms_bp", "share_within")
    head = "".join(f"<th>{name.replace('_', ' ')}" for name in columns)
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td>"
        + "".join(f"<td>{pool['deviation'][column]:,}</td>" for column in columns)
        + f"<td>{pool.get('blocks_to_recover', '')}</td></tr>"
        for name, pool in figures["pools"].items()
    )
    return f"<table><tr><th>pool{head}<th>blocks to recover</tr>{rows}</table>"


def _plots(scenario: Scenario, run: Run) -> str:
    titles = (
        f"{POOL_NAMES[scenario.watched]}: deviation from the peg [bp]", "Share of blocks by size of deviation [bp]",
        "Spread between chains [bp]", "Stabilised so far [quote tokens]", "Profit by agent [$]",
        "Reserve left [share]",
    )  # fmt: skip
    figure = make_subplots(rows=6, cols=1, subplot_titles=titles, vertical_spacing=0.045)
    watched = run.deviations[scenario.watched]
    _line(figure, 1, "deviation", watched, 1 / PPB_PER_BP)
    for edge in (-PEG_BP, PEG_BP):
        figure.add_hline(y=edge, line_dash="dot", line_color="#8d99a6", row=1, col=1)
    if scenario.has_event:
        figure.add_vline(x=run.event, line_color="#ff6b6b", row=1, col=1)
    share = np.sort(np.abs(watched)) / PPB_PER_BP
    step = max(len(share) // POINTS_MAX, 1)
    figure.add_scatter(
        x=share[::step], y=np.linspace(0, 1, len(share))[::step], name="share of blocks", showlegend=False, row=2, col=1
    )
    for name, series in zip(run.figures["spreads"], run.spreads, strict=True):
        if "@B" in name:
            _line(figure, 3, name, series, 1 / PPB_PER_BP)
    figure.add_hline(y=SPREAD_BP, line_dash="dot", line_color="#8d99a6", row=3, col=1)
    for name, series in zip(run.figures["stabilisers"], run.stabilised, strict=True):
        _line(figure, 4, f"stabilised {name}", series, 1 / 10**6)
    for name, series in run.profits:
        if series.any():
            _line(figure, 5, name, series, 1 / 10**6)
    _line(figure, 6, "USDT", run.reserves, 1 / 10**9)
    figure.update_yaxes(rangemode="tozero", row=6, col=1)
    figure.update_layout(height=2_000, margin={"l": 60, "r": 20, "t": 60, "b": 40}, **LOOK, **_legends(figure))
    return str(figure.to_html(full_html=False, include_plotlyjs=False))


def _legends(figure: go.Figure) -> dict[str, dict[str, Any]]:
    """A legend within each plot of several lines."""
    place = {"x": 0.01, "yanchor": "top", "font_size": 11, "bgcolor": "rgba(14,17,23,0.6)"}
    return {f"legend{row}": place | {"y": figure.layout[f"yaxis{row}"].domain[1]} for row in SEVERAL}


def _line(figure: go.Figure, row: int, name: str, series: Series, unit: Any) -> None:
    blocks, values = thinned(series)
    legend = {"legend": f"legend{row}"} if row in SEVERAL else {"showlegend": False}
    figure.add_scatter(x=blocks, y=values * unit, name=name, mode="lines", line_width=1, row=row, col=1, **legend)


def sweep_page(scenario: Scenario, cells: list[Cell]) -> str:
    """A sweep as a table and, for one or two varied parameters, a plot."""
    names = list(cells[0].chosen)
    columns = list(cells[0].figures)
    head = "".join(f"<th>{html.escape(name)}" for name in (*names, *columns))
    rows = "".join(
        "<tr>" + "".join(f"<td>{value}</td>" for value in (*cell.chosen.values(), *cell.figures.values())) + "</tr>"
        for cell in cells
    )
    plot = ""
    if len(names) == 1:
        figure = go.Figure(go.Scatter(x=[c.chosen[names[0]] for c in cells], y=[c.figures["p95_bp"] for c in cells]))
        figure.update_layout(xaxis_title=names[0], yaxis_title="p95 of deviation [bp]", **LOOK)
        plot = str(figure.to_html(full_html=False, include_plotlyjs=False))
    elif len(names) == 2:
        x = sorted({cell.chosen[names[0]] for cell in cells})
        y = sorted({cell.chosen[names[1]] for cell in cells})
        at = {(cell.chosen[names[0]], cell.chosen[names[1]]): cell.figures["p95_bp"] for cell in cells}
        values = [[at[a, b] for a in x] for b in y]
        axes = {"x": [str(a) for a in x], "y": [str(b) for b in y]}
        figure = go.Figure(go.Heatmap(**axes, z=values, texttemplate="%{z}", colorbar_title="bp"))
        figure.update_layout(
            title="p95 of deviation [bp]", xaxis_title=names[0], yaxis_title=names[1],
            xaxis_type="category", yaxis_type="category", **LOOK,
        )  # fmt: skip
        plot = str(figure.to_html(full_html=False, include_plotlyjs=False))
    title = f"Sweep: {scenario.title}"
    table = f"<div class=wide><table><tr>{head}</tr>{rows}</table></div>"
    return page(title, f"<h1>{html.escape(title)}</h1><p>{html.escape(scenario.story)}</p>{plot}{table}")
