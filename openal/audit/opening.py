"""A ledger opened to be looked at: nothing is changed, nothing is left beside it.

After a kill in the middle of a write, a rollback journal stands beside the file. SQLite would take
the half-written pages back when it is opened for writing; here that happens to a copy.

For a process of its own: the file is also read outside SQLite, which, where threads of the same
process are writing to it, would give up their locks.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from openal.errors import LedgerError
from openal.ledger import WAIT, as_text, path_of_a_file

__all__ = ["code", "looked_at", "missing_bytes"]

T = TypeVar("T")

MAGIC = b"SQLite format 3\0"
HEADER = 100  # bytes
WAL = 2  # at bytes 18 and 19 of a file in WAL mode
TRIES = 100


def looked_at(path: Path, look: Callable[[sqlite3.Connection], T]) -> T:
    """What `look` finds in the ledger; a LedgerError that says why it cannot be read."""
    try:
        _require_file(path)
        for _ in range(TRIES):
            try:
                return _look(path, look)
            except sqlite3.OperationalError as error:
                if code(error) != sqlite3.SQLITE_READONLY_ROLLBACK:
                    raise
            with TemporaryDirectory() as folder:
                if _copied(path, Path(folder) / "ledger"):
                    return _look(Path(folder) / "ledger", look, mode="rw")
        raise LedgerError(f"{path} changes all the time; try again.")
    except (sqlite3.Error, UnicodeDecodeError) as error:  # the second, of SQLite's own message
        raise LedgerError(f"{path} cannot be read: {missing_bytes(path) or error}.") from error
    except OSError as error:
        raise LedgerError(f"{path} cannot be read: {error}.") from error


def missing_bytes(path: Path) -> str | None:
    """Where the file ends, if that is before its last page; None if it is as long as it says."""
    header, size = _header(path), os.stat(path).st_size
    if not header.startswith(MAGIC) or len(header) < HEADER:
        return None
    page = int.from_bytes(header[16:18], "big")
    length = int.from_bytes(header[28:32], "big") * (65536 if page == 1 else page)
    return f"it is cut, after {size} of its {length} bytes" if size < length else None


def code(error: sqlite3.Error) -> int:
    """SQLite's extended code; 0 for an error of Python's module around it."""
    return getattr(error, "sqlite_errorcode", 0)


def _look(path: Path, look: Callable[[sqlite3.Connection], T], mode: str = "ro") -> T:
    uri = f"{path.as_uri()}?mode={mode}"
    with closing(sqlite3.connect(uri, uri=True, timeout=WAIT, isolation_level=None)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.text_factory = as_text
        connection.execute("BEGIN")  # all that is looked at is of one moment
        return look(connection)


def _copied(path: Path, copy: Path) -> bool:
    """Copy the file and its journal; False if someone else has taken the write back meanwhile.

    The journal first: while it is there unchanged, nobody has written after it.
    """
    journal, beside = (Path(f"{each}-journal") for each in (path, copy))
    try:
        before = _identity(journal)
        shutil.copyfile(journal, beside)
        shutil.copyfile(path, copy)
        return _identity(journal) == before
    except FileNotFoundError:
        return False


def _identity(path: Path) -> tuple[int, int, int]:
    found = os.stat(path)
    return found.st_ino, found.st_size, found.st_mtime_ns


def _require_file(path: Path) -> None:
    if "\0" not in str(path) and not path.exists():
        raise LedgerError(f"{path} is not there.")
    path_of_a_file(path)
    header = _header(path)
    if header.startswith(MAGIC) and WAL in header[18:20]:  # to read it, SQLite would write
        raise LedgerError(
            f"{path} is in SQLite's WAL mode, which openal does not use: its last answers may be "
            f"in another file, {path.name}-wal. PRAGMA journal_mode = DELETE brings them back."
        )


def _header(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEADER)
