"""Review decisions about images, stored so that no acknowledged decision is ever lost.

SQLite in the data folder. Rows are appended and never changed; the latest verdict of each reviewer
on an image is valid. The number of decisions is stored beside the file, and a copy is made from
time to time, so that a file that was emptied or replaced by an older one is noticed and restored.
"""

import contextlib
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct

from core import config
from core.config import OptionError, ReviewError
from core.files import remove_abandoned, write_atomically
from core.text import one_line

# One SQLite file for several processes and threads, without loss of committed rows.

T = TypeVar("T")
Identity = tuple[int, int, bool]
ATTEMPTS, PATIENCE = 3, 2.0  # seconds that one attempt waits for another process's write
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
# SQLite creates some tables itself (sqlite_sequence, sqlite_autoindex_...), outside our schema.
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
    """One connection to a file, shared by the threads of this process.

    If the file was moved, deleted, emptied or replaced, the next call opens the file that is now at
    its path.
    schema: statements that create missing tables, indices and triggers, one each.
    opened: called with this object after each opening, before other reads or writes.
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
        """A connection to the file that is now at the path."""
        with self._lock:
            if self._connection is None or self._identity() != self._file:
                self._open()
            assert self._connection is not None
            return self._connection

    def write(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Execute a statement for each of rows, all or none; on return they are on disk."""
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
        self._connection.text_factory = storable_text
        try:
            _retried(self._prepare)
            self._file = self._identity()
            if self._opened:
                self._opened(self)
        except BaseException:
            self.close()  # to be tried again next time
            raise

    def _identity(self) -> Identity | None:
        """Values that differ between files at the same path, and for an emptied file."""
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
        """The result of work with the connection; repeated if the file was replaced meanwhile."""
        one = self.connection
        try:
            return _retried(lambda: work(one))
        except sqlite3.Error:
            if self._identity() == self._file:
                raise
        other = self.connection
        return _retried(lambda: work(other))


def _transact(one: sqlite3.Connection, work: Callable[[], object]) -> None:
    """Do work in a transaction. BEGIN IMMEDIATE waits for other writers at the start."""
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


def storable_text(content: bytes) -> str | bytes:
    """A text_factory: text that is not UTF-8 stays bytes, so that it does not hide other rows."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content


Verdict = Literal["normal", "outlier", "unsure", ""]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)  # "": taken back
MAX_NOTE, MAX_NAME, MAX_ID = 2_000, 80, 5_000
COPY_AFTER = 0.1  # of the decisions may be newer than the copy of them, or so many:
COPY_FEW = 20
SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS decisions (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        operation TEXT NOT NULL UNIQUE,
        source TEXT NOT NULL,
        image TEXT NOT NULL,
        checkpoint TEXT NOT NULL,
        reviewer TEXT NOT NULL,
        verdict TEXT NOT NULL CHECK (verdict IN ('normal', 'outlier', 'unsure', '')),
        note TEXT NOT NULL,
        time TEXT NOT NULL
    )
    """,
    "CREATE INDEX IF NOT EXISTS by_source ON decisions (source, image, reviewer)",
    """
    CREATE TRIGGER IF NOT EXISTS never_changed BEFORE UPDATE ON decisions
    BEGIN SELECT RAISE(ABORT, 'decisions are only appended'); END
    """,
    """
    CREATE TRIGGER IF NOT EXISTS never_deleted BEFORE DELETE ON decisions
    BEGIN SELECT RAISE(ABORT, 'decisions are only appended'); END
    """,
)


@dataclass(frozen=True)
class Decision:
    """One verdict of one person on one image; it is never changed.

    operation: unique; recording the same one twice stores it once.  source: id of the data set.
    image: id of the image.  checkpoint: the model used in the review.
    note: any text up to MAX_NOTE characters.  time: ISO 8601, UTC.
    """

    operation: str
    source: str
    image: str
    checkpoint: str
    reviewer: str
    verdict: Verdict
    note: str
    time: str

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise OptionError(f"There is no verdict {str(self.verdict)[:20]!r}: choose one given.")
        if not 1 <= len(self.reviewer) <= MAX_NAME or not 1 <= len(self.operation) <= MAX_NAME:
            raise OptionError(f"A reviewer needs a name of 1 to {MAX_NAME} characters.")
        if len(self.note) > MAX_NOTE:
            raise OptionError(f"A note has at most {MAX_NOTE:,} characters: shorten it.")

    def check(self) -> None:
        """Raise OptionError if a text of the decision cannot be stored."""
        for name, words in TEXTS.items():
            said: str = getattr(self, name)
            if len(said) > MAX_ID:
                raise OptionError(f"{words} is longer than {MAX_ID:,} characters: shorten it.")
            if "\0" in said or any("\ud800" <= c <= "\udfff" for c in said):
                raise OptionError(
                    f"{words} ({one_line(said, 40)}) has a character that cannot be kept (half of "
                    "one, or NUL): write it anew without that."
                )


