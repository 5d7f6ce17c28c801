"""The conditions on the page, each in a section of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from openal.simulate.report.conditions import BASELINE, Condition
from openal.simulate.report.figure import Figure, Styles
from openal.simulate.report.items import DATA
from openal.simulate.report.markup import element, text
from openal.simulate.report.tables import difference_table, measure_table

__all__ = ["Section", "choice", "section"]

DIFFERENCES = (
    "Mean difference at the same seed, with a 95% t interval over seeds where there are several; "
    "those that leave zero out are bold. They are not corrected for being many."
)


@dataclass(frozen=True, eq=False)
class Section:
    """A condition with its figures, and where their files are."""

    condition: Condition
    number: int
    figures: Sequence[Figure]
    chosen: Sequence[Figure]

    def file(self, figure: Figure) -> str:
        """The name of a figure's files, without suffix."""
        return f"condition{self.number}-{figure.key}"


def choice(sections: Sequence[Section]) -> str:
    """Links to the conditions, which the script turns into a menu."""
    if len(sections) < 2:
        return ""
    links = [
        element("li", element("a", text(each.condition.label), href=f"#condition{each.number}"))
        for each in sections
    ]
    heading = element("h2", "Conditions")
    return element("nav", heading, element("ul", *links), id="conditions", aria_label="Conditions")


def section(given: Section, styles: Styles, files: str) -> str:
    """Tables and figures of a condition; `files` is the folder of the figures' files."""
    condition = given.condition
    chosen = [_figure(given, each, files, "wide") for each in given.chosen]
    return element(
        "section",
        element("h2", text(condition.label)),
        element("p", _asked(condition), class_="sub"),
        measure_table(condition, styles),
        element("div", *(_figure(given, each, files) for each in given.figures), class_="plots"),
        element("h3", f"Differences to {BASELINE}"),
        element("p", DIFFERENCES, class_="note"),
        difference_table(condition, styles),
        element("div", *chosen, class_="chosen"),
        *_left_out(condition),
        id=f"condition{given.number}",
        class_="condition",
    )


def _left_out(condition: Condition) -> list[str]:
    """What the page cannot show, in a sentence."""
    items = condition.items
    if items is None:
        words = f"Maps and images are left out: there is no {DATA} with the results."
    elif items.xy is None or not len(items.thumbnails):
        words = f"{'Maps' if items.xy is None else 'Images'} are left out: {DATA} holds none."
    else:
        return []
    return [element("p", words, class_="note")]


def _figure(section: Section, figure: Figure, files: str, look: str = "plot") -> str:
    place = quote(f"{files}/{section.file(figure)}")
    links = " ".join(element("a", kind.upper(), href=f"{place}.{kind}") for kind in ("png", "csv"))
    return element(
        "figure",
        element("h3", text(figure.title)),
        element("p", text(figure.note), class_="note"),
        figure.html(),
        element("figcaption", links, class_="files"),
        class_=look,
    )


def _asked(condition: Condition) -> str:
    run = next(iter(next(iter(condition.runs.values())).values()))
    first = condition.settings.get("first")
    start = "" if first is None else f"{text(str(first))} first answers, then "
    rounds = f"{len(run.asked)} {'round' if len(run.asked) == 1 else 'rounds'}"
    return f"{start}{rounds} of {max(map(len, run.asked))}."
