"""A function of the user's own, named on the command line."""

import sys
from pathlib import Path

import pytest

from openal.commands._functions import named_function
from openal.errors import ArgumentError


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is run in a folder that Python does not look into by itself."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A module name that no other test has imported."""
    return f"own_{abs(hash(request.node.name))}"


def write(name: str, code: str) -> None:
    Path(f"{name}.py").write_text(code, encoding="utf-8")


def test_a_module_beside_the_command_is_found(name: str) -> None:
    write(name, "def make(device): return device + 1")
    assert named_function(f"{name}:make", "--encoder")(1) == 2


def test_a_module_of_a_folder_beside_the_command_is_found(name: str) -> None:
    Path(name).mkdir()
    write(f"{name}/inner", "def make(): return 3")
    assert named_function(f"{name}.inner:make", "--encoder")() == 3


def test_it_may_import_its_neighbors_when_it_is_called(name: str) -> None:
    write(f"{name}_neighbor", "VALUE = 7")
    write(name, f"def make():\n    import {name}_neighbor\n    return {name}_neighbor.VALUE")
    assert named_function(f"{name}:make", "--encoder")() == 7


def test_the_module_here_goes_before_an_installed_one() -> None:
    write("tabnanny", "def make(): return 'here'")  # Python has one of that name
    try:
        assert named_function("tabnanny:make", "--encoder")() == "here"
    finally:
        sys.modules.pop("tabnanny", None)


@pytest.mark.parametrize(
    "code, why",
    [
        ("import no_such_package_at_all", r"No module named 'no_such_package_at_all'.*line 1"),
        ("x = 1\nfrom math import no_such", r"cannot import name 'no_such'.*line 2"),
        ("x = 1\n\nundefined", r"NameError: name 'undefined'.*line 3"),
        ("None.make", r"AttributeError: .*'make'.*line 1"),
        ("def make(:", r"SyntaxError: .*line 1"),
    ],
    ids=["module", "name", "NameError", "AttributeError", "SyntaxError"],
)
def test_an_error_inside_the_module_is_told_as_such(name: str, code: str, why: str) -> None:
    write(name, code)
    with pytest.raises(ArgumentError, match=f"--encoder {name}:make cannot be imported: .*{why}"):
        named_function(f"{name}:make", "--encoder")


def test_a_module_that_is_not_there(name: str) -> None:
    with pytest.raises(ArgumentError, match=f"is not there: no module {name} in .*installed"):
        named_function(f"{name}:make", "--encoder")


def test_a_file_is_no_module(name: str) -> None:
    write(name, "def make(): return 3")
    with pytest.raises(ArgumentError, match=f"did you mean {name}\\?"):
        named_function(f"{name}.py:make", "--encoder")


@pytest.mark.parametrize("code", ["", "make = 3"], ids=["absent", "no function"])
def test_a_function_that_is_not_there(name: str, code: str) -> None:
    write(name, code)
    with pytest.raises(ArgumentError, match=rf"{name}\.py has no function make"):
        named_function(f"{name}:make", "--encoder")


@pytest.mark.parametrize("text", ["module", "module:", ":function", ""])
def test_what_names_no_function(text: str) -> None:
    with pytest.raises(ArgumentError, match="--encoder must be MODULE:FUNCTION, got"):
        named_function(text, "--encoder")
