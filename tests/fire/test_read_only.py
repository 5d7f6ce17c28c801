"""A folder or a file that may not be written: answers are read from it, and a refusal says why."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from openal.cli import main
from openal.errors import LedgerError
from openal.labeled import LabeledSet
from openal.ledger import as_csv, read_whole
from tests.fire.disks import read_only_file, read_only_folder
from tests.fire.ledgers import filled, folder, opened, said

WRITES: dict[str, Callable[[LabeledSet], None]] = {
    "add": lambda labeled: labeled.add([1_900], [0]),
    "relabel": lambda labeled: labeled.relabel([3], [0]),
    "retract": lambda labeled: labeled.retract([3]),
    "begin_round": lambda labeled: labeled.begin_round(SimpleNamespace(indices=[1_900])),
}


@pytest.fixture
def refusing(tmp_path: Path) -> Iterator[tuple[Path, Callable[[], None]]]:
    """A ledger in a folder that refuses writes, and what makes the folder writable again."""
    path = tmp_path / "disk" / "answers.db"

    def fill() -> None:
        labeled = filled(path)
        labeled.add([1_000], [1])  # no round is open

    with read_only_folder(path.parent, fill) as again:
        yield path, again


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_read_only_folder_is_named_and_nothing_changes(
    refusing: tuple[Path, Callable[[], None]], write: Callable[[LabeledSet], None]
) -> None:
    path, _ = refusing
    labeled, before = opened(path), folder(path)
    told = said(labeled)
    with pytest.raises(LedgerError, match=r"answers\.db.*(readonly|unable to open)"):
        write(labeled)
    assert said(labeled) == said(opened(path)) == told
    assert folder(path) == before


def test_once_it_may_be_written_it_goes_on(refusing: tuple[Path, Callable[[], None]]) -> None:
    path, again = refusing
    labeled = opened(path)
    with pytest.raises(LedgerError):
        labeled.add([1_900], [0])
    again()
    labeled.add([1_900], [0])
    assert said(opened(path)) == said(labeled)
    assert 1_900 in labeled.known_indices


def test_a_read_only_folder_is_checked_and_exported(
    refusing: tuple[Path, Callable[[], None]], tmp_path: Path
) -> None:
    path, _ = refusing
    assert main(["ledger", "check", str(path)]) == 0
    assert main(["ledger", "export", str(path), "--out", str(tmp_path / "out.csv")]) == 0
    found = read_whole(path)
    assert (tmp_path / "out.csv").read_bytes() == as_csv(found)
    assert len(found.answers.labels) == len(opened(path)) > 0


def test_an_export_into_it_is_refused(
    refusing: tuple[Path, Callable[[], None]], capsys: pytest.CaptureFixture[str]
) -> None:
    path, _ = refusing
    before = folder(path)
    assert main(["ledger", "export", str(path), "--out", str(path.with_name("out.csv"))]) == 1
    assert "out.csv" in capsys.readouterr().err
    assert folder(path) == before


def test_no_ledger_begins_in_it(refusing: tuple[Path, Callable[[], None]]) -> None:
    path, _ = refusing
    before = folder(path)
    with pytest.raises(LedgerError, match=r"new\.db cannot be created"):
        LabeledSet(10, 2, path.with_name("new.db"))
    assert folder(path) == before


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_read_only_file_is_named_and_nothing_changes(
    tmp_path: Path, write: Callable[[LabeledSet], None]
) -> None:
    path = tmp_path / "answers.db"
    filled(path).add([1_000], [1])
    labeled, before = opened(path), folder(path)
    with read_only_file(path):
        with pytest.raises(LedgerError, match=r"answers\.db.*readonly"):
            write(labeled)
        assert said(opened(path)) == said(labeled)
        assert main(["ledger", "check", str(path)]) == 0
        assert folder(path) == before
    write(labeled)
    assert said(opened(path)) == said(labeled)
