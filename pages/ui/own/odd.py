"""The section that finds the odd ones of a folder: images are added, and nothing else is asked."""

from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from core.anomaly import crossfit, find_tasks, thresholds, with_network
from core.anomaly.calibration import Calibration, percent
from core.anomaly.crossfit import LEAST, Flags, Scores
from core.computing.stock import SplitRef
from core.computing.tasks import Arrays, task
from core.config import HourglassError
from core.data.own import make_set, store
from core.data.own.draft import Form
from core.data.own.make_set import Keeping
from core.imports import Import
from core.text import counted
from pages.ui import cache, progress
from pages.ui.figures.text import plain, sentence
from pages.ui.frame import errors, sidebar, ways
from pages.ui.frame.sidebar import Choice
from pages.ui.own import imports, odd_network, odd_wall, offering, tray
from pages.ui.own.odd_wall import Wall
from pages.ui.own.offering import Source
from pages.ui.session import selection, widgets
from pages.ui.session.registry import YOUR_IMAGES

BEGUN = "odd_begun"  # ids of imports that this visitor began here
DOOR = "Find the odd ones of other images"
LARGEST_SIDE = 64  # pixels: larger pictures take longer, and are shown at their own size elsewhere


def draw(choice: Choice) -> None:
    """Draw the section."""
    has_wall = choice.dataset.id.startswith(store.PREFIX)
    every = imports.all_of_them()
    mine = imports.chosen(every)
    if mine is not None and mine.is_read:
        _take(mine)
    elif mine is not None:
        imports.draw([mine], mine)
    else:
        with errors.shown(), st.expander(DOOR) if has_wall else nullcontext():
            _door()
    if (mine is None or not mine.is_live) and has_wall:
        with progress.part():
            _wall(choice.dataset.id)


def _door() -> None:
    images = offering.choose_source()
    if images is None:
        st.caption(
            "Add a folder, an archive or files: the images are read and ranked, the strangest "
            "first. Nothing else is asked, and no model is needed."
        )
        return
    n = offering.n_files_of(images)
    if n < LEAST:
        _too_few(images, n)
        return
    begin(images)
    offering.begin_anew()
    st.rerun()


def begin(images: Source) -> None:
    """Begin to read images, among which the odd ones are then shown.  Raises DataError."""
    one = imports.begin(images, _form(images), "")
    st.session_state.setdefault(BEGUN, set()).add(one.id)


def _too_few(images: Source, n: int) -> None:
    """The other door, for a few images: how a model reconstructs each."""
    st.info(
        f"{counted(n, 'image')}: at least {LEAST} are needed to judge images by each other. Add "
        "more together, or see how a model reconstructs each of these."
    )

    def look() -> None:
        with errors.toasted():
            offering.take(tray.mine(), images)
            offering.begin_anew()
            st.session_state[YOUR_IMAGES.key] = "look"

    st.button(
        "Look at them one by one", type="primary",
        icon=":material/image_search:", on_click=look, help="With the model of the sidebar",
    )  # fmt: skip


def _form(images: Source) -> Form:
    """How the images are prepared: as suggested, but no larger than LARGEST_SIDE."""
    suggested = offering.first_look_of(images).form
    return replace(suggested, size=(min(LARGEST_SIDE, suggested.size[0]),) * 2, resampling="area")


def _take(one: Import) -> None:
    """Make a data set of what was read; asked first if it was not begun here."""
    begun = one.id in st.session_state.get(BEGUN, ())
    about = "Makes a data set of them, equal images and all"
    if not begun and not st.button("Find the odd ones among these", type="primary", help=about):
        return
    with errors.shown(), st.spinner("Writing the data set"):
        draft = imports.draft_of(one)
        keeping = Keeping(repeats=True)
        own = make_set.make(draft, make_set.free_name(draft.source), keeping)
        imports.remove(one)
        odd_network.asked(own.id)
        sidebar.choose(own.id)
        st.rerun()


def _wall(dataset: str) -> None:
    images = cache.dataset(dataset, "all")
    asked = task(find_tasks.odd, SplitRef.of(dataset, "all"), title="Judging each image by others")
    try:
        found = cache.computed(asked)
    except HourglassError as error:
        st.warning(sentence(str(error)), icon=":material/warning:")
        return
    st.subheader(f"The odd ones of {plain(dataset.partition(':')[2])}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        rate = widgets.rate()
        reviewer, teach = odd_wall.controls()
    learnt = odd_network.Learnt.of(dataset)
    ranking = ranked(found, odd_network.compared(dataset, learnt))
    usual = ranking.calibration
    threshold = thresholds.by_rate(usual, rate, len(images))
    scores = ranking.scores
    wall = Wall(
        images=images,
        scores=scores,
        facts=found["facts"],
        reasons=found["reasons"],
        points=found["points"],
        order=np.lexsort((np.arange(len(scores)), -scores)),
        flagged=threshold.flags(scores) | ranking.is_plain,
        threshold=threshold,
    )
    st.markdown(said(wall, rate))
    st.caption(plain(str(found["why"])))
    with errors.shown():
        odd_wall.draw(wall, reviewer, teach)
    odd_wall.refused(images)
    _ways_on(wall, dataset)
    odd_network.draw(dataset, learnt)


@dataclass(frozen=True)
class Ranking:
    """How strange n images are.  scores: (n,).  is_plain: (n,), odd beyond doubt or by a fact."""

    scores: Scores
    is_plain: Flags
    calibration: Calibration


def ranked(found: Arrays, network: Arrays | None = None) -> Ranking:
    """By the judges without a network, or by a network that finds more.

    found: of find_tasks.odd.  network: of find_tasks.odd_with_network, if it is there.
    """
    if network is None or not network["takes_over"]:
        usual = Calibration(found["calibration"], str(found["calibration_name"]))
        return Ranking(found["scores"], found["is_plain"], usual)
    scores = with_network.ranked(str(network["score"]), network["scores"], found["scores"])
    is_plain = (found["facts"] != "") | crossfit.is_clear(scores)
    return Ranking(scores, is_plain, crossfit.calibration(scores, is_plain, "images"))


def said(wall: Wall, rate: float) -> str:
    """How many are flagged, and how many of them are expected to be usual."""
    n, flagged = len(wall.images), int(wall.flagged.sum())
    broken = int((wall.flagged & (wall.facts != "")).sum())
    facts = f", {broken:,} of them broken or conspicuous files" if broken else ""
    expected = counted(round(rate * n), "false find") if rate * n >= 0.5 else "none"
    return (
        f"**{flagged:,} of {counted(n, 'image')} flagged**, with a score above "
        f"{wall.threshold.value:.3g}{facts}. Of usual images at most "
        f"{percent(rate)} are: {expected} expected."
    )


def _ways_on(wall: Wall, dataset: str) -> None:
    with st.container(horizontal=True):
        st.button(
            "Select the flagged", icon=":material/check_box:",
            on_click=selection.select,
            args=(wall.images.ids[wall.order[wall.flagged[wall.order]]].tolist(),),
            help="Select these images on all pages",
        )  # fmt: skip
        odd_wall.exports(wall)
        ways.to_training(dataset, "Train a network on it", key="train_on_odd")
    st.caption(
        "A data set like any other: choose it on every page. A network trained on it adds scores "
        "of its own on the Outliers page, where the images can be reviewed one by one."
    )
