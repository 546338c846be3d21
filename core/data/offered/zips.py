"""The files inside a zip archive that a stranger offers: read as streams, never extracted.

The table of contents is read here, not by zipfile, for which one entry that is damaged, of a later
version or named in bytes that are no UTF-8 is the end of all. Each entry is an image that can be
read or a file that is refused. Format: APPNOTE.TXT 6.3.10 of PKWARE.
"""

import contextlib
import io
import os
import stat
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from core.config import DataError, ImageRejected
from core.data.offered.files import (
    KEPT,
    MAX_MEMBER,
    Budget,
    Limits,
    Offer,
    Unique,
    is_hidden,
    opened,
    refused,
    too_tight,
)
from core.data.offered.names import (
    RawName,
    Reading,
    as_label,
    as_written,
    objection,
    printable,
    reading_of,
)

MAX_FILES = 200_000  # whatever the limits allow: all names are in memory
MAX_ENTRY = 400  # bytes of the table of contents that a file may take, on average
BLOCK = 1 << 16
STORED, DEFLATED = 0, 8
UTF8, ENCRYPTED = 1 << 11, 1 | 1 << 6
UNIX, FOLDER_OF_DOS = 3, 0x10
ZIP64, UNICODE_PATH = 0x0001, 0x7075  # extra fields
END = struct.Struct("<4s4H2LH")  # ... n here, n, size and place of the table, length of a comment
END64, LOCATOR64 = struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
ENTRY, HEADER = struct.Struct("<4s6H3L5H2L"), struct.Struct("<4s5H3L2H")
FULL16, FULL32 = 0xFFFF, 0xFFFFFFFF  # the true number is in an extra field
DAMAGED = "It is damaged inside the archive."
REST_LOST = "The table of contents is damaged from here on: what comes after cannot be found."


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as the table of contents has it.  at: where its header stands in the archive.

    packed: how many bytes.  mode: of POSIX, 0 where there is none.
    """

    name: RawName
    flags: int
    method: int
    checksum: int
    packed: int
    size: int
    mode: int
    dos: int
    at: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A file that is offered, and where it is; or why it is refused."""

    name: str
    entry: Entry | None
    reason: str = ""


@dataclass(frozen=True)
class Contents:
    """Entries of an archive; refused files come last.  reading: how its names are read."""

    files: tuple[Listed, ...]
    reading: Reading


@dataclass(frozen=True)
class Zip:
    """An archive that is open.  offers: its files.  reading: how their names are read."""

    offers: tuple[Offer, ...]
    reading: Reading

    def __len__(self) -> int:
        return len(self.offers)

    def __iter__(self) -> Iterator[Offer]:
        return iter(self.offers)


@contextlib.contextmanager
def open_zip(
    source: Path | IO[bytes], name: str, limits: Limits = KEPT, encoding: str = ""
) -> Iterator[Zip]:
    """An archive, whose files can be read while this lasts; hidden ones are left out.

    name: how to call it in a message.  encoding: see core.data.offered.names.reading_of.  An
    offer's read() raises ImageRejected for a member without a name, of a name that comes twice or
    leads out of the archive, that is encrypted, a link, an archive, too large, packed too tightly
    or damaged, and for all that come after the limit of bytes.
    Raises DataError if it is no zip archive or has too many files.
    """
    with opened(source, name) as file:
        found = contents(file, name, limits, encoding)
        yield Zip(offers(file, found.files, limits), found.reading)


def contents(file: IO[bytes], name: str, limits: Limits = KEPT, encoding: str = "") -> Contents:
    """The table of contents of an archive; DataError if there is none, or it is too long."""
    name, most = printable(name), min(limits.files or MAX_FILES, MAX_FILES)
    try:
        table, shift = _table(file, most * MAX_ENTRY)
    except (ValueError, struct.error, OSError, OverflowError) as error:
        raise DataError(f"{name} is not a zip archive that can be read.") from error
    entries, is_whole = _entries(table, shift, most + 1)
    if len(entries) > most:
        raise DataError(f"{name} holds more than {most:,} files: offer fewer at a time.")
    reading = reading_of((entry.name for entry in entries), encoding)
    files = tuple(_listed(entries, reading))
    rest = () if is_whole else (Listed(f"the rest of {name}", None, REST_LOST),)
    return Contents((*files, *rest), reading)


