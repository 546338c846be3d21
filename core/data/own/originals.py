"""The pictures that an own set was made of, at their own size, for people to look at.

Files of a folder on this machine stay where they are, and are found again by their path below that
folder. Files that were uploaded, or lay in an archive, are kept in the set's own folder, up to
MOST_BYTES. A file counts as the original only if it still becomes the very pixels of the set.
"""

import contextlib
import io
import os
import re
import shutil
import stat
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct
from PIL import ExifTags, Image

from core import arraycache
from core.config import HourglassError, ImageRejected
from core.data.offered.files import Offer, Offers
from core.data.offered.names import printable
from core.data.own import store
from core.data.own.store import OwnSet
from core.images import digests
from core.images.fast import read_file
from core.images.preparation import Preparation, developed, prepare, range_of
from core.images.reading import FORMATS, Raw, content_of, from_array
from core.text import counted, one_line

Index = npt.NDArray[np.int64]
LONGEST = 1_600  # pixels of the longer side of a picture that is shown
MOST_BYTES = 1 << 30  # of the files that are kept with one set
CHECKED_EVERY = 32 << 20  # bytes, after which the disk is asked again for its free space
SPARE_BYTES = 512 << 20  # of the disk that stay free
BYTES, SPANS, ORIGIN = "originals.bin", "originals.npy", "originals.json"
BY_PATH, SAME, NOT_KEPT = -1, -2, -3  # in place of where its bytes begin
MOST_OPEN = 4  # sets
MOST_LETTERS = 80  # of a camera's name
EXIF_DATE = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)")
NO_ORIGINALS = (
    "This data set was made before originals were kept: the picture is shown as it was prepared."
)
TOO_MANY = (
    f"Its original is not kept, since those of the images before take {MOST_BYTES >> 30} GB or the "
    "disk is full: the picture is shown as it was prepared."
)
GONE = (
    "Its original is no longer where it was, or cannot be read: the picture is shown as it was "
    "prepared."
)
CHANGED = (
    "The file of this name was changed since the data set was made: the picture is shown as it was "
    "prepared."
)


class Origin(Struct, frozen=True):
    """Where originals are that were not kept.

    root: the folder that they lie in, empty if there is none.  paths: of each image whose path
    below it is not its id.  Both as the system has them.
    """

    format: Literal[1]
    root: bytes
    paths: dict[str, bytes]


@dataclass(frozen=True)
class Found:
    """An original.  image: mode L or RGB, upright, at most LONGEST a side; None if there is none.

    why: a sentence that says why there is none; "" if there is one, or where the image of the data
    set is all there ever was.
    """

    image: Image.Image | None
    why: str = ""


def original(data_id: str, image_id: str) -> Image.Image | None:
    """The picture that an image of a data set was made of; None if it cannot be had.

    data_id: own:NAME; other sets have no originals.  image_id: its id in the set.
    Returns mode L or RGB, upright, opaque, at its own size, or smaller so that its longer side has
    LONGEST pixels.  It was decoded here: nothing of the file itself is left in it.
    """
    return find(data_id, image_id).image


