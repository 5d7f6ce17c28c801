"""The tutorials run to their last cell; what they keep is small, and of no machine."""

import json
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat", reason="notebooks: pip install openal[test]")

from docs.notebooks import TUTORIALS, executed  # noqa: E402

NOTEBOOKS = sorted(TUTORIALS.glob("*.ipynb"))
LARGEST = 60 * 1024  # bytes


def kinds(notebook: Any) -> list[list[str]]:
    """What each cell prints and shows; a text may come in one piece or in several."""
    found = ([each.output_type for each in cell.get("outputs", ())] for cell in notebook.cells)
    return [list(dict.fromkeys(types)) for types in found]


@pytest.mark.long
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_prints_as_much_as_before(path: Path) -> None:
    before, after = nbformat.read(path, nbformat.NO_CONVERT), executed(path)
    assert kinds(after) == kinds(before)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_kept_is_small_and_names_no_folder_of_a_machine(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text) < LARGEST
    assert not any(folder in text for folder in ("/tmp/", "/home/", "/root/"))  # noqa: S108
    cells = json.loads(text)["cells"]
    assert all("execution_count" not in each or each["execution_count"] for each in cells)
