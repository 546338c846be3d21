"""Image files of every kind a stranger may offer, made here: sound ones and broken ones."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, TiffImagePlugin

RNG = np.random.default_rng(11)
NOISE = RNG.integers(0, 256, (24, 32, 3), dtype=np.uint8)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format=kind, **options)
    return file.getvalue()


def colour() -> Image.Image:
    return Image.fromarray(NOISE)


def grey() -> Image.Image:
    return Image.fromarray(NOISE[..., 0])


def chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def png(width: int, height: int, rows: bytes, depth: int = 8, colour_type: int = 0) -> bytes:
    """A PNG file with any header, true or not."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def bmp(width: int, height: int) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 12, 0, 0, 54) + header + bytes(12)


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0) + b"," + bytes(20)


def tiff(values: np.ndarray | Image.Image, **tags: Any) -> bytes:
    image = values if isinstance(values, Image.Image) else Image.fromarray(values)
    return encoded(image, "TIFF", **tags)


def tiff_tile_bomb() -> bytes:
    """A picture of 16 x 16 that says it is stored in one tile of 65,536 x 65,536."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in {256: 16, 257: 16, 258: 8, 259: 5, 262: 1, 277: 1, 322: 65_536}.items():
        tags[tag] = value
    tags[323], tags[324], tags[325] = 65_536, 8, 16
    file = io.BytesIO()
    file.write(b"II*\0" + struct.pack("<I", 8))
    tags.save(file)
    return file.getvalue()


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(colour(), "PNG", exif=exif)


def with_exif(exif: bytes) -> bytes:
    return encoded(colour(), "JPEG", exif=b"Exif\0\0" + exif)


def animated(kind: str) -> bytes:
    frames = [Image.new("RGB", (32, 24), name) for name in ("red", "lime", "blue")]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)


def palette_with_transparency(kind: str) -> bytes:
    return encoded(colour().quantize(16), kind, transparency=3)


def lab() -> Image.Image:
    return Image.frombytes("LAB", (32, 24), NOISE.tobytes())


def numbers(low: float, high: float) -> np.ndarray:
    return np.linspace(low, high, 24 * 32, dtype=np.float32).reshape(24, 32)


def spoilt(value: float) -> np.ndarray:
    values = numbers(0, 1)
    values[3, 4] = value
    return values


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


SOUND: dict[str, Callable[[], bytes]] = {
    "png colour": lambda: encoded(colour(), "PNG"),
    "png grey": lambda: encoded(grey(), "PNG"),
    "png 1 bit": lambda: encoded(grey().convert("1"), "PNG"),
    "png palette": lambda: encoded(colour().quantize(16), "PNG"),
    "png palette, transparent": lambda: palette_with_transparency("PNG"),
    "png grey + alpha": lambda: encoded(colour().convert("LA"), "PNG"),
    "png colour + alpha": lambda: encoded(colour().convert("RGBA"), "PNG"),
    "png colour, transparent by key": lambda: encoded(colour(), "PNG", transparency=(1, 2, 3)),
    "png 16 bit": lambda: encoded(Image.fromarray(NOISE[..., 0].astype(np.uint16) * 257), "PNG"),
    "png 16 bit colour": lambda: png(2, 2, (b"\0" + bytes(range(12))) * 2, 16, 2),
    "png turned": lambda: turned(6),
    "png animated": lambda: animated("PNG"),
    "png 1 x 1": lambda: png(1, 1, b"\0\x80"),
    "png 20000 x 1": lambda: png(20_000, 1, bytes(20_001)),
    "png 1 x 20000": lambda: png(1, 20_000, bytes(40_000)),
    "png with a colour profile that is none": lambda: encoded(
        colour(), "PNG", icc_profile=b"nonsense" * 30
    ),
    "jpeg": lambda: encoded(colour(), "JPEG"),
    "jpeg grey": lambda: encoded(grey(), "JPEG"),
    "jpeg cmyk": lambda: encoded(colour().convert("CMYK"), "JPEG"),
    "jpeg progressive": lambda: encoded(colour(), "JPEG", progressive=True),
    "jpeg with bytes after its end": lambda: encoded(colour(), "JPEG") + b"more" * 100,
    "jpeg with an EXIF block that is none": lambda: with_exif(b"\xff" * 40),
    "jpeg with an EXIF orientation of 77": lambda: with_exif(
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x4d\0\0\0\0\0\0\0"
    ),
    "bmp": lambda: encoded(colour(), "BMP"),
    "webp": lambda: encoded(colour(), "WEBP", lossless=True),
    "webp + alpha": lambda: encoded(colour().convert("RGBA"), "WEBP", lossless=True),
    "webp animated": lambda: animated("WEBP"),
    "gif": lambda: encoded(colour().quantize(16), "GIF"),
    "gif transparent": lambda: palette_with_transparency("GIF"),
    "gif animated": lambda: animated("GIF"),
    "tiff colour": lambda: tiff(NOISE),
    "tiff packed": lambda: tiff(NOISE, compression="tiff_lzw"),
    "tiff 16 bit": lambda: tiff(NOISE[..., 0].astype(np.uint16) * 257),
    "tiff 32 bit": lambda: tiff(NOISE[..., 0].astype(np.int32) * 1_000),
    "tiff float from 0 to 1": lambda: tiff(numbers(0, 1)),
    "tiff float from -3 to 9": lambda: tiff(numbers(-3, 9)),
    "tiff float all alike": lambda: tiff(numbers(5, 5)),
    "tiff float of huge range": lambda: tiff(numbers(-3e38, 3e38)),
    "tiff cmyk": lambda: tiff(colour().convert("CMYK")),
    "tiff lab": lambda: tiff(lab()),
    "tiff ycbcr": lambda: tiff(colour().convert("YCbCr")),
    "tiff turned": lambda: tiff(colour(), tiffinfo={274: 6}),
    "tiff of two pages": lambda: encoded(
        colour(), "TIFF", save_all=True, append_images=[Image.new("L", (9_999, 9))]
    ),
}

BROKEN: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "zero bytes": lambda: bytes(5_000),
    "text": lambda: b"I am an image, believe me.",
    "html": lambda: b"<html><img src=x onerror=alert(1)></html>",
    "svg": lambda: b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
    "zip": lambda: b"PK\x03\x04" + bytes(60),
    "postscript": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n",
    "ppm, a format not read here": lambda: encoded(colour(), "PPM"),
    "ico, a format not read here": lambda: encoded(colour(), "ICO"),
    "tga, a format not read here": lambda: encoded(colour(), "TGA"),
    "png cut": lambda: half(encoded(colour(), "PNG")),
    "png cut in its header": lambda: encoded(colour(), "PNG")[:20],
    "png signature alone": lambda: b"\x89PNG\r\n\x1a\n",
    "png flipped": lambda: encoded(colour(), "PNG").replace(b"IDAT", b"IDAX"),
    "png whose row has a filter that is none": lambda: png(2, 2, b"\x09ab" * 2),
    "png of a huge header": lambda: png(2**31 - 1, 2**31 - 1, b"\0"),
    "png bomb past the limit of pixels": lambda: png(6_400, 6_400, bytes(6_401 * 6_400)),
    "png bomb between Pillow's limits": lambda: png(10_000, 10_000, b"\0"),
    "png bomb past Pillow's limits": lambda: png(19_000, 19_000, b"\0"),
    "png 20001 x 1": lambda: png(20_001, 1, bytes(20_002)),
    "png 0 x 0": lambda: png(0, 0, b""),
    "png of text that unpacks to much": lambda: (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0))
        + chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200 << 20), 9))
        + chunk(b"IDAT", zlib.compress(bytes(6)))
        + chunk(b"IEND", b"")
    ),
    "jpeg cut": lambda: half(encoded(colour(), "JPEG")),
    "jpeg cut near its end": lambda: encoded(colour(), "JPEG", quality=95)[:-200],
    "jpeg header alone": lambda: encoded(colour(), "JPEG")[:20],
    "jpeg of a huge header": lambda: encoded(colour(), "JPEG").replace(
        struct.pack(">HH", 24, 32), struct.pack(">HH", 65_000, 65_000), 1
    ),
    "bmp cut": lambda: half(encoded(colour(), "BMP")),
    "bmp of a huge header": lambda: bmp(2**30, 2**30),
    "bmp of negative width": lambda: bmp(-9, 9),
    "bmp of a row too few": lambda: bmp(64, 64),
    "gif cut": lambda: encoded(colour().quantize(16), "GIF")[:40],
    "gif of a huge header": lambda: gif(65_535, 65_535),
    "gif without a picture": lambda: b"GIF89a" + bytes(7) + b";",
    "webp cut": lambda: half(encoded(colour(), "WEBP")),
    "webp of a huge header": lambda: b"RIFF\xff\xff\xff\x7fWEBPVP8X" + b"\xff" * 40,
    "tiff cut": lambda: half(tiff(NOISE)),
    "tiff packed and cut": lambda: tiff(NOISE, compression="tiff_deflate")[:200],
    "tiff whose directory is itself": lambda: b"II*\0\x08\0\0\0" + bytes(2) + b"\x08\0\0\0",
    "tiff whose directory lies outside": lambda: b"II*\0\xff\xff\xff\x7f" + bytes(100),
    "tiff of one huge tile": tiff_tile_bomb,
    "tiff float with a NaN": lambda: tiff(spoilt(np.nan)),
    "tiff float with an infinity": lambda: tiff(spoilt(np.inf)),
    "more than 25 MB": lambda: encoded(colour(), "PNG") + bytes(25 << 20),
}
