"""The codes of the images on the Latent space page: computed once an image, stored on disk.

A map needs only the codes; reconstruction errors are measured when something shows them.
"""

from functools import partial

import numpy as np
import streamlit as st

from core.checkpoints import Card
from core.computing.tasks import Task
from core.latent import codestore, geometry, map_tasks
from core.latent.codestore import CodeStore, no_progress
from core.latent.geometry import Array, Index, Scores
from pages.ui import cache, progress
from pages.ui.figures import density
from pages.ui.figures.colouring import Groups
from pages.ui.figures.density import Picture
from pages.ui.figures.scatter import Points
from pages.ui.latent import data as latent_data
from pages.ui.latent.data import Codes, Part, SampleSpec

AT_ONCE = 300  # up to so many images the page measures errors itself
Stores = tuple[tuple[Part, CodeStore], ...]


def codes(spec: SampleSpec, card: Card) -> Codes:
    """The codes of a population, computed if they are not on disk."""

    def make() -> Codes:
        stores = _filled(spec, card)
        judge = lambda which: _errors(stores, which, spec, card)  # noqa: E731
        return Codes(_z(stores, spec, card), judge, cache.autoencoder(card).percentiles)

    return latent_data.kept("codes", spec, card, make)


def _z(stores: Stores, spec: SampleSpec, card: Card) -> Array:
    """All codes (N, k), mapped from disk: many visitors may use many samples."""
    if all(kept.folder is not None for _, kept in stores):
        sample = cache.computed(latent_data.looking(spec, card))
        if "z" in sample:
            return np.asarray(sample["z"], np.float32)
    found = [map_tasks.coded(kept, part.rows) for part, kept in stores]
    return found[0] if len(found) == 1 else np.concatenate(found)


def n_so_far(spec: SampleSpec, card: Card) -> int:
    """Number of images of a population whose code is already computed."""
    return sum(int(kept.is_encoded(part.rows).sum()) for part, kept in _stores(spec, card))


def so_far(spec: SampleSpec, card: Card, most: int) -> tuple[Index, Array]:
    """The first codes that are already computed, at most `most`.

    Returns positions in the population (n,), ascending, and codes (n, k).
    """
    stores = _stores(spec, card)
    known = np.concatenate([kept.is_encoded(part.rows) for part, kept in stores])
    which = np.flatnonzero(known)[:most]
    rows = _divided(stores, which)
    z = [kept.z[of] for of, (_, kept) in zip(rows, stores, strict=True)]
    return which, np.concatenate(z)


def store(part: Part, card: Card) -> CodeStore:
    """The store on disk of the codes of a split, shared by all samples of it."""

    def make() -> CodeStore:
        cache.autoencoder(card)
        return map_tasks.store(cache.split_ref(part.dataset, part.split), card.sha256)

    return cache.kept(_key(part, card), make)


def judging(spec: SampleSpec, card: Card) -> Task:
    """The task that measures the errors of all images of a spec."""
    title = f"Rebuilding with {card.name}"
    sample = latent_data.sample(spec)
    return latent_data.map_task(map_tasks.judge, sample, card.sha256, card=card, title=title)


def _stores(spec: SampleSpec, card: Card) -> Stores:
    parts = latent_data.population(spec).parts
    return tuple((part, store(part, card)) for part in parts)


def _filled(spec: SampleSpec, card: Card) -> Stores:
    """The stores with all codes of a population; in memory only if the disk is full."""
    stores = _stores(spec, card)
    if _lack(stores) and all(kept.folder is not None for _, kept in stores):
        asked = latent_data.looking(spec, card)
        before = cache.find(asked)
        if before is not None and before["kept"]:  # the codes were deleted since
            cache.discard(asked)
        cache.computed(asked)
        for part, _ in stores:
            cache.shelf().drop(_key(part, card))
        stores = _stores(spec, card)
    return tuple((part, _in_memory(part, card)) for part, _ in stores) if _lack(stores) else stores


