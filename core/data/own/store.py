"""A person's own named data sets: a folder each, whose pixels are read from the disk as they are
used.
"""

import io
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta, Struct

from core import arraycache
from core.config import NAME_PATTERN, DataError, OptionError, checked_name, data_dir
from core.files import write_atomically
from core.images import digests
from core.images.imagesets import ImageSet, Rejected
from core.images.preparation import Framing, Preparation, legacy

if TYPE_CHECKING:
    import pandas as pd

# The rows of an own data set: ids and labels of its images, and what was left out.

KEPT = "rows-"  # folders of arrays; the rest of the name says of which document
MANY = 10_000  # images: the rows of fewer are read at once
LARGEST = 1 << 29  # bytes of ids; larger ones are read anew


class Rows(Struct, frozen=True):
    """The images of a set as its document has them, those for training first.

    labels: indices into the class names, or None.  rejected: name and reason of what was left out.
    """

    ids: list[str]
    labels: list[int] | None
    rejected: list[tuple[str, str]]


@dataclass(frozen=True)
class Columns:
    """The rows of a set as arrays.  ids: (n,).  labels: (n,) or None.  rejected: (m, 2)."""

    ids: npt.NDArray[np.str_]
    labels: npt.NDArray[np.int64] | None
    rejected: npt.NDArray[np.str_]


def read_rows(path: Path, n: int, n_classes: int) -> Columns:
    """The rows in a document of n images.

    Raises OSError or ValueError if it cannot be read, or is not of n different images with labels
    below n_classes.
    """
    about = path.stat()
    folder = path.parent / f"{KEPT}{about.st_size}-{about.st_mtime_ns}"
    found = _mapped(folder)
    if found is None:
        found = _parsed(path)
        if n >= MANY and found.ids.nbytes <= LARGEST and _fits(found, n, n_classes):
            with suppress(OSError):  # a full disk costs only reading it again
                _keep(found, folder)
    if not _fits(found, n, n_classes):
        raise ValueError(f"{path.name} does not fit its data set")
    return found


def _parsed(path: Path) -> Columns:
    try:
        rows = msgspec.json.decode(path.read_bytes(), type=Rows)
        labels = None if rows.labels is None else np.array(rows.labels, np.int64)
    except (msgspec.DecodeError, OverflowError) as error:
        raise ValueError(f"{path.name} is not as it should be") from error
    if len(set(rows.ids)) < len(rows.ids):
        raise ValueError(f"{path.name} names an image twice")
    rejected = np.array(rows.rejected, np.str_).reshape(-1, 2)
    return Columns(np.array(rows.ids, np.str_), labels, rejected)


def _fits(found: Columns, n: int, n_classes: int) -> bool:
    """Whether each of n >= 1 images has its row. That no id comes twice was seen when it was
    parsed.
    """
    labels = found.labels
    if found.ids.shape != (n,) or labels is None:
        return found.ids.shape == (n,)
    return labels.shape == (n,) and int(labels.min()) >= 0 and int(labels.max()) < n_classes


def _mapped(folder: Path) -> Columns | None:
    """What _keep() has put there; None if it is not there or not as it should be."""
    try:
        arrays = {path.stem: arraycache.mapped(path, "c") for path in folder.glob("*.npy")}
        columns = Columns(arrays["ids"], arrays.get("labels"), arrays["rejected"])
    except (OSError, ValueError, KeyError):
        return None
    texts = columns.ids.dtype.kind == columns.rejected.dtype.kind == "U"
    numbers = columns.labels is None or columns.labels.dtype == np.int64
    return columns if texts and numbers else None


