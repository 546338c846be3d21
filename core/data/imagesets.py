"""A set of images with stable ids: what every data set loads to. Imports only core.config."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from core.config import DataError

if TYPE_CHECKING:
    import pandas as pd

Split = Literal["train", "test"]
Index = slice | npt.NDArray[np.int64] | npt.NDArray[np.bool_] | list[int]


class Rejected(NamedTuple):
    """A file that could not be used; the reason is for the person who offered it."""

    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class ImageSet:
    """One split of a data set.

    images: (N, C, H, W), C 1 or 3.  labels: (N,) indices into class_names, or None.
    ids: (N,) unique strings that stay with their images through filters, shuffles and subsamples.
    factors: what each image was made from, N rows, or None.
    masks: (N, H, W), True where a defect is, or None.
    rejected: the files of the source that could not be read, from both splits together.
    notes: sentences about how it was read that its owner should know.
    Raises DataError if the lengths disagree.
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

    def __post_init__(self) -> None:
        columns = (self.labels, self.ids, self.factors, self.masks)
        if any(column is not None and len(column) != len(self.images) for column in columns):
            raise DataError(
                f"{self.id} ({self.split}) is broken: ids, labels, factors and masks need one row "
                "per image."
            )

    def __len__(self) -> int:
        return len(self.images)

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
        return np.divide(chosen, np.float32(255), dtype=np.float32)

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
        first.id,
        f"{first.split} + {second.split}",
        np.concatenate([first.images, second.images]),
        _both(first.labels, second.labels),
        first.class_names,
        ids,
        factors,
        _both(first.masks, second.masks),
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
