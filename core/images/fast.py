"""The fast path for simple PNG and JPEG: the same pixels, three to five times as soon.

Almost all images of a large set are plain: a PNG of 8 bits a channel, grey or RGB, with nothing
but pixels in it, or a JPEG without EXIF. Whatever is not, or is damaged, goes to
core.images.reading, which knows every kind and says what is wrong.
"""

import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image

from core.images.preparation import Preparation, prepare, range_of
from core.images.reading import MAX_PIXELS, MAX_SIDE, OPAQUE, Raw, content_of, read_raw

Pixels = npt.NDArray[np.uint8]
PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
PNG_HEAD = struct.Struct(">8sI4sIIBBBBBI")  # signature, first chunk: length, name, fields, checksum
PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
PLAIN_PNG = {(8, 0, 0, 0, 0): "L", (8, 2, 0, 0, 0): "RGB"}  # bits, colour, packed, filter, laced
JPEG_COLOURS = {"Gray": "GRAY", "YCbCr": "RGB", "RGB": "RGB"}  # as stored: as decoded
APP1 = b"\xff\xe1"  # where EXIF and XMP are, which may say that the picture is to be turned


def read_pixels(data: bytes | str, how: Preparation) -> Pixels:
    """An image as a model takes it: prepare(read_raw(data), how), sooner if it is a plain one.

    data: a file's content, or its path.
    Returns (C, H, W).  Raises ImageRejected, as core.images.reading.read_raw does.
    """
    source = data if isinstance(data, bytes) else Path(data)
    image = _plain(source)
    if isinstance(image, np.ndarray) and image.shape == (*how.size, how.channels):
        if how.framing != "digit" and range_of(OPAQUE, how) is None:
            return image.transpose(2, 0, 1)
    return prepare(_raw(image) or read_raw(source, "It"), how)


def read_file(data: bytes | Path) -> Raw:
    """read_raw(data, "It"), sooner if it is a plain image."""
    return _raw(_plain(data)) or read_raw(data, "It")


def _raw(image: Image.Image | Pixels | None) -> Raw | None:
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    return None if image is None else Raw(image)


def _plain(source: bytes | Path) -> Image.Image | Pixels | None:
    """The image, as whatever its reader gives, if it is plain and whole."""
    try:
        content = content_of(source)
        if content.startswith(PNG):
            return _plain_png(content)
        return _plain_jpeg(content) if content.startswith(JPEG) else None
    except Exception:  # noqa: BLE001  # the careful reader finds out what it is, and says it
        return None


def _plain_png(content: bytes) -> Image.Image | None:
    """The image if it is plain; what is in the file must be a header, pixels and an end."""
    _, first, kind, width, height, *form, checksum = PNG_HEAD.unpack_from(content)
    mode = PLAIN_PNG.get(tuple(form))
    if mode is None or (first, kind) != (13, b"IHDR") or zlib.crc32(content[12:29]) != checksum:
        return None
    if not _fits(width, height) or not content.endswith(PNG_END):
        return None
    at, end, packed = PNG_HEAD.size, len(content) - len(PNG_END), []
    while at < end and content[at + 4 : at + 8] == b"IDAT":
        length = int.from_bytes(content[at : at + 4], "big")
        packed.append(content[at + 8 : at + 8 + length])
        at += 12 + length
    if at != end:
        return None
    return Image.frombytes(mode, (width, height), b"".join(packed), "zip", mode)


def _plain_jpeg(content: bytes) -> Pixels | None:
    """(H, W, 1 or 3) if it is plain."""
    if APP1 in content:
        return None
    height, width, colours, _ = simplejpeg.decode_jpeg_header(content)
    if colours not in JPEG_COLOURS or not _fits(width, height):
        return None
    colours = JPEG_COLOURS[colours]
    return np.asarray(simplejpeg.decode_jpeg(content, colours, fastdct=False, fastupsample=False))


def _fits(width: int, height: int) -> bool:
    return 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS
