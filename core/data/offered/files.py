"""Untrusted image files: their names, how to read their bytes, and limits of unpacking.

Imports only core.config and core.data.offered.names.
"""

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Protocol

from core.config import DataError, ImageRejected
from core.data.offered.names import MAX_NAME, RawName, Reading, as_label, printable, reading_of

MAX_FILES = 200_000  # of a folder
MAX_MEMBER = 25 << 20  # bytes of one file in an archive
REMEMBERED = 1_000_000  # names
MAX_RATIO, FREE_OF_RATIO = 100, 1 << 20
HIDDEN = frozenset(  # what systems and network storage add, in lower case; and names with a dot
    (
        "__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir", "#recycle",
        "#snapshot", "@tmp", "@recycle", ".@__thumb", "$recycle.bin", "lost+found",
        "system volume information", "network trash folder", "temporary items",
    )
)  # fmt: skip
TWICE = "Its name occurs twice: only the first file of that name is used."


@dataclass(frozen=True, slots=True)
class Offer:
    """One file. name: relative, with /; a label, never a path to open.

    read: gives its content, or the path of a file to read; raises ImageRejected if it cannot.
    label: its class, where the source states one; None = its folder says it.
    """

    name: str
    read: Callable[[], bytes | Path]
    label: str | None = None


class Offers(Protocol):
    """Files to be read one after the other, in their order; again from the first, if need be.

    len() is how many there are, as far as their source can say without unpacking them.
    """

    def __iter__(self) -> Iterator[Offer]: ...

    def __len__(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of unpacking an archive: number of files and bytes; None = no limit."""

    files: int | None
    total: int | None


KEPT = Limits(files=20_000, total=1 << 30)  # for images kept in memory or made a data set
STREAMED = Limits(files=None, total=None)  # for images that are scored and not kept


class Budget:
    """Counts the bytes that an archive unpacks to; sizes in headers are not trusted.

    limits: of the archive.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits, self.total = limits, 0

    def count(self, n: int) -> None:
        """Note so many bytes more; ImageRejected for what comes after the limit."""
        self.total += n
        if self._limits.total is not None and self.total > self._limits.total:
            raise ImageRejected("The archive is too large to read this far: split it.")


class Unique:
    """Names of one archive: a file's name twice is refused, two names made one get numbers.

    The first REMEMBERED names are known, by their hashes, which take less memory.
    """

    def __init__(self) -> None:
        self._stored: set[int] = set()
        self._taken: dict[int, int] = {}  # label: how many files have it

    def objection(self, name: RawName) -> str:
        """Why this file is refused; "" if its name is new."""
        if hash(name) in self._stored:
            return TWICE
        if len(self._stored) < REMEMBERED:
            self._stored.add(hash(name))
        return ""

    def is_known(self, name: RawName) -> bool:
        """Whether objection() would refuse it."""
        return hash(name) in self._stored

    def name(self, label: str) -> str:
        """The label, with a number if it is taken."""
        candidate = label
        while hash(candidate) in self._taken:
            self._taken[hash(label)] += 1
            candidate = f"{label} ({self._taken[hash(label)]})"
        if len(self._taken) < REMEMBERED:
            self._taken[hash(candidate)] = 1
        return candidate


@contextlib.contextmanager
def opened(source: Path | IO[bytes], name: str) -> Iterator[IO[bytes]]:
    """The archive's bytes; DataError if they are not to be had."""
    if not isinstance(source, Path):
        yield source
        return
    try:
        file = open(source, "rb")  # noqa: SIM115  # what fails inside is not its own fault
    except (OSError, ValueError) as error:
        raise DataError(f"{printable(name)} cannot be opened: check that it is there.") from error
    with file:
        yield file


def refused(name: str, reason: str) -> Offer:
    """A file that cannot be had.  reason: a sentence for the person who offers it."""

    def read() -> bytes:
        raise ImageRejected(reason)

    return Offer(name[:MAX_NAME], read)


def is_hidden(name: str) -> bool:
    """Whether a file is none the owner put there: .git/config, __MACOSX/x, @eaDir/x, Thumbs.db."""
    parts = (part for part in name.split("/") if part not in (".", ".."))
    return any(part.startswith(".") or part.lower() in HIDDEN for part in parts)


def too_tight(unpacked: int, packed: int) -> bool:
    """Whether the compression ratio is higher than that of any image (an archive bomb)."""
    return unpacked > max(FREE_OF_RATIO, MAX_RATIO * packed)


def folder_offers(folder: Path, encoding: str = "") -> tuple[tuple[Offer, ...], Reading]:
    """All regular files in a folder and those below it, by name, and how the names are read.

    encoding: of names that are not UTF-8, a key of core.data.offered.names.ENCODINGS; "" = guessed.
    Hidden ones and links to folders are left out.  Raises DataError if it is no folder, cannot be
    listed or holds more than MAX_FILES.
    """
    title = printable(str(folder))
    if not is_folder(folder):
        raise DataError(f"{title} is not a folder: give the folder that holds the images.")
    paths: list[str] = []
    for parent, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not is_hidden(name)]
        inside = Path(parent).relative_to(folder).as_posix()
        shown = [name for name in files if not is_hidden(name)]
        paths += [f"{inside}/{name}" for name in shown if _is_file_or_lost(parent, name)]
        if len(paths) > MAX_FILES:
            raise DataError(f"{title} holds more than {MAX_FILES:,} files: choose one with fewer.")
    return _offers(folder, sorted(path.removeprefix("./") for path in paths), encoding)


def _offers(folder: Path, paths: list[str], encoding: str) -> tuple[tuple[Offer, ...], Reading]:
    """Files of a folder.  paths: in it; with its own each would be as large as all the rest."""
    raw = [RawName(os.fsencode(path)) for path in paths]
    reading, unique = reading_of(raw, encoding), Unique()
    offers = []
    for path, name in zip(paths, raw, strict=True):
        label = as_label(reading.text(name), windows=False)
        offers.append(Offer(unique.name(label), partial(Path, folder, path)))
    return tuple(offers), reading


def is_folder(path: Path) -> bool:
    """Whether there is such a folder; what cannot be a path is none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that is too long, or has a NUL
        return False


def _refuse(error: OSError) -> None:
    raise DataError(
        f"{printable(str(error.filename))} cannot be listed: make it readable."
    ) from error


def _is_file_or_lost(parent: str, name: str) -> bool:
    """False for pipes, sockets and devices, which may never end; a broken link is a lost file."""
    try:
        return stat.S_ISREG(Path(parent, name).stat().st_mode)
    except OSError:
        return True
