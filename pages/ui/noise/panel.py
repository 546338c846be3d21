"""The sigma panel: one slider of noise for all pages, and the image that is clicked under it.

Sigma is one number, the same on all pages and part of the link. Whatever has it asks here: a slider
over pictures (slider, and show with the inspector), a slider that draws nothing (still_slider), or
what stands still beside another page's slider (sigma).
"""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.checkpoints import Card
from core.images.imagesets import ImageSet
from core.robustness.sweeps import NoiseSweep
from pages.ui import cache
from pages.ui.components import sweep
from pages.ui.components.component import Packed
from pages.ui.components.sweep.chart import Chart
from pages.ui.noise import inspector, rows
from pages.ui.noise.inspector import View
from pages.ui.session import state, widgets

LINK, DEFAULT = "sigma", 0.5


@dataclass(frozen=True)
class Panel:
    """Rows of pictures under the slider.

    key: of the component.  packed: the rows, as rows.described makes them.  images: those that are
    shown.  cards: of the models.  sweeps: one a model, made when an image is enlarged.  chart:
    curves above the slider.  moves: see sweep.show.
    """

    key: str
    packed: Packed
    images: ImageSet
    cards: tuple[Card, ...]
    sweeps: Callable[[], tuple[NoiseSweep, ...]]
    chart: Chart | None = None
    moves: bool = False


@dataclass(frozen=True)
class Position:
    """Where the slider was let go.  step: which of the panel's amounts of noise sigma is."""

    sigma: float
    step: int


def show(panel: Panel) -> Position:
    """The slider with its pictures; a click on one opens the inspector at the noise shown."""
    event = slider(panel.packed, panel.key, panel.chart, moves=panel.moves)
    step = panel.packed.header["values"].index(event.value)
    clicked = event.clicked
    if clicked is not None and clicked in panel.images:  # else others were on their way meanwhile
        inspector.inspect(_enlarged(panel, step), clicked)
    return Position(event.value, step)


def slider(
    packed: Packed, key: str, chart: Chart | None = None, *, moves: bool = False
) -> sweep.Event:
    """The slider over any pictures that follow sigma, without the inspector."""
    return widgets.frames(packed, key, LINK, DEFAULT, chart=chart, moves=moves)


def still_slider(key: str) -> float:
    """A slider of Streamlit's for what is computed at one amount of noise only; sigma.

    key: its own, since Streamlit forgets a slider's value when it is not drawn.
    """
    st.session_state[key] = sigma()
    st.slider(
        "Noise σ",
        0.0,
        1.0,
        step=0.02,
        key=key,
        on_change=_keep,
        args=(key,),
        width=260,
        help="The amount of noise on the images",
    )
    state.publish(LINK, DEFAULT)
    return sigma()


def sigma() -> float:
    """The noise shown on all pages, where a page has no slider for it."""
    return state.recall_number(LINK, DEFAULT, 0, 1)


def _enlarged(panel: Panel, step: int) -> View:
    sweeps = panel.sweeps()
    return View(
        images=panel.images,
        models=tuple(cache.autoencoder(card) for card in panel.cards),
        sweeps=sweeps,
        step=step,
        error_scale=rows.error_scale(sweeps),
    )


def _keep(key: str) -> None:
    st.session_state[LINK] = st.session_state[key]
