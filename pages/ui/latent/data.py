"""The data of the Latent space page: which images, their codes, axes and plane, all cached."""

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
    """Specifies which images are on the map, as a key that is the same in every session.

    with_other: with images of the other split (train for test, test for train).  most: largest
    number of images of each split.
    """

    dataset: str
    split: str
    with_other: bool
    most: int
    seed: int


@dataclass(frozen=True)
class Part:
    """Some images of one split of a data set.  rows: (n,) their positions in it, ascending."""

    dataset: str
    split: str
    rows: Index


@dataclass(frozen=True)
class Population:
    """The images on a map.

    other: (N,) True for images of the other split.  available: number of images before sampling.
    parts: the splits that the images are from, in the order of the images.
    """

    images: ImageSet
    other: npt.NDArray[np.bool_]
    available: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, eq=False)
class Codes:
    """The codes of a population, and its errors on demand.

    z: (N, k).  judge: positions (n,) -> MSE of those images (n,), measured if not known yet.
    rank: errors -> percentiles among the errors of the model's test images.
    """

    z: Array
    judge: Callable[[Index], Scores]
    rank: Callable[[Scores], Scores]

    def errors(self, positions: Index | None = None) -> Scores:
        """MSE of the images at some positions, or of all: (n,).

        Errors of all images take as long as the codes, so only request those that are shown.
        """
        return self.judge(np.arange(len(self.z)) if positions is None else positions)

    def percentiles(self, positions: Index | None = None) -> Scores:
        """Percentiles of the errors among the model's test images: (n,), 0 to 100."""
        return self.rank(self.errors(positions))


def sampled(crowd: Crowd) -> Crowd:
    """The canonical key of the same images: with seed 0 where no sample is drawn."""
    sizes = [len(cache.dataset(crowd.dataset, split)) for split in splits(crowd)]
    return crowd if max(sizes) > crowd.most else replace(crowd, most=EVERY, seed=0)


def first(crowd: Crowd) -> Crowd:
    """The sample with seed 0, from which axes and plane are computed for all samples."""
    return replace(sampled(crowd), seed=0)


def population(crowd: Crowd) -> Population:
    """The images of a crowd; samples are stratified by class."""

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
    """Positions of the images for the slower computations: all, or a sample of a large set."""
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
    """A task of core.latent.map_tasks; tasks with one model share its codes in a worker."""
    group = f"map {card.sha256}"
    return task(function, *arguments, title=title, group=group, models=[card])


def looking(crowd: Crowd, card: Card) -> Task:
    """The task that computes the codes, the plane and the coordinates of a map."""
    title = f"Encoding with {card.name}"
    return map_task(map_tasks.first_look, asked_map(crowd, card), card=card, title=title)


def errors(crowd: Crowd, card: Card, found: Codes) -> Scores:
    """MSE of each image of a crowd: (N,)."""
    return kept("errors", crowd, card, found.errors)


def axes(crowd: Crowd, card: Card) -> Axes:
    """Axes of the decodable plane: the two numbers of the code, or two principal directions."""
    return as_axes(cache.computed(looking(crowd, card)))


def places(crowd: Crowd, card: Card) -> Array:
    """Coordinates of the codes on the plane of axes(): (N, 2)."""
    return np.asarray(cache.computed(looking(crowd, card))["xy"])


def plane(crowd: Crowd, card: Card, size: int) -> Arrays:
    """A lattice of size x size nodes on the plane of axes(); see core.latent.map_tasks.plane."""
    asked, title = asked_map(first(crowd), card), "Decoding the plane"
    return cache.computed(map_task(map_tasks.plane, asked, size, card=card, title=title))


def principal(crowd: Crowd, card: Card, n: int) -> Axes:
    """The n strongest principal directions, or as many as there are."""
    title = "Finding the principal directions"
    asked = map_task(map_tasks.principal, sample(crowd), card.sha256, n, card=card, title=title)
    return as_axes(cache.computed(asked))


def trusting(crowd: Crowd, card: Card, file: str) -> Task:
    """The task that measures a map's trustworthiness.  file: of its coordinates, "" for the PCA."""
    asked, title = asked_map(crowd if file else first(crowd), card), "Comparing neighbours"
    return map_task(map_tasks.trust, asked, file, card=card, title=title)


def clusters(crowd: Crowd, card: Card, n: int) -> Index:
    """Cluster of each code, by k-means with n clusters: (N,)."""
    title = "Looking for clusters"
    asked = map_task(map_tasks.clusters, sample(crowd), card.sha256, n, card=card, title=title)
    return np.asarray(cache.computed(asked)["clusters"])


def as_axes(found: Arrays) -> Axes:
    """Axes from the arrays of a task."""
    return Axes(found["origin"], found["directions"], found["shares"])


def verdicts(dataset: str) -> dict[str, str]:
    """Review verdicts of a data set's images: id -> normal, outlier, unsure or disputed."""
    found: dict[str, str] = {}
    with contextlib.suppress(ReviewError):  # without a readable database there are no verdicts
        for image, by in cache.reviews().current(dataset).items():
            said = {decision.verdict for decision in by.values()}
            found[image] = said.pop() if len(said) == 1 else "disputed"
    return found


def kept(what: str, crowd: Crowd, card: Card | None, make: Callable[[], T]) -> T:
    """The cached value of make() for a purpose, these images and this model."""
    return cache.kept((what, sampled(crowd), card.sha256 if card else ""), make)


def splits(crowd: Crowd) -> tuple[str, ...]:
    """The splits that a crowd has images of, its own first."""
    return (crowd.split, OTHER[crowd.split]) if crowd.with_other else (crowd.split,)


def _taken(images: ImageSet, rows: Index) -> ImageSet:
    """The images at some rows of a set; without a copy if they are all rows."""
    return images if len(rows) == len(images) else images.take(rows)
