"""A phone's photograph of a handwritten digit, made here: large, turned, dark on uneven paper."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

LONG, SHORT = 2400, 1800


def photograph(digit: np.ndarray, seed: int = 0, pen: tuple[int, int, int] = (40, 42, 70)) -> bytes:
    """A JPEG as a phone stores it: lying on its side, with a note in its EXIF data to turn it.

    digit: (28, 28) uint8, light on dark as in MNIST.
    """
    rng = np.random.default_rng(seed)
    ink = Image.fromarray(digit).resize((700, 700), Image.Resampling.BICUBIC)
    ink = ink.filter(ImageFilter.GaussianBlur(6)).point(lambda v: 255 if v > 110 else 0)
    ink = ink.filter(ImageFilter.GaussianBlur(2))
    mask = Image.new("L", (SHORT, LONG))
    mask.paste(ink, (int(rng.integers(200, 900)), int(rng.integers(300, 1400))))
    return taken(mask, rng, pen)


def taken(mask: Image.Image, rng: np.random.Generator, pen: tuple[int, int, int]) -> bytes:
    """What a phone makes of writing (255 = ink) on paper under a lamp at one side."""
    width, height = mask.size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    lamp = np.exp(-(((x / width - 0.2) ** 2) + ((y / height - 0.15) ** 2)) / 0.9)
    fold = 0.04 * np.tanh((x - 0.62 * width) / 25)
    coarse = rng.normal(0, 0.03, (height // 60, width // 60)).astype(np.float32)
    waves = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    light = 0.35 + 0.5 * lamp + fold + waves
    paper = light[..., None] * np.array([1.0, 0.96, 0.86], np.float32)
    share = np.asarray(mask, np.float32)[..., None] / 255
    drawn = paper * (1 - share * (1 - np.array(pen, np.float32) / 255))
    drawn += rng.normal(0, 0.02, (height, width, 1)).astype(np.float32)
    picture = Image.fromarray((np.clip(drawn, 0, 1) * 255).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter to the right
    exif[0x010F] = "Phone"
    file = io.BytesIO()
    stored = picture.transpose(Image.Transpose.ROTATE_90)
    stored.save(file, "JPEG", quality=82, exif=exif)
    return file.getvalue()


def pen_written(points: list[tuple[float, float]], width: int, seed: int = 0) -> bytes:
    """A digit drawn through points (x, y, each 0 to 1) with a thin pen, photographed."""
    mask = Image.new("L", (SHORT, LONG))
    line = [(500 + 700 * x, 800 + 900 * y) for x, y in points]
    ImageDraw.Draw(mask).line(line, fill=255, width=width, joint="curve")
    return taken(
        mask.filter(ImageFilter.GaussianBlur(1.5)), np.random.default_rng(seed), (60, 60, 66)
    )
