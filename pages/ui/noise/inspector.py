"""One image, enlarged, with all its numbers: the same dialog everywhere."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from core import metrics
from core.data.own import originals as own_originals
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.robustness.sweeps import NoiseSweep
from pages.ui.figures import lines, mosaic, plotting, styles
from pages.ui.figures.text import plain
from pages.ui.frame import errors
from pages.ui.originals import encoded
from pages.ui.session import selection

WHOLE_SIDE = 420  # pixels at most that the original is wide in the dialog
SIDE = 140  # pixels at most: two pictures fit side by side on a phone
WHAT = ("original", "noisy", "reconstructed", "error")
EXPLANATION = (
    "The last column is for this image without noise: the share of the model's test images with "
    "a lower error. Below: its error against noise; the vertical line is the σ shown."
)
COLUMNS = {
    "what": st.column_config.TextColumn(""),
    "mse": st.column_config.NumberColumn("MSE", format="%.4g", help="Mean squared error"),
    "mae": st.column_config.NumberColumn("MAE", format="%.4g", help="Mean absolute error"),
    "psnr": st.column_config.NumberColumn("PSNR", format="%.1f dB", help="Higher is nearer"),
    "ssim": st.column_config.NumberColumn("SSIM", format="%.3f", help="1 = equal"),
    "percentile": st.column_config.TextColumn("clean: higher than", help="of the test images"),
}


@dataclass(frozen=True)
class View:
    """The image, noise and models that the inspector shows.

    images: those of the sweeps, in their order.  sweeps: one a model, under the same noise.
    step: which of the amounts.  error_scale: as on the page.
    """

    images: ImageSet
    models: tuple[Autoencoder, ...]
    sweeps: tuple[NoiseSweep, ...]
    step: int
    error_scale: float


def inspect(view: View, image_id: str, more: Callable[[], None] | None = None) -> None:
    """Open a dialog on one image: each model's pictures, all numbers, and what more() draws."""
    position = int(view.images.positions([image_id])[0])
    label = view.images.label_name(position)
    title = f"{image_id}, class {label}" if label else image_id
    st.dialog(plain(title), width="medium")(_dialog)(view, image_id, position, more)


def numbers(view: View, position: int) -> pd.DataFrame:
    """The noisy image, then a row a model: what, mse, mae, psnr, ssim, percentile (as words)."""
    one = slice(position, position + 1)
    x = view.sweeps[0].x[one]
    noisy = view.sweeps[0].noisy(view.step)[one]
    rows = [{"what": "noisy image", **_distances(x, noisy), "percentile": ""}]
    for model, sweep in zip(view.models, view.sweeps, strict=True):
        distances = _distances(x, sweep.models[0].x_hat[view.step, one])
        percentile = model.percentiles(model.errors(x))[0]
        rows.append({"what": model.card.name, **distances, "percentile": f"{percentile:.1f} %"})
    return pd.DataFrame(rows)


def _dialog(view: View, image_id: str, position: int, more: Callable[[], None] | None) -> None:
    with errors.shown():
        _whole(view, image_id)
        for model, sweep in zip(view.models, view.sweeps, strict=True):
            _pictures(model, sweep, view, position)
        st.dataframe(numbers(view, position), hide_index=True, column_config=COLUMNS)
        st.caption(EXPLANATION)
        sigmas = view.sweeps[0].sigmas
        curves = {sweep.models[0].name: sweep.models[0].mse[:, position] for sweep in view.sweeps}
        drawn = styles.of_models(list(curves))
        chart = lines.error_chart(sigmas, curves, float(sigmas[view.step]), drawn)
        figure = plotting.figure(chart, height=240)
        st.plotly_chart(figure, key="inspector_curves", alt=chart.label)
        if more:
            more()
        _select_button(image_id)


def _whole(view: View, image_id: str) -> None:
    """The picture that an own image was made of, at its own size, or why there is none."""
    found = own_originals.find(view.images.id, image_id)
    if found.image is not None:
        content, _ = encoded(found.image)
        width, height = found.image.size
        said = f"The original, {width:,} x {height:,} pixels; below as the network sees it"
        st.image(content, caption=said, width=min(width, WHOLE_SIDE), alt="the original")
    elif found.why:
        st.caption(plain(found.why))


def _pictures(model: Autoencoder, sweep: NoiseSweep, view: View, position: int) -> None:
    one = slice(position, position + 1)
    x, x_hat = sweep.x[one], sweep.models[0].x_hat[view.step, one]
    drawn = mosaic.colours(np.concatenate([x, sweep.noisy(view.step)[one], x_hat]))
    error = mosaic.error_colours(x, x_hat, view.error_scale)
    st.markdown(f"**{plain(model.card.title)}**")
    pictures = list(mosaic.enlarged(np.concatenate([drawn, error]), SIDE))
    names = list(WHAT)
    if (masks := view.images.masks) is not None and masks[position].any():
        pictures[0] = mosaic.outlined(drawn[0], masks[position], SIDE)
        names[0] = "original, defect outlined"
    with st.container(horizontal=True):
        for what, picture in zip(names, pictures, strict=True):
            alt = f"{what}: {model.card.title}"
            st.image(mosaic.png(picture), caption=what, width=SIDE, alt=alt)


def _distances(x: metrics.Array, other: metrics.Array) -> dict[str, float]:
    measures = {"mse": metrics.mse, "mae": metrics.mae, "psnr": metrics.psnr, "ssim": metrics.ssim}
    return {name: float(measure(x, other)[0]) for name, measure in measures.items()}


def _select_button(image_id: str) -> None:
    chosen = image_id in selection.ids()
    label = "Take out of the selection" if chosen else "Add to the selection"
    icon = ":material/remove:" if chosen else ":material/add:"
    if st.button(label, icon=icon, help="The selection is the same on all pages"):
        selection.toggle(image_id)
        st.rerun()
