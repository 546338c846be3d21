"""A process that reads images out of Parquet files, with a bound on its memory.

A few kilobytes of Parquet can stand for gigabytes in more ways than its metadata admit, and what
reads it is native code. So it is read here, by `python -m core.data.offered.parquet_worker`, which
takes a Request on its standard input and gives Opened, Rows and Skipped on its output, last a Done;
each message is its length in four bytes and msgpack. If it needs too much memory or crashes, the
one who asked is told that by the end of the output. Imports only core.data.offered.names and
core.data.offered.files.
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import IO, Any

import msgspec
from msgspec import Struct

from core.config import ImageRejected
from core.data.offered.files import MAX_MEMBER, Budget, Limits, too_tight
from core.data.offered.names import printable

MEMORY = 2 << 30  # bytes that this process may have; half of them for what is kept
LEAST_MEMORY, FOR_A_BYTE = 192 << 20, 32  # bytes for any file, and for each of its own
SHORT = 64 << 20  # bytes of a column in a row group up to which values that repeat are kept once
BATCH_BYTES, BATCH_ROWS = 8 << 20, 1024  # that are unpacked at a time
MESSAGE_BYTES = 1 << 20
LEAST = 64  # bytes that a row counts for, however little is in it
MAX_LABEL = 200  # characters
METADATA = 64 << 20  # bytes of text, and elements, in the metadata of a file
IMAGES = ("image", "img", "picture", "photo", "jpg", "png", "webp")
LABELS = (
    "label", "labels", "class", "class_name", "category", "target", "fine_label", "coarse_label",
    "cls", "y",
)  # fmt: skip
PATHS = (  # of the columns that are looked for, the first that is there counts
    ("id", "image_id", "file_name", "filename", "__key__"),
    tuple(path for name in IMAGES for path in (name, f"{name}.bytes")),
    LABELS,
)
HUB = b"huggingface"  # the key under which public hubs keep what the columns are
MAX_CLASSES, MAX_FEATURES = 100_000, 8 << 20  # names; bytes of what the columns are
DICTIONARY, DELTA = {"PLAIN_DICTIONARY", "RLE_DICTIONARY"}, "DELTA_BYTE_ARRAY"
TIGHT = "The file is packed more tightly than images can be: what comes after is not read."
GROUP_TIGHT = "These rows are packed more tightly than images can be."
TOO_MUCH = (
    "Reading it takes more than {:,} MB of memory: "
    "write the file with smaller row groups and pages."
)


class Request(Struct, tag=True):
    """A file to read.  path: as the file system has it.  files, total: see core.data.offered.files.

    rows: False = only say whether it can be read.
    """

    path: bytes
    files: int | None
    total: int | None
    rows: bool = True


class Opened(Struct, tag=True):
    """The file can be read.  n: rows, as its metadata have it.  named: a column names them.

    unsure: the names are only what the images were called once, and may come twice.
    """

    n: int
    named: bool
    unsure: bool = False


class Refused(Struct, tag=True):
    """The file cannot be read at all, and why; nothing follows."""

    reason: str


class Row(Struct, array_like=True):
    """An image, or why there is none.  name: "" if the file names none."""

    name: str
    label: str | None
    content: bytes
    reason: str


class Rows(Struct, tag=True):
    """Rows of the file, in its order."""

    rows: list[Row]


class Skipped(Struct, tag=True):
    """The next rows cannot be read, up to number `end`; None = all that are left."""

    end: int | None
    reason: str


class Done(Struct, tag=True):
    """All has been said about this file."""


Answer = Opened | Refused | Rows | Skipped | Done


def send(stream: IO[bytes], message: Request | Answer) -> None:
    """Write a message.  Raises OSError if the reader has ended."""
    content = msgspec.msgpack.encode(message)
    stream.write(len(content).to_bytes(4, "big") + content)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """The next message, packed; None at the end of the stream."""
    length = stream.read(4)
    content = stream.read(int.from_bytes(length, "big")) if len(length) == 4 else b""
    return content or None


def main() -> None:
    """Answer requests until there are no more."""
    import pyarrow.parquet  # noqa: F401  # before memory is bounded, so that it is always there

    bound = _Bound()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what libraries print
    while content := receive(sys.stdin.buffer):
        request = msgspec.msgpack.decode(content, type=Request)
        bound.set(memory_for(request))
        for answer in answered(request):
            send(answers, answer)
        send(answers, Done())


def memory_for(request: Request) -> int:
    """Bytes that reading a file may take: what is small has no reason to need much.

    Arrow unpacks whole pages, and some writers put a thousand images into one.
    """
    try:
        size = Path(os.fsdecode(request.path)).stat().st_size
    except (OSError, ValueError):
        size = 0
    most = MEMORY if request.total is None else MEMORY // 2
    return min(most, LEAST_MEMORY + FOR_A_BYTE * size)


class _Bound:
    """Keeps this process to so many bytes: more is a MemoryError where the system can say so
    (Linux), elsewhere the end of the process.
    """

    def __init__(self) -> None:
        self._size = MEMORY
        if sys.platform != "linux":
            threading.Thread(target=self._watch, daemon=True).start()

    def set(self, size: int) -> None:
        """From now on."""
        self._size = size
        if sys.platform == "linux":
            import resource

            resource.setrlimit(resource.RLIMIT_DATA, (size, MEMORY))

    def _watch(self) -> None:
        import psutil

        this = psutil.Process()
        while this.memory_info().rss < self._size:
            time.sleep(0.01)
        os._exit(1)


def answered(request: Request) -> Iterator[Answer]:
    """All answers about a file, except for the final Done."""
    import pyarrow as pa

    try:
        file, columns = _opened(request)
    except MemoryError:
        yield Refused(too_much(request))
        return
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        yield Refused(f"It is no Parquet file that can be read ({_first_line(error)}).")
        return
    with file:
        if file.metadata.num_rows < 0:
            yield Refused("Its metadata are damaged.")
        elif not columns.image:
            yield Refused("It has no column of images called image (or img, picture, photo).")
        elif request.files is not None and file.metadata.num_rows > request.files:
            yield Refused(f"It holds more than {request.files:,} rows: offer fewer at a time.")
        else:
            unsure = columns.id != "id"
            yield Opened(file.metadata.num_rows, bool(columns.id), unsure)
            if request.rows:
                yield from _Reading(file, columns, request).answers()


def too_much(request: Request) -> str:
    """The refusal of what would take too much memory."""
    return TOO_MUCH.format(memory_for(request) >> 20)


@dataclass(frozen=True)
class _Columns:
    """The paths of the columns that are read; "" = there is none.  classes: the words that numbers
    in the column of labels stand for, if the file says them.
    """

    id: str
    image: str
    label: str
    classes: tuple[str, ...] = ()

    @property
    def paths(self) -> list[str]:
        """Of the columns that are there."""
        return [path for path in (self.id, self.image, self.label) if path]


def _opened(request: Request) -> tuple[Any, _Columns]:
    """The file, and what is wanted of it. What is stored once and stands in many rows is unpacked
    once: a row of such a column says only which value it has.
    """
    import pyarrow.parquet as pq

    limits = {"thrift_string_size_limit": METADATA, "thrift_container_size_limit": METADATA}
    with _as_text(request.path) as path:
        columns, packed = _wanted(path, limits)
        file = pq.ParquetFile(
            path, memory_map=True, pre_buffer=False, read_dictionary=packed, **limits
        )
    return file, columns


def _wanted(path: str, limits: dict[str, int]) -> tuple[_Columns, list[str]]:
    """The columns to read, and the paths of those whose values are stored once."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, **limits) as plain:
        found = {column.path for column in plain.schema if column.max_repetition_level == 0}
        name, image, label = (_first(found, names) for names in PATHS)
        beside = f"{image.removesuffix('.bytes')}.path"
        if not name and image.endswith(".bytes") and beside in found:
            name = beside
        columns = _Columns(name, image, label, _classes(plain.metadata.metadata, label))
        return columns, [name for name in found if _has_dictionary(plain.metadata, name)]


