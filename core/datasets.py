"""The data sets by name: what there is, loading one, and whether a model has seen the images shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from core import digits, publicsets, shapes
from core.config import DataError
from core.imagesets import ImageSet, Split

SPLITS: tuple[Split, ...] = get_args(Split)
Seen = Literal["no", "yes", "some"]


@dataclass(frozen=True)
class DatasetInfo:
    """What can be said of a set before it is loaded.

    embedded: comes with the program.  available: can be loaded now, without a network.
    """

    id: str
    title: str
    explanation: str
    input_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    n_train: int
    n_test: int
    embedded: bool
    available: bool


def catalogue(data_root: Path | str | None = None) -> tuple[DatasetInfo, ...]:
    """The sets that have a name, the embedded ones first. Loads no images."""
    embedded = (
        DatasetInfo(
            digits.ID,
            "Digits (5,000 of MNIST)",
            "Handwritten digits, 28 x 28, grey; there at once.",
            (1, 28, 28),
            digits.CLASS_NAMES,
            digits.N_TRAIN,
            digits.N_TEST,
            embedded=True,
            available=True,
        ),
        DatasetInfo(
            shapes.ID,
            "Shapes with planted defects",
            "Drawn shapes, 64 x 64, colour: every factor is known, and each fifth test image has a marked defect.",
            (3, 64, 64),
            shapes.CLASS_NAMES,
            shapes.N_TRAIN,
            shapes.N_TEST,
            embedded=True,
            available=True,
        ),
    )
    return embedded + tuple(
        _public_info(known, _path(data_root)) for known in publicsets.PUBLIC_SETS
    )


def load(id: str, split: str = "test", data_root: Path | str | None = None) -> ImageSet:
    """One split ("train" or "test") of the set `id`.

    data_root: where torchvision's sets are looked for before the data folder; HOURGLASS_DATA_ROOT by default.
    Raises DataError if there is no such set or split, or if it cannot be read.
    """
    if split not in SPLITS:
        raise DataError(f"There is no split {split!r}: choose train or test.")
    if id == digits.ID:
        return digits.load_digits(split)
    if id == shapes.ID:
        return shapes.load_shapes(split)
    if id in publicsets.BY_ID:
        return publicsets.BY_ID[id].load(split, _path(data_root))
    known = ", ".join(info.id for info in catalogue(data_root))
    raise DataError(f"There is no data set {id!r}: choose one of {known}.")


def training_images(
    id: str, exclude_classes: Iterable[str] = (), data_root: Path | str | None = None
) -> ImageSet:
    """What a model may be trained on: the train split without the classes named.

    The embedded digits all come from MNIST's train split, so "mnist" leaves out those 1,000 of its 60,000 that are the
    test split of "mnist-5k", found by their pixels: exactly 59,000 stay, since no two of MNIST's images are equal.
    Raises DataError for a class that the set has not.
    """
    images = load(id, "train", data_root)
    keep = np.ones(len(images), dtype=bool)
    if excluded := set(exclude_classes):
        keep &= ~np.isin(images.labels, _class_indices(images, excluded))
    if id == "mnist":
        keep &= ~_same_pixels(images, load(digits.ID, "test"))
    return images if keep.all() else images.take(keep)


def seen_in_training(card_dataset_id: str, shown_id: str, shown_split: str) -> Seen:
    """Whether a model trained on training_images(card_dataset_id) had the shown images among them.

    "some": a part of them, as MNIST's train split for a model trained on 4,000 of its digits, or on all but 1,000.
    """
    if shown_split == "test" or card_dataset_id == shown_id != "mnist":
        return "yes" if shown_split == "train" else "no"
    if card_dataset_id == "mnist" and shown_id == digits.ID:
        return "yes"
    return "some" if card_dataset_id in ("mnist", digits.ID) and shown_id == "mnist" else "no"


def _class_indices(images: ImageSet, names: set[str]) -> list[int]:
    if unknown := names - set(images.class_names):
        known = ", ".join(images.class_names) or "none"
        raise DataError(f"{images.id} has no class {min(unknown)!r}: its classes are {known}.")
    return [images.class_names.index(name) for name in names]


def _same_pixels(images: ImageSet, others: ImageSet) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    known = {image.tobytes() for image in others.images}
    return np.fromiter((image.tobytes() in known for image in images.images), bool, len(images))


def _public_info(known: publicsets.PublicSet, data_root: Path | None) -> DatasetInfo:
    return DatasetInfo(
        known.id,
        known.title,
        known.explanation,
        known.input_shape,
        known.class_names,
        known.n_train,
        known.n_test,
        embedded=False,
        available=all(known.root(split, data_root) is not None for split in SPLITS),
    )


def _path(data_root: Path | str | None) -> Path | None:
    return None if data_root is None else Path(data_root)
