"""Common failure: outliers in the training data are no longer detected."""

import numpy as np
import streamlit as st

from core import metrics
from core.anomaly import rankings
from core.checkpoints import Card
from core.text import counted
from pages.ui import cache
from pages.ui.figures import mosaic
from pages.ui.learn import parts
from pages.ui.learn.parts import GoOn
from pages.ui.session.registry import OUTLIERS

WITHOUT, WITH = "mnist-conv-32-no-5-9", "mnist-conv-32"
N, SIDE, BRIGHT = 8, 84, 0.5


def draw() -> None:
    """Draw reconstructions of digits by a model trained with them and by one trained without."""
    clean, polluted = parts.models((WITHOUT, WITH))
    with parts.row_of_controls():
        name = parts.one_of(
            "polluted",
            "Outlier",
            clean.excluded_classes,
            "A class that was in the training data of only one of the two models",
        )
        nth = parts.another("Others", "Other digits of this class")
    parts.say(words(clean, polluted), differences(clean, polluted))
    images = parts.digits()
    label = images.class_names.index(name)
    positions = np.roll(np.flatnonzero(images.labels == label), -nth)[:N]
    x = images.pixels(positions)
    _draw_row("Input", mosaic.colours(x))
    for card, what in ((clean, "never saw"), (polluted, "learnt")):
        x_hat = cache.autoencoder(card).reconstruct(x)
        mean = metrics.mse(x, x_hat).mean()
        _draw_row(f"{card.name}, which {what} them: mean error {mean:.4f}", mosaic.colours(x_hat))
        _draw_row(
            f"error (black 0, brightest {BRIGHT:g} and more)",
            mosaic.error_colours(x, x_hat, BRIGHT),
        )
    way = parts.on_digits(
        polluted,
        **OUTLIERS.open("truth"),
        truth="classes",
        outlier_classes=list(clean.excluded_classes),
    )
    image = str(images.ids[positions[0]])
    parts.go_on(GoOn("Outliers: with the polluted model", "pages/outliers.py", way, (image,)))


def relative(card: Card, outliers: tuple[str, ...]) -> tuple[float, float]:
    """Mean error of the outlier classes divided by that of the others, and AUROC of the error."""
    images, mse = parts.digits(), parts.errors(card)
    labels = [images.class_names.index(name) for name in outliers]
    truth = np.isin(np.asarray(images.labels), labels)
    ratio = float(mse[truth].mean() / mse[~truth].mean())
    return ratio, rankings.curves(mse, truth).auroc


def words(clean: Card, polluted: Card) -> str:
    """Sentence that compares how much the outliers stand out with either model."""
    names = " and ".join(clean.excluded_classes)
    (before, a), (after, b) = (relative(card, clean.excluded_classes) for card in (clean, polluted))
    less = "stand out less" if b < a else "do not stand out less"
    return (
        f"Say {names} are the outliers. `{clean.name}` was trained without them: their error is "
        f"{before:.2f} times that of the other digits, and larger in {100 * a:.0f} % of all pairs. "
        f"`{polluted.name}` had them in its training data: **{after:.2f} times and "
        f"{100 * b:.0f} %; they {less}** (50 % would be guessing)."
    )


def differences(clean: Card, polluted: Card) -> str:
    """Sentence about the other differences of the two models, which make errors incomparable."""
    noise = [f"σ = {card.noise.sigma:g}" if card.noise else "none" for card in (clean, polluted)]
    return (
        "Limits of this comparison: the two models differ in their training too "
        f"({counted(clean.epochs, 'epoch')}, noise {noise[0]}; {polluted.epochs}, noise "
        f"{noise[1]}), so each is compared with itself. And {len(clean.excluded_classes)} of "
        f"{len(parts.digits().class_names)} classes are more than a few outliers: "
        'to test fewer, train a model with "Leave out classes" on the Train page.'
    )


def _draw_row(label: str, pictures: mosaic.Pixels) -> None:
    st.caption(label)
    st.image(mosaic.strip(mosaic.enlarged(pictures, SIDE)), alt=f"{label}: {N} images")
