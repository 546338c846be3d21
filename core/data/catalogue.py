"""The catalogue of data sets: lists them and loads one by name.

To add one that comes with the program, write a module in core/data with `load(split) -> ImageSet`
and add its `EmbeddedSet` here.
"""

import contextlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from core.background import Progress
from core.config import DataError
from core.data.named import digits, publicsets, shapes
from core.data.own import folder, store
from core.data.own import split as split_of
from core.images import digests as marks
from core.images.imagesets import ImageSet, Split
from core.images.preparation import Preparation

OWN_KINDS = ("folder", "zip", "file")  # before a path
SPLITS: tuple[Split, ...] = get_args(Split)
MNIST = "mnist"
CALIBRATION_SEED = 1


@dataclass(frozen=True)
class Facts:
    """The facts about a data set that are known without loading it."""

    id: str
    title: str
    explanation: str
    input_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    n_train: int
    n_test: int


@dataclass(frozen=True)
class DatasetInfo(Facts):
    """A set in the catalogue.  available: can be loaded now, without a network."""

    available: bool


@dataclass(frozen=True)
class EmbeddedSet(Facts):
    """A data set included with the program.

    load: "train" or "test" -> that split, always the same images with the same ids.
    """

    load: Callable[[str], ImageSet]


EMBEDDED: tuple[EmbeddedSet, ...] = (
    EmbeddedSet(
        id=digits.ID,
        title="Digits (5,000 of MNIST)",
        explanation="Handwritten digits, 28 x 28, grey; included, no download.",
        input_shape=(1, 28, 28),
        class_names=digits.CLASS_NAMES,
        n_train=digits.N_TRAIN,
        n_test=digits.N_TEST,
        load=digits.load_digits,
    ),
    EmbeddedSet(
        id=shapes.ID,
        title="Shapes with planted defects",
        explanation="Drawn shapes, 64 x 64, colour, with known factors; a fifth of the test "
        "images has a "
        "marked defect.",
        input_shape=(3, 64, 64),
        class_names=shapes.CLASS_NAMES,
        n_train=shapes.N_TRAIN,
        n_test=shapes.N_TEST,
        load=shapes.load_shapes,
    ),
)
FACTS = tuple(field.name for field in fields(Facts))
EMBEDDED_BY_ID = MappingProxyType({known.id: known for known in EMBEDDED})


def catalogue(data_root: Path | str | None = None) -> tuple[DatasetInfo, ...]:
    """All named data sets, the embedded ones first and own ones last. Loads no images.

    data_root: searched for public sets before the data folder; HOURGLASS_DATA_ROOT if None.
    """
    return (
        *(_info(known, available=True) for known in EMBEDDED),
        *(_info(known, known.is_here(_path(data_root))) for known in publicsets.PUBLIC_SETS),
        *(_own_info(own) for own in store.available()),
    )


def is_named(id: str) -> bool:  # noqa: A002  # what a set's name is called everywhere
    """Whether an id is in the catalogue, own sets included, and not the path of a folder or file.

    A path is only opened for the user who has given it.
    """
    if id in EMBEDDED_BY_ID or id in publicsets.BY_ID:
        return True
    return id.startswith(store.PREFIX) and any(id == own.id for own in store.available())


def is_own_set(id: str) -> bool:  # noqa: A002  # as above
    """Whether an id is that of a data set that a person made."""
    return id.startswith(store.PREFIX)


def load(
    id: str,  # noqa: A002  # as above
    split: str = "test",
    data_root: Path | str | None = None,
    progress: Progress | None = None,
    preparation: Preparation | None = None,
) -> ImageSet:
    """One split ("train", "calibration" or "test") of the set `id`. Nothing is downloaded.

    Calibration images of a set with a name are some of its train split: see training_images().

    id: one in catalogue(), or folder:PATH, zip:PATH, file:PATH (another archive, or an image);
    these and own sets (own:NAME) have the split "all" as well.
    data_root: as in catalogue().
    progress: called with files done and in all, or None, while a folder or archive is read.
    preparation: of the images at a path, see core.data.own.folder.Choice.
    Raises DataError if there is no such set or split, or if it is not here or cannot be read.
    """
    kind, _, path = id.partition(":")
    if kind in OWN_KINDS and path:
        return folder.load_path(id, folder.Choice(split, preparation=preparation), progress)
    if kind == "own" and path:
        return store.load(path, split)
    if split == "calibration":
        whole = load(id, "train", data_root)
        return _calibration(whole, lambda name, part: load(name, part, data_root))
    if split not in SPLITS:
        raise DataError(f"There is no split {split!r} of {id}: choose train, calibration or test.")
    if id in publicsets.BY_ID:
        return publicsets.BY_ID[id].load(split, _path(data_root))
    if id not in EMBEDDED_BY_ID:
        known = ", ".join((*EMBEDDED_BY_ID, *publicsets.BY_ID))
        raise DataError(
            f"There is no data set {id!r}: choose {known}, folder:PATH, zip:PATH or file:PATH."
        )
    return EMBEDDED_BY_ID[id].load(split)


def check_here(
    id: str,  # noqa: A002  # as above
    data_root: Path | str | None = None,
) -> None:
    """Raise DataError, which says how to get it, for a public set that is not on this machine."""
    known = publicsets.BY_ID.get(id)
    if known is not None and not known.is_here(_path(data_root)):
        raise known.absent()


