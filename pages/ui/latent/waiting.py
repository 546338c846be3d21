"""What the visitor of the Latent space page sees while codes or errors are being made.

Where encoding takes long, a picture of the codes that are there already stands where the map will
be, and is drawn anew whenever there are twice as many.
"""

import time

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import latent
from core.checkpoints import Card
from pages.ui import density
from pages.ui.colouring import Groups
from pages.ui.density import Picture
from pages.ui.latent import data as latent_data
from pages.ui.latent import encoding as latent_encoding
from pages.ui.latent.data import Codes, Crowd, Patience
from pages.ui.scatter import Points
from pages.ui.text import plain
from pages.ui.working import told

LEAST = 2_000  # codes: a picture of fewer says little
SECONDS = 1.0  # between two looks at how many there are
AXES_OF = 5_000  # codes whose principal directions the picture has


def encoded(crowd: Crowd, card: Card) -> Codes:
    """The codes of the images, with a progress bar and a first picture if they take a while."""
    place, began = st.empty(), time.monotonic()
    first: _First | None = None

    def tell(done: int, total: int | None) -> None:
        nonlocal first
        first = first or _First(place, crowd, card)  # nothing is laid out where nobody waits
        _show_share(first.bar, began, done, total, f"Encoding with {card.name}")
        first.draw_if_due()

    found = latent_encoding.codes(crowd, card, Patience(tell))
    place.empty()
    return found


def judge(crowd: Crowd, card: Card, codes: Codes) -> None:
    """See that the errors of all images are known, with a progress bar if they take a while."""
    place, began = st.empty(), time.monotonic()

    def tell(done: int, total: int | None) -> None:
        _show_share(place, began, done, total, f"Rebuilding with {card.name}")

    latent_data.errors(crowd, card, codes, Patience(tell))
    place.empty()


def first_picture(crowd: Crowd, card: Card, least: int = LEAST) -> tuple[Picture, int] | None:
    """A map of the codes that are there already, by class, and how many they are; None of fewer
    than `least`.
    """
    images = latent_data.population(crowd).images
    which, z = latent_encoding.so_far(crowd, card)
    if len(which) < least:
        return None
    axes = latent.plane(z[:: -(-len(z) // AXES_OF)])
    xy = axes.coordinates(z).astype(np.float32)
    labels = np.zeros(len(images), np.int64) if images.labels is None else images.labels
    colouring = Groups("class", images.class_names, labels[which])
    points = Points(xy, images.ids[:0], np.zeros(0, bool), "")
    seen, _ = density.picture(points, colouring, None, density.extent_of(xy))
    return seen, len(which)


class _First:
    """The places of a progress bar and of the first picture, and when that was drawn last."""

    def __init__(self, place: DeltaGenerator, crowd: Crowd, card: Card) -> None:
        self._crowd, self._card = crowd, card
        inside = place.container()
        self.bar = inside.empty()
        self._place = inside.columns([11, 9], gap="medium")[0].empty()
        self._n, self._looked = 0, time.monotonic()

    def draw_if_due(self) -> None:
        """Draw it if a second has gone by and there are twice as many codes as in the last one."""
        if time.monotonic() - self._looked < SECONDS:
            return
        found = first_picture(self._crowd, self._card, max(LEAST, 2 * self._n))
        self._looked = time.monotonic()
        if found is None:
            return
        picture, self._n = found
        total = len(latent_data.population(self._crowd).images)
        words = f"The first {self._n:,} of {total:,}, by the directions in which these vary most"
        self._place.image(picture, words, width="stretch", alt=words)


def _show_share(
    place: DeltaGenerator, began: float, done: int, total: int | None, what: str
) -> None:
    share = done / (total or 1)
    left = (time.monotonic() - began) * (1 - share) / share if share else None
    place.progress(share, plain(told(done, total, left, what)))
