"""Pictures in a tray that are dragged into a network: what comes out is shown at once.

All that can be dragged in is computed before and sent as one sheet, so that a drop asks nobody.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from core.images import sheets
from pages.ui.components.component import Packed, component, heard
from pages.ui.figures.mosaic import Pixels

PLACES = 4  # pictures that are compared; of more the first is taken away
Scores = npt.NDArray[np.float64]


class Morsel(NamedTuple):
    """A picture that can be put in.

    group: under which heading it lies; "" for one that is not in the tray.  place: of its error
    among others, in a few words.  said: what came of it, in a sentence.
    """

    id: str
    name: str
    group: str
    error: float
    place: str
    said: str


@dataclass(frozen=True)
class Distribution:
    """How often errors occur among the known and the strange: shares (b,) between borders (b + 1,),
    which lie at equal factors.
    """

    borders: Scores
    known: Scores
    strange: Scores
    names: tuple[str, str]


def pack(
    network: str, morsels: Sequence[Morsel], pictures: Sequence[Pixels], usual: Distribution
) -> Packed:
    """The tray ready to be sent.

    pictures: what goes in, what comes out, and where they differ; (n, H, W, 3) each, in the order
    of morsels.
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
    header["id"] = hashlib.sha256(json.dumps(header).encode() + sheet).hexdigest()[:16]
    return Packed(header, sheet)


def show(packed: Packed, key: str, fed: Sequence[str]) -> tuple[str, ...] | None:
    """The tray and the network; the ids that are in it now, None if nobody has touched it yet.

    fed: those that are in it when it appears.
    """
    state = _component(
        key=key,
        data=packed.message(fed=list(fed)),
        default={"fed": None},
        on_fed_change=heard,
    )
    return known(state.fed, packed)


def known(sent: Any, packed: Packed) -> tuple[str, ...] | None:
    """What the browser says is in the network, as far as it can be; None if it says nothing."""
    if not isinstance(sent, list):
        return None
    here = {item["id"] for item in packed.header["items"]}
    return tuple(dict.fromkeys(one for one in sent if isinstance(one, str) and one in here))[
        -PLACES:
    ]


_component = component("feeding")
