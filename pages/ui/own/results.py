"""Results for own images: verdict, noise slider, all models side by side, downloads."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from core import metrics
from core.anomaly import foreign
from core.anomaly.calibration import percent
from core.anomaly.foreign import Flags, KnownKind
from core.anomaly.line import line
from core.checkpoints import Card, trained_on
from core.config import CheckpointError
from core.export import tables
from core.images.imagesets import ImageSet, Rejected
from core.inference import NOT_SCORED
from core.noise import Noise
from core.robustness.sweeps import NoiseSweep, noise_sweep
from core.streaming.scoring import Line, Scored
from core.text import listed
from pages.ui import cache
from pages.ui.components import gallery
from pages.ui.components.component import Packed
from pages.ui.components.gallery import Columns, Item
from pages.ui.components.sweep import Cell, packing
from pages.ui.figures import mosaic, styles
from pages.ui.figures.text import decimal, plain
from pages.ui.noise import controls, panel, picture, rows
from pages.ui.noise.panel import Panel
from pages.ui.noise.report import NoiseView

AT_ONCE = 8  # pictures under the slider


def kind_of(card: Card) -> KnownKind | None:
    """The kind of images that a model knows; one for all models of the same training images."""
    key = ("kind", trained_on.known(card), card.excluded_classes, card.input_shape, card.dataset)
    return cache.kept(key, lambda: foreign.known_kind(card, cache.dataset))


def without_foreign(scored: Scored, foreign_ones: Flags) -> Scored:
    """The scores without a verdict on images of another kind; foreign_ones: of the first rows."""
    table = scored.table.assign(is_foreign=False)
    at = np.flatnonzero(foreign_ones)
    table.loc[at, "is_foreign"] = True
    table.loc[at, "is_outlier"] = pd.NA
    return replace(scored, table=table)


def n_outliers_in_words(scored: Scored, n: int) -> str:
    """Number of outliers among n images, and of images without a verdict, in words."""
    missing = scored.n_not_finite
    more = f" ({missing:,} more are not scored: the output is not finite)" if missing else ""
    n_foreign = int(scored.table.get("is_foreign", pd.Series(dtype=bool)).sum())
    if n_foreign:
        more += f", {n_foreign:,} of another kind and without a verdict"
    return f"{scored.n_outliers:,} of {n - missing - n_foreign:,} outliers{more}"


def captions(
    error: float, percentile: float, outlier: bool, is_foreign: bool = False
) -> tuple[str, str]:
    """The two lines below the picture of an image."""
    if np.isnan(error):
        return "not scored", "the output is not finite"
    if is_foreign:
        return decimal(error, 5), "another kind"
    return decimal(error, 5), f"{percentile:.1f} %{' · outlier' if outlier else ''}"


def verdict(error: float, percentile: float, outlier: bool, scored: Scored) -> None:
    """Draw the error of one image, its percentile among usual images, and the verdict."""
    if np.isnan(error):
        st.warning(f"{NOT_SCORED} Choose another model.", icon=":material/error:")
        return
    with st.container(horizontal=True, gap="medium"):
        for label, value, explanation in (
            (
                "Error (MSE)",
                decimal(error, 5),
                "Mean squared error between image and reconstruction; pixels are 0 to 1",
            ),
            ("Percentile", f"{percentile:.1f} %", "Share of usual images with a lower error"),
        ):
            st.metric(label, value, width="content", help=explanation)
    st.markdown(words(percentile, outlier, scored.line.rate))


def no_verdict(error: float, card: Card) -> None:
    """Draw the error of an image of another kind than a model knows, and say so."""
    explanation = "Mean squared error between image and reconstruction; pixels are 0 to 1"
    st.metric("Error (MSE)", decimal(error, 5), width="content", help=explanation)
    st.warning(
        plain(
            f"This image is unlike all that {card.name} was trained on ({card.dataset_title}): it "
            "is of another kind, or badly damaged. There is no verdict, as the error says nothing. "
            "Choose a model of such images, or make a data set of them and train one."
        ),
        icon=":material/help:",
    )


def words(percentile: float, outlier: bool, rate: float) -> str:
    """The verdict on an image in one sentence.

    rate: the share of usual images that may lie above the threshold.
    """
    if percentile >= 100:
        place = "higher than that of all usual images"
    elif percentile <= 0:
        place = "not higher than that of any usual image"
    else:
        place = f"higher than that of {percentile:.1f} % of the usual images"
    side = "above" if outlier else "not above"
    tail = "an :red[**outlier**]" if outlier else "**usual**"
    return (
        f"The error is {place} and {side} the threshold, which at most {percent(rate)} of usual "
        f"images exceed: the image is {tail}."
    )


def line_of(card: Card, rate: float) -> Line:
    """The line between usual and strange for one model: that of the Outliers page."""
    return cache.kept(
        ("line", card.sha256, rate), lambda: line(cache.autoencoder(card), rate, load=cache.dataset)
    )


def downloads(scored: Scored) -> None:
    """Draw downloads of the scores and of the unreadable files, as CSV and Parquet."""
    for label, make, mime in (
        ("CSV", tables.csv_bytes, "text/csv"),
        ("Parquet", tables.parquet_bytes, "application/vnd.apache.parquet"),
    ):
        st.download_button(
            label,
            partial(make, scored.table),
            f"hourglass-your-images.{label.lower()}",
            mime,
            icon=":material/download:",
            on_click="ignore",
            help=f"{label} with a row for each image: error, percentile and verdict, or the "
            "reason why a file could not be read",
        )


def table_of_rejected(rejected: Sequence[Rejected]) -> None:
    """Draw a table of rejected files with the reasons."""
    table = pd.DataFrame(rejected, columns=["file", "reason"])
    st.dataframe(tables.safe_table(table), hide_index=True)


def draw(chosen: str, images: ImageSet, card: Card, fitting: Sequence[Card]) -> NoiseView:
    """Draw the chosen image and some others under the noise slider, with up to three models."""
    st.subheader("Under noise")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cards = controls.compared(card, fitting)
        noise, seed = controls.noise()
        download = st.container(width="content")
    shown = images.take(images.positions(nearby(images.ids.tolist(), chosen)))
    sweeps = tuple(_sweep(shown, one, noise, seed) for one in cards)
    packed = _packed(shown, sweeps, cards, seed)
    at = panel.show(Panel("own_sweep", packed, shown, cards, sweeps=lambda: sweeps))
    make = partial(picture.picture, shown, sweeps, cards, at.step)
    picture.offer(download, make, "your-images", at.sigma)
    drawn = styles.of_models([one.name for one in cards])
    return NoiseView(
        images=shown, sweeps=sweeps, cards=cards, step=at.step, seed=seed, styles=drawn
    )


def nearby(names: Sequence[str], chosen: str) -> list[str]:
    """At most AT_ONCE names: the chosen one, those after it, then from the beginning."""
    at = names.index(chosen)
    return [*names[at:], *names[:at]][:AT_ONCE]


def digest(images: ImageSet) -> str:
    """A hash of these images, their order and their ids."""
    words = repr((images.images.shape, images.ids.tolist())).encode()
    return hashlib.sha256(words + images.images.tobytes()).hexdigest()


def _sweep(shown: ImageSet, card: Card, noise: Noise, seed: int) -> NoiseSweep:
    x = shown.pixels()
    return cache.kept(
        ("own sweep", digest(shown), noise, seed, card.sha256),
        lambda: noise_sweep(x, [cache.autoencoder(card)], noise, seed, rows.steps(x.size)),
    )


def _packed(
    shown: ImageSet, sweeps: Sequence[NoiseSweep], cards: Sequence[Card], seed: int
) -> Packed:
    models = tuple((card.name, card.sha256) for card in cards)
    key = ("own packed", digest(shown), sweeps[0].noise, seed, models)
    cells = tuple(Cell(name, last_part(name)) for name in shown.ids.tolist())
    return cache.kept(key, lambda: packing.pack(rows.described(cells, sweeps, cards)))


def last_part(name: str) -> str:
    """The last part of a path, as a caption."""
    return name.rsplit("/", 1)[-1] or name


# One image through every model that takes it.

HELP = (
    "Original, reconstruction and error map of each model, in order of error. All error maps have "
    "the same scale. The percentile refers to usual images that the model was not trained on"
)


def draw_wall(chosen: str, images: ImageSet, cards: Sequence[Card], rate: float) -> None:
    """Draw each model's reconstruction of the chosen image, with error maps on one scale."""
    st.subheader("Through all models", help=HELP)
    one = images.take(images.positions([chosen]))
    key = ("own wall", digest(one), rate, tuple((card.name, card.sha256) for card in cards))
    packed, most, left_out = cache.kept(key, lambda: _packed_wall(one, cards, rate))
    if left_out:
        names = listed([card.name for card in left_out])
        st.caption(plain(f"Left out, because their output is not finite: {names}."))
    if packed is None:
        return
    gallery.show(packed, "own_wall")
    st.caption(
        "Left to right: the prepared image, its reconstruction, their difference "
        f"(black 0, brightest {most:.2f} and more, the same for all models)."
    )


