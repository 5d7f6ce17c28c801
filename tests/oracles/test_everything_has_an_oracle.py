"""Every public function, and every whole query, has an independent slow implementation.

That of a function stands in `tests/functional` beside the test that uses it, and a line below it
says so: `oracle_of_knn = slow`. Where a test computes the answer itself, the line names the test.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

from openal import functional

TESTS = Path(__file__).parents[1]
MARK = "oracle_of_"
QUERIES = {
    "KnownKMeans": "known_k_means",
    "NEAT": "neat",
    "NEATPassive": "neat_passive",
    "LfOSA": "lfosa",
    "JSOSAL": "jsosal",
    "CLIPNAL": "clipnal",
    "Joda": "joda",
    "OpenPath": "openpath",
    "PromptGate": "prompt_gate",
}
FILES = {"neat_passive": "neat"}
"""Oracles that stand in the file of another one."""


@cache
def parsed(path: Path) -> tuple[set[str], set[str]]:
    """The names that a file uses, and the functions that it defines."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    return used, {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


def oracles() -> dict[str, tuple[Path, str]]:
    """Of each function its file of tests and the name of the oracle there."""
    return {
        target.id.removeprefix(MARK): (path, ast.unparse(node.value))
        for path in sorted((TESTS / "functional").glob("test_*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id.startswith(MARK)
    }


ORACLES = oracles()


def test_no_function_is_without_an_oracle() -> None:
    assert sorted(ORACLES) == sorted(functional.__all__)


@pytest.mark.parametrize("name", ORACLES)
def test_the_oracle_stands_where_the_function_is_tested(name: str) -> None:
    path, oracle = ORACLES[name]
    used, defined = parsed(path)
    assert name in used
    assert oracle in defined


@pytest.mark.parametrize("name", QUERIES)
def test_a_whole_query_has_one_too(name: str) -> None:
    oracle = QUERIES[name]
    used, defined = parsed(TESTS / "oracles" / f"test_{FILES.get(oracle, oracle)}.py")
    assert name in used
    assert oracle in defined


def test_the_oracles_of_queries_borrow_no_mathematics() -> None:
    for file in [*(FILES.get(each, each) for each in QUERIES.values()), "comparing"]:
        path = next((TESTS / "oracles").glob(f"*{file}.py"))
        text = path.read_text()
        assert "openal.functional" not in text
        assert "openal.purity" not in text
