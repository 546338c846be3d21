"""Which images a model was trained on, and who measured its errors, as far as can be trusted.

A checkpoint's document is written by the author of the file. Its data set is used as such only if
it is in the catalogue, or an own set (own:NAME) that is here; anything else is a name that is shown
and never opened. What a training on this machine was given, a folder too, is noted beside the data,
under the digest of the whole file: a model that was changed, or that came from elsewhere, has none.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta, Struct

from core import checkpoints, config
from core.checkpoints.card import Card
from core.config import CheckpointError, DataError
from core.data import catalogue
from core.data.catalogue import seen_in_training
from core.data.own import store
from core.files import write_atomically
from core.images import digests
from core.images.imagesets import ImageSet, fingerprint
from core.images.preparation import Preparation, legacy


class _Note(Struct, frozen=True):
    """The record of a training on this machine.  dataset: id for catalogue.load()."""

    format: Literal[1]
    dataset: Annotated[str, Meta(max_length=10_000)]


def note(card: Card, dataset: str) -> None:
    """Note that the model was trained and measured on this machine, and on which images.

    A disk that takes no more costs only that: the model is then treated as one from elsewhere.
    """
    with contextlib.suppress(OSError):
        _notes().mkdir(parents=True, exist_ok=True)
        write_atomically(_path(card), msgspec.json.encode(_Note(1, dataset)))


def forget(card: Card) -> None:
    """Remove what note() has noted, if anything."""
    with contextlib.suppress(OSError):
        _path(card).unlink(missing_ok=True)


def is_measured_here(card: Card) -> bool:
    """Whether its errors were measured by Hourglass, and are not only what its author states.

    So it is with models that come with the program and of those trained on this machine.
    """
    return card.shipped or _noted(card) is not None


def origin_of_numbers(card: Card) -> str:
    """Who has measured its errors, as words after the numbers."""
    return "measured by Hourglass" if is_measured_here(card) else "as its author states"


def known(card: Card) -> str | None:
    """The id of the images it was trained on, to be loaded; None if they are not known here.

    A set of the catalogue is known even where it is still to be downloaded.
    """
    noted = _noted(card)
    if noted is not None:
        return noted.dataset
    return card.dataset if catalogue.is_named(card.dataset) else None


@dataclass(frozen=True)
class Seen:
    """Number of images, of n, that the model was trained on; n_seen None = unknown."""

    n_seen: int | None
    n: int

    @property
    def is_any(self) -> bool:
        """Whether it has, or may have, seen some."""
        return self.n_seen != 0

    def words(self, images: str = "images shown") -> str:
        """A sentence: "7 of 8 images shown were in its training."."""
        if self.n_seen is None:
            return f"Its training images are not known: it may have been trained on the {images}."
        if not self.n_seen:
            return f"It was not trained on the {images}."
        if self.n_seen == self.n:
            all_of = "The image" if self.n == 1 else f"All {self.n:,} {images}"
            return f"{all_of} {'was' if self.n == 1 else 'were'} in its training."
        return f"{self.n_seen:,} of {self.n:,} {images} were in its training."


Load = Callable[[str, str], ImageSet]


def seen(card: Card, images: ImageSet, load: Load = catalogue.load) -> Seen:
    """Count the images that the model was trained on, by the digests of their pixels.

    load: gives a split of a data set. A checkpoint that holds no digests of its training images is
    taken to have seen all training images of its set, without the classes that were left out; if
    they are not here, the names of the sets decide.
    """
    which = seen_images(card, images, load)
    if which is not None:
        return Seen(int(which.sum()), len(images))
    return seen_by_name(card, images.id, images.split, len(images))


def seen_of_any(card: Card, images: ImageSet, load: Load = catalogue.load) -> Seen:
    """seen() of images that are of no set, such as those a person has just handed over."""
    which = seen_images(card, images, load)
    return Seen(None if which is None else int(which.sum()), len(images))


def seen_by_name(card: Card, shown: str, split: str, n: int) -> Seen:
    """Count the images that the model was trained on, by the names of the data sets alone.

    shown: the id of a set that anybody may open.
    """
    dataset = known(card)
    if dataset is None or not catalogue.is_named(dataset):
        return Seen(None, n)  # a folder may have been made an own set since
    return Seen({"no": 0, "yes": n}.get(seen_in_training(dataset, shown, split)), n)


def seen_images(
    card: Card, images: ImageSet, load: Load = catalogue.load
) -> npt.NDArray[np.bool_] | None:
    """Which images it has seen in its training: (n,); None if it holds no digests of what it was
    trained on, and that is not here.
    """
    known_digests = training_digests(card, load)
    if known_digests is None:
        return None
    return digests.among(catalogue.digests_of(images), known_digests)


def training_digests(card: Card, load: Load = catalogue.load) -> npt.NDArray[np.uint8] | None:
    """The digests of the images it was trained on, in order; None if they cannot be had."""
    key = (str(card.path), card.sha256)
    if key not in _DIGESTS:
        while len(_DIGESTS) >= MOST_KEPT:
            _DIGESTS.pop(next(iter(_DIGESTS)), None)
        _DIGESTS[key] = _stored_digests(card)
    if (stored := _DIGESTS[key]) is not None:
        return stored
    dataset = known(card)
    if dataset is None or not catalogue.is_named(dataset):
        return None
    try:
        images = catalogue.ever_trained_on(dataset, load)
    except DataError:
        return None
    again = (dataset, fingerprint(images), *card.excluded_classes)
    if again not in _DIGESTS:
        left = images.without_classes(set(card.excluded_classes) & set(images.class_names))
        _DIGESTS[again] = digests.in_order(catalogue.digests_of(left))
    return _DIGESTS[again]


_DIGESTS: dict[tuple[str, ...], npt.NDArray[np.uint8] | None] = {}
MOST_KEPT = 32  # models, of half a megabyte for 60,000 images


def _stored_digests(card: Card) -> npt.NDArray[np.uint8] | None:
    try:
        return checkpoints.of(card).training_digests
    except CheckpointError:  # it is in no file, or that was changed meanwhile
        return None


def preparation(card: Card) -> Preparation:
    """The preparation of the images that the model was trained on.

    Of one whose document does not say it: as its own set was prepared, if that is here; else the
    middle is cut out, as it always was.
    """
    if card.document.preparation is not None:
        return card.document.preparation
    kind, _, name = (known(card) or "").partition(":")
    if kind == "own":
        with contextlib.suppress(DataError):
            if (how := store.find(name).how).shape == card.input_shape:
                return how
    return legacy(card.input_shape)


def is_on_files(card: Card) -> bool:
    """Whether it was trained on a person's files, all prepared in one way."""
    return card.document.preparation is not None or (known(card) or "").startswith(store.PREFIX)


def required(card: Card) -> str:
    """The id of a model's training images.  Raises DataError with what to do if unknown."""
    dataset = known(card)
    if dataset is None:
        raise DataError(
            f"{card.name} was trained on images called {card.dataset_title!r}, which are no data "
            "set here: say which images to take, with --dataset."
        )
    return dataset


def _noted(card: Card) -> _Note | None:
    if not card.sha256:
        return None
    try:
        return msgspec.json.decode(_path(card).read_bytes(), type=_Note)
    except (OSError, msgspec.DecodeError, UnicodeError):
        return None


def _path(card: Card) -> Path:
    return _notes() / f"{card.sha256}.json"


def _notes() -> Path:
    return config.data_dir() / "trained"
