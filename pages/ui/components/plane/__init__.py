"""A plane of code space to explore with the pointer; its images are decoded before, on a lattice.

The two-dimensional counterpart of sweep.py. The pointer or the arrow keys choose a node; the
browser shows its decoded image, its coordinates and the nearest image of the data without a
message to the server. A click pins the node and reports it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from core.images.imagesets import ImageSet
from core.images.sheets import colours, sheet_of
from core.latent.walks import Lattice
from pages.ui.components.component import Body, Packed, component, heard
from pages.ui.figures.mosaic import Pixels

LARGE = 48  # pixels a side; for images at least so large the lattice has fewer nodes
NODES, NODES_OF_LARGE = 48, 40


@dataclass(frozen=True)
class Legend:
    """Texts of a plane.  axes: their titles.  what: title of the plane.  model: its name."""

    axes: tuple[str, str]
    what: str
    model: str


class Place(NamedTuple):
    """Coordinates on a plane, in the units of its axes."""

    x: float
    y: float


class Event(NamedTuple):
    """pinned: the pinned place.  clicked: id of the image clicked in this run, or None."""

    pinned: Place | None
    clicked: str | None


def nodes(shape: tuple[int, int, int]) -> int:
    """Number of nodes along each side of a lattice for images of this shape."""
    return NODES_OF_LARGE if max(shape) >= LARGE else NODES


@dataclass(frozen=True, eq=False)
class Sheet:
    """The decoded images of a lattice, the highest y first, as one WebP; side: (h, w) of each."""

    content: npt.NDArray[np.uint8]
    side: tuple[int, int]


def pack(lattice: Lattice, sheet: Sheet, images: ImageSet, legend: Legend) -> Packed:
    """A plane, packed for the browser; cache it.

    images: those whose codes the lattice was made with, in the same order.
    """
    side = sheet.side
    known, which = np.unique(lattice.nearest, return_inverse=True)
    thumbnails, across = sheet_of(colours(images.pixels(known)), quality=85)
    body = Body()
    places = {
        "decoded": body.put(sheet.content),
        "thumbnails": body.put(np.frombuffer(thumbnails, np.uint8)),
        "which": body.put(which.astype(np.uint16).ravel()),
        "distance": body.put(lattice.distance.astype(np.float32).ravel()),
        "far": body.put(lattice.far.astype(np.uint8).ravel()),
    }
    header: dict[str, Any] = {
        "size": len(lattice.xs),
        "tile": [side[1], side[0]],
        "image": [images.shape[2], images.shape[1]],
        "across": across,
        "xs": np.round(lattice.xs, 4).tolist(),
        "ys": np.round(lattice.ys, 4).tolist(),
        "axes": legend.axes,
        "what": legend.what,
        "model": legend.model,
        "ids": images.ids[known].tolist(),
        "labels": [images.label_name(int(i)) for i in known],
        "reach": lattice.reach,
        "places": places,
    }
    return Packed.identified(header, bytes(body.content))


def dots(shares: npt.NDArray[np.float64], colours: Pixels, marks: npt.NDArray[np.uint8]) -> Packed:
    """Points on a plane, packed for the browser.

    shares: (n, 2) relative positions in the lattice, of Lattice.shares().  colours: (n, 3) uint8.
    marks: (n,) of colouring.marks().
    """
    places = np.rint(np.clip(shares, 0, 1) * 65535).astype("<u2")
    return Packed({"n": len(places)}, places.tobytes() + colours.tobytes() + marks.tobytes())


def show(
    packed: Packed, key: str, points: Packed, selected: Sequence[int], start: Place | None = None
) -> Event:
    """Draw the plane; return what the visitor did in it.

    points: of dots().  selected: positions of highlighted points; none = all alike. Both are sent
    separately, so that the pictures are not sent again when they change.  start: the place that is
    pinned at first; it must be the same at each rerun (state.on_appearance).
    """
    _selection(key=f"{key}_selection", data=points.message(selected=list(selected)))
    state = _component(
        key=key,
        data=packed.message(pinned=start),
        default={"pinned": start},
        on_pinned_change=heard,
        on_clicked_change=heard,
    )
    pinned = state.pinned
    return Event(Place(*map(float, pinned)) if pinned else None, state.clicked)


_selection = component("plane_selection", folder="plane")
_component = component("plane")