def _classes(metadata: Any, label: str) -> tuple[str, ...]:
    """The names of the classes of a column, as public hubs write them; none if they are not said.

    They stand as JSON: {"info": {"features": {"label": {"names": [...]}}}}.
    """
    text = (metadata or {}).get(HUB, b"")
    if not text or len(text) > MAX_FEATURES:
        return ()
    try:
        names = msgspec.json.decode(text)["info"]["features"][label]["names"]
    except (msgspec.DecodeError, KeyError, TypeError, RecursionError):
        return ()
    if not isinstance(names, list) or len(names) > MAX_CLASSES:
        return ()
    return tuple(printable(str(name)[:MAX_LABEL]) for name in names)


@contextlib.contextmanager
def _as_text(path: bytes) -> Iterator[str]:
    """The path as pyarrow takes it; one in bytes that are no text by another way to the file."""
    try:
        yield os.fsdecode(path).encode("utf-8").decode("utf-8")
    except UnicodeEncodeError:
        with open(path, "rb") as file:  # only POSIX has such paths
            yield f"/dev/fd/{file.fileno()}"


def _first(found: set[str], names: tuple[str, ...]) -> str:
    return next((name for name in names if name in found), "")


def _chunks(metadata: Any, path: str) -> Iterator[Any]:
    """The metadata of a column, for each row group."""
    for g in range(metadata.num_row_groups):
        group = metadata.row_group(g)
        for c in range(group.num_columns):
            if group.column(c).path_in_schema == path:
                yield group.column(c)


