"""Background jobs of the Latent space page: projections and metrics, stored on disk."""

import contextlib
from pathlib import Path

import numpy as np

from core import arraycache, config, derived
from core.background import Job
from core.checkpoints import Card
from core.computing.tasks import Arrays, Task
from core.latent import map_tasks
from core.latent.geometry import Array
from core.latent.project_process import project_apart
from core.latent.projections import BY_NAME
from core.latent.structure import MEASURES, Structure
from pages.ui import cache, progress
from pages.ui.latent import data as latent_data
from pages.ui.latent.data import Progress, SampleSpec

N_MEASURED = 10_000  # most images that metrics are computed on
KEPT = 200  # files; one of 70,000 points takes half a megabyte


def places(spec: SampleSpec, card: Card, method: str) -> Array | None:
    """Coordinates of the codes (N, 2); None if the projection is slow and not computed yet."""
    if method == "pca" or card.latent_dim <= 2:
        return latent_data.places(spec, card)
    job = progress.jobs().get(job_key(spec, card, method))
    if job is not None and job.state == "done":
        return np.asarray(job.result, np.float32)
    found = arraycache.read(_file(spec, card, method), ("places",))
    n = len(latent_data.population(spec).images)
    if found is None or found["places"].shape != (n, 2):
        return None
    return np.asarray(found["places"], np.float32)


def trusting(spec: SampleSpec, card: Card, method: str) -> Task:
    """The task that measures the trustworthiness of a method's map."""
    is_plane = method == "pca" or card.latent_dim <= 2
    file = "" if is_plane else _file(spec, card, method).stem
    return latent_data.trusting(spec, card, file)


def start_projection(spec: SampleSpec, card: Card, method: str, z: Array) -> Job:
    """Start a projection for all visitors; its result is stored where places() reads it."""
    file = _file(spec, card, method)

    def work(tell: Progress) -> Array:
        found = project_apart(z, method, spec.seed, tell)
        with contextlib.suppress(
            OSError
        ):  # disk full: the projection is computed again the next time
            _keep(file, {"places": found})
        return found

    return progress.jobs().start(job_key(spec, card, method), BY_NAME[method].title, work)


def numbers(spec: SampleSpec, card: Card) -> tuple[Structure, ...] | None:
    """Metrics of codes, pixels and PCA, if they were computed before."""
    found = cache.find(_numbering(spec, card))
    return None if found is None else _as_structures(found)


def start_numbers(spec: SampleSpec, card: Card) -> Job:
    """Start computing numbers() for all visitors."""
    return cache.begin(job_key(spec, card, "numbers"), "Numbers", _numbering(spec, card))


def _numbering(spec: SampleSpec, card: Card) -> Task:
    sample = latent_data.sample(spec)
    return latent_data.map_task(
        map_tasks.structures, sample, card.sha256, N_MEASURED, card=card, title="Numbers"
    )


def _keep(path: Path, arrays: arraycache.Arrays) -> None:
    arraycache.write(path, arrays)
    arraycache.keep_newest(path.parent, KEPT)


def job_key(spec: SampleSpec, card: Card, what: str) -> str:
    """The key of a job."""
    return f"{what} {spec} {card.sha256}"


def _as_structures(kept: Arrays) -> tuple[Structure, ...]:
    names, sizes, measured = kept["names"].tolist(), kept["sizes"].tolist(), kept["measured"]
    rows = zip(names, sizes, measured.tolist(), strict=True)
    return tuple(
        Structure(name, size, **dict(zip(MEASURES, row, strict=True))) for name, size, row in rows
    )


def _file(spec: SampleSpec, card: Card, method: str) -> Path:
    """File of a projection; its name depends on the pixels: changed images get a new file."""
    pixels = [cache.split_ref(spec.dataset, split).digest for split in latent_data.splits(spec)]
    name = derived.named((card.sha256, spec.dataset), f"{job_key(spec, card, method)} {pixels}")
    return config.data_dir() / "maps" / f"{name}.npz"