def training_images(
    id: str,  # noqa: A002  # as above
    exclude_classes: Iterable[str] = (),
    data_root: Path | str | None = None,
    progress: Progress | None = None,
) -> ImageSet:
    """The training images of a model: the train split without the excluded classes, and without the
    calibration images.

    The embedded digits all come from MNIST's train split, so "mnist" leaves out those 1,000 of
    its 60,000 that are the test split of "mnist-5k", found by their pixels: no two images of
    MNIST are equal.
    Raises DataError for a class that the set has not.
    """
    images = load(id, "train", data_root, progress).without_classes(exclude_classes)
    return for_training(images, lambda name, split: load(name, split, data_root))


def for_training(images: ImageSet, load: Callable[[str, str], ImageSet]) -> ImageSet:
    """The images of a train split without any test or calibration images; see training_images().

    load: loads a split of a data set.
    """
    if images.id not in EMBEDDED_BY_ID and images.id not in publicsets.BY_ID:
        return images  # own sets keep their calibration part apart
    out = np.isin(images.ids, load(images.id, "calibration").ids)
    return images.take(~(out | _tested(images, load)))


def ever_trained_on(
    id: str,  # noqa: A002  # as above
    load: Callable[[str, str], ImageSet],
) -> ImageSet:
    """All that a model of this set may have been trained on, by whatever version of Hourglass: the
    train split, of MNIST without those digits that are the test split of "mnist-5k".
    """
    images = load(id, "train")
    return images.take(~_tested(images, load))


def _calibration(images: ImageSet, load: Callable[[str, str], ImageSet]) -> ImageSet:
    """Some images of a train split, always the same, as many of each class.

    Those of MNIST have those of "mnist-5k" among them, so that these serve both.
    """
    n = split_of.n_to_calibrate(len(images))
    first = np.zeros(len(images), bool)
    if images.id == MNIST:
        first = _same_pixels(images, load(digits.ID, "calibration"))
    free = np.flatnonzero(~(first | _tested(images, load)))
    labels = np.zeros(len(images), np.int64) if images.labels is None else images.labels
    _, chosen = digits.stratified_split(labels[free], n - int(first.sum()), CALIBRATION_SEED)
    found = images.take(np.concatenate([np.flatnonzero(first), free[chosen]]))
    return replace(found, split="calibration")


def _tested(images: ImageSet, load: Callable[[str, str], ImageSet]) -> npt.NDArray[np.bool_]:
    """Which of a set's training images are test images of another set."""
    if images.id != MNIST:
        return np.zeros(len(images), bool)
    return _same_pixels(images, load(digits.ID, "test"))


def _same_pixels(images: ImageSet, others: ImageSet) -> npt.NDArray[np.bool_]:
    return marks.among(digests_of(images), marks.in_order(digests_of(others)))


def digests_of(images: ImageSet) -> npt.NDArray[np.uint8]:
    """The digest of each image: (n, 8).  Those of a whole split of an own set are kept with it."""
    kind, _, name = images.id.partition(":")
    if kind == "own" and images.split in store.SPLITS:
        with contextlib.suppress(DataError):
            kept = store.digests_of(name, images.split)
            if len(kept) == len(images):
                return kept
    return marks.of(images.images)


def _info(known: EmbeddedSet | publicsets.PublicSet, available: bool) -> DatasetInfo:
    return DatasetInfo(**{name: getattr(known, name) for name in FACTS}, available=available)


def _own_info(own: store.OwnSet) -> DatasetInfo:
    colour = "grey" if own.shape[0] == 1 else "colour"
    return DatasetInfo(
        id=own.id,
        title=f"{own.name} (yours)",
        explanation=f"Your images from {own.source}, {own.shape[2]} x {own.shape[1]}, {colour}.",
        input_shape=own.shape,
        class_names=own.class_names,
        n_train=own.n_train,
        n_test=own.n_test,
        available=True,
    )


def _path(data_root: Path | str | None) -> Path | None:
    return None if data_root is None else Path(data_root)


# Whether a model was trained on images, derived from the names of data sets where no digests are.

Seen = Literal["no", "yes", "some", "unknown"]


def seen_in_training(trained_on: str, shown: str, shown_split: str) -> Seen:
    """Whether a model trained on training_images(trained_on) had the shown images among them.

    trained_on, shown: ids of data sets.  shown_split: "train", "test" or "all".
    "some": a part of them, as MNIST's train split for a model trained on 4,000 of its digits, or
    on all but 1,000. Classes left out of training do not count here.
    """
    trained_on, shown = _canonical(trained_on), _canonical(shown)
    if shown_split == "test" or trained_on not in _sharing_images(shown):
        return "no"
    if MNIST in (shown, trained_on):
        return "yes" if shown == digits.ID else "some"
    return "yes" if shown_split == "train" else "some"


def _canonical(dataset_id: str) -> str:
    """The canonical id of a folder or file, without access to the disk."""
    kind, _, path = dataset_id.partition(":")
    return f"{kind}:{os.path.normpath(path)}" if kind in ("folder", "zip", "file") else dataset_id


def _sharing_images(shown: str) -> tuple[str, ...]:
    """The sets whose train split shares images with this one's."""
    return (MNIST, digits.ID) if shown in (MNIST, digits.ID) else (shown,)