def _lack(stores: Stores) -> bool:
    return any(len(kept.missing(part.rows)) for part, kept in stores)


def _in_memory(part: Part, card: Card) -> CodeStore:
    """A store in memory with all codes of a split, computed now."""
    ref = cache.split_ref(part.dataset, part.split)
    kept = codestore.in_memory(len(cache.dataset(part.dataset, part.split)), card.latent_dim)
    kept.fill(np.arange(len(kept.known)), map_tasks.encoding(ref, card.sha256), no_progress)
    return kept


def _errors(stores: Stores, positions: Index, spec: SampleSpec, card: Card) -> Scores:
    """MSE at some positions of a population; errors that no store has are measured first."""
    here = _divided(stores, positions)
    n_lacking = sum(len(kept.unjudged(rows)) for rows, (_, kept) in zip(here, stores, strict=True))
    if n_lacking > AT_ONCE and all(kept.folder is not None for _, kept in stores):
        if cache.find(asked := judging(spec, card)) is not None:
            cache.discard(asked)  # its stores were deleted since
        cache.computed(asked)
    found, start = np.empty(len(positions)), 0
    for rows, (part, kept) in zip(here, stores, strict=True):
        of = (positions >= start) & (positions < start + len(part.rows))
        found[of] = _judged(part, kept, rows, card)
        start += len(part.rows)
    return found


def _divided(stores: Stores, positions: Index) -> list[Index]:
    """Positions in the population as row numbers of each part."""
    found, start = [], 0
    for part, _ in stores:
        here = (positions >= start) & (positions < start + len(part.rows))
        found.append(part.rows[positions[here] - start])
        start += len(part.rows)
    return found


def _judged(part: Part, kept: CodeStore, rows: Index, card: Card) -> Scores:
    ref = cache.split_ref(part.dataset, part.split)
    cache.autoencoder(card)
    judge, lacking = map_tasks.judging(ref, kept, card.sha256), np.unique(kept.unjudged(rows))
    try:
        if len(lacking):
            kept.judge(lacking, judge, no_progress)
    except OSError:  # disk full: the errors are measured again the next time
        return judge(rows)
    return kept.errors[rows]


def _key(part: Part, card: Card) -> tuple[str, str, str, str]:
    return "code store", part.dataset, part.split, card.sha256


# The preview of a map while its codes are being computed.

LEAST, MOST = 2_000, 32_000  # codes in a preview
AXES_OF = 5_000  # codes from which the preview's principal directions come


def encoded(spec: SampleSpec, card: Card) -> Codes:
    """The codes of the images; until they are complete, a preview is shown under the bar."""
    with progress.meanwhile(partial(draw_first, spec, card)):
        return codes(spec, card)


def draw_first(spec: SampleSpec, card: Card) -> None:
    """Draw a preview of the codes computed so far; it changes when their number has doubled."""
    n_known, n = n_so_far(spec, card), LEAST
    if n_known < n:
        return
    while 2 * n <= min(n_known, MOST):
        n *= 2
    key = ("first picture", spec, card.sha256, n)
    picture = cache.kept(key, lambda: first_picture(spec, card, n))
    total = len(latent_data.population(spec).images)
    words = f"Preview: the first {n:,} of {total:,} codes, projected by their PCA"
    with st.columns([11, 9], gap="medium")[0]:
        st.image(picture, words, width="stretch", alt=words)


def first_picture(spec: SampleSpec, card: Card, n: int) -> Picture:
    """A map of the first n codes, coloured by class."""
    images = latent_data.population(spec).images
    which, z = so_far(spec, card, n)
    axes = geometry.plane(z[:: -(-len(z) // AXES_OF)])
    xy = axes.coordinates(z).astype(np.float32)
    labels = np.zeros(len(images), np.int64) if images.labels is None else images.labels
    colouring = Groups("class", images.class_names, labels[which])
    points = Points(xy, images.ids[:0], np.zeros(0, bool), "")
    seen, _ = density.picture(points, colouring, None, density.extent_of(xy))
    return seen
