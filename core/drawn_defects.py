"""Drawn defects: noise with a shape, which looks like damage to what is in the picture.

A defect is a region (blob, hole, crack, box, cloud) and what stands in it (a tone, a shade, another
texture, another place of the picture or of another one, a smear, a change of light). Both are drawn
at random, so that many kinds arise which nobody listed. Sizes are shares of the longer side; tones
are in standard deviations of the picture's own pixels, so that defects fit what is usual.
Sources: Zavrtanik et al. 2021 (DRAEM), Li et al. 2021 (CutPaste).

This module uses NumPy alone, because the scripts that models are exported as hold its text.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[Any]  # (H, W)
Coordinates = tuple[Field, Field]
Content = tuple[Any, Any, Any, Any]  # gain, tone, rows, columns: fields or numbers
COVER, GAIN, TONE, ROWS, COLUMNS = range(N_FIELDS := 5)
MOST_DEFECTS = 3  # in a picture
UNTOUCHED = 0.25  # share of the pictures without a defect, in training
CONTRAST = 0.02  # added to a picture's standard deviation: uniform pictures get defects, too
POINTS = 64  # of a crack


def draw_fields(rng: np.random.Generator, out: Field) -> None:
    """Fill out (N_FIELDS, H, W) with the defects of one picture, for with_defects().

    COVER: 0 to 1, how much of the pixel is replaced.  By GAIN times the pixel ROWS further down and
    COLUMNS to the right, less the picture's mean, plus TONE standard deviations.
    """
    out[:] = 0
    size = out.shape[1:]
    for _ in range(int(rng.integers(1, MOST_DEFECTS + 1))):
        region = REGIONS[int(rng.integers(len(REGIONS)))](rng, *size)
        content = CONTENTS[int(rng.integers(len(CONTENTS)))](rng, *size)
        cover = region * np.float32(rng.uniform(0.4, 1))
        on_top = cover > out[COVER]
        for i, values in enumerate((cover, *content)):
            np.copyto(out[i], values, where=on_top, casting="unsafe")


def with_defects(x: Field, fields: Field, strength: float, origin: Field | None = None) -> Field:
    """Pictures x (n, C, H, W) with the defects of fields (n, N_FIELDS, H, W): a new array.

    strength: 0 to 1, how much of a defect is seen.  origin: pictures of which other places are
    taken, x if None.
    """
    origin = x if origin is None else origin
    n, _, h, w = x.shape
    rows = (np.arange(h)[:, None] + fields[:, ROWS].astype(np.int64)) % h
    columns = (np.arange(w) + fields[:, COLUMNS].astype(np.int64)) % w
    there = origin[np.arange(n)[:, None, None], :, rows, columns].transpose(0, 3, 1, 2)
    mean = x.mean(axis=(2, 3), keepdims=True)
    deviation = x.std(axis=(2, 3), keepdims=True) + np.float32(CONTRAST)
    gain, tone = fields[:, GAIN, None], fields[:, TONE, None]
    content = np.clip(mean + gain * (there - mean) + tone * deviation, 0, 1)
    return np.asarray(x + np.float32(strength) * fields[:, COVER, None] * (content - x), x.dtype)


def drawn_defects(x: Any, sigma: float, _mu: float, generator: Any) -> Any:
    """Drawn defects, of strength sigma, on most pictures of a batch x (B, C, H, W) of PyTorch."""
    seed = x.new_empty(2).random_(0, 2**24, generator=generator).tolist()
    rng = np.random.default_rng([int(part) for part in seed])
    pictures = x.detach().cpu().numpy()
    fields = np.zeros((len(pictures), N_FIELDS, *pictures.shape[2:]), np.float32)
    for one in fields:
        if rng.random() >= UNTOUCHED:
            draw_fields(rng, one)
    origin = np.where(rng.random((len(pictures), 1, 1, 1)) < 0.5, pictures, pictures[::-1])
    made = with_defects(pictures, fields, sigma, origin)
    return x.clone().copy_(x.new_tensor(made))


# Regions: (rng, height, width) -> cover (H, W), 0 to 1.


def blob(rng: np.random.Generator, height: int, width: int) -> Field:
    """An ellipse whose edge follows smoothed noise."""
    u, v = coordinates(rng, height, width)
    radius = log_uniform(rng, 0.04, 0.35)
    distance = np.hypot(u, v / log_uniform(rng, 0.3, 1)) / radius
    distance += 0.5 * smooth_noise(rng, height, width, log_uniform(rng, 2, 1.5 / radius + 3))
    softness = radius * (0.05 if rng.random() < 0.5 else 0.3)
    return inside((distance - 1) * radius, max(1.5 / max(height, width), softness))


def hole(rng: np.random.Generator, height: int, width: int) -> Field:
    """One small ellipse or two."""
    side = max(height, width)
    out = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(1, 3))):
        u, v = coordinates(rng, height, width)
        radius = log_uniform(rng, min(1.2 / side, 0.08), 0.08)
        softness = max(1 / side, radius * (0.1 if rng.random() < 0.5 else 0.6))
        out = np.maximum(out, inside(np.hypot(u, v / rng.uniform(0.5, 1)) - radius, softness))
    return out


def crack(rng: np.random.Generator, height: int, width: int) -> Field:
    """A thin line that follows a random walk."""
    side = max(height, width)
    u, v = coordinates(rng, height, width)
    length, roughness = log_uniform(rng, 0.08, 1), log_uniform(rng, 0.2, 1.5)
    steps = rng.standard_normal((2, POINTS))
    walk = 0.35 * roughness * steps[0].cumsum() / math.sqrt(POINTS)
    walk += rng.uniform(0, 1) * steps[1].cumsum().cumsum() / POINTS**1.5
    walk = (walk - walk[POINTS // 2]) * length / 2
    widths = (1 + 0.4 * rng.standard_normal(POINTS)).clip(0.3, 2)
    widths *= log_uniform(rng, 0.5 / side, max(2.5 / side, 0.012))
    at = ((v / length + 0.5) * (POINTS - 1)).clip(0, POINTS - 1)
    i = np.minimum(at.astype(np.int64), POINTS - 2)
    middle = walk[i] + (at - i) * (walk[i + 1] - walk[i])
    slope = np.hypot(1, np.gradient(walk) * (POINTS - 1) / length)
    distance = np.maximum(np.abs(u - middle) / slope[i] - widths[i], np.abs(v) - length / 2)
    return inside(distance, 1 / side)


def box(rng: np.random.Generator, height: int, width: int) -> Field:
    """A rectangle, along the sides of the picture or turned."""
    angle = None if rng.random() < 0.5 else 0.0
    u, v = coordinates(rng, height, width, angle)
    sides = log_uniform(rng, 0.02, 0.5), log_uniform(rng, 0.02, 0.5)
    softness = (0.0, 0.02, 0.05)[int(rng.integers(3))]
    distance = np.maximum(np.abs(u) - sides[0], np.abs(v) - sides[1])
    return inside(distance, max(1 / max(height, width), softness))


def cloud(rng: np.random.Generator, height: int, width: int) -> Field:
    """A wide ellipse that fades out."""
    u, v = coordinates(rng, height, width)
    distance = np.hypot(u, v / log_uniform(rng, 0.4, 1)) / log_uniform(rng, 0.1, 0.5)
    noise = smooth_noise(rng, height, width, log_uniform(rng, 2, 8))
    return np.clip(1.5 * (1 - distance + 0.4 * noise), 0, 1)


REGIONS: tuple[Callable[[np.random.Generator, int, int], Field], ...] = (
    blob,
    hole,
    crack,
    box,
    cloud,
)

# Contents: (rng, height, width) -> what stands in the region.


def tone(rng: np.random.Generator, _height: int, _width: int) -> Content:
    """One tone, as of a hole or a part that is missing."""
    return 0, sign(rng) * log_uniform(rng, 0.5, 3), 0, 0


def shade(rng: np.random.Generator, _height: int, _width: int) -> Content:
    """Darker or brighter, with the structure below it."""
    return 1, sign(rng) * log_uniform(rng, 0.25, 2), 0, 0


def texture(rng: np.random.Generator, height: int, width: int) -> Content:
    """Smoothed noise, fine or coarse."""
    grains = smooth_noise(rng, height, width, log_uniform(rng, 4, max(height, width)))
    tones = log_uniform(rng, 0.2, 1.5) * grains + 0.5 * rng.standard_normal()
    return rng.uniform(0, 1), tones, 0, 0


def elsewhere(rng: np.random.Generator, height: int, width: int) -> Content:
    """Cut from another place and pasted here."""
    moved = int(rng.integers(height)), int(rng.integers(width))
    return 1, 0.3 * rng.standard_normal(), *moved


def smear(rng: np.random.Generator, height: int, width: int) -> Content:
    """Rows or columns drawn out over those that follow."""
    length = int(rng.integers(3, max(4, max(height, width) // 6)))
    back = -(np.arange(max(height, width)) % length)
    shade_of_it = 0.3 * rng.standard_normal()
    if rng.random() < 0.5:
        return 1, shade_of_it, back[:height, None], 0
    return 1, shade_of_it, 0, back[None, :width]


def light(rng: np.random.Generator, _height: int, _width: int) -> Content:
    """More or less contrast, and another brightness."""
    gain = rng.uniform(0.3, 0.8) if rng.random() < 0.5 else rng.uniform(1.3, 2.5)
    return gain, 0.3 * rng.standard_normal(), 0, 0


CONTENTS: tuple[Callable[[np.random.Generator, int, int], Content], ...] = (
    tone,
    shade,
    texture,
    elsewhere,
    smear,
    light,
)

# What regions and contents are made of.


def coordinates(
    rng: np.random.Generator, height: int, width: int, angle: float | None = None
) -> Coordinates:
    """Coordinates (H, W) around a random place, turned by angle, in longer sides of the picture."""
    angle = rng.uniform(0, 2 * math.pi) if angle is None else angle
    side, cosine, sine = (
        max(height, width),
        np.float32(math.cos(angle)),
        np.float32(math.sin(angle)),
    )
    down = (np.arange(height, dtype=np.float32) - np.float32(rng.uniform(0, height)))[
        :, None
    ] / side
    right = (np.arange(width, dtype=np.float32) - np.float32(rng.uniform(0, width))) / side
    return cosine * down + sine * right, cosine * right - sine * down


def smooth_noise(rng: np.random.Generator, height: int, width: int, cells: float) -> Field:
    """Normal values, so many along the longer side, enlarged bilinearly; deviation 1 each."""
    side = max(height, width)
    rows, columns = (max(2, round(cells * n / side) + 1) for n in (height, width))
    grains = rng.standard_normal((rows, columns), dtype=np.float32)
    return np.asarray(enlarging(height, rows) @ grains @ enlarging(width, columns).T)


def enlarging(size: int, cells: int) -> Field:
    """How much of each cell is in each pixel along one side: (size, cells), rows of norm 1."""
    at = np.linspace(0, cells - 1, size, dtype=np.float32)
    shares = np.maximum(1 - np.abs(at[:, None] - np.arange(cells, dtype=np.float32)), 0)
    return np.asarray(shares / np.sqrt(np.square(shares).sum(axis=1, keepdims=True)))


def inside(distance: Field, softness: float) -> Field:
    """1 where the signed distance to an edge is negative, 0 where positive, soft between."""
    return np.clip(np.float32(0.5) - distance / np.float32(softness), 0, 1)


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A random number whose logarithm is uniform."""
    return low * math.exp(rng.random() * math.log(high / low))


def sign(rng: np.random.Generator) -> int:
    """-1 or 1."""
    return -1 if rng.random() < 0.5 else 1