def _keep(columns: Columns, folder: Path) -> None:
    """Write the arrays, all or none, in place of those of an earlier document."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".rows-") as temporary:
        new = Path(temporary) / folder.name
        new.mkdir()
        for name in ("ids", "labels", "rejected"):
            if (values := getattr(columns, name)) is not None:
                np.save(new / f"{name}.npy", values)
        for earlier in folder.parent.glob(f"{KEPT}*"):
            shutil.rmtree(earlier, ignore_errors=True)
        new.rename(folder)


PREFIX = "own:"
BEFORE: Mapping[str, Framing] = MappingProxyType({"pad": "pad", "digit": "digit"})  # format 1
DOCUMENT, IMAGES, ROWS = "set.json", "images.npy", "rows.json"
MASKS, DIGESTS = "masks.npy", "digests.npy"
SPLITS = ("train", "calibration", "test", "all")
AND_ALL_OF = " and all of "  # between the name of a split and a JSON list of classes
Count = Annotated[int, Meta(ge=0, le=10**9)]
Side = Annotated[int, Meta(ge=1, le=512)]
Text = Annotated[str, Meta(max_length=1000)]


class OwnSet(Struct, frozen=True):
    """What is known of a set before it is loaded.

    shape: (C, H, W).  source: where its images came from.  n_left_out: files that are not in it.
    manner: how they were brought to that size in sets of format 1; "" before it was noted.
    preparation: how files became its images, in sets of format 2.
    n_calibration: 0 in sets made before there was such a part.  outlier_classes: all whose images
    are outliers.  layout: see core.data.own.layouts; "" = not noted.
    """

    format: Literal[1, 2]
    name: Text
    shape: tuple[Side, Side, Side]
    class_names: tuple[Text, ...]
    n_train: Count
    n_test: Count
    seed: Count
    source: Text
    n_left_out: Count
    date: Text
    manner: Text = ""
    preparation: Preparation | None = None
    n_calibration: Count = 0
    outlier_classes: tuple[Text, ...] = ()
    layout: Text = ""

    @property
    def how(self) -> Preparation:
        """How files became its images; of sets of format 1, what was done then."""
        if self.preparation is not None:
            return self.preparation
        return legacy(self.shape, BEFORE.get(self.manner, "crop"))

    @property
    def n(self) -> int:
        """How many images it has."""
        return self.n_train + self.n_calibration + self.n_test

    def part(self, split: str) -> slice:
        """Where the images of a split stand, among all: train, calibration, test."""
        ends = {"train": (0, self.n_train), "test": (self.n - self.n_test, self.n)}
        middle = (self.n_train, self.n - self.n_test)
        return slice(*ends.get(split, middle if split == "calibration" else (0, self.n)))

    def n_in(self, split: str) -> int:
        """How many images a split has."""
        part = self.part(split)
        return int(part.stop - part.start)

    @property
    def id(self) -> str:
        return PREFIX + self.name


def own_dir() -> Path:
    """Where own data sets, and drafts of them, are kept."""
    return data_dir() / "own"


def available() -> tuple[OwnSet, ...]:
    """All own sets, by name. Broken ones are left out."""
    found = sorted(own_dir().glob(f"[!.]*/{DOCUMENT}")) if own_dir().is_dir() else ()
    return tuple(own for path in found if (own := _document(path.parent)) is not None)


def load(name: str, split: str) -> ImageSet:
    """One split ("train", "calibration", "test" or "all") of an own set. Its pixels stay on the
    disk until used; those of a split as and_all_of() names it are read.

    factors: of a set with outlier classes, is_outlier.  masks: where the defects are, if it has
    masks.
    Raises DataError if there is no such set or split, or it is broken.
    """
    own, folder = find(name), folder_of(name)
    named, classes = _split_and_classes(split)
    if named not in SPLITS:
        raise DataError(
            f"There is no split {split[:80]!r} of {own.id}: choose {', '.join(SPLITS)}."
        )
    if not own.n_in(named):
        raise DataError(
            f"{own.id} has no images in its part {split!r}: make it anew of 20 images or more."
        )
    images, rows = _read(own, folder)
    part = _with_all_of(own.part(named), own, rows.labels, classes)
    labels = None if rows.labels is None else rows.labels[part]
    return ImageSet(
        id=own.id,
        split=split,
        images=images[part],
        labels=labels,
        class_names=own.class_names,
        ids=rows.ids[part],
        factors=_factors(own, labels),
        masks=_masks(own, folder, part),
        rejected=tuple(Rejected(*pair) for pair in rows.rejected.tolist()),
        preparation=own.how,
    )


def and_all_of(split: str, classes: Sequence[str]) -> str:
    """The name of a split that also holds the images of some classes from all other parts."""
    return f"{split}{AND_ALL_OF}{json.dumps(sorted(classes))}" if classes else split


def _split_and_classes(split: str) -> tuple[str, tuple[str, ...]]:
    named, _, classes = split.partition(AND_ALL_OF)
    try:
        return named, msgspec.json.decode(classes or "[]", type=tuple[str, ...])
    except msgspec.DecodeError:
        return split, ()


def _with_all_of(
    part: slice,
    own: OwnSet,
    labels: npt.NDArray[np.int64] | None,
    classes: tuple[str, ...],
) -> slice | npt.NDArray[np.int64]:
    """The positions of a part, and of all images of these classes."""
    if labels is None or not classes:
        return part
    wanted = np.isin(labels, [i for i, c in enumerate(own.class_names) if c in classes])
    if wanted.sum() == wanted[part].sum():
        return part
    wanted[part] = True
    return np.flatnonzero(wanted)


def digests_of(name: str, split: str) -> npt.NDArray[np.uint8]:
    """The digest of each image of a split, see core.images.digests: (n, 8).

    Of a set that was made without them: computed, and kept with it.
    Raises DataError as load() does.
    """
    own, folder = find(name), folder_of(name)
    try:
        found = arraycache.mapped(folder / DIGESTS, "c")
    except (OSError, ValueError):
        found = np.empty(0, np.uint8)
    if found.shape != (own.n, digests.SIZE) or found.dtype != np.uint8:
        found = digests.of(load(name, "all").images)
        with suppress(OSError):  # a full disk costs only computing them again
            content = io.BytesIO()
            np.save(content, found)
            write_atomically(folder / DIGESTS, content.getvalue())
    named, classes = _split_and_classes(split)
    labels = _read(own, folder)[1].labels if classes else None
    return found[_with_all_of(own.part(named), own, labels, classes)]


def _factors(own: OwnSet, labels: npt.NDArray[np.int64] | None) -> "pd.DataFrame | None":
    """Which images are outliers, of a set that knows."""
    if labels is None or not own.outlier_classes:
        return None
    import pandas as pd  # a third of a second that other sets do not need

    outliers = [i for i, c in enumerate(own.class_names) if c in own.outlier_classes]
    return pd.DataFrame({"is_outlier": np.isin(labels, outliers)})


def _masks(
    own: OwnSet, folder: Path, part: slice | npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_] | None:
    """(n, H, W), read from the disk as they are used; None if the set has none."""
    if not (folder / MASKS).is_file():
        return None
    try:
        masks = arraycache.mapped(folder / MASKS, "c")
    except (OSError, ValueError) as error:
        raise _broken(own) from error
    if masks.shape != (own.n, *own.shape[1:]) or masks.dtype != np.bool_:
        raise _broken(own)
    return masks[part]


def find(name: str) -> OwnSet:
    """What is known of the set called `name`; DataError if there is none, or it is broken."""
    try:
        own = _document(folder_of(name))
    except OptionError:
        own = None
    if own is None:
        known = ", ".join(one.name for one in available()) or "none yet"
        raise DataError(f"There is no data set {ascii(name)[:80]} of yours: there are {known}.")
    return own


def delete(name: str) -> None:
    """Delete a set's folder for good; DataError if there is none, or the disk refuses.

    See core.runs.removal for what else goes with it.

    Its folder stays, empty, so that the name is not given to other images: checkpoints, maps and
    links know a set by its name.
    """
    find(name)
    try:
        trash = Path(tempfile.mkdtemp(dir=own_dir(), prefix=".deleted-"))
        folder_of(name).rename(trash / name)
        folder_of(name).mkdir()
    except OSError as error:
        raise DataError(
            f"{name} cannot be deleted from {own_dir()} ({error.strerror}): check that you may "
            "write there."
        ) from error
    shutil.rmtree(trash, ignore_errors=True)


def folder_of(name: str) -> Path:
    """Where the set of that name is, or would be; OptionError if it cannot be a name."""
    return own_dir() / checked_name(name)


def _document(folder: Path) -> OwnSet | None:
    """What the set's own document says; None if it cannot be believed."""
    try:
        own = msgspec.json.decode((folder / DOCUMENT).read_bytes(), type=OwnSet)
    except (OSError, msgspec.DecodeError, RecursionError):
        return None
    named = own.name == folder.name and NAME_PATTERN.fullmatch(own.name)
    prepared = own.format == 1 or (own.preparation and own.preparation.shape == own.shape)
    return own if named and own.n_train and own.n_test and prepared else None


def _read(own: OwnSet, folder: Path) -> tuple[npt.NDArray[np.uint8], Columns]:
    n = own.n
    try:
        images = arraycache.mapped(folder / IMAGES, "c")
        rows = read_rows(folder / ROWS, n, len(own.class_names))
    except (OSError, ValueError) as error:
        raise _broken(own) from error
    if images.shape != (n, *own.shape) or images.dtype != np.uint8:
        raise _broken(own)
    return images, rows


def _broken(own: OwnSet) -> DataError:
    return DataError(f"Your data set {own.name} is damaged: delete it and make it again.")
