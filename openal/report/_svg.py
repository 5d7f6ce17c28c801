"""SVG and HTML from text that anyone may have written: axes, colors, markers, escaping."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

from openal._spreadsheet import as_csv_file, is_computed
from openal._words import printable
from openal.simulate._styles import Style

__all__ = [
    "KNOWN",
    "UNKNOWN",
    "Scale",
    "cut",
    "element",
    "fitted",
    "plain",
    "sheet",
    "short",
    "swatch",
    "text",
]

MARGIN = 0.05
TICKS = 7


@dataclass(frozen=True)
class Scale:
    """A linear or logarithmic axis from low to high, in pixels from start to end."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        low, high, value = (self._place(number) for number in (self.low, self.high, value))
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """A few round values within the axis."""
        if not self.log:
            step = _step(self.high - self.low)
            return [k * step for k in range(ceil(self.low / step), floor(self.high / step) + 1)]
        powers = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
        marks = [d * 10.0**k for k in powers for d in (1, 2, 5)]
        within = [mark for mark in marks if self.low <= mark <= self.high]
        if len(within) <= TICKS:
            return within
        return [mark for mark in within if log10(mark).is_integer()]

    def _place(self, value: float) -> float:
        return log10(max(value, self.low)) if self.log else value


def fitted(values: Sequence[float], start: float, end: float, *, log: bool = False) -> Scale:
    """An axis that just holds the values; a single value stands in its middle."""
    low, high = min(values), max(values)
    if log:
        return Scale(low / 1.3, high * 1.3, start, end, log=True)
    margin = MARGIN * (high - low) or max(abs(high), 1) * MARGIN
    return Scale(low - margin, high + margin, start, end)


def _step(span: float) -> float:
    """The least of 1, 2, 5, 10, ... that makes at most TICKS intervals."""
    unit = 10.0 ** floor(log10(span / TICKS))
    return next(unit * d for d in (1, 2, 5, 10, 20) if unit * d >= span / TICKS)


def text(words: str) -> str:
    """Words as HTML shows them, whatever is in them."""
    return escape(printable(words))


def element(tag: str, *inside: str, **attributes: str | float) -> str:
    """An element around markup; `class_` is class, `stroke_width` is stroke-width.

    >>> element("a", text("<b>"), href="x.csv", class_="file")
    '<a href="x.csv" class="file">&lt;b&gt;</a>'
    """
    given = "".join(f' {_name(name)}="{_value(value)}"' for name, value in attributes.items())
    return f"<{tag}{given}>{''.join(inside)}</{tag}>"


def short(number: float) -> str:
    """A coordinate: a tenth of a pixel is enough.

    >>> short(3.0), short(2.26), short(-0.01)
    ('3', '2.3', '0')
    """
    return f"{round(number, 1) + 0.0:.1f}".removesuffix(".0")


def sheet(rows: Iterable[Sequence[object]]) -> bytes:
    """The rows as CSV, numbers to six digits; what a spreadsheet would compute gets an apostrophe.

    >>> sheet([["name", "value"], ["=1+1", -1.5]]).decode("utf-8-sig")
    "name,value\\n'=1+1,-1.5\\n"
    """
    return as_csv_file([_safe(value) for value in row] for row in rows)


def _safe(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if not isinstance(value, str):
        return value
    words = printable(value)
    return f"'{words}" if is_computed(value) else words


def _name(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def _value(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else short(value)


KNOWN, UNKNOWN = "#0072B2", "#D55E00"


def swatch(style: Style) -> str:
    """A piece of its line with a marker, for a legend."""
    line = element("path", class_="line", d="M1 7H25")
    marker = element("path", class_="marker", d=f"M13 7{style.shape}")
    return element(
        "svg",
        line,
        marker,
        class_=f"swatch {style.classes}",
        viewBox="0 0 26 14",
        aria_hidden="true",
    )


def cut(name: str, length: int = 13) -> str:
    """A name that fits beside a line."""
    return name if len(name) <= length else f"{name[: length - 1]}…"


def plain(name: str) -> str:
    """A name as matplotlib shows it: what begins with _ would be left out of legends."""
    return f" {printable(name)}" if name.startswith("_") else printable(name)
