"""Reading one image that a stranger offers, and bringing it to the shape a model takes.

An image is known by its content, never by its name. Whatever goes wrong inside the decoder
becomes ImageRejected with a reason a person understands.
"""

import contextlib
import ctypes
import io
import logging
import sys
import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError, _imaging

from core.config import ImageRejected
from core.images.frames import gif_frames, tiff_pages
from core.images.modes import Colour, grey_or_colour, in_mode, is_deep, plain, span

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF")
MAX_BYTES = 25 << 20
FIRST_READ = 1 << 16  # of a file: most have no more, and room for MAX_BYTES takes time to make
MAX_PIXELS = 40_000_000
MAX_SIDE = 20_000
WHITE = (255, 255, 255)
BIG, LITTLE = ("RGB;16B", "RGBA;16B"), ("RGB;16L", "RGBA;16L")
SWAPPED = dict(zip((*BIG, *LITTLE), (*LITTLE, *BIG), strict=True))
if sys.byteorder == "little":
    SWAPPED |= {"RGB;16N": "RGB;16B", "RGBA;16N": "RGBA;16B"}  # N: in the machine's own order

# Filters are the whole process's, so they are set once. Pillow only warns of an image of up to
# twice its own limit; what else it warns of is rejected here or does no harm.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
warnings.simplefilter("error", Image.DecompressionBombWarning)


def _silence_decoders() -> None:
    """What is wrong with a file is said once, as its refusal: neither libtiff, which has its own
    way to stderr, nor Pillow says it beside that.

    Where libtiff's functions cannot be reached (Pillow for Windows hides them) it goes on.
    """
    logging.getLogger("PIL").setLevel(logging.CRITICAL + 1)
    with contextlib.suppress(OSError, AttributeError):
        decoders = ctypes.CDLL(_imaging.__file__)
        for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
            set_handler = getattr(decoders, name)
            set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
            set_handler(None)


_silence_decoders()


class Facts(NamedTuple):
    """The facts that decide how a file's numbers become 8 bits.

    is_deep: they have more than 8 bits a channel.  is_float: they are no whole numbers.
    span: the lowest and the highest of them.
    """

    is_deep: bool = False
    is_float: bool = False
    is_transparent: bool = False
    span: tuple[float, float] = (0, 255)


OPAQUE, TRANSPARENT = Facts(), Facts(is_transparent=True)


@dataclass(frozen=True)
class Raw:
    """A file's picture, upright, before anything is decided about its values, ground or size.

    image: mode L, RGB, RGBA (some of it transparent), or numbers of more than 8 bits a pixel (I;16,
    I, F).  lower: of an image with 16 bits a channel in colour the lower eight; image has the upper
    ones.  turned, further: notes on turning it and on further pictures in the file, or "".
    orientation: see Picture.
    """

    image: Image.Image
    lower: Image.Image | None = None
    turned: str = ""
    further: str = ""
    orientation: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) in pixels."""
        return self.image.height, self.image.width

    def reduced(self, side: int) -> "Raw":
        """A copy of at most `side` pixels a side, of single pixels; itself if no larger."""
        if max(self.size) <= side:
            return self
        scale = side / max(self.size)
        size = max(1, round(self.image.width * scale)), max(1, round(self.image.height * scale))
        way = Image.Resampling.NEAREST
        lower = None if self.lower is None else self.lower.resize(size, way)
        return replace(self, image=self.image.resize(size, way), lower=lower)

    @cached_property
    def facts(self) -> Facts:
        """The facts that decide how its numbers become 8 bits."""
        deep = self.lower is not None or is_deep(self.image)
        if not deep:
            return TRANSPARENT if self.image.mode == "RGBA" else OPAQUE
        return Facts(True, self.image.mode == "F", False, span(self.image, self.lower))


@dataclass(frozen=True)
class Picture:
    """An image as the program takes it.

    image: mode "L" (grey) or "RGB", upright, opaque, without metadata.
    notes: what was done to it that its owner should know, each a few words.
    orientation: the EXIF orientation it was turned by, 1 to 8; 1 = it was not.
    """

    image: Image.Image
    notes: tuple[str, ...] = ()
    orientation: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) in pixels."""
        return self.image.height, self.image.width


def read_image(data: bytes | Path, name: str = "", background: Colour = WHITE) -> Picture:
    """The picture in `data` (a file's content or its path); of an animation, the first frame.

    name: how to call it in the message.  background: what transparent parts are laid on.
    An image whose three channels are equal is grey.
    Raises ImageRejected, as read_raw does.
    """
    return picture_of(read_raw(data, name), background)


def read_raw(data: bytes | Path, name: str = "") -> Raw:
    """The picture in `data` (a file's content or its path); of an animation, the first frame.

    name: how to call it in the message.
    Raises ImageRejected, naming the reason, for anything that is not a whole image of FORMATS with
    at most MAX_BYTES, MAX_PIXELS and MAX_SIDE.
    """
    name = name or (data.name if isinstance(data, Path) else "This image")
    try:
        return _read(data)
    except ImageRejected as refusal:
        raise ImageRejected(f"{name} {refusal}.") from None
    except Exception as error:  # decoders raise anything on a broken file
        raise ImageRejected(f"{name} {_reason(error)}.") from error


