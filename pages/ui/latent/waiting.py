"""What the visitor of the Latent space page sees while codes or errors are being made.

Where encoding takes long, a picture of the codes that are there already stands where the map will
be, and is drawn anew whenever there are twice as many.
"""

from functools import partial

import numpy as np
import streamlit as st

from core.checkpoints import Card
from core.latent import geometry
from pages.ui import cache, progress
from pages.ui.figures import density
from pages.ui.figures.colouring import Groups
from pages.ui.figures.density import Picture
from pages.ui.figures.scatter import Points
from pages.ui.latent import data as latent_data
from pages.ui.latent import encoding as latent_encoding
from pages.ui.latent.data import Codes, Crowd

LEAST, MOST = 2_000, 32_000  # codes: a picture of fewer says little, more say nothing new
AXES_OF = 5_000  # codes whose principal directions the picture has


def encoded(crowd: Crowd, card: Card) -> Codes:
    """The codes of the images; until they are there, a first picture stands under the bar."""
    with progress.meanwhile(partial(draw_first, crowd, card)):
        return latent_encoding.codes(crowd, card)


def draw_first(crowd: Crowd, card: Card) -> None:
    """A picture of the codes that are there, the same until there are twice as many."""
    n_known, n = latent_encoding.n_so_far(crowd, card), LEAST
    if n_known < n:
        return
    while 2 * n <= min(n_known, MOST):
        n *= 2
    key = ("first picture", crowd, card.sha256, n)
    picture = cache.kept(key, lambda: first_picture(crowd, card, n))
    total = len(latent_data.population(crowd).images)
    words = f"The first {n:,} of {total:,}, by the directions in which these vary most"
    with st.columns([11, 9], gap="medium")[0]:
        st.image(picture, words, width="stretch", alt=words)


def first_picture(crowd: Crowd, card: Card, n: int) -> Picture:
    """A map of the first n codes that are there, by class."""
    images = latent_data.population(crowd).images
    which, z = latent_encoding.so_far(crowd, card, n)
    axes = geometry.plane(z[:: -(-len(z) // AXES_OF)])
    xy = axes.coordinates(z).astype(np.float32)
    labels = np.zeros(len(images), np.int64) if images.labels is None else images.labels
    colouring = Groups("class", images.class_names, labels[which])
    points = Points(xy, images.ids[:0], np.zeros(0, bool), "")
    seen, _ = density.picture(points, colouring, None, density.extent_of(xy))
    return seen
