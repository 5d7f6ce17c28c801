"""The page: it needs no other file and no network, and without scripts all of it is shown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from openal.report._figure import Figure, Styles
from openal.report._headline import headline, overview
from openal.report._items import Items
from openal.report._origin import origin
from openal.report._results import ConditionRuns, Results
from openal.report._svg import element, swatch, text
from openal.report._tables import aubc_table, difference_table, mark, measure_table
from openal.simulate._differences import LEAST_HEADROOM, headroom_note
from openal.simulate._record import DATA
from openal.simulate.bounds import BASELINE

__all__ = ["Section", "links", "page", "section"]

DIFFERENCES = (
    "Mean difference at the same seed, with a 95% t interval over seeds where there are several; "
    "those that leave zero out are bold. They are not corrected for being many."
)


@dataclass(frozen=True, eq=False)
class Section:
    """A `condition` and its `number` on the page, with the `figures` of its runs, those of its
    `classes`, and those of the items that were `chosen`.
    """

    condition: ConditionRuns
    number: int
    figures: Sequence[Figure]
    classes: Sequence[Figure]
    chosen: Sequence[Figure]

    def file(self, figure: Figure) -> str:
        """The name of a figure's files, without suffix."""
        return f"condition{self.number}-{figure.key}"


def links(sections: Sequence[Section]) -> str:
    """Links to the conditions, which the script turns into a menu."""
    if len(sections) < 2:
        return ""
    entries = [
        element("li", element("a", text(part.condition.label), href=f"#condition{part.number}"))
        for part in sections
    ]
    heading = element("h2", "Conditions")
    return element(
        "nav", heading, element("ul", *entries), id="conditions", aria_label="Conditions"
    )


def section(given: Section, styles: Styles, files: str) -> str:
    """Tables and figures of a condition; `files` is the folder of the figures' files."""
    condition = given.condition
    plots, classes, chosen = (
        [_figure(given.file(figure), figure, files, look) for figure in figures]
        for figures, look in (
            (given.figures, "plot"),
            (given.classes, "wide"),
            (given.chosen, "wide"),
        )
    )
    return element(
        "section",
        element("h2", text(condition.label)),
        element("p", _asked(condition), class_="sub"),
        *(element("p", text(note), class_="note") for note in _headroom(condition)),
        measure_table(condition, styles),
        element("div", *plots, class_="plots"),
        *classes,
        element("h3", f"Differences to {BASELINE}"),
        element("p", DIFFERENCES, class_="note"),
        difference_table(condition, styles),
        element("div", *chosen, class_="chosen"),
        *_left_out(condition),
        id=f"condition{given.number}",
        class_="condition",
    )


def _headroom(condition: ConditionRuns) -> list[str]:
    """What perfect purity gains, where it was run."""
    return [*filter(None, [headroom_note(condition.runs)])]


def _left_out(condition: ConditionRuns) -> list[str]:
    """What the page cannot show, in sentences."""
    words = [_no_items(condition.items)]
    if not condition.has_class_scores:
        words.append(
            "Precision, recall and F1 of the classification are left out: some of these runs were "
            "kept without."
        )
    return [element("p", text(sentence), class_="note") for sentence in words if sentence]


def _no_items(items: Items | None) -> str:
    if items is None:
        return f"Maps and images are left out: there is no {DATA} with the results."
    if items.xy is None or not len(items.thumbnails):
        return f"{'Maps' if items.xy is None else 'Images'} are left out: {DATA} holds none."
    return ""


def _figure(name: str, figure: Figure, files: str, look: str) -> str:
    place = quote(f"{files}/{name}")
    links = " ".join(element("a", kind.upper(), href=f"{place}.{kind}") for kind in ("png", "csv"))
    return element(
        "figure",
        element("h3", text(figure.title)),
        element("p", text(figure.note), class_="note"),
        figure.html(),
        element("figcaption", links, class_="files"),
        class_=look,
    )


def _asked(condition: ConditionRuns) -> str:
    run = next(iter(next(iter(condition.runs.values())).values()))
    first = condition.settings.get("first")
    start = "" if first is None else f"{text(str(first))} first answers, then "
    rounds = f"{len(run.asked)} {'round' if len(run.asked) == 1 else 'rounds'}"
    return f"{start}{rounds} of {max(map(len, run.asked))}."


HERE = Path(__file__).parent
META = (
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
)
TRAPEZOID = (
    "Percent, mean ± sd over seeds; the best mean of a column is bold. The mean height of accuracy "
    "against round: a constant curve keeps its height (trapezoid)."
)
OPENAL = (
    "The same, divided by the number of points as the public OpenAL framework and CLIPNAL's tables "
    "do (openal): N − 1 of N parts of it."
)
NOTHING = (
    f"† Perfect purity gains less than {100 * LEAST_HEADROOM:g} points of AUBC over {BASELINE}: "
    f"this condition decides nothing about purity."
)
SCRIPT, LOOKS = "page.js", "page.css"


def page(
    results: Results,
    sections: Sequence[Section],
    costs: Sequence[Figure],
    styles: Styles,
    files: str,
    pictures: str,
) -> str:
    """The page; `files` is the folder of the figures' files, `pictures` more styles."""
    title = f"{', '.join(_titles(results))}: strategies compared"
    looks = (HERE / LOOKS).read_text(encoding="utf-8") + pictures
    head = element("head", *META, element("title", text(title)), element("style", looks))
    names = element("h1", text(title)) + element("p", overview(results), class_="sub")
    main = element(
        "main",
        element("header", names),
        headline(results),
        _legend(results, styles),
        *_aubc(results, styles, files),
        *(element("section", _figure(cost.key, cost, files, "wide")) for cost in costs),
        links(sections),
        *(section(part, styles, files) for part in sections),
        element("section", element("h2", "Where the numbers come from"), origin(results)),
    )
    script = element("script", (HERE / SCRIPT).read_text(encoding="utf-8"))
    return f'<!doctype html>\n<html lang="en">{head}{element("body", main, script)}</html>\n'


def _legend(results: Results, styles: Styles) -> str:
    """Every strategy with its line; its arguments where one asks for them."""
    entries = [
        element("li", swatch(style), element("span", text(name))) for name, style in styles.items()
    ]
    arguments = [
        element("li", element("code", text(strategy)))
        for name in styles
        for strategy in results.strategies[name]
    ]
    more = element("details", element("summary", "Arguments"), element("ul", *arguments))
    return element("section", element("ul", *entries, class_="legend"), more, class_="strategies")


def _aubc(results: Results, styles: Styles, files: str) -> Iterator[str]:
    """A table of each convention, for each data set."""
    yield "<section>" + element("h2", "Area under the budget curve")
    for data, group in groupby(results.conditions, lambda condition: condition.data):
        conditions = [*group]
        if len(_titles(results)) > 1:
            yield element("h3", text(data))
        one = element("p", TRAPEZOID, class_="note") + aubc_table(conditions, styles, "trapezoid")
        two = element("p", OPENAL, class_="note") + aubc_table(conditions, styles, "openal")
        yield element("div", element("div", one), element("div", two), class_="conventions")
    if any(mark(condition) for condition in results.conditions):
        yield element("p", NOTHING, class_="note")
    yield element("p", element("a", "CSV", href=f"{quote(files)}/aubc.csv"), class_="files")
    yield "</section>"


def _titles(results: Results) -> list[str]:
    return list(dict.fromkeys(condition.data for condition in results.conditions))
