"""A file is there whole or not at all, whoever writes beside it and whatever the disk refuses."""

import errno
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openal import _files
from openal._files import write_whole


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_what_is_written_is_there_and_nothing_else(tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "x.csv", b"one", memoryview(b"two"))
    assert (tmp_path / "a" / "x.csv").read_bytes() == b"onetwo"
    assert names(tmp_path / "a") == ["x.csv"]


def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path: Path) -> None:
    write_whole(tmp_path / "x.csv", b"old")
    with pytest.raises(TypeError):
        write_whole(tmp_path / "x.csv", b"new", None)  # type: ignore[arg-type]
    assert (tmp_path / "x.csv").read_bytes() == b"old"
    assert names(tmp_path) == ["x.csv"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_is_not_replaced_nor_a_link_to_one_or_to_an_open_file(tmp_path: Path) -> None:
    """As /dev/null, and /dev/stdout, for whoever may write to /dev."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")
    before = names(tmp_path)
    for name in before:
        with pytest.raises(OSError, match=f"{name} is no plain file; another name"):
            write_whole(tmp_path / name, b"new")
    assert names(tmp_path) == before
    assert (tmp_path / "pipe").is_fifo() and (tmp_path / "link").is_fifo()


def test_a_file_has_the_rights_that_others_give_theirs(tmp_path: Path) -> None:
    write_whole(tmp_path / "x.csv", b"")
    (tmp_path / "y.csv").touch()
    assert (tmp_path / "x.csv").stat().st_mode == (tmp_path / "y.csv").stat().st_mode


def test_a_planted_link_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither of the name that was guessable once, nor of the drawn one, were it known."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    monkeypatch.setattr(secrets, "token_hex", lambda _: "known")
    for name in (f".x.csv.{os.getpid()}.part", ".x.csv.part"):
        (tmp_path / name).symlink_to(victim)
    write_whole(tmp_path / "x.csv", b"new")
    (tmp_path / f".x.csv.{os.getpid()}-known.part").symlink_to(victim)
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "x.csv", b"newer")
    assert victim.read_bytes() == b"mine"
    assert (tmp_path / "x.csv").read_bytes() == b"new"


def test_the_name_of_a_part_cannot_be_guessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, replace = set[str](), Path.replace

    def spy(part: Path, target: Path) -> Path:
        seen.add(part.name)
        return replace(part, target)

    monkeypatch.setattr(Path, "replace", spy)
    for _ in range(5):
        write_whole(tmp_path / "x.csv", b"")
    assert len(seen) == 5


def refusing(number: int, kind: Callable[[int], bool]) -> Callable[[int], None]:
    """An `fsync` that refuses descriptors of a kind."""
    fsync = os.fsync

    def refuse(descriptor: int) -> None:
        if kind(descriptor):
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    return refuse


def is_folder(descriptor: int) -> bool:
    return os.path.isdir(f"/proc/self/fd/{descriptor}")


def is_file(descriptor: int) -> bool:
    return not is_folder(descriptor)


def write_three(folder: Path) -> None:
    for name in "abc":
        write_whole(folder / name, b"new")


@pytest.mark.parametrize("kind", [is_folder, is_file])
@pytest.mark.parametrize("number", sorted(_files.NO_SYNC))
def test_a_disk_that_cannot_sync_is_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: Callable[[int], bool]
) -> None:
    monkeypatch.setattr(os, "fsync", refusing(number, kind))
    with pytest.warns(UserWarning, match="after a power cut") as warned:
        write_three(tmp_path)
    assert len(warned) == 1
    assert names(tmp_path) == ["a", "b", "c"]


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_a_disk_that_fails_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "fsync", refusing(number, is_file))
    with pytest.raises(OSError, match=os.strerror(number)):
        write_whole(tmp_path / "x.csv", b"new")
    assert names(tmp_path) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_that_cannot_be_listed(tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.mkdir(mode=0o300)
    with pytest.warns(UserWarning, match="after a power cut"):
        write_whole(folder / "x.csv", b"new")
    folder.chmod(0o700)
    assert (folder / "x.csv").read_bytes() == b"new"


def test_the_folder_is_synced_after_the_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[bool, list[str]]] = []

    def note(descriptor: int) -> Any:
        synced.append((is_folder(descriptor), [*names(tmp_path)]))

    monkeypatch.setattr(os, "fsync", note)
    write_whole(tmp_path / "x.csv", b"new")
    assert synced[-1] == (True, ["x.csv"])
    assert not synced[0][0]
