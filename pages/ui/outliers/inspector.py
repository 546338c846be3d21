"""One judged image, enlarged: the inspector of all pages, its score, facts and duplicates."""

from functools import partial

import numpy as np
import streamlit as st

from core.anomaly import quality
from core.anomaly.neighbours import nearest
from core.noise import Noise
from core.sweeps import noise_sweep
from pages.ui import cache, gallery, inspector, mosaic, selection
from pages.ui.gallery import Columns, Item
from pages.ui.outliers import data as outlier_data
from pages.ui.outliers.data import FACTS, Found, Positions
from pages.ui.reconstruct import reconstruction
from pages.ui.text import plain

N_NEAR = 8
NEAR_SIDE = 76  # pixels: eight stand in a row of the dialog


def inspect(found: Found, clicked: str | None) -> None:
    """Open the dialog on the image that was clicked, if one was."""
    if clicked is None or clicked not in found.images:
        return
    i = int(found.images.positions([clicked])[0])
    model, one = cache.autoencoder(found.asked.card), found.images.take([i])
    x = one.pixels()
    sweep = noise_sweep(x, [model], Noise(), 0, reconstruction.steps(x.size))
    scale = outlier_data.error_scale(found.asked)
    view = inspector.View(one, (model,), (sweep,), 0, scale)
    inspector.inspect(view, clicked, partial(_around, found, i))


def near_references(found: Found, x: np.ndarray, k: int) -> tuple[Positions, np.ndarray]:
    """The k reference images whose codes are nearest to that of x (1, C, H, W); their distances.

    Among those references that are scored, which are ready at once.
    """
    known = found.judged.references.scored.features.codes
    near = nearest(cache.autoencoder(found.asked.card).encode(x), known, min(k, len(known)))
    return near.positions[0], near.distances[0]


def _around(found: Found, i: int) -> None:
    _facts(found, i)
    images = found.judged.references.scored.images
    positions, distances = near_references(found, found.images.pixels([i]), N_NEAR)
    st.markdown("**Nearest reference images**, by their codes; below each its distance")
    items = [
        Item(str(images.ids[p]), tuple(filter(None, (images.label_name(int(p)), f"{d:.2f}"))))
        for p, d in zip(positions, distances, strict=True)
    ]
    _show(items, mosaic.colours(images.pixels(positions)), "near_references")
    (same,) = quality.near_duplicates(outlier_data.thumbnails(found.asked), [i])
    if len(same):
        st.markdown(f"**{len(same):,} near duplicates** among the judged images")
        few = found.images.take(same[:N_NEAR])
        items = [Item(str(few.ids[j]), (few.label_name(j),)) for j in range(len(few))]
        _show(items, mosaic.colours(few.pixels()), "near_duplicates")
    else:
        st.caption("No near duplicate of it is among the judged images.")


def _facts(found: Found, i: int) -> None:
    (facts,) = outlier_data.facts(found.asked, found.images.take([i]))
    for name in facts:
        st.markdown(f"**{name.capitalize()}**: {plain(FACTS[name])}.")
    st.markdown(
        f"**{plain(found.score.title)}**: {found.scores[i]:.4g}, higher than that of "
        f"{found.usual_below(i):.1f} % of {plain(found.judged.references.name)}; the threshold "
        f"is {found.threshold.value:.4g}."
    )


def _show(items: list[Item], pictures: mosaic.Pixels, key: str) -> None:
    packed = gallery.pack(items, [pictures], Columns(("image",), NEAR_SIDE))
    gallery.show(packed, key, selection.ids())
