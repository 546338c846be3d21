"""An own image as a star on the map of the data set's codes, with its nearest neighbours."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.checkpoints import Card
from core.images.imagesets import ImageSet
from core.neighbours import Array, nearest
from core.principal import Axes
from pages.ui import cache
from pages.ui.components import gallery
from pages.ui.components.gallery import Columns, Item
from pages.ui.figures import mosaic, scatter
from pages.ui.figures.colouring import Colouring, Groups, Scale
from pages.ui.figures.scatter import MapStyle, Points
from pages.ui.figures.text import hover_text, plain
from pages.ui.figures.theme import LIGHT, PAPER
from pages.ui.frame.sidebar import Choice
from pages.ui.latent import data as latent_data
from pages.ui.latent import encoding
from pages.ui.latent import views as latent_views
from pages.ui.latent.data import Codes, Population, SampleSpec
from pages.ui.session import selection

MOST = 2_000  # images on the map
N_NEIGHBOURS = 8


def draw(chosen: str, images: ImageSet, choice: Choice, card: Card) -> None:
    """Draw the map with stars, and the images with the nearest codes."""
    st.subheader("Position in latent space")
    spec = SampleSpec(
        dataset=choice.dataset.id, split=choice.split, with_other=False, most=MOST, seed=0
    )
    population = latent_data.population(spec)
    codes = encoding.encoded(spec, card)
    z = cache.autoencoder(card).encode(images.pixels())
    position = int(images.positions([chosen])[0])
    left, right = st.columns([11, 9], gap="medium")
    with left:
        axes = latent_data.axes(spec, card)
        own = axes.coordinates(z).astype(np.float32)
        st.plotly_chart(
            with_stars(_map(population, codes, axes, card), own, images.ids.tolist(), position),
            key="own_place",
            config={"displaylogo": False},
            alt="Where your images lie on the map of codes",
        )
        st.caption(
            f"★ {plain(chosen)}; small stars are your other images, dots "
            f"{len(population.images):,} of {population.available:,} {choice.split} images."
        )
    with right:
        _neighbours(z[position : position + 1], codes.z, population.images)


def with_stars(
    figure: go.Figure, xy: scatter.Places, names: Sequence[str], chosen: int
) -> go.Figure:
    """The map with own images as stars at (n, 2), the chosen one larger."""
    others = [i for i in range(len(names)) if i != chosen]
    for members, size in ((others, 9), ([chosen], 20)):
        if members:
            figure.add_scattergl(
                x=xy[members, 0],
                y=xy[members, 1],
                mode="markers",
                marker={
                    "symbol": "star",
                    "size": size,
                    "color": LIGHT["outlier"],
                    "line": {"width": 1, "color": PAPER},
                },
                text=[hover_text(names[i]) for i in members],
                hovertemplate="%{text}<extra></extra>",
                showlegend=False,
            )
    return figure


def _map(population: Population, codes: Codes, axes: Axes, card: Card) -> go.Figure:
    images = population.images
    colouring: Colouring
    if images.labels is not None:
        colouring = Groups("class", images.class_names, images.labels)
    else:
        colouring = Scale("reconstruction error (MSE)", codes.errors(), "warm")
    xy = axes.coordinates(codes.z).astype(np.float32)
    points = Points(xy, images.ids, population.other, "other image")
    look = MapStyle(latent_views.axis_titles(card, axes, "pca"), "pan", height=440)
    return scatter.figure(points, colouring, None, look)


def _neighbours(z: Array, others: Array, images: ImageSet) -> None:
    k = min(N_NEIGHBOURS, len(others))
    found = nearest(z, others, k)
    near = images.take(found.positions[0])
    st.markdown(f"**The {k} images with the nearest codes**")
    items = [
        Item(image_id, tuple(filter(None, (near.label_name(i), f"distance {distance:.2f}"))))
        for i, (image_id, distance) in enumerate(
            zip(near.ids.tolist(), found.distances[0].tolist(), strict=True)
        )
    ]
    pictures = mosaic.colours(near.pixels())
    packed = gallery.pack(items, [pictures], Columns(("neighbour",)))
    if clicked := gallery.show(packed, "own_neighbours", selection.ids()):
        selection.toggle(clicked)
        st.rerun()
    st.caption(
        "Below each: Euclidean distance of the codes. A click selects an image on all pages."
    )
