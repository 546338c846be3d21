"""How near models come to the same images, and how fast they are; kept on disk."""

from collections.abc import Sequence
from dataclasses import astuple, fields

import numpy as np
import numpy.typing as npt

from core.checkpoints import Card
from core.comparing import measurements
from core.comparing.scored import Scored, score
from core.data.imagesets import ImageSet
from core.noise import Noise
from pages.ui import cache, telling


def scored(images: ImageSet, cards: Sequence[Card], noise: Noise, seed: int) -> list[Scored]:
    """One for each model, with a progress bar if they take a while."""
    each = telling.each(cards, lambda card: f"Measuring {card.name}")
    return [_score(images, card, noise, seed) for card in each]


def _score(images: ImageSet, card: Card, noise: Noise, seed: int) -> Scored:
    key = ("scored", images.id, images.split, len(images), card.sha256, noise, seed)

    def measure() -> npt.NDArray[np.float64]:
        found = score(cache.autoencoder(card), images, noise, seed)
        return np.array(astuple(found), np.float64)

    def make() -> Scored:
        name = f"{key} {cache.identity(images.id, images.split)}"
        shape = (len(fields(Scored)),)
        return Scored(*measurements.kept(cache.measurements_dir(), name, shape, measure).tolist())

    return cache.kept(key, make)
