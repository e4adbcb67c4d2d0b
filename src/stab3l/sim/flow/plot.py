"""Pictures of a simulation as SVG: backlog and completed work over time, one line for each way to share."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from stab3l.sim.flow.run import Track

WIDTH, HEIGHT, MARGIN, LEGEND = 900, 320, 60, 190
POINTS_MAX = 400
COLOURS = ("#0b7285", "#868e96", "#f08c00", "#7048e8")


def save_plots(folder: Path, title: str, tracks: Sequence[Track]) -> list[Path]:
    """Writes ``backlog.svg`` and ``completed.svg``; where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {
        "backlog": (f"{title}: backlog [10^18 wei]", {track.name: track.backlogs for track in tracks}),
        "completed": (
            f"{title}: completed, mean of ten steps [10^18 wei a step]",
            {track.name: _smooth(track.completed_by_step) for track in tracks},
        ),
    }
    paths = []
    for name, (heading, lines) in pictures.items():
        path = folder / f"{name}.svg"
        path.write_text(_svg(heading, lines))
        paths.append(path)
    return paths


def _smooth(values: Sequence[int]) -> list[int]:
    return [sum(values[max(0, i - 9) : i + 1]) // min(10, i + 1) for i in range(len(values))]


def _svg(heading: str, lines: dict[str, list[int]]) -> str:
    top = max((max(values, default=0) for values in lines.values()), default=0) or 1
    steps = max(len(values) for values in lines.values())
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
        ' font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{MARGIN}" y="24" font-size="15">{escape(heading)}</text>',
        *_axes(top, steps),
    ]
    for place, (name, values) in enumerate(lines.items()):
        colour, y = COLOURS[place % len(COLOURS)], 60 + 22 * place
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.6" points="{_points(values, top)}"/>')
        parts.append(f'<rect x="{WIDTH - LEGEND + 20}" y="{y - 9}" width="14" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{WIDTH - LEGEND + 40}" y="{y}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _axes(top: int, steps: int) -> list[str]:
    left, right, bottom, upper = MARGIN, WIDTH - LEGEND, HEIGHT - 40, 40
    axes = f'<path d="M{left} {upper}V{bottom}H{right}" fill="none" stroke="#495057"/>'
    marks = [
        f'<text x="{left - 6}" y="{bottom - (bottom - upper) * part // 4 + 4}" text-anchor="end">'
        f"{top * part // 4 / 10**18:.3g}</text>"
        for part in range(5)
    ]
    return [axes, *marks, f'<text x="{right}" y="{bottom + 18}" text-anchor="end">{steps} steps</text>']


def _points(values: Sequence[int], top: int) -> str:
    left, right, bottom, upper = MARGIN, WIDTH - LEGEND, HEIGHT - 40, 40
    stride = max(1, len(values) // POINTS_MAX)
    return " ".join(
        f"{left + (right - left) * i // max(1, len(values) - 1)},{bottom - (bottom - upper) * values[i] // top}"
        for i in range(0, len(values), stride)
    )
