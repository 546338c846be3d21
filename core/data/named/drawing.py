"""Pictures of one shape each, 64 x 64 in colour, from their factors.

Shapes are drawn from signed distances, so that edges are smooth without drawing them larger
first. Imports nothing else from core.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
SIDE = 64
SHAPES = ("circle", "square", "triangle", "star", "cross", "heart")


@dataclass(frozen=True)
class Scenes:
    """The factors of n pictures, one array of n values each.

    shape: index into SHAPES.  hue: degrees, 0 to 360.  size: the radius around the shape in pixels.
    x, y: its centre in pixels from the left and from the top.  rotation: degrees, clockwise.
    background: brightness, 0 to 1.
    """

    shape: npt.NDArray[np.int64]
    hue: Array
    size: Array
    x: Array
    y: Array
    rotation: Array
    background: Array

    def __len__(self) -> int:
        return len(self.shape)

    def rows(self, index: Any) -> Scenes:
        """The scenes at `index` (a slice, positions or one bool a scene)."""
        return Scenes(**{one.name: getattr(self, one.name)[index] for one in fields(self)})


def random_scenes(n: int, rng: np.random.Generator) -> Scenes:
    """Scenes with all factors independent and uniform, the shape well inside the picture."""

    def uniform(low: float, high: float) -> Array:
        return rng.uniform(low, high, n).astype(np.float32)

    return Scenes(
        shape=rng.integers(len(SHAPES), size=n),
        hue=uniform(0, 360),
        size=uniform(12, 20),
        x=uniform(22, 42),
        y=uniform(22, 42),
        rotation=uniform(0, 360),
        background=uniform(0.08, 0.5),
    )


def draw(scenes: Scenes) -> npt.NDArray[np.uint8]:
    """The pictures without any defect: (n, 3, 64, 64)."""
    ground = background(scenes)
    return to_bytes(paint(ground, colour(scenes), coverage(distance(scenes))))


def distance(scenes: Scenes) -> Array:
    """Signed distance in pixels of each pixel to the edge, negative inside: (n, 64, 64)."""
    across, down = _upright(scenes)
    out = np.empty((len(scenes), SIDE, SIDE), np.float32)
    for index, outline in enumerate(OUTLINES):
        chosen = scenes.shape == index
        out[chosen] = outline(across[chosen], down[chosen])
    return np.asarray(out * scenes.size[:, None, None])


def coverage(distances: Array) -> Array:
    """The share of each pixel that lies inside, 0 to 1."""
    return np.asarray(np.clip(np.float32(0.5) - distances, 0, 1))


def colour(scenes: Scenes, turn: float | Array = 0.0) -> Array:
    """The shapes' colours, hue turned by `turn` degrees, lit from above: (n, 3, 64, 64)."""
    light = np.linspace(1.0, 0.8, SIDE, dtype=np.float32)[:, None]
    rgb = hue_to_rgb(scenes.hue + turn)
    return np.asarray(np.broadcast_to(rgb[:, :, None, None] * light, (len(scenes), 3, SIDE, SIDE)))


def hue_to_rgb(hue: Array) -> Array:
    """Clear, equally saturated colours: (n,) degrees -> (n, 3) in [0, 1]."""
    thirds = np.array([0, 240, 120], np.float32)
    ramp = np.abs((hue[:, None] + thirds) % 360 / 60 - 3) - 1
    return np.asarray((0.25 + 0.75 * np.clip(ramp, 0, 1)).astype(np.float32))


def background(scenes: Scenes) -> Array:
    """A grey ground that darkens slightly downwards: (n, 1, 64, 64)."""
    shade = np.linspace(1.1, 0.9, SIDE, dtype=np.float32)[:, None]
    return np.asarray(
        np.broadcast_to(
            scenes.background[:, None, None, None] * shade, (len(scenes), 1, SIDE, SIDE)
        )
    )


def paint(under: Array, over: Array, cover: Array) -> Array:
    """`over` laid on `under` where `cover` (n, 64, 64) says so: (n, 3, 64, 64)."""
    return np.asarray(under + (over - under) * cover[:, None])


def to_bytes(x: Array) -> npt.NDArray[np.uint8]:
    """[0, 1] -> 0..255, rounded."""
    return (np.clip(x, 0, 1) * 255 + np.float32(0.5)).astype(np.uint8)


def from_centre(scenes: Scenes) -> tuple[Array, Array]:
    """Offsets of each pixel from the shape's centre, right and down, in pixels: two (n, 64, 64)."""
    centres = np.arange(SIDE, dtype=np.float32) + np.float32(0.5)
    across = centres[None, None, :] - scenes.x[:, None, None]
    down = centres[None, :, None] - scenes.y[:, None, None]
    whole = (len(scenes), SIDE, SIDE)
    return np.broadcast_to(across, whole), np.broadcast_to(down, whole)


def _upright(scenes: Scenes) -> tuple[Array, Array]:
    """from_centre turned and scaled: the shape upright, its radius 1."""
    across, down = from_centre(scenes)
    angle = scenes.rotation[:, None, None] * np.float32(np.pi / 180)
    size = scenes.size[:, None, None]
    cos, sin = np.cos(angle) / size, np.sin(angle) / size
    return cos * across + sin * down, cos * down - sin * across


def _circle(across: Array, down: Array) -> Array:
    return np.asarray(np.hypot(across, down) - np.float32(0.85))


def _square(across: Array, down: Array) -> Array:
    return np.asarray(np.maximum(np.abs(across), np.abs(down)) - np.float32(np.sqrt(0.5)))


def _triangle(across: Array, down: Array) -> Array:
    slope = np.abs(across) * np.float32(np.sqrt(0.75)) - down / 2
    return np.asarray(np.maximum(slope, down) - np.float32(0.5))


def _star(across: Array, down: Array) -> Array:
    """Fold the plane into the tenth between a tip and a notch, where the edge is one line."""
    tip, notch = np.float32(np.pi / 5), np.float32(0.45)
    angle = np.abs(
        (np.arctan2(across, -down) + tip) % (2 * tip) - tip
    )  # 0 at a tip, pi/5 at a notch
    radius = np.hypot(across, down)
    edge = np.array([1 - notch * np.cos(tip), notch * np.sin(tip)], np.float32)
    normal = np.array([edge[1], edge[0]], np.float32) / np.float32(np.hypot(*edge))
    return np.asarray((radius * np.cos(angle) - 1) * normal[0] + radius * np.sin(angle) * normal[1])


def _cross(across: Array, down: Array) -> Array:
    across, down = np.abs(across), np.abs(down)
    arm, half = np.float32(0.94), np.float32(0.33)
    upright, level = np.maximum(across - half, down - arm), np.maximum(across - arm, down - half)
    return np.asarray(np.minimum(upright, level))


def _heart(across: Array, down: Array) -> Array:
    """1.48 times as large as its source, its middle at the origin: Inigo Quilez, 2D distances."""
    scale = np.float32(1.48)
    x, y = np.abs(across) / scale, np.float32(0.55) - down / scale
    lobe = np.hypot(x - np.float32(0.25), y - np.float32(0.75)) - np.float32(np.sqrt(2) / 4)
    along = np.maximum(x + y, 0) / 2
    point = np.minimum(np.hypot(x, y - 1), np.hypot(x - along, y - along)) * np.sign(x - y)
    return np.asarray(np.where(x + y > 1, lobe, point) * scale)


OUTLINES = (_circle, _square, _triangle, _star, _cross, _heart)  # in the order of SHAPES
