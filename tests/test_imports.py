"""Imports run downwards: each room knows the rooms below it, and no others."""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType

import pytest

import openal

PACKAGE = Path(openal.__path__[0])

# From the bottom: a room may import itself and the rooms of the lines above its own.
LAYERS = (
    {"_guard", "_version", "errors"},
    {"_checks", "_contexts", "_fields", "_files", "_threads"},
    {"functional"},
    {"_seeds", "_signals", "_sources"},
    {"view"},
    {
        "_answered_neighbors",
        "_batches",
        "_evaluation",
        "_holders",
        "_items",
        "_logits_layer",
        "labeled",
        "ledger",
        "model",
        "pool",
        "query",
        "stopping",
    },
    {"informativeness", "learners", "purity", "selection", "store"},
    {"strategies"},
    {"integrations", "simulate", "testing"},
    {"report"},
    {"__main__", "cli", "commands"},
    {"openal"},  # the front door, openal/__init__.py
)
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
# Layers whose rooms may import each other.
SOCIABLE = {LEVEL["pool"], LEVEL["simulate"], LEVEL["cli"]}
ALLOWED = {("learners", "store")}

HEAVY = {"matplotlib", "open_clip", "pandas", "sklearn", "torchvision"}


def modules(package: Path) -> dict[str, Path]:
    """Every module of `package` by its full name; a folder with an `__init__` goes by its own."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        name = ".".join(path.relative_to(package.parent).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


def imported(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """What the file imports from among `known`, in functions and for types too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            names = {f"{source}.{alias.name}" for alias in node.names}
            yield from names & known.keys()
            if node.level or (source in known and names - known.keys()):
                yield source


def room(module: str) -> str:
    """The first part of a module's name below `openal`."""
    return module.split(".")[1] if "." in module else module


def breach(module: str, target: str) -> str | None:
    """Why `module` may not import `target`, or None when it may."""
    here, there = room(module), room(target)
    if target.startswith("."):
        return f"{module} imports {target!r}: write the full name"
    if here == there or there not in LEVEL or (here, there) in ALLOWED:
        return None
    if LEVEL[there] > LEVEL[here]:
        return f"{module} imports {target}: {here} must not know {there}"
    if LEVEL[there] == LEVEL[here] and LEVEL[here] not in SOCIABLE:
        return f"{module} imports {target}: {here} and {there} are blind to each other"
    return None


def cycle(graph: dict[str, set[str]]) -> str | None:
    """One cycle of `graph`, or None when it has none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return "a cycle: " + " <- ".join(error.args[1])
    return None


def breaches(package: Path) -> list[str]:
    """Every module of `package` in no room, every import that does not run down, and a cycle."""
    known = modules(package)
    homeless = [name for name in known if room(name) not in LEVEL]
    found = [f"{name} is in no room: give {room(name)!r} a layer in LAYERS" for name in homeless]
    graph = {name: set(imported(path, known)) - {name} for name, path in known.items()}
    for name in graph.keys() - set(homeless):
        found += filter(None, (breach(name, target) for target in graph[name]))
    return sorted({*found, *filter(None, [cycle(graph)])})


def test_imports_run_downwards() -> None:
    assert breaches(PACKAGE) == []


def made_up(folder: Path, files: dict[str, str]) -> Path:
    """A package with these sources, and an empty file in every room that has none."""
    rooms = {f"{room}/__init__.py": "" for room in LEVEL if room not in {"openal", "pool", "query"}}
    for name, source in {**rooms, "__init__.py": "", "pool.py": "", **files}.items():
        path = folder / "openal" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return folder / "openal"


@pytest.mark.parametrize(
    "file, source, reason",
    [
        ("functional/a.py", "from openal.view import View", "functional must not know view"),
        ("functional/a.py", "import openal.view", "functional must not know view"),
        ("functional/a.py", "from openal import view", "functional must not know view"),
        ("functional/a.py", "def f():\n    import openal.view", "functional must not know view"),
        ("pool.py", "from openal import LabeledSet", "pool must not know openal"),
        ("purity/a.py", "from openal.selection import Top", "blind to each other"),
        ("purity/a.py", "from openal.learners import CLIP", "blind to each other"),
        ("selection/a.py", "import openal.store", "blind to each other"),
        ("store/a.py", "import openal.learners", "blind to each other"),
        ("learners/a.py", "import openal.strategies", "learners must not know strategies"),
        ("strategies/a.py", "import openal.cli", "strategies must not know cli"),
        ("purity/a.py", "from ..view import View", "write the full name"),
        ("helpers/a.py", "import torch", "openal.helpers.a is in no room: give 'helpers'"),
    ],
)
def test_a_breach_is_found(tmp_path: Path, file: str, source: str, reason: str) -> None:
    found = breaches(made_up(tmp_path, {file: source}))
    assert len(found) == 1
    assert reason in found[0]


@pytest.mark.parametrize(
    "files",
    [
        {"pool.py": "import openal.query", "query.py": "from openal.pool import Pool"},
        {"purity/__init__.py": "import openal.purity.a", "purity/a.py": "import openal.purity"},
    ],
)
def test_a_cycle_is_found(tmp_path: Path, files: dict[str, str]) -> None:
    assert [found[:8] for found in breaches(made_up(tmp_path, files))] == ["a cycle:"]


def test_a_tree_in_order_passes(tmp_path: Path) -> None:
    files = {
        "__init__.py": "from openal.pool import Pool",
        "pool.py": "from openal import view\nfrom openal.view import View",
        "purity/__init__.py": "from openal.purity.a import A",
        "purity/a.py": "import torch\nfrom openal.pool import Pool",
        "learners/a.py": "import openal.store",
        "cli/a.py": "from openal.simulate import run",
    }
    assert breaches(made_up(tmp_path, files)) == []


def test_importing_openal_is_light() -> None:
    code = (
        "import sys, torch; torchs = set(sys.modules); import openal;"
        f"print(*{HEAVY!r} & (sys.modules.keys() - torchs))"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() == []


def visible(name: str, value: object) -> bool:
    """Whether a name in a package is its users' to see: not a module, nothing of our own."""
    ours = name.startswith("_") or getattr(value, "__module__", "").startswith("openal._")
    return not ours and not isinstance(value, ModuleType)


def order(name: str) -> tuple[int, str]:
    """Where ruff sorts a name of `__all__`: constants, classes, functions."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2), name


PACKAGES = [name for name, path in modules(PACKAGE).items() if path.name == "__init__.py"]


@pytest.mark.parametrize("name", PACKAGES)
def test_all_is_what_is_visible_and_sorted(name: str) -> None:
    package = importlib.import_module(name)
    shown = {key for key, value in vars(package).items() if visible(key, value)}
    lazy = {key for key in package.__all__ if hasattr(package, key)}
    assert list(package.__all__) == sorted(shown | lazy, key=order)
