"""The parts of a figure of curves, as SVG."""

from collections.abc import Callable, Sequence

from openal.simulate.report.line import Line
from openal.simulate.report.markup import element, short, text
from openal.simulate.report.scale import Scale
from openal.simulate.report.style import cut

__all__ = ["curve", "grid", "names"]

GAP = 13.5  # between names


def grid(across: Scale, upward: Scale, show: Callable[[float], str]) -> str:
    """Lines and numbers behind the curves."""
    left, bottom = across.start, upward.start
    rows = [
        element("path", d=f"M{short(left)} {short(upward(each))}H{short(across.end)}")
        + element("text", text(show(each)), x=left - 7, y=upward(each) + 3.5, class_="end")
        for each in upward.ticks()
    ]
    columns = [
        element("text", f"{each:g}", x=across(each), y=bottom + 16, class_="middle")
        for each in across.ticks()
        if float(each).is_integer()
    ]
    middle = (left + across.end) / 2
    title = element("text", "round", x=middle, y=bottom + 32, class_="middle")
    return element("g", *rows, *columns, title, class_="grid")


def curve(
    line: Line,
    across: Scale,
    upward: Scale,
    title: str,
    band: tuple[Sequence[float], Sequence[float]] | None,
) -> str:
    """A line with markers on its band; the title shows where one points."""
    xs = [across(x) for x in line.rounds]
    points = [(x, upward(y)) for x, y in zip(xs, line.mean, strict=True)]
    parts = [element("title", text(title))]
    if band is not None:
        low, high = (list(zip(xs, map(upward, side), strict=True)) for side in band)
        parts.append(element("path", class_="band", d=_path([*low, *high[::-1]]) + "z"))
    marks = "".join(f"M{short(x)} {short(y)}{line.style.shape}" for x, y in points[:: line.every])
    parts.append(element("path", class_="line", d=_path(points)))
    parts.append(element("path", class_="marker", d=marks))
    return element("g", *parts, class_=line.style.classes)


def names(lines: Sequence[Line], across: Scale, upward: Scale) -> str:
    """Each name at the end of its line, moved apart and joined to it where they crowd."""
    ends = sorted(((upward(line.mean[-1]), line) for line in lines), key=lambda end: end[0])
    places = apart([y for y, _ in ends], upward.end + 4, upward.start)
    x = across.end
    return "".join(
        element(
            "g",
            element("path", class_="line", d=_path([(x + 5, y), (x + 16, place)])),
            element("text", text(cut(line.name)), x=x + 19, y=place + 3.5),
            class_=f"name {line.style.classes}",
        )
        for (y, line), place in zip(ends, places, strict=True)
    )


def apart(wanted: Sequence[float], low: float, high: float) -> list[float]:
    """Ascending places at least GAP apart, near the wanted ones, within low and high if it fits.

    >>> apart([50, 51, 90], 0, 100), apart([98, 99], 0, 100)
    ([50, 63.5, 90], [86.5, 100])
    """
    places: list[float] = []
    for y in wanted:
        places.append(max(y, places[-1] + GAP if places else low))
    for at in reversed(range(len(places))):
        limit = high if at == len(places) - 1 else places[at + 1] - GAP
        places[at] = min(places[at], limit)
    return places


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{short(x)} {short(y)}" for x, y in points)
