"""Models of further sizes, trained in the background one after the other."""

import shlex
from collections.abc import Sequence

import streamlit as st

from core.checkpoints import Card
from core.data import catalogue
from core.robustness import size_study, sizes
from core.robustness.size_study import Progress
from core.robustness.sizes import DEFAULT_FAMILIES, FAMILIES, SIZES
from pages.ui import cache
from pages.ui.figures.text import code, plain
from pages.ui.progress import duration
from pages.ui.session import widgets

POLL_SECONDS = 1.0


def draw_study(cards: Sequence[Card], dataset: str) -> None:
    """What could be trained on a data set, or how far that is.  cards: the models there are."""
    st.subheader("Train the missing ones")
    if size_study.under_way() is not None:
        _watch()
        return
    families, latent_dims = _asked()
    wanted = sizes.missing(cards, dataset, families, latent_dims) if families else ()
    here = _is_here(dataset)
    names = ", ".join(one.name for one in wanted)
    st.caption(plain(f"Missing: {names}." if names else "None of these is missing."))
    if not here:
        st.caption(f"The images of {plain(dataset)} are not here: choose another set to train on.")
    if st.button(
        f"Train {len(wanted)} in the background" if wanted else "Train in the background",
        icon=":material/model_training:",
        disabled=not wanted or not here,
        help="One after the other, in a process of their own: it goes on if this page is closed",
    ):
        size_study.begin(dataset, families, latent_dims)
        st.rerun()
    if wanted:
        said = study_command(dataset, families, latent_dims)
        st.caption(f"The same in a terminal: {code(said)}")


def study_command(dataset: str, families: Sequence[str], latent_dims: Sequence[int]) -> str:
    """What trains the same models in a terminal."""
    named = shlex.quote(dataset)
    said = f"python -m core sizes --dataset {named} --arch {' '.join(families)}"
    chosen = " ".join(map(str, latent_dims))
    return said if set(latent_dims) == set(SIZES) else f"{said} --latent-dim {chosen}"


def study_told(progress: Progress) -> str:
    """What a study is at, in words."""
    said = f"{progress.done} of {progress.total} done"
    run = progress.now
    if run is None:
        return f"{said}: preparing the next"
    left = run.status.seconds_left
    return f"{said}; {run.config.name}: {run.state}" + (
        f", about {duration(left)} left for it" if left > 0 else ""
    )


def _asked() -> tuple[list[str], list[int]]:
    """Which families and sizes are wanted."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        families = widgets.several(
            st.pills,
            "Families",
            FAMILIES,
            key="size_families",
            default=DEFAULT_FAMILIES,
            selection_mode="multi",
            help="conv takes many times as long as dense; pca takes seconds",
        )
        latent_dims = widgets.several(
            st.pills,
            "D'",
            SIZES,
            key="size_latent_dims",
            default=SIZES,
            selection_mode="multi",
            help="Numbers in the code",
        )
    return families, latent_dims


def _watch() -> None:
    _progress(len(cache.cards()))
    if st.button("Stop", icon=":material/stop:", help="What is done stays; begin again any time"):
        size_study.stop()
        st.rerun()


@st.fragment(run_every=POLL_SECONDS)
def _progress(n_cards: int) -> None:
    """n_cards: models there were when the page was drawn; it is drawn anew if there are more."""
    begun = size_study.under_way()
    if begun is None or len(cache.cards()) != n_cards:
        st.rerun()
    progress = size_study.progress(begun)
    st.progress(progress.share, plain(study_told(progress)))


def _is_here(dataset: str) -> bool:
    known = {info.id: info.available for info in catalogue.catalogue()}
    return known.get(dataset, ":" in dataset)
