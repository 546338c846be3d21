"""Pixels as files store them, in any mode of Pillow's, made 8-bit grey or colour."""

from collections.abc import Iterator
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


def plain(image: Image.Image) -> Image.Image:
    """The image in one of the modes that a Raw has: L, RGB, RGBA (some of it transparent), or
    numbers of more than 8 bits a pixel, as they are.

    Raises ImageRejected if pixels are not finite numbers.
    """
    if is_deep(image):
        if image.mode == "F" and not np.isfinite(np.asarray(image)).all():
            raise ImageRejected(
                "has pixels that are not finite numbers: replace them, by 0 for instance"
            )
        return image
    if image.has_transparency_data:
        image = in_mode(image, "RGBA")
        opaque = image.getchannel("A").getextrema() == (255, 255)
        return image.convert("RGB") if opaque else image
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        assert converted is not None  # it is None only when done in place
        return converted
    return in_mode(image, "L" if image.mode in ("1", "L") else "RGB")


def is_deep(image: Image.Image) -> bool:
    """Whether its pixels are numbers of more than 8 bits."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def grey_or_colour(image: Image.Image, background: Colour) -> tuple[Image.Image, str]:
    """A plain() image in mode L (grey) or RGB, opaque, and a note on what that took.

    Each file by itself: 16 bits from 0 to 65,535, other numbers by their lowest and highest.
    background: what transparent parts are laid on.  An image with three equal channels is grey.
    """
    if image.mode.startswith("I;16"):
        return scaled(image, 0, 65_535), "16 bits a pixel made 8"
    if is_deep(image):
        return _stretched(image)
    if image.mode == "RGBA":
        return _without_alpha(image, background)
    return grey_if_equal(image), ""


def in_mode(image: Image.Image, mode: str) -> Image.Image:
    """The image itself where it is in that mode; convert() would copy it."""
    return image if image.mode == mode else image.convert(mode)


def _without_alpha(image: Image.Image, background: Colour) -> tuple[Image.Image, str]:
    """On the background; on black or white, if that would leave nothing to be seen."""
    laid = laid_on(image, background)
    note = f"transparent parts laid on {ground_name(background)}"
    if is_one_colour(laid):
        ground = BLACK if sum(background) > sum(WHITE) / 2 else WHITE
        other = laid_on(image, ground)
        if not is_one_colour(other):
            note = (
                f"transparent parts laid on {ground_name(ground)}, "
                f"since on {ground_name(background)} nothing of it is left"
            )
            return grey_if_equal(other), note
        note += ", where nothing of it is left"
    return grey_if_equal(laid), note


def laid_on(image: Image.Image, background: Colour) -> Image.Image:
    """An RGBA image on a ground of that colour: RGB."""
    ground = Image.new("RGBA", image.size, (*background, 255))
    return Image.alpha_composite(ground, image).convert("RGB")


def ground_name(colour: Colour) -> str:
    """Name of a colour for people: "white", "black", or "rgb(200, 0, 0)"."""
    return {WHITE: "white", BLACK: "black"}.get(colour, "rgb({}, {}, {})".format(*colour))


def is_one_colour(image: Image.Image) -> bool:
    """Whether an RGB image is of one colour, as far as one can see."""
    extrema = (image.getchannel(i).getextrema() for i in range(3))
    return all(high - low <= FAINT for low, high in extrema)  # type: ignore[operator]  # not of "F"


def grey_if_equal(image: Image.Image) -> Image.Image:
    """The image in mode L if its three channels are equal, else itself."""
    if image.mode == "L":
        return image
    red = image.getchannel(0)
    others = (image.getchannel(i) for i in (1, 2))
    return red if all(_is_equal(red, other) for other in others) else image


def _is_equal(one: Image.Image, other: Image.Image) -> bool:
    return ImageChops.difference(one, other).getbbox() is None


def _stretched(image: Image.Image) -> tuple[Image.Image, str]:
    """Numbers of any range as grey: 0 to 1 as they are, others from their lowest to highest."""
    low, high = span(image)
    if low >= 0 and high <= 1:
        return scaled(image, 0, 1), "numbers from 0 (black) to 1 (white)"
    if low == high:
        return Image.new("L", image.size), f"all pixels are {low:g} (made black)"
    return scaled(image, low, high), f"numbers from {low:g} (made black) to {high:g} (made white)"


def span(image: Image.Image, lower: Image.Image | None = None) -> tuple[float, float]:
    """The lowest and the highest number in an image; lower: see numbers()."""
    parts = list(numbers(image, lower))
    return min(float(x.min()) for x in parts), max(float(x.max()) for x in parts)


def numbers(image: Image.Image, lower: Image.Image | None = None) -> Iterator[Numbers]:
    """An image as numbers (h, W) or (h, W, 3), some rows at a time.

    lower: of an RGB image with 16 bits a channel the lower eight of each; image has the upper ones.
    """
    step = max(1, BLOCK_PIXELS // image.width)
    for top in range(0, image.height, step):
        box = (0, top, image.width, min(top + step, image.height))
        rows = np.asarray(image.crop(box))
        if lower is not None:
            rows = rows.astype(np.uint16) << 8 | np.asarray(lower.crop(box))
        yield rows


def scaled(
    image: Image.Image, low: float, high: float, lower: Image.Image | None = None
) -> Image.Image:
    """Numbers as 8 bits, L or RGB: low is made black, high white.  lower: see numbers()."""
    made, top = np.empty((image.height, image.width, len(image.getbands())), np.uint8), 0
    for rows in numbers(image, lower):
        part = rows.astype(np.float64)
        fractions = np.clip(part / (high - low) - low / (high - low), 0, 1) * 255
        made[top : top + len(rows)] = np.round(fractions).reshape(len(rows), *made.shape[1:])
        top += len(rows)
    return Image.fromarray(made if made.shape[2] == 3 else made[..., 0])
