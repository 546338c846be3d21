"""The section that makes a data set of a folder or archive, after a report on its images."""

import math
from collections.abc import Sequence

import streamlit as st

from core import machine
from core.data.own import make_set, store
from core.data.own.draft import Draft, Form
from core.data.own.make_set import Keeping
from core.data.own.store import OwnSet
from core.images.preparation import words
from core.imports import Import
from core.imports import control as import_control
from core.models import architecture
from core.runs import RunConfig, removal
from core.text import counted, listed
from core.training import config as recipes
from core.training.config import TrainConfig
from pages.ui import cache, progress
from pages.ui.figures.text import plain, size_name
from pages.ui.frame import deleting, downloads, errors, probes, sidebar, ways
from pages.ui.frame.sidebar import Choice
from pages.ui.own import findings, imports, kept_report, offering, parting
from pages.ui.own.offering import Source
from pages.ui.session import state

SAID = "set_said"
TRAIN = "Starts at once, with the settings above, and opens the Train page, where you can watch it"
NETWORK = "Starts a convolutional network at once, to compare it with PCA"
MADE = "set_made"  # id of the set that was made last, until other images are read


def draw(_: Choice) -> None:
    """Draw the section."""
    if said := st.session_state.pop(SAID, ""):
        st.success(plain(said), icon=":material/check:")
    found = store.available()
    _made(found)
    every = imports.all_of_them()
    mine = imports.chosen(every)
    imports.draw(every, mine)
    draft: Draft | None = None
    if mine is not None and mine.is_read:
        with errors.shown():
            draft = imports.draft_of(mine)
            _finish(mine, draft)
    elif mine is None or not mine.is_live:
        _begin()
    _list(found)
    if found or draft:
        cards = cache.cards()
        downloads.button(lambda: kept_report.sets(found, cards, draft), "your-data-sets")


def _made(found: Sequence[OwnSet]) -> None:
    """Draw the next step after making a set, while it is chosen and no model was trained on it."""
    made = next((own for own in found if own.id == st.session_state.get(MADE)), None)
    if made is None or st.session_state["dataset"] != made.id:
        return
    if any(card.dataset == made.id for card in cache.cards()):
        return
    st.success(
        plain(f"{made.name} was made and is selected in the sidebar. Next: train a model on it."),
        icon=":material/check:",
    )
    train = recipes.suggested(made.id, made.shape, made.n_train)
    st.caption(plain(f"{_in_words(train, made)}"))
    with errors.shown(), st.container(horizontal=True):
        ways.to_trained(train, "Train a model on it", TRAIN, type="primary", key="train_on_made")
        if recipes.is_few(made.shape, made.n_train):
            network = recipes.network(made.id, made.shape, made.n_train)
            ways.to_trained(network, "Train a network", NETWORK, key="network_on_made")
        ways.to_training(made.id, "Choose the settings", key="settings_of_made")
    probes.draw_time(RunConfig("", 0.0, train, threads=machine.threads_per_run()))


def _in_words(train: TrainConfig, own: OwnSet) -> str:
    """What is suggested for a set: architecture, size of the code, how long."""
    spec = architecture(train.arch)
    dim = spec.plan(own.shape, train.options).latent_dim
    said = (
        f"Suggested for {counted(own.n_train, 'image')} of {size_name(own.shape)}: {spec.title}, "
        f"D' = {dim:,} numbers in the code"
    )
    if spec.closed_form:
        return f"{said}. From so few images a network usually learns less than PCA."
    steps = train.epochs * math.ceil(own.n_train / train.batch_size)
    return f"{said}, {counted(train.epochs, 'epoch')} ({steps:,} steps)."


def _begin() -> None:
    images = offering.choose_source()
    if images is None:
        st.info(
            "Add a folder or an archive of images, with one subfolder for each class, or all "
            "images together. First you get a report; the data set is made when you confirm it."
        )
        return
    with errors.shown():
        _offer_reading(images)


def _offer_reading(images: Source) -> None:
    form, encoding = offering.source_form(images), offering.encoding_choice(images)
    if st.button(
        "Read the images",
        type="primary",
        icon=":material/play_arrow:",
        help="Runs in the background; you can use other pages, or close this one, meanwhile",
    ):
        imports.begin(images, form, encoding)
        st.session_state.pop(MADE, None)
        offering.begin_anew()
        st.rerun()


def _finish(one: Import, draft: Draft) -> None:
    draft = parting.with_table(draft)
    findings.draw(draft, lambda form: _again(one, form))
    keeping, name = parting.draw(draft)
    with st.container(horizontal=True):
        if st.button("Make the data set", type="primary", icon=":material/dataset:",
                     help="It can then be chosen on all pages"):  # fmt: skip
            _make(one, draft, name, keeping)
        if st.button("Throw it away", help="Discard what was read; your own files are not changed"):
            imports.remove(one)
            st.rerun()


def _again(one: Import, form: Form) -> None:
    """Read the same files with another form."""
    import_control.again(one, form)
    st.rerun()


def _make(one: Import, draft: Draft, name: str, keeping: Keeping) -> None:
    with errors.shown():
        bar = st.progress(0.0, "Writing the data set")

        def tell(done: int, total: int | None) -> None:
            bar.progress(done / (total or 1), "Writing the data set")

        own = make_set.make(draft, name, keeping, tell)
        imports.remove(one)
        st.session_state[MADE] = own.id
        sidebar.choose(own.id)
        st.rerun()


def _list(sets: tuple[OwnSet, ...]) -> None:
    if not sets:
        return
    st.subheader("Your data sets")
    for own in sets:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            n_classes = len(own.class_names)
            classes = counted(n_classes, "class", "classes") if n_classes else "no classes"
            st.markdown(
                f"**{plain(own.name)}** {own.n_train:,} to train, {own.n_calibration:,} to "
                f"calibrate, {own.n_test:,} to test, {words(own.how)}, {classes} "
                f":gray[from {plain(own.source)}; "
                f"{own.n_left_out:,} left out]"
            )
            st.button("Choose", key=f"choose_{own.name}", on_click=sidebar.choose, args=(own.id,),
                      disabled=st.session_state["dataset"] == own.id,
                      help="Choose it in the sidebar, for all pages")  # fmt: skip
            ways.to_training(own.id, "Train on it", key=f"train_on_{own.name}")
            if st.button("Delete", icon=":material/delete:", key=f"delete_{own.name}",
                         help="Asks first; removes it from this machine"):  # fmt: skip
                _ask(own)


def _ask(own: OwnSet) -> None:
    """Ask whether to delete a set; refused while a run is training on it."""
    found = removal.of_dataset(own, deleting.reviews())
    goes = (
        f"This removes its {counted(own.n, 'image')}, and all that was computed "
        "from them. The files that it was made from stay as they are."
    )
    if found.live:
        busy = f"{listed(found.live)} is training on it: cancel that first."
        deleting.ask(f"Delete the data set {own.name}?", [goes, busy], None)
        return
    facts = deleting.facts_of(found, "data set", own.id)
    deleting.ask(f"Delete the data set {own.name}?", [goes, *facts], lambda: _deleted(own))


def _deleted(own: OwnSet) -> None:
    removal.delete_dataset(own)
    progress.jobs().forget_about(f"dataset='{own.id}'")
    st.session_state[SAID] = f"{own.name} is deleted."
    if st.session_state.get("dataset") == own.id:
        state.forget(("dataset", *sidebar.OF_A_DATASET))
