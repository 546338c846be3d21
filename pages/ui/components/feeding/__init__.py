"""A tray of pictures to drag into a network, which shows their reconstructions.

All reconstructions are computed beforehand and sent as one sheet: a drop needs no server.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from core.images import sheets
from pages.ui.components.component import Packed, component, heard
from pages.ui.figures.mosaic import Pixels

PLACES = 4  # pictures compared at a time; one more replaces the oldest
Scores = npt.NDArray[np.float64]


class Morsel(NamedTuple):
    """A picture that can be dragged into the network.

    group: heading of the tray that it lies under; "" for one that is not in the tray.  place: rank
    of its error among other images, in a few words.  said: the result in one sentence.
    """

    id: str
    name: str
    group: str
    error: float
    place: str
    said: str


@dataclass(frozen=True)
class Distribution:
    """Histograms of errors of known and of strange images.

    Shares (b,) of the images in b bins; borders (b + 1,) are evenly spaced on a logarithmic axis.
    """

    borders: Scores
    known: Scores
    strange: Scores
    names: tuple[str, str]


def pack(
    network: str, morsels: Sequence[Morsel], pictures: Sequence[Pixels], usual: Distribution
) -> Packed:
    """The tray, packed for the browser.

    pictures: inputs, reconstructions and error maps, (n, H, W, 3) each, in the order of morsels.
    """
    tiles = np.concatenate(pictures, axis=2)  # (n, H, 3 W, 3)
    sheet, across = sheets.sheet_of(tiles)
    _, height, width, _ = tiles.shape
    header: dict[str, Any] = {
        "network": network,
        "items": [one._asdict() for one in morsels],
        "tile": [width // len(pictures), height],
        "across": across,
        "places": PLACES,
        "usual": {
            "ends": [float(usual.borders[0]), float(usual.borders[-1])],
            "known": usual.known.tolist(),
            "strange": usual.strange.tolist(),
            "names": usual.names,
        },
    }
    return Packed.identified(header, sheet)


def show(packed: Packed, key: str, fed: Sequence[str]) -> tuple[str, ...] | None:
    """Draw the tray and the network; return the ids in the network, None before the first drop.

    fed: ids of the pictures that are in the network when it first appears.
    """
    state = _component(
        key=key,
        data=packed.message(fed=list(fed)),
        default={"fed": None},
        on_fed_change=heard,
    )
    return known(state.fed, packed)


def known(sent: Any, packed: Packed) -> tuple[str, ...] | None:
    """The ids that the browser reports, without unknown ones; None if it reports nothing."""
    if not isinstance(sent, list):
        return None
    here = {item["id"] for item in packed.header["items"]}
    return tuple(dict.fromkeys(one for one in sent if isinstance(one, str) and one in here))[
        -PLACES:
    ]


_component = component("feeding")
