"""Which images a model was trained on, and who measured its errors, as far as can be trusted.

A checkpoint's document is written by the author of the file. Its data set is used as such only if
it is in the catalogue, or an own set (own:NAME) that is here; anything else is a name that is shown
and never opened. What a training on this machine was given, a folder too, is noted beside the data,
under the digest of the whole file: a model that was changed, or that came from elsewhere, has none.
"""

import contextlib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from core import config
from core.checkpoints.card import Card
from core.config import DataError
from core.data import catalogue
from core.data.catalogue import Seen, seen_in_training
from core.data.own import store
from core.files import write_atomically
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


def seen(card: Card, shown: str, split: str) -> Seen:
    """Whether it has seen the images shown in its training; see core.data.catalogue.

    shown: the id of a set that anybody may open.  split: "train" or "test".
    """
    dataset = known(card)
    if dataset is None or not catalogue.is_named(dataset):
        return "unknown"  # a folder may have been made an own set since
    return seen_in_training(dataset, shown, split)


def preparation(card: Card) -> Preparation:
    """How files are made images of the kind that the model was trained on.

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
