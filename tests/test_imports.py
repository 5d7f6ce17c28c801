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
from tests.walking import walked

PACKAGE = Path(openal.__path__[0])

# From the bottom: a room may import itself and the rooms of the lines above its own.
LAYERS = (
    {"_guard", "_version", "errors"},
    {
        "_checks",
        "_checksums",
        "_contexts",
        "_fields",
        "_files",
        "_folds",
        "_holders",
        "_lazy",
        "_locks",
        "_optional",
        "_progress",
        "_spreadsheet",
        "_threads",
        "_ties",
        "_words",
        "_workers",
    },
    {"_keys", "_learner_state", "_stored", "functional", "parts"},
    {"_seeds", "_sources"},
    {"_signals"},
    {"view"},
    {
        "_answered_neighbors",
        "_batches",
        "_cite",
        "_copies",
        "_evaluation",
        "_image_folder",
        "_image_reader",
        "_item_checksums",
        "_items",
        "_logits_layer",
        "labeled",
        "ledger",
        "model",
        "_narrow",
        "_query",
        "_read_answers",
        "_shown",
        "_unseen",
        "_random_items",
        "_reading",
        "_sizes",
        "_skip_copies",
        "step",
        "pool",
        "query",
        "stopping",
    },
    {"learners", "store"},
    {"informativeness", "purity", "selection"},
    {"encoders", "strategies"},
    {"integrations", "project", "simulate", "testing"},
    {"label", "report"},
    {"__main__", "cli", "commands"},
    {"openal"},  # the front door, openal/__init__.py
)
"""`python -m docs.architecture` prints them, with the tree, as docs/architecture.md."""
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
# Layers whose rooms may import each other.
SOCIABLE = {LEVEL["pool"], LEVEL["simulate"], LEVEL["cli"]}
ALLOWED = {("learners", "store")}

# A module has a plain name where its room's `__all__` holds something that the module defines, or
# where it is one of these doors, which are opened by their full name; any other begins with `_`.
DOORS = {"__main__", "cli", "errors", "labeled", "model", "parts", "pool", "query", "step", "view"}
DOORS |= {f"integrations.{tool}" for tool in ("coco", "cvat", "fiftyone", "label_studio", "yolo")}
DOORS |= {"simulate.metrics"}  # functions, beside the trackers of the same names
DOOR_ROOMS = {"commands"}  # the command line finds each by its name

# Whose names users import: a name is in one of them only. The front door repeats some of others.
ROOMS = ["", "encoders", "functional", "informativeness", "integrations", "label", "learners"]
ROOMS += ["integrations.ray"]
ROOMS += ["ledger", "project", "purity", "report", "selection", "simulate", "stopping", "store"]
ROOMS += ["strategies", "testing"]

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


@pytest.mark.long
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


@walked
@pytest.mark.parametrize(
    "file, source, reason",
    [
        ("functional/a.py", "from openal.view import View", "functional must not know view"),
        ("functional/a.py", "import openal.view", "functional must not know view"),
        ("functional/a.py", "from openal import view", "functional must not know view"),
        ("functional/a.py", "def f():\n    import openal.view", "functional must not know view"),
        ("pool.py", "from openal import LabeledSet", "pool must not know openal"),
        ("purity/a.py", "from openal.selection import Top", "blind to each other"),
        ("learners/a.py", "from openal.purity import KnownNeighbors", "learners must not know"),
        ("store/a.py", "import openal.selection", "store must not know selection"),
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


@pytest.mark.long
def test_importing_openal_is_light() -> None:
    code = (
        "import sys, torch; torchs = set(sys.modules); import openal;"
        f"print(*{HEAVY!r} & (sys.modules.keys() - torchs))"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() == []


def defined(path: Path) -> set[str]:
    """The names that a file gives to functions, classes and values of its own."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def exported(path: Path) -> set[str]:
    """The names in `__all__` of the room of the file, read from its text."""
    for node in ast.parse((path.parent / "__init__.py").read_text(encoding="utf-8")).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def unmarked(package: Path) -> list[str]:
    """The modules of `package` that are neither exported, nor a door, nor begin with `_`."""
    found = []
    for name, path in modules(package).items():
        below = name.removeprefix("openal.")
        marked = path.name.startswith("_") or below in DOORS or room(name) in DOOR_ROOMS
        if not marked and not defined(path) & exported(path):
            found.append(name)
    return found


def test_every_module_is_exported_by_its_room_or_begins_with_an_underscore() -> None:
    assert unmarked(PACKAGE) == []


def test_a_module_that_only_uses_what_its_room_exports_is_unmarked(tmp_path: Path) -> None:
    files = {
        "purity/__init__.py": "from openal.purity.a import A\n__all__: list[str] = ['A', 'B']",
        "purity/a.py": "class A: ...",
        "purity/b.py": "B: int = 3",
        "purity/c.py": "from openal.purity.a import A",
        "purity/_d.py": "",
        "commands/e.py": "",
        "parts.py": "",
        "helpers.py": "class H: ...",
    }
    assert unmarked(made_up(tmp_path, files)) == ["openal.helpers", "openal.purity.c"]


def names_in_two_rooms(rooms: dict[str, ModuleType]) -> dict[str, list[str]]:
    """Each public name that means two things, and the rooms that it is in."""
    found: dict[str, dict[str, object]] = {}
    for title, module in rooms.items():
        for name in module.__all__:
            found.setdefault(name, {})[title] = getattr(module, name)
    both = {name: where for name, where in found.items() if len({*map(id, where.values())}) > 1}
    return {name: sorted(where) for name, where in both.items()}


def test_no_public_name_is_in_two_rooms() -> None:
    rooms = {name: importlib.import_module(f"openal.{name}".rstrip(".")) for name in ROOMS}
    assert names_in_two_rooms(rooms) == {}


def test_a_name_in_two_rooms_is_found() -> None:
    front, score, strategy = (ModuleType(name) for name in "abc")
    vars(front).update(A=1, __all__=["A"])
    vars(score).update(A=1, B=2, __all__=["A", "B"])
    vars(strategy).update(B=3, __all__=["B"])
    rooms = {"": front, "purity": score, "strategies": strategy}
    assert names_in_two_rooms(rooms) == {"B": ["purity", "strategies"]}


def test_every_room_of_users_is_looked_into() -> None:
    packages = {name.removeprefix("openal").lstrip(".") for name in PACKAGES}
    assert packages - {"commands", "commands.arguments", "simulate.datasets"} == {*ROOMS}


def visible(name: str, value: object) -> bool:
    """Whether a name in a package is its users' to see: not a module, nothing of our own."""
    ours = name.startswith("_") or getattr(value, "__module__", "").startswith("openal._")
    return not ours and not isinstance(value, ModuleType)


def order(name: str) -> tuple[int, str]:
    """Where ruff sorts a name of `__all__`: constants, classes, functions."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2), name


PACKAGES = [name for name, path in modules(PACKAGE).items() if path.name == "__init__.py"]


@walked
@pytest.mark.parametrize("name", PACKAGES)
def test_all_is_what_is_visible_and_sorted(name: str) -> None:
    package = importlib.import_module(name)
    shown = {key for key, value in vars(package).items() if visible(key, value)}
    lazy = {key for key in package.__all__ if hasattr(package, key)}
    assert list(package.__all__) == sorted(shown | lazy, key=order)
