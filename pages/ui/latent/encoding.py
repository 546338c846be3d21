"""The codes of the images on the Latent space page: made once for an image, kept on disk."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from core import config, metrics
from core.checkpoints import Card
from core.latent import Array, Index, Scores
from core.mapping import codestore
from core.mapping.codestore import CodeStore
from pages.ui import cache
from pages.ui.latent import data as latent_data
from pages.ui.latent.data import Codes, Crowd, Part, Progress


def codes(crowd: Crowd, card: Card, progress: Progress) -> Codes:
    """The codes and errors of a population; progress is told (images done, in all) of those that
    were not kept on disk.
    """

    def make() -> Codes:
        parts = latent_data.population(crowd).parts
        try:
            z, errors = _encoded(parts, [store(part, card) for part in parts], card, progress)
        except OSError:  # a full disk costs only doing it again
            sizes = [len(cache.dataset(part.dataset, part.split)) for part in parts]
            stores = [codestore.in_memory(n, card.latent_dim) for n in sizes]
            z, errors = _encoded(parts, stores, card, progress)
        return Codes(z, errors, cache.autoencoder(card).percentiles(errors))

    return latent_data.kept("codes", crowd, card, make)


def store(part: Part, card: Card) -> CodeStore:
    """Where the codes of a split are kept, for all samples of it."""

    def make() -> CodeStore:
        n = len(cache.dataset(part.dataset, part.split))
        name = f"{card.sha256[:24]}-{cache.identity(part.dataset, part.split)[:24]}"
        return codestore.opened(_folder(), name, n, card.latent_dim)

    return cache.kept(("code store", part.dataset, part.split, card.sha256), make)


def _encoded(
    parts: tuple[Part, ...], stores: list[CodeStore], card: Card, progress: Progress
) -> tuple[Array, Scores]:
    """Codes and errors of the parts, one after the other; what no store has is made first."""
    pairs = list(zip(parts, stores, strict=True))
    lacking = [store.missing(part.rows) for part, store in pairs]
    total, before = sum(map(len, lacking)), 0
    for (part, store), rows in zip(pairs, lacking, strict=True):
        told = _onward(progress, before, total)
        if len(rows):
            store.fill(rows, _encoder(part, card), told)
        before += len(rows)
    if total:
        codestore.keep_within(_folder())
    found = [_rows(store, part.rows) for part, store in pairs]
    if len(found) == 1:
        return found[0]
    z, errors = (np.concatenate(values) for values in zip(*found, strict=True))
    return z, errors


def _encoder(part: Part, card: Card) -> codestore.Encode:
    images, model = cache.dataset(part.dataset, part.split), cache.autoencoder(card)

    def encode(rows: Index) -> tuple[Array, Scores]:
        x = images.pixels(rows)
        z = model.encode(x)
        return z, metrics.mse(x, model.decode(z))

    return encode


def _rows(store: CodeStore, rows: Index) -> tuple[Array, Scores]:
    """All rows are read from the disk as they are used."""
    if len(rows) == len(store.known):
        return store.z, store.errors
    return store.z[rows], store.errors[rows]


def _onward(progress: Progress, before: int, total: int) -> Callable[[int, int], None]:
    return lambda done, _: progress(before + done, total)


def _folder() -> Path:
    return config.data_dir() / "codes"