def offers(file: IO[bytes], files: Iterable[Listed], limits: Limits = KEPT) -> tuple[Offer, ...]:
    """Files of an archive, to be read as long as it is open."""
    reader = _Reader(file, limits)
    return tuple(
        refused(one.name, one.reason)
        if one.entry is None
        else Offer(one.name, partial(reader.read, one.entry))
        for one in files
    )


def _listed(entries: Iterable[Entry], reading: Reading) -> list[Listed]:
    unique, good, refusals = Unique(), list[Listed](), list[Listed]()
    for entry in entries:
        text = reading.text(entry.name)
        label = as_label(text)
        if is_hidden(label) or _is_folder(entry, text):
            continue
        if reason := objection(text) or unique.objection(entry.name) or _forbidden(entry, text):
            refusals.append(Listed(as_written(text), None, reason))
        else:
            good.append(Listed(unique.name(label), entry))
    return [*good, *refusals]


def _entries(table: bytes, shift: int, most: int) -> tuple[list[Entry], bool]:
    """The entries in a table of contents, `most` of them, and whether it is sound to its end."""
    entries: list[Entry] = []
    at = 0
    try:
        while at < len(table) and len(entries) < most:
            entry, at = _entry(table, at, shift)
            entries.append(entry)
    except (ValueError, struct.error):
        return entries, False
    return entries, True


def _table(file: IO[bytes], most: int) -> tuple[bytes, int]:
    """The table of contents, and how many bytes stand before the archive in its file.

    Raises ValueError if there is none, or it has more than `most` bytes.
    """
    length = file.seek(0, os.SEEK_END)
    tail_at = max(0, length - END.size - FULL16 - END64.size - LOCATOR64.size)
    file.seek(tail_at)
    tail = file.read(length - tail_at)
    end = tail.rfind(b"PK\5\6", 0, len(tail) - END.size + 4)
    if end < 0:
        raise ValueError("no end of a table of contents")
    *_, size, place, _ = END.unpack_from(tail, end)
    end_at = tail_at + end
    locator = end - LOCATOR64.size
    if locator >= 0 and tail.startswith(b"PK\6\7", locator):
        _, _, at64, _ = LOCATOR64.unpack_from(tail, locator)
        file.seek(at64)
        signature, *_, size64, place64 = END64.unpack(file.read(END64.size))
        if signature == b"PK\6\6":
            size, place, end_at = size64, place64, at64
    begin = end_at - size
    if begin < 0 or begin < place or size > most:
        raise ValueError("the table of contents is nowhere, or too large")
    file.seek(begin)
    table = file.read(size)
    if len(table) < size or (size and not table.startswith(b"PK\1\2")):
        raise ValueError("the table of contents is none")
    return table, begin - place


def _entry(table: bytes, at: int, shift: int) -> tuple[Entry, int]:
    """The entry that begins there, and where the next one does; ValueError if it is none."""
    (
        signature, made, _, flags, method, _, _, checksum, packed, size,
        n_name, n_extra, n_comment, _,  _, attributes, place,
    ) = ENTRY.unpack_from(table, at)  # fmt: skip
    begin = at + ENTRY.size
    end = begin + n_name + n_extra + n_comment
    if signature != b"PK\1\2" or end > len(table):
        raise ValueError("no entry")
    raw = table[begin : begin + n_name]
    name, numbers = RawName(raw, bool(flags & UTF8)), [size, packed, place]
    for kind, extra in _extras(table[begin + n_name : begin + n_name + n_extra]):
        if kind == ZIP64:
            _put_long_numbers(numbers, extra)
        elif kind == UNICODE_PATH and extra[:5] == b"\1" + struct.pack("<L", zlib.crc32(raw)):
            name = RawName(extra[5:], marked=True)
    size, packed, place = numbers
    mode = attributes >> 16 if made >> 8 == UNIX or stat.S_ISLNK(attributes >> 16) else 0
    return (
        Entry(
            name=name,
            flags=flags,
            method=method,
            checksum=checksum,
            packed=packed,
            size=size,
            mode=mode,
            dos=attributes & 0xFF,
            at=place + shift,
        ),
        end,
    )


