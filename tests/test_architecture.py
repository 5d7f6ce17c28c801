"""The page on how the library is made says what the tree and its layers are."""

from pathlib import Path

import pytest

from docs.architecture import layers, page, summary, tree
from tests.test_imports import LAYERS, PACKAGE, modules

PAGE = Path(__file__).resolve().parents[1] / "docs" / "architecture.md"


def test_the_page_is_what_the_tree_says() -> None:
    if PAGE.read_text(encoding="utf-8") != page():
        mend = "python -m docs.architecture > docs/architecture.md"
        pytest.fail(f"docs/architecture.md is old: {mend}", pytrace=False)


def test_every_module_has_a_line_that_says_what_it_is() -> None:
    assert [name for name, path in modules(PACKAGE).items() if not summary(path)] == []


def test_the_layers_come_from_the_top() -> None:
    lines = layers()
    assert any(line.endswith("`store` (`learners` may know `store`)") for line in lines)
    assert lines[0] == "1. `openal`"
    assert lines[-1] == f"{len(LAYERS)}. `errors`, `_guard`, `_version`"


def test_doors_come_before_engine(tmp_path: Path) -> None:
    files = {"__init__": "All.", "pool": "A pool.", "purity/__init__": "Scores."}
    files |= {"purity/_rows": "Rows.", "purity/near": "Who is\nnear?"}
    for name, docstring in files.items():
        path = tmp_path / "openal" / f"{name}.py"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(f'"""{docstring}"""\n')
    rows = ["| `near` | Who is near? |", "| `_rows` | Rows. |"]
    assert tree(tmp_path / "openal")[-5:] == ["| module | |", "|---|---|", *rows, ""]
