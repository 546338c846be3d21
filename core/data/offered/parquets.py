"""Images in Parquet files: a column `image` of bytes, or of structs with bytes, `label` and `id`,
under these and other usual names, as public hubs write them.

They are read by a process of its own (core.data.offered.parquet_worker), whose memory is bounded
and whose end, however it comes, is a refusal of the rows that are left.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO

import msgspec

from core.config import PROJECT, DataError, python
from core.data.offered.files import KEPT, Limits, Offer, Unique, opened, refused
from core.data.offered.names import RawName, as_label, as_written, objection, printable
from core.data.offered.parquet_worker import (
    Answer,
    Done,
    Opened,
    Refused,
    Request,
    Row,
    Rows,
    Skipped,
    receive,
    send,
)

MAGIC = b"PAR1"
CRASHED = "It is damaged, or reading it takes too much memory."


@dataclass(frozen=True)
class Parquet:
    """A Parquet file; its offers are read from the beginning as often as asked.

    name: for messages.  n: number of rows in its metadata; 0 = not read.
    """

    path: Path
    name: str
    limits: Limits
    readers: "Readers"
    n: int = 0

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[Offer]:
        """A file a row, named by its `id` or its number, and a refusal for rows that are lost."""
        unique: Unique | None = None
        unsure, row = False, 0
        with contextlib.closing(self.readers.answers(self.request())) as answers:
            for answer in answers:
                if isinstance(answer, Opened):
                    unique, unsure = Unique() if answer.named else None, answer.unsure
                elif isinstance(answer, Rows):
                    for number, found in enumerate(answer.rows, row):
                        yield _offer(unique, number, _renamed(found, unique) if unsure else found)
                    row += len(answer.rows)
                elif isinstance(answer, Skipped):
                    yield refused(_rows_named(answer, row), answer.reason)
                    row = answer.end or row
                elif isinstance(answer, Refused):
                    yield refused(self.name, answer.reason)

    def request(self, rows: bool = True) -> Request:
        """The request to the process that reads the file."""
        return Request(
            os.fsencode(self.path.absolute()), self.limits.files, self.limits.total, rows
        )


def _renamed(row: Row, unique: Unique | None) -> Row:
    """The row without its name, if that cannot be one or comes again; it is then its number."""
    raw = RawName(row.name.encode(), marked=True)
    if not row.name or (not objection(row.name) and not (unique and unique.is_known(raw))):
        return row
    return msgspec.structs.replace(row, name="")


def _offer(unique: Unique | None, number: int, row: Row) -> Offer:
    """A row.  unique: names so far; None where rows have none but their number."""
    if unique is None or not row.name:
        reason, label = row.reason, str(number)
    else:
        name = RawName(row.name.encode(), marked=True)
        reason = objection(row.name) or unique.objection(name) or row.reason
        label = as_written(row.name) if reason else as_label(row.name, windows=False)
    if reason:
        return refused(label, reason)
    label = unique.name(label) if unique else label
    return Offer(label, partial(bytes, row.content), row.label)


@contextlib.contextmanager
def open_parquet(
    source: Path | IO[bytes], name: str, limits: Limits = KEPT, readers: "Readers | None" = None
) -> Iterator[Parquet]:
    """A file, to be read while this lasts.

    name: how to call it in a message.  readers: processes that may read it; None = its own.
    Refused rows are among the offers. Raises DataError if it is no Parquet file with images, or has
    too many rows.
    """
    name = printable(name)
    readers = readers or Readers()
    with _on_disk(source, name) as path:
        file = Parquet(path, name, limits, readers)
        answer, *_ = readers.answers(file.request(rows=False))
        if isinstance(answer, Refused | Skipped):
            raise DataError(f"{name} cannot be used. {answer.reason}")
        assert isinstance(answer, Opened)
        yield replace(file, n=answer.n)


class Readers:
    """Processes that read Parquet files. One that is done with a file waits for the next; it ends
    when this is no longer used.
    """

    def __init__(self) -> None:
        self._idle: list[subprocess.Popen[bytes]] = []
        weakref.finalize(self, _end_all, self._idle)

    def answers(self, request: Request) -> Generator[Answer]:
        """Answers of a process about a file; a Skipped of the rest if it ended early."""
        process = self._idle.pop() if self._idle else _started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            with contextlib.suppress(OSError):  # it has ended: its output says so, too
                send(process.stdin, request)
            while content := receive(process.stdout):
                answer = msgspec.msgpack.decode(content, type=Answer)
                if isinstance(answer, Done):
                    self._idle.append(process)
                    return
                yield answer
            yield Skipped(None, CRASHED)
        finally:
            if process not in self._idle:
                _end(process)


def _rows_named(answer: Skipped, row: int) -> str:
    if answer.end is None:
        return f"row {row} and what comes after it"
    return f"rows {row} to {answer.end - 1}" if answer.end - row > 1 else f"{row}"


@contextlib.contextmanager
def _on_disk(source: Path | IO[bytes], name: str) -> Iterator[Path]:
    """A path of the file, for the process that reads it; an upload is written down for so long."""
    if isinstance(source, Path):
        with opened(source, name):
            yield source
        return
    with tempfile.TemporaryDirectory(prefix="hourglass-") as folder:
        path = Path(folder) / "offered.parquet"
        source.seek(0)
        with open(path, "wb") as file:
            shutil.copyfileobj(source, file)
        yield path


def _started() -> "subprocess.Popen[bytes]":
    """A process that waits for requests; it ends when its input does, as when we end."""
    hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows would show one
    return subprocess.Popen(
        python("core.data.offered.parquet_worker"),
        cwd=PROJECT,
        # What it takes comes from malloc alone, whose refusals Arrow understands.
        env=os.environ
        | {
            "ARROW_DEFAULT_MEMORY_POOL": "system",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=hidden,
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.communicate()


def _end_all(processes: "list[subprocess.Popen[bytes]]") -> None:
    while processes:
        _end(processes.pop())
