"""The page "From photos to a classifier": every command on it runs, one after another."""

import csv
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from openal.cli import COMMANDS, main
from openal.commands import _encoders
from openal.encoders import ChosenEncoder
from openal.encoders.named import is_encoder_name

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "photos.md").read_text(encoding="utf-8")
LINES = [
    line.removeprefix("$ ")
    for block in re.findall(r"```console\n(.*?)```", PAGE, flags=re.DOTALL)
    for line in block.splitlines()
]
COLORS = {"cat": "red", "dog": "green", "snowy owl": "white", "UNKNOWN": "black"}


def write_photos(folder: Path) -> None:
    """Photos of one color each; the person knows which color is what."""
    folder.mkdir()
    for number in range(60):
        color = [*COLORS.values()][number % 4]
        image = Image.new("RGB", (8, 8), color)
        image.putpixel((number % 8, number // 8), (90, 90, 90))
        image.save(folder / f"{number:02d}.png")


def fill_in(table: Path) -> None:
    """Type a class into every row, as in a spreadsheet."""
    with table.open(newline="") as file:
        rows = [*csv.DictReader(file)]
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0]])
        writer.writeheader()
        for row in rows:
            name = [*COLORS][int(Path(row["file"]).stem) % 4]
            writer.writerow({**row, "class": name})


@pytest.mark.long
def test_every_command_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_photos(tmp_path / "photos")
    chosen = ChosenEncoder("tests.thumbnail_encoder:make", ())
    monkeypatch.setattr(_encoders, "chosen_encoder", lambda **_: chosen)
    monkeypatch.chdir(tmp_path)
    ran = []
    for line in LINES:
        program, *arguments = shlex.split(line)
        if program == "cd":
            monkeypatch.chdir(arguments[0])
        elif program == "openal" and arguments[0] != "label":
            assert main(arguments) == 0, line
            ran.append(arguments[0])
        if arguments[0] == "query":
            fill_in(Path("q.csv"))
    expected = ["init", "embed", "query", "import", "status", "train", "predict", "export"]
    assert ran == expected
    assert Path("answers.csv").exists() and Path("predictions.csv").exists()
    found: dict[str, object] = {}
    code = re.findall(r'```python title="project.py"\n(.*?)```', PAGE, flags=re.DOTALL)[0]
    exec(code, found)  # noqa: S102
    assert len(found["files"]) == 10  # type: ignore[arg-type]


def test_what_the_page_installs_is_an_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (extras,) = re.findall(r'pip install "openal\[([\w,]+)\]"', " ".join(LINES))
    assert {*extras.split(",")} <= {*project["optional-dependencies"]}


def test_the_encoders_of_the_page_have_names_that_are_known() -> None:
    table = re.findall(r"^\| (`.*?) \|", PAGE, flags=re.MULTILINE)
    names = [name for cell in table for name in re.findall("`(.+?)`", cell)]
    named = [name for name in names if name not in ("--encoder", "MODULE:FUNCTION")]
    assert len(named) == 5
    assert all(map(is_encoder_name, named))


def test_the_page_names_no_command_that_there_is_not() -> None:
    named = {line.split()[1] for line in LINES if line.startswith("openal ")}
    assert named - {"label"} <= {*COMMANDS}
