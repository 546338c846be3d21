"""Images that have been read and are not yet a data set: what they were brought to, what is odd."""

import math
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from core import locks
from core.arraycache import Arrays
from core.config import DataError
from core.data.own import layouts
from core.data.own.layouts import Arrangement, Sheet
from core.data.own.prepared import Looks
from core.data.own.store import own_dir
from core.files import replacing
from core.images.imagesets import Rejected
from core.images.modes import WHITE, Colour
from core.images.preparation import (
    FRAMINGS,
    LARGEST,
    RESAMPLINGS,
    Framing,
    Preparation,
    Range,
    Resampling,
    Survey,
)
from core.locks import Lock

Values = Literal["file", "set"] | Range
SIDES = range(16, 513)  # what models take
DRAFT, LOCK, KNOWN = ".draft-", ".lock", "known.npz"
DRAFT_SECONDS = 24 * 3600  # after which a draft that nobody finished is thrown away
NEW_SECONDS = 60  # in which a process that has just begun takes the lock on its draft
BLOCK_BYTES = 32 << 20  # of pixels that are copied at a time
SPARE_BYTES = 256 << 20  # of the disk that stay free


@dataclass(frozen=True)
class Form:
    """What a person asks images to be brought to; see core.images.preparation.Preparation.

    size: (H, W), each 16 to 512.  channels: 1 = grey, 3 = colour.  manner: the framing.
    values: which numbers become black and white: those of each "file", one range for the "set", or
    the two numbers themselves.  ground: the colour under transparent parts; None for the one on
    which the most is left.
    Raises DataError outside these bounds.
    """

    size: tuple[int, int]
    channels: int = 3
    manner: Framing = "crop"
    values: Values = "set"
    ground: Colour | None = None
    resampling: Resampling = "bicubic"

    def __post_init__(self) -> None:
        if not all(side in SIDES for side in self.size):
            raise DataError("Images can be brought to 16 to 512 pixels a side: choose such a size.")
        if self.channels not in (1, 3) or self.manner not in FRAMINGS:
            raise DataError(
                "Images are grey (1 channel) or in colour (3), and crop, pad, stretch or digit."
            )
        if self.resampling not in RESAMPLINGS:
            raise DataError(f"Images are resampled by {', '.join(RESAMPLINGS)}: choose one.")
        if self.ground is not None and not all(0 <= level <= 255 for level in self.ground):
            raise DataError("The colours of a ground go from 0 to 255: choose such a colour.")
        if not isinstance(self.values, str) and not _is_range(*self.values):
            raise DataError(
                "The lower end of a range of values must be below its upper end: give two such "
                "numbers, as 0:4095."
            )

    def provisional(self) -> Preparation:
        """How images are prepared as long as not all files have been seen."""
        given = None if isinstance(self.values, str) else self.values
        return Preparation(
            size=self.size,
            channels=1 if self.channels == 1 else 3,
            framing=self.manner,
            range_mode="given" if given else "file",
            range_low=given[0] if given else None,
            range_high=given[1] if given else None,
            ground=self.ground or WHITE,
            resampling=self.resampling,
        )

    def settled(self, seen: Survey) -> Preparation:
        """How images are prepared, now that all files have been seen."""
        how = self.provisional()
        if self.values == "set":
            how = seen.settled(how)
        return how if self.ground else replace(how, ground=seen.ground())

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return self.channels, *self.size


def _is_range(low: float, high: float) -> bool:
    return -LARGEST <= low < high <= LARGEST


