"""What a training will need: parameters, and on request time and memory."""

import math

import streamlit as st

from core.data import catalogue
from core.models import architecture
from core.runs import RunConfig
from core.runs.estimate import Estimate
from pages.ui.figures.text import sentence
from pages.ui.frame.probes import SECONDS, duration, probes


def draw_facts(config: RunConfig) -> None:
    """Draw the number of parameters, and a button that estimates time and memory."""
    infos = {info.id: info for info in catalogue.catalogue()}
    info, train = infos[config.train.dataset], config.train
    plan = architecture(train.arch).plan(info.input_shape, train.options)
    st.caption(
        f"**{plan.n_parameters():,}** parameters · code of {plan.latent_dim:,} numbers for "
        f"{math.prod(plan.input_shape):,} in the image"
    )
    shared = probes()
    known, measuring = shared.known(config), shared.is_measuring(config)
    if isinstance(known, Estimate):
        st.caption(_words(known))
    elif measuring:
        st.fragment(_wait_for_facts, run_every=SECONDS)(config)
    else:
        if known:
            st.warning(sentence(known))
        st.button(
            "Estimate time and memory", icon=":material/timer:", on_click=shared.ask,
            args=(config,), width="stretch",
            help="Trains for about a second in another process and discards the result",
        )  # fmt: skip


def _wait_for_facts(config: RunConfig) -> None:
    st.caption(":material/timer: Training for a second to measure time and memory ...")
    if not probes().is_measuring(config):
        st.rerun(scope="app")


def _words(estimate: Estimate) -> str:
    return (
        f"**{duration(estimate.seconds)}** in all, {duration(estimate.seconds_per_epoch)} an "
        f"epoch ({estimate.images_per_second:,.0f} images/s) · "
        f"**{estimate.memory / 2**20:,.0f} MB** of memory. Measured just now on this machine."
    )
