"""The section that examines single images: preparation, reconstruction, error and verdict."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from core.anomaly import foreign
from core.anomaly.crossfit import LEAST
from core.anomaly.foreign import Flags
from core.checkpoints import Card, trained_on
from core.checkpoints.trained_on import Seen
from core.data.own.upload import MOST
from core.images.imagesets import ImageSet
from core.images.preparation import words
from core.images.steps import kind_of
from core.streaming.scoring import Scored, score
from core.text import counted
from pages.ui import cache, progress
from pages.ui.components import gallery
from pages.ui.components.component import Packed
from pages.ui.components.gallery import Columns, Item
from pages.ui.figures import mosaic
from pages.ui.figures.text import decimal, plain
from pages.ui.frame import downloads, errors, live
from pages.ui.frame.sidebar import Choice
from pages.ui.own import imports, offering, steps_form, tray
from pages.ui.own import odd as own_odd
from pages.ui.own import place as own_place
from pages.ui.own import report as own_report
from pages.ui.own import results as own_results
from pages.ui.own.offering import Source
from pages.ui.own.tray import Fit, Tray
from pages.ui.progress import progress_line
from pages.ui.session import widgets
from pages.ui.session.registry import YOUR_IMAGES

EMPTY = (
    "There are no images yet. Add a few of your own above: PNG, JPEG, WebP, BMP, TIFF or GIF of "
    "any size. They are rotated, cropped, resized and converted to grey as the model "
    "in the sidebar requires, and each of these steps can be changed. Of a folder or archive of "
    f"{LEAST} or more you are asked whether to find the odd ones among them."
)
ODD = "Ranks all images, the strangest first; no model is needed, and nothing else is asked"
SET = "For training and testing models: first you get a report on the images"
ONE_BY_ONE = f"How the model reconstructs each of them; of more than {MOST:,}, the first"
TOO_LARGE = (
    f"Files of more than {offering.MOST_BYTES >> 20} MB together are not looked at one by one"
)
EMPTY_PAD = (
    "Nothing is drawn yet. Draw a digit on the pad: after each stroke the model reconstructs it."
)


@dataclass(frozen=True)
class ScoredImages:
    """All images as prepared for the network, and their scores with the model of the sidebar."""

    choice: Choice
    card: Card
    images: ImageSet
    scored: Scored

    def is_foreign(self, name: str) -> bool:
        """Whether the model's images are of another kind than this one."""
        return bool(self.scored.table["is_foreign"].iloc[int(self.images.positions([name])[0])])

    def numbers(self, name: str) -> tuple[float, float, bool]:
        """MSE, percentile and whether it is an outlier; nan, nan, False if it has no score, and
        False without a verdict.
        """
        row = self.scored.table.iloc[int(self.images.positions([name])[0])]
        outlier = not row["reason"] and not pd.isna(row["is_outlier"]) and bool(row["is_outlier"])
        return float(row["error"]), float(row["percentile"]), outlier


def draw(choice: Choice) -> None:
    """Draw the section."""
    held = tray.mine()
    beside = offering.way() == "draw"  # beside the pad
    left, right = st.columns([5, 13], gap="medium") if beside else (st.container(), st.container())
    with left:
        is_asked = offering.draw(held, lambda images: _is_to_look(held, images))
        _counts(held)
    if beside:
        with right:
            live.draw(_while_drawing(choice))
    if not held.given:
        if not is_asked:
            right.info(EMPTY_PAD if beside else EMPTY)
        return
    fit = fit_of(choice.model())
    with right:
        looked = _looked(held, choice, fit)
        if beside:
            _chosen_one(held, looked, fit)
    _heading(held, looked)
    if not beside:
        _chosen_one(held, looked, fit)
    noised = own_results.draw(held.chosen, looked.images, looked.card, choice.fitting)
    own_results.draw_wall(held.chosen, looked.images, choice.fitting, looked.scored.line.rate)
    own_place.draw(held.chosen, looked.images, choice, looked.card)
    prepared = {name: _prepared(held, name, fit) for name in held.given}
    downloads.button(
        lambda: own_report.content(looked.images, looked.scored, noised, prepared), "your-images"
    )


def _while_drawing(choice: Choice) -> live.Live:
    """Picture, code and map, which follow the pen on the pad at each of its movements."""
    return live.Live(
        key="live_pad",
        label="Compute in this browser: the reconstruction follows the pen",
        cards=(choice.model(),),
        images=choice.images(),
        parts=("sheet", "code", "map"),
    )


def _is_to_look(held: Tray, images: Source) -> bool:
    """Whether uploaded files are to be looked at one by one.

    A few are. Of as many as can be judged by each other it is asked, since most often the odd ones
    among them are meant.
    """
    with errors.shown():
        n = offering.n_files_of(images)
        too_large = images.n_bytes > offering.MOST_BYTES
        if n < LEAST and not too_large:
            return True
        st.markdown(f"**{counted(n, 'file')} in {plain(images.name)}**: what do you want to do?")
        with st.container(horizontal=True):
            _lead_on(held, images)
            return st.button(
                "Look at them one by one",
                icon=":material/image_search:",
                disabled=too_large,
                help=TOO_LARGE if too_large else ONE_BY_ONE,
            )
    return False


