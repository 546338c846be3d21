"""One image of the map in the inspector dialog, with its code and its nearest neighbours."""

from dataclasses import replace
from functools import partial

import streamlit as st

from core.neighbours import Neighbours, nearest_to_row
from core.noise import Noise
from pages.ui import cache
from pages.ui.components import gallery
from pages.ui.components.gallery import Columns, Item
from pages.ui.figures import lines, mosaic
from pages.ui.frame import live
from pages.ui.latent import between as latent_between
from pages.ui.latent import data as latent_data
from pages.ui.latent.data import OTHER
from pages.ui.latent.map import NEXT
from pages.ui.latent.views import View
from pages.ui.noise import inspector, panel, rows
from pages.ui.noise import sweeps as noise_sweeps
from pages.ui.noise.sweeps import Shown
from pages.ui.session import selection
from pages.ui.session.registry import LATENT

N_NEAREST = 8
NEAR_SIDE = 76  # pixels; eight fit into a row of the dialog


def inspect(one: View, clicked: str | None) -> None:
    """Open the dialog on the image that was clicked, on the map or in the dialog."""
    image_id = clicked or st.session_state.pop(NEXT, None)
    if image_id is None:
        return
    if image_id not in one.population.images:  # images of the plane may be missing on the map
        one = replace(one, population=one.known, codes=one.known_codes)
    if image_id not in one.population.images:
        return
    i = int(one.population.images.positions([image_id])[0])
    inspector.inspect(_enlarged(one, i), image_id, partial(_around, one, i))


def _enlarged(one: View, i: int) -> inspector.View:
    """Image number i with the noise that the model was trained with, at the shared sigma."""
    image_id = str(one.population.images.ids[i])
    spec, other = one.asked.spec, bool(one.population.other[i])
    split = OTHER[spec.split] if other else spec.split
    noise = replace(one.card.noise, sigma=0.0) if one.card.noise else Noise()
    sweep = noise_sweeps.model_sweep(
        Shown(dataset=spec.dataset, split=split, ids=(image_id,), noise=noise, seed=0), one.card
    )
    return inspector.View(
        images=one.population.images.take([i]),
        models=(cache.autoencoder(one.card),),
        sweeps=(sweep,),
        step=rows.nearest_step(sweep.sigmas, panel.sigma()),
        error_scale=rows.error_scale((sweep,)),
    )


def near(one: View, i: int) -> tuple[Neighbours, Neighbours]:
    """Nearest neighbours of image i among those on the map, by code and by pixels."""
    n = min(N_NEAREST, len(one.codes.z) - 1)
    x = one.population.images.images
    in_pixels = nearest_to_row(x.reshape(len(x), -1), n, i, 255)
    return nearest_to_row(one.codes.z, n, i), in_pixels


def _around(one: View, i: int) -> None:
    st.markdown("**Its code**")
    st.plotly_chart(
        lines.code_figure(one.codes.z[i], one.codes.z),
        key="inspector_code",
        alt="The numbers of this image's code, beside their range over all images",
    )
    live.draw(
        live.Live(
            key="live_code",
            label="Drag any number of this code",
            cards=(one.card,),
            images=one.population.images,
            parts=("code",),
            given=one.population.images.images[i],
        )
    )
    if len(one.codes.z) > 1:
        for title, found in zip(("code space", "pixel space"), near(one, i), strict=True):
            st.markdown(
                f"**Nearest in {title}**, in order of distance; the distance stands below each"
            )
            if clicked := _gallery(one, found, title):
                st.session_state[NEXT] = clicked
                st.rerun()
    _walk_buttons(one, str(one.population.images.ids[i]))


def _gallery(one: View, found: Neighbours, title: str) -> str | None:
    images = one.population.images
    positions, distances = found.positions[0], found.distances[0]
    items = [
        Item(
            str(images.ids[p]),
            tuple(filter(None, (images.label_name(int(p)), f"{distance:.2f}"))),
        )
        for p, distance in zip(positions, distances, strict=True)
    ]
    pictures = [mosaic.colours(images.pixels(positions))]
    packed = gallery.pack(items, pictures, Columns(("image",), NEAR_SIDE))
    return gallery.show(packed, f"near in {title}".replace(" ", "_"), selection.ids())


def _walk_buttons(one: View, image_id: str) -> None:
    if image_id not in latent_data.population(one.asked.spec).images:
        st.caption("This image is not a point of this map, so no walk can begin or end with it.")
        return
    with st.container(horizontal=True):
        for label, key in (
            ("Walk from here", latent_between.FROM),
            ("Walk to here", latent_between.TO),
        ):
            help_text = "Walk between two images, below the map"
            name, args = f"button_{key}", (key, image_id)
            if st.button(label, key=name, help=help_text, on_click=_walk, args=args):
                st.rerun()


def _walk(key: str, image_id: str) -> None:
    st.session_state[key] = image_id
    st.session_state.update(LATENT.open("between"))
