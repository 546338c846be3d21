"""The report on images that were read, before a data set is made: duplicates and other faults."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st
from PIL import Image, ImageOps

from core.data.own import prepared, warn
from core.data.own.draft import Draft, Form
from core.data.own.warn import Finding
from core.export import tables
from core.images.preparation import words as how_in_words
from core.text import counted
from pages.ui.components import gallery
from pages.ui.components.gallery import Columns, Item
from pages.ui.figures import mosaic
from pages.ui.figures.text import plain
from pages.ui.own import results as own_results

Positions = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
SHOWN = 24  # pairs or images that are shown as pictures
EXAMPLES = 8


def draw(draft: Draft, read_again: Callable[[Form], None]) -> None:
    """Draw the report: counts, some prepared images, and each kind of fault with its files."""
    n_images = len(draft) - int(draft.arranged().is_mask.sum())
    st.subheader(
        f"Report on {counted(n_images, 'image')}", help="Nothing has been made or trained yet"
    )
    with st.container(horizontal=True, gap="medium"):
        for label, count, explanation in counts(draft):
            st.metric(label, f"{count:,}", width="content", help=explanation)
    for note in draft.notes:
        st.warning(plain(note), icon=":material/translate:")
    _examples(draft)
    for found in warn.findings(draft):
        if found.forms:
            _warning(draft, found, read_again)
    _unreadable(draft)
    _pairs(draft, "Equal to an earlier image", draft.repeats(), draft.equal)
    _pairs(draft, "Almost equal to an earlier image", draft.near_repeats(), draft.near)
    _small(draft)


def _warning(draft: Draft, found: Finding, read_again: Callable[[Form], None]) -> None:
    """What is wrong, what helps, and some of the images."""
    with st.container(border=True):
        st.warning(plain(found.sentence), icon=":material/warning:")
        with st.container(horizontal=True):
            for words, form in found.forms:
                if st.button(words, key=f"own_again_{found.kind}_{words}",
                             help="Reads the same files again, prepared like that"):  # fmt: skip
                    read_again(form)
        if found.kind == "cut":
            _overviews(draft)


def _overviews(draft: Draft) -> None:
    """Images of which much is cut off: as a whole, and as the networks would see them."""
    at = draft.looks.cut
    items = [Item(draft.names[i], (own_results.last_part(draft.names[i]),)) for i in at]
    st.caption("Left the whole picture, darker where it is cut off; right what is left of it.")
    pictures = [draft.looks.overviews, _within_squares(drawn(draft, at))]
    columns = Columns(("the whole picture, darker what is cut off", "what is left"))
    gallery.show(gallery.pack(items, pictures, columns), "own_cut")


def _within_squares(x: mosaic.Pixels) -> mosaic.Pixels:
    """Pictures (n, H, W, 3) as large as they can be in squares: (n, SIDE, SIDE, 3)."""
    size = (prepared.SIDE, prepared.SIDE)
    squares = [ImageOps.pad(Image.fromarray(one), size) for one in x]
    return np.array([np.asarray(one) for one in squares], np.uint8).reshape(-1, *size, 3)


def counts(draft: Draft) -> tuple[tuple[str, int, str], ...]:
    """Counts by kind of image: name of the kind, number, and explanation."""
    is_mask = draft.arranged().is_mask
    n_masks = int(is_mask.sum())
    return (
        ("Offered", draft.n_offered, "Files found"),
        ("Images", len(draft) - n_masks, "Files that are images"),
        *([("Masks", n_masks, "Files that mark defects of images")] if n_masks else []),
        ("Unreadable", len(draft.rejected), "Files that are no images, or damaged"),
        ("Equal", int(draft.repeats().sum()), "The same pixels as an earlier image, at this size"),
        (
            "Almost equal",
            int(draft.near_repeats().sum()),
            "Differs hardly visibly from an earlier image",
        ),
        (
            "Very small",
            int((draft.small() & ~is_mask).sum()),
            "Less than half as many pixels a side as the chosen size",
        ),
    )


def examples(draft: Draft) -> Positions:
    """Positions of the example images: at most EXAMPLES, evenly spaced."""
    images = np.flatnonzero(~draft.arranged().is_mask)
    return images[:: max(1, len(images) // EXAMPLES)][:EXAMPLES]


def drawn(draft: Draft, chosen: Positions) -> mosaic.Pixels:
    """Prepared images of a draft, in display colours: (n, H, W, 3) uint8."""
    x = np.divide(draft.pixels()[chosen], 255, dtype=np.float32)
    return mosaic.colours(x)


def _examples(draft: Draft) -> None:
    chosen = examples(draft)
    items = [Item(draft.names[i], (own_results.last_part(draft.names[i]),)) for i in chosen]
    st.caption(
        plain(f"Prepared: {how_in_words(draft.preparation)}. As the networks will see them:")
    )
    gallery.show(gallery.pack(items, [drawn(draft, chosen)], Columns(("image",))), "own_examples")


def _unreadable(draft: Draft) -> None:
    if draft.rejected:
        with st.expander(f"Unreadable: {len(draft.rejected):,}", icon=":material/block:"):
            own_results.table_of_rejected(draft.rejected)


def _pairs(draft: Draft, title: str, odd: Flags, first: Positions) -> None:
    found = np.flatnonzero(odd)
    if not len(found):
        return
    with st.expander(f"{title}: {len(found):,}", icon=":material/content_copy:"):
        shown = found[:SHOWN]
        items = [Item(draft.names[i], (own_results.last_part(draft.names[i]),)) for i in shown]
        pictures = [drawn(draft, shown), drawn(draft, first[shown])]
        packed = gallery.pack(items, pictures, Columns(("image", "earlier image")))
        gallery.show(packed, f"own_pairs_{title}")
        _table(file=[draft.names[i] for i in found], earlier=[draft.names[i] for i in first[found]])


def _small(draft: Draft) -> None:
    found = np.flatnonzero(draft.small() & ~draft.arranged().is_mask)
    if len(found):
        with st.expander(f"Very small: {len(found):,}", icon=":material/photo_size_select_small:"):
            _table(
                file=[draft.names[i] for i in found],
                width=draft.sides[found, 1].tolist(),
                height=draft.sides[found, 0].tolist(),
            )


def _table(**columns: Sequence[str | int]) -> None:
    st.dataframe(tables.safe_table(pd.DataFrame(columns)), hide_index=True)
