"""The Reconstruct page: originals, noisy images and each model's reconstructions, by sigma."""

import streamlit as st

from core.robustness.sweeps import NoiseSweep
from pages.ui import cache
from pages.ui.components import sweep
from pages.ui.figures import styles
from pages.ui.frame import downloads, sidebar
from pages.ui.noise import controls, inspector, rows
from pages.ui.noise import sweeps as noise_sweeps
from pages.ui.noise.inspector import View
from pages.ui.noise.picture import picture
from pages.ui.noise.report import Picked, Told, content
from pages.ui.noise.sweeps import Shown
from pages.ui.server import landing, welcome
from pages.ui.session import state

welcome.draw()
st.title(landing.TITLE)
st.caption(landing.PURPOSE)

choice = sidebar.chosen()
with st.container(horizontal=True, vertical_alignment="bottom"):
    cards = controls.compared(choice.model(), choice.fitting)
    with st.container(horizontal=True, width="content", key="tools"):
        images = controls.images(choice.images())
        controls.shuffle_button()
        noise, seed = controls.noise()
        controls.new_noise_button()
        # Filled when the noise shown is known.
        download = st.container(horizontal=True, width="content", key="files")

if not len(images):
    st.info(
        "There is no image of these classes. Choose other classes under Images, or none for all."
    )
    st.button(
        "All classes", on_click=state.forget, args=(["classes"],), help="Show images of every class"
    )
    st.stop()

shown = Shown(choice.dataset.id, choice.split, tuple(images.ids.tolist()), noise, seed)
sigma = state.recall_number("sigma", landing.SIGMA, 0, 1)
waiting = st.empty()
if not cache.warm_up().is_set():
    waiting.skeleton(height=540)
packed = noise_sweeps.packed_sweep(shown, cards)
waiting.empty()

start = state.on_entry("sigma", sigma)
event = sweep.show(packed, "noise_sweep", start, moves=welcome.moves())
st.session_state["sigma"] = event.asked
state.publish("sigma", landing.SIGMA)
step = rows.nearest_step(rows.steps_of(images, shown.finest), event.value)


def sweeps() -> tuple[NoiseSweep, ...]:
    """The reconstructions of each model at all amounts of noise; large, so computed on demand."""
    return tuple(noise_sweeps.model_sweeps(shown, cards))


download.download_button(
    "PNG",
    lambda: picture(images, sweeps(), cards, step),
    f"hourglass-{choice.dataset.id}-sigma-{event.value:.2f}.png",
    "image/png",
    icon=":material/download:",
    on_click="ignore",
    help="Download what you see, with its labels, as one picture",
)
with download:
    drawn = styles.of_models([card.name for card in cards])
    classes = None if images.labels is None else tuple(st.session_state["classes"])
    picked = Picked(classes, controls.shuffle())
    downloads.button(
        lambda: content(Told(images, sweeps(), cards, step, seed, drawn), picked), "reconstruct"
    )
if event.clicked in shown.ids:  # else it was clicked while others were on their way
    models = tuple(cache.autoencoder(card) for card in cards)
    swept = sweeps()
    view = View(images, models, swept, step, rows.error_scale(swept))
    inspector.inspect(view, event.clicked)
