"""The section on models: upload, download, rename and delete checkpoints."""

from collections.abc import Callable

import streamlit as st

from core.checkpoints import MAX_FILE_BYTES, SUFFIX, Card, broken, trained_on
from core.inference import own_models
from core.runs import removal
from core.text import counted, natural, one_line
from pages.ui import cache, progress
from pages.ui.figures.text import plain
from pages.ui.frame import deleting, downloads, errors, ways
from pages.ui.frame.sidebar import Choice
from pages.ui.own import kept_report
from pages.ui.session import state, widgets

CHOSEN = "managed_model"
GOES = "This removes its file, and all that was computed with it: codes, maps, measurements."
ROUND, SAID = "model_uploads", "model_said"
UPLOAD_HELP = (
    "A .safetensors file saved by Hourglass. The whole file is checked before it is used. Pickled "
    "files (.pt, .pth, .pkl) can run code when opened and are refused"
)


def draw(choice: Choice) -> None:
    """Draw the section."""
    if said := st.session_state.pop(SAID, ""):
        st.success(plain(said), icon=":material/check:")
    _upload()
    st.subheader("Models on this machine")
    for sentence in broken():
        st.warning(plain(f"Not listed: {sentence}"), icon=":material/warning:")
    cards = sorted(cache.cards(), key=lambda card: (card.shipped, natural(card.name)))
    if not cards:
        st.info("There is no model yet: upload one above, or train one.")
        ways.to_training(choice.dataset.id)
        return
    called = {card.name: f"{card.name} · {card.title}{card.mark}" for card in cards}
    chosen = widgets.choice(
        st.selectbox,
        "Model",
        [card.name for card in cards],
        key=CHOSEN,
        default=cards[0].name,
        what="model",
        format_func=called.__getitem__,
        help="Your own models first, then those included with Hourglass",
    )
    card = next(card for card in cards if card.name == chosen)
    _one(card)
    downloads.button(lambda: kept_report.models(card, cards), "models")


def _upload() -> None:
    n = st.session_state.setdefault(ROUND, 0)
    file = st.file_uploader("Upload a model", key=f"model_file_{n}", help=UPLOAD_HELP,
                            max_upload_size=MAX_FILE_BYTES >> 20)  # fmt: skip
    if not file:
        return
    name = st.text_input(
        "Name",
        own_models.suggested_name(file.name),
        key=f"model_name_{n}",
        help="1 to 64 lower-case letters, digits, - and _",
    )
    if st.button("Check and add it", type="primary", icon=":material/verified_user:",
                 help="The model is only stored if it passes all checks"):  # fmt: skip
        with errors.shown():
            card = own_models.take_in(file.getvalue(), file.name, name)
            _said(f"{card.name} was added: {card.title}.")
            st.session_state[ROUND] += 1
            st.session_state[CHOSEN] = card.name
            st.rerun()


def _one(card: Card) -> None:
    metrics, size = card.metrics, card.path.stat().st_size / 1e6
    shape = " x ".join(map(str, card.input_shape))
    origin = "Included with Hourglass" if card.shipped else "Your own"
    tested_on = f"{metrics['n']:,} test images of {one_line(metrics['dataset'])}"
    epochs = counted(card.epochs, "epoch")
    facts = (
        f"{origin}, {size:.1f} MB, for images of {shape}",
        f"trained on {card.dataset_title} for {epochs} in {card.seconds:,.0f} s",
        f"MSE {metrics['mse']:.5f} on {tested_on}, {trained_on.origin_of_numbers(card)}",
        f"sha256 {card.sha256[:16]}…",
    )
    st.caption("  \n".join(map(plain, filter(None, (*facts, card.health_words)))))
    if card.warning:
        st.warning(plain(card.warning), icon=":material/warning:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Download",
            card.path.read_bytes,
            f"{card.name}{SUFFIX}",
            "application/octet-stream",
            icon=":material/download:",
            on_click="ignore",
            help="The complete model as one file",
        )
        if card.shipped:
            st.caption("Included models cannot be changed; your own can be renamed and deleted.")
            return
        _rename(card)
        _delete(card)


def _rename(card: Card) -> None:
    with st.popover("Rename", icon=":material/edit:", help="Give it another name"):
        name = st.text_input("New name", card.name, key=f"new_name_{card.name}",
                             help="1 to 64 lower-case letters, digits, - and _")  # fmt: skip
        if st.button("Rename it", disabled=name == card.name, help="The file keeps its content"):
            _do(lambda: own_models.rename(card, name), f"{card.name} is now called {name}.")


def _delete(card: Card) -> None:
    if st.button(
        "Delete", icon=":material/delete:", help="Asks first; removes it from this machine"
    ):
        facts = deleting.facts_of(removal.of_model(card, deleting.reviews()), "model", card.name)
        goes = (
            "This removes its file, and all that was computed with it: codes, maps, measurements."
        )
        deleting.ask(f"Delete the model {card.name}?", [goes, *facts], lambda: _deleted(card))


def _deleted(card: Card) -> None:
    removal.delete_model(card)
    progress.jobs().forget_about(card.sha256)
    _said(f"{card.name} is deleted.")
    state.forget((CHOSEN,))
    if st.session_state.get("model") == card.name:
        state.forget(("model",))


def _do(change: Callable[[], None], said: str) -> None:
    with errors.shown():
        change()
        _said(said)
        state.forget((CHOSEN,))
        st.rerun()


def _said(words: str) -> None:
    st.session_state[SAID] = words
