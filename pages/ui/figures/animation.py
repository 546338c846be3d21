"""Sequences of pictures as an animated file. No st calls."""

import io
from typing import Literal, assert_never

import numpy as np
from PIL import Image

from pages.ui.figures import mosaic
from pages.ui.figures.mosaic import Pixels

Format = Literal["GIF", "WEBP"]
SIDE = 280  # pixels of a picture at most
FRAME_MS = 60
PAUSE_MS = 500  # at both ends
GAP = 4


def animated(frames: Pixels, kind: Format) -> bytes:
    """An endless animation, forwards and backwards, with a pause at both ends.

    frames: (S, n, H, W, 3) uint8, n pictures side by side in each; enlarged without smoothing.
    """
    pictures = [Image.fromarray(_row(frame)) for frame in frames]
    order = [*range(len(pictures)), *range(len(pictures) - 2, 0, -1)]
    ends = (0, len(pictures) - 1)
    durations = [PAUSE_MS if i in ends else FRAME_MS for i in order]
    match kind:
        case "GIF":
            grey = bool((frames == frames[..., :1]).all())
            pictures = [picture.convert("L" if grey else "P") for picture in pictures]
        case "WEBP":
            pass
        case _:
            assert_never(kind)
    first, *rest = (pictures[i] for i in order)
    file = io.BytesIO()
    first.save(
        file, kind, save_all=True, append_images=rest, duration=durations, loop=0, lossless=True
    )
    return file.getvalue()


def side_by_side(pictures: Pixels, gap: int) -> Pixels:
    """Pictures (n, H, W, 3) in one row, separated by grey."""
    n, h, w, _ = pictures.shape
    row = np.full((h, n, w + gap, 3), 128, np.uint8)
    row[:, :, :w] = pictures.transpose(1, 0, 2, 3)
    return np.ascontiguousarray(row.reshape(h, -1, 3)[:, : n * (w + gap) - gap])


def _row(frame: Pixels) -> Pixels:
    return side_by_side(mosaic.enlarged(frame, SIDE if len(frame) == 1 else SIDE // 2), GAP)
