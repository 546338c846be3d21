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
from core.latent.geometry import Array, Index, Scores
from core.latent.map_tasks import Map, Sample
from core.principal import Axes
from pages.ui import cache

T = TypeVar("T")
Progress = Callable[[int, int | None], None]
OTHER = {"test": "train", "train": "test"}
EVERY = 10**9  # more images than any set has


@dataclass(frozen=True)
class SampleSpec:
    """Specifies which images are on the map, as a key that is the same in every session.

    with_other: with images of the other split (train for test, test for train).  most: largest
    number of images of each split.
    """

    dataset: str
    split: str
    with_other: bool
    most: int
    seed: int

    def __str__(self) -> str:
        """The text in the names of maps on disk, which still has the first name of this class."""
        return repr(self).replace("SampleSpec(", "Crowd(", 1)


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


def sampled(spec: SampleSpec) -> SampleSpec:
    """The canonical key of the same images: with seed 0 where no sample is drawn."""
    sizes = [len(cache.dataset(spec.dataset, split)) for split in splits(spec)]
    return spec if max(sizes) > spec.most else replace(spec, most=EVERY, seed=0)


def first(spec: SampleSpec) -> SampleSpec:
    """The sample with seed 0, from which axes and plane are computed for all samples."""
    return replace(sampled(spec), seed=0)


def population(spec: SampleSpec) -> Population:
    """The images of a sample; samples are stratified by class."""

    def make() -> Population:
        sets = [cache.dataset(spec.dataset, split) for split in splits(spec)]
        rows = [geometry.stratified(one.labels, len(one), spec.most, spec.seed) for one in sets]
        samples = [_taken(one, which) for one, which in zip(sets, rows, strict=True)]
        images = joined(*samples) if spec.with_other else samples[0]
        other = np.arange(len(images)) >= len(samples[0])
        parts = zip(splits(spec), rows, strict=True)
        found = tuple(Part(spec.dataset, split, which) for split, which in parts)
        return Population(images, other, sum(map(len, sets)), found)

    return kept("population", spec, None, make)


def few(spec: SampleSpec, card: Card) -> Index:
    """Positions of the images for the slower computations: all, or a sample of a large set."""
    return kept("few", spec, card, lambda: sample(spec).few(card.latent_dim))


def sample(spec: SampleSpec) -> Sample:
    """The images of a spec, as the argument of a task."""
    one = sampled(spec)
    refs = tuple(cache.split_ref(one.dataset, split) for split in splits(one))
    return Sample(refs, one.most, one.seed)


def asked_map(spec: SampleSpec, card: Card) -> Map:
    """The map of a spec, as the argument of a task."""
    return Map(sample(spec), sample(first(spec)), card.sha256)


def map_task(function: Function, *arguments: Any, card: Card, title: str) -> Task:
    """A task of core.latent.map_tasks; tasks with one model share its codes in a worker."""
    group = f"map {card.sha256}"
    return task(function, *arguments, title=title, group=group, models=[card])


def looking(spec: SampleSpec, card: Card) -> Task:
    """The task that computes the codes, the plane and the coordinates of a map."""
    title = f"Encoding with {card.name}"
    return map_task(map_tasks.first_look, asked_map(spec, card), card=card, title=title)


def errors(spec: SampleSpec, card: Card, found: Codes) -> Scores:
    """MSE of each image of a spec: (N,)."""
    return kept("errors", spec, card, found.errors)


def axes(spec: SampleSpec, card: Card) -> Axes:
    """Axes of the decodable plane: the two numbers of the code, or two principal directions."""
    return as_axes(cache.computed(looking(spec, card)))


def places(spec: SampleSpec, card: Card) -> Array:
    """Coordinates of the codes on the plane of axes(): (N, 2)."""
    return np.asarray(cache.computed(looking(spec, card))["xy"])


def plane(spec: SampleSpec, card: Card, size: int) -> Arrays:
    """A lattice of size x size nodes on the plane of axes(); see core.latent.map_tasks.plane."""
    asked, title = asked_map(first(spec), card), "Decoding the plane"
    return cache.computed(map_task(map_tasks.plane, asked, size, card=card, title=title))


def principal(spec: SampleSpec, card: Card, n: int) -> Axes:
    """The n strongest principal directions, or as many as there are."""
    title = "Finding the principal directions"
    asked = map_task(map_tasks.principal, sample(spec), card.sha256, n, card=card, title=title)
    return as_axes(cache.computed(asked))


def trusting(spec: SampleSpec, card: Card, file: str) -> Task:
    """The task that measures a map's trustworthiness.  file: of its coordinates, "" for the PCA."""
    asked, title = asked_map(spec if file else first(spec), card), "Comparing neighbours"
    return map_task(map_tasks.trust, asked, file, card=card, title=title)


def clusters(spec: SampleSpec, card: Card, n: int) -> Index:
    """Cluster of each code, by k-means with n clusters: (N,)."""
    title = "Looking for clusters"
    asked = map_task(map_tasks.clusters, sample(spec), card.sha256, n, card=card, title=title)
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


def kept(what: str, spec: SampleSpec, card: Card | None, make: Callable[[], T]) -> T:
    """The cached value of make() for a purpose, these images and this model."""
    return cache.kept((what, sampled(spec), card.sha256 if card else ""), make)


def splits(spec: SampleSpec) -> tuple[str, ...]:
    """The splits that a spec has images of, its own first."""
    return (spec.split, OTHER[spec.split]) if spec.with_other else (spec.split,)


def _taken(images: ImageSet, rows: Index) -> ImageSet:
    """The images at some rows of a set; without a copy if they are all rows."""
    return images if len(rows) == len(images) else images.take(rows)
