"""Step 4: what a model never saw it rebuilds badly, more often than not."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import streamlit as st

from core import metrics
from core.anomaly import rankings
from core.checkpoints import Card
from core.data import planting
from core.data.imagesets import ImageSet
from pages.ui import cache, mosaic
from pages.ui.learn import charts, parts
from pages.ui.learn.parts import GoOn

MODEL = "mnist-conv-32-no-5-9"
SHAPE = "a shape"
SHARE_OF_SHAPES = 0.1  # of the digits
SIDE = 168  # pixels
BRIGHT = 0.5  # the error of a pixel that is drawn brightest


@dataclass(frozen=True)
class Errors:
    """Digits and, after them, shapes brought to their size, and how badly each is rebuilt.

    kinds: (n,) "5", ..., or SHAPE.  known: (n,) of a class that the model learnt.
    """

    images: ImageSet
    mse: metrics.Scores
    kinds: npt.NDArray[np.str_]
    known: npt.NDArray[np.bool_]

    def auroc(self, strange: npt.NDArray[np.bool_]) -> float:
        """The chance that one of the strange has a larger error than a known one."""
        these = self.known | strange
        return rankings.curves(self.mse[these], strange[these]).auroc


def draw() -> None:
    """One image through the model, and its error among all others."""
    card = parts.model(MODEL)
    found = errors(card)
    with parts.row_of_controls():
        kind = _kind(card)
        nth = parts.another("Another", "The next one of this kind")
    i = int(np.flatnonzero(found.kinds == kind)[nth])
    parts.say(f"**{one(found, i, card)}**", all_of_them(found, card))
    pictures, histogram = st.columns([2, 3], gap="large")
    with pictures:
        x = found.images.pixels([i])
        _draw_pictures(x, cache.autoencoder(card).reconstruct(x), kind)
    with histogram:
        strange = found.kinds == SHAPE if kind == SHAPE else _never_seen(found, card)
        name = "shapes" if kind == SHAPE else f"digits {' and '.join(card.excluded_classes)}"
        figure = charts.error_histogram(
            found.mse[found.known], found.mse[strange], name, float(found.mse[i])
        )
        st.plotly_chart(figure, key="learn_errors", config={"displayModeBar": False})
        st.caption("The blue line is this image.")
    way = parts.on_digits(card, section_outliers="truth")
    image = str(found.images.ids[i]) if kind != SHAPE else ""
    parts.go_on(GoOn("Outliers: compare other scores", "pages/outliers.py", way, image))


def errors(card: Card) -> Errors:
    """All test digits and some shapes, as the model rebuilds them."""

    def make() -> Errors:
        digits = parts.digits()
        planted = planting.by_dataset(digits, cache.dataset("shapes", "test"), SHARE_OF_SHAPES)
        images = planted.images
        n = len(digits)
        labels = [digits.label_name(i) for i in range(n)] + [SHAPE] * (len(images) - n)
        kinds = np.array(labels)
        mse = cache.autoencoder(card).errors(images.pixels())
        return Errors(images, mse, kinds, ~np.isin(kinds, [SHAPE, *card.excluded_classes]))

    made: Errors = parts.kept_for((card,), "errors", make)
    return made


def one(found: Errors, i: int, card: Card) -> str:
    """What is said of one image."""
    known = found.mse[found.known]
    below = 100 * float((known < found.mse[i]).mean())
    kind = str(found.kinds[i])
    name = kind if kind == SHAPE else f"a {kind}"
    seen = f"knows what {name} looks like" if found.known[i] else f"never saw {name}"
    return (
        f"`{card.name}` {seen}. This one's error is {found.mse[i]:.4f}, larger than that of "
        f"{below:.0f} % of the {len(known):,} test digits of the classes it learnt."
    )


def all_of_them(found: Errors, card: Card) -> str:
    """How well the error tells all strange ones from known ones."""
    known = found.mse[found.known].mean()
    parts_said = [
        f"{name}s have {found.mse[found.kinds == name].mean() / known:.1f} times"
        for name in card.excluded_classes
    ]
    digits, shapes = found.auroc(_never_seen(found, card)), found.auroc(found.kinds == SHAPE)
    return (
        f"On average {' and '.join(parts_said)} the error of learnt digits. The chance that a "
        f"digit it never saw has a larger error than one it learnt is {100 * digits:.0f} %, of a "
        f"shape {100 * shapes:.0f} % (50 % would be guessing)."
    )


def _never_seen(found: Errors, card: Card) -> npt.NDArray[np.bool_]:
    return np.isin(found.kinds, card.excluded_classes)


def _kind(card: Card) -> str:
    known = [name for name in parts.digits().class_names if name not in card.excluded_classes]
    kinds = [*card.excluded_classes, SHAPE, *known]
    help_text = (
        f"The model was trained without {' and '.join(card.excluded_classes)}, and on no shapes"
    )
    return parts.one_of("goes_in", "What goes in", kinds, help_text, st.pills)


def _draw_pictures(x: metrics.Array, x_hat: metrics.Array, kind: str) -> None:
    shown = (mosaic.colours(x), mosaic.colours(x_hat), mosaic.error_colours(x, x_hat, BRIGHT))
    side = mosaic.enlarged(np.concatenate(shown), SIDE)
    st.image(
        mosaic.strip(side),
        caption=f"In, out, and where they differ (black 0, brightest {BRIGHT:g} and more)",
        alt=f"{kind}, as it goes in, as it comes out, and the difference",
    )
