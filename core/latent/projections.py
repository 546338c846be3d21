"""Two-dimensional maps of codes that preserve neighbourhoods: PCA, PaCMAP, t-SNE.

The libraries are imported on first use: openTSNE takes 2 s, PaCMAP 4 s.
"""

import contextlib
import io
import logging
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import numpy as np

from core.config import OptionError
from core.latent.codestore import no_progress
from core.latent.geometry import Array, plane
from core.principal import principal_axes

Name = Literal["pca", "pacmap", "tsne"]
Progress = Callable[[int, int], None]  # steps done, steps in all
PERPLEXITY = 30
TSNE_STEPS = (250, 500)  # iterations with early exaggeration, and after it
PACMAP_STEPS = (100, 100, 250)
LEAST = 50  # codes; fewer have no meaningful neighbourhoods
WIDEST = 100  # dimensions for t-SNE; longer codes are reduced by PCA


class Cost(NamedTuple):
    """Processor time in seconds of one core of the 2020s.

    before: until the first step, for libraries and neighbours.  steps: from the first step on.
    """

    before: float
    steps: float


@dataclass(frozen=True)
class Method:
    """A projection of codes to a plane.

    cost: of n codes of k numbers; core.latent.durations makes an expected duration of it.
    """

    name: Name
    title: str
    explanation: str
    cost: Callable[[int, int], Cost]


METHODS = (
    Method(
        "pca",
        "PCA",
        "The two directions of largest variance: linear, fast, and can be decoded",
        lambda _n, _k: Cost(0, 0),
    ),
    Method(
        "pacmap",
        "PaCMAP",
        "Preserves near neighbours and the global layout; takes seconds",
        lambda n, k: Cost(2.5 + n * (1.2e-4 if k <= WIDEST else 2e-4), 1.6e-4 * n),
    ),
    Method(
        "tsne",
        "t-SNE",
        "Preserves near neighbours best; distances between groups mean little",
        lambda n, k: Cost(
            1.6 + n * (4.5e-4 if k <= WIDEST else 6.5e-4), min(3.7e-3 * n, 10 + 1.2e-3 * n)
        ),
    ),
)
BY_NAME = MappingProxyType({str(method.name): method for method in METHODS})


def project(z: Array, method: str, seed: int = 0, progress: Progress | None = None) -> Array:
    """Coordinates (n, 2) float32 of codes (n, k); equal arguments give equal coordinates.

    Codes of one or two numbers are returned as they are, for any method.
    Raises OptionError if there is no such method, or too few codes for it.
    """
    if method not in BY_NAME:
        known = ", ".join(BY_NAME)
        raise OptionError(f"There is no projection {ascii(method)[:40]}: choose {known}.")
    if method == "pca" or z.shape[1] <= 2:
        return plane(z).coordinates(z).astype(np.float32)
    if len(z) < LEAST:
        raise OptionError(f"{BY_NAME[method].title} needs at least {LEAST} codes: take pca.")
    tell = progress or no_progress
    return _pacmap(z, seed, tell) if method == "pacmap" else _tsne(z, seed, tell)


def _tsne(z: Array, seed: int, progress: Progress) -> Array:
    """Source: van der Maaten and Hinton 2008; interpolated as in Linderman et al. 2019."""
    import openTSNE

    if z.shape[1] > WIDEST:
        z = principal_axes(z, min(WIDEST, len(z) - 1)).coordinates(z).astype(np.float32)
    early, late = TSNE_STEPS
    done = 0

    def tell(iteration: int, _error: float, _places: Any) -> None:
        progress(done + iteration, early + late)

    watched: dict[str, Any] = {"callbacks": [tell], "callbacks_every_iters": 10}
    perplexity = min(PERPLEXITY, (len(z) - 1) / 3)
    affinities = openTSNE.affinity.PerplexityBasedNN(
        z, perplexity, n_jobs=1, random_state=seed, method="auto"
    )
    start = openTSNE.initialization.pca(z, random_state=seed)
    places = openTSNE.TSNEEmbedding(start, affinities, n_jobs=1, random_state=seed)
    places = places.optimize(early, exaggeration=12, momentum=0.5, **watched)
    done = early
    places = places.optimize(late, momentum=0.8, **watched)
    return np.array(places, np.float32)


def _pacmap(z: Array, seed: int, progress: Progress) -> Array:
    """Source: Wang, Huang, Rudin and Shaposhnik 2021."""
    logging.getLogger("pacmap").setLevel(logging.ERROR)  # it warns about every fixed seed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pacmap

        method = pacmap.PaCMAP(random_state=seed, num_iters=PACMAP_STEPS, verbose=True)
        listener: Any = _Listener(lambda done: progress(done, sum(PACMAP_STEPS)))
        with contextlib.redirect_stdout(listener):
            places = method.fit_transform(np.ascontiguousarray(z, np.float32))
    return np.asarray(places, np.float32)


class _Listener(io.TextIOBase):
    """Reads the iteration from PaCMAP's printed output, its only report of progress."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell = tell

    def write(self, text: str) -> int:
        if found := re.match(r"Iteration:\s+(\d+)", text):
            self._tell(int(found[1]))
        return len(text)
