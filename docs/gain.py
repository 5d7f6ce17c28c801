"""Draws docs/gain.svg, the picture of the first page, from the runs of `benchmarks.defaults`.

python -m docs.gain > docs/gain.svg
"""

import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from benchmarks.defaults import finished
from openal.simulate._styles import styles_of

RUNS = Path(__file__).resolve().parents[1] / "benchmarks" / "results" / "defaults.jsonl"
SHOWN = ("perfect purity", "KnownKMeans", "Random")
DASHES = {"-": "none", "--": "7 4"}
LEFT, TOP, WIDTH, HEIGHT = 32, 14, 250, 190
RIGHT = 108  # for the names

Curves = dict[str, list[float]]


def curves() -> Curves:
    """By strategy the accuracy after each round, in percent: the mean of seeds, then of cells."""
    by_cell: dict[tuple[str, str], list[list[float]]] = defaultdict(list)
    for run in finished(RUNS):
        if run["strategy"] in SHOWN and "accuracy" in run:
            by_cell[run["strategy"], run["cell"]].append(run["accuracy"])
    means = {key: _mean(seeds) for key, seeds in by_cell.items()}
    return {name: _mean([m for k, m in means.items() if k[0] == name], 100) for name in SHOWN}


def _mean(rows: Sequence[Sequence[float]], factor: float = 1) -> list[float]:
    return [factor * fmean(column) for column in zip(*rows, strict=True)]


def picture(lines: Curves) -> str:
    """The curves as an SVG on white, in the colors that the strategies have in every figure."""
    low, high = (f(v for line in lines.values() for v in line) for f in (min, max))
    ticks = [t for t in range(0, 101, 10) if low - 5 <= t <= high + 2]
    bottom, top = ticks[0], high + 2
    width, height = LEFT + WIDTH + RIGHT, HEIGHT + 60
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        ' font-family="sans-serif" font-size="14" fill="#5c6166">'
        f'<rect width="{width}" height="{height}" rx="4" fill="#ffffff"/>'
        "<title>Accuracy by the share of the answers</title>"
    )
    scale = HEIGHT / (top - bottom)
    grid = [_tick(t, TOP + HEIGHT - (t - bottom) * scale) for t in ticks]
    drawn = [_curve(name, [TOP + HEIGHT - (v - bottom) * scale for v in line])
             for name, line in lines.items()]  # fmt: skip
    foot = (
        f'<text x="{LEFT + WIDTH / 2}" y="{TOP + HEIGHT + 40}" text-anchor="middle">'
        "accuracy in %, by the share of the answers</text></svg>"
    )
    return "\n".join([head, *grid, *_shares(), *drawn, foot]) + "\n"


def _tick(value: int, y: float) -> str:
    line = f'<path d="M{LEFT} {y:.1f}h{WIDTH}" stroke="#7f7f7f" stroke-opacity=".25"/>'
    return f'{line}<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value}</text>'


def _shares() -> list[str]:
    return [
        f'<text x="{LEFT + WIDTH * part / 2}" y="{TOP + HEIGHT + 20}" text-anchor="middle">'
        f"{50 * part} %</text>"
        for part in range(3)
    ]


def _curve(name: str, heights: list[float]) -> str:
    step = WIDTH / (len(heights) - 1)
    points = " ".join(f"{LEFT + step * i:.1f},{y:.1f}" for i, y in enumerate(heights))
    style = styles_of(SHOWN)[name]
    color = style.color
    label = f'<text x="{LEFT + WIDTH + 8}" y="{heights[-1] + 4:.1f}" fill="{color}">{name}</text>'
    return (
        f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2.5"'
        f' stroke-dasharray="{DASHES[style.dashes]}"/>{label}'
    )


if __name__ == "__main__":
    sys.stdout.write(picture(curves()))
