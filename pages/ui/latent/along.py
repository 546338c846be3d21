"""Along a direction of code space: several images at once, all else in their codes held still."""

import numpy as np
import streamlit as st

from core.mapping import walks
from core.mapping.walks import Direction
from pages.ui import cache, state
from pages.ui.latent import data as latent_data
from pages.ui.latent import selected as latent_selected
from pages.ui.latent import walking
from pages.ui.latent.views import View
from pages.ui.latent.walking import STEPS, Walk
from pages.ui.sweep import Cell, Mark

N_PRINCIPAL = 10
LARGE = 48  # pixels a side, from where fewer images travel
KEY = "direction"


def draw(one: View) -> str | None:
    """The travel; the id of an image that was clicked in it."""
    found = directions(one)
    default = next(iter(found))
    most = 4 if max(one.card.input_shape) >= LARGE else 8
    with st.container(horizontal=True, vertical_alignment="bottom"):
        state.recall(KEY, default, list(found))
        st.selectbox(
            "Direction",
            list(found),
            key=KEY,
            format_func=lambda name: found[name][0],
            help="Principal directions are those in which the codes vary most, strongest first",
        )
        state.publish(KEY, default)
        place = st.empty()
    st.caption(
        "Each code is moved along the direction within the range of the data (0.5 to 99.5 %); all "
        f"else in it stays. {latent_selected.said_of_starts(one, most)}"
    )
    title, direction = found[st.session_state[KEY]]
    who = latent_selected.starts(one, most)
    key = (one.asked.crowd, one.card.sha256, "along", st.session_state[KEY], who)
    walk = cache.kept(key, lambda: _walk(one, direction, who, title))
    ready = cache.kept((*key, "packed"), lambda: walking.packed(walk, one.card))
    clicked = walking.show(walk, ready, "walk_along")
    walking.offer_animation(place, walk, "along")
    return clicked


def directions(one: View) -> dict[str, tuple[str, Direction]]:
    """Titles and directions by name: principal ones, then the single numbers of the code."""
    z = one.codes.z
    axes = latent_data.principal(one.asked.crowd, one.card, z, N_PRINCIPAL)
    found = {
        f"pc{i + 1}": (
            f"principal direction {i + 1} ({share:.1%} of the variance)",
            walks.along_axis(axes, i),
        )
        for i, share in enumerate(axes.shares)
    }
    k = z.shape[1]
    return found | {
        f"z{i}": (f"number {i} of the code", walks.along_coordinate(k, i)) for i in range(k)
    }


def _walk(one: View, direction: Direction, who: tuple[int, ...], title: str) -> Walk:
    z = one.codes.z
    values = walks.data_range(z, direction, STEPS)
    moved = walks.traversal(z[list(who)], direction, values)
    at = direction.coordinate(z[list(who)])
    images = one.population.images
    cells = (
        Cell(str(images.ids[i]), f"{images.label_name(i)} at {place:.1f}".strip())
        for i, place in zip(who, at, strict=True)
    )
    middle = float(np.median(direction.coordinate(z)))
    return Walk(
        values,
        middle,
        walks.decoded(cache.autoencoder(one.card), moved),
        tuple(cells),
        "Place",
        f"Where on {title} all codes stand. Drag, use arrow keys, or play.",
        (Mark(middle, "median of the images"),),
    )
