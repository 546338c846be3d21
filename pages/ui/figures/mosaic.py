"""Many images as one picture, which a page shows several times faster than many small ones."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import streamlit
from PIL import Image, ImageColor, ImageDraw, ImageFont

from core import metrics
from core.images import sheets
from pages.ui.figures import theme

Array = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
GAP, MARGIN, TITLE, CAPTION = 6, 24, 26, 18  # pixels
colours = sheets.colours


@dataclass(frozen=True)
class Line:
    """One line of a sheet: pictures (n, h, w, 3), a heading, and a caption for each picture."""

    title: str
    role: theme.Role
    pictures: Pixels
    captions: tuple[str, ...] = ()
    detail: str = ""


def error_colours(x: Array, x_hat: Array, most: float) -> Pixels:
    """Error maps in colours: x and x_hat (n, C, H, W) -> (n, H, W, 3).

    The error of a pixel is the root mean square over the channels; `most` and more is brightest.
    """
    error = np.sqrt(metrics.error_map(x, x_hat)) / most
    return theme.ERROR_COLOURS[np.rint(np.clip(error, 0, 1) * 255).astype(np.uint8)]


def map_colours(maps: Array) -> Pixels:
    """Maps (n, H, W) of 0 to 1 in the colours of errors, 1 the brightest: (n, H, W, 3)."""
    return theme.ERROR_COLOURS[np.rint(np.clip(maps, 0, 1) * 255).astype(np.uint8)]


def enlarged(pictures: Pixels, size: int) -> Pixels:
    """Pictures (n, H, W, 3) enlarged by the largest whole number that fits into `size` pixels."""
    factor = max(1, size // max(pictures.shape[1:3]))
    return pictures.repeat(factor, axis=1).repeat(factor, axis=2)


def outline(mask: npt.NDArray[np.bool_], size: int) -> Pixels:
    """The edge of a mask (H, W), transparent elsewhere: (h, w, 4), enlarged as by enlarged().

    Two pixels in the colour of outliers, between two lines of white, to be seen on any ground.
    """
    factor = max(1, size // max(mask.shape))
    large = mask.repeat(factor, axis=0).repeat(factor, axis=1)
    edge = _grown(large, 1) & _grown(~large, 1)
    halo = _grown(edge, 1) & ~edge
    drawn = np.zeros((*large.shape, 4), np.uint8)
    drawn[halo] = (*ImageColor.getrgb(theme.PAPER), 255)
    drawn[edge] = (*ImageColor.getrgb(theme.LIGHT["outlier"]), 255)
    return drawn


def outlined(picture: Pixels, mask: npt.NDArray[np.bool_], size: int) -> Pixels:
    """A picture (H, W, 3) enlarged as by enlarged(), with the edge of a mask (H, W) drawn on it."""
    (large,), drawn = enlarged(picture[None], size), outline(mask, size)
    return np.where(drawn[..., 3:] > 0, drawn[..., :3], large)


def _grown(mask: npt.NDArray[np.bool_], by: int) -> npt.NDArray[np.bool_]:
    """With all pixels that are at most `by` away, also diagonally."""
    padded, (h, w) = np.pad(mask, by), mask.shape
    steps = range(2 * by + 1)
    shifted = [padded[y : y + h, x : x + w] for y in steps for x in steps]
    return np.asarray(np.logical_or.reduce(shifted), np.bool_)


def sheet(heading: str, lines: Sequence[Line]) -> bytes:
    """Lines of pictures with their captions, one below the other, as a PNG on white."""
    width = max(_width(line) for line in lines) + 2 * MARGIN
    height = 2 * MARGIN + TITLE + sum(_height(line) for line in lines)
    image = Image.new(
        "RGB", (max(width, _text_width(heading, 18, 600) + 2 * MARGIN), height), theme.PAPER
    )
    draw = ImageDraw.Draw(image)
    draw.text((MARGIN, MARGIN - 4), heading, theme.INK, _font(18, 600))
    top = MARGIN + TITLE
    for line in lines:
        _draw_line(image, draw, line, top)
        top += _height(line)
    return png(np.asarray(image))


def png(pixels: Pixels) -> bytes:
    """(H, W, 3), or (H, W, 4) with opacity -> the bytes of a PNG file."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG")
    return file.getvalue()


def strip(pictures: Pixels) -> bytes:
    """Pictures (n, H, W, 3) side by side as a PNG, with transparent gaps."""
    return grid(pictures, len(pictures))


def grid(pictures: Pixels, across: int) -> bytes:
    """Pictures (n, H, W, 3) in rows of `across` as a PNG, with transparent gaps."""
    n, h, w, _ = pictures.shape
    down = -(-n // across)
    image = Image.new("RGBA", (across * (w + GAP) - GAP, down * (h + GAP) - GAP))
    for i, picture in enumerate(pictures):
        at = (i % across * (w + GAP), i // across * (h + GAP))
        image.paste(Image.fromarray(np.ascontiguousarray(picture)), at)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def data_url(picture: bytes) -> str:
    """A PNG as a data URL, for a table's cell, a chart or a component."""
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"


def _draw_line(image: Image.Image, draw: ImageDraw.ImageDraw, line: Line, top: int) -> None:
    draw.text((MARGIN, top + 8), line.title, theme.LIGHT[line.role], _font(14, 600))
    right = MARGIN + _text_width(line.title, 14, 600) + 12
    draw.text((right, top + 9), line.detail, theme.FAINT, _font(12))
    h, w = line.pictures.shape[1:3]
    for i, picture in enumerate(line.pictures):
        left = MARGIN + i * (w + GAP)
        image.paste(Image.fromarray(np.ascontiguousarray(picture)), (left, top + TITLE))
        if line.captions:
            at = (left + w / 2, top + TITLE + h + 3)
            draw.text(at, line.captions[i], theme.FAINT, _font(11), anchor="ma")


def _width(line: Line) -> int:
    n, _, w = line.pictures.shape[:3]
    words = _text_width(line.title, 14, 600) + 12 + _text_width(line.detail, 12)
    return int(max(n * (w + GAP) - GAP, words))


def _height(line: Line) -> int:
    return TITLE + int(line.pictures.shape[1]) + (CAPTION if line.captions else 4)


def _text_width(words: str, size: int, weight: int = 400) -> int:
    return int(_font(size, weight).getlength(words)) + 1


@lru_cache
def _font(size: int, weight: int = 400) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The page's typeface, which Streamlit ships, else Pillow's, which lacks Greek letters."""
    media = Path(streamlit.__file__).parent / "static" / "static" / "media"
    files = sorted(media.glob("SourceSansVF-Upright*"))
    if not files:
        return ImageFont.load_default(size)
    font = ImageFont.truetype(files[0], size)
    font.set_variation_by_axes([weight])
    return font
