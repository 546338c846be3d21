"""A set of images with stable ids: what every data set loads to. Imports only core.config."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from core.config import DataError
from core.text import natural

if TYPE_CHECKING:
    import pandas as pd

    from core.images.preparation import Preparation

Split = Literal["train", "test"]
Index = slice | npt.NDArray[np.int64] | npt.NDArray[np.bool_] | list[int]


class Rejected(NamedTuple):
    """A file that could not be used; the reason is for the person who offered it."""

    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class Ignored:
    """A region that is not to be judged, and what stands there instead.

    mask: (H, W), True where it is ignored.  fill: (C, H, W) uint8, of which the region counts.
    """

    mask: npt.NDArray[np.bool_]
    fill: npt.NDArray[np.uint8]

    def filled(self, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Images (n, C, H, W) in [0, 1] with the fill in the region."""
        fill = np.divide(self.fill, np.float32(255), dtype=np.float32)
        return np.where(self.mask, fill, x)


@dataclass(frozen=True, eq=False)
class ImageSet:
    """One split of a data set.

    images: (N, C, H, W), C 1 or 3.  labels: (N,) indices into class_names, or None.
    ids: (N,) unique strings that stay with their images through filters, shuffles and subsamples.
    factors: what each image was made from, N rows, or None.
    masks: (N, H, W), True where a defect is, or None.
    rejected: the files of the source that could not be read, from both splits together.
    notes: sentences about how it was read that its owner should know.
    ignored: a region that pixels() fills; set for references, see core.data.ignored.
    preparation: how files became its images; None of a set that is not made of a person's files.
    Raises DataError if the lengths disagree, or the pixels are no uint8.
    """

    id: str
    split: str
    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64] | None
    class_names: tuple[str, ...]
    ids: npt.NDArray[np.str_]
    factors: pd.DataFrame | None = None
    masks: npt.NDArray[np.bool_] | None = None
    rejected: tuple[Rejected, ...] = ()
    notes: tuple[str, ...] = ()
    preparation: Preparation | None = None
    ignored: Ignored | None = None

    def __post_init__(self) -> None:
        if self.images.dtype != np.uint8 or self.images.ndim != 4:
            raise DataError(
                f"{self.id} ({self.split}) must have images (N, C, H, W) of uint8, 0 to 255, not "
                f"{self.images.shape} of {self.images.dtype}."
            )
        columns = (self.labels, self.ids, self.factors, self.masks)
        if any(column is not None and len(column) != len(self.images) for column in columns):
            raise DataError(
                f"{self.id} ({self.split}) is broken: ids, labels, factors and masks need one row "
                "per image."
            )

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        n, size = len(self), " x ".join(map(str, self.shape))
        classes = f", {len(self.class_names)} classes" if self.class_names else ""
        return f"<ImageSet {self.id} ({self.split}): {n:,} images of {size}{classes}>"

    def __contains__(self, image_id: object) -> bool:
        return image_id in self._position

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        _, c, h, w = self.images.shape
        return c, h, w

    def take(self, index: Index) -> ImageSet:
        """The images at `index`, in that order, with their ids, labels, factors and masks.

        index: positions, a slice, or one bool an image.
        """
        index = index if isinstance(index, slice) else np.asarray(index)
        if not isinstance(index, slice) and index.size == 0:
            index = slice(0, 0)  # an empty list would be an array of floats
        return replace(
            self,
            images=self.images[index],
            labels=_rows(self.labels, index),
            ids=self.ids[index],
            factors=None
            if self.factors is None
            else self.factors.iloc[index].reset_index(drop=True),
            masks=_rows(self.masks, index),
        )

    def pixels(self, index: Index | None = None) -> npt.NDArray[np.float32]:
        """The images (at `index`) as models see them: a new (n, C, H, W) float32 in [0, 1]."""
        chosen = self.images if index is None else self.take(index).images
        x = np.divide(chosen, np.float32(255), dtype=np.float32)
        return x if self.ignored is None else self.ignored.filled(x)

    def positions(self, ids: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Where the images called `ids` stand: (n,); DataError if one is not here."""
        names = np.asarray(ids, dtype=np.str_).ravel()
        try:
            return np.array([self._position[name] for name in names.tolist()], dtype=np.int64)
        except KeyError as missing:
            raise DataError(
                f"There is no image {missing.args[0]!r} in {self.id} ({self.split})."
            ) from None

    def known_positions(self, ids: Iterable[str]) -> npt.NDArray[np.int64]:
        """Where those of the images called `ids` that are here stand, rising."""
        found = {self._position[name] for name in ids if name in self._position}
        return np.array(sorted(found), dtype=np.int64)

    def without_classes(self, names: Iterable[str]) -> ImageSet:
        """The images of all other classes; DataError for a class that the set has not."""
        excluded = set(names)
        if unknown := excluded - set(self.class_names):
            known = ", ".join(self.class_names) or "none"
            raise DataError(f"{self.id} has no class {min(unknown)!r}: its classes are {known}.")
        if not excluded:
            return self
        indices = [self.class_names.index(name) for name in excluded]
        return self.take(~np.isin(np.asarray(self.labels), indices))

    def drawn(self, n: int | None, seed: int) -> ImageSet:
        """`n` of the images, in their order, drawn at random; all of them if n is None or larger.

        With the same seed a smaller draw is part of every larger one.
        """
        if n is None or n >= len(self):
            return self
        return self.take(np.sort(np.random.default_rng(seed).permutation(len(self))[:n]))

    def label_name(self, i: int) -> str:
        """The class of image `i` as a word; "" without labels."""
        return "" if self.labels is None else self.class_names[int(self.labels[i])]

    @cached_property
    def _position(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.ids.tolist())}


def joined(first: ImageSet, second: ImageSet) -> ImageSet:
    """Two splits of one data set, one after the other, as a set whose split is "first + second".

    Factors and masks stay if both have them.  Raises DataError if the shapes or classes differ, or
    if one image is in both.
    """
    if (first.shape, first.class_names) != (second.shape, second.class_names):
        raise DataError(f"{first.id} and {second.id} are not alike: choose two parts of one set.")
    ids = np.concatenate([first.ids, second.ids])
    if len(set(ids.tolist())) < len(ids):
        raise DataError(f"{first.id} and {second.id} share images: choose two different parts.")
    factors = None
    if first.factors is not None and second.factors is not None:
        import pandas as pd  # a third of a second that loading digits does not need

        factors = pd.concat([first.factors, second.factors], ignore_index=True)
    return ImageSet(
        id=first.id,
        split=f"{first.split} + {second.split}",
        images=np.concatenate([first.images, second.images]),
        labels=_both(first.labels, second.labels),
        class_names=first.class_names,
        ids=ids,
        factors=factors,
        masks=_both(first.masks, second.masks),
        preparation=first.preparation,
    )


def numbered_ids(prefix: str, numbers: npt.ArrayLike) -> npt.NDArray[np.str_]:
    """`prefix/00042` for each number."""
    return np.array(
        [f"{prefix}/{number:05d}" for number in np.asarray(numbers).tolist()], dtype=np.str_
    )


def _both(
    first: npt.NDArray[Any] | None, second: npt.NDArray[Any] | None
) -> npt.NDArray[Any] | None:
    return None if first is None or second is None else np.concatenate([first, second])


def _rows(
    values: npt.NDArray[Any] | None, index: slice | npt.NDArray[Any]
) -> npt.NDArray[Any] | None:
    return None if values is None else values[index]


# Which class and which split an image belongs to, by its name alone.

TEST_SHARE = 0.2
NO_CLASS = "(none)"


def classes_of(
    names: Sequence[str], stated: Sequence[str | None] = ()
) -> tuple[npt.NDArray[np.int64] | None, tuple[str, ...]]:
    """A class for each folder, without the folders that all share; no labels if there is but one.

    stated: (n,) the class that the source itself gives each image, None where it gives none; they
    count instead of folders, unless fewer than two images share one on average: those are captions.
    Returns labels (n,), indices into the class names, or None.  Files beside the folders are of the
    class "(none)".
    """
    n_stated = sum(label is not None for label in stated)
    if n_stated and 2 * len({label for label in stated if label is not None}) <= n_stated:
        words = [label or NO_CLASS for label in stated]
    else:
        folders = [name.split("/")[:-1] for name in names]
        shared = len(os.path.commonprefix(folders))  # noqa: RUF071  # lists of parts, not strings
        words = ["/".join(folder[shared:]) or NO_CLASS for folder in folders]
    class_names = sorted(set(words), key=natural)
    if len(class_names) == 1:
        return None, ()
    index = {name: i for i, name in enumerate(class_names)}
    return np.array([index[word] for word in words], np.int64), tuple(class_names)


def hash_fraction(name: str, seed: int) -> float:
    """A number in [0, 1) that depends on the name and the seed alone.

    A name whose number is below the share of the test split belongs to it, whatever other files
    there are.
    """
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


# What tells one set of images from another: their pixels, not their name.


def fingerprint(images: ImageSet) -> str:
    """A name for the pixels of a set in their order; another one if any of them differs.

    Of pixels that lie in a file of their own: for that file as it was written last.
    """
    content = hashlib.sha256(repr((images.images.shape, images.split)).encode())
    file = getattr(images.images, "filename", None)
    if file is None:
        content.update(np.ascontiguousarray(images.images).data)
    else:
        about = Path(file).stat()
        content.update(repr((images.id, about.st_size, about.st_mtime_ns)).encode())
    return content.hexdigest()
