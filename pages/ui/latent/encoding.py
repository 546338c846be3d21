"""The codes of the images on the Latent space page: made once for an image, kept on disk.

Codes are all that a map needs; how well the images are rebuilt is measured when it is asked for.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from core import config, derived, metrics
from core.checkpoints import Card
from core.latent import Array, Index, Scores
from core.mapping import codestore
from core.mapping.codestore import CodeStore, Encode, Judge
from pages.ui import cache
from pages.ui.latent import data as latent_data
from pages.ui.latent.data import Codes, Crowd, Part, Progress

Stores = tuple[tuple[Part, CodeStore], ...]


def codes(crowd: Crowd, card: Card, progress: Progress) -> Codes:
    """The codes of a population; progress is told (images done, in all) of those that were not
    kept on disk.
    """

    def make() -> Codes:
        parts = latent_data.population(crowd).parts
        try:
            stores = tuple((part, store(part, card)) for part in parts)
            z = _encoded(stores, card, progress)
        except OSError:  # a full disk costs only doing it again
            stores = tuple((part, _in_memory(part, card)) for part in parts)
            z = _encoded(stores, card, progress)
        judge = lambda which, tell: _errors(stores, which, card, tell)  # noqa: E731
        return Codes(z, judge, cache.autoencoder(card).percentiles)

    return latent_data.kept("codes", crowd, card, make)


def so_far(crowd: Crowd, card: Card) -> tuple[Index, Array]:
    """Which images of a population have a code by now, (n,) rising, and the codes (n, k)."""
    parts = latent_data.population(crowd).parts
    stores = [store(part, card) for part in parts]
    known = [kept.is_encoded(part.rows) for part, kept in zip(parts, stores, strict=True)]
    pairs = zip(parts, stores, known, strict=True)
    z = [kept.z[part.rows[which]] for part, kept, which in pairs]
    return np.flatnonzero(np.concatenate(known)), np.concatenate(z)


def store(part: Part, card: Card) -> CodeStore:
    """Where the codes of a split are kept, for all samples of it."""

    def make() -> CodeStore:
        n = len(cache.dataset(part.dataset, part.split))
        digest = cache.split_ref(part.dataset, part.split).digest
        name = derived.named((card.sha256, part.dataset), digest)
        return codestore.opened(_folder(), name, n, card.latent_dim)

    return cache.kept(("code store", part.dataset, part.split, card.sha256), make)


def _in_memory(part: Part, card: Card) -> CodeStore:
    return codestore.in_memory(len(cache.dataset(part.dataset, part.split)), card.latent_dim)


def _encoded(stores: Stores, card: Card, progress: Progress) -> Array:
    """The codes of the parts, one after the other; what no store has is made first."""
    lacking = [store.missing(part.rows) for part, store in stores]
    total, before = sum(map(len, lacking)), 0
    for (part, store), rows in zip(stores, lacking, strict=True):
        if len(rows):
            store.fill(rows, _encoder(part, card), _onward(progress, before, total))
        before += len(rows)
    if total:
        codestore.keep_within(_folder())
    found = [_rows(store, part.rows) for part, store in stores]
    return found[0] if len(found) == 1 else np.concatenate(found)


def _errors(stores: Stores, positions: Index, card: Card, progress: Progress) -> Scores:
    """The errors at some positions of the parts, one part after the other; what no store has is
    measured first.
    """
    found, start, before = np.empty(len(positions)), 0, 0
    for part, store in stores:
        here = (positions >= start) & (positions < start + len(part.rows))
        rows = part.rows[positions[here] - start]
        found[here] = _judged(part, store, rows, card, _onward(progress, before, len(positions)))
        start, before = start + len(part.rows), before + len(rows)
    return found


def _judged(
    part: Part, store: CodeStore, rows: Index, card: Card, tell: codestore.Progress
) -> Scores:
    judge, lacking = _judge(part, store, card), np.unique(store.unjudged(rows))
    try:
        if len(lacking):
            store.judge(lacking, judge, tell)
    except OSError:  # a full disk costs only doing it again
        return judge(rows)
    return store.errors[rows]


def _encoder(part: Part, card: Card) -> Encode:
    images, model = cache.dataset(part.dataset, part.split), cache.autoencoder(card)
    return lambda rows: model.encode(images.pixels(_stretch(rows)))


def _judge(part: Part, store: CodeStore, card: Card) -> Judge:
    images, model = cache.dataset(part.dataset, part.split), cache.autoencoder(card)
    return lambda rows: metrics.mse(
        images.pixels(_stretch(rows)), model.decode(store.z[_stretch(rows)])
    )


def _stretch(rows: Index) -> Index | slice:
    """Rows without a gap as a slice, so that they are not copied."""
    ends = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)
    rising = ends[1] - ends[0] == len(rows) and bool((np.diff(rows) == 1).all())
    return slice(*ends) if rising else rows


def _rows(store: CodeStore, rows: Index) -> Array:
    """All rows are read from the disk as they are used."""
    return store.z if len(rows) == len(store.known) else store.z[rows]


def _onward(progress: Progress, before: int, total: int) -> Callable[[int, int], None]:
    return lambda done, _: progress(before + done, total)


def _folder() -> Path:
    return config.data_dir() / "codes"