def _packed_wall(
    one: ImageSet, cards: Sequence[Card], rate: float
) -> tuple[Packed | None, float, list[Card]]:
    """The gallery or None, the largest error of its scale, and the models left out of it."""
    x = one.pixels()
    answers, left_out = [], []
    for card in cards:
        model = cache.autoencoder(card)
        try:
            x_hat = model.reconstruct(x)
        except CheckpointError:
            left_out.append(card)
            continue
        error = metrics.mse(x, x_hat)
        drawn = line_of(card, rate)
        place = _place(float(drawn.percentiles(error)[0]), bool(error[0] > drawn.threshold))
        kind = kind_of(card)
        if kind is not None and kind.foreign(one.images)[0]:
            place = "another kind"
        answers.append((float(error[0]), place, card, x_hat))
    if not answers:
        return None, 0.0, left_out
    answers.sort(key=lambda answer: answer[0])
    items = [
        Item(card.name, (f"{rank}. {card.title}", decimal(error, 5), place))
        for rank, (error, place, card, _) in enumerate(answers, start=1)
    ]
    x_hats = np.concatenate([x_hat for *_, x_hat in answers])
    originals = np.repeat(x, len(answers), axis=0)
    most = float(np.clip(np.percentile(np.abs(x_hats - originals), 99.5), 0.01, 1))
    pictures = [
        mosaic.colours(originals),
        mosaic.colours(x_hats),
        mosaic.error_colours(originals, x_hats, most),
    ]
    columns = Columns(("original", "reconstruction", "error"))
    return gallery.pack(items, pictures, columns), most, left_out


def _place(percentile: float, outlier: bool) -> str:
    return f"{percentile:.1f} % {'· outlier' if outlier else '· usual'}"
