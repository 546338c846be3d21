"""Pictures turned, cut, padded and resized. Imports only core.images.reading."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.images.reading import Picture

QUARTERS = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
# What undoes the turn that an EXIF orientation asks for.
TURNED_BACK: Mapping[int, Image.Transpose] = MappingProxyType(
    {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
)


def as_stored(picture: Picture) -> Image.Image:
    """The picture as it lies in its file, not turned."""
    back = TURNED_BACK.get(picture.orientation)
    return picture.image if back is None else picture.image.transpose(back)


def cropped(image: Image.Image, proportion: float) -> Image.Image:
    """The middle of the picture, as large as it can be.  proportion: width / height."""
    width = min(image.width, max(1, round(image.height * proportion)))
    height = min(image.height, max(1, round(image.width / proportion)))
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def padded(image: Image.Image, proportion: float) -> Image.Image:
    """The whole picture, with its own edge's colour beside it or above and below."""
    width = max(image.width, round(image.height * proportion))
    height = max(image.height, round(image.width / proportion))
    sheet = Image.new(image.mode, (width, height), _edge_colour(image))
    sheet.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    return sheet


def fitted(image: Image.Image, size: tuple[int, int], method: Image.Resampling) -> Image.Image:
    """The whole picture as large as it can be in a frame of `size` (W, H), in its middle.

    The rest has its own edge's colour. Resized first: no sheet is larger than the frame.
    """
    scale = min(size[0] / image.width, size[1] / image.height)
    width = min(size[0], max(1, round(image.width * scale)))
    height = min(size[1], max(1, round(image.height * scale)))
    sheet = Image.new(image.mode, size, _edge_colour(image))
    place = ((size[0] - width) // 2, (size[1] - height) // 2)
    sheet.paste(resized(image, (width, height), method), place)
    return sheet


def resized(image: Image.Image, size: tuple[int, int], method: Image.Resampling) -> Image.Image:
    """The picture at that size, (W, H); itself if it has it already."""
    return image if image.size == size else image.resize(size, method)


def edge(values: npt.NDArray[np.floating | np.uint8]) -> npt.NDArray[np.float64]:
    """The median along the four sides: (H, W) or (H, W, C) -> () or (C,)."""
    sides = (values[0], values[-1], values[:, 0], values[:, -1])
    return np.asarray(np.median(np.concatenate(sides), axis=0))


def _edge_colour(image: Image.Image) -> int | tuple[int, ...]:
    colour = np.rint(edge(np.asarray(image)))
    return tuple(int(value) for value in colour) if colour.ndim else int(colour)
