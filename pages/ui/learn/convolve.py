"""Step 7: the code of a convolutional network is a block of feature maps."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.checkpoints import Card
from core.computing.tasks import task
from core.latent import feature_maps, lesson_tasks
from core.latent.geometry import Array
from core.models.layers import Conv
from core.text import counted
from pages.ui import cache
from pages.ui.components.component import Packed
from pages.ui.components.sweep import Cell, Frames, Row, Sweep, packing
from pages.ui.figures import mosaic
from pages.ui.learn import parts
from pages.ui.learn.parts import GoOn
from pages.ui.noise import controls


@dataclass(frozen=True)
class CoveredSet:
    """Images and models that the step shows for one data set.

    n: images side by side.  grid: positions of the square along each side.
    """

    dataset: str
    model: str
    n: int
    grid: int


SETS = {
    "digits": CoveredSet("mnist-5k", "mnist-conv", 8, 8),
    "shapes": CoveredSet("shapes", "shapes-conv", 5, 8),
}
TITLES = {"digits": "Digits", "shapes": "Shapes, in colour"}
N_MEASURED = 50
TILE, ACROSS = 40, 16  # pixels of a feature map; maps side by side


def draw() -> None:
    """Draw images with a moving grey square, the change of the code, and the feature maps."""
    with parts.row_of_controls():
        shown = SETS[_set()]
    card = parts.model(shown.model)
    x = controls.pick(cache.dataset(shown.dataset, parts.SPLIT), (), shown.n, 0).pixels()
    share = _share(card, shown)
    parts.say(*words(card, share))
    packed = parts.kept_for((card,), "convolve", lambda: _packed(card, x, shown))
    parts.slider(packed, f"convolve_{shown.dataset}", 0.0)
    _draw_maps(card, x[:1])
    way = {"dataset": shown.dataset, "split": parts.SPLIT, "model": card.name, "shuffle": 0}
    parts.go_on(GoOn("Reconstruct: this model under noise", "pages/reconstruct.py", way))


def words(card: Card, share: float) -> tuple[str, str]:
    """Two sentences: the shapes of the layers, and how far the code preserves position."""
    c, h, w = card.plan.code_shape
    channels = [layer.c_out for layer in card.plan.encoder if isinstance(layer, Conv)]
    pictures = "channel" if card.input_shape[0] == 1 else "channels"
    return (
        (
            f"`{card.name}` takes a picture of {card.input_shape[1]} × {card.input_shape[2]} "
            f"with {card.input_shape[0]} {pictures}; each convolution halves it and mixes all "
            f"channels into {', '.join(map(str, channels))} new ones. Its code is {c} pictures "
            f"of {h} × {w}: {card.latent_dim:,} numbers."
        ),
        (
            f"**Cover a part of the picture, and {100 * share:.0f} % of the squared change of the "
            f"code is at the same place** ({100 / (h * w):.0f} % if the code ignored position; "
            f"measured on {counted(N_MEASURED, 'test image')})."
        ),
    )


def covered_frames(card: Card, x: Array, grid: int) -> tuple[Array, Array]:
    """Images with a square at each of grid x grid positions, and the squared change of the code.

    x: (n, C, H, W).  Returns (grid * grid, n, C, H, W) twice: the images, and the change enlarged
    to their size, in [0, 1], linear, the same in all channels.
    """
    model = cache.autoencoder(card)
    _, h, w = card.plan.code_shape
    size = (-(-x.shape[2] // h), -(-x.shape[3] // w))
    tops, lefts = (
        np.linspace(0, side - part, grid).round().astype(int)
        for side, part in zip(x.shape[2:], size, strict=True)
    )
    frames = np.stack([feature_maps.covered(x, t, left, size) for t in tops for left in lefts])
    felt = np.stack([feature_maps.felt(model, x, frame) for frame in frames])  # (S, n, h, w)
    rows, columns = (
        np.arange(side) * n // side for side, n in zip(x.shape[2:], (h, w), strict=True)
    )
    stretched = (felt / max(felt.max(), 1e-12))[:, :, None, rows][..., columns]
    return frames, np.broadcast_to(stretched, frames.shape).astype(np.float32)


def _packed(card: Card, x: Array, shown: CoveredSet) -> Packed:
    frames, felt = covered_frames(card, x, shown.grid)
    rows = (
        Row("Input", "original", Frames(frames), detail="a grey square covers a part"),
        Row(
            "Change of the code",
            "error",
            Frames(felt),
            detail="squared change at each place of the block, summed over its maps; "
            "black = none, white = most",
        ),
    )
    cells = tuple(Cell(f"{shown.dataset} {i}", "") for i in range(len(x)))
    return packing.pack(
        Sweep(
            "Position of the square",
            np.arange(len(frames), dtype=np.float64),
            cells,
            rows,
            digits=0,
            help="From the top left to the bottom right, row by row. Drag, or use the arrow keys.",
        )
    )


def _draw_maps(card: Card, x: Array) -> None:
    found = feature_maps.feature_maps(cache.autoencoder(card), x)[0]  # (c, h, w)
    most = max(float(np.abs(found).max()), 1e-9)
    tiles = mosaic.enlarged(mosaic.colours((0.5 + 0.5 * found / most)[:, None]), TILE)
    channels = mosaic.enlarged(mosaic.colours(x[0][:, None]), 4 * TILE)
    with st.container(horizontal=True, gap="large", vertical_alignment="top"):
        st.image(
            mosaic.strip(channels),
            caption=f"The first image: its {counted(len(channels), 'channel')}"
            + (" (red, green, blue)" if len(channels) == 3 else ""),
            alt="The channels of the first image",
        )
        st.image(
            mosaic.grid(tiles, ACROSS),
            caption=f"Its code, {len(found)} pictures: black −{most:.1f}, grey 0, white {most:.1f}",
            alt=f"The {len(found)} feature maps of the first image",
        )


def _share(card: Card, shown: CoveredSet) -> float:
    ref, title = cache.split_ref(shown.dataset, parts.SPLIT), "Covering parts of images"
    asked = task(lesson_tasks.felt, ref, N_MEASURED, card.sha256, title=title, models=[card])
    return float(cache.computed(asked)["share"])


def _set() -> str:
    help_text = "Digits have one channel, coloured shapes have three"
    return parts.one_of("pictures", "Pictures", TITLES, help_text)
