"""Interpolation between the codes of two images: a slider and strips of equal steps."""

import numpy as np
import streamlit as st

from core import metrics
from core.checkpoints import Card
from core.latent import walks
from core.latent.geometry import Array, Scores
from pages.ui import cache
from pages.ui.components.sweep import Cell, Stat
from pages.ui.figures import mosaic
from pages.ui.latent import selected as latent_selected
from pages.ui.latent import walking
from pages.ui.latent.views import View
from pages.ui.latent.walking import STEPS, STRIP, Original, ShownWalk, Strip, Walk
from pages.ui.session import state, widgets

MOST = 40  # images to choose from
STRAIGHT, SPHERICAL = "straight line", "arc around 0"
TAKEN = {STRAIGHT: walks.straight, SPHERICAL: walks.spherical}
FROM, TO, PLACE = "walk_from", "walk_to", "walk_at"
FED_BACK = (
    "Fed back: the MSE when the model reconstructs its own decoded image; where it is large, the "
    "walk has left the region of the training images"
)


def draw(one: View) -> ShownWalk | None:
    """Draw the section; return the walk that is shown, None with fewer than two images."""
    starts = latent_selected.starts(one, MOST)
    if len(starts) < 2:
        st.info("A walk needs two images: show more points (Points, above the map).")
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first, last = _ends(one, starts)
        st.button(
            "Swap",
            icon=":material/swap_horiz:",
            on_click=_swap,
            help="Exchange the first and the last image",
        )
        place = st.empty()
    st.caption(latent_selected.said_of_starts(one, MOST))
    key = (one.asked.spec, one.card.sha256, "between", first, last)
    walk = cache.kept(key, lambda: _walk(one, first, last))
    ready = cache.kept((*key, "packed"), lambda: walking.packed(walk, one.card))
    walking.offer_animation(place, walk, "between")
    for strip in walk.strips:
        said = f"{strip.title}: {STRIP} equal steps, the two originals at the ends"
        st.image(mosaic.png(_drawn(walk, strip)), said, "content", alt=said)
    return walking.show(walk, ready, "walk_between", PLACE)


def ways(card: Card) -> tuple[str, ...]:
    """Names of the interpolations; the arc only for models with a Gaussian prior around 0."""
    return (STRAIGHT, SPHERICAL) if card.architecture.name == "vae" else (STRAIGHT,)


def _ends(one: View, starts: tuple[int, ...]) -> tuple[int, int]:
    """Positions of the two images: from starts, or those that the inspector has set."""
    images = one.population.images
    ids = images.ids[list(starts)].tolist()
    asked = (state.asked(key, None) for key in (FROM, TO))
    options = list(dict.fromkeys([*ids, *(name for name in asked if name in images)]))
    names = {name: latent_selected.name_of(one, name) for name in options}
    for label, key, default in (("From", FROM, ids[0]), ("To", TO, ids[1])):
        widgets.choice(
            st.selectbox,
            label,
            options,
            key,
            default,
            "image",
            format_func=names.__getitem__,
            help=f"The image that the walk {'begins' if key == FROM else 'ends'} with",
        )
    first, last = images.positions([st.session_state[FROM], st.session_state[TO]]).tolist()
    return first, last


def _walk(one: View, first: int, last: int) -> Walk:
    model, images, taken = cache.autoencoder(one.card), one.population.images, ways(one.card)
    x = images.pixels([first, last])
    a, b = one.codes.z[[first, last]]
    codes = [TAKEN[way](a, b, STEPS) for way in taken]
    x_hat = walks.decoded(model, np.stack(codes, axis=1))  # (S, ways, C, H, W)
    ends = np.broadcast_to(x, (STEPS, *x.shape))
    rebuilt = np.broadcast_to(model.errors(x)[:, None], (2, STEPS))
    fed_back = [model.errors(x_hat[:, i]) for i in range(len(taken))]
    start, end = (Original(str(images.ids[i]), x[k]) for k, i in enumerate((first, last)))
    ids = [start.id, *[start.id] * len(taken), end.id]
    words = ("from: the original", *taken, "to: the original")
    return Walk(
        title=f"Walk from {start.id} to {end.id}",
        values=np.linspace(0, 1, STEPS),
        start=0.5,
        x=np.concatenate([ends[:, :1], x_hat, ends[:, 1:]], axis=1),
        cells=tuple(map(Cell, ids, words)),
        label="Share of the way",
        help="0 is the code of the first image, 1 that of the second. Drag, use the arrow keys, "
        "or play.",
        numbers=np.stack([rebuilt[0], *fed_back, rebuilt[1]], axis=1),
        detail="below each: its MSE when the model reconstructs it",
        strips=tuple(Strip(i, way, start, end) for i, way in enumerate(taken, start=1)),
        errors=tuple(
            error
            for i, way in enumerate(taken)
            for error in _errors(x_hat[:, i], ends, fed_back[i], way if len(taken) > 1 else "")
        ),
    )


def _errors(x_hat: Array, ends: Array, fed_back: Scores, way: str) -> tuple[Stat, ...]:
    """MSE of each step (S, C, H, W) against both ends (S, 2, C, H, W), and fed back (FED_BACK)."""
    of = f"{way}: " if way else ""
    return (
        Stat(f"{of}MSE to the first", metrics.mse(x_hat, ends[:, 0]), 4),
        Stat(f"{of}to the second", metrics.mse(x_hat, ends[:, 1]), 4),
        Stat(f"{of}fed back", fed_back, 4, help=FED_BACK),
    )


def _drawn(walk: Walk, strip: Strip) -> mosaic.Pixels:
    """The strip as pixels: the first original, equal steps of the walk, the last original."""
    assert strip.after is not None
    return walking.strip([strip.before.x, *walk.x[walking.steps(walk), strip.of], strip.after.x])


def _swap() -> None:
    first, last = st.session_state[FROM], st.session_state[TO]
    st.session_state[FROM], st.session_state[TO] = last, first
