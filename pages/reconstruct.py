"""The Reconstruct page: originals, noisy images and each model's reconstructions, by sigma."""

import streamlit as st

from core.robustness.sweeps import NoiseSweep
from pages.ui import cache
from pages.ui.figures import styles
from pages.ui.frame import downloads, live, sidebar
from pages.ui.noise import controls, panel, picture
from pages.ui.noise import sweeps as noise_sweeps
from pages.ui.noise.panel import Panel
from pages.ui.noise.report import NoiseView, Picked, content
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

shown = Shown(
    dataset=choice.dataset.id,
    split=choice.split,
    ids=tuple(images.ids.tolist()),
    noise=noise,
    seed=seed,
)
waiting = st.empty()
if not cache.warm_up().is_set():
    waiting.skeleton(height=540)
packed = noise_sweeps.packed_sweep(shown, cards)
waiting.empty()


def sweeps() -> tuple[NoiseSweep, ...]:
    """The reconstructions of each model at all amounts of noise; large, so computed on demand."""
    return tuple(noise_sweeps.model_sweeps(shown, cards))


at = panel.show(Panel("noise_sweep", packed, images, cards, sweeps=sweeps, moves=welcome.moves()))
picture.offer(
    download,
    lambda: picture.picture(images, sweeps(), cards, at.step),
    choice.dataset.id,
    at.sigma,
)
with download:
    drawn = styles.of_models([card.name for card in cards])
    classes = None if images.labels is None else tuple(st.session_state["classes"])
    picked = Picked(classes, controls.shuffle())
    downloads.button(
        lambda: content(
            NoiseView(
                images=images, sweeps=sweeps(), cards=cards, step=at.step, seed=seed, styles=drawn
            ),
            picked,
        ),
        "reconstruct",
    )
downloads.take_away(cards, choice.images())
live.draw(
    live.Live(
        key="live_noise",
        label="Compute in this browser: noise that flickers, and a pad to draw on",
        cards=cards,
        images=choice.images(),
        parts=("choose", "pad", "noise", "code"),
    )
)
