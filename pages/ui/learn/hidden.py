"""Common failure: some outliers have a small error, so the error alone does not find them."""

import numpy as np
import streamlit as st

from core.checkpoints import Card
from core.latent.geometry import Index
from pages.ui import cache
from pages.ui.components import gallery
from pages.ui.components.gallery import Columns, Item
from pages.ui.figures import mosaic
from pages.ui.learn import charts, parts, unusual
from pages.ui.learn.parts import GoOn
from pages.ui.learn.unusual import MODEL, Errors
from pages.ui.session.registry import OUTLIERS

N, SIDE = 8, 84


def draw() -> None:
    """Draw the digits of an unknown class with the smallest errors, and the errors of all."""
    card = parts.model(MODEL)
    found = unusual.rebuilding_errors(card)
    with parts.row_of_controls():
        name = parts.one_of(
            "hidden",
            "Unknown class",
            card.excluded_classes,
            "A class that the model was trained without",
        )
    best = best_rebuilt(found, name)
    parts.say(words(found, name, card))
    clicked = _draw_gallery(found, best, card)
    figure = charts.error_histogram(
        found.mse[found.known], found.mse[found.of([name])], f"digits {name}",
        float(found.mse[best[0]]),
    )  # fmt: skip
    st.plotly_chart(figure, key="learn_hidden", config={"displayModeBar": False})
    image = clicked or str(found.images.ids[best[0]])
    st.caption(
        "The blue line is the one with the smallest error. Click another image to choose it."
    )
    way = parts.on_digits(card, **OUTLIERS.open("truth"))
    parts.go_on(GoOn("Outliers: try other scores on these", "pages/outliers.py", way, (image,)))


def best_rebuilt(found: Errors, name: str) -> Index:
    """Positions of the images of a class with the smallest errors."""
    of_class = np.flatnonzero(found.of([name]))
    return np.asarray(of_class[np.argsort(found.mse[of_class], kind="stable")][:N])


def words(found: Errors, name: str, card: Card) -> str:
    """Sentence about images of an unknown class whose errors are as small as known ones'."""
    strange, median = found.mse[found.of([name])], float(np.median(found.mse[found.known]))
    n_hidden = int((strange < median).sum())
    chance = 100 * found.auroc(found.of([name]))
    return (
        f"`{card.name}` was trained without the digit {name}; its code of D' = {card.latent_dim} "
        f"numbers can still represent many. **{n_hidden} of {len(strange)} have a smaller error "
        f"than half of the known digits**, and a {name} has a larger error than a known digit in "
        f"{chance:.0f} % of all pairs (50 % would be guessing). Other scores help: for example "
        "the distance of the code from all known codes."
    )


def _draw_gallery(found: Errors, best: Index, card: Card) -> str | None:
    x = found.images.pixels(best)
    x_hat = cache.autoencoder(card).reconstruct(x)
    items = [Item(str(found.images.ids[i]), (f"error {found.mse[i]:.4f}",)) for i in best.tolist()]
    pictures = [mosaic.colours(x), mosaic.colours(x_hat)]
    return gallery.show(
        gallery.pack(items, pictures, Columns(("Input", "Output"), SIDE)), "learn_best"
    )
