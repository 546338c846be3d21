"""What the Latent space page stands on: which images, and the space that their codes lie in."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from core.checkpoints import Card
from core.computing.tasks import Arrays, Function, Task, task
from core.config import ReviewError
from core.images.imagesets import ImageSet, joined
from core.latent import geometry, map_tasks
from core.latent.geometry import Array, Axes, Index, Scores
from core.latent.map_tasks import Map, Sample
from pages.ui import cache

T = TypeVar("T")
Progress = Callable[[int, int | None], None]
OTHER = {"test": "train", "train": "test"}
EVERY = 10**9  # more images than any set has


@dataclass(frozen=True)
class Crowd:
    """Which images are on the map: a name for them, the same in every session.

    with_other: images of the other part (train for test, test for train) too.  most: of each part.
    """

    dataset: str
    split: str
    with_other: bool
    most: int
    seed: int


@dataclass(frozen=True)
class Part:
    """Images of one split of a data set.  rows: (n,) where they stand in it, rising."""

    dataset: str
    split: str
    rows: Index


@dataclass(frozen=True)
class Population:
    """The images of a crowd.  other: (N,) True for images of the other part.  available: before
    the sample was taken.  parts: where they come from, in their order.
    """

    images: ImageSet
    other: npt.NDArray[np.bool_]
    available: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, eq=False)
class Codes:
    """What one model makes of a population.

    z: (N, k).  judge: positions -> how well those images are rebuilt, (n,), measured where it is
    not known.  rank: errors -> percentiles among the model's test images.
    """

    z: Array
    judge: Callable[[Index], Scores]
    rank: Callable[[Scores], Scores]

    def errors(self, positions: Index | None = None) -> Scores:
        """Of some images, or of all: (n,). All cost as much as the codes: ask for no more than is
        shown.
        """
        return self.judge(np.arange(len(self.z)) if positions is None else positions)

    def percentiles(self, positions: Index | None = None) -> Scores:
        """The same as percentiles: (n,), 0 to 100."""
        return self.rank(self.errors(positions))


def sampled(crowd: Crowd) -> Crowd:
    """The same images under the one name they have: where none is left out no seed draws any."""
    sizes = [len(cache.dataset(crowd.dataset, split)) for split in splits(crowd)]
    return crowd if max(sizes) > crowd.most else replace(crowd, most=EVERY, seed=0)


def first(crowd: Crowd) -> Crowd:
    """The sample of the first seed: axes and plane are made of it, so that all samples lie on the
    same ones.
    """
    return replace(sampled(crowd), seed=0)


def population(crowd: Crowd) -> Population:
    """The images of a crowd, every class in its share."""

    def make() -> Population:
        sets = [cache.dataset(crowd.dataset, split) for split in splits(crowd)]
        rows = [geometry.stratified(one.labels, len(one), crowd.most, crowd.seed) for one in sets]
        samples = [_taken(one, which) for one, which in zip(sets, rows, strict=True)]
        images = joined(*samples) if crowd.with_other else samples[0]
        other = np.arange(len(images)) >= len(samples[0])
        parts = zip(splits(crowd), rows, strict=True)
        found = tuple(Part(crowd.dataset, split, which) for split, which in parts)
        return Population(images, other, sum(map(len, sets)), found)

    return kept("population", crowd, None, make)


def few(crowd: Crowd, card: Card) -> Index:
    """Positions of the images that the slower parts look at: all, or of a crowded map some."""
    return kept("few", crowd, card, lambda: sample(crowd).few(card.latent_dim))


def sample(crowd: Crowd) -> Sample:
    """The images of a crowd, as the argument of a task."""
    one = sampled(crowd)
    refs = tuple(cache.split_ref(one.dataset, split) for split in splits(one))
    return Sample(refs, one.most, one.seed)


def asked_map(crowd: Crowd, card: Card) -> Map:
    """The map of a crowd, as the argument of a task."""
    return Map(sample(crowd), sample(first(crowd)), card.sha256)


def map_task(function: Function, *arguments: Any, card: Card, title: str) -> Task:
    """A task of core.latent.map_tasks; those of a model share its codes."""
    group = f"map {card.sha256}"
    return task(function, *arguments, title=title, group=group, models=[card])


def looking(crowd: Crowd, card: Card) -> Task:
    """The task that makes codes, plane and places of a map."""
    title = f"Encoding with {card.name}"
    return map_task(map_tasks.first_look, asked_map(crowd, card), card=card, title=title)


def errors(crowd: Crowd, card: Card, found: Codes) -> Scores:
    """How well each image of a crowd is rebuilt: (N,)."""
    return kept("errors", crowd, card, found.errors)


def axes(crowd: Crowd, card: Card) -> Axes:
    """The plane that can be decoded, of the first sample: its two numbers, or the principal one."""
    return as_axes(cache.computed(looking(crowd, card)))


def places(crowd: Crowd, card: Card) -> Array:
    """Where the codes lie on that plane: (N, 2)."""
    return np.asarray(cache.computed(looking(crowd, card))["xy"])


def plane(crowd: Crowd, card: Card, size: int) -> Arrays:
    """The lattice over that plane, size x size; see core.latent.map_tasks.plane."""
    asked, title = asked_map(first(crowd), card), "Decoding the plane"
    return cache.computed(map_task(map_tasks.plane, asked, size, card=card, title=title))


def principal(crowd: Crowd, card: Card, n: int) -> Axes:
    """The n strongest principal directions, or as many as there are."""
    title = "Finding the principal directions"
    asked = map_task(map_tasks.principal, sample(crowd), card.sha256, n, card=card, title=title)
    return as_axes(cache.computed(asked))


def trusting(crowd: Crowd, card: Card, file: str) -> Task:
    """The task that measures how true a map is.  file: of its places, "" for the PCA."""
    asked, title = asked_map(crowd if file else first(crowd), card), "Comparing neighbours"
    return map_task(map_tasks.trust, asked, file, card=card, title=title)


def clusters(crowd: Crowd, card: Card, n: int) -> Index:
    """k-means clusters of the codes."""
    title = "Looking for clusters"
    asked = map_task(map_tasks.clusters, sample(crowd), card.sha256, n, card=card, title=title)
    return np.asarray(cache.computed(asked)["clusters"])


def as_axes(found: Arrays) -> Axes:
    """Axes from the arrays of a task."""
    return Axes(found["origin"], found["directions"], found["shares"])


def verdicts(dataset: str) -> dict[str, str]:
    """What was decided in review about images of a set: id -> normal, outlier, unsure, disputed."""
    found: dict[str, str] = {}
    with contextlib.suppress(ReviewError):  # then there is nothing to colour by
        for image, by in cache.reviews().current(dataset).items():
            said = {decision.verdict for decision in by.values()}
            found[image] = said.pop() if len(said) == 1 else "disputed"
    return found


def kept(what: str, crowd: Crowd, card: Card | None, make: Callable[[], T]) -> T:
    """What make() gives for these images and this model, made once."""
    return cache.kept((what, sampled(crowd), card.sha256 if card else ""), make)


def splits(crowd: Crowd) -> tuple[str, ...]:
    """The splits that a crowd is of, its own first."""
    return (crowd.split, OTHER[crowd.split]) if crowd.with_other else (crowd.split,)


def _taken(images: ImageSet, rows: Index) -> ImageSet:
    """Some images of a set; all of them are not copied."""
    return images if len(rows) == len(images) else images.take(rows)
