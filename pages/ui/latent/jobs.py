"""What takes the Latent space page a while, in the background: maps and numbers, kept on disk."""

import contextlib
from dataclasses import astuple, fields
from pathlib import Path

import numpy as np

from core import arraycache, config, derived, latent
from core.background import Job
from core.checkpoints import Card
from core.latent import Array, Axes
from core.mapping import structure
from core.mapping.projecting import project_apart
from core.mapping.projections import BY_NAME
from core.mapping.structure import Structure
from pages.ui import cache
from pages.ui.latent import data as latent_data
from pages.ui.latent.data import Crowd, Progress

N_MEASURED = 10_000  # images that the numbers are measured on, at most
KEPT = 200  # files: of 70,000 points one takes half a megabyte


def places(crowd: Crowd, card: Card, method: str, z: Array, axes: Axes) -> Array | None:
    """Where the codes are drawn; None if that takes a while and nobody has asked for it yet.

    axes: those of the PCA.
    """
    if method == "pca" or z.shape[1] <= 2:
        make = lambda: axes.coordinates(z).astype(np.float32)  # noqa: E731
        return latent_data.kept("places", crowd, card, make)
    job = cache.jobs().get(job_key(crowd, card, method))
    if job is not None and job.state == "done":
        return np.asarray(job.result, np.float32)
    found = arraycache.read(_file(crowd, card, method), ("places",))
    if found is None or found["places"].shape != (len(z), 2):
        return None
    return np.asarray(found["places"], np.float32)


def start_projection(crowd: Crowd, card: Card, method: str, z: Array) -> Job:
    """Begin it, for all visitors; what comes of it is kept on disk and then found by places()."""
    file = _file(crowd, card, method)

    def work(tell: Progress) -> Array:
        found = project_apart(z, method, crowd.seed, tell)
        with contextlib.suppress(OSError):  # a disk that is full costs only doing it again
            _keep(file, {"places": found})
        return found

    return cache.jobs().start(job_key(crowd, card, method), BY_NAME[method].title, work)


def start_numbers(crowd: Crowd, card: Card, z: Array) -> Job:
    """Begin measuring how far classes stay together; the result is a tuple of Structure."""
    file = _file(crowd, card, "numbers")

    def work(tell: Progress) -> tuple[Structure, ...]:
        images = latent_data.population(crowd).images
        assert images.labels is not None
        chosen = latent.stratified(images.labels, len(images), N_MEASURED, crowd.seed)
        x, labels = images.pixels(chosen), images.labels[chosen]
        found = structure.structures(z[chosen], x, labels, crowd.seed, tell)
        with contextlib.suppress(OSError):
            _keep(file, _as_arrays(found))
        return found

    return cache.jobs().start(job_key(crowd, card, "numbers"), "Numbers", work)


def numbers(crowd: Crowd, card: Card) -> tuple[Structure, ...] | None:
    """What start_numbers() found, once it has, in this life of the server or in another."""
    job = cache.jobs().get(job_key(crowd, card, "numbers"))
    if job is not None and job.state == "done":
        result: tuple[Structure, ...] = job.result
        return result
    kept = arraycache.read(_file(crowd, card, "numbers"), ("names", "sizes", "measured"))
    return None if kept is None else _as_structures(kept)


def _keep(path: Path, arrays: arraycache.Arrays) -> None:
    arraycache.write(path, arrays)
    arraycache.keep_newest(path.parent, KEPT)


def job_key(crowd: Crowd, card: Card, what: str) -> str:
    """What a job of this page is known by."""
    return f"{what} {crowd} {card.sha256}"


def _as_arrays(found: tuple[Structure, ...]) -> arraycache.Arrays:
    """names, sizes: (n,), measured: (n, 4), in the order of Structure's fields."""
    return {
        "names": np.array([one.name for one in found]),
        "sizes": np.array([one.size for one in found]),
        "measured": np.array([astuple(one)[2:] for one in found], np.float64),
    }


def _as_structures(kept: arraycache.Arrays) -> tuple[Structure, ...] | None:
    names, sizes, measured = kept["names"].tolist(), kept["sizes"].tolist(), kept["measured"]
    if measured.shape != (len(names), len(fields(Structure)) - 2) or len(sizes) != len(names):
        return None
    rows = zip(names, sizes, measured.tolist(), strict=True)
    return tuple(Structure(name, size, *row) for name, size, row in rows)


def _file(crowd: Crowd, card: Card, method: str) -> Path:
    """Where it is kept: by the pixels, too, so that a folder with other images has no old map."""
    pixels = [cache.split_ref(crowd.dataset, split).digest for split in latent_data.splits(crowd)]
    name = derived.named((card.sha256, crowd.dataset), f"{job_key(crowd, card, method)} {pixels}")
    return config.data_dir() / "maps" / f"{name}.npz"
