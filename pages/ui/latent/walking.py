"""A walk through code space on the page: a scrubber, a strip, and a file that moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.checkpoints import Card
from core.latent import Array, Scores
from pages.ui import animation, mosaic, packing, sweep
from pages.ui.sweep import Cell, Frames, Mark, Packed, Row, Sweep

STEPS = 41
FORMATS: dict[animation.Format, str] = {"GIF": "image/gif", "WEBP": "image/webp"}
STRIP_SIDE, STRIP_GAP = 72, 3  # pixels


@dataclass(frozen=True)
class Walk:
    """Pictures that follow a slider.

    values: (S,) where it can stand.  start: where it stands first.  x: (S, n, C, H, W).
    cells: one for each of the n pictures.  label, help: the slider's.  prefix: before its value.
    """

    values: Scores
    start: float
    x: Array
    cells: tuple[Cell, ...]
    label: str
    help: str
    marks: tuple[Mark, ...] = ()
    prefix: str = ""


def packed(walk: Walk, card: Card) -> Packed:
    """The scrubber of a walk, ready to be sent; cache it."""
    row = Row(card.title, "reconstructed", Frames(walk.x), detail=card.name, captions=True)
    return packing.pack(
        Sweep(walk.label, walk.values, walk.cells, (row,), walk.marks, walk.prefix, help=walk.help)
    )


def show(walk: Walk, ready: Packed, key: str) -> str | None:
    """The scrubber; the id of a picture that was clicked just now, or None."""
    return sweep.show(ready, key, start=walk.start).clicked


def offer_animation(place: DeltaGenerator, walk: Walk, name: str) -> None:
    """Buttons that make the walk a file: GIF or WebP."""
    with place.popover("Animation", icon=":material/movie:", help="The walk as a moving picture"):
        for kind, mime in FORMATS.items():
            st.download_button(
                kind,
                partial(_animated, walk, kind),
                f"hourglass-{name}.{kind.lower()}",
                mime,
                key=f"{name}_{kind}",
                on_click="ignore",
                help="There and back, enlarged with hard pixels",
            )


def frames(walk: Walk) -> mosaic.Pixels:
    """The pictures of a walk as the screen shows them: (S, n, H, W, 3)."""
    flat = mosaic.colours(walk.x.reshape(-1, *walk.x.shape[2:]))
    return flat.reshape(*walk.x.shape[:2], *flat.shape[1:])


def strip(pictures: Sequence[Array]) -> mosaic.Pixels:
    """Images (C, H, W) side by side, enlarged, with a gap between them."""
    large = mosaic.enlarged(mosaic.colours(np.stack(list(pictures))), STRIP_SIDE)
    return animation.side_by_side(large, STRIP_GAP)


def _animated(walk: Walk, kind: animation.Format) -> bytes:
    return animation.animated(frames(walk), kind)
