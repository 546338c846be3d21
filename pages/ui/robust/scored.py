"""How near models come to the same images, and how fast they are; kept on disk."""

import time
from collections.abc import Sequence
from dataclasses import astuple, fields

import numpy as np
import numpy.typing as npt
import streamlit as st

from core import robustness
from core.checkpoints import Card
from core.comparing import measurements
from core.data.imagesets import ImageSet
from core.noise import Noise
from core.robustness import Scored
from pages.ui import cache
from pages.ui.text import plain
from pages.ui.working import duration

PATIENCE = 0.4  # seconds without a word


def scored(images: ImageSet, cards: Sequence[Card], noise: Noise, seed: int) -> list[Scored]:
    """One for each model, with a progress bar if they take a while."""
    bar, began = st.empty(), time.monotonic()
    found = []
    for i, card in enumerate(cards):
        if (spent := time.monotonic() - began) > PATIENCE:
            left = duration(spent / i * (len(cards) - i)) if i else ""
            bar.progress(i / len(cards), plain(f"Measuring {card.name}, about {left} left"))
        found.append(_score(images, card, noise, seed))
    bar.empty()
    return found


def _score(images: ImageSet, card: Card, noise: Noise, seed: int) -> Scored:
    key = ("scored", images.id, images.split, len(images), card.sha256, noise, seed)

    def measure() -> npt.NDArray[np.float64]:
        found = robustness.score(cache.autoencoder(card), images, noise, seed)
        return np.array(astuple(found), np.float64)

    def make() -> Scored:
        name = f"{key} {cache.identity(images.id, images.split)}"
        shape = (len(fields(Scored)),)
        return Scored(*measurements.kept(cache.measurements_dir(), name, shape, measure).tolist())

    return cache.kept(key, make)
