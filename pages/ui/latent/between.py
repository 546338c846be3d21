"""From one image to another through code space: a scrubber and strips of equal steps."""

import numpy as np
import streamlit as st

from core.checkpoints import Card
from core.mapping import walks
from pages.ui import cache, mosaic, state
from pages.ui.latent import selected as latent_selected
from pages.ui.latent import walking
from pages.ui.latent.views import View
from pages.ui.latent.walking import STEPS, Walk
from pages.ui.sweep import Cell

MOST = 40  # images to choose from
STRIP = 11  # steps that are shown side by side
STRAIGHT, SPHERICAL = "straight line", "arc around 0"
FROM, TO = "walk_from", "walk_to"


def draw(one: View) -> str | None:
    """The walk; the id of an image that was clicked in it."""
    starts = latent_selected.starts(one, MOST)
    if len(starts) < 2:
        st.info("A walk needs two images: show more points.")
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first, last = _ends(one, starts)
        st.button("Swap", icon=":material/swap_horiz:", on_click=_swap, help="Walk back")
        place = st.empty()
    st.caption(latent_selected.said_of_starts(one, MOST))
    key = (one.asked.crowd, one.card.sha256, "between", first, last)
    walk = cache.kept(key, lambda: _walk(one, first, last))
    ready = cache.kept((*key, "packed"), lambda: walking.packed(walk, one.card))
    walking.offer_animation(place, walk, "between")
    for way in range(1, len(walk.cells) - 1):
        said = _said(walk, way)
        st.image(mosaic.png(_strip(walk, way)), said, "content", alt=said)
    return walking.show(walk, ready, "walk_between")


def ways(card: Card) -> tuple[str, ...]:
    """How to walk: the arc only where codes were trained to lie around 0."""
    return (STRAIGHT, SPHERICAL) if card.architecture.name == "vae" else (STRAIGHT,)


def _ends(one: View, starts: tuple[int, ...]) -> tuple[int, int]:
    """Positions of the images to walk between: any of starts, or what was asked for elsewhere."""
    images = one.population.images
    ids = images.ids[list(starts)].tolist()
    asked = (state.asked(key, None) for key in (FROM, TO))
    options = list(dict.fromkeys([*ids, *(name for name in asked if name in images)]))
    names = {name: latent_selected.name_of(one, name) for name in options}
    for label, key, default in (("From", FROM, ids[0]), ("To", TO, ids[1])):
        state.recall(key, default, options, "image")
        help_text = f"The image that the walk {'begins' if key == FROM else 'ends'} with"
        st.selectbox(label, options, key=key, format_func=names.__getitem__, help=help_text)
        state.publish(key, default)
    first, last = images.positions([st.session_state[FROM], st.session_state[TO]]).tolist()
    return first, last


def _walk(one: View, first: int, last: int) -> Walk:
    a, b = one.codes.z[[first, last]]
    taken = ways(one.card)
    walk = {STRAIGHT: walks.straight, SPHERICAL: walks.spherical}
    codes = np.stack([walk[way](a, b, STEPS) for way in taken], axis=1)  # (S, ways, k)
    images = one.population.images
    ends = np.broadcast_to(images.pixels([first, last]), (STEPS, 2, *images.shape))
    decoded = walks.decoded(cache.autoencoder(one.card), codes)
    words = ("from: the original", *taken, "to: the original")
    ids = [str(images.ids[i]) for i in (first, *[first] * len(taken), last)]
    return Walk(
        np.linspace(0, 1, STEPS),
        0.5,
        np.concatenate([ends[:, :1], decoded, ends[:, 1:]], axis=1),
        tuple(Cell(*cell) for cell in zip(ids, words, strict=True)),
        "Share of the way",
        "0 is the code of the first image, 1 that of the second. Drag, use arrow keys, or play.",
    )


def _strip(walk: Walk, way: int) -> mosaic.Pixels:
    """The original, equal steps of the walk, the other original."""
    at = np.linspace(0, STEPS - 1, STRIP).round().astype(int)
    return walking.strip([walk.x[0, 0], *walk.x[at, way], walk.x[0, -1]])


def _said(walk: Walk, way: int) -> str:
    return f"{walk.cells[way].text}: {STRIP} equal steps, the two originals at the ends"


def _swap() -> None:
    first, last = st.session_state[FROM], st.session_state[TO]
    st.session_state[FROM], st.session_state[TO] = last, first
