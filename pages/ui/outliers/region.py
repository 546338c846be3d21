"""A region of an own set that is not judged: painted, marked by a rectangle, or from a file."""

import numpy as np
import streamlit as st

from core.config import HourglassError
from core.data import ignored
from core.data.ignored import Mask
from core.data.own.store import PREFIX
from pages.ui import cache
from pages.ui.components import drawpad
from pages.ui.figures import mosaic, theme
from pages.ui.figures.text import plain
from pages.ui.outliers.data import Scope

SIDE, SAMPLE, OPACITY = 224, 200, 0.55  # pixels of the preview; images in it; of the region
PAGE, PROBLEM = "region_page", "region_problem"  # which drawing; what was wrong with a file
HELP = (
    "What lies in the region changes no score, map or threshold: a date in the corner, the edge of "
    "a fixture. It is kept with the data set and also counts on the command line"
)


def draw(scope: Scope) -> None:
    """The control, for a person's own set."""
    if not scope.dataset.startswith(PREFIX):
        return
    images = cache.dataset(scope.dataset, scope.split)
    size = images.shape[1:]
    mask = ignored.of(scope.dataset, size)
    share = "" if mask is None else f" · {100 * mask.mean():.0f} %"
    with st.popover(f"Ignore a region{share}", icon=":material/crop_free:", help=HELP):
        _preview(images.pixels(slice(0, SAMPLE)).mean(axis=0), mask)
        _rectangle(scope.dataset, size, mask)
        _brush(scope.dataset, size, mask)
        _file(scope.dataset, size, mask)
        st.button(
            "Judge the whole picture again",
            icon=":material/undo:",
            on_click=ignored.forget,
            args=(scope.dataset,),
            disabled=mask is None,
        )
        if problem := st.session_state.pop(PROBLEM, ""):
            st.error(plain(problem), icon=":material/error:")


def _preview(mean: mosaic.Array, mask: Mask | None) -> None:
    """The mean picture of the set with the region laid over it.  mean: (C, H, W)."""
    picture = mosaic.colours(mean[None])
    if mask is not None:
        picture = picture.copy()
        inside = picture[0][mask] * (1 - OPACITY) + OPACITY * np.array(_rgb(theme.LIGHT["outlier"]))
        picture[0][mask] = inside.astype(np.uint8)
    shown = mosaic.png(mosaic.enlarged(picture, SIDE)[0])
    st.image(shown, width=SIDE, alt="The mean picture of the set; the region to ignore is red")
    st.caption("The mean picture; what is ignored is red.")


def _rectangle(dataset: str, size: tuple[int, int], mask: Mask | None) -> None:
    down = st.slider("From top to bottom, %", 0, 100, (0, 15), key="region_rows")
    across = st.slider("From left to right, %", 0, 100, (0, 30), key="region_columns")
    st.button(
        "Add this rectangle",
        icon=":material/add:",
        on_click=_add,
        args=(dataset, mask, rectangle(size, down, across)),
    )


def rectangle(size: tuple[int, int], down: tuple[int, int], across: tuple[int, int]) -> Mask:
    """A rectangle in an image of size (H, W), its ends in per cent of the sides: (H, W)."""
    mask = np.zeros(size, bool)
    (top, bottom), (left, right) = (
        (round(one[0] * side / 100), round(one[1] * side / 100))
        for one, side in zip((down, across), size, strict=True)
    )
    mask[top:bottom, left:right] = True
    return mask


def _brush(dataset: str, size: tuple[int, int], mask: Mask | None) -> None:
    """A pad to paint on; the whole pad is the whole picture."""
    if not st.toggle("Paint with a brush", key="region_brush"):
        return
    page = int(st.session_state.get(PAGE, 0))
    painted = drawpad.show("region_pad", page)
    st.button(
        "Add what is painted",
        icon=":material/add:",
        on_click=_add_file,
        args=(dataset, mask, size, painted or b""),
        disabled=not painted,
    )


def _file(dataset: str, size: tuple[int, int], mask: Mask | None) -> None:
    given = st.file_uploader(
        "From a picture: white is ignored", ("png", "jpg", "jpeg", "bmp"), key="region_file"
    )
    if given is not None:
        st.button(
            "Add what is white in it",
            icon=":material/add:",
            on_click=_add_file,
            args=(dataset, mask, size, given.getvalue()),
        )


def _add(dataset: str, mask: Mask | None, more: Mask) -> None:
    try:
        ignored.keep(dataset, more if mask is None else mask | more)
    except HourglassError as error:
        st.session_state[PROBLEM] = str(error)


def _add_file(dataset: str, mask: Mask | None, size: tuple[int, int], data: bytes) -> None:
    try:
        _add(dataset, mask, ignored.read_mask(data, size))
        st.session_state[PAGE] = int(st.session_state.get(PAGE, 0)) + 1
    except HourglassError as error:
        st.session_state[PROBLEM] = str(error)


def _rgb(colour: str) -> tuple[int, ...]:
    """The red, green and blue of "#rrggbb"."""
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
