"""One page that needs no other file and no network; without scripts all of it is shown."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from openal.simulate.report.aubc import aubc_table
from openal.simulate.report.conditions import Results
from openal.simulate.report.figure import Styles
from openal.simulate.report.headline import headline, overview
from openal.simulate.report.markup import element, text
from openal.simulate.report.origin import origin
from openal.simulate.report.sections import Section, choice, section
from openal.simulate.report.style import swatch

__all__ = ["page"]

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
SCRIPT, LOOKS = "page.js", "page.css"


def page(
    results: Results, sections: Sequence[Section], styles: Styles, files: str, pictures: str
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
        choice(sections),
        *(section(each, styles, files) for each in sections),
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
        element("li", element("code", text(each)))
        for name in styles
        for each in results.strategies[name]
    ]
    more = element("details", element("summary", "Arguments"), element("ul", *arguments))
    return element("section", element("ul", *entries, class_="legend"), more, class_="strategies")


def _aubc(results: Results, styles: Styles, files: str) -> Iterator[str]:
    """A table of each convention, for each data set."""
    yield "<section>" + element("h2", "Area under the budget curve")
    for data, group in groupby(results.conditions, lambda each: each.data):
        conditions = [*group]
        if len(_titles(results)) > 1:
            yield element("h3", text(data))
        one = element("p", TRAPEZOID, class_="note") + aubc_table(conditions, styles, "trapezoid")
        two = element("p", OPENAL, class_="note") + aubc_table(conditions, styles, "openal")
        yield element("div", element("div", one), element("div", two), class_="conventions")
    yield element("p", element("a", "CSV", href=f"{quote(files)}/aubc.csv"), class_="files")
    yield "</section>"


def _titles(results: Results) -> list[str]:
    return list(dict.fromkeys(condition.data for condition in results.conditions))
