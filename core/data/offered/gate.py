"""Reads all untrusted images in the same way, for `score`, `import`, `encode`, training on a folder
and the page Your images.

Single files, folders, .zip, .tar (plain or packed with gzip), .parquet, .npy, .npz and IDX, alone
or mixed. What an
archive is, its content says; in a folder only what is named like one is looked at. Each file
offered is an image or refused with a reason, and one that is bad never ends the others. The limits:
docs/safety.md.
"""

import contextlib
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import IO

from core.config import DataError, ImageRejected
from core.data.offered import arrays
from core.data.offered.files import (
    KEPT,
    MAX_FILES,
    MAX_MEMBER,
    Limits,
    Offer,
    Offers,
    Unique,
    folder_offers,
    is_folder,
    opened,
    refused,
)
from core.data.offered.names import Reading, as_label, printable
from core.data.offered.parquets import Readers, open_parquet
from core.data.offered.tars import open_tar
from core.data.offered.zips import open_zip

NAMED: Mapping[str, str] = MappingProxyType(
    {
        ".zip": "zip", ".tar": "tar", ".tar.gz": "tar", ".tgz": "tar", ".parquet": "parquet",
        ".npy": "npy", ".npz": "npz", "-ubyte": "idx", "-ubyte.gz": "idx", ".idx": "idx",
    }
)  # fmt: skip
IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"RIFF")
BEGINNINGS = ((b"PK\3\4", "zip"), (b"PK\5\6", "zip"), (b"\x1f\x8b", "tar"), (b"PAR1", "parquet"))


@dataclass(frozen=True)
class Terms:
    """Options for reading the names of offered files.

    encoding: of names that are not marked as UTF-8, a key of core.data.offered.names.ENCODINGS; ""
    = guessed.  guesses: gets the guesses that were made.  told: gets sentences about how the files
    are laid out, where somebody has looked.
    """

    limits: Limits = KEPT
    encoding: str = ""
    readers: Readers = field(default_factory=Readers)
    guesses: list[Reading] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def note(self, reading: Reading) -> None:
        """Keep a guess, once."""
        if reading.guessed and reading not in self.guesses:
            self.guesses.append(reading)


@dataclass(frozen=True)
class Archive:
    """An archive, opened only as long as its files are read.

    title: how to call it, printable.  kind: "zip", "tar", "parquet", or one of arrays.KINDS.
    prefix: what the names of its files begin with.  n: how many it has, as far as is known.
    labels: of an IDX file with images, the one with their classes.
    """

    source: Path | IO[bytes]
    title: str
    kind: str
    terms: Terms
    prefix: str = ""
    n: int = 0
    labels: Path | IO[bytes] | None = None

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[Offer]:
        """Iterate over its files; each must be read before the next is requested.

        An archive that cannot be opened is one refusal.  Raises DataError if the disk fails.
        """
        try:
            with self.opened() as offers:
                for offer in offers:
                    yield Offer(f"{self.prefix}{offer.name}", offer.read, offer.label)
        except DataError as error:
            yield refused(self.title, str(error))
        except OSError as error:
            raise DataError(
                f"{self.title} cannot be read ({error.strerror}): try again."
            ) from error

    @contextlib.contextmanager
    def opened(self) -> Iterator[Offers]:
        """Its files by their own names; DataError if it cannot be opened."""
        source, title, terms = self.source, self.title, self.terms
        if self.kind in arrays.KINDS:
            with arrays.open_arrays(source, title, self.kind, terms.limits, self.labels) as stacks:
                yield stacks
        elif self.kind == "parquet":
            with open_parquet(source, title, terms.limits, terms.readers) as offers:
                yield offers
        elif self.kind == "tar":
            with open_tar(source, title, terms.limits, terms.encoding) as tar:
                terms.note(tar.reading)
                yield tar
        else:
            with open_zip(source, title, terms.limits, terms.encoding) as packed:
                terms.note(packed.reading)
                yield packed

    def counted(self) -> "Archive":
        """The archive with its number of files.  Raises DataError if it cannot be opened."""
        with self.opened() as offers:
            return replace(self, n=len(offers))


