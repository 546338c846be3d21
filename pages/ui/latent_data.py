"""What the Latent space page stands on: which images, their codes, and where they are drawn."""

import contextlib
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from core import arraycache, config, latent, metrics, structure, walks
from core.background import Job
from core.checkpoints import Card
from core.imagesets import ImageSet, joined
from core.latent import Array, Axes, Index, Scores
from core.projecting import project_apart
from core.projections import BY_NAME
from core.structure import Structure
from core.walks import Lattice
from pages.ui import cache

T = TypeVar("T")
Progress = Callable[[int, int | None], None]
OTHER = {"test": "train", "train": "test"}
CHUNK = 2_000  # images encoded between two looks at the clock
N_MEASURED = 10_000  # images that the numbers are measured on, at most


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
class Population:
    """The images of a crowd.  other: (N,) True for images of the other part.  available: before
    the sample was taken.
    """

    images: ImageSet
    other: npt.NDArray[np.bool_]
    available: int


@dataclass(frozen=True)
class Codes:
    """What one model makes of a population: z (N, k), and how well it rebuilds each image."""

    z: Array
    errors: Scores
    percentiles: Scores


def population(crowd: Crowd) -> Population:
    """The images of a crowd, every class in its share."""

    def make() -> Population:
        parts = [cache.dataset(crowd.dataset, crowd.split)]
        if crowd.with_other:
            parts.append(cache.dataset(crowd.dataset, OTHER[crowd.split]))
        samples = [
            part.take(latent.stratified(part.labels, len(part), crowd.most, crowd.seed))
            for part in parts
        ]
        images = joined(*samples) if crowd.with_other else samples[0]
        other = np.arange(len(images)) >= len(samples[0])
        return Population(images, other, sum(map(len, parts)))

    return _kept("population", crowd, None, make)


def codes(crowd: Crowd, card: Card, progress: Progress) -> Codes:
    """The codes and errors of a population; progress is told (images done, in all)."""

    def make() -> Codes:
        images, model = population(crowd).images, cache.autoencoder(card)
        z = np.empty((len(images), model.latent_dim), np.float32)
        errors = np.empty(len(images))
        for start in range(0, len(images), CHUNK):
            part = slice(start, start + CHUNK)
            x = images.pixels(part)
            z[part] = model.encode(x)
            errors[part] = metrics.mse(x, model.decode(z[part]))
            progress(min(start + CHUNK, len(images)), len(images))
        return Codes(z, errors, model.percentiles(errors))

    return _kept("codes", crowd, card, make)


def axes(crowd: Crowd, card: Card, z: Array) -> Axes:
    """The plane that can be decoded: of the code's two numbers, or the principal one."""
    return _kept("axes", crowd, card, lambda: latent.plane(z))


def lattice(crowd: Crowd, card: Card, z: Array, size: int) -> Lattice:
    """Decoded images over that plane, size x size."""

    def make() -> Lattice:
        return walks.lattice(cache.autoencoder(card), z, axes(crowd, card, z), size)

    return _kept(f"lattice {size}", crowd, card, make)


def principal(crowd: Crowd, card: Card, z: Array, n: int) -> Axes:
    """The n strongest principal directions, or as many as there are."""
    m = min(n, *z.shape)
    return _kept(f"principal {m}", crowd, card, lambda: latent.principal_axes(z, m))


def places(crowd: Crowd, card: Card, method: str, z: Array) -> Array | None:
    """Where the codes are drawn; None if that takes a while and nobody has asked for it yet."""
    if method == "pca" or z.shape[1] <= 2:
        return axes(crowd, card, z).coordinates(z).astype(np.float32)
    job = cache.jobs().get(job_key(crowd, card, method))
    if job is not None and job.state == "done":
        return np.asarray(job.result, np.float32)
    found = arraycache.read(_file(crowd, card, method), ("places",))
    if found is None or found["places"].shape != (len(z), 2):
        return None
    return np.asarray(found["places"], np.float32)


def start_projection(crowd: Crowd, card: Card, method: str, z: Array) -> Job:
    """Begin it, for all visitors; what comes of it is kept on disk and then found by places()."""

    def work(tell: Progress) -> Array:
        found = project_apart(z, method, crowd.seed, tell)
        with contextlib.suppress(OSError):  # a disk that is full costs only doing it again
            arraycache.write(_file(crowd, card, method), {"places": found})
        return found

    return cache.jobs().start(job_key(crowd, card, method), BY_NAME[method].title, work)


def trust(crowd: Crowd, card: Card, method: str, z: Array, drawn: Array) -> float | None:
    """Trustworthiness of a map; None for too few points."""
    n = min(structure.N_NEIGHBOURS, (len(z) - 1) // 2)
    if n < 1:
        return None
    make = lambda: structure.trustworthiness(z, drawn, n)  # noqa: E731
    return _kept(f"trust {method}", crowd, card, make)


def clusters(crowd: Crowd, card: Card, z: Array, n: int) -> Index:
    """k-means clusters of the codes."""
    return _kept(f"clusters {n}", crowd, card, lambda: structure.clusters(z, n))


def start_numbers(crowd: Crowd, card: Card, z: Array) -> Job:
    """Begin measuring how far classes stay together; the result is a tuple of Structure."""

    def work(tell: Progress) -> tuple[Structure, ...]:
        images = population(crowd).images
        assert images.labels is not None
        chosen = latent.stratified(images.labels, len(images), N_MEASURED, crowd.seed)
        x, labels = images.pixels(chosen), images.labels[chosen]
        return structure.structures(z[chosen], x, labels, crowd.seed, tell)

    return cache.jobs().start(job_key(crowd, card, "numbers"), "Numbers", work)


def numbers(crowd: Crowd, card: Card) -> tuple[Structure, ...] | None:
    """What start_numbers() found, once it has."""
    job = cache.jobs().get(job_key(crowd, card, "numbers"))
    found: tuple[Structure, ...] | None = job.result if job and job.state == "done" else None
    return found


def job_key(crowd: Crowd, card: Card, what: str) -> str:
    """What a job of this page is known by."""
    return f"{what} {crowd} {card.sha256}"


def _file(crowd: Crowd, card: Card, method: str) -> Path:
    name = hashlib.sha256(job_key(crowd, card, method).encode()).hexdigest()[:24]
    return config.data_dir() / "maps" / f"{name}.npz"


def _kept(what: str, crowd: Crowd, card: Card | None, make: Callable[[], T]) -> T:
    return cache.kept((what, crowd, card.sha256 if card else ""), make)


class Patience:
    """Tells progress onward only once something has taken a while."""

    def __init__(self, tell: Progress, seconds: float = 0.7) -> None:
        self._tell, self._until = tell, time.monotonic() + seconds

    def __call__(self, done: int, total: int | None) -> None:
        if time.monotonic() > self._until:
            self._tell(done, total)