def _extras(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields, up to one that is damaged."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if at + 4 + length > len(extra):
            return
        yield kind, extra[at + 4 : at + 4 + length]
        at += 4 + length


def _put_long_numbers(numbers: list[int], extra: bytes) -> None:
    """Put numbers of 64 bits in place of those that say they are there."""
    at = 0
    for i, number in enumerate(numbers):
        if number == FULL32 and at + 8 <= len(extra):
            (numbers[i],) = struct.unpack_from("<Q", extra, at)
            at += 8


def _is_folder(entry: Entry, text: str) -> bool:
    """Folders hold nothing; what is named like one and holds something is a file."""
    named = text.endswith(("/", "\\"))
    said = stat.S_ISDIR(entry.mode) or bool(entry.dos & FOLDER_OF_DOS)
    return entry.size == 0 and (named or (said and bool(text)))


def _forbidden(entry: Entry, text: str) -> str:
    if entry.flags & ENCRYPTED:
        return "It is encrypted: offer it without a password."
    if entry.method not in (STORED, DEFLATED):
        return "It is packed in an unusual way: use plain zip."
    if stat.S_ISLNK(entry.mode):
        return "It is a link, not a file."
    if stat.S_IFMT(entry.mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "It is a device, not a file."
    return "It is named like a folder: pack it again." if text.endswith(("/", "\\")) else ""


class _Reader:
    """Reads members and counts their bytes together; what headers say of sizes is not believed."""

    def __init__(self, file: IO[bytes], limits: Limits) -> None:
        self._file, self._budget = file, Budget(limits)

    def read(self, entry: Entry) -> bytes:
        """A member's bytes; ImageRejected, naming the reason, if it is not to be had or trusted."""
        try:
            content = self._taken(entry)
        except (ValueError, OverflowError, OSError, struct.error, zlib.error) as error:
            raise ImageRejected(DAMAGED) from error
        if len(content) != entry.size or zlib.crc32(content) != entry.checksum:
            raise ImageRejected(DAMAGED)
        if content.startswith(b"PK\3\4"):
            raise ImageRejected("It is an archive inside the archive: offer it by itself.")
        return content

    def _taken(self, entry: Entry) -> bytes:
        self._file.seek(entry.at)
        header = self._file.read(HEADER.size)
        signature, *_, n_name, n_extra = HEADER.unpack(header)
        self._file.seek(n_name + n_extra, os.SEEK_CUR)
        if signature != b"PK\3\4":
            raise ValueError("no header of a file")
        content = io.BytesIO()
        for part in self._unpacked(entry):
            self._budget.count(len(part))
            content.write(part)
            if content.tell() > MAX_MEMBER:
                raise ImageRejected(f"It is larger than {MAX_MEMBER >> 20} MB.")
            if too_tight(content.tell(), entry.packed):
                raise ImageRejected("It is packed more tightly than an image can be.")
        return content.getvalue()

    def _unpacked(self, entry: Entry) -> Iterator[bytes]:
        """A member's bytes in parts of at most BLOCK."""
        left, unpack = entry.packed, _unpacker(entry.method)
        while left and (block := self._file.read(min(BLOCK, left))):
            left -= len(block)
            yield from unpack(block)


def _unpacker(method: int) -> Callable[[bytes], Iterator[bytes]]:
    inflating = zlib.decompressobj(-zlib.MAX_WBITS)

    def inflate(block: bytes) -> Iterator[bytes]:
        while part := inflating.decompress(block, BLOCK):
            yield part
            block = inflating.unconsumed_tail

    return inflate if method == DEFLATED else lambda block: iter((block,))
