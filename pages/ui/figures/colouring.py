"""Colours of points, by group or by number. No st calls."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, assert_never

import numpy as np
import numpy.typing as npt

from core.text import shortened
from pages.ui.figures import theme
from pages.ui.figures.theme import Style

Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
MOST_LETTERS = 24  # most characters of a name in a legend
OTHERS, BELOW = "others", 255
VIRIDIS = theme.interpolated(
    "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725"
)  # Smith and van der Walt 2015: (256, 3)
WHEEL = theme.interpolated("e8473f e8d33f 4ee83f 3fe8d9 3f54e8 d33fe8 e8473f")  # a cycle of hues
TABLES = {"warm": theme.ERROR_COLOURS, "neutral": VIRIDIS, "wheel": WHEEL}


@dataclass(frozen=True)
class Groups:
    """Colours by group, with the size of each group in the legend.

    of: (N,) indices into names.  styles: one for each name, empty = by order.  highlighted:
    indices of the names with a style of their own, ascending; the others are drawn alike. None =
    as frequent().
    """

    title: str
    names: tuple[str, ...]
    of: Positions
    styles: tuple[Style, ...] = ()
    highlighted: tuple[int, ...] | None = None

    @cached_property
    def shown(self) -> tuple[int, ...]:
        """Indices of the names that have a style of their own."""
        return frequent(self.names, self.of) if self.highlighted is None else self.highlighted

    @cached_property
    def parts(self) -> tuple["Part", ...]:
        """The groups to draw, without empty ones: those without a style first, so below."""
        short = shortened([self.names[i] for i in self.shown], MOST_LETTERS)
        found = [
            Part(self.names[i], label, self._style(i, place), self.of == i)
            for place, (i, label) in enumerate(zip(self.shown, short, strict=True))
        ]
        others = Part("", OTHERS, Style(theme.FADED), ~np.isin(self.of, self.shown))
        return tuple(part for part in (others, *found) if part.members.any())

    def _style(self, i: int, place: int) -> Style:
        """The style of name i, which is at this place among those with a style of their own."""
        if self.styles:
            return self.styles[i]
        return theme.style(i if len(self.names) <= theme.N_DISTINCT else place)


class Part(NamedTuple):
    """Points with the same style.

    name: of the group; "" for the others, of several groups.  label: a short name.  members: (N,)
    True for points of the group.
    """

    name: str
    label: str
    style: Style
    members: Mask


@dataclass(frozen=True)
class Scale:
    """Colours by number.

    values: (N,).  colours: "warm", as for all errors, neutral, or cyclic over 360 degrees.
    """

    title: str
    values: npt.NDArray[np.floating]
    colours: Literal["warm", "neutral", "wheel"]


Colouring = Groups | Scale


def rgb(colouring: Colouring) -> npt.NDArray[np.uint8]:
    """The colour of each point: (N, 3)."""
    if isinstance(colouring, Groups):
        found = np.empty((len(colouring.of), 3), np.uint8)
        for part in colouring.parts:
            found[part.members] = list(bytes.fromhex(part.style.colour[1:]))
        return found
    low, high = ends(colouring)
    share = np.clip((np.nan_to_num(colouring.values) - low) / (high - low), 0, 1)
    return np.asarray(TABLES[colouring.colours][np.rint(share * 255).astype(np.uint8)])


def marks(colouring: Colouring) -> npt.NDArray[np.uint8]:
    """The shape of each point: (N,) indices into theme.SHAPES, BELOW for those without a style."""
    if isinstance(colouring, Scale):
        return np.zeros(len(colouring.values), np.uint8)
    found = np.zeros(len(colouring.of), np.uint8)
    for part in colouring.parts:
        found[part.members] = theme.SHAPES.index(part.style.shape) if part.name else BELOW
    return found


def frequent(names: Sequence[str], of: Positions) -> tuple[int, ...]:
    """Indices of the names that get a style: all with points, or the most frequent.

    Ties are resolved by order.  of: (N,) indices into names.
    """
    sizes = np.bincount(of, minlength=len(names))
    present = np.flatnonzero(sizes)
    if len(present) <= theme.N_DISTINCT:
        return tuple(present.tolist())
    by_size = np.argsort(-sizes, kind="stable")[: len(theme.PALETTE)]
    return tuple(sorted(by_size.tolist()))


def name_of(colouring: Colouring) -> str:
    """A short hash of a colouring."""
    values = colouring.of if isinstance(colouring, Groups) else colouring.values
    name = hashlib.sha256(np.ascontiguousarray(values).tobytes())
    shown = (colouring.names, colouring.shown) if isinstance(colouring, Groups) else ()
    name.update(repr((colouring.title, shown)).encode())
    return name.hexdigest()[:16]


def ends(scale: Scale) -> tuple[float, float]:
    """The values of the first and the last colour; a few outliers may exceed the last."""
    match scale.colours:
        case "wheel":
            return 0.0, 360.0
        case "warm" | "neutral":
            low, high = (float(np.nanquantile(scale.values, share)) for share in (0.0, 0.995))
            return low, max(high, low + 1e-9)
        case _:
            assert_never(scale.colours)
