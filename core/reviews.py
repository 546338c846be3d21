"""What people decided about images, kept so that nothing that was acknowledged is ever lost.

SQLite in the data folder. Rows are appended and never changed: what counts is the latest verdict of
each reviewer on an image.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from core import config
from core.config import OptionError, ReviewError
from core.database import Database

Verdict = Literal["normal", "outlier", "unsure", ""]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)  # "": taken back
MAX_NOTE, MAX_NAME = 2_000, 80
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
    """One verdict of one person on one image; what a decision says is never changed.

    operation: unique; the same one recorded twice is kept once.  source: the data set's id.
    image: its id in there.  checkpoint: the model it was looked at through.
    note: anything, up to MAX_NOTE characters.  time: ISO 8601, UTC.
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


def now() -> str:
    """The time as decisions have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Reviews:
    """The decisions in one file: one connection, shared by the threads of this process.

    Raises ReviewError if the file cannot be opened, read or written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or config.data_dir() / "reviews.sqlite3"
        with _refused("opened", self.path):
            self._database = Database(self.path, SCHEMA)

    def record(self, decisions: Sequence[Decision]) -> None:
        """Keep decisions, all or none; when this returns they are on the disk.

        One whose operation is there already changes nothing: it may be sent again.
        """
        with _refused("written", self.path):
            self._database.write(INSERT, [astuple(decision) for decision in decisions])

    def current(self, source: str) -> dict[str, dict[str, Decision]]:
        """The latest decision of each reviewer on each image of a set: image -> reviewer -> it.

        Decisions that were taken back are left out.
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
        """All decisions on a data set (on all if None), in the order in which they were kept."""
        where, values = ("WHERE source = ?", (source,)) if source is not None else ("", ())
        query = f"SELECT {COLUMNS} FROM decisions {where} ORDER BY number"  # noqa: S608  # ours
        with _refused("read", self.path):
            rows = self._database.read(query, values)
        return [Decision(*row) for row in rows]

    def close(self) -> None:
        self._database.close()


def disagreements(current: dict[str, dict[str, Decision]]) -> list[str]:
    """The ids of images that one reviewer calls normal and another an outlier."""
    return [
        image
        for image, by in current.items()
        if {"normal", "outlier"} <= {decision.verdict for decision in by.values()}
    ]


COLUMNS = ", ".join(field.name for field in fields(Decision))
INSERT = (
    f"INSERT INTO decisions ({COLUMNS}) VALUES ({', '.join('?' * len(fields(Decision)))}) "  # noqa: S608  # ours
    "ON CONFLICT (operation) DO NOTHING"
)


@contextlib.contextmanager
def _refused(what: str, path: Path) -> Iterator[None]:
    """A failure of the disk or the file, as a sentence."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise ReviewError(
            f"The decisions in {path.name} cannot be {what} ({error}): free some space or move the "
            "file away, then try again."
        ) from error
