"""Pixels as files store them, in any mode of Pillow's, made 8-bit grey or colour."""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageCms

from core.config import ImageRejected

Colour = tuple[int, int, int]
Numbers = npt.NDArray[Any]
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
FAINT = 8  # of 255: a difference that nobody sees
BLOCK_PIXELS = 1 << 20


def grey_or_colour(image: Image.Image, background: Colour) -> tuple[Image.Image, str]:
    """The image in mode L (grey) or RGB, opaque, and a note if that took more than a conversion.

    background: what transparent parts are laid on.  An image with three equal channels is grey.
    Raises ImageRejected if pixels are not finite numbers.
    """
    if image.mode.startswith("I;16"):
        return _grey(np.asarray(image), 0, 65_535), "16 bits a pixel made 8"
    if image.mode in ("I", "F"):
        return _stretched(np.asarray(image))
    if image.has_transparency_data:
        return _without_alpha(image.convert("RGBA"), background)
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        assert converted is not None  # it is None only when done in place
        return _grey_if_equal(converted), ""
    return _grey_if_equal(in_mode(image, "L" if image.mode in ("1", "L") else "RGB")), ""


def in_mode(image: Image.Image, mode: str) -> Image.Image:
    """The image itself where it is in that mode; convert() would copy it."""
    return image if image.mode == mode else image.convert(mode)


def _without_alpha(image: Image.Image, background: Colour) -> tuple[Image.Image, str]:
    """On the background; on black or white, if that would leave nothing to be seen."""
    laid = _laid(image, background)
    if image.getchannel("A").getextrema() == (255, 255):
        return _grey_if_equal(laid), ""
    note = f"transparent parts laid on {_words(background)}"
    if _is_plain(laid):
        ground = BLACK if sum(background) > sum(WHITE) / 2 else WHITE
        other = _laid(image, ground)
        if not _is_plain(other):
            note = (
                f"transparent parts laid on {_words(ground)}, since on {_words(background)} "
                "nothing of it is left"
            )
            return _grey_if_equal(other), note
        note += ", where nothing of it is left"
    return _grey_if_equal(laid), note


def _laid(image: Image.Image, background: Colour) -> Image.Image:
    ground = Image.new("RGBA", image.size, (*background, 255))
    return Image.alpha_composite(ground, image).convert("RGB")


def _words(colour: Colour) -> str:
    return {WHITE: "white", BLACK: "black"}.get(colour, "rgb({}, {}, {})".format(*colour))


def _is_plain(image: Image.Image) -> bool:
    """Whether it is one colour, as far as one can see."""
    extrema = (image.getchannel(i).getextrema() for i in range(3))
    return all(high - low <= FAINT for low, high in extrema)  # type: ignore[operator]  # not of "F"


def _grey_if_equal(image: Image.Image) -> Image.Image:
    if image.mode == "L":
        return image
    red = image.getchannel(0)
    others = (image.getchannel(i) for i in (1, 2))
    return red if all(_is_equal(red, other) for other in others) else image


def _is_equal(one: Image.Image, other: Image.Image) -> bool:
    return ImageChops.difference(one, other).getbbox() is None


def _stretched(values: Numbers) -> tuple[Image.Image, str]:
    """Numbers of any range as grey: 0 to 1 as they are, others from their lowest to highest."""
    if not np.isfinite(values).all():
        raise ImageRejected("has pixels that are not finite numbers")
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        return _grey(values, 0, 1), "numbers from 0 (black) to 1 (white)"
    if low == high:
        return _grey(np.zeros_like(values), 0, 1), f"all pixels are {low:g} (made black)"
    return _grey(values, low, high), f"numbers from {low:g} (made black) to {high:g} (made white)"


def _grey(values: Numbers, low: float, high: float) -> Image.Image:
    """Low is made black and high white; some rows at a time, as they take eight times the room."""
    made = np.empty(values.shape, np.uint8)
    step = max(1, BLOCK_PIXELS // values.shape[1])
    for start in range(0, len(values), step):
        part = values[start : start + step].astype(np.float64)
        scaled = part / (high - low) - low / (high - low)
        made[start : start + step] = np.round(np.clip(scaled, 0, 1) * 255)
    return Image.fromarray(made)
