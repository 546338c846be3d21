"""One SQLite file for several processes and threads; what was committed is never lost.

Imports nothing else from core.
"""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
ATTEMPTS, PATIENCE = 3, 2.0  # seconds that one attempt waits for another process's write
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
# SQLite makes some by itself (sqlite_sequence, sqlite_autoindex_...): they are not of the schema.
COUNT_OWN = "SELECT count(*) FROM sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'"


def journal_for(version: tuple[int, ...]) -> tuple[str, str]:
    """(journal_mode, synchronous) that lose no commit on this version of SQLite.

    Before 3.51.3 (3.50.7 and 3.44.6 have the correction too) a write-ahead log with two writers
    could lose what one of them had committed.
    """
    corrected = ((3, 44, 6), (3, 45)), ((3, 50, 7), (3, 51)), ((3, 51, 3), (4,))
    sound = any(first <= version < end for first, end in corrected)
    return ("WAL", "FULL") if sound else ("DELETE", "EXTRA")


class Database:
    """One connection, shared by the threads of this process.

    schema: statements that make what is not there yet, one a table, index or trigger.
    Its methods raise sqlite3.Error if the file cannot be used; opening it raises OSError too.
    """

    def __init__(self, path: Path, schema: Sequence[str]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self.connection = sqlite3.connect(
            path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
        _retried(lambda: self._prepare(schema))

    def write(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """A statement for each of rows, all or none; when this returns they are on the disk."""
        with self._lock:
            _retried(lambda: self._transact(lambda: self.connection.executemany(statement, rows)))

    def read(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows that a query finds."""
        with self._lock:
            return _retried(lambda: self.connection.execute(query, values).fetchall())

    def close(self) -> None:
        with self._lock:
            self.connection.close()

    def _prepare(self, schema: Sequence[str]) -> None:
        mode, synchronous = journal_for(sqlite3.sqlite_version_info)
        self.connection.execute(f"PRAGMA journal_mode = {mode}")
        self.connection.execute(f"PRAGMA synchronous = {synchronous}")
        (known,) = self.connection.execute(COUNT_OWN).fetchone()
        if known < len(schema):  # else opening the file would wait for those who write
            self._transact(lambda: [self.connection.execute(one) for one in schema])

    def _transact(self, work: Callable[[], object]) -> None:
        """All of work or nothing. BEGIN IMMEDIATE waits for other writers here and not half-way."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            work()
            self.connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self.connection.execute("ROLLBACK")
            raise


def _retried(work: Callable[[], T]) -> T:
    """The result of work, tried again a few times while another process holds the file."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return work()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in BUSY or attempt == ATTEMPTS:
                raise
            time.sleep(0.05 * attempt)
    raise AssertionError
