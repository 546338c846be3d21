"""Controls of the Reconstruct page: images, noise, models to compare."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from core.checkpoints import Card
from core.images.imagesets import ImageSet
from core.noise import KINDS, Kind, Noise, with_mean
from pages.ui.figures.text import plain, titles
from pages.ui.session import state, widgets

MOST_PILLS = 20  # classes: more are searched in a list
LARGE = 48  # pixels a side, from where fewer images fit a screen and a message
COMPARE, RIVALS = "compare", "rivals"
COUNTS, COUNTS_OF_LARGE = (8, 12, 16, 24, 32), (4, 8, 12, 16)


class Rivals(NamedTuple):
    """Which models were asked for to compare with, None for the usual one, and which were shown.

    They differ where the sidebar's model is one of those asked for, or one does not fit the data.
    """

    asked: list[str] | None
    shown: list[str]


def compared(main: Card, fitting: Sequence[Card]) -> tuple[Card, ...]:
    """The sidebar's model and up to two others, the linear one to begin with.

    What was asked for comes back when the sidebar's model is another one again.
    """
    by_name = {card.name: card for card in fitting}
    default = [card.name for card in rivals(main, fitting)]
    asked = _asked_rivals()
    if COMPARE in st.session_state:
        wanted = default if asked is None else asked
        st.session_state[COMPARE] = [name for name in wanted if name != main.name]
    others = widgets.several(
        st.multiselect,
        "Compare with",
        [name for name in by_name if name != main.name],
        key=COMPARE,
        default=default,
        what="model",
        besides=(main.name,),
        max_selections=2,
        format_func=titles(fitting).__getitem__,
        placeholder="No other model",
        help="Up to two more models, on the same images with the same noise",
    )
    if asked is None and others != default:
        asked = others  # a link asks for them
    st.session_state[RIVALS] = Rivals(asked, others)
    return tuple(by_name[name] for name in (main.name, *others))


def _asked_rivals() -> list[str] | None:
    """The last choice: the page may have shown less."""
    before: Rivals | None = st.session_state.get(RIVALS)
    held: list[str] | None = st.session_state.get(COMPARE)
    return before.asked if before and held == before.shown else held


def rivals(main: Card, fitting: Sequence[Card]) -> list[Card]:
    """Default model for comparison: the largest linear one."""
    linear = [card for card in fitting if card.architecture.closed_form and card is not main]
    return [max(linear, key=lambda card: card.latent_dim)] if linear else []


def images(available: ImageSet) -> ImageSet:
    """The images to show, as asked for in a popover."""
    with st.popover(
        "Images", icon=":material/grid_view:", help="How many images, and of which classes"
    ):
        n = _count(large=max(available.shape) >= LARGE)
        classes = _classes(available) if available.labels is not None else []
        chosen = pick(available, classes, n, shuffle())
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
        mu = _mean(disabled=not KINDS[kind].has_mean)
        clip = clip_switch(disabled=not KINDS[kind].leaves_range)
        help_text = "The same seed gives the same noise on the same image, for every model"
        seed = widgets.seed("Seed", key="seed", help=help_text)
    return Noise(kind, 0.0, mu, clip), seed


def clip_switch(disabled: bool = False) -> bool:
    """Whether noisy images are clipped, on all pages alike."""
    return widgets.switch(
        "Clip to [0, 1], as a camera would",
        key="clip",
        disabled=disabled,
        help="Limits noisy pixels to [0, 1]. Off: the network gets values outside [0, 1] too",
    )


def shuffle() -> int:
    """Which draw of the images is shown, on all pages alike: see pick()."""
    return state.recall_whole("shuffle", 0, 0, widgets.MAX_SEED)


def shuffle_button() -> int:
    """A button that draws other images; which draw is shown, as shuffle() says."""
    shown = shuffle()
    _next_button("shuffle", "Shuffle", "shuffle", "Draw other images at random")
    state.publish("shuffle", 0)
    return shown


def new_noise_button() -> None:
    """A button that draws other noise; noise() has to be drawn before it."""
    about = "Draw other noise of the same kind: the next seed"
    _next_button("seed", "New noise", "casino", about)


def default_count(large: bool) -> int:
    """Images side by side unless another number is asked for."""
    return 8 if large else 16


def _count(large: bool) -> int:
    return widgets.choice(
        st.select_slider,
        "How many",
        COUNTS_OF_LARGE if large else COUNTS,
        key="n",
        default=default_count(large),
        help="Images side by side",
    )


def _classes(available: ImageSet) -> list[str]:
    few: dict[str, Any] = {"selection_mode": "multi", "format_func": plain}  # pills show Markdown
    many = {"placeholder": "Search a class; none chosen = all"}
    is_few = len(available.class_names) <= MOST_PILLS
    return widgets.several(
        st.pills if is_few else st.multiselect,
        "Classes",
        available.class_names,
        key="classes",
        what="class",
        help="Only images of these classes; none chosen = all",
        **(few if is_few else many),
    )


def _kind() -> Kind:
    kinds = {kind.title: name for name, kind in KINDS.items()}  # a link says it in words
    name = widgets.choice(
        st.radio,
        "Kind",
        list(kinds),
        key="noise",
        default=KINDS[Noise().kind].title,
        captions=[kind.explanation for kind in KINDS.values()],
        help="How the pixels are changed; the slider sets the amount σ",
    )
    return kinds[name]


def _mean(disabled: bool) -> float:
    return widgets.number(
        st.slider,
        "Mean μ",
        -0.5,
        0.5,
        key="mu",
        default=0.0,
        step=0.05,
        disabled=disabled,
        help=f"Noise that brightens (above 0) or darkens (below 0); for {with_mean()}",
    )


def _next_button(key: str, label: str, icon: str, about: str) -> None:
    st.button(label, icon=f":material/{icon}:", on_click=_next, args=(key,), help=about)


def _next(key: str) -> None:
    st.session_state[key] = (int(st.session_state.get(key, 0)) + 1) % (widgets.MAX_SEED + 1)


def _turn(
    labels: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """For each image, how many of its class stand before it."""
    turn = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        turn[members] = np.arange(len(members))
    return turn
