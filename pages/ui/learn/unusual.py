"""Step 4: images unlike the training images usually have larger errors."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import streamlit as st

from core import metrics
from core.anomaly import rankings
from core.checkpoints import Card
from core.data.named import planting
from core.images.imagesets import ImageSet
from core.latent.geometry import Index
from pages.ui import cache
from pages.ui.components import feeding
from pages.ui.components.component import Packed
from pages.ui.components.feeding import Distribution, Morsel
from pages.ui.figures import mosaic
from pages.ui.learn import parts
from pages.ui.learn.parts import GoOn
from pages.ui.session import state
from pages.ui.session.registry import OUTLIERS

# Errors of a model on digits of known and unknown classes and on shapes. No st calls.

MODEL = "mnist-conv-32-no-5-9"
SHAPE = "a shape"
SHARE_OF_SHAPES = 0.1  # of the digits


@dataclass(frozen=True)
class Errors:
    """Digits, then shapes resized to the digits' size, and their errors.

    kinds: (n,) "5", ..., or SHAPE.  known: (n,) True for classes in the model's training data.
    """

    images: ImageSet
    mse: metrics.Scores
    kinds: npt.NDArray[np.str_]
    known: npt.NDArray[np.bool_]

    def auroc(self, strange: npt.NDArray[np.bool_]) -> float:
        """The probability that a strange image has a larger error than a known one."""
        these = self.known | strange
        return rankings.curves(self.mse[these], strange[these]).auroc

    def percentile(self, i: int) -> float:
        """The percentage of the known images with a smaller error than image i."""
        return 100 * float((self.mse[self.known] < self.mse[i]).mean())

    def called(self, i: int) -> str:
        """Image i in words: "a 7", "an 8", "a shape"."""
        kind = str(self.kinds[i])
        return kind if kind == SHAPE else f"{'an' if kind == '8' else 'a'} {kind}"

    def of(self, classes: Collection[str]) -> npt.NDArray[np.bool_]:
        """Which images are of these kinds: (n,)."""
        return np.isin(self.kinds, list(classes))


def rebuilding_errors(card: Card) -> Errors:
    """The errors of a model on all test digits and some shapes."""
    mse = parts.errors(card, "shapes", SHARE_OF_SHAPES)

    def make() -> Errors:
        digits = parts.digits()
        planted = planting.by_dataset(digits, cache.dataset("shapes", "test"), SHARE_OF_SHAPES)
        images = planted.images
        n = len(digits)
        labels = [digits.label_name(i) for i in range(n)] + [SHAPE] * (len(images) - n)
        kinds = np.array(labels)
        return Errors(images, mse, kinds, ~np.isin(kinds, [SHAPE, *card.excluded_classes]))

    made: Errors = parts.kept_for((card,), "errors", make)
    return made


LEARNT = ("7", "3", "1", "0")  # kinds in the tray that all models here were trained on
N_SHAPES, N_BINS = 3, 40
FED = "fed"
BRIGHT = 0.5  # the pixel error that is drawn brightest


def draw() -> None:
    """Draw a tray of pictures, the network to drag them into, and the errors of all images."""
    card = parts.model(MODEL)
    found = rebuilding_errors(card)
    parts.say(
        "**Drag a picture into the network**, or tap it. The network was trained without the "
        f"digits {' and '.join(card.excluded_classes)}, and without shapes.",
        all_of_them(found, card),
    )
    with parts.row_of_controls():
        nth = parts.another("Other pictures", "The next digits and shapes of each kind")
    state.recall_several(FED, [], found.images.ids.tolist(), "image")
    fed = tuple(st.session_state[FED][: feeding.PLACES])
    inside = tray(found, card, nth)
    outside = np.setdiff1d(found.images.positions(fed), inside)
    packed = parts.kept_for(
        (card,), "tray", lambda: _packed(found, card, inside, outside), nth, tuple(outside)
    )
    now = feeding.show(packed, "learn_feeding", fed)
    if now is not None:
        st.session_state[FED] = list(now)
    state.publish(FED, [])
    taken = tuple(name for name in st.session_state[FED] if name in parts.digits())
    way = parts.on_digits(card, **OUTLIERS.open("truth"))
    parts.go_on(GoOn("Outliers: compare other scores", "pages/outliers.py", way, taken))


def tray(found: Errors, card: Card, nth: int) -> Index:
    """Positions of the pictures in the tray: some known digits, unknown digits, some shapes.

    nth: other numbers give other pictures.
    """
    kinds = [*LEARNT, *(2 * card.excluded_classes), *(N_SHAPES * (SHAPE,))]
    taken: dict[str, int] = {}
    positions = []
    for kind in kinds:
        before = taken.setdefault(kind, nth * kinds.count(kind))
        members = np.flatnonzero(found.kinds == kind)
        positions.append(members[before % len(members)])
        taken[kind] += 1
    return np.array(positions)


def _packed(found: Errors, card: Card, inside: Index, outside: Index) -> Packed:
    """The packed tray.  inside, outside: positions of pictures in the tray, only in the network."""
    chosen = np.concatenate([inside, outside]).astype(np.int64)
    morsels = [_morsel(found, int(i), card, in_tray=n < len(inside)) for n, i in enumerate(chosen)]
    x = found.images.pixels(chosen)
    x_hat = cache.autoencoder(card).reconstruct(x)
    pictures = (mosaic.colours(x), mosaic.colours(x_hat), mosaic.error_colours(x, x_hat, BRIGHT))
    return feeding.pack(card.name, morsels, pictures, _usual(found, card))


def _morsel(found: Errors, i: int, card: Card, *, in_tray: bool) -> Morsel:
    strange = "Not digits" if found.kinds[i] == SHAPE else "Unknown classes"
    group = "Known classes" if found.known[i] else strange
    return Morsel(
        id=str(found.images.ids[i]),
        name=found.called(i),
        group=group if in_tray else "",
        error=float(found.mse[i]),
        place=f"larger than that of {found.percentile(i):.0f} % of the known digits",
        said=one(found, i, card),
    )


def _usual(found: Errors, card: Card) -> Distribution:
    strange = found.of(card.excluded_classes)
    borders = np.geomspace(max(found.mse.min(), 1e-9), max(found.mse.max(), 2e-9), N_BINS + 1)
    known, unknown = (
        np.histogram(found.mse[of], borders)[0] / max(of.sum(), 1) for of in (found.known, strange)
    )
    names = (
        f"known digits ({found.known.sum():,})",
        f"digits {' and '.join(card.excluded_classes)} ({strange.sum():,})",
    )
    return Distribution(borders, known, unknown, names)


def one(found: Errors, i: int, card: Card) -> str:
    """The result for one image in a sentence."""
    name = found.called(i)
    seen = f"was trained on images like {name}" if found.known[i] else f"was never shown {name}"
    return (
        f"{card.name} {seen}. The error of this one is {found.mse[i]:.4f}, larger than that of "
        f"{found.percentile(i):.0f} % of the {found.known.sum():,} test digits of the classes it "
        "learnt."
    )


def all_of_them(found: Errors, card: Card) -> str:
    """Sentence about how well the error separates strange images from known ones."""
    known = found.mse[found.known].mean()
    parts_said = [
        f"{name}s have {found.mse[found.kinds == name].mean() / known:.1f} times"
        for name in card.excluded_classes
    ]
    digits, shapes = found.auroc(found.of(card.excluded_classes)), found.auroc(found.of([SHAPE]))
    return (
        f"On average {' and '.join(parts_said)} the error of known digits. The probability that a "
        f"digit of an unknown class has a larger error than a known one is {100 * digits:.0f} %, "
        f"for a shape {100 * shapes:.0f} % (50 % would be guessing)."
    )
