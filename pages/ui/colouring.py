"""What the colours of points say: a name, or a number. No st."""

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from pages.ui import theme

Positions = npt.NDArray[np.int64]
VIRIDIS = theme.interpolated(
    "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725"
)  # Smith and van der Walt 2015: (256, 3)
WHEEL = theme.interpolated("e8473f e8d33f 4ee83f 3fe8d9 3f54e8 d33fe8 e8473f")  # hues in a circle
TABLES = {"warm": theme.ERROR_COLOURS, "neutral": VIRIDIS, "wheel": WHEEL}


@dataclass(frozen=True)
class Groups:
    """Colours by name, with their counts in the legend.

    of: (N,) indices into names.  colours: one for each name.
    """

    title: str
    names: tuple[str, ...]
    of: Positions
    colours: tuple[str, ...] = theme.PALETTE


@dataclass(frozen=True)
class Scale:
    """Colours by number.

    values: (N,).  colours: warm as errors are everywhere, neutral, or a wheel of 360 degrees.
    """

    title: str
    values: npt.NDArray[np.floating]
    colours: Literal["warm", "neutral", "wheel"]


Colouring = Groups | Scale


def rgb(colouring: Colouring) -> npt.NDArray[np.uint8]:
    """The colour of each point for a picture: (N, 3)."""
    if isinstance(colouring, Groups):
        table = np.array([list(bytes.fromhex(c[1:])) for c in colouring.colours], np.uint8)
        return np.asarray(table[colouring.of % len(table)])
    low, high = ends(colouring)
    share = np.clip((np.nan_to_num(colouring.values) - low) / (high - low), 0, 1)
    return np.asarray(TABLES[colouring.colours][np.rint(share * 255).astype(np.uint8)])


def name_of(colouring: Colouring) -> str:
    """A short name that no other colouring has."""
    values = colouring.of if isinstance(colouring, Groups) else colouring.values
    name = hashlib.sha256(np.ascontiguousarray(values).tobytes())
    name.update(repr((colouring.title, getattr(colouring, "names", ""))).encode())
    return name.hexdigest()[:16]


def ends(scale: Scale) -> tuple[float, float]:
    """The values of the first and of the last colour; few strays are beyond the last."""
    if scale.colours == "wheel":
        return 0.0, 360.0
    low, high = (float(np.nanquantile(scale.values, share)) for share in (0.0, 0.995))
    return low, max(high, low + 1e-9)