@dataclass(frozen=True)
class Draft:
    """Images that have been read, and what is known about them.

    folder: holds the pixels.  source: where they came from, in words.  names: (n,) unique.
    sides: (n, 2) height and width as offered.  equal, near: (n,) for each image the first one it is
    equal, or almost equal, to; itself if none.  rejected: the files that could not be read.
    labels: (n,) the class that the source gives each image, None where it gives none.
    notes: sentences about how the files were read.  preparation: how they became pixels.  sheets:
    tables among the files, which may say which class an image has.  looks: what preparing did.
    lock: held on the folder of a draft that belongs to this process alone.
    """

    folder: Path
    source: str
    form: Form
    preparation: Preparation
    names: tuple[str, ...]
    sides: npt.NDArray[np.int32]
    equal: npt.NDArray[np.int64]
    near: npt.NDArray[np.int64]
    rejected: tuple[Rejected, ...]
    labels: tuple[str | None, ...] = ()
    notes: tuple[str, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    looks: Looks = field(kw_only=True)
    lock: Lock | None = field(default=None, kw_only=True, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def n_offered(self) -> int:
        return len(self.names) + len(self.rejected)

    def arranged(self, layout: str = "") -> Arrangement:
        """What the folders, or a table, say of each file; see core.data.own.layouts.

        layout: "" = the one that is recognised.  Raises DataError if it is not laid out like that.
        """
        chosen = next((one for one in layouts.LAYOUTS if one == layout), None)
        return layouts.arranged(self.names, self.labels, chosen, self.sheets)

    def pixels(self) -> npt.NDArray[np.uint8]:
        """(n, C, H, W), read from the disk as it is used."""
        shape = (len(self), *self.form.shape)
        return np.memmap(self.folder / "pixels", np.uint8, "r", shape=shape)

    def take(self, order: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """The pixels of some images, in this order: (m, C, H, W).

        Read and not mapped: a page that is mapped brings its neighbours with it, so that a part in
        any order would have all of a file in memory.
        """
        rows = rows_of(self.folder / "pixels", order, math.prod(self.form.shape))
        return rows.reshape(-1, *self.form.shape)

    def repeats(self) -> npt.NDArray[np.bool_]:
        """(n,): equal to an image before it."""
        return np.asarray(self.equal != np.arange(len(self)))

    def near_repeats(self) -> npt.NDArray[np.bool_]:
        """(n,): almost equal to an image before it, but not equal to any."""
        return np.asarray((self.near != np.arange(len(self))) & ~self.repeats())

    def small(self) -> npt.NDArray[np.bool_]:
        """(n,): less than half as high or wide as it has been made."""
        return np.asarray((2 * self.sides < np.array(self.form.size)).any(axis=1))

    def discard(self) -> None:
        """Throw the pixels away."""
        _remove(self.folder, self.lock)

    def save(self) -> None:
        """Write what is known of the images beside their pixels.  Raises DataError."""
        try:
            with replacing(self.folder / KNOWN) as file:
                np.savez(file, **self._as_arrays())  # type: ignore[arg-type]  # no such name
        except OSError as error:
            raise no_room(error) from error

    def _as_arrays(self) -> Arrays:
        sheets = {
            f"sheet{i}": np.frombuffer(sheet.content, np.uint8)
            for i, sheet in enumerate(self.sheets)
        }
        return {
            "preparation": np.asarray(msgspec.json.encode(self.preparation).decode()),
            "names": np.array(self.names, np.str_),
            "sides": self.sides,
            "equal": self.equal,
            "near": self.near,
            "rejected": np.array(self.rejected, np.str_).reshape(-1, 2),
            "labels": np.array([label or "" for label in self.labels], np.str_),
            "is_labelled": np.array([label is not None for label in self.labels], np.bool_),
            "notes": np.array(self.notes, np.str_),
            "sheets": np.array([sheet.name for sheet in self.sheets], np.str_),
            **self.looks.as_arrays(),
            **sheets,
        }


def saved(folder: Path, form: Form, source: str) -> Draft:
    """The draft that was saved in a folder.  Raises DataError if it cannot be read."""
    try:
        with open(folder / KNOWN, "rb") as content, np.load(content, allow_pickle=False) as file:
            return _from_arrays(folder, form, source, dict(file))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(
            f"What was read of {source} cannot be opened any more: read its files again."
        ) from error


def _from_arrays(folder: Path, form: Form, source: str, found: Arrays) -> Draft:
    labels = zip(found["labels"].tolist(), found["is_labelled"].tolist(), strict=True)
    return Draft(
        folder=folder,
        source=source,
        form=form,
        preparation=msgspec.json.decode(str(found["preparation"]), type=Preparation),
        names=tuple(found["names"].tolist()),
        sides=found["sides"],
        equal=found["equal"],
        near=found["near"],
        rejected=tuple(Rejected(*row) for row in found["rejected"].tolist()),
        labels=tuple(label if is_labelled else None for label, is_labelled in labels),
        notes=tuple(found["notes"].tolist()),
        sheets=tuple(
            Sheet(name=name, content=found[f"sheet{i}"].tobytes())
            for i, name in enumerate(found["sheets"].tolist())
        ),
        looks=Looks.from_arrays(found),
    )


@contextmanager
def draft_folder(at: Path | None = None) -> Iterator[tuple[Path, Lock | None]]:
    """A new folder for a draft, removed if the block fails; a disk that refuses is a DataError.

    at: where; None for one that belongs to this process alone, which holds the lock on it.
    """
    try:
        folder, lock = _folder_at(at) if at else _temporary_folder()
    except OSError as error:
        raise no_room(error) from error
    try:
        yield folder, lock
    except OSError as error:
        _remove(folder, lock)
        raise no_room(error) from error
    except BaseException:
        _remove(folder, lock)
        raise


def _folder_at(folder: Path) -> tuple[Path, None]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder, None


def _temporary_folder() -> tuple[Path, Lock | None]:
    own_dir().mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=own_dir(), prefix=DRAFT))
    return folder, locks.take(folder / LOCK)


def _remove(folder: Path, lock: Lock | None) -> None:
    if lock is not None:
        lock.release()
    shutil.rmtree(folder, ignore_errors=True)


def no_room(error: OSError) -> DataError:
    """What is said where the disk refuses."""
    return DataError(
        f"The images cannot be kept in {own_dir()} ({error.strerror}): free some space, or set "
        "HOURGLASS_HOME to a folder that can be written."
    )


def check_disk(folder: Path, n_files: int, form: Form) -> None:
    """DataError if so many images would not find room."""
    channels, height, width = form.shape
    needed = 2 * n_files * channels * height * width  # the draft and the set made of it
    if shutil.disk_usage(folder).free < needed + SPARE_BYTES:
        raise DataError(
            f"{n_files:,} images of this size may need {needed / 1e9:.1f} GB and the disk has not "
            "as much: choose a smaller size or free some space."
        )


def rows_of(path: Path, order: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.uint8]:
    """Some rows of a file of rows of `size` bytes each, in this order: (m, size)."""
    rows = np.empty((len(order), size), np.uint8)
    with open(path, "rb", buffering=0) as file:
        for row, i in zip(rows, order.tolist(), strict=True):
            file.seek(i * size)
            if file.readinto(row.data) != size:
                raise OSError(f"{path.name} is cut short")
    return rows


def blocks(order: npt.NDArray[np.int64], image_bytes: int) -> Iterator[npt.NDArray[np.int64]]:
    """The order in parts of at most BLOCK_BYTES of pixels, each of one image at least."""
    size = max(1, BLOCK_BYTES // image_bytes)
    for start in range(0, len(order), size):
        yield order[start : start + size]


def forget_abandoned_drafts() -> None:
    """Throw away the drafts of processes that have ended, and what nobody used for a day."""
    for folder in own_dir().glob(f"{DRAFT}*"):
        try:
            age = time.time() - folder.stat().st_mtime
        except OSError:
            continue
        is_left = age > NEW_SECONDS and locks.is_held(folder / LOCK) is False
        if is_left or age > DRAFT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