def _lead_on(held: Tray, images: Source) -> None:
    """The doors for many images, with the files that were just added."""

    def begin(view: str, start: Callable[[Source], object]) -> None:
        with errors.toasted():
            start(images)
            held.uploads += 1
            st.session_state[YOUR_IMAGES.key] = view

    st.button(
        "Find the odd ones", type="primary", icon=":material/search:",
        on_click=begin, args=("odd", own_odd.begin), help=ODD,
    )  # fmt: skip
    st.button(
        "Make a data set", icon=":material/dataset:",
        on_click=begin, args=("sets", imports.begin_as_suggested), help=SET,
    )  # fmt: skip


def fit_of(card: Card) -> Fit:
    """The target of the preparation for this model."""
    how = trained_on.preparation(card) if trained_on.is_on_files(card) else None
    return Fit(card.input_shape, kind_of(card.dataset), how)


def _prepared(held: Tray, name: str, fit: Fit) -> str:
    if fit.preparation is not None and held.is_as_trained(name, fit):
        return words(fit.preparation)
    return steps_form.steps_in_words(held.steps(name, fit))


def _looked(held: Tray, choice: Choice, fit: Fit) -> ScoredImages:
    place = st.empty()

    def tell(done: int, total: int | None) -> None:
        place.progress(done / (total or 1), progress_line(done, total, None, "Preparing"))

    images = held.images(fit, progress.Patience(tell))
    card = choice.model()
    rate = widgets.asked_rate()
    drawn = own_results.line_of(card, rate)
    key = ("own scored", own_results.digest(images), images.rejected, card.sha256, rate)
    scored = cache.kept(key, lambda: score(cache.autoencoder(card), images, drawn))
    scored = own_results.without_foreign(scored, _foreign(held, images, card, fit))
    place.empty()
    return ScoredImages(choice, card, images, scored)


def _foreign(held: Tray, images: ImageSet, card: Card, fit: Fit) -> Flags:
    """Which pictures are of another kind than the model's images: as they are prepared, or, where
    paper was cleaned away, as they were before.
    """
    kind = own_results.kind_of(card)
    if kind is None:
        return np.zeros(len(images), np.bool_)
    misread = np.array([held.is_misread(name, fit) for name in images.ids.tolist()], np.bool_)
    return kind.foreign(images.images) | misread


def _counts(held: Tray) -> None:
    if not (held.given or held.rejected):
        return
    offered = len(held.given) + len(held.rejected)
    with st.container(horizontal=True, vertical_alignment="center"):
        said = f"**{offered:,} offered**: {len(held.given):,} read, {len(held.rejected):,} refused"
        st.markdown(said, width="content")
        st.button(
            "Forget all",
            type="tertiary",
            on_click=tray.clear,
            help="Remove all your images from this page",
        )
    for note in held.notes:
        st.caption(plain(note))
    if held.rejected:
        words = f"Why {len(held.rejected):,} could not be used"
        with st.expander(words, icon=":material/block:"):
            own_results.table_of_rejected(held.rejected)


def _heading(held: Tray, looked: ScoredImages) -> None:
    """Draw the gallery of all images with their errors, and the downloads."""
    if len(held.given) > 1:
        st.subheader(
            "What the network sees",
            help="Each image as prepared for the model. A click shows it in detail below",
        )
        if clicked := gallery.show(_packed(looked), "own_gallery", (held.chosen,)):
            held.chosen = clicked
            st.rerun()
    st.caption(plain(_seen(looked).words("pictures")))
    table = looked.scored.table
    said = foreign.sentence(int(table["is_foreign"].sum()), len(looked.images), looked.card.name)
    if said and len(looked.images) > 1:
        st.warning(plain(said), icon=":material/help:")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        widgets.rate()
        own_results.downloads(looked.scored)
        st.caption(
            f"{own_results.n_outliers_in_words(looked.scored, len(looked.images))}: error above "
            f"{decimal(looked.scored.line.threshold, 5)}, {plain(looked.scored.line.how)}."
        )


def _seen(looked: ScoredImages) -> Seen:
    """How many of the pictures were in the model's training, told by their pixels."""
    key = ("own seen", own_results.digest(looked.images), looked.card.sha256)
    return cache.kept(
        key, lambda: trained_on.seen_of_any(looked.card, looked.images, cache.dataset)
    )


def _packed(looked: ScoredImages) -> Packed:
    """The gallery, packed for the browser; cached until images or verdicts change."""

    def make() -> Packed:
        items = [
            Item(
                name, (name, *own_results.captions(*looked.numbers(name), looked.is_foreign(name)))
            )
            for name in looked.images.ids.tolist()
        ]
        pictures = mosaic.colours(looked.images.pixels())
        return gallery.pack(items, [pictures], Columns(("what the network sees",)))

    marks = looked.scored.table["is_foreign"].to_numpy(bool).tobytes()
    digest = own_results.digest(looked.images)
    key = (digest, looked.card.sha256, looked.scored.line.threshold, marks)
    return cache.kept(("own gallery", *key), make)


def _chosen_one(held: Tray, looked: ScoredImages, fit: Fit) -> None:
    name = held.chosen
    height, width = held.given[name].size
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain(name), width="content")
        st.caption(f"{width:,} x {height:,} pixels", width="content")
        if len(held.given) > 1:
            st.button("Remove", type="tertiary", on_click=held.remove, args=(name,),
                      help="Remove this image from your images")  # fmt: skip
    steps_form.draw(held, fit)
    error, percentile, outlier = looked.numbers(name)
    if looked.is_foreign(name):
        own_results.no_verdict(error, looked.card)
    else:
        own_results.verdict(error, percentile, outlier, looked.scored)
