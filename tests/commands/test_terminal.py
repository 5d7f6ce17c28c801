"""What the commands print reaches every terminal, pipe and file, whatever its encoding."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, TextIOWrapper
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from openal import LabeledSet, Pool
from openal.cli import COMMANDS, main
from openal.commands._terminal import printable_output
from openal.strategies import Random, available

SIGNS = "± − – — · × √ … ’ ‘ “ ” 猫 ü \udcfc"
ENCODER = ["--encoder", "tests.tiny_encoder:make", "--device", "cpu", "--workers", "0"]


ENCODINGS = ["ascii", "cp1252", "latin-1", "utf-8"]


@contextmanager
def piped(encoding: str, errors: str = "strict") -> Iterator[TextIOWrapper]:
    """Standard output and error as one pipe; pytest would put a fixture's back before the test."""
    stream = TextIOWrapper(BytesIO(), encoding=encoding, errors=errors)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        patch.setattr(sys, "stderr", stream)
        yield stream


def printed(stream: TextIOWrapper) -> bytes:
    stream.flush()
    assert isinstance(stream.buffer, BytesIO)
    return stream.buffer.getvalue()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_may_print_every_sign(
    name: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(name: str, _: object) -> int:
        sys.stdout.write(f"{name} {SIGNS}")
        sys.stderr.write(SIGNS)
        return 0

    monkeypatch.setattr("openal.cli._run", run)
    with piped(encoding) as stream:
        assert main([name]) == 0
    assert printed(stream).startswith(name.encode())


def test_a_command_runs_to_its_end_where_there_is_no_standard_output(tmp_path: Path) -> None:
    """In a service without a console, or after `>&-`."""
    LabeledSet(3, 2, tmp_path / "answers.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", None)
        patch.setattr(sys, "stderr", None)
        codes = [main(["ledger", "check", str(tmp_path / name)]) for name in ("answers.db", "no")]
        assert (codes, sys.stdout, sys.stderr) == ([0, 2], None, None)


def test_an_export_to_no_standard_output_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    LabeledSet(3, 2, tmp_path / "answers.db")
    monkeypatch.setattr(sys, "__stdout__", None)
    assert main(["ledger", "export", str(tmp_path / "answers.db")]) == 2
    assert "there is no standard output to write to; give --out FILE" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_on_a_full_disk_is_told_in_one_sentence(
    option: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys.stdout, "write", full)
    assert main([option]) == 1
    assert capsys.readouterr().err == "openal: [Errno 28] No space left on device\n"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_argument_that_is_refused_may_hold_every_sign(encoding: str) -> None:
    with piped(encoding) as stream:
        assert main([SIGNS]) == 2
    assert printed(stream).startswith(b"openal: there is no command ")


def test_known_signs_become_plain_ones_and_others_escapes() -> None:
    with piped("ascii") as stream, printable_output():
        sys.stdout.write("0.62 ± 0.18 of 猫…")
    assert printed(stream) == b"0.62 +/- 0.18 of \\u732b..."


def test_a_byte_of_a_name_stays_that_byte() -> None:
    with piped("utf-8", "surrogateescape") as stream, printable_output():
        sys.stdout.write("±\udcfc")
    assert printed(stream) == "±".encode() + b"\xfc"


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_afterwards_the_output_is_as_before(errors: str) -> None:
    with piped("ascii", errors) as stream:
        assert main(["--version"]) == 0
        assert stream.errors == errors


def test_a_choice_of_the_user_stays() -> None:
    with piped("ascii", "xmlcharrefreplace") as stream, printable_output():
        sys.stdout.write("±")
    assert printed(stream) == b"&#177;"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_broken_image_with_a_japanese_name_is_told(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "猫").mkdir()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "猫" / "1.png")
    (tmp_path / "猫" / "壊.png").write_bytes(b"no picture")
    with piped(encoding) as stream:
        assert main(["embed", str(tmp_path), "--out", str(tmp_path / "store"), *ENCODER]) == 0
    assert "猫/壊.png".encode(encoding, "backslashreplace") in printed(stream)


@pytest.mark.long
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_simulation_of_classes_with_any_name(
    tmp_path: Path, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("z.npy", np.random.default_rng(0).normal(size=(90, 4)))
    Path("y.txt").write_text("\n".join(["猫", "ü", "−"] * 30), encoding="utf-8")
    given = "simulate --embeddings z.npy --labels y.txt --known 猫 ü --first 4 --seeds 2 --rounds 1"
    with piped(encoding) as stream:
        assert main([*given.split(), "--budget", "4", "--strategies", "Random", "--out", "r"]) == 0
        assert main(["report", "r", "--out", "r.html"]) == 0
    assert b"Curves:" in printed(stream)
    assert "猫" in Path("r.html").read_text(encoding="utf-8")


def test_what_a_python_user_prints_is_plain_where_the_names_are() -> None:
    labeled = LabeledSet(9, ["cat", "dog"])
    pool = Pool(embeddings=np.eye(9))
    query = Random().query(pool, labeled, 2, seed=0)
    shown = [query, *query.steps, labeled, pool, *(kind() for kind in available().values())]
    assert [text for text in map(repr, shown) if not text.isascii()] == []


@pytest.mark.long
@pytest.mark.parametrize("words", ["strategies", "--help", "simulate --help", "completion bash"])
def test_a_reader_that_has_enough_is_no_error(words: str) -> None:
    code = f"import sys; from openal.cli import main; sys.exit(main({words.split()}))"
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as unread:
        done = subprocess.run([sys.executable, "-c", code], stdout=unread, stderr=subprocess.PIPE)
    assert done.stderr == b""
    assert done.returncode in (0, 141)


def test_a_broken_pipe_of_something_else_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def cut_off(*_: object) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("openal.cli._run", cut_off)
    assert main(["status"]) == 1
    assert "Broken pipe" in capsys.readouterr().err
