"""Defects planted on drawn shapes, and masks of exactly the pixels they changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.data.named import drawing
from core.data.named.drawing import Array, Scenes

KINDS = ("scratch", "hole", "wrong colour", "merged")
VISIBLE = 8  # grey levels of 255; smaller changes by a defect are not applied


@dataclass(frozen=True)
class Defects:
    """The defects of n pictures, one array of n values each.

    kind: index into KINDS, or -1 for none.  angle: where to or which way, in radians.
    strength: 0 to 1; how far from the centre, how wide or how large, each kind in its own bounds.
    other: the shape that "merged" adds, an index into drawing.SHAPES.
    """

    kind: npt.NDArray[np.int64]
    angle: Array
    strength: Array
    other: npt.NDArray[np.int64]

    def rows(self, index: Any) -> Defects:
        """The defects at `index` (a slice, positions or one bool a picture)."""
        return Defects(self.kind[index], self.angle[index], self.strength[index], self.other[index])


def random_defects(n: int, n_defective: int, rng: np.random.Generator) -> Defects:
    """Defects for `n_defective` of n pictures, in random places, the kinds in equal shares."""
    kind = np.full(n, -1, np.int64)
    kind[rng.permutation(n)[:n_defective]] = np.arange(n_defective) % len(KINDS)
    return Defects(
        kind,
        rng.uniform(0, 2 * np.pi, n).astype(np.float32),
        rng.uniform(0, 1, n).astype(np.float32),
        rng.integers(len(drawing.SHAPES), size=n),
    )


def draw_with(
    scenes: Scenes, defects: Defects
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """The pictures with their defects, (n, 3, 64, 64), and masks of them, (n, 64, 64).

    Every marked pixel differs from drawing.draw(scenes) by at least VISIBLE levels in a channel,
    every other pixel not at all.
    """
    clean = drawing.draw(scenes)
    damaged = clean.copy()
    for index, plant in enumerate(PLANTERS):
        chosen = np.flatnonzero(defects.kind == index)
        damaged[chosen] = drawing.to_bytes(plant(scenes.rows(chosen), defects.rows(chosen)))
    masks = (np.abs(damaged.astype(np.int16) - clean) >= VISIBLE).any(axis=1)
    return np.where(masks[:, None], damaged, clean), masks


def _scratch(scenes: Scenes, defects: Defects) -> Array:
    """A thin dark line right across the shape."""
    inside = drawing.coverage(drawing.distance(scenes))
    half_width = 0.7 + 0.6 * defects.strength
    offset = 0.4 * scenes.size * (defects.strength - 0.5)
    line = np.abs(_along(scenes, defects.angle) - offset[:, None, None])
    cover = drawing.coverage(line - half_width[:, None, None])
    scratched = drawing.paint(drawing.colour(scenes), 0.3 * drawing.colour(scenes), cover)
    return drawing.paint(drawing.background(scenes), scratched, inside)


def _hole(scenes: Scenes, defects: Defects) -> Array:
    """A round hole near the middle, through which the ground is seen."""
    radius = (0.16 + 0.12 * defects.strength) * scenes.size
    hole = drawing.coverage(_disc(scenes, defects.angle, 0.15 * scenes.size, radius))
    inside = drawing.coverage(drawing.distance(scenes)) * (1 - hole)
    return drawing.paint(drawing.background(scenes), drawing.colour(scenes), inside)


def _wrong_colour(scenes: Scenes, defects: Defects) -> Array:
    """One side of the shape in another hue."""
    cut = 0.3 * scenes.size * (defects.strength - 0.5)
    side = drawing.coverage(cut[:, None, None] - _along(scenes, defects.angle))
    turned = drawing.colour(scenes, 90 + 180 * defects.strength)
    two_tone = drawing.paint(drawing.colour(scenes), turned, side)
    inside = drawing.coverage(drawing.distance(scenes))
    return drawing.paint(drawing.background(scenes), two_tone, inside)


def _merged(scenes: Scenes, defects: Defects) -> Array:
    """A second, smaller shape of the same colour grown into the first."""
    away = scenes.size
    second = Scenes(
        shape=defects.other,
        hue=scenes.hue,
        size=scenes.size * (0.55 + 0.2 * defects.strength),
        x=scenes.x + away * np.cos(defects.angle),
        y=scenes.y + away * np.sin(defects.angle),
        rotation=scenes.rotation + np.rad2deg(defects.angle),
        background=scenes.background,
    )
    both = np.minimum(drawing.distance(scenes), drawing.distance(second))
    return drawing.paint(drawing.background(scenes), drawing.colour(scenes), drawing.coverage(both))


PLANTERS = (_scratch, _hole, _wrong_colour, _merged)  # in the order of KINDS


def _along(scenes: Scenes, angle: Array) -> Array:
    """Offset of each pixel from the shape's centre along `angle`, in pixels: (n, 64, 64)."""
    across, down = drawing.from_centre(scenes)
    return np.asarray(across * np.cos(angle)[:, None, None] + down * np.sin(angle)[:, None, None])


def _disc(scenes: Scenes, angle: Array, away: Array, radius: Array) -> Array:
    """Signed distance in pixels to a disc whose centre is `away` from the shape's: (n, 64, 64)."""
    across, down = drawing.from_centre(scenes)
    dx = across - (away * np.cos(angle))[:, None, None]
    dy = down - (away * np.sin(angle))[:, None, None]
    return np.asarray(np.hypot(dx, dy) - radius[:, None, None])
