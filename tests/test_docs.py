"""What the documentation points at is there."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from docs.signal_table import signal_table
from openal import LabeledSet, Pool
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


@pytest.mark.parametrize("name", ["mine", "soft", "pure"])
def test_the_compositions_of_the_readme_run_on_its_pool(name: str) -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    block = page.partition("## Make your own")[2].partition("```python\n")[2].partition("```")[0]
    items = np.random.default_rng(0).normal(size=(120, 4)).astype(np.float32)
    labeled = LabeledSet(len(items), classes=["cat", "dog", "owl"])
    labeled.add(range(40), [i % 4 - 1 for i in range(40)])
    pool, model = Pool(torch.tensor(items), embeddings=items), nn.Linear(4, 3)
    names: dict[str, Any] = {"pool": pool, "labeled": labeled, "model": model}
    exec(block, names)  # noqa: S102  # our own page
    query = names[name].query(pool, labeled, budget=10, model=model)
    assert len(names["query"]) == len(set(query.indices.tolist())) == 10
