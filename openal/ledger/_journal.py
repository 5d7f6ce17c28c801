"""The journal behind `LabeledSet(path=...)`: a file of events, appended and never changed."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from openal.errors import ArgumentError, LedgerError
from openal.ledger._events import Event, Position
from openal.ledger._format import (
    MARKS,
    TABLES,
    append,
    decoded_text,
    events,
    first_position,
    require_ours,
    require_sound,
    require_tables,
    wal_refusal,
)
from openal.ledger._settings import class_names

__all__ = ["WAIT", "Ledger", "failure", "path_of_a_file"]

WAIT = 30.0  # seconds that a writer waits for the others

_inherited: list[sqlite3.Connection] = []
"""Connections of a parent process. To close one here would take back what the parent writes."""


class _Connection(sqlite3.Connection):
    """Ends its statements when it is closed.

    SQLite would keep the lock of one that is half read, and that the frames of an error, kept by a
    notebook say, still refer to.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._cursors: list[sqlite3.Cursor] = []

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        cursor = self.cursor()
        self._cursors.append(cursor)
        return cursor.execute(sql, parameters)

    def close(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # an interrupt came after it was closed
            for cursor in self._cursors:
                cursor.close()
        super().close()


class Ledger:
    """A file of events that several processes may read and append to at the same time.

    The file is opened for each call and closed after it, so nothing is held across a fork, a
    thread or a pause of a month. It is one plain file, safe to copy between calls; a rollback
    journal stands beside it only during a write, and after one that was killed until it is opened.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        size: int,
        classes: tuple[str, ...],
        events: Iterable[Event] | None = None,
    ) -> None:
        """With `events` the file is a new one, which has them from the moment that it is there."""
        if not isinstance(path, str | os.PathLike):
            raise ArgumentError(f"path must be the name of a file, got {path!r:.60}.")
        self.path = Path(path).absolute()
        self.first: Position = (0, -1)  # before any event, whatever the file began with
        self._asked = size, classes
        self._begun_with: tuple[int, tuple[str, ...]] | None = None
        self._open: tuple[int, sqlite3.Connection] | None = None  # and the process that opened it
        if not os.path.lexists(path_of_a_file(self.path)):
            self._create(size, json.dumps(classes), events or ())
        elif events is not None:
            raise LedgerError(f"{self.path} is there already; give the path of a new file.")

    @property
    def begun_with(self) -> tuple[int, tuple[str, ...]]:
        """The size and the classes of the file before any event; known once it was read."""
        return self._begun_with or self._asked

    def read(self, last: Position, receive: Callable[[Event], None]) -> None:
        """Give `receive` each event that came after the position `last`."""
        with self._connection() as connection:
            self._read(connection, last, receive)

    def exchange(
        self,
        last: Position,
        receive: Callable[[Event], None],
        send: Callable[[], Event | None],
    ) -> None:
        """Give `receive` the news, then append what `send` returns: one transaction, on disk.

        No other process writes between the two. When `send` raises, nothing is appended. What was
        appended goes to `receive` last, when it is safe; should an interrupt come between, it is
        among the news of the next call.
        """
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            last = self._read(connection, last, receive)
            event = send()
            written = None if event is None else append(connection, last, event)
            connection.execute("COMMIT")
        if written is not None:
            receive(written)

    def _read(
        self, connection: sqlite3.Connection, last: Position, receive: Callable[[Event], None]
    ) -> Position:
        """The position of the last event in the file."""
        if last == self.first:  # the last rows may be gone from a page, and no checksum tells
            said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            require_sound(self.path, str(said))
            size, classes = self.begun_with
            last = first_position(size, json.dumps(classes))
        known = connection.execute("SELECT id, checksum FROM event WHERE id = ?", last[:1])
        if last[0] and known.fetchone() != last:
            raise LedgerError(f"{self.path} was replaced since it was read. Open it again.")
        for event in events(connection, self.path, last):
            receive(event)
            last = event.position or last
        return last

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        uri = f"{path_of_a_file(self.path).as_uri()}?mode=rw"  # rw: never creates
        try:
            connection = self._opened(uri)
            # EXTRA also syncs the folder, without which a commit could be undone by a crash.
            connection.execute("PRAGMA synchronous = EXTRA")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.text_factory = decoded_text
            self._check_header(connection)
            yield connection
        except (sqlite3.Error, UnicodeDecodeError) as error:  # the second, of SQLite's own message
            raise failure(self.path, "used as a ledger", error) from error
        finally:
            self._close()

    def _opened(self, uri: str) -> sqlite3.Connection:
        """A new connection; one that an interrupt left open would keep it from writing."""
        self._close()
        settings: dict[str, Any] = {"timeout": WAIT, "isolation_level": None, "uri": True}
        connection = sqlite3.connect(uri, check_same_thread=False, factory=_Connection, **settings)
        self._open = os.getpid(), connection
        return connection

    def _close(self) -> None:
        if self._open is not None:
            process, connection = self._open
            if process == os.getpid():
                connection.close()  # which takes back what was not committed
            else:
                _inherited.append(connection)
            self._open = None

    def _check_header(self, connection: sqlite3.Connection) -> None:
        if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
            raise wal_refusal(self.path)
        require_ours(connection, self.path)
        require_tables(connection, self.path)
        row = connection.execute("SELECT size, classes FROM ledger").fetchone() or (None, None)
        if self._begun_with is None:
            self._begun_with = self._grown_from(*row)
        begun = self._begun_with[0], json.dumps(self._begun_with[1])
        if row != begun:
            raise LedgerError(f"{self.path} began with {row!r:.80}, and with {begun!r:.80} before.")

    def _grown_from(self, size: Any, text: Any) -> tuple[int, tuple[str, ...]]:
        """What the file began with: what is asked for, or what may have grown to it by events."""
        asked, classes = self._asked
        if not isinstance(size, int) or size > asked:
            more = f" Item {asked} is in the file." if isinstance(size, int) else ""
            raise LedgerError(f"{self.path} has size {size}, asked for was {asked}.{more}")
        if text == json.dumps(classes):  # the quick way
            return size, classes
        try:
            return size, class_names(json.loads(str(text)))
        except (ValueError, TypeError, RecursionError) as error:
            raise LedgerError(f"{self.path} is damaged: table 'ledger': {error}") from error

    def _create(self, size: int, classes: str, events: Iterable[Event]) -> None:
        """Write the new ledger beside `path`, then give it its name: it is never half made."""
        draft = self.path.with_name(f".{uuid4().hex}.draft")
        try:
            with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
                connection.execute("BEGIN")
                for statement in (*MARKS, *TABLES):
                    connection.execute(statement)
                connection.execute("INSERT INTO ledger VALUES (?, ?)", (size, classes))
                last = first_position(size, classes)
                for event in events:
                    last = append(connection, last, event).position or last
                connection.execute("COMMIT")
            _publish(draft, self.path)
        except (OSError, sqlite3.Error) as error:
            raise LedgerError(f"{self.path} cannot be created: {error}.") from error
        finally:
            with suppress(OSError):  # on a read-only disk it was never there
                draft.unlink()


def _publish(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was faster; its ledger is as good
    except OSError:  # a file system without hard links: two creators within a moment collide
        if not path.exists():
            draft.rename(path)


def failure(path: Path, done: str, error: Exception) -> LedgerError:
    """The error of a ledger that cannot be `done` with: who has it, or what SQLite says."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
        return LedgerError(
            f"{path} cannot be {done}: another program has it locked, with a change that it has "
            f"not finished, and {WAIT:g} seconds of waiting did not help. Nothing was lost and "
            f"nothing was written: save or close it there, then try again."
        )
    return LedgerError(f"{path} cannot be {done}: {error}.")


def path_of_a_file(path: Path) -> Path:
    """`path` if it may be a ledger; only looks at names and sizes.

    The file must not be opened outside SQLite: closing it would drop the locks of other threads.
    """
    if "\0" in str(path):
        raise LedgerError(f"The path {str(path)!r} holds a NUL character.")
    try:
        return _of_a_file(path)
    except OSError as error:  # a name that is too long, or a folder that nobody may look into
        raise LedgerError(f"{path} cannot be used as a ledger: {error.strerror}.") from error


def _of_a_file(path: Path) -> Path:
    if not path.parent.is_dir():
        raise LedgerError(f"{path} cannot be created: there is no folder {path.parent}.")
    if path.exists() and not path.is_file():
        raise LedgerError(f"{path} is not a file.")
    if path.exists() and path.stat().st_size == 0:
        raise LedgerError(f"{path} is empty (0 bytes): no ledger. Restore it, or remove it.")
    return path
