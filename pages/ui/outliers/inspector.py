"""One judged image, enlarged: the inspector of all pages, its score, facts and duplicates."""

from functools import partial
from typing import NamedTuple

import numpy as np
import streamlit as st

from core.neighbours import nearest
from core.noise import Noise
from core.robustness.sweeps import noise_sweep
from pages.ui import cache, progress
from pages.ui.components import gallery
from pages.ui.components.gallery import Columns, Item
from pages.ui.figures import mosaic
from pages.ui.figures.text import plain
from pages.ui.noise import inspector, rows
from pages.ui.outliers import data as outlier_data
from pages.ui.outliers.data import FACTS, Outcome, Scores
from pages.ui.session import selection

N_NEAR = 8
NEAR_SIDE = 76  # pixels: eight stand in a row of the dialog


def inspect(outcome: Outcome, clicked: str | None) -> None:
    """Open the dialog on the image that was clicked, if one was."""
    if clicked is None or clicked not in outcome.images:
        return
    i = int(outcome.images.positions([clicked])[0])
    model, one = cache.autoencoder(outcome.scope.card), outcome.images.take([i])
    x = one.pixels()
    sweep = noise_sweep(x, [model], Noise(), 0, rows.steps(x.size))
    scale = outlier_data.error_scale(outcome.scope)
    view = inspector.View(images=one, models=(model,), sweeps=(sweep,), step=0, error_scale=scale)
    inspector.inspect(view, clicked, partial(_around, outcome, i))


class Near(NamedTuple):
    """Reference images, the nearest first.  x: (k, C, H, W) in [0, 1].  distances: (k,)."""

    ids: list[str]
    labels: list[str]
    x: mosaic.Array
    distances: Scores


def near_references(outcome: Outcome, x: mosaic.Array, k: int) -> Near:
    """The k reference images whose codes are nearest to that of x (1, C, H, W).

    Among those references that are scored.
    """
    known = outlier_data.known_codes(outcome.scope)
    codes = known["codes"]
    near = nearest(cache.autoencoder(outcome.scope.card).encode(x), codes, min(k, len(codes)))
    at = near.positions[0]
    pictures = np.divide(known["images"][at], np.float32(255), dtype=np.float32)
    ids, labels = known["ids"][at].tolist(), known["labels"][at].tolist()
    return Near(ids, labels, pictures, near.distances[0].astype(np.float64))


def _around(outcome: Outcome, i: int) -> None:
    with progress.in_place():
        _draw_around(outcome, i)


def _draw_around(outcome: Outcome, i: int) -> None:
    _facts(outcome, i)
    near = near_references(outcome, outcome.images.pixels([i]), N_NEAR)
    st.markdown("**Nearest reference images**, by their codes; below each its distance")
    items = [
        Item(name, tuple(filter(None, (label, f"{d:.2f}"))))
        for name, label, d in zip(near.ids, near.labels, near.distances, strict=True)
    ]
    _show(items, mosaic.colours(near.x), "near_references")
    same = outlier_data.near_duplicates(outcome.scope, i)
    if len(same):
        st.markdown(f"**{len(same):,} near duplicates** among the judged images")
        few = outcome.images.take(same[:N_NEAR])
        items = [Item(str(few.ids[j]), (few.label_name(j),)) for j in range(len(few))]
        _show(items, mosaic.colours(few.pixels()), "near_duplicates")
    else:
        st.caption("No near duplicate of it is among the judged images.")


def _facts(outcome: Outcome, i: int) -> None:
    (facts,) = outlier_data.facts(outcome.scope, np.array([i]))
    for name in facts:
        st.markdown(f"**{name.capitalize()}**: {plain(FACTS[name])}.")
    st.markdown(
        f"**{plain(outcome.score.title)}**: {outcome.scores[i]:.4g}, higher than that of "
        f"{outcome.usual_below(i):.1f} % of {plain(outcome.known)}; the threshold "
        f"is {outcome.threshold.value:.4g}."
    )


def _show(items: list[Item], pictures: mosaic.Pixels, key: str) -> None:
    packed = gallery.pack(items, [pictures], Columns(("image",), NEAR_SIDE))
    gallery.show(packed, key, selection.ids())