@dataclass(frozen=True)
class Offered:
    """All files that were offered together; can be iterated several times, see Offers.

    root: the folder below which all files lie that are offered by their path; None if none are.
    """

    parts: tuple[Offers, ...]
    terms: Terms
    root: Path | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about how names were read."""
        return tuple(guess.note for guess in self.terms.guesses)

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __iter__(self) -> Iterator[Offer]:
        """Every file; each is to be read before the next is asked for."""
        for part in self.parts:
            yield from part


def in_files(files: Sequence[tuple[str, IO[bytes]]], terms: Terms) -> Offered:
    """Every file, and every file in the archives among them.

    files: names and contents. An archive that cannot be opened is an offer that is refused. Files
    of an archive that comes with others have its name before theirs.
    """
    unique, by_name = Unique(), dict(files)
    parts: list[Offers] = []
    for name, file in files:
        if _is_labels(file) and any(_pairs(other, name) for other in by_name):
            continue
        label = unique.name(as_label(printable(name), windows=False))
        kind = kind_of(_beginning(file))
        if not kind:
            parts.append((Offer(label, _Reading(file)),))
            continue
        prefix = f"{label}/" if len(files) > 1 else ""
        classes = by_name.get(arrays.labels_name(name)) if kind == "idx" else None
        parts.append(
            Archive(
                source=file,
                title=label or "The archive",
                kind=kind,
                terms=terms,
                prefix=prefix,
                labels=classes,
            )
        )
    return Offered(tuple(_counted(parts)), terms)


def at_path(path: Path, terms: Terms) -> Offered:
    """The files of in_folder() or in_file(), depending on the path."""
    return in_folder(path, terms) if is_folder(expanded(path)) else in_file(path, terms)


def in_folder(path: Path, terms: Terms) -> Offered:
    """Every file in a folder and below it, and in the archives there.

    Raises DataError if it is no folder, cannot be listed or holds too many files.
    """
    path = expanded(path)
    loose, archives = sources(path, terms)
    return Offered(tuple(_counted([loose, *archives])), terms, path.absolute())


def in_file(path: Path, terms: Terms) -> Offered:
    """Every file of an archive, or the one file that is there.

    Raises DataError if it cannot be opened, or is an archive that cannot be read or of too many
    files.
    """
    path = expanded(path)
    kind = kind_at(path)
    if not kind:
        path = path.absolute()
        label = as_label(printable(path.name), windows=False)
        return Offered(((Offer(label, lambda: path),),), terms, path.parent)
    return Offered((archive_at(path, kind, terms).counted(),), terms)


def archive_at(path: Path, kind: str, terms: Terms) -> Archive:
    """The archive that a file is.  kind: see kind_at()."""
    labels = _labels_beside(path) if kind == "idx" else None
    return Archive(source=path, title=printable(path.name), kind=kind, terms=terms, labels=labels)


def sources(folder: Path, terms: Terms) -> tuple[tuple[Offer, ...], tuple[Archive, ...]]:
    """The files in a folder and below it that are no archives, and the archives, both by name.

    Raises DataError if it is no folder, cannot be listed or holds too many files.
    """
    files, reading = folder_offers(folder, terms.encoding)
    terms.note(reading)
    loose: list[Offer] = []
    archives: list[Archive] = []
    for offer in files:
        path = offer.read() if named_kind(offer.name) else b""
        kind = ""
        if isinstance(path, Path):
            with contextlib.suppress(DataError):  # who reads it says why it cannot be read
                kind = kind_at(path)
        if isinstance(path, Path) and kind == "idx" and _belongs_beside(path):
            continue
        if isinstance(path, Path) and kind:
            prefix = f"{offer.name}/"
            archives.append(replace(archive_at(path, kind, terms), title=offer.name, prefix=prefix))
        else:
            loose.append(offer)
    return tuple(loose), tuple(archives)


def expanded(path: Path) -> Path:
    """The path with ~ as the home it stands for, if there is such a home."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def kind_of(beginning: bytes) -> str:
    """The kind of archive that begins like this, see Archive; "" if none does.

    beginning: the first tarfile.BLOCKSIZE bytes.
    """
    if kind := arrays.kind_of(beginning):
        return kind
    for begins, kind in BEGINNINGS:
        if beginning.startswith(begins):
            return kind
    try:
        tarfile.TarInfo.frombuf(beginning, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return ""
    return "tar"


def named_kind(name: str) -> str:
    """The kind of archive for a file name; "" if it is none."""
    return next((kind for end, kind in NAMED.items() if name.lower().endswith(end)), "")


def kind_at(path: Path) -> str:
    """The kind of archive of a file: by its content, else, if it is no image either, by its name.

    Raises DataError if it cannot be opened.
    """
    title = printable(path.name or str(path))
    with opened(path, title) as file:
        try:
            beginning = file.read(tarfile.BLOCKSIZE)
        except OSError as error:  # a disk that fails
            raise DataError(f"{title} cannot be read ({error.strerror}).") from error
    return kind_of(beginning) or ("" if beginning.startswith(IMAGES) else named_kind(path.name))


def _labels_beside(path: Path) -> Path | None:
    """The IDX file of labels that lies beside one of images."""
    beside = path.with_name(arrays.labels_name(path.name))
    return beside if beside != path and beside.is_file() else None


def _belongs_beside(path: Path) -> bool:
    """Whether it is an IDX file of labels, whose images lie beside it."""
    try:
        with open(path, "rb") as file:
            labels = _is_labels(file)
        return labels and any(_pairs(other.name, path.name) for other in path.parent.iterdir())
    except OSError:
        return False


def _is_labels(file: IO[bytes]) -> bool:
    beginning = _beginning(file)
    return arrays.kind_of(beginning) == "idx" and arrays.is_idx_of_labels(beginning)


def _pairs(images: str, labels: str) -> bool:
    return images != labels and arrays.labels_name(images) == labels


def _beginning(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(tarfile.BLOCKSIZE)


def _counted(parts: Iterable[Offers]) -> Iterator[Offers]:
    """The parts, with one refusal in place of an archive that cannot be used."""
    n = 0
    for part in parts:
        found = _usable(part, MAX_FILES - n) if isinstance(part, Archive) else part
        n += len(found)
        yield found


def _usable(archive: Archive, most: int) -> Offers:
    try:
        counted = archive.counted()
    except DataError as error:
        return (refused(archive.title, str(error)),)
    if not counted.n:
        return (refused(archive.title, "It is an archive without files."),)
    if counted.n > most:
        reason = f"More than {MAX_FILES:,} files are offered together: offer it by itself."
        return (refused(archive.title, reason),)
    return counted


@dataclass(frozen=True)
class _Reading:
    """Reads a file that was handed over."""

    file: IO[bytes]

    def __call__(self) -> bytes:
        self.file.seek(0)
        content = self.file.read(MAX_MEMBER + 1)
        if len(content) > MAX_MEMBER:
            raise ImageRejected(f"It is larger than {MAX_MEMBER >> 20} MB.")
        return content
