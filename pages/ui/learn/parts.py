"""Digits, models and controls that the steps of the Learn page share."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from core.checkpoints import Card
from core.computing.tasks import task
from core.config import CheckpointError
from core.images.imagesets import ImageSet
from core.latent import lesson_tasks
from core.latent.geometry import Array, Scores
from pages.ui import cache
from pages.ui.components.component import Packed
from pages.ui.components.sweep.chart import Chart
from pages.ui.frame.sidebar import OF_A_DATASET, choose_model
from pages.ui.noise import controls
from pages.ui.session import selection, state, widgets

DATASET, SPLIT = "mnist-5k", "test"
N_OF_A_CLASS = 16  # as on the Reconstruct page, so that each is shown there too
CHART = 230  # pixels; lower than on other pages, to keep slider and pictures in view
NTH = "nth"
_ASKED: ContextVar[dict[str, None]] = ContextVar("asked")


@contextmanager
def noted() -> Iterator[dict[str, None]]:
    """Context that collects the names of the models that are used inside, in order."""
    names: dict[str, None] = {}
    token = _ASKED.set(names)
    try:
        yield names
    finally:
        _ASKED.reset(token)


def model(name: str) -> Card:
    """The card of a model by name.  Raises CheckpointError with what to do if there is none."""
    _ASKED.get({})[name] = None
    found = next((card for card in cache.cards() if card.name == name), None)
    if found is None:
        raise CheckpointError(
            f"This step needs the model {name}, which does not exist here: "
            f"`python -m benchmarks.zoo --only {name}` trains it."
        )
    return found


def models(names: Sequence[str]) -> tuple[Card, ...]:
    """The cards of several models."""
    return tuple(model(name) for name in names)


def digits() -> ImageSet:
    """The 1,000 embedded test digits, which no shipped model has seen."""
    return cache.dataset(DATASET, SPLIT)


def some_digits(n: int, shuffle: int = 0) -> ImageSet:
    """Some of digits(), taking the classes in turn; other numbers of shuffle give others."""
    return controls.pick(digits(), (), n, shuffle)


def codes(card: Card) -> Array:
    """The codes of all digits: (n, k)."""
    return cache.kept(
        ("learn codes", card.sha256), lambda: cache.autoencoder(card).encode(digits().pixels())
    )


def errors(card: Card, others: str = "", share: float = 0.0) -> Scores:
    """MSE of a model on each digit, followed by images of another data set: (n,).

    others: that data set, "" for none.  share: its images for each digit.
    """
    ref = cache.split_ref(DATASET, SPLIT)
    planted = cache.split_ref(others, "test") if others else None
    title = f"Rebuilding with {card.name}"
    asked = task(lesson_tasks.errors, ref, planted, share, card.sha256, title=title, models=[card])
    return np.asarray(cache.computed(asked)["mse"])


def chosen_digit() -> int:
    """Draw pills of the classes and a button for the next digit; return a position in digits()."""
    images = digits()
    help_text = "The class of the input digit; no model here was trained on the digit itself"
    name = one_of("digit", "Digit", images.class_names, help_text, st.pills)
    nth = another("Another", "The next digit of this class")
    return int(np.flatnonzero(images.labels == images.class_names.index(name))[nth])


def one_of(
    key: str,
    label: str,
    options: Sequence[str] | Mapping[str, str],
    help_text: str,
    widget: widgets.Widget = st.segmented_control,
) -> str:
    """Draw a choice of a few options, at first the first; it is part of the link.

    options: names, or titles by name.
    """
    names, called = list(options), options if isinstance(options, Mapping) else {}
    return widgets.choice(
        widget,
        label,
        names,
        key,
        default=names[0],
        required=True,
        format_func=lambda name: called.get(name, name),
        help=help_text,
        wrap=True,
    )


def slider(packed: Packed, key: str, default: float, chart: Chart | None = None) -> None:
    """Draw a slider with pictures and a chart above it; its position is part of the link."""
    widgets.frames(packed, f"learn_{key}", key, default, chart=chart)


def another(label: str, help_text: str) -> int:
    """Draw a button that counts its clicks; return the count modulo N_OF_A_CLASS."""
    nth = int(state.recall_number(NTH, 0, 0, N_OF_A_CLASS - 1))
    st.button(label, icon=":material/skip_next:", on_click=_count_on, help=help_text)
    state.publish(NTH, 0)
    return nth


def row_of_controls() -> Any:
    """The container of a step's controls."""
    return st.container(horizontal=True, vertical_alignment="bottom")


def say(*sentences: str) -> None:
    """Draw a few sentences."""
    st.markdown("  \n".join(sentences))


def kept_for(cards: Sequence[Card], name: str, make: Callable[[], Any], *more: Any) -> Any:
    """The cached value of make() for these models and further arguments of the key."""
    return cache.kept((f"learn {name}", *(card.sha256 for card in cards), *more), make)


def _count_on() -> None:
    st.session_state[NTH] = (int(st.session_state.get(NTH, 0)) + 1) % N_OF_A_CLASS


# The button at the end of a step that continues on another page.


class GoOn(NamedTuple):
    """Where a step continues.

    page: file of the page.  choices: session values to set there, with model and dataset.  images:
    ids to select there, none to leave the selection as it is.
    """

    label: str
    page: str
    choices: Mapping[str, Any]
    images: tuple[str, ...] = ()


def go_on(way: GoOn) -> None:
    """Draw the button that opens another page with the same content."""
    if st.button(
        way.label,
        icon=":material/arrow_forward:",
        icon_position="right",
        key="go_on",
        on_click=_take_along,
        args=(way,),
        help="Opens that page with the same model, images and noise",
    ):
        st.switch_page(way.page)


def on_digits(card: Card, **more: Any) -> dict[str, Any]:
    """Session values for another page: this model on the digits, and more."""
    return {"dataset": DATASET, "split": SPLIT, "model": card.name, **more}


def _take_along(way: GoOn) -> None:
    if way.choices["dataset"] != st.session_state.get("dataset"):
        state.forget(OF_A_DATASET)
    st.session_state.update(way.choices)
    choose_model(way.choices["model"])
    if way.images:
        selection.select(way.images)
