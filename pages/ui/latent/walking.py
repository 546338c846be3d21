"""A walk through code space on the page: a slider, strips of pictures, and an animation."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.checkpoints import Card
from core.latent.geometry import Array, Scores
from pages.ui.components.component import Packed
from pages.ui.components.sweep import Cell, Frames, Mark, Row, Stat, Sweep, packing
from pages.ui.figures import animation, mosaic
from pages.ui.session import widgets

STEPS = 41
STRIP = 11  # steps shown side by side
FORMATS: dict[animation.Format, str] = {"GIF": "image/gif", "WEBP": "image/webp"}
STRIP_SIDE, STRIP_GAP = 72, 3  # pixels


class Original(NamedTuple):
    """An original image at an end of a strip.  x: (C, H, W)."""

    id: str
    x: Array


@dataclass(frozen=True)
class Strip:
    """One row of a walk's pictures, laid out side by side.

    of: index of the picture among the n of the walk.  title: what it shows.  before, after: the
    originals at its ends.
    """

    of: int
    title: str
    before: Original
    after: Original | None = None


@dataclass(frozen=True)
class Walk:
    """n pictures that follow a slider with S positions.

    title: what the walk is.  values: (S,) of the slider.  start: first value of the slider.  x: (S,
    n, C, H, W).  cells: one for each of the n pictures.  label, help: of the slider.  numbers: (S,
    n), shown under the pictures.  detail: what the numbers are.  strips: rows of the report and the
    page.  errors: curves of the report, (S,) each.
    """

    title: str
    values: Scores
    start: float
    x: Array
    cells: tuple[Cell, ...]
    label: str
    help: str
    numbers: Scores
    detail: str
    strips: tuple[Strip, ...]
    errors: tuple[Stat, ...]
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class ShownWalk:
    """A walk on the page.

    at: the step where the slider was released.  clicked: id of the picture that was clicked in this
    run of the page, or None.
    """

    walk: Walk
    at: int
    clicked: str | None = None


def packed(walk: Walk, card: Card) -> Packed:
    """The slider component of a walk, packed for the browser; cache it."""
    row = Row(
        card.title,
        "reconstructed",
        Frames(walk.x),
        f"{card.name}; {walk.detail}",
        numbers=walk.numbers,
        captions=True,
    )
    return packing.pack(
        Sweep(
            label=walk.label,
            values=walk.values,
            cells=walk.cells,
            rows=(row,),
            marks=walk.marks,
            help=walk.help,
        )
    )


def show(walk: Walk, ready: Packed, key: str, link: str) -> ShownWalk:
    """Draw the slider of a walk; the position where it is released is part of the link.

    key: of the component.  link: name of the position in the link.
    """
    values = ready.header["values"]  # rounded, as the browser reports them
    default = values[_nearest(values, walk.start)]
    event = widgets.frames(ready, key, link, default)
    return ShownWalk(walk, values.index(event.value), event.clicked)


def offer_animation(place: DeltaGenerator, walk: Walk, name: str) -> None:
    """Draw buttons that download the walk as an animation: GIF or WebP."""
    with place.popover(
        "Animation", icon=":material/movie:", help="Download the walk as an animation"
    ):
        for kind, mime in FORMATS.items():
            st.download_button(
                kind,
                partial(_animated, walk, kind),
                f"hourglass-{name}.{kind.lower()}",
                mime,
                key=f"{name}_{kind}",
                on_click="ignore",
                help="Forwards and backwards, enlarged without smoothing",
            )


def frames(walk: Walk) -> mosaic.Pixels:
    """The pictures of a walk in display colours: (S, n, H, W, 3) uint8."""
    flat = mosaic.colours(walk.x.reshape(-1, *walk.x.shape[2:]))
    return flat.reshape(*walk.x.shape[:2], *flat.shape[1:])


def steps(walk: Walk) -> list[int]:
    """The STRIP steps that a strip shows: evenly spaced, with both ends."""
    return list(map(round, np.linspace(0, len(walk.values) - 1, STRIP).tolist()))


def strip(pictures: Sequence[Array]) -> mosaic.Pixels:
    """Images (C, H, W) side by side, enlarged, with a gap between them."""
    large = mosaic.enlarged(mosaic.colours(np.stack(list(pictures))), STRIP_SIDE)
    return animation.side_by_side(large, STRIP_GAP)


def _nearest(values: Sequence[float], wanted: float) -> int:
    return int(np.abs(np.asarray(values) - wanted).argmin())


def _animated(walk: Walk, kind: animation.Format) -> bytes:
    return animation.animated(frames(walk), kind)