def picture_of(raw: Raw, background: Colour = WHITE) -> Picture:
    """A picture made of a file by itself, whatever other files there are: see grey_or_colour."""
    image, changed = grey_or_colour(raw.image, background)
    return Picture(image, tuple(filter(None, (raw.turned, changed, raw.further))), raw.orientation)


def to_array(picture: Picture, channels: int, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """The picture as a model takes it: (channels, H, W), the middle of it if its sides differ.

    channels: 1 (grey, by perceived brightness) or 3.  size: (H, W).
    """
    image = in_mode(picture.image, "L" if channels == 1 else "RGB")
    if picture.size != size:
        image = ImageOps.fit(image, (size[1], size[0]), Image.Resampling.BICUBIC)
    flat = np.frombuffer(image.tobytes(), np.uint8)  # np.asarray(image) takes half as long again
    return flat.reshape(*size, channels).transpose(2, 0, 1).copy()


def from_array(x: npt.NDArray[np.uint8]) -> Picture:
    """An image of a data set, (C, H, W) with C 1 or 3, as a picture; the way back of to_array."""
    return Picture(Image.fromarray(x[0] if len(x) == 1 else x.transpose(1, 2, 0).copy()))


def _read(data: bytes | Path) -> Raw:
    content = content_of(data)
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        _check_size(image)
        lower = _lower_bytes(image, content)
        image.load()
        upright, orientation, turned = _upright(image)
        found = _bare(plain(upright))
        if found.mode != "RGB":
            lower = None
        return Raw(
            image=found,
            lower=lower,
            turned=turned,
            further=_frames(image, content),
            orientation=orientation,
        )


def _lower_bytes(image: Image.Image, content: bytes) -> Image.Image | None:
    """The lower bytes of an image of 16 bits a channel in colour; None of any other.

    Pillow decodes the upper ones alone: so it is told that the bytes are the other way round.
    """
    if not (isinstance(image, ImageFile.ImageFile) and image.mode in ("RGB", "RGBA")):
        return None
    tiles = [_swapped(tile) for tile in image.tile]
    if not tiles or tiles == image.tile:
        return None
    with Image.open(io.BytesIO(content), formats=FORMATS) as other:
        other.tile = tiles
        other.load()
        return _bare(in_mode(_upright(other)[0], "RGB"))


def _swapped(tile: Any) -> Any:
    """A tile of Pillow's, for 16 bits a channel with its two bytes the other way round."""
    args = tile.args if isinstance(tile.args, tuple) else (tile.args,)
    if not args or args[0] not in SWAPPED:
        return tile
    swapped = (SWAPPED[args[0]], *args[1:])
    return tile._replace(args=swapped if isinstance(tile.args, tuple) else swapped[0])


def content_of(data: bytes | Path) -> bytes:
    """A file's content, however it is offered; ImageRejected if there is none, or too much."""
    if isinstance(data, Path):
        with open(data, "rb") as file:
            data = file.read(min(FIRST_READ, MAX_BYTES + 1))
            if len(data) == FIRST_READ:
                data += file.read(MAX_BYTES + 1 - FIRST_READ)
    if not data:
        raise ImageRejected("is empty")
    if len(data) > MAX_BYTES:
        raise ImageRejected(f"is larger than {MAX_BYTES >> 20} MB")
    return data


def _check_size(image: Image.Image) -> None:
    """From the header alone, before anything is decoded."""
    width, height = image.size
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise ImageRejected(f"is {width} x {height}: a side may have 1 to {MAX_SIDE:,} pixels")
    tiles = getattr(image, "tag_v2", {})  # of a TIFF: one tile may be larger than the image
    stored = int(tiles.get(322, 0) or 0) * int(tiles.get(323, 0) or 0)
    if max(width * height, stored) > MAX_PIXELS:
        raise ImageRejected(f"has more than {MAX_PIXELS // 1_000_000} million pixels")


def _upright(image: Image.Image) -> tuple[Image.Image, int, str]:
    """The image turned as its EXIF data say, that orientation, and a note.

    Broken EXIF data leave the image as it is, with a note that says so.
    """
    try:
        orientation = image.getexif().get(0x0112, 1)
        if orientation not in range(2, 9):
            return image, 1, ""
        turned = ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001  # a broken note about an image does not break the image
        return image, 1, "its EXIF data are broken, so it was not turned"
    return turned, int(orientation), "turned as its EXIF data say"


def _frames(image: Image.Image, content: bytes) -> str:
    """A note on further frames."""
    if image.format == "GIF":
        n, words = gif_frames(content), "frames"
    elif image.format == "TIFF":
        n, words = tiff_pages(content), "pages"
    else:
        n, words = getattr(image, "n_frames", 1), "frames"
    return f"the first of {n:,} {words}" if n > 1 else ""


def _bare(image: Image.Image) -> Image.Image:
    """A copy without metadata (colour profile, comments, place), so that none is kept or shown."""
    image = image.copy()
    image.info.clear()
    return image


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "is no PNG, JPEG, BMP, TIFF, WebP or GIF image, or its beginning is damaged"
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"has more than {MAX_PIXELS // 1_000_000} million pixels"
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
        return "cannot be opened: it is missing, or not yours to read"
    if isinstance(error, MemoryError):
        return "needs more memory than there is"
    return "is damaged, cut short, or of a kind too rare to be read"
