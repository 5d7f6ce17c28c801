"""Maps of the classifiers' own features, as `openal simulate --tsne` kept them, as a figure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from openal._files import LARGEST, require_plain
from openal.errors import ArgumentError
from openal.report._figure import Styles
from openal.report._maps import MANY, SIDE, dots, placed, scattered
from openal.report._results import ConditionRuns
from openal.report._svg import element, plain, text
from openal.simulate._feature_maps import FEATURES

__all__ = ["FeatureMaps", "Features", "Panel", "feature_maps", "read_features"]


@dataclass(frozen=True, eq=False)
class Features:
    """Maps `xy` [S, R, m, 2] of the features that the classifiers of S strategies (`names`) gave
    the items at `indices` [m] before the queries of R `rounds`, counted from 0, at a `seed`.
    """

    path: Path
    settings: str
    seed: int
    names: tuple[str, ...]
    rounds: tuple[int, ...]
    indices: np.ndarray
    xy: np.ndarray


def read_features(folder: Path) -> tuple[Features, ...]:
    """All maps of a folder of results; an ArgumentError that names the first damaged file."""
    paths = sorted(folder.glob(f"**/{FEATURES}/*.npz"))
    return tuple(_read(path) for path in paths if (path.parents[1] / "runs").is_dir())


def _read(path: Path) -> Features:
    try:
        require_plain(path)
        with path.open("rb") as archive, np.load(archive, allow_pickle=False) as file:
            if sum(member.file_size for member in file.zip.infolist()) > LARGEST:
                raise ValueError(f"it unpacks to more than {LARGEST} bytes")
            found = Features(
                path,
                json.dumps(json.loads(str(file["settings"])), sort_keys=True),
                int(file["seed"]),
                tuple(map(str, file["names"].astype(np.str_))),
                tuple(map(int, file["rounds"])),
                file["indices"].astype(np.int64, casting="safe"),
                file["xy"].astype(np.float64, casting="safe"),
            )
        _require_consistent(found)
    except Exception as error:  # a broken archive may raise nearly anything
        raise ArgumentError(f"{path} cannot be read: {error}") from error
    return found


def _require_consistent(found: Features) -> None:
    shape = (len(found.names), len(found.rounds), len(found.indices), 2)
    if found.xy.shape != shape or not np.isfinite(found.xy).all():
        raise ValueError(f"xy must hold finite numbers {[*shape]}, got {[*found.xy.shape]}")
    if any(at < 0 for at in found.rounds):
        raise ValueError(f"rounds must be counted from 0, got {found.rounds}")
    if found.indices.ndim != 1 or (len(found.indices) and found.indices.min() < 0):
        raise ValueError("indices must be dataset indices [m]")


@dataclass(frozen=True, eq=False)
class Panel:
    """The map of a strategy's classifier: `points` [m, 2]; by group the rows of all and of the
    `chosen`.
    """

    name: str
    points: np.ndarray
    cloud: Mapping[str, np.ndarray]
    chosen: Mapping[str, np.ndarray]

    @property
    def many(self) -> bool:
        """Whether the dots of the chosen must be small."""
        return sum(map(len, self.chosen.values())) > MANY


@dataclass(frozen=True, eq=False)
class FeatureMaps:
    """A figure of one small map per strategy, each with a cloud of its own."""

    key: str
    title: str
    note: str
    panels: Sequence[Panel]

    def html(self) -> str:
        """The maps as SVG."""
        look = "maps many" if any(panel.many for panel in self.panels) else "maps"
        return element("div", *map(self._one, self.panels), class_=look)

    def _one(self, panel: Panel) -> str:
        specks = [dots(panel.points[rows], f"speck {group}") for group, rows in panel.cloud.items()]
        chosen = [dots(panel.points[rows], f"dot {group}") for group, rows in panel.chosen.items()]
        title = element("title", text(f"{self.title}: {panel.name}"))
        frame = f"0 0 {SIDE} {SIDE}"
        drawn = element("svg", title, *specks, *chosen, viewBox=frame, role="img")
        return element("figure", element("figcaption", text(panel.name)), drawn, class_="map")

    def paint(self, drawing: Any) -> None:
        """The maps by matplotlib."""
        columns = min(4, len(self.panels))
        lines = -(-len(self.panels) // columns)
        drawing.set_size_inches(2.4 * columns, 2.6 * lines + 0.6)
        grid = drawing.subplots(lines, columns, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        for axes, panel in zip(grid.flat, self.panels, strict=False):
            scattered(axes, panel.points, panel.cloud, size=3, alpha=0.3, unknown="#888888")
            scattered(axes, panel.points, panel.chosen, size=4 if panel.many else 14, alpha=0.9)
            axes.set_title(plain(panel.name), fontsize=9, parse_math=False)
            axes.set_aspect("equal")
            axes.invert_yaxis()

    def rows(self) -> list[list[object]]:
        """Strategy, place on the map, group, and whether it was chosen."""
        table: list[list[object]] = [["strategy", "x", "y", "group", "chosen"]]
        for panel in self.panels:
            chosen = {int(row) for rows in panel.chosen.values() for row in rows}
            for group, rows in panel.cloud.items():
                for row in rows.tolist():
                    place = panel.points[row].tolist()
                    table.append([panel.name, *place, group, int(row in chosen)])
        return table


def feature_maps(
    condition: ConditionRuns, styles: Styles, features: Sequence[Features]
) -> Iterator[FeatureMaps]:
    """The figures of a condition, for each round that was mapped; none where none was."""
    settings = json.dumps(condition.settings, sort_keys=True)
    found = next((one for one in features if one.settings == settings), None)
    if found is None:
        return
    for place, at in enumerate(found.rounds):
        panels = [*_panels(condition, styles, found, place)]
        if panels:
            yield FeatureMaps(f"tsne-round{at + 1}", _title(at), _note(condition, found), panels)


def _title(at: int) -> str:
    return f"What the classifier made of it before round {at + 1}"


def _note(condition: ConditionRuns, found: Features) -> str:
    known = condition.items is not None and found.seed in condition.known
    colors = "blue dots of known classes, orange squares of unknown ones" if known else "dark dots"
    return (
        f"Seed {found.seed}; t-SNE of {len(found.indices)} items, of the features that the last "
        f"layer of each classifier reads. Large are the first of those then chosen: {colors}. "
        "Distances between groups mean little."
    )


def _panels(
    condition: ConditionRuns, styles: Styles, found: Features, place: int
) -> Iterator[Panel]:
    known = _known(condition, found)
    for name in (name for name in styles if name in found.names):
        run = condition.runs.get(name, {}).get(found.seed)
        at = found.rounds[place]
        if run is not None and at < len(run.asked):
            points = placed(found.xy[found.names.index(name), place])
            chosen = np.flatnonzero(np.isin(found.indices, run.asked[at]))
            everything = np.arange(len(found.indices))
            yield Panel(name, points, _grouped(everything, known), _grouped(chosen, known))


def _known(condition: ConditionRuns, found: Features) -> np.ndarray | None:
    """Which of the mapped items are of known classes, or None where nobody says."""
    items, classes = condition.items, condition.known.get(found.seed)
    if items is None or classes is None or found.indices.max(initial=0) >= len(items):
        return None
    known: np.ndarray = items.known(classes)[found.indices]
    return known


def _grouped(rows: np.ndarray, known: np.ndarray | None) -> dict[str, np.ndarray]:
    if known is None:
        return {"item": rows}
    return {"unknown": rows[~known[rows]], "known": rows[known[rows]]}
