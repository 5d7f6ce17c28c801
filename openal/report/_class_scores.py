"""How well each class is told in the end: a field per strategy and class, the darker the better."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from openal.report._figure import Styles
from openal.report._results import ConditionRuns
from openal.report._svg import cut, element, plain, text

__all__ = ["ClassFields", "class_fields"]

MEASURES = {"precision": "class_precision", "recall": "class_recall", "F1": "class_f1"}
NOTE = (
    "After the last answers, on held-out items: precision, recall and F1 of each class, the mean "
    "over the seeds at which it is known. A share of nothing is 0. Classes that are told best "
    "stand on the left; the numbers are in the CSV."
)
WIDTH, LEFT, ROW, TOP, NAMES = 400, 134, 22, 20, 62
LONGEST = 22  # name of a strategy
NAMED = 12  # more classes have no names above
NUMBERED = 8  # more fields are too narrow for a number
DARK = 0.55  # from here on a number is written in the color of the paper


@dataclass(frozen=True, eq=False)
class ClassFields:
    """A figure of three fields: `values` [3, S, K] are precision, recall and F1 of each of S
    strategies and K classes, `seeds` [S, K] how many of them a mean is over, 0 for none.
    """

    strategies: Sequence[str]
    classes: Sequence[str]
    values: np.ndarray
    seeds: np.ndarray

    key = "classes"
    title = "Classification, class by class"
    note = NOTE

    def html(self) -> str:
        """A field for each of the three measures."""
        fields = [self._field(at, measure) for at, measure in enumerate(MEASURES)]
        return element("div", *fields, class_="fields")

    def paint(self, drawing: Any) -> None:
        """The fields by matplotlib."""
        count, width = len(self.strategies), 3.2 * len(MEASURES) + 1.4
        drawing.set_size_inches(width, 0.26 * count + 1.3 + 0.7 * self._named)
        for axes, measure, values in zip(
            drawing.subplots(1, len(MEASURES), sharey=True), MEASURES, self.values, strict=True
        ):
            shown = np.ma.array(values, mask=self.seeds == 0)
            image = axes.imshow(shown, cmap="Blues", vmin=0, vmax=1, aspect="auto")
            axes.set_title(measure, fontsize=10)
            axes.set_yticks(range(count), [plain(name) for name in self.strategies])
            names = [plain(cut(name)) for name in self.classes] if self._named else []
            axes.set_xticks(range(len(names)), names, rotation=50, ha="right", fontsize=8)
            for name in (*axes.get_xticklabels(), *axes.get_yticklabels()):
                name.set_parse_math(False)
            axes.tick_params(length=0)
        drawing.colorbar(image, ax=drawing.axes, shrink=0.8)

    def rows(self) -> list[list[object]]:
        """Strategy, class, precision, recall, F1, number of seeds."""
        table: list[list[object]] = [["strategy", "class", *map(str.lower, MEASURES), "seeds"]]
        for at, strategy in enumerate(self.strategies):
            for k, name in enumerate(self.classes):
                if self.seeds[at, k]:
                    means = self.values[:, at, k].tolist()
                    table.append([strategy, name, *means, int(self.seeds[at, k])])
        return table

    @property
    def _named(self) -> bool:
        return len(self.classes) <= NAMED

    def _field(self, measure: int, title: str) -> str:
        top = NAMES if self._named else TOP
        heading = element("text", title, x=0, y=12, class_="clear")
        rows = [self._row(measure, at, top + ROW * at) for at in range(len(self.strategies))]
        height = top + ROW * len(rows)
        frame = f"0 0 {WIDTH} {height}"
        return element("svg", heading, *self._names(top), *rows, viewBox=frame, role="img")

    def _names(self, top: float) -> Iterator[str]:
        """The classes above their columns, slanted."""
        for k, name in enumerate(self.classes if self._named else ()):
            x = LEFT + (k + 0.5) * self._side - 3
            words = text(cut(name, 11))
            yield element("text", words, transform=f"translate({x:.1f} {top - 5}) rotate(-38)")

    def _row(self, measure: int, at: int, top: float) -> str:
        words = text(cut(self.strategies[at], LONGEST))
        name = element("text", words, x=LEFT - 8, y=top + 15, class_="end")
        cells = [self._cell(measure, at, k, top) for k in range(len(self.classes))]
        return element("g", name, *cells)

    def _cell(self, measure: int, at: int, k: int, top: float) -> str:
        """A field with its number, where there is room for one; nothing without a seed."""
        if not self.seeds[at, k]:
            return ""
        value, left = float(self.values[measure, at, k]), LEFT + k * self._side
        words = [f"{m} {v:.2f}" for m, v in zip(MEASURES, self.values[:, at, k], strict=True)]
        title = f"{self.strategies[at]}, {self.classes[k]}: {', '.join(words)}"
        width = max(self._side - 1, 0.6 * self._side)
        place = {"x": left, "y": top, "width": width, "height": ROW - 2}
        field = element("rect", class_="field", style=f"fill-opacity:{value:.2f}", **place)
        parts = [element("title", text(title)), field]
        if len(self.classes) <= NUMBERED:
            look = "middle number dark" if value >= DARK else "middle number"
            middle = {"x": left + width / 2, "y": top + 14}
            parts.append(element("text", f"{value:.2f}", class_=look, **middle))
        return element("g", *parts)

    @property
    def _side(self) -> float:
        """How wide a class is."""
        return (WIDTH - LEFT) / len(self.classes)


def class_fields(condition: ConditionRuns, styles: Styles) -> Iterator[ClassFields]:
    """The figure of a condition; none where a run was kept without, or does not say its classes."""
    names = [name for name in styles if name in condition.runs]
    if not condition.has_class_scores or not condition.known:
        return
    ids = sorted({k for classes in condition.known.values() for k in classes})
    sums, seeds = np.zeros((3, len(names), len(ids))), np.zeros((len(names), len(ids)), int)
    for at, name in enumerate(names):
        for seed, run in condition.runs[name].items():
            columns = np.searchsorted(ids, condition.known.get(seed, ()))
            tables = [getattr(run, measure)[-1] for measure in MEASURES.values()]
            if len(columns) == len(tables[0]):
                sums[:, at, columns] += np.array(tables)
                seeds[at, columns] += 1
    means = sums / np.maximum(seeds, 1)
    order = np.argsort(-sums[2].sum(axis=0) / np.maximum(seeds.sum(axis=0), 1), kind="stable")
    classes = [condition.class_name(ids[k]) for k in order]
    yield ClassFields(names, classes, means[:, :, order], seeds[:, order])
