"""How strategies look, the same in every figure: color, marker, and dashes beyond eight."""

from dataclasses import dataclass

from openal.simulate.classes import shown
from openal.simulate.plot import COLORS, MARKERS
from openal.simulate.report.markup import element

__all__ = ["KNOWN", "UNKNOWN", "Style", "cut", "plain", "swatch"]

KNOWN, UNKNOWN = "#0072B2", "#D55E00"
DASHES = ("-", "--", ":", "-.")
# The markers of matplotlib, around the point that was moved to.
SHAPES = {
    "o": "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0",
    "s": "m-2.7-2.7h5.4v5.4h-5.4z",
    "^": "m0-3.6l3.4 6h-6.8z",
    "D": "m0-3.8l3.8 3.8l-3.8 3.8l-3.8-3.8z",
    "v": "m0 3.6l3.4-6h-6.8z",
    "P": "m-1.2-3.5h2.4v2.3h2.3v2.4h-2.3v2.3h-2.4v-2.3h-2.3v-2.4h2.3z",
    "X": "m-3.2-1.6l1.6-1.6l1.6 1.6l1.6-1.6l1.6 1.6l-1.6 1.6l1.6 1.6l-1.6 1.6l-1.6-1.6"
    "l-1.6 1.6l-1.6-1.6l1.6-1.6z",
    "*": "m0-4.4l1.2 3.2l3.2 1.2l-3.2 1.2l-1.2 3.2l-1.2-3.2l-3.2-1.2l3.2-1.2z",
}


@dataclass(frozen=True)
class Style:
    """The look of the strategy at a place in the order of all."""

    place: int

    @property
    def color(self) -> str:
        """Its color on white."""
        return COLORS[self.place % len(COLORS)]

    @property
    def marker(self) -> str:
        """Its marker in matplotlib's letters."""
        return MARKERS[self.place % len(MARKERS)]

    @property
    def dashes(self) -> str:
        """Its line in matplotlib's letters."""
        return DASHES[self.place // len(COLORS) % len(DASHES)]

    @property
    def classes(self) -> str:
        """Its classes in the style sheet."""
        row = self.place // len(COLORS) % len(DASHES)
        return f"c{self.place % len(COLORS)} d{row}"

    @property
    def shape(self) -> str:
        """Its marker as the end of an SVG path."""
        return SHAPES[self.marker]


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
    return f" {shown(name)}" if name.startswith("_") else shown(name)
