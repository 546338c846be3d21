"""What a training will take, before it starts: parameters at once, time and memory when asked."""

import math

import streamlit as st

from core.data import catalogue
from core.models import architecture
from core.runs import RunConfig
from core.runs.estimate import Estimate
from pages.ui import cache
from pages.ui.figures.text import sentence

SECONDS = 0.5  # between two looks whether the measurement is there


def draw_facts(config: RunConfig) -> None:
    """The facts about a training, and a button to measure the rest."""
    infos = {info.id: info for info in catalogue.catalogue()}
    info, train = infos[config.train.dataset], config.train
    plan = architecture(train.arch).plan(info.input_shape, train.options)
    st.caption(
        f"**{plan.n_parameters():,}** parameters · {plan.latent_dim:,} numbers in the code for "
        f"{math.prod(plan.input_shape):,} in the image"
    )
    probes = cache.probes()
    known, measuring = probes.known(config), probes.is_measuring(config)
    if isinstance(known, Estimate):
        st.caption(_words(known))
    elif measuring:
        st.fragment(_wait_for_facts, run_every=SECONDS)(config)
    else:
        if known:
            st.warning(sentence(known))
        st.button(
            "Estimate time and memory", icon=":material/timer:", on_click=probes.ask,
            args=(config,), width="stretch",
            help="Trains for a second in a process of its own and keeps nothing",
        )  # fmt: skip


def _wait_for_facts(config: RunConfig) -> None:
    st.caption(":material/timer: Training for a second to measure it ...")
    if not cache.probes().is_measuring(config):
        st.rerun(scope="app")


def _words(estimate: Estimate) -> str:
    return (
        f"**{_duration(estimate.seconds)}** in all, {_duration(estimate.seconds_per_epoch)} an "
        f"epoch ({estimate.images_per_second:,.0f} images/s) · "
        f"**{estimate.memory / 2**20:,.0f} MB** of memory. Measured just now on this machine."
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
