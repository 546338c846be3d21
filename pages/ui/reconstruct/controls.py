"""What the Reconstruct page can be asked: which images, which noise, which models to compare."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.checkpoints import Card
from core.data.imagesets import ImageSet
from core.noise import ADDITIVE, EXPLANATIONS, KINDS, Kind, Noise
from pages.ui import state
from pages.ui.text import kind_name, titles

LARGE = 48  # pixels a side, from where fewer images fit a screen and a message
COUNTS, COUNTS_OF_LARGE = (8, 12, 16, 24, 32), (4, 8, 12, 16)
MAX_SEED = 2**32 - 1


def compared(main: Card, fitting: Sequence[Card]) -> tuple[Card, ...]:
    """The sidebar's model and up to two more, the linear one to begin with."""
    by_name = {card.name: card for card in fitting}
    default = [card.name for card in rivals(main, fitting)]
    state.recall_several("compare", default, list(by_name), "model")
    st.multiselect(
        "Compare with",
        list(by_name),
        key="compare",
        max_selections=2,
        format_func=titles(fitting).__getitem__,
        placeholder="No other model",
        help="Up to two more models, on the same images with the same noise",
    )
    state.publish("compare", default)
    names = dict.fromkeys([main.name, *st.session_state["compare"]])
    return tuple(by_name[name] for name in names)


def rivals(main: Card, fitting: Sequence[Card]) -> list[Card]:
    """What a model is compared with unless something else is asked for: the largest linear one."""
    linear = [card for card in fitting if card.architecture.closed_form and card is not main]
    return [max(linear, key=lambda card: card.latent_dim)] if linear else []


def images(available: ImageSet) -> ImageSet:
    """The images to show, as asked for in a popover."""
    with st.popover(
        "Images", icon=":material/grid_view:", help="How many images, and of which classes"
    ):
        n = _count(large=max(available.shape) >= LARGE)
        classes = _classes(available) if available.labels is not None else []
        chosen = pick(available, classes, n, int(state.recall_number("shuffle", 0, 0, MAX_SEED)))
        st.caption(f"{len(chosen):,} of {len(available):,} {available.split} images")
    return chosen


def pick(available: ImageSet, classes: Sequence[str], n: int, shuffle: int) -> ImageSet:
    """Up to n images of the given classes (all if none are given).

    shuffle: 0 takes the classes in turn, each in the set's own order; any other number draws at
    random, the same number always the same images.
    """
    positions = np.arange(len(available))
    labels = available.labels
    if classes and labels is not None:
        wanted = [i for i, name in enumerate(available.class_names) if name in classes]
        positions = positions[np.isin(labels, wanted)]
    if shuffle:
        return available.take(np.random.default_rng(shuffle).permutation(positions)[:n])
    if labels is not None:
        positions = positions[np.lexsort((labels[positions], _turn(labels[positions])))]
    return available.take(positions[:n])


def noise() -> tuple[Noise, int]:
    """The kind of noise (its sigma is the slider's) and the seed, as asked for in a popover."""
    with st.popover(
        "Noise", icon=":material/grain:", help="Which kind of noise, and how it is drawn"
    ):
        kind = _kind()
        mu, clip = _shift_and_clip(disabled=kind not in ADDITIVE)
        seed = state.recall_whole("seed", 0, 0, MAX_SEED)
        st.number_input(
            "Seed",
            0,
            MAX_SEED,
            key="seed",
            help="The same seed gives the same noise on the same image, for every model",
        )
        state.publish("seed", 0)
    return Noise(kind, 0.0, mu, clip), seed


def shuffle_button() -> None:
    """Draws other images."""
    st.button(
        "Shuffle",
        icon=":material/shuffle:",
        on_click=_next,
        args=("shuffle",),
        help="Draw other images at random",
    )
    state.publish("shuffle", 0)


def new_noise_button() -> None:
    """Draws other noise: the next seed."""
    st.button(
        "New noise",
        icon=":material/casino:",
        on_click=_next,
        args=("seed",),
        help="Draw other noise of the same kind: the next seed",
    )


def default_count(large: bool) -> int:
    """Images side by side unless another number is asked for."""
    return 8 if large else 16


def _count(large: bool) -> int:
    default = default_count(large)
    options = COUNTS_OF_LARGE if large else COUNTS
    state.recall("n", default, options)
    st.select_slider("How many", options, key="n", help="Images side by side")
    state.publish("n", default)
    return int(st.session_state["n"])


def _classes(available: ImageSet) -> list[str]:
    state.recall_several("classes", [], available.class_names, "class")
    st.pills(
        "Classes",
        available.class_names,
        selection_mode="multi",
        key="classes",
        help="Only images of these classes; none chosen = all",
    )
    state.publish("classes", [])
    return list(st.session_state["classes"])


def _kind() -> Kind:
    kinds = {kind_name(kind): kind for kind in KINDS}  # a link says it in words
    default = kind_name(KINDS[0])
    state.recall("noise", default, list(kinds))
    st.radio(
        "Kind",
        list(kinds),
        key="noise",
        captions=[EXPLANATIONS[kind] for kind in KINDS],
        help="What is done to the pixels; the slider says how much",
    )
    state.publish("noise", default)
    return kinds[st.session_state["noise"]]


def _shift_and_clip(disabled: bool) -> tuple[float, bool]:
    mu = state.recall_number("mu", 0.0, -0.5, 0.5)
    st.slider(
        "Mean μ",
        -0.5,
        0.5,
        step=0.05,
        key="mu",
        disabled=disabled,
        help="Noise that brightens (above 0) or darkens (below 0); gaussian and speckle only",
    )
    state.publish("mu", 0.0)
    state.recall_flag("clip")
    st.toggle(
        "Clip to [0, 1], as a camera would",
        key="clip",
        disabled=disabled,
        help="Off: the network gets values outside [0, 1] too, as in the textbooks",
    )
    state.publish("clip", False)
    return mu, bool(st.session_state["clip"])


def _next(key: str) -> None:
    st.session_state[key] = (int(st.session_state.get(key, 0)) + 1) % MAX_SEED


def _turn(
    labels: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """For each image, how many of its class stand before it."""
    turn = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        turn[members] = np.arange(len(members))
    return turn
