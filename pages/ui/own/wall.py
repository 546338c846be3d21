"""One image through every model that takes it."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core import metrics
from core.checkpoints import Card
from core.config import CheckpointError
from core.images.imagesets import ImageSet
from core.text import listed
from pages.ui import cache
from pages.ui.components import gallery
from pages.ui.components.component import Packed
from pages.ui.components.gallery import Columns, Item
from pages.ui.figures import mosaic
from pages.ui.figures.text import decimal, plain
from pages.ui.own.results import digest

HELP = (
    "Original, reconstruction and error map for each model, the lowest error first; the error maps "
    "share one scale. The percentile is among each model's own test images"
)


def draw_wall(chosen: str, images: ImageSet, cards: Sequence[Card], line: float) -> None:
    """Each model's answer to the chosen image, on one scale of errors."""
    st.subheader("Through all models", help=HELP)
    one = images.take(images.positions([chosen]))
    key = ("own wall", digest(one), line, tuple((card.name, card.sha256) for card in cards))
    packed, most, left_out = cache.kept(key, lambda: _packed_wall(one, cards, line))
    if left_out:
        names = listed([card.name for card in left_out])
        st.caption(plain(f"Left out, since what they make of it is not finite: {names}."))
    if packed is None:
        return
    gallery.show(packed, "own_wall")
    st.caption(
        "Left to right: what the network sees, what the model makes of it, where they differ "
        f"(black 0, brightest {most:.2f} and more, the same for all models)."
    )


def _packed_wall(
    one: ImageSet, cards: Sequence[Card], line: float
) -> tuple[Packed | None, float, list[Card]]:
    """The gallery, None if there is nothing to show; its scale of errors; models left out of it."""
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
        answers.append((float(error[0]), float(model.percentiles(error)[0]), card, x_hat))
    if not answers:
        return None, 0.0, left_out
    answers.sort(key=lambda answer: answer[0])
    items = [
        Item(card.name, (f"{rank}. {card.title}", decimal(error, 5), _place(percentile, line)))
        for rank, (error, percentile, card, _) in enumerate(answers, start=1)
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


def _place(percentile: float, line: float) -> str:
    return f"{percentile:.1f} % {'· outlier' if percentile > line else '· usual'}"
