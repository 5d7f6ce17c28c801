"""What the release script finds wrong, and what it prints when all is in order."""

import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest

from openal import __version__

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "release"


def loaded() -> Any:
    spec = spec_from_loader("release", SourceFileLoader("release", str(SCRIPT)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["release"] = module  # where its dataclass looks
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    spec.loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


release = loaded()
ROOT = SCRIPT.parents[1]
CHANGELOG = "## [Unreleased]\n\n## [0.2.0] - 2026-03-01\n\n- New.\n\n## [0.1.0] - 2026-01-31\n"
READY = release.State(
    changelog=CHANGELOG,
    version="0.2.0",
    tags=("v0.1.0",),
    changed=(),
    urls=("https://openal.test/code",),
)


def test_nothing_is_wrong_with_what_is_ready() -> None:
    assert list(release.problems(READY)) == []
    assert list(release.problems(replace(READY, tags=("v0.1.0", "v0.2.0"), tag="v0.2.0"))) == []


@pytest.mark.parametrize(
    "changes, problem",
    [
        ({"version": "0.2"}, "openal/_version.py has '0.2': write MAJOR.MINOR.PATCH."),
        (
            {"version": "0.3.0"},
            "CHANGELOG.md has 0.2.0 on top, openal/_version.py has 0.3.0.",
        ),
        ({"changelog": "## [Unreleased]\n- New.\n"}, "CHANGELOG.md has no version: write '## [0.2"),
        ({"changelog": "## [0.2.0]\n"}, "CHANGELOG.md dates 0.2.0 None: write YYYY-MM-DD."),
        ({"changelog": "## 0.2.0 - 31.3.2026\n"}, "CHANGELOG.md dates 0.2.0 '31.3.2026'"),
        (
            {"changelog": CHANGELOG.replace("[Unreleased]\n", "[Unreleased]\n\n- More.\n")},
            "CHANGELOG.md has lines under Unreleased",
        ),
        ({"tags": ("v0.1.0", "v0.2.0")}, "v0.2.0 is tagged already: raise the version"),
        ({"tags": ("v0.9.0", "v0.10.0")}, "v0.10.0 is tagged, which is newer than 0.2.0"),
        ({"tag": "v0.3.0"}, "the tag is v0.3.0, openal/_version.py has 0.2.0"),
        ({"urls": ()}, "[project.urls] in pyproject.toml does not name the repository"),
        ({"urls": ("https://example.org/x",)}, "[project.urls] in pyproject.toml does not name"),
        ({"changed": (" M a.py", "?? b")}, "2 files are not committed"),
    ],
)
def test_one_thing_that_is_wrong_is_said(changes: dict[str, Any], problem: str) -> None:
    found = list(release.problems(replace(READY, **changes)))
    assert any(line.startswith(problem) for line in found)
    assert len(found) == (2 if changes.get("version") == "0.2" else 1)


def repository(folder: Path, version: str) -> Path:
    """A repository of three files and the script, committed, with a tag of an earlier version."""
    files = {"CHANGELOG.md": CHANGELOG, "openal/_version.py": f'__version__ = "{version}"\n'}
    files["pyproject.toml"] = '[project]\nurls = { Source = "https://openal.test/code" }\n'
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (folder / "scripts").mkdir()
    shutil.copy(SCRIPT, folder / "scripts")
    who = ["-c", "user.name=a", "-c", "user.email=a@openal.test", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "All"], ["tag", "v0.1.0"]):
        subprocess.run(["git", *who, *command], cwd=folder, check=True)
    return folder


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/release"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_what_is_in_order_is_told_its_next_commands(tmp_path: Path) -> None:
    result = run(repository(tmp_path, "0.2.0"))
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-2:] == [
        "git tag -a v0.2.0 -m 'openal 0.2.0'",
        "git push origin v0.2.0",
    ]


def test_what_is_wrong_ends_with_an_error_and_changes_nothing(tmp_path: Path) -> None:
    folder = repository(tmp_path, "0.1.0")
    result = run(folder)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "- CHANGELOG.md has 0.2.0 on top, openal/_version.py has 0.1.0.",
        "- v0.1.0 is tagged already: raise the version in openal/_version.py.",
    ]
    command = ["git", "status", "--porcelain"]
    assert subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout == b""


def test_the_conda_recipe_needs_what_the_package_needs() -> None:
    """conda has other names for some packages."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    recipe = (ROOT / "scripts/conda/recipe.yaml").read_text("utf-8")
    needed = {line.replace(" ", "") for line in project["dependencies"]}
    names = {"torch": "pytorch", "xxhash": "python-xxhash"}
    split = [line.partition(">=") for line in needed]
    wanted = {f"{names.get(name, name)}{sign}{limit}" for name, sign, limit in split}
    run = recipe.partition("  run:\n")[2].partition("\n\n")[0]
    found = {line.strip(" -").replace(" ", "") for line in run.splitlines()}
    assert found == wanted | {f"python{project['requires-python']}"}
    assert f'version: "{__version__}"' in recipe
