"""What the Latent space page stands on: which images, and the space that their codes lie in."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from core import latent
from core.checkpoints import Card
from core.config import ReviewError
from core.data.imagesets import ImageSet, joined
from core.latent import Array, Axes, Index, Scores
from core.mapping import structure, walks
from core.mapping.walks import Lattice
from pages.ui import cache
from pages.ui.density import DENSE

T = TypeVar("T")
Progress = Callable[[int, int | None], None]
OTHER = {"test": "train", "train": "test"}
FEW = 20_000  # images of a crowded map that what is slower than the map looks at
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

    z: (N, k).  judge: (positions, progress) -> how well those images are rebuilt, (n,), measured
    where it is not known.  rank: errors -> percentiles among the model's test images.
    """

    z: Array
    judge: Callable[[Index, Progress], Scores]
    rank: Callable[[Scores], Scores]

    def errors(self, positions: Index | None = None, progress: Progress | None = None) -> Scores:
        """Of some images, or of all: (n,). All cost as much as the codes: ask for no more than is
        shown.
        """
        which = np.arange(len(self.z)) if positions is None else positions
        return self.judge(which, progress or _nobody)

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
        rows = [latent.stratified(one.labels, len(one), crowd.most, crowd.seed) for one in sets]
        samples = [_taken(one, which) for one, which in zip(sets, rows, strict=True)]
        images = joined(*samples) if crowd.with_other else samples[0]
        other = np.arange(len(images)) >= len(samples[0])
        parts = zip(splits(crowd), rows, strict=True)
        found = tuple(Part(crowd.dataset, split, which) for split, which in parts)
        return Population(images, other, sum(map(len, sets)), found)

    return kept("population", crowd, None, make)


def few(crowd: Crowd) -> Index:
    """Positions of the images that the slower parts look at: all, or of a crowded map FEW."""

    def make() -> Index:
        images = population(crowd).images
        most = FEW if len(images) > DENSE else len(images)
        return latent.stratified(images.labels, len(images), most, sampled(crowd).seed)

    return kept("few", crowd, None, make)


def errors(crowd: Crowd, card: Card, found: Codes, progress: Progress | None = None) -> Scores:
    """How well each image of a crowd is rebuilt: (N,)."""
    return kept("errors", crowd, card, lambda: found.errors(progress=progress))


def axes(crowd: Crowd, card: Card, z: Array) -> Axes:
    """The plane of codes z that can be decoded: of their two numbers, or the principal one."""
    return kept("axes", crowd, card, lambda: latent.plane(z))


def lattice(crowd: Crowd, card: Card, z: Array, size: int) -> Lattice:
    """Decoded images over that plane, size x size, among the few."""

    def make() -> Lattice:
        return walks.lattice(cache.autoencoder(card), z[few(crowd)], axes(crowd, card, z), size)

    return kept(f"lattice {size}", crowd, card, make)


def principal(crowd: Crowd, card: Card, z: Array, n: int) -> Axes:
    """The n strongest principal directions, or as many as there are."""
    m = min(n, *z.shape)
    return kept(f"principal {m}", crowd, card, lambda: latent.principal_axes(z, m))


def trust(crowd: Crowd, card: Card, method: str, z: Array, drawn: Array) -> float | None:
    """Trustworthiness of a map, among the few; None for too few points."""
    some = few(crowd)
    n = min(structure.N_NEIGHBOURS, (len(some) - 1) // 2)
    if n < 1:
        return None
    make = lambda: structure.trustworthiness(z[some], drawn[some], n)  # noqa: E731
    return kept(_trust(crowd, method), crowd, card, make)


def is_trust_known(crowd: Crowd, card: Card, method: str) -> bool:
    """Whether trust() would answer at once; else it takes up to seconds."""
    return cache.is_kept((_trust(crowd, method), sampled(crowd), card.sha256))


def clusters(crowd: Crowd, card: Card, z: Array, n: int) -> Index:
    """k-means clusters of the codes."""
    m = min(n, len(z))
    return kept(f"clusters {m}", crowd, card, lambda: structure.clusters(z, m))


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


def _trust(crowd: Crowd, method: str) -> str:
    return f"trust {method} {crowd.seed}"


def splits(crowd: Crowd) -> tuple[str, ...]:
    """The splits that a crowd is of, its own first."""
    return (crowd.split, OTHER[crowd.split]) if crowd.with_other else (crowd.split,)


def _nobody(_done: int, _total: int | None) -> None:
    """Hears the progress where nobody waits for long."""


def _taken(images: ImageSet, rows: Index) -> ImageSet:
    """Some images of a set; all of them are not copied."""
    return images if len(rows) == len(images) else images.take(rows)


class Patience:
    """Tells progress onward only once something has taken a while."""

    def __init__(self, tell: Progress, seconds: float = 0.7) -> None:
        self._tell, self._until = tell, time.monotonic() + seconds

    def __call__(self, done: int, total: int | None) -> None:
        if time.monotonic() > self._until:
            self._tell(done, total)