def _has_dictionary(metadata: Any, path: str) -> bool:
    """Whether the values of a column are best kept once each: of long columns that costs more."""
    chunks = list(_chunks(metadata, path))
    named = {encoding for chunk in chunks for encoding in chunk.encodings}
    fitting = all(
        c.physical_type == "BYTE_ARRAY" and c.total_uncompressed_size <= SHORT for c in chunks
    )
    return fitting and bool(named & DICTIONARY) and DELTA not in named


class _Reading:
    """The rows of a file, row group after row group, each within its limits."""

    def __init__(self, file: Any, columns: _Columns, request: Request) -> None:
        self._file, self._columns, self._request = file, columns, request
        self._budget = Budget(Limits(files=request.files, total=request.total))
        self._size = Path(os.fsdecode(request.path)).stat().st_size

    def answers(self) -> Iterator[Answer]:
        """All rows, and what had to be left out of them."""
        metadata = self._file.metadata
        end = 0
        for g in range(metadata.num_row_groups):
            end += metadata.row_group(g).num_rows
            try:
                yield from self._group(g)
            except _Stop as stop:
                yield Skipped(None, str(stop))
                return
            except _Tight:
                yield Skipped(end, GROUP_TIGHT)
            except MemoryError:
                yield Skipped(end, too_much(self._request))
            except Exception as error:  # noqa: BLE001  # of native code, on a broken file
                yield Skipped(end, f"It is damaged ({_first_line(error)}).")

    def _group(self, g: int) -> Iterator[Answer]:
        group = self._file.metadata.row_group(g)
        paths = self._columns.paths
        chunks = [
            c for c in map(group.column, range(group.num_columns)) if c.path_in_schema in paths
        ]
        unpacked = sum(chunk.total_uncompressed_size for chunk in chunks)
        if too_tight(unpacked, sum(chunk.total_compressed_size for chunk in chunks)):
            raise _Tight
        size = max(1, min(BATCH_ROWS, BATCH_BYTES * group.num_rows // max(1, unpacked)))
        if any(DELTA in chunk.encodings for chunk in chunks):  # values are made of those before
            size = 1
        for batch in self._file.iter_batches(size, [g], paths, use_threads=False):
            yield from self._messages(batch)

    def _messages(self, batch: Any) -> Iterator[Rows]:
        rows: list[Row] = []
        held = 0
        try:
            for row in self._rows(batch):
                self._count(row)
                rows.append(row)
                held += len(row.content)
                if held >= MESSAGE_BYTES:
                    yield Rows(rows)
                    rows, held = [], 0
        except _Stop:
            yield Rows(rows)  # those before the one that is too much
            raise
        yield Rows(rows)

    def _count(self, row: Row) -> None:
        """_Stop if that is more than the file, or a visitor, may unpack."""
        try:
            self._budget.count(max(LEAST, len(row.content)))
        except ImageRejected as refusal:
            raise _Stop(str(refusal)) from refusal
        if too_tight(self._budget.total, self._size):
            raise _Stop(TIGHT)

    def _rows(self, batch: Any) -> Iterator[Row]:
        wanted = (self._columns.id, self._columns.image, self._columns.label)
        names, images, labels = (_column(batch, path) for path in wanted)
        for name, image, label in zip(
            _texts(names, len(batch)), _contents(images), self._labels(labels, len(batch)),
            strict=True,
        ):  # fmt: skip
            content, reason = (image, "") if isinstance(image, bytes) else (b"", image)
            yield Row(name or "", label, content, reason)

    def _labels(self, column: Any, n: int) -> Iterator[str | None]:
        """The class of each row, by its name where the file says how a number is called."""
        classes = self._columns.classes
        for said in _texts(column, n):
            is_number = said is not None and said.isascii() and said.isdigit()
            known = is_number and int(said or 0) < len(classes)
            yield classes[int(said or 0)] if known else said


class _Stop(Exception):
    """Nothing more of this file is read; str() says why."""


class _Tight(Exception):
    """A row group says itself that it is a bomb."""


def _column(batch: Any, path: str) -> Any:
    """The column of that path, inside a struct or not; None if there is none."""
    if not path:
        return None
    outer, _, inner = path.partition(".")
    column = batch.column(outer)
    return column.field(inner) if inner else column


def _values(column: Any) -> tuple[Any, list[int | None]]:
    """Values, and which of them each row has; None = no value."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        return column.dictionary, column.indices.to_pylist()
    valid = column.is_valid().to_pylist()
    return column, [i if valid[i] else None for i in range(len(column))]


def _contents(column: Any) -> Iterator[bytes | str]:
    """The bytes of each row; a sentence where there are none, or too many."""
    values, rows = _values(column)
    if not _is_binary(values.type):
        values, rows = None, [None] * len(column)
    for i in rows:
        if i is None or (found := values[i].as_buffer()) is None:
            yield "It has no bytes."
        elif found.size > MAX_MEMBER:
            yield f"It is larger than {MAX_MEMBER >> 20} MB."
        else:
            yield found.to_pybytes()


def _texts(column: Any, n: int) -> Iterator[str | None]:
    """The text of each row, at most MAX_LABEL characters; None where there is none."""
    import pyarrow as pa

    if column is None or pa.types.is_nested(column.type):
        yield from repeat(None, n)
        return
    values, rows = _values(column)
    known: dict[int, str] = {}
    for i in rows:
        if i is not None and i not in known:
            known[i] = _text(values[i])
        yield None if i is None else known[i]


def _text(value: Any) -> str:
    if _is_binary(value.type) or _is_text(value.type):
        raw = value.as_buffer()
        words = b"" if raw is None else bytes(memoryview(raw)[: 4 * MAX_LABEL])
        return printable(words.decode("utf-8", "replace")[:MAX_LABEL])
    return str(value.as_py())[:MAX_LABEL]


def _is_binary(kind: Any) -> bool:
    from pyarrow import types

    tests = (
        types.is_binary,
        types.is_large_binary,
        types.is_binary_view,
        types.is_fixed_size_binary,
    )
    return any(test(kind) for test in tests)


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return any(t(kind) for t in (types.is_string, types.is_large_string, types.is_string_view))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].strip(" .")[:200]


if __name__ == "__main__":
    main()
