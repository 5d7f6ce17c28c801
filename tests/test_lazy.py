"""Packages load a name when it is asked for, and nobody notices but by the time it takes."""

import importlib
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

from openal import strategies
from tests.test_imports import PACKAGES

TEXT = """
import typing
from openal._lazy import lazy_package
if typing.TYPE_CHECKING:
    from a_lazy_room.energy import energy, force
    from a_lazy_room.other import Other
__all__ = ["Other", "energy", "force"]
lazy_package(__name__)
"""


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    folder = tmp_path / "a_lazy_room"
    folder.mkdir()
    (folder / "__init__.py").write_text(TEXT)
    (folder / "energy.py").write_text("def energy(): ...\nforce = 3\n")
    (folder / "other.py").write_text("class Other: ...\n")
    (folder / "_engine.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("a_lazy_room")
    for name in [name for name in sys.modules if name.partition(".")[0] == "a_lazy_room"]:
        del sys.modules[name]


def test_a_name_loads_its_module_and_no_other(room: ModuleType) -> None:
    assert room.force == 3
    assert "a_lazy_room.energy" in sys.modules
    assert "a_lazy_room.other" not in sys.modules


def test_a_module_does_not_hide_the_name_that_is_like_its_own(room: ModuleType) -> None:
    importlib.import_module("a_lazy_room.energy")
    assert isinstance(room.energy, FunctionType)


def test_a_module_that_is_no_name_is_an_attribute(room: ModuleType) -> None:
    assert room.other is importlib.import_module("a_lazy_room.other")


def test_a_name_is_looked_up_once(room: ModuleType) -> None:
    assert "Other" not in vars(room)
    assert room.Other is vars(room)["Other"]


def test_what_is_put_into_a_package_stays(room: ModuleType) -> None:
    room.force = 4
    assert room.force == 4


def test_an_unknown_name_is_an_attribute_error_that_tells_the_package(room: ModuleType) -> None:
    with pytest.raises(AttributeError, match="'a_lazy_room' has no attribute 'enrgy'") as caught:
        _ = room.enrgy
    assert (caught.value.name, caught.value.obj) == ("enrgy", room)


@pytest.mark.parametrize("name", ["energy.py", "energy.energy", ".", "..", "", "a b"])
def test_what_is_no_name_is_no_attribute(room: ModuleType, name: str) -> None:
    assert not hasattr(room, name)


def test_an_unknown_name_is_an_import_error(room: ModuleType) -> None:
    with pytest.raises(ImportError, match="cannot import name 'enrgy' from 'a_lazy_room'"):
        exec("from a_lazy_room import enrgy")  # noqa: S102


def test_dir_lists_what_is_not_loaded_yet(room: ModuleType) -> None:
    assert {"Other", "energy", "force"} <= {*dir(room)}
    assert "a_lazy_room.other" not in sys.modules


@pytest.mark.parametrize("name", PACKAGES)
def test_a_star_gives_all_names_of_a_package(name: str) -> None:
    names: dict[str, object] = {}
    exec(f"from {name} import *", names)  # noqa: S102
    assert {*importlib.import_module(name).__all__} <= names.keys()


@pytest.mark.parametrize("name", strategies.__all__)
def test_a_strategy_is_pickled_by_its_name(name: str) -> None:
    kind = getattr(strategies, name)
    assert pickle.loads(pickle.dumps(kind)) is kind


CODE = """
import sys
import openal
assert not {"torch", "numpy"} & sys.modules.keys(), "torch is imported by openal alone"
openal.strategies.NEAT
print(sum(name.startswith("openal") for name in sys.modules))
OTHERS = {"openal.strategies.badge", "openal.purity.clip", "openal.learners.clip"}
print(*OTHERS & sys.modules.keys())
"""


@pytest.mark.long
def test_one_strategy_loads_what_it_needs_and_no_other() -> None:
    command = [sys.executable, "-c", CODE]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    count, others = done.stdout.splitlines()
    assert int(count) < 120  # of some 400; 246 where packages load all their names
    assert others == ""
