"""The choice of data and model that all pages share, in the sidebar and in the link."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import streamlit as st

from core.checkpoints import Card
from core.data import catalogue
from core.data.catalogue import DatasetInfo
from core.images.imagesets import ImageSet
from core.text import counted
from pages.ui import cache
from pages.ui.components import history
from pages.ui.figures.text import noise_name, plain, size_name, titles
from pages.ui.frame import ways
from pages.ui.frame.errors import DeadEnd
from pages.ui.session import existing, links, presence, router, selection, state, widgets

DEFAULT_DATASET = "mnist-5k"
NEXT_DATASET = "next_dataset"
_TAKEN = "model_taken"  # the default model of the page, while none was chosen
_DIGEST = "model_digest"  # name and digest of the model that was chosen last
OF_A_DATASET = (
    "n",
    "classes",
    "shuffle",
    "highlight",
)  # choices that do not apply to another data set
ALONE = ("learn",)  # pages with their own data and models
PREFERRED = ("mnist-denoising", "mnist-dense-32", "shapes-conv")
FLAT = "latent"  # the page whose default is a model with a two-dimensional code
BEGINS = "The default of this page, because a code of two numbers can be drawn as a map directly."


@dataclass(frozen=True)
class Choice:
    """The values of the sidebar's controls.

    fitting: all checkpoints for images of this shape.  card: the chosen one, None if none fits.
    """

    dataset: DatasetInfo
    split: str
    fitting: tuple[Card, ...]
    card: Card | None

    def images(self) -> ImageSet:
        """The images of the chosen split."""
        return cache.dataset(self.dataset.id, self.split)

    def model(self) -> Card:
        """The card of the chosen checkpoint.  Raises DeadEnd with what to do if none fits."""
        if self.card is None:
            raise DeadEnd(
                f"There is no model for images of {size_name(self.dataset.input_shape)} yet: train "
                "one, or choose other data in the sidebar.",
                lambda: ways.to_training(self.dataset.id),
            )
        return self.card


def draw() -> None:
    """Draw the sidebar's widgets; chosen() then returns their values.

    Pages with their own data have no such widgets; the values are kept.
    """
    if following := st.session_state.pop(NEXT_DATASET, None):
        st.session_state["dataset"] = following
        state.forget(OF_A_DATASET)
    shown = state.page() not in ALONE
    info = _dataset(shown)
    split = _split(info, shown)
    card = _checkpoint(info, _fitting(info), shown)
    if shown:
        presence.look("data set", info.id)
    if card and shown:
        presence.look("model", card.name)
        _about(card, info, split)
        if state.page() == FLAT and card.name == st.session_state.get(_TAKEN):
            st.caption(BEGINS)
    links.follow_selection(info.id, split)
    _selection()
    history.one_entry_a_page()


def choose(dataset_id: str) -> None:
    """Callback that chooses a data set for all pages."""
    st.session_state[NEXT_DATASET] = dataset_id


def chosen() -> Choice:
    """The values of the sidebar; for pages, which run after draw()."""
    router.require_app()
    info = _infos()[st.session_state["dataset"]]
    fitting = _fitting(info)
    by_name = {card.name: card for card in fitting}
    return Choice(
        info, st.session_state["split"], fitting, by_name.get(st.session_state.get("model", ""))
    )


def choose_model(name: str) -> None:
    """Choose a model for all pages; call it before draw()."""
    st.session_state["model"] = name
    st.session_state.pop(_TAKEN, None)


def default_model(fitting: Sequence[Card], page: str = "", dataset: str = "") -> str:
    """Name of the default model: a preferred one, or a denoising one, or the first.

    On the Latent space page it is one with a two-dimensional code, preferably a network instead of
    PCA, and trained on the data set.
    """
    flat = [card for card in fitting if card.latent_dim == 2 and not card.architecture.closed_form]
    if page == FLAT and flat:
        return max(flat, key=lambda card: card.dataset == dataset).name
    names = [card.name for card in fitting]
    preferred = [name for name in PREFERRED if name in names]
    denoising = [card.name for card in fitting if card.noise]
    return (preferred + denoising + names)[0]


def _infos() -> dict[str, DatasetInfo]:
    return {info.id: info for info in catalogue.catalogue() if info.available}


def _fitting(info: DatasetInfo) -> tuple[Card, ...]:
    return tuple(card for card in cache.cards() if card.input_shape == info.input_shape)


def _dataset(shown: bool) -> DatasetInfo:
    infos = _infos()
    name = widgets.choice(
        widgets.drawn_if(shown, st.selectbox),
        "Data",
        list(infos),
        key="dataset",
        default=DEFAULT_DATASET,
        what="data set",
        format_func=lambda name: infos[name].title,
        on_change=state.forget,
        args=(OF_A_DATASET,),
        help="Which images are shown",
    )
    info = infos[name]
    if shown:
        st.caption(plain(info.explanation))
    return info


def _split(info: DatasetInfo, shown: bool) -> str:
    counts = {"test": info.n_test, "train": info.n_train}
    return widgets.choice(
        widgets.drawn_if(shown, st.segmented_control),
        "Part",
        list(counts),
        key="split",
        default="test",
        required=True,
        format_func=lambda split: f"{split} · {counts[split]:,}",
        help="Models are trained on the train split and tested on the test split",
    )


def _checkpoint(info: DatasetInfo, fitting: Sequence[Card], shown: bool) -> Card | None:
    if not fitting:
        st.session_state.pop("model", None)
        return None
    called = titles(fitting)
    _follow_renamed()
    default = default_model(fitting, state.page(), info.id)
    _take_default(default, called)
    name = widgets.choice(
        widgets.drawn_if(shown, st.selectbox),
        "Model",
        list(called),
        key="model",
        default=default,
        what="model",
        format_func=called.__getitem__,
        on_change=st.session_state.pop,
        args=(_TAKEN, None),
        help="The autoencoder that all pages use",
    )
    card = next(card for card in fitting if card.name == name)
    st.session_state[_DIGEST] = card.name, card.sha256
    return card


def _take_default(default: str, names: Collection[str]) -> None:
    """Set the default model of the page if none was chosen by hand or by a link."""
    held = st.session_state.get("model")
    is_chosen = held in names and held != st.session_state.get(_TAKEN)
    if not is_chosen and "model" not in st.query_params:
        st.session_state["model"] = st.session_state[_TAKEN] = default


def _follow_renamed() -> None:
    """Keep the chosen model when it was renamed."""
    name, sha256 = st.session_state.get(_DIGEST, ("", ""))
    if st.session_state.get("model") != name or not existing.is_gone("model", name):
        return
    if now := next((card.name for card in cache.cards() if card.sha256 == sha256), None):
        st.session_state["model"] = now
        state.note_refusal("model", "model", [name], now, "renamed")


def _about(card: Card, info: DatasetInfo, split: str) -> None:
    st.caption(plain(card.architecture.explanation))
    trained = f"{noise_name(card.noise)}, σ = {card.noise.sigma:g}" if card.noise else "no noise"
    n_pixels = _product(card.input_shape)
    facts = (
        f"D' = {counted(card.latent_dim, 'number')} in the code, {n_pixels:,} in the image",
        counted(card.n_parameters, "parameter"),
        f"trained on {card.dataset_title} with {trained}",
    )
    st.caption("  \n".join(map(plain, facts)))
    if card.health_words:
        st.caption(plain(card.health_words))
    if card.warning:
        st.caption(f":material/warning: {plain(card.warning)}")
    n = info.n_train if split == "train" else info.n_test
    seen = cache.seen(card, info.id, split, n)
    expect = ": expect lower errors on those." if seen.n_seen else "."
    said = plain(seen.words().removesuffix(".") + expect)
    st.caption(f":material/info: {said}" if seen.is_any else said)


def _selection() -> None:
    if not (n := len(selection.ids())):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{n:,}** selected")
        st.button(
            "Clear",
            on_click=selection.select,
            args=((),),
            type="tertiary",
            help="Clear the selection on all pages",
        )
    if words := links.said_of_size():
        st.caption(words)


def _product(shape: tuple[int, int, int]) -> int:
    c, h, w = shape
    return c * h * w
