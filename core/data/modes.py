"""Pixels as files store them, in any mode of Pillow's, made 8-bit grey or colour."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageCms

from core.config import ImageRejected

Colour = tuple[int, int, int]


def grey_or_colour(image: Image.Image, background: Colour) -> tuple[Image.Image, str]:
    """The image in mode L (grey) or RGB, opaque, and a note if that took more than a conversion.

    background: what transparent parts are laid on.  An image with three equal channels is grey.
    Raises ImageRejected if pixels are not finite numbers.
    """
    if image.mode.startswith("I;16"):
        return _grey(np.asarray(image, dtype=np.float64) / 65_535), "16 bits a pixel made 8"
    if image.mode in ("I", "F"):
        return _stretched(np.asarray(image, dtype=np.float64))
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
    opaque = image.getchannel("A").getextrema() == (255, 255)
    ground = Image.new("RGBA", image.size, (*background, 255))
    laid = Image.alpha_composite(ground, image).convert("RGB")
    note = "transparent parts laid on rgb({}, {}, {})".format(*background)
    return _grey_if_equal(laid), "" if opaque else note


def _grey_if_equal(image: Image.Image) -> Image.Image:
    if image.mode == "L":
        return image
    red = image.getchannel(0)
    others = (image.getchannel(i) for i in (1, 2))
    return red if all(_is_equal(red, other) for other in others) else image


def _is_equal(one: Image.Image, other: Image.Image) -> bool:
    return ImageChops.difference(one, other).getbbox() is None


def _stretched(values: npt.NDArray[np.float64]) -> tuple[Image.Image, str]:
    """Numbers of any range as grey: 0 to 1 as they are, others from their lowest to highest."""
    if not np.isfinite(values).all():
        raise ImageRejected("has pixels that are not finite numbers")
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        return _grey(values), "numbers from 0 (black) to 1 (white)"
    if low == high:
        return _grey(np.zeros_like(values)), f"all pixels are {low:g} (made black)"
    scaled = values / (high - low) - low / (high - low)
    return _grey(scaled), f"numbers from {low:g} (made black) to {high:g} (made white)"


def _grey(values: npt.NDArray[np.float64]) -> Image.Image:
    return Image.fromarray(np.round(np.clip(values, 0, 1) * 255).astype(np.uint8))