class Kept(Struct, frozen=True):
    """Facts about the file, stored beside it.

    n: decisions that it had last.  lost: decisions that it had and no longer has.
    copied: decisions in its copy; 0 if the file has all of them.
    """

    n: Annotated[int, Meta(ge=0)] = 0
    lost: Annotated[int, Meta(ge=0)] = 0
    copied: Annotated[int, Meta(ge=0)] = 0


def now() -> str:
    """The current time in the format of decisions."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Reviews:
    """The decisions in one file, with one connection shared by the threads of this process.

    If the file is moved, deleted or replaced, the file that is then at its path is used, and
    notices() reports what is missing.
    Raises ReviewError if the file cannot be opened, read or written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or config.data_dir() / "reviews.sqlite3"
        self.copy_path = self.path.with_name(f"{self.path.stem}.copy{self.path.suffix}")
        self._known: Kept | None = None
        with self._refused("opened"):
            self._database = Database(self.path, SCHEMA, self._opened)

    def record(self, decisions: Sequence[Decision]) -> None:
        """Store decisions, all or none; on return they are on disk.

        A decision whose operation is already stored is ignored, so it may be sent again.
        Raises OptionError if a text cannot be stored.
        """
        for decision in decisions:
            decision.check()
        with self._refused("written"):
            self._database.write(INSERT, [astuple(decision) for decision in decisions])
        with contextlib.suppress(sqlite3.Error, OSError):  # the decisions themselves are kept
            self._written()

    def current(self, source: str) -> dict[str, dict[str, Decision]]:
        """The latest decision by image and reviewer for a data set: image -> reviewer -> decision.

        Withdrawn decisions are left out.
        """
        latest: dict[str, dict[str, Decision]] = {}
        for decision in self.history(source):
            latest.setdefault(decision.image, {})[decision.reviewer] = decision
        return {
            image: kept
            for image, by in latest.items()
            if (kept := {name: d for name, d in by.items() if d.verdict})
        }

    def history(self, source: str | None = None) -> list[Decision]:
        """All decisions on a data set (on all sets if None), in the order of storing.

        Rows that cannot be read are left out: see notices().
        """
        return [one for one in map(_decision, self._rows(source)) if one is not None]

    def notices(self, source: str | None = None) -> tuple[str, ...]:
        """A sentence for each fault of the file that does not prevent its use."""
        unreadable = sum(_decision(row) is None for row in self._rows(source))
        found = []
        if unreadable:
            of_them = "1 decision" if unreadable == 1 else f"{unreadable:,} decisions"
            found.append(
                f"{of_them} in {self.path.name} cannot be read and left out here: something else "
                "than Hourglass has written there."
            )
        if lost := self.lost:
            of_them = "1 decision that was" if lost == 1 else f"{lost:,} decisions that were"
            found.append(
                f"{of_them} kept in {self.path.name} {'is' if lost == 1 else 'are'} not there any "
                "more: the file was emptied, moved away or replaced. Put it back in its place, "
                "bring back what the copy of it has, or go on without them."
            )
        return tuple(found)

    @property
    def lost(self) -> int:
        """Number of decisions that were stored and are missing now."""
        return self._kept().lost

    @property
    def n_copied(self) -> int:
        """Number of decisions in the copy, which bring_back() would read."""
        return self._kept().copied if self.copy_path.exists() else 0

    def bring_back(self) -> int:
        """Add the decisions that only the copy has; return their number.

        Decisions made since the file was lost stay valid, because they are appended again.
        """
        with self._refused("read", self.copy_path), _reading(self.copy_path) as copy:
            query = f"SELECT {COLUMNS} FROM decisions ORDER BY number"  # noqa: S608  # ours
            copied = [one for one in map(_decision, copy.execute(query)) if one is not None]
        here = self.history()
        known = {one.operation for one in here}
        missing = [one for one in copied if one.operation not in known]
        older = {_about(one) for one in missing}
        latest = {_about(one): one for one in here if _about(one) in older}
        again = [replace(one, operation=secrets.token_hex(16)) for one in latest.values()]
        with self._refused("written"):
            self._database.write(INSERT, [astuple(one) for one in (*missing, *again)])
            n = self._n(self._database)
        self._know(Kept(n, max(0, self._kept().lost - len(missing))))  # it has no more to give
        return len(missing)

    def go_on_without(self) -> None:
        """Stop reporting the decisions that are missing now."""
        self._know(msgspec.structs.replace(self._kept(), lost=0))

    def close(self) -> None:
        self._database.close()

    def _rows(self, source: str | None) -> list[tuple[Any, ...]]:
        where, values = ("WHERE source = ?", (source,)) if source is not None else ("", ())
        query = f"SELECT {COLUMNS} FROM decisions {where} ORDER BY number"  # noqa: S608  # ours
        with self._refused("read"):
            return self._database.read(query, values)

    def _opened(self, database: Database) -> None:
        """Compare the opened file with the last known number of decisions, and record lost ones.

        That number is read first, so that decisions that others add meanwhile do not count as lost.
        """
        known = self._kept()
        n = self._n(database)
        self._know(Kept(n, max(0, known.lost + known.n - n), known.copied))

    def _written(self) -> None:
        """Record the current number of decisions, and copy the file if many are new."""
        kept = msgspec.structs.replace(self._kept(), n=self._n(self._database))
        if not kept.lost and kept.n - kept.copied >= max(COPY_FEW, COPY_AFTER * kept.n):
            with contextlib.suppress(sqlite3.Error, OSError):
                self._copy(self._database)
                kept = msgspec.structs.replace(kept, copied=kept.n)
        self._know(kept)

    @staticmethod
    def _n(database: Database) -> int:
        ((n,),) = database.read("SELECT count(*) FROM decisions")
        return int(n)

    def _copy(self, database: Database) -> None:
        """Replace the copy of the file atomically."""
        remove_abandoned(self.path.parent, self.copy_path.name)
        new = self.copy_path.with_name(f".{self.copy_path.name}.{secrets.token_hex(4)}")
        try:
            database.copy(new)
            os.replace(new, self.copy_path)
        finally:
            new.unlink(missing_ok=True)

    def _kept(self) -> Kept:
        """The facts stored beside the file; they outlive the file in a second place."""
        try:
            return msgspec.json.decode(self._kept_path.read_bytes(), type=Kept)
        except (OSError, ValueError):
            return self._known or Kept()

    def _know(self, kept: Kept) -> None:
        self._known = kept
        with contextlib.suppress(OSError):  # in a read-only folder it is not recorded
            write_atomically(self._kept_path, msgspec.json.encode(kept), durable=False)

    @property
    def _kept_path(self) -> Path:
        return self.path.with_name(f"{self.path.stem}.kept.json")

    @contextlib.contextmanager
    def _refused(self, what: str, path: Path | None = None) -> Iterator[None]:
        """Context that turns errors of disk and file into a ReviewError that says what to do."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            name = (path or self.path).name
            raise ReviewError(
                f"The decisions in {name} cannot be {what}: {_advice(error, path or self.path)}"
            ) from error


def disagreements(current: dict[str, dict[str, Decision]]) -> list[str]:
    """The ids of images that one reviewer calls normal and another an outlier."""
    return [
        image
        for image, by in current.items()
        if {"normal", "outlier"} <= {decision.verdict for decision in by.values()}
    ]


NAMES = tuple(field.name for field in fields(Decision))
COLUMNS = ", ".join(NAMES)
INSERT = (
    f"INSERT INTO decisions ({COLUMNS}) VALUES ({', '.join('?' * len(fields(Decision)))}) "  # noqa: S608  # ours
    "ON CONFLICT (operation) DO NOTHING"
)


TEXTS = {
    "operation": "The name of this decision",
    "source": "The name of the data set",
    "image": "The name of the image",
    "checkpoint": "The name of the model",
    "reviewer": "Your name",
    "verdict": "The verdict",
    "note": "The note",
    "time": "The time",
}


def _about(one: Decision) -> tuple[str, str, str]:
    """Key of decisions of which only the latest is valid: data set, image, reviewer."""
    return one.source, one.image, one.reviewer


def _decision(row: tuple[Any, ...]) -> Decision | None:
    """A row as a decision, None if it is invalid, written by another program."""
    if not all(isinstance(value, str) for value in row):
        return None
    try:
        return Decision(**dict(zip(NAMES, row, strict=True)))
    except OptionError:
        return None


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a file that must be there."""
    there = f"{path.absolute().as_uri()}?mode=rw"
    with contextlib.closing(sqlite3.connect(there, uri=True)) as one:
        one.text_factory = storable_text
        yield one


def _advice(error: sqlite3.Error | OSError, path: Path) -> str:
    """The cause of an error and the remedy, as the end of a sentence."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    seconds = ATTEMPTS * PATIENCE
    if code in BUSY:
        return (
            f"another program has been writing to it for more than {seconds:g} seconds; wait until "
            "it is done, or end it, then try again."
        )
    if code == sqlite3.SQLITE_FULL:
        return "the disk is full; free some space, then try again."
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return (
            f"the file or its folder may not be written to ({error}); let who runs Hourglass write "
            f"in {path.parent}, then try again."
        )
    if code == sqlite3.SQLITE_CONSTRAINT:
        return f"one of them is not as it must be ({error}); make it anew."
    if isinstance(error, OSError) or code == sqlite3.SQLITE_IOERR:
        said = error.strerror if isinstance(error, OSError) else str(error)
        return f"the disk refuses ({said}); mend that, then try again."
    return (
        f"the file is damaged ({error}); move the file away, and a new one is begun, into which "
        "decisions can be brought back from the copy."
    )
