"""`openal ledger` from end to end: what it prints, what it writes, what it refuses."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from openal.cli import main
from openal.labeled import UNKNOWN, LabeledSet
from openal.ledger import as_csv, as_json, read_whole


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    LabeledSet(10, ["cat", "dog"], "answers.db").add([4, 2], [1, UNKNOWN], annotator="ann")
    return Path("answers.db")


def damage(path: Path) -> bytes:
    content = path.read_bytes().replace(b"[4, 2]", b"[4, 3]")
    path.write_bytes(content)
    return content


def names() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def test_a_whole_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "check", "answers.db"]) == 0
    assert capsys.readouterr().out == (
        "answers.db: whole, 2 answers (1 known, 1 unknown, 0 skipped) in 1 round, 0 pending; "
        "10 items, 2 classes\n"
    )
    assert names() == ["answers.db"]


@pytest.mark.parametrize("arguments", [[], ["--format", "parquet"]])
def test_a_parquet_file(ledger: Path, arguments: list[str]) -> None:
    reader = pytest.importorskip("pyarrow.parquet")
    out = "out" if arguments else "out.parquet"
    assert main(["ledger", "export", "answers.db", "--out", out, *arguments]) == 0
    rows = reader.read_table(out).to_pylist()
    assert [(row["index"], row["class"]) for row in rows] == [(4, "dog"), (2, "UNKNOWN")]


@pytest.mark.parametrize("action", ["check", "export"])
def test_a_damaged_ledger(action: str, ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = damage(ledger)
    assert main(["ledger", action, "answers.db"]) == 2
    output = capsys.readouterr()
    assert output.err.startswith("openal ledger: ")
    assert "event 1 is damaged" in output.err
    assert (output.err.count("\n"), output.out) == (1, "")
    assert (ledger.read_bytes(), names()) == (content, ["answers.db"])


def test_a_damaged_ledger_leaves_the_last_export(ledger: Path) -> None:
    Path("out.csv").write_text("of yesterday")
    damage(ledger)
    assert main(["ledger", "export", "answers.db", "--out", "out.csv"]) == 2
    assert Path("out.csv").read_text() == "of yesterday"


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ([], as_csv),
        (["--format", "csv"], as_csv),
        (["--format", "json"], as_json),
    ],
)
def test_to_standard_output(
    ledger: Path, arguments: list[str], expected: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ledger", "export", "answers.db", *arguments]) == 0
    assert capsys.readouterr().out.encode() == expected(read_whole(ledger))


@pytest.mark.parametrize(
    "out, arguments, expected",
    [
        ("out.csv", [], as_csv),
        ("out.JSON", [], as_json),
        ("out", [], as_csv),
        ("out.json", ["--format", "csv"], as_csv),
    ],
)
def test_to_a_file(ledger: Path, out: str, arguments: list[str], expected: Any) -> None:
    Path(out).write_text("of yesterday")
    assert main(["ledger", "export", "answers.db", "--out", out, *arguments]) == 0
    assert Path(out).read_bytes() == expected(read_whole(ledger))
    assert names() == sorted(["answers.db", out])


@pytest.mark.long
def test_a_terminal_of_another_language() -> None:
    LabeledSet(10, ["dög", "caf\udce9"], "other.db").add([4], [0])
    code = "import sys; from openal.cli import main; sys.exit(main())"
    command = [sys.executable, "-X", "utf8=0", "-c", code, "ledger", "export", "other.db"]
    output = subprocess.run(
        [*command, "--format", "json"],
        check=True,
        capture_output=True,
        env={"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": ":".join(sys.path)},
    )
    assert json.loads(output.stdout)["classes"] == ["dög", "caf\udce9"]


def test_a_disk_that_fails_keeps_the_last_export(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    Path("out.csv").write_text("of yesterday")
    monkeypatch.setattr("os.fsync", full)
    assert main(["ledger", "export", "answers.db", "--out", "out.csv"]) == 1
    assert "No space left" in capsys.readouterr().err
    assert Path("out.csv").read_text() == "of yesterday"
    assert names() == ["answers.db", "out.csv"]


BAD: list[tuple[str, str]] = [
    ("", "required: check|export"),
    ("check", "required: FILE"),
    ("repair answers.db", "invalid choice: 'repair'"),
    ("check answers.db more", "unrecognized arguments: more"),
    ("check answers.db --out x", "unrecognized arguments: --out x"),
    ("check nowhere.db", "nowhere.db is not there"),
    ("check no/such/answers.db", "answers.db is not there"),
    ("check .", "is not a file"),
    ("check text", "file is not a database"),
    ("export answers.db --format xlsx", "invalid choice: 'xlsx'"),
    ("export answers.db --out answers.db", "may be a ledger itself"),
    ("export answers.db --out link.db", "may be a ledger itself"),
    ("export text --out answers.db", "file is not a database"),
    ("export answers.db --out folder", "folder is a folder; a file to write was expected"),
]


@pytest.mark.parametrize("arguments, message", BAD, ids=[arguments for arguments, _ in BAD])
def test_bad_arguments(
    arguments: str, message: str, ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("text").write_text("index,label\n3,cat\n")
    Path("folder").mkdir()
    Path("link.db").symlink_to(ledger)
    before = ledger.read_bytes()
    assert main(["ledger", *arguments.split()]) == 2
    output = capsys.readouterr()
    assert output.err.startswith("openal ledger: ")
    assert message in output.err
    assert (output.err.count("\n"), output.out) == (1, "")
    assert ledger.read_bytes() == before
    assert names() == ["answers.db", "folder", "link.db", "text"]
