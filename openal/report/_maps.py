"""Maps of the embeddings, with what each strategy chose in a round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from openal.report._svg import KNOWN, UNKNOWN, element, plain, text

__all__ = ["MANY", "SIDE", "Choice", "Map", "dots", "placed", "scattered"]

SIDE = 400  # of a map, in its own units
EDGE = 12
MANY = 100  # chosen items
GROUPS = ("known", "unknown", "item")  # of a choice: where it is not said, "item"


@dataclass(frozen=True, eq=False)
class Choice:
    """Where a strategy's query lies: indices by group, of known classes, of others, or unsaid."""

    name: str
    groups: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Map:
    """A figure of one small map per strategy, all on the same cloud of items."""

    key: str
    title: str
    note: str
    points: np.ndarray  # int [n, 2], as `placed` gives
    cloud: dict[str, np.ndarray]  # indices by group
    choices: Sequence[Choice]
    cloud_id: str  # of the cloud on the page

    def html(self) -> str:
        """The maps as SVG; the cloud stands in the first, the others use it."""
        specks = [dots(self.points[rows], f"speck {group}") for group, rows in self.cloud.items()]
        cloud = element("g", *specks, id=self.cloud_id)
        again = element("use", href=f"#{self.cloud_id}")
        maps = [self._one(choice, again if at else cloud) for at, choice in enumerate(self.choices)]
        return element("div", *maps, class_="maps many" if self._many else "maps")

    def _one(self, choice: Choice, cloud: str) -> str:
        """What a strategy chose, on the cloud."""
        groups = choice.groups.items()
        chosen = [dots(self.points[rows], f"dot {group}") for group, rows in groups]
        title = element("title", text(f"{self.title}: {choice.name}"))
        frame = f"0 0 {SIDE} {SIDE}"
        drawn = element("svg", title, cloud, *chosen, viewBox=frame, role="img")
        return element("figure", element("figcaption", text(choice.name)), drawn, class_="map")

    @property
    def _many(self) -> bool:
        """Whether dots must be small."""
        return any(sum(map(len, choice.groups.values())) > MANY for choice in self.choices)

    def paint(self, drawing: Any) -> None:
        """The maps by matplotlib."""
        columns = min(4, len(self.choices))
        count = -(-len(self.choices) // columns)
        drawing.set_size_inches(2.4 * columns, 2.6 * count + 0.6)
        grid = drawing.subplots(count, columns, squeeze=False).flat
        for axes in grid:
            axes.set_axis_off()
        for axes, choice in zip(grid.base.flat, self.choices, strict=False):
            scattered(axes, self.points, self.cloud, size=3, alpha=0.2, unknown="#888888")
            scattered(axes, self.points, choice.groups, size=4 if self._many else 14, alpha=0.9)
            axes.set_title(plain(choice.name), fontsize=9, parse_math=False)
            axes.set_aspect("equal")
            axes.invert_yaxis()

    def rows(self) -> list[list[object]]:
        """Strategy, dataset index, group."""
        table: list[list[object]] = [["strategy", "index", "group"]]
        for choice in self.choices:
            for group, rows in choice.groups.items():
                table += [[choice.name, int(row), group] for row in rows]
        return table


def placed(xy: np.ndarray) -> np.ndarray:
    """Points [n, 2] in the square of a map, their proportions kept; y runs down, as in SVG."""
    if not len(xy):
        return np.zeros((0, 2), int)
    xy = np.asarray(xy, np.float64)
    low, high = xy.min(axis=0), xy.max(axis=0)
    span = float((high - low).max()) or 1.0
    unit = (xy - (low + high) / 2) / span  # [-1/2, 1/2]
    points: np.ndarray = np.rint(SIDE / 2 + (SIDE - 2 * EDGE) * unit * [1, -1]).astype(int)
    return points


def dots(points: np.ndarray, look: str) -> str:
    """Strokes of no length with round ends: the shortest way to write many dots."""
    path = "".join(f"M{x} {y}h0" for x, y in np.unique(points, axis=0).tolist())
    return element("path", class_=look, d=path)


def scattered(
    axes: Any,
    points: np.ndarray,
    groups: Mapping[str, np.ndarray],
    *,
    size: float,
    alpha: float,
    unknown: str = UNKNOWN,
) -> None:
    """The points of each group on axes of matplotlib."""
    colors = {"known": KNOWN, "unknown": unknown}
    for group, rows in groups.items():
        look = {"c": colors.get(group, "#444444"), "marker": "s" if group == "unknown" else "o"}
        axes.scatter(*points[rows].T, s=size, alpha=alpha, linewidths=0, **look)
