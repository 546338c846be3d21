"""The public data sets: what is here, and fetching the rest with progress, cancel and retry."""

import streamlit as st

from core.background import Job
from core.data import origins
from core.data.publicsets import PUBLIC_SETS, PublicSet
from pages.ui import cache, working
from pages.ui.sidebar import Choice

SPLITS = ("train", "test")


def draw(_: Choice) -> None:
    """A line for each set."""
    st.caption(
        "Nothing is fetched before you ask for it. What arrives is checked against the sum that "
        "its makers published; what is cut short or damaged is thrown away."
    )
    for known in PUBLIC_SETS:
        with st.container(border=True):
            _line(known)


def key(known: PublicSet) -> str:
    """What the download of a set is known by, for all visitors."""
    return f"download {known.id}"


def _line(known: PublicSet) -> None:
    st.markdown(f"**{known.title}**")
    n = f"{known.n_train:,} images to train, {known.n_test:,} to test."
    st.caption(f"{known.explanation} {n}")
    if is_here(known):
        st.markdown(":green[:material/check:] Here: choose it in the sidebar.")
        return
    job = cache.jobs().get(key(known))
    again = job is not None and job.state == "failed"
    megabytes = sum(origins.SIZES[known.id]) / 1e6
    working.offer(
        key(known),
        f"{'Try again' if again else 'Download'} ({megabytes:.0f} MB)",
        "It is fetched once and kept; other pages can be used meanwhile",
        lambda: start(known),
    )


def start(known: PublicSet) -> Job:
    """Begin the download, or join the one under way."""
    return cache.jobs().start(
        key(known), f"Fetching {known.title}", lambda tell: known.fetch(progress=tell)
    )


def is_here(known: PublicSet) -> bool:
    """Whether both parts of a set can be read without a network."""
    return all(known.root(split, None) is not None for split in SPLITS)
