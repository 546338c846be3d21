"""Travel along one direction of code space, for several images at the same time."""

import numpy as np
import streamlit as st

from core import metrics
from core.latent import walks
from core.latent.walks import Direction
from pages.ui import cache
from pages.ui.components.sweep import Cell, Mark, Stat
from pages.ui.latent import data as latent_data
from pages.ui.latent import selected as latent_selected
from pages.ui.latent import walking
from pages.ui.latent.views import View
from pages.ui.latent.walking import STEPS, Original, ShownWalk, Strip, Walk
from pages.ui.session import widgets

N_PRINCIPAL = 10
LARGE = 48  # pixels a side; of images at least so large fewer are shown
KEY, PLACE = "direction", "along_at"


def draw(one: View) -> ShownWalk:
    """Draw the section; return the walk that is shown."""
    found = directions(one)
    default = next(iter(found))
    most = 4 if max(one.card.input_shape) >= LARGE else 8
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = widgets.choice(
            st.selectbox,
            "Direction",
            list(found),
            KEY,
            default,
            format_func=lambda name: found[name][0],
            help="Principal directions are those in which the codes vary most, strongest first",
        )
        place = st.empty()
    st.caption(
        "Each code is moved along the direction, within the range of the data (percentiles 0.5 to "
        f"99.5); its other components stay the same. {latent_selected.said_of_starts(one, most)}"
    )
    title, direction = found[chosen]
    who = latent_selected.starts(one, most)
    key = (one.asked.spec, one.card.sha256, "along", chosen, who)
    walk = cache.kept(key, lambda: _walk(one, direction, who, title))
    ready = cache.kept((*key, "packed"), lambda: walking.packed(walk, one.card))
    walking.offer_animation(place, walk, "along")
    return walking.show(walk, ready, "walk_along", PLACE)


def directions(one: View) -> dict[str, tuple[str, Direction]]:
    """Titles and directions by name: principal directions, then the single numbers of the code."""
    z = one.codes.z
    axes = latent_data.principal(one.asked.spec, one.card, N_PRINCIPAL)
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
    z, images = one.codes.z, one.population.images
    values = walks.data_range(z, direction, STEPS)
    x_hat = walks.decoded(
        cache.autoencoder(one.card), walks.traversal(z[list(who)], direction, values)
    )
    ids, x = [str(images.ids[i]) for i in who], images.pixels(list(who))
    at = direction.coordinate(z[list(who)])
    names = [f"{images.label_name(i)} at {own:.1f}".strip() for i, own in zip(who, at, strict=True)]
    errors = np.stack([metrics.mse(x, frame) for frame in x_hat])  # (S, n)
    middle = float(np.median(direction.coordinate(z)))
    return Walk(
        title=f"Travel along {title}",
        values=values,
        start=middle,
        x=x_hat,
        cells=tuple(map(Cell, ids, names)),
        label="Place",
        help=f"The position of all codes on {title}. Drag, use the arrow keys, or play.",
        numbers=errors,
        detail="below each: its MSE (mean squared error) against the original image",
        strips=tuple(
            Strip(i, f"{image_id}, {name}", Original(image_id, x[i]))
            for i, (image_id, name) in enumerate(zip(ids, names, strict=True))
        ),
        errors=tuple(
            Stat(f"MSE of {image_id}", of_one, 4)
            for image_id, of_one in zip(ids, errors.T, strict=True)
        ),
        marks=(Mark(middle, "median of the images"),),
    )
