"""Networks that run in the visitor's browser, on any page: a switch, and what it opens."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import streamlit as st

from core import checkpoints
from core.checkpoints import Card
from core.export import standalone
from core.images.imagesets import ImageSet, fingerprint
from pages.ui import cache
from pages.ui.components import live
from pages.ui.figures.text import plain

MAX_IMAGES = 300  # on the map and to choose from: they are sent with the models
HELP = (
    "The networks are sent to your browser once, and everything below is computed there while you "
    "move: the server is not asked. Close it and open it again for the image shown now"
)


@dataclass(frozen=True)
class Live:
    """What a switch opens.

    key: of its widgets.  label: what can be done there.  parts: of live.PARTS.  images: of which up
    to MAX_IMAGES are sent.  given: an image (C, H, W) uint8 to begin with; None: the first one.
    """

    key: str
    label: str
    cards: Sequence[Card]
    images: ImageSet
    parts: tuple[str, ...]
    given: npt.NDArray[np.uint8] | None = None


def draw(one: Live) -> None:
    """Draw the switch, and what it opens; of models that stay on the server, why they do."""
    refused = standalone.refused(one.cards, len(one.cards))
    few = one.images.take(slice(0, MAX_IMAGES))
    if refused or len(few) < 2:
        st.caption(plain(refused)) if refused else None
        return
    if not st.toggle(one.label, key=one.key, help=HELP):
        return
    names = tuple(card.sha256 for card in one.cards)
    content = cache.kept(("live", names, fingerprint(few)), lambda: _content(one.cards, few))
    live.show(live.Shown(content, one.parts, one.given), f"{one.key}_view")


def _content(cards: Sequence[Card], images: ImageSet) -> bytes:
    models = [checkpoints.of(card) for card in cards]
    return standalone.content(models, images, images.id, is_compact=False)
