"""The selected images as a grid in pages, and their downloads."""

import numpy as np
import pandas as pd
import streamlit as st

from core.export import tables
from core.images.imagesets import ImageSet
from pages.ui import cache
from pages.ui.components import gallery
from pages.ui.components.component import Packed
from pages.ui.components.gallery import Columns, Item
from pages.ui.figures import mosaic
from pages.ui.figures.colouring import Positions
from pages.ui.figures.text import decimal
from pages.ui.frame import downloads
from pages.ui.latent.views import View, selected_positions
from pages.ui.session import selection, widgets

ON_A_PAGE, ORDER = 60, "selected_order"
COLUMNS = Columns(("original", "reconstruction"))
EMPTY = (
    "Nothing is selected. Draw a lasso or a box around points of the map, or switch the mouse to "
    "Click and choose one."
)


def draw(one: View) -> str | None:
    """Draw the grid; return the id of the image that was clicked in it, or None."""
    images = one.population.images
    chosen = selected_positions(images)
    away = len(selection.ids()) - len(chosen)
    if away:
        st.caption(f"{away:,} of the selected images are not on this map.")
    if not len(chosen):
        st.info(EMPTY, icon=":material/lasso_select:")
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = _order(one, chosen)
        page = _page(len(order))
        _downloads(one, order)
        st.button(
            "Clear", on_click=selection.select, args=((),), help="Clear the selection on all pages"
        )
    st.caption(
        f"{len(chosen):,} of {len(images):,} images: each original beside its reconstruction, its "
        "MSE, and the share of the model's test images with a lower MSE"
    )
    shown = order[ON_A_PAGE * (page - 1) : ON_A_PAGE * page]
    return gallery.show(_packed(one, shown), "selected_images")


def starts(one: View, most: int) -> tuple[int, ...]:
    """Positions of images to start a walk from, at most `most`.

    They are the selected images; if fewer than two are selected, one image of each class follows.
    """
    images = one.population.images
    chosen = selected_positions(images)[:most].tolist()
    examples = np.arange(min(len(images), most))
    if images.labels is not None:
        _, examples = np.unique(images.labels, return_index=True)
    return tuple(chosen if len(chosen) > 1 else dict.fromkeys([*chosen, *examples.tolist()]))[:most]


def said_of_starts(one: View, most: int) -> str:
    """One sentence about which images starts() returns."""
    n = min(most, len(selected_positions(one.population.images)))
    if n < 2:
        return "Shown: one image of each class. Select images on the map to use those instead."
    return f"Shown: the first {n:,} selected images."


def name_of(one: View, image_id: str) -> str:
    """Class and id of an image."""
    images = one.population.images
    label = images.label_name(int(images.positions([image_id])[0]))
    return f"{label} · {image_id}" if label else image_id


def table(one: View, chosen: Positions) -> pd.DataFrame:
    """A table with a row for each image: id, label, MSE, percentile, coordinates, and the code."""
    images, codes = one.population.images, one.codes
    columns = {
        "id": images.ids[chosen].tolist(),
        "label": [images.label_name(int(i)) for i in chosen],
        "error": codes.errors(chosen),
        "percentile": codes.percentiles(chosen),
        "x": one.xy[chosen, 0],
        "y": one.xy[chosen, 1],
    }
    z = {f"z{i}": codes.z[chosen, i] for i in range(codes.z.shape[1])}
    return pd.DataFrame(columns | z)


def _order(one: View, chosen: Positions) -> Positions:
    ways = {"as in the data": None, "worst rebuilt first": -1, "best rebuilt first": 1}
    default = next(iter(ways))
    help_text = "The order of the images"
    chosen_way = widgets.choice(
        st.selectbox, "Order", list(ways), ORDER, default, help=help_text, width=220
    )
    sign = ways[chosen_way]
    return chosen if sign is None else chosen[np.argsort(sign * one.codes.errors(chosen))]


def _page(n: int) -> int:
    pages = -(-n // ON_A_PAGE)
    if pages == 1:
        return 1
    return int(st.pagination(pages, key=f"selected_page_{pages}"))


def _downloads(one: View, order: Positions) -> None:
    st.download_button(
        "CSV",
        lambda: tables.csv_bytes(table(one, order)),
        "hourglass-selection.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        help="Id, label, MSE, percentile, map coordinates and code of each selected image",
    )
    st.download_button(
        "Images",
        lambda: downloads.images_zip(one.population.images.take(order)),
        "hourglass-selection.zip",
        "application/zip",
        icon=":material/download:",
        on_click="ignore",
        help="The selected images as PNG files in a zip",
    )


def _packed(one: View, shown: Positions) -> Packed:
    images = one.population.images
    key = ("selected", one.asked.spec, one.card.sha256, tuple(shown.tolist()))

    def make() -> Packed:
        x = images.pixels(shown)
        x_hat = cache.autoencoder(one.card).decode(one.codes.z[shown])
        errors = one.codes.errors(shown)
        ranks = one.codes.rank(errors)
        items = [
            _item(images, int(i), *judged)
            for i, *judged in zip(shown, errors.tolist(), ranks.tolist(), strict=True)
        ]
        return gallery.pack(items, [mosaic.colours(x), mosaic.colours(x_hat)], COLUMNS)

    return cache.kept(key, make)


def _item(images: ImageSet, i: int, error: float, percentile: float) -> Item:
    numbers = f"MSE {decimal(error, 4)} · {percentile:.0f} %"
    return Item(str(images.ids[i]), tuple(filter(None, (images.label_name(i), numbers))))
