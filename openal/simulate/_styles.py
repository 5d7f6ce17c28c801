"""The look of each strategy, the same in every figure: a color, a marker and a kind of line."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from zlib import crc32

from openal.simulate.bounds import BASELINE, BOUNDS

__all__ = ["Style", "styles_of"]

# Okabe and Ito's palette, told apart by color-blind readers, between gray and black.
COLORS = ("#777777", "#E69F00", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#000000")
GRAY, BLACK = 0, len(COLORS) - 1
HUES = BLACK - 1
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
MARKERS = tuple(SHAPES)
ROWS = len(DASHES) * len(MARKERS)
"""So many strategies may share a color, and look different all the same."""

OURS = (
    *("LfOSA", "NEAT", "KnownKMeans", "CLIPNAL", "JSOSAL", "Uncertainty"),
    *("MQNet", "Coreset", "BADGE", "TypiClust", "EOAL", "ProbCover"),
    *("MarginSampling", "NEATPassive", "OpenMax", "LeastConfidenceSampling", "EAOA", "PAL"),
    *("BALD", "CCAL", "OpenPath", "E2OAL", "Joda", "BatchBALD"),
    *("CertaintySampling", "OpenPathology", "PromptGate", "POAL", "AlphaMix", "LearningLoss"),
    *("VariationRatio", "BGADL", "ClassBalancedCoreset", "MeanSTD"),
)
"""Strategies of ours, six to a row: those of a row, which often meet, have a color each. A name
that is new goes to the end, so that no other one changes its look."""


@dataclass(frozen=True)
class Style:
    """A look: a color by its place in COLORS (`hue`), and which of its lines and markers (`row`).

    >>> Style(2, 0).color, Style(2, 0).marker, Style(2, 1).dashes
    ('#0072B2', '^', '--')
    """

    hue: int
    row: int = 0

    @property
    def color(self) -> str:
        """Its color on white."""
        return COLORS[self.hue]

    @property
    def dashes(self) -> str:
        """Its line in matplotlib's letters."""
        return DASHES[self.row % len(DASHES)]

    @property
    def marker(self) -> str:
        """Its marker in matplotlib's letters: no two rows of a color have the same and the line."""
        return MARKERS[(self.hue + self.row + self.row // len(MARKERS)) % len(MARKERS)]

    @property
    def classes(self) -> str:
        """Its classes in the style sheet of a report."""
        return f"c{self.hue} d{self.row % len(DASHES)}"

    @property
    def shape(self) -> str:
        """Its marker as the end of an SVG path."""
        return SHAPES[self.marker]


FIXED = {
    BASELINE: Style(GRAY),
    **{name: Style(BLACK, row) for row, name in enumerate(BOUNDS, 1)},
    **{name: Style(1 + place % HUES, place // HUES) for place, name in enumerate(OURS)},
}


def styles_of(names: Iterable[str]) -> dict[str, Style]:
    """The look of each strategy of a figure; no two have the same, while there are fewer than 150.

    `Random` is gray, bounds are black and dashed, and strategies of ours have a look of their own.
    Any other name, as that of a strategy of yours or of one with options, has a color that follows
    from its letters, and the first line and marker of that color that the figure does not have.
    """
    names = list(dict.fromkeys(names))
    styles = {name: FIXED[name] for name in names if name in FIXED}
    taken = {*FIXED.values()}
    for name in sorted({*names} - {*FIXED}):
        styles[name] = _free(name, taken)
        taken.add(styles[name])
    return {name: styles[name] for name in names}


def _free(name: str, taken: set[Style]) -> Style:
    """The first look that is not taken, from the color of the name on; any where all are."""
    first = crc32(name.encode("utf-8", "surrogatepass")) % HUES
    looks = [Style(1 + (first + hue) % HUES, row) for hue, row in product(range(HUES), range(ROWS))]
    return next((look for look in looks if look not in taken), looks[0])
