"""What every figure of the page can do."""

from collections.abc import Mapping
from typing import Any, Protocol

from openal.simulate.report.style import Style

__all__ = ["Figure", "Styles"]

Styles = Mapping[str, Style]
"""The look of each strategy, in the order of all."""


class Figure(Protocol):
    """Something to look at: on the page, as a picture, and as a table of its numbers."""

    @property
    def key(self) -> str:
        """The name of its files."""

    @property
    def title(self) -> str:
        """What it shows."""

    @property
    def note(self) -> str:
        """How to read it."""

    def html(self) -> str:
        """Its markup on the page."""

    def paint(self, drawing: Any) -> None:
        """The same on a figure of matplotlib."""

    def rows(self) -> list[list[object]]:
        """Its numbers, under a row of headings."""
