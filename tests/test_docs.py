"""What the documentation points at is there."""

import re
from pathlib import Path

import pytest

from docs.signal_table import signal_table
from tests.walking import walked

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@walked
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_resolve(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_table_of_signals_is_the_one_that_widths_are_checked_against() -> None:
    assert signal_table() in (ROOT / "docs" / "concepts.md").read_text(encoding="utf-8")