def find(data_id: str, image_id: str, longest: int = LONGEST) -> Found:
    """original(), and the reason where there is none.  longest: pixels of its longer side."""
    opened = _opened(data_id)
    if opened is None or image_id not in opened.rows:
        return Found(None)
    why = opened.missing(image_id)
    return Found(None, why) if why else opened.read(image_id, longest)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a file says of a photograph.

    size: (H, W) in pixels, before it was turned; None if it is no file.  date: when it was taken,
    as the camera wrote it, else "".  camera: its make and model, else "".  n_bytes: of the file.
    """

    size: tuple[int, int] | None = None
    date: str = ""
    camera: str = ""
    n_bytes: int = 0


def facts(data_id: str, image_id: str) -> Facts:
    """What the file of an original says, read from its head; nothing if there is none."""
    content = file_of(data_id, image_id)
    if content is None:
        return Facts()
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            size, exif = (image.height, image.width), image.getexif()
            taken = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal)
            words = [exif.get(tag) for tag in (ExifTags.Base.Make, ExifTags.Base.Model)]
    except Exception:  # noqa: BLE001  # a stranger's file may break Pillow in any way
        return Facts(n_bytes=len(content))
    taken = taken or exif.get(ExifTags.Base.DateTime)
    return Facts(
        size=size,
        date=_date(taken),
        camera=one_line(" ".join(str(one).strip() for one in words if one), MOST_LETTERS),
        n_bytes=len(content),
    )


def _date(taken: object) -> str:
    """2026-11-29 07:30:00 of 2026:11:29 07:30:00; "" for anything else."""
    found = EXIF_DATE.fullmatch(str(taken).strip().rstrip("\0"))
    return f"{found[1]}-{found[2]}-{found[3]} {found[4]}" if found else ""


def file_of(data_id: str, image_id: str) -> bytes | None:
    """The file of an original as it was offered, if it still is what the set was made of.

    None if there is none, or where the image of the data set is all there ever was.
    """
    opened = _opened(data_id)
    if opened is None or image_id not in opened.rows or opened.missing(image_id):
        return None
    return opened.file(image_id)


def missing(data_id: str, image_id: str) -> str:
    """A sentence if an image has no original, as far as can be told without reading it; else "".

    Of sets that are not a person's own, of which there are no other pictures: "".
    """
    opened = _opened(data_id)
    return opened.missing(image_id) if opened and image_id in opened.rows else ""


def may_be_had(data_id: str, image_id: str) -> bool:
    """Whether there seems to be an original."""
    opened = _opened(data_id)
    return opened is not None and image_id in opened.rows and not opened.missing(image_id)


def shown(raw: Raw, how: Preparation, longest: int = LONGEST) -> Image.Image:
    """A file's picture as people see it: in its own colours, with the set's range and ground."""
    image = developed(raw, how)
    if max(image.size) > longest:
        image = image.copy()
        image.thumbnail((longest, longest))
    return image


def path_of(data_id: str, image_id: str) -> str:
    """Where the file of an original lies on this machine, printable; "" if it is not kept there."""
    opened = _opened(data_id)
    if opened is None or image_id not in opened.rows:
        return ""
    path = opened.path(image_id)
    return "" if path is None else printable(str(path))


@dataclass(frozen=True)
class _Opened:
    """A set whose originals are asked for.  rows: the position of each id.  spans: (n, 2)."""

    own: OwnSet
    rows: dict[str, int]
    origin: Origin | None
    spans: Index

    def missing(self, image_id: str) -> str:
        if self.origin is None:
            return NO_ORIGINALS
        begin = int(self.spans[self.rows[image_id], 0])
        if begin == NOT_KEPT:
            return TOO_MANY
        if begin == BY_PATH and self.path(image_id) is None:
            return GONE
        return ""

    def file(self, image_id: str) -> bytes | None:
        row = self.rows[image_id]
        begin, length = self.spans[row].tolist()
        if begin == SAME:
            return None
        try:
            content = self._content(image_id, begin, length)
            made = digests.of(prepare(read_file(content), self.own.how)[None])
        except (OSError, ImageRejected, ValueError, MemoryError):
            return None
        same = (made[0] == store.digests_of(self.own.name, "all")[row]).all()
        return content if same else None

    def read(self, image_id: str, longest: int = LONGEST) -> Found:
        row = self.rows[image_id]
        begin, length = self.spans[row].tolist()
        if begin == SAME:
            images = store.load(self.own.name, "all").images
            return Found(from_array(np.asarray(images[row])).image)
        try:
            raw = read_file(self._content(image_id, begin, length))
        except (OSError, ImageRejected):
            return Found(None, GONE)
        try:
            made = digests.of(prepare(raw, self.own.how)[None])
        except (ValueError, MemoryError):
            return Found(None, GONE)
        if not (made[0] == store.digests_of(self.own.name, "all")[row]).all():
            return Found(None, CHANGED)
        return Found(shown(raw, self.own.how, longest))

    def _content(self, image_id: str, begin: int, length: int) -> bytes:
        if begin == BY_PATH:
            path = self.path(image_id)
            if path is None:
                raise ImageRejected(GONE)
            return content_of(path)
        with open(store.folder_of(self.own.name) / BYTES, "rb") as file:
            file.seek(begin)
            return file.read(length)

    def path(self, image_id: str) -> Path | None:
        """The file, if it is one and still lies inside the folder; links that lead out do not."""
        if self.origin is None or not self.origin.root:
            return None
        inside = os.fsdecode(self.origin.paths.get(image_id, image_id.encode(errors="replace")))
        try:
            root = Path(os.fsdecode(self.origin.root)).resolve(strict=True)
            path = (root / inside).resolve(strict=True)
            is_file = stat.S_ISREG(path.stat().st_mode)
        except (OSError, ValueError, RuntimeError):
            return None
        return path if is_file and path.is_relative_to(root) else None


def _opened(data_id: str) -> _Opened | None:
    if not data_id.startswith(store.PREFIX):
        return None
    name = data_id.removeprefix(store.PREFIX)
    with contextlib.suppress(HourglassError, OSError):
        document = store.folder_of(name) / store.DOCUMENT
        about = document.stat()
        return _open(name, document, (about.st_mtime_ns, about.st_size))
    return None


@lru_cache(MOST_OPEN)
def _open(name: str, _document: Path, _written: tuple[int, int]) -> _Opened:
    """A set as it was written then.  Raises DataError if there is no such set."""
    own, folder = store.find(name), store.folder_of(name)
    ids = store.load(name, "all").ids.tolist()
    rows = {image_id: row for row, image_id in enumerate(ids)}
    origin, spans = None, np.empty((0, 2), np.int64)
    with contextlib.suppress(OSError, ValueError, msgspec.DecodeError):
        spans = arraycache.mapped(folder / SPANS, "c")
        if spans.shape == (own.n, 2) and spans.dtype == np.int64:
            origin = msgspec.json.decode((folder / ORIGIN).read_bytes(), type=Origin)
    return _Opened(own, rows, origin, spans)


# What is kept while images are read, and handed over to the set that is made of them.


@dataclass
class Keeper:
    """Keeps originals, or where they are, while their images become a draft.

    folder: of the draft.  root: the folder that files by path lie in.  spans: two numbers for each
    image so far: where its bytes begin, and how many there are.
    """

    folder: Path
    root: Path | None
    spans: "array[int]" = field(default_factory=lambda: array("q"))
    paths: dict[str, bytes] = field(default_factory=dict)
    n_lost: int = 0
    _last: bytes | Path = b""
    _total: int = 0
    _checked: int = -CHECKED_EVERY
    _is_full: bool = False
    _file: IO[bytes] | None = None

    def watched(self, offers: Offers) -> Iterator[Offer]:
        """The offers; what is read of each is at hand until the next is read."""
        for offer in offers:

            def read(of: Offer = offer) -> bytes | Path:
                self._last = of.read()
                return self._last

            yield Offer(offer.name, read, offer.label)

    def add(self, name: str, raw: Raw, how: Preparation) -> None:
        """Keep what was read last, of the image called `name`; OSError if the disk refuses."""
        content, self._last = self._last, b""
        if is_same(raw, how):
            self.spans.extend((SAME, 0))
        elif isinstance(content, Path):
            self._add_path(name, content)
        elif self._has_room(len(content)):
            if self._file is None:
                self._file = open(self.folder / BYTES, "wb")  # noqa: SIM115  # until close()
            self._file.write(content)
            self.spans.extend((self._total, len(content)))
            self._total += len(content)
        else:
            self._lose()

    def close(self) -> None:
        """No more is added."""
        if self._file is not None:
            self._file.close()

    def write(self, order: Sequence[int]) -> None:
        """Write down where they are.  order: of the images, as they are in the draft."""
        spans = np.array(self.spans, np.int64).reshape(-1, 2)[np.asarray(order, np.int64)]
        np.save(self.folder / SPANS, spans)
        root = b"" if self.root is None else os.fsencode(self.root)
        _write_origin(self.folder, Origin(1, root, self.paths))

    @property
    def notes(self) -> tuple[str, ...]:
        """What the owner should know."""
        if not self.n_lost:
            return ()
        said = (
            f"The originals of {counted(self.n_lost, 'image')} are not kept, since those of the "
            f"images before take {MOST_BYTES >> 30} GB or the disk is full: reviewers see these as "
            "they were prepared. Read a folder by its path, and originals stay where they are."
        )
        return (said,)

    def _add_path(self, name: str, path: Path) -> None:
        try:
            inside = os.fsencode(path.absolute().relative_to(self.root)) if self.root else b""
        except ValueError:
            inside = b""
        if not inside:
            self._lose()
            return
        self.spans.extend((BY_PATH, 0))
        if inside != name.encode(errors="replace"):
            self.paths[name] = inside

    def _lose(self) -> None:
        self.spans.extend((NOT_KEPT, 0))
        self.n_lost += 1

    def _has_room(self, n: int) -> bool:
        if self._total - self._checked >= CHECKED_EVERY:
            self._checked = self._total
            self._is_full = shutil.disk_usage(self.folder).free < SPARE_BYTES + 2 * CHECKED_EVERY
        return not self._is_full and self._total + n <= MOST_BYTES


def is_same(raw: Raw, how: Preparation) -> bool:
    """Whether preparing leaves a picture as it is, so that it is its own original."""
    mode = raw.image.mode
    as_it_is = mode == "L" or (mode == "RGB" and how.channels == 3)
    plain = how.framing != "digit" and raw.lower is None and range_of(raw.facts, how) is None
    return raw.size == how.size and as_it_is and plain


def hand_over(draft: Path, to: Path, order: Index, ids: Sequence[str]) -> None:
    """Copy what a draft's folder has of originals to a set's.

    order: positions in the draft of the set's images, whose ids these are.  OSError if the disk
    refuses; a draft without originals gives a set without.
    """
    try:
        spans = np.load(draft / SPANS, allow_pickle=False)[order]
        origin = msgspec.json.decode((draft / ORIGIN).read_bytes(), type=Origin)
    except (FileNotFoundError, ValueError, IndexError, msgspec.DecodeError):
        return
    if (spans[:, 0] >= 0).any():
        with open(draft / BYTES, "rb") as source, open(to / BYTES, "wb") as copy:
            for row in np.flatnonzero(spans[:, 0] >= 0).tolist():
                source.seek(int(spans[row, 0]))
                spans[row, 0] = copy.tell()
                copy.write(source.read(int(spans[row, 1])))
    np.save(to / SPANS, spans)
    kept = {one: origin.paths[one] for one in ids if one in origin.paths}
    _write_origin(to, Origin(1, origin.root, kept))


def _write_origin(folder: Path, origin: Origin) -> None:
    (folder / ORIGIN).write_bytes(msgspec.json.encode(origin))
