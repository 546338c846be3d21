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
Identity = tuple[int, int, bool]
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
    """One connection, shared by the threads of this process, to the file that is there.

    Where the file was moved, deleted, emptied or replaced, the next call opens what is now in its
    place.
    schema: statements that make what is not there yet, one a table, index or trigger.
    opened: called with this after each opening, before anything else is read or written.
    Its methods raise sqlite3.Error if the file cannot be used, and OSError if its folder cannot.
    Text that is not UTF-8 is read as bytes.
    """

    def __init__(
        self, path: Path, schema: Sequence[str], opened: "Callable[[Database], None] | None" = None
    ) -> None:
        self.path, self._schema, self._opened = path, schema, opened
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._file: Identity | None = None
        self._open()

    @property
    def connection(self) -> sqlite3.Connection:
        """To the file that is there now."""
        with self._lock:
            if self._connection is None or self._identity() != self._file:
                self._open()
            assert self._connection is not None
            return self._connection

    def write(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """A statement for each of rows, all or none; when this returns they are on the disk."""
        with self._lock:
            self._used(lambda one: _transact(one, lambda: one.executemany(statement, rows)))

    def read(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows that a query finds."""
        with self._lock:
            return self._used(lambda one: one.execute(query, values).fetchall())

    def copy(self, path: Path) -> None:
        """Write all of it to another file, which must not be there."""
        with self._lock:
            self.connection.execute("VACUUM INTO ?", (str(path),))

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = self._file = None

    def _open(self) -> None:
        self.close()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(
            self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
        self._connection.text_factory = text
        try:
            _retried(self._prepare)
            self._file = self._identity()
            if self._opened:
                self._opened(self)
        except BaseException:
            self.close()  # to be tried again next time
            raise

    def _identity(self) -> Identity | None:
        """What tells the file from another in its place, and from an emptied one."""
        try:
            about = self.path.stat()
        except FileNotFoundError:
            return None
        return about.st_dev, about.st_ino, about.st_size == 0

    def _prepare(self) -> None:
        one = self._connection
        assert one is not None
        mode, synchronous = journal_for(sqlite3.sqlite_version_info)
        one.execute(f"PRAGMA journal_mode = {mode}")
        one.execute(f"PRAGMA synchronous = {synchronous}")
        (known,) = one.execute(COUNT_OWN).fetchone()
        if known < len(self._schema):  # else opening the file would wait for those who write
            _transact(one, lambda: [one.execute(statement) for statement in self._schema])

    def _used(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What work does with the connection; once more if the file was replaced meanwhile."""
        one = self.connection
        try:
            return _retried(lambda: work(one))
        except sqlite3.Error:
            if self._identity() == self._file:
                raise
        other = self.connection
        return _retried(lambda: work(other))


def _transact(one: sqlite3.Connection, work: Callable[[], object]) -> None:
    """All of work or nothing. BEGIN IMMEDIATE waits for other writers here and not half-way."""
    one.execute("BEGIN IMMEDIATE")
    try:
        work()
        one.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            one.execute("ROLLBACK")
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


def text(content: bytes) -> str | bytes:
    """As a connection's text_factory: what is no UTF-8 stays as it is, and hides no other row."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content
