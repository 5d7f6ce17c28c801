"""The tables and the plot of `benchmarks.defaults`: differences to Random, pair by pair."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean, median
from typing import Any, NamedTuple

from openal.simulate._differences import LEAST_HEADROOM, half_interval
from openal.simulate._styles import styles_of
from openal.simulate.bounds import BOUNDS
from openal.simulate.metrics import aubc

__all__ = ["Gains", "gains", "interval", "plot", "tables"]

BOUND = next(iter(BOUNDS))

Runs = list[dict[str, Any]]
Pairs = Mapping[tuple[str, int], Any]


def tables(runs: Runs) -> str:
    """All strategies over all cells; then each cell by itself."""
    curves = _curves(runs)
    rows = sorted(curves, key=lambda name: -_gain(curves, name)[0])
    head = (
        f"{'':24}{'area':>15}{'final':>15}{'wins':>7}{'losses':>7}{'answers':>9}{'s':>7}{'runs':>6}"
    )
    lines = ["Minus Random, percent points, with 95 % intervals over cells", "", head]
    lines += [_line(runs, curves, name) for name in rows]
    failed = [each for each in runs if "error" in each]
    lines += [f"failed: {each['strategy']}, {each['cell']}: {each['error']}" for each in failed]
    return "\n".join([*lines, "", *_by_cell(curves)])


def _curves(runs: Runs) -> dict[str, dict[tuple[str, int], list[float]]]:
    """The learning curve of each strategy by cell and seed."""
    curves: dict[str, dict[tuple[str, int], list[float]]] = defaultdict(dict)
    for each in runs:
        if "error" not in each:
            curves[each["strategy"]][each["cell"], each["seed"]] = each["accuracy"]
    return dict(curves)


def _differences(curves: Mapping[str, Pairs], name: str) -> dict[str, list[tuple[float, float]]]:
    """By cell: area and final accuracy less Random's, one pair for each seed."""
    found = defaultdict(list)
    for key, curve in curves[name].items():
        if (random := curves.get("Random", {}).get(key)) is not None:
            found[key[0]].append((aubc(curve) - aubc(random), curve[-1] - random[-1]))
    return dict(found)


def interval(values: Iterable[float]) -> tuple[float, float]:
    """The mean over cells, and half of its 95 % interval by the t distribution."""
    values = [*values]
    if len(values) < 2:
        return (values[0] if values else 0.0), float("nan")
    return fmean(values), half_interval(values)


def _gain(curves: Mapping[str, Pairs], name: str, part: int = 0) -> tuple[float, float]:
    by_cell = _differences(curves, name).values()
    return interval(fmean(pair[part] for pair in pairs) for pairs in by_cell)


def _answers(curves: Mapping[str, Pairs], name: str) -> float:
    """The median share of Random's answers after which its final accuracy is reached; 1: never."""
    shares = []
    for key, curve in curves[name].items():
        if (random := curves.get("Random", {}).get(key)) is not None:
            reached = [at for at, value in enumerate(curve) if value >= random[-1]]
            shares.append(min([*reached, len(curve) - 1]) / (len(curve) - 1))
    return median(shares) if shares else 1.0


class Gains(NamedTuple):
    """What a strategy gains over Random: area, final accuracy, cells won and lost."""

    area: str
    final: str
    wins: int
    losses: int


def gains(runs: Runs) -> dict[str, Gains]:
    """By strategy, as the table has it."""
    curves = _curves(runs)
    return {name: _gains(curves, name) for name in curves}


def _gains(curves: Mapping[str, Pairs], name: str) -> Gains:
    means = [fmean(pair[0] for pair in pairs) for pairs in _differences(curves, name).values()]
    wins, losses = (sum(sign * mean > 0 for mean in means) for sign in (1, -1))
    area, final = (
        f"{100 * mean:+6.1f} ± {100 * half:4.1f}"
        for mean, half in (_gain(curves, name, part) for part in (0, 1))
    )
    return Gains(area, final, wins, losses)


def _line(runs: Runs, curves: Mapping[str, Pairs], name: str) -> str:
    area, final, wins, losses = _gains(curves, name)
    took = [each["seconds"] for each in runs if each["strategy"] == name and "error" not in each]
    return (
        f"{name:24}{area:>15}{final:>15}{wins:>7}{losses:>7}"
        f"{_answers(curves, name):>9.0%}{fmean(took):>7.2f}{len(curves[name]):>6}"
    )


def _by_cell(curves: Mapping[str, Pairs]) -> Iterable[str]:
    """For each cell the area of Random, and what the bound and each strategy gain."""
    bound = _differences(curves, BOUND) if BOUND in curves else {}
    names = [name for name in sorted(curves) if name not in ("Random", BOUND)]
    for cell in sorted({key[0] for key in curves.get("Random", {})}):
        areas = [aubc(curve) for key, curve in curves["Random"].items() if key[0] == cell]
        room = fmean(pair[0] for pair in bound.get(cell, [(0.0, 0.0)]))
        told = "" if room >= LEAST_HEADROOM else "  (decides nothing)"
        gains = {
            name: fmean(pair[0] for pair in _differences(curves, name)[cell])
            for name in names
            if cell in _differences(curves, name)
        }
        best = sorted(gains, key=lambda name: -gains[name])
        yield f"{cell}: Random {fmean(areas):.3f}, {BOUND} {100 * room:+.1f}{told}"
        yield "  " + ", ".join(f"{name} {100 * gains[name]:+.1f}" for name in best)


def plot(runs: Runs, path: Path) -> None:
    """A forest plot of the differences in area, and the curves of four cells."""
    from matplotlib.figure import Figure

    curves = _curves(runs)
    names = sorted((name for name in curves if name != "Random"), key=lambda n: _gain(curves, n)[0])
    styles = styles_of(curves)
    figure = Figure(figsize=(12, 7), layout="constrained")
    grid = figure.add_gridspec(2, 4)
    forest = figure.add_subplot(grid[:, :2])
    gains = [[100 * value for value in _gain(curves, name)] for name in names]
    for name, (mean, half) in zip(names, gains, strict=True):
        style = styles[name]
        forest.errorbar([mean], [name], xerr=[half], color=style.color, fmt=style.marker)
    forest.axvline(0, color="gray", linewidth=1)
    forest.set(xlabel="area under the learning curve minus Random, percent points")
    for place, cell in zip(((0, 2), (0, 3), (1, 2), (1, 3)), _four(curves), strict=False):
        axes = figure.add_subplot(grid[place])
        for name in dict.fromkeys(("Random", BOUND, *reversed(names[-3:]))):
            found = [curve for key, curve in curves.get(name, {}).items() if key[0] == cell]
            if found:
                means = [fmean(values) for values in zip(*found, strict=True)]
                look = {"color": styles[name].color, "linestyle": styles[name].dashes}
                axes.plot(means, label=name, marker=styles[name].marker, **look)
        axes.set(title=cell, xlabel="round", ylabel="accuracy")
        axes.legend(fontsize="x-small")
    figure.savefig(path, dpi=120)


def _four(curves: Mapping[str, Pairs]) -> list[str]:
    """Four cells, evenly spaced by name."""
    cells = sorted({key[0] for key in curves.get("Random", {})})
    return cells[:: max(1, len(cells) // 4)][:4]
