"""The files inside a .tar archive, plain or packed with gzip, read one after the other.

Headers are read here, not by tarfile's loop, which reads headers of any length into memory, goes
backwards where sizes are negative and takes damage for the end. What an archive unpacks to is
counted while it is read. WebDataset's samples: files that share the name up to its first dot; the
class of the images among them is in a .cls or .txt file.
"""

import contextlib
import gzip
import os
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
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

GZIP = b"\x1f\x8b"
BLOCK = tarfile.BLOCKSIZE
READ = 1 << 16
MAX_HEADER = 1 << 20  # bytes of what describes one file: long names, pax records
FOR_NAMES = 1_000, 16 << 20  # files and bytes that are looked at to see how names are encoded
HELD_FILES, HELD_BYTES = 64, 64 << 20  # of one sample, until its class is known
IMAGES = ("png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp", "gif")
CLASSES = ("cls", "txt")
MAX_CLASS = 200  # characters
FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
FOLDERS = (tarfile.DIRTYPE, b"D", b"V")  # and what GNU tar notes of folders and volumes
PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
DESCRIBING = (*PAX, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
UNFIT = {
    tarfile.LNKTYPE: "It is a link, not a file.",
    tarfile.SYMTYPE: "It is a link, not a file.",
    tarfile.CHRTYPE: "It is a device, not a file.",
    tarfile.BLKTYPE: "It is a device, not a file.",
    tarfile.FIFOTYPE: "It is a pipe, not a file.",
    tarfile.GNUTYPE_SPARSE: "It is stored with holes: pack it again without --sparse.",
}
SPARSE = UNFIT[tarfile.GNUTYPE_SPARSE]
EMPTY = (  # whatever size they state, no bytes follow
    tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE,
    tarfile.DIRTYPE,
)  # fmt: skip
UNUSUAL = "It is stored in an unusual way: use plain tar."
TIGHT = "The archive is packed more tightly than images can be: what comes after is not read."
DAMAGED = "The archive is damaged or cut short from here on: what comes after is lost."


class _Broken(Exception):
    """The rest of the archive cannot be read; str() is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class _Member:
    """A file of the archive.  at: where its bytes begin.  reason: why it is refused; "" if not."""

    name: RawName
    at: int
    size: int
    reason: str = ""


@dataclass(frozen=True)
class Tar:
    """A .tar archive that is open; its offers are read from the beginning as often as asked.

    name: how to call it.  n: how many files it offers; 0 = they were not counted.
    """

    file: IO[bytes]
    name: str
    limits: Limits
    reading: Reading
    n: int = 0

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[Offer]:
        return self.offers()

    def offers(self, with_content: bool = True) -> Iterator[Offer]:
        """All files in their order, refused ones among them, and a refusal where it breaks off.

        with_content: False gives the same offers, which cannot be read, sooner.
        """
        sample = _Sample()
        try:
            stream = _Stream(self.file, self.limits)
            for label, member, reason in self._labelled(stream):
                if sample.ends_before(label, member.size):
                    yield from sample.offers()
                    sample = _Sample()
                if reason:
                    yield refused(label, reason)
                else:
                    sample.add(label, member.size, stream.content(member) if with_content else b"")
        except _Broken as error:
            yield from sample.offers()
            yield refused(f"the rest of {self.name}", str(error))
        else:
            yield from sample.offers()

    def _labelled(self, stream: "_Stream") -> Iterator[tuple[str, _Member, str]]:
        """Label, file, and reason why it is refused or "", for each file."""
        unique = Unique()
        for member in _members(stream):
            text = self.reading.text(member.name)
            label = as_label(text)
            if is_hidden(label):
                continue
            reason = objection(text) or unique.objection(member.name) or member.reason
            yield as_written(text) if reason else unique.name(label), member, reason


@contextlib.contextmanager
def open_tar(
    source: Path | IO[bytes], name: str, limits: Limits = KEPT, encoding: str = ""
) -> Iterator[Tar]:
    """An archive, to be read while this lasts.

    name: how to call it in a message.  encoding: see core.data.offered.names.reading_of.  Files are
    counted if the limits have a total.
    Raises DataError if it is no tar archive, or has too many files.
    """
    name = printable(name)
    with opened(source, name) as file:
        try:
            names = _some_names(file)
        except _Broken as error:
            raise DataError(f"{name} is not a tar archive that can be read.") from error
        tar = Tar(file, name, limits, reading_of(names, encoding))
        if limits.files is None:
            yield tar
            return
        n = sum(1 for _ in islice(tar.offers(with_content=False), limits.files + 1))
        if n > limits.files:
            raise DataError(
                f"{name} holds more than {limits.files:,} files: offer fewer at a time."
            )
        yield replace(tar, n=n)


class _Stream:
    """The bytes of an archive, forward only, unpacked if they are packed with gzip."""

    def __init__(self, file: IO[bytes], limits: Limits) -> None:
        self._raw, self.at = file, 0
        self._size = file.seek(0, os.SEEK_END)
        self._budget = Budget(limits)
        file.seek(0)
        self._packed = gzip.GzipFile(fileobj=file) if file.read(len(GZIP)) == GZIP else None
        file.seek(0)

    def read(self, n: int) -> bytes:
        """The next n bytes, or fewer at the end."""
        if self._packed is None:
            self._raw.seek(self.at)
            content = self._raw.read(n)
            self.at += len(content)
            return content
        parts = list(self._unpacked(n))
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def skip_to(self, at: int) -> None:
        """Go on there, which is not before the place that has been reached."""
        if self._packed is None:
            self.at, is_there = at, at <= self._size
        else:
            for _ in self._unpacked(at - self.at):
                pass
            is_there = self.at == at
        if not is_there:
            raise _Broken(DAMAGED)

    def content(self, member: _Member) -> bytes | str:
        """A file's bytes; a sentence if they are too many."""
        if member.size > MAX_MEMBER:
            return f"It is larger than {MAX_MEMBER >> 20} MB."
        if self._packed is None:
            try:
                self._budget.count(member.size)
            except ImageRejected as refusal:
                return str(refusal)
        content = self.read(member.size)
        if len(content) < member.size:
            raise _Broken(DAMAGED)
        return content

    def _unpacked(self, n: int) -> Iterator[bytes]:
        """The next n bytes in parts; all that is unpacked counts, whether it is used or not."""
        assert self._packed is not None
        while n > 0:
            try:
                part = self._packed.read(min(n, READ))
                self._budget.count(len(part))
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise _Broken(DAMAGED) from error
            except ImageRejected as refusal:
                raise _Broken(str(refusal)) from refusal
            if not part:
                return
            self.at += len(part)
            n -= len(part)
            if too_tight(self.at, self._raw.tell()):
                raise _Broken(TIGHT)
            yield part


class _Sample:
    """Files that stand next to each other and belong together, until they are all there."""

    def __init__(self) -> None:
        self._stem, self._size = "", 0
        self._files: list[tuple[str, str, bytes | str]] = []  # label, kind, content or refusal

    def ends_before(self, label: str, size: int) -> bool:
        """Whether this file belongs to another sample, or is more than can be held of one."""
        full = len(self._files) == HELD_FILES or self._size + size > HELD_BYTES
        return bool(self._files) and (full or _stem(label)[0] != self._stem)

    def add(self, label: str, size: int, content: bytes | str) -> None:
        """Hold a file.  content: its bytes, or why there are none."""
        self._stem, kind = _stem(label)
        self._files.append((label, kind, content))
        self._size += 0 if isinstance(content, str) else size

    def offers(self) -> Iterator[Offer]:
        """The images, with their class; all files, if none is named as an image."""
        images = [one for one in self._files if one[1].rpartition(".")[2] in IMAGES]
        stated = next((c for _, k, c in self._files if k in CLASSES and isinstance(c, bytes)), None)
        label = _class(stated) if images and stated is not None else None
        for name, _, content in images or self._files:
            if isinstance(content, str):
                yield refused(name, content)
            else:
                yield Offer(name, partial(bytes, content), label)


def _stem(label: str) -> tuple[str, str]:
    """What files of a sample have in common, and what kind of file this is: a/b.seg.png is the file
    seg.png of a/b.
    """
    folder, _, base = label.rpartition("/")
    stem, _, kind = base.partition(".")
    return f"{folder}/{stem}", kind.lower()


def _class(content: bytes) -> str:
    return printable(content[: 4 * MAX_CLASS].decode("utf-8", "replace").strip()[:MAX_CLASS])


def _some_names(file: IO[bytes]) -> list[RawName]:
    """Names of the first files, which show how all are encoded; _Broken if the first is none."""
    names: list[RawName] = []
    try:
        members = _members(_Stream(file, Limits(files=FOR_NAMES[0], total=FOR_NAMES[1])))
        names.extend(member.name for member in islice(members, FOR_NAMES[0]))
    except _Broken:
        if not names:
            raise
    return names


def _members(stream: _Stream) -> Iterator[_Member]:
    """The files of an archive, refused ones too; _Broken where it cannot be read any further.

    The stream stands at a file's bytes when it is given; what is not read of them is skipped.
    """
    described = _Described()
    while (block := stream.read(BLOCK)).strip(b"\0") or (not block and stream.at == 0):
        info = _header(block)
        if info.type in DESCRIBING:
            end = stream.at + _padded(info.size)
            described.take(info, stream)
            stream.skip_to(end)
            continue
        member = described.member(info, block, stream)
        described = _Described()
        if info.type not in FOLDERS:
            yield member
        stream.skip_to(member.at + _padded(member.size))


def _header(block: bytes) -> tarfile.TarInfo:
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise _Broken(DAMAGED) from error
    if info.size < 0:
        raise _Broken(DAMAGED)
    return info


@dataclass
class _Described:
    """Facts about the next file from separate headers: long names, pax records."""

    name: RawName | None = None
    size: int | None = None
    reason: str = ""
    left: int = MAX_HEADER

    def take(self, info: tarfile.TarInfo, stream: _Stream) -> None:
        """Read such a header; one that is too long or makes no sense is the file's refusal."""
        self.left -= BLOCK + info.size
        if self.left < 0:
            self.reason = "What describes it in the archive is larger than 1 MB: pack it again."
            return
        content = stream.read(info.size)
        if info.type == tarfile.GNUTYPE_LONGNAME:
            self.name = RawName(content.partition(b"\0")[0])
        elif info.type in PAX:
            try:
                self._note(dict(_pax_records(content)))
            except ValueError:
                self.reason = "What describes it in the archive is damaged."

    def _note(self, records: dict[bytes, bytes]) -> None:
        if b"path" in records:
            self.name = RawName(records[b"path"], records.get(b"hdrcharset") != b"BINARY")
        if b"size" in records:
            self.size = int(records[b"size"])
            if self.size < 0:
                raise ValueError("a negative size")
        if any(key.startswith(b"GNU.sparse.") for key in records):
            self.reason = SPARSE

    def member(self, info: tarfile.TarInfo, block: bytes, stream: _Stream) -> _Member:
        """The file of this header, as it is described."""
        name = self.name or RawName(info.name.encode("utf-8", "surrogateescape"))
        if info.type in EMPTY:
            return _Member(name, stream.at, 0, UNFIT.get(info.type, ""))
        if info.type == tarfile.GNUTYPE_SPARSE:
            self._skip_map(bool(block[482]), stream)
        reason = "" if info.type in FILES else UNFIT.get(info.type, UNUSUAL)
        size = info.size if self.size is None else self.size
        return _Member(name, stream.at, size, self.reason or reason)

    def _skip_map(self, more: bool, stream: _Stream) -> None:
        """Headers that say where holes are; each says whether more follow."""
        while more:
            block = stream.read(BLOCK)
            self.left -= BLOCK
            if len(block) < BLOCK or self.left < 0:
                raise _Broken(DAMAGED)
            more = bool(block[504])


def _pax_records(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values; ValueError where they are none.  A record is "LENGTH KEY=VALUE", newline."""
    at = 0
    while at < len(content.rstrip(b"\0")):
        digits, _, _ = content[at : at + 20].partition(b" ")
        length = int(digits)
        record = content[at + len(digits) + 1 : at + length]
        if length <= len(digits) + 2 or at + length > len(content) or record[-1:] != b"\n":
            raise ValueError("no record")
        key, _, value = record[:-1].partition(b"=")
        yield key, value
        at += length


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
