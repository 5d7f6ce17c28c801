"""A disk that is really full: every answer that was acknowledged is there, and it goes on."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from openal.cli import main
from openal.errors import LedgerError
from openal.labeled import LabeledSet
from openal.ledger import read_whole
from tests.fire.disks import small_disk

SIZE = 1_000_000
ROOM = 128  # kilobytes


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 2 * ROOM) as folder:
        yield folder


def opened(path: Path) -> LabeledSet:
    return LabeledSet(SIZE, ["cat", "dog"], path)


def take_room(disk: Path) -> Path:
    """A file that leaves no page of the disk to others."""
    path = disk / "of others"
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return path


def add_until_full(labeled: LabeledSet, batch: int) -> tuple[set[int], LedgerError]:
    """What was acknowledged, and the refusal."""
    done = set[int]()
    for start in range(0, SIZE, batch):
        indices = range(start, start + batch)
        try:
            labeled.add(indices, [1] * batch)
        except LedgerError as error:
            return done, error
        done |= {*indices}
    raise AssertionError("the disk was never full")


@pytest.mark.parametrize("batch", [1, 50, 5_000])
def test_every_acknowledged_answer_is_there_and_it_goes_on(disk: Path, batch: int) -> None:
    path, other = disk / "answers.db", disk / "of others"
    other.write_bytes(bytes(ROOM * 1024))
    labeled = opened(path)
    done, error = add_until_full(labeled, batch)
    assert done
    assert str(path) in str(error)
    assert "full" in str(error) or "disk I/O error" in str(error)
    assert {*labeled.known_indices.tolist()} == done
    assert {*opened(path).known_indices.tolist()} == done
    assert {*read_whole(path).answers.labels} == done
    other.unlink()
    labeled.add([SIZE - 1], [0])
    assert {*opened(path).known_indices.tolist()} == done | {SIZE - 1}


def test_it_fills_up_again_and_again(disk: Path) -> None:
    """Each time the rest of a write is taken back; nothing of it is seen later."""
    path, done = disk / "answers.db", set[int]()
    labeled = opened(path)
    for number in range(8):
        other = take_room(disk)
        first = 20_000 * number
        with pytest.raises(LedgerError, match=r"answers\.db"):
            labeled.add(range(first, first + 3_000), [1] * 3_000)
        other.unlink()
        labeled.add(range(first + 10_000, first + 10_500), [0] * 500)
        done |= {*range(first + 10_000, first + 10_500)}
        assert {*opened(path).known_indices.tolist()} == done
        assert {*read_whole(path).answers.labels} == done


def test_no_ledger_begins_on_a_full_disk(disk: Path) -> None:
    other = take_room(disk)
    with pytest.raises(LedgerError, match=r"answers\.db cannot be created"):
        opened(disk / "answers.db")
    assert [*disk.iterdir()] == [other]


def test_it_is_read_checked_and_exported_from_a_full_disk(
    disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = disk / "answers.db"
    opened(path).add(range(100), [1] * 100)
    take_room(disk)
    assert len(opened(path)) == 100
    assert main(["ledger", "check", str(path)]) == 0
    assert main(["ledger", "export", str(path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + 1 + 100


def test_an_export_that_does_not_fit_leaves_the_last_one(
    disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = disk / "answers.db", disk / "answers.csv"
    opened(path).add(range(1_000), [1] * 1_000)
    out.write_text("of yesterday")
    take_room(disk)
    assert main(["ledger", "export", str(path), "--out", str(out)]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert out.read_text() == "of yesterday"
    assert sorted(each.name for each in disk.iterdir()) == [
        "answers.csv",
        "answers.db",
        "of others",
    ]
