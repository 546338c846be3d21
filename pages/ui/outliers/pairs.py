"""Judged images beside what the model makes of them, as a gallery."""

from pages.ui import cache
from pages.ui.components import gallery
from pages.ui.components.gallery import Columns, Item
from pages.ui.figures import mosaic
from pages.ui.outliers.data import Found, Positions
from pages.ui.session import selection

COLUMNS = Columns(("original", "reconstruction"))


def show_pairs(found: Found, positions: Positions, key: str, with_class: bool = True) -> str | None:
    """The gallery; the id of an image that was clicked in it.

    positions: of the images, in this order.  with_class: whether each has its class below it, too,
    and not its score alone.
    """
    images = found.images.take(positions)
    x = images.pixels()
    x_hat = cache.autoencoder(found.asked.card).reconstruct(x)
    scores = [f"{score:.4g}" for score in found.scores[positions]]
    items = [
        Item(str(images.ids[i]), (images.label_name(i), scores[i]) if with_class else (scores[i],))
        for i in range(len(images))
    ]
    packed = gallery.pack(items, [mosaic.colours(x), mosaic.colours(x_hat)], COLUMNS)
    return gallery.show(packed, key, selection.ids())
