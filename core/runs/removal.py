"""Deletes runs, own data sets and models, and finds what depends on them.

Results computed from them are deleted too, unless another model has the same digest: codes, maps,
reference spaces and results of tasks.
"""

import contextlib
from dataclasses import dataclass

from core import checkpoints, derived, runs
from core.checkpoints.card import Card
from core.computing import results, stock
from core.config import DataError, ReviewError, data_dir
from core.data.own import store
from core.data.own.store import OwnSet
from core.inference import own_models
from core.reviews import Reviews

FOLDERS = (
    "codes",
    "maps",
    "references",
    "chosen",
    "ignored",
)  # in the data folder; see core.derived


@dataclass(frozen=True)
class Dependents:
    """Files that depend on a data set or a model.

    live: runs that are at work on it.  left: runs that could be resumed.  models: that were trained
    on it.  decisions: in review, about its images or through it.
    """

    live: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    decisions: int = 0


def of_dataset(own: OwnSet, reviews: Reviews | None) -> Dependents:
    """Files that depend on an own data set.  reviews: None where they cannot be read."""
    trained = [run for run in runs.found() if run.config.train.dataset == own.id]
    return Dependents(
        tuple(run.config.name for run in trained if run.is_live),
        tuple(run.config.name for run in trained if run.can_resume),
        tuple(card.name for card in checkpoints.available() if card.dataset == own.id),
        _count(reviews, own.id, None),
    )


def of_model(card: Card, reviews: Reviews | None) -> Dependents:
    """Files that depend on an own model.  reviews: None where they cannot be read."""
    made = [run for run in runs.found() if run.status.checkpoint == card.name]
    return Dependents(
        tuple(run.config.name for run in made if run.is_live),
        tuple(run.config.name for run in made if run.can_resume),
        decisions=_count(reviews, None, card.name),
    )


def delete_dataset(own: OwnSet) -> None:
    """Delete an own data set permanently, with all results computed from it.

    DataError if a run is at work on it, if it is not there, or if the disk refuses.
    """
    if live := of_dataset(own, None).live:
        raise DataError(f"The run {live[0]} is training on {own.name}: cancel it first.")
    store.delete(own.name)
    stock.forget_images(own.id)
    _forget(own.id)
    results.forget(f'"{own.id}"')


def delete_model(card: Card) -> None:
    """Delete an own model permanently, with its results.  Raises CheckpointError if shipped."""
    own_models.delete(card)
    if not own_models.is_here(card.sha256):
        _forget(card.sha256)
        results.forget(card.sha256)


def _forget(owner: str) -> None:
    for name in FOLDERS:
        derived.forget(data_dir() / name, owner)


def _count(reviews: Reviews | None, source: str | None, checkpoint: str | None) -> int:
    """Number of decisions about a data set, or made with a model."""
    if reviews is None:
        return 0
    with contextlib.suppress(ReviewError):
        decisions = reviews.history(source)
        return sum(checkpoint in (None, one.checkpoint) for one in decisions)
    return 0
