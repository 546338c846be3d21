"""What the visitor of the Latent space page sees while codes or errors are being made."""

import time
from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.checkpoints import Card
from pages.ui.latent import data as latent_data
from pages.ui.latent import encoding as latent_encoding
from pages.ui.latent.data import Codes, Crowd, Patience
from pages.ui.text import plain
from pages.ui.working import told


def encoded(crowd: Crowd, card: Card) -> Codes:
    """The codes of the images, with a progress bar if they take a while."""
    place = st.empty()
    found = latent_encoding.codes(crowd, card, _bar(place, f"Encoding with {card.name}"))
    place.empty()
    return found


def judge(crowd: Crowd, card: Card, codes: Codes) -> None:
    """See that the errors of all images are known, with a progress bar if they take a while."""
    place = st.empty()
    latent_data.errors(crowd, card, codes, _bar(place, f"Rebuilding with {card.name}"))
    place.empty()


def _bar(place: DeltaGenerator, what: str) -> Callable[[int, int | None], None]:
    began = time.monotonic()

    def tell(done: int, total: int | None) -> None:
        share = done / (total or 1)
        left = (time.monotonic() - began) * (1 - share) / share
        place.progress(share, plain(told(done, total, left, what)))

    return Patience(tell)
