"""The section that finds the odd ones of a folder: images are added, and nothing else is asked."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from core.anomaly import crossfit, find_tasks, thresholds, with_network
from core.anomaly.calibration import Calibration, percent
from core.anomaly.crossfit import LEAST, Flags, Scores
from core.anomaly.thresholds import Threshold
from core.computing.stock import SplitRef
from core.computing.tasks import Arrays, task
from core.config import HourglassError
from core.data.own import make_set, store
from core.data.own.draft import Form
from core.data.own.make_set import Keeping
from core.images.imagesets import ImageSet
from core.imports import Import
from core.text import counted
from pages.ui import cache, progress
from pages.ui.components import gallery
from pages.ui.components.gallery import Columns, Item
from pages.ui.figures import mosaic
from pages.ui.figures.text import plain, sentence
from pages.ui.frame import downloads, errors, sidebar, ways
from pages.ui.frame.sidebar import Choice
from pages.ui.own import imports, odd_network, offering, tray
from pages.ui.own import results as own_results
from pages.ui.own.offering import Source
from pages.ui.session import selection, widgets
from pages.ui.session.registry import YOUR_IMAGES

BEGUN = "odd_begun"  # ids of imports that this visitor began here
LARGEST_SIDE = 64  # pixels: larger pictures take longer, and are shown at their own size elsewhere
ON_A_PAGE = 48
MOST_REASONS = 60  # letters below an image
SIDE = 96  # pixels of an image on the wall


@dataclass(frozen=True)
class Wall:
    """All images of a set, how strange each is, and the threshold.

    order: positions, the strangest first.  flagged: (n,).
    """

    images: ImageSet
    scores: npt.NDArray[np.float64]
    facts: npt.NDArray[np.str_]
    reasons: npt.NDArray[np.str_]
    order: npt.NDArray[np.int64]
    flagged: npt.NDArray[np.bool_]
    threshold: Threshold


def draw(choice: Choice) -> None:
    """Draw the section."""
    every = imports.all_of_them()
    mine = imports.chosen(every)
    if mine is not None and mine.is_read:
        _take(mine)
    elif mine is not None:
        imports.draw([mine], mine)
    else:
        with errors.shown():
            _door()
    if (mine is None or not mine.is_live) and choice.dataset.id.startswith(store.PREFIX):
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
    rate = widgets.rate()
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
        order=np.lexsort((np.arange(len(scores)), -scores)),
        flagged=threshold.flags(scores) | ranking.is_plain,
        threshold=threshold,
    )
    st.markdown(said(wall, rate))
    st.caption(plain(str(found["why"])))
    odd_network.draw(dataset, learnt)
    _pictures(wall)
    _ways_on(wall, dataset)


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


def _pictures(wall: Wall) -> None:
    n_pages = -(-len(wall.order) // ON_A_PAGE)
    page = st.pagination(n_pages, key=f"odd_page_{n_pages}") if n_pages > 1 else 1
    at = wall.order[ON_A_PAGE * (page - 1) : ON_A_PAGE * page]
    items = [
        Item(str(wall.images.ids[i]), _lines(wall, ON_A_PAGE * (page - 1) + place + 1, i))
        for place, i in enumerate(at.tolist())
    ]
    pictures = mosaic.colours(wall.images.pixels(at))
    packed = gallery.pack(items, [pictures], Columns(("image",), SIDE))
    if clicked := gallery.show(packed, "odd_wall", selection.ids()):
        selection.toggle(clicked)
        st.rerun()


def _lines(wall: Wall, rank: int, i: int) -> tuple[str, ...]:
    """What stands below an image: rank and name, whether it is flagged, and what is strange."""
    name = own_results.last_part(str(wall.images.ids[i]))
    first = str(wall.reasons[i]).partition(",")[0]
    why = str(wall.facts[i]) or (first if wall.flagged[i] else "")
    flag = " ⚑" if wall.flagged[i] else ""
    return tuple(filter(None, (f"{rank:,}{flag}  {name}", why[:MOST_REASONS])))


def _ways_on(wall: Wall, dataset: str) -> None:
    with st.container(horizontal=True):
        st.button(
            "Select the flagged", icon=":material/check_box:",
            on_click=selection.select,
            args=(wall.images.ids[wall.order[wall.flagged[wall.order]]].tolist(),),
            help="Select these images on all pages",
        )  # fmt: skip
        downloads.csv_button(lambda: table(wall), "odd", "All images, the strangest first")
        ways.to_training(dataset, "Train a network on it", key="train_on_odd")
    st.caption(
        "A data set like any other: choose it on every page. A network trained on it adds scores "
        "of its own on the Outliers page, where the images can be reviewed one by one."
    )


def table(wall: Wall) -> pd.DataFrame:
    """A row an image, the strangest first."""
    at = wall.order
    return pd.DataFrame(
        {
            "rank": np.arange(1, len(at) + 1),
            "id": wall.images.ids[at].tolist(),
            "score": wall.scores[at],
            "is_outlier": wall.flagged[at],
            "facts": wall.facts[at].tolist(),
            "reason": wall.reasons[at].tolist(),
        }
    )
