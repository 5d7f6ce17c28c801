"""Events that nobody recorded, written into a file of answers."""

import sqlite3
from contextlib import closing
from pathlib import Path

from openal.ledger import _format


def forge(path: Path, kind: str, indices: str, labels: str, annotator: str | None) -> None:
    """Append an event to a file, with the checksum that it must have."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        query = "SELECT id, checksum FROM event ORDER BY id DESC LIMIT 1"
        last, checksum = connection.execute(query).fetchone()
        row = ["now", kind, annotator, indices, labels, None, None, None]
        columns = f"id, checksum, {', '.join(_format.COLUMNS)}"
        insert = f"INSERT INTO event ({columns}) VALUES ({', '.join('?' * 10)})"
        connection.execute(insert, [last + 1, _format.checksum_of(row, checksum), *row])
