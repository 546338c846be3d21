"""Images in arrays: NumPy's .npy and .npz, and the IDX files that MNIST made usual.

An array of images is (n, H, W), (n, H, W, C) or (n, C, H, W) with 1, 3 or 4 channels; (H, W) and
(H, W, 3) are one image. They are read one after the other from the file, and each is offered as a
file of its own, losslessly, so that the gate behind is the same for all. Nothing is unpickled.
"""

import contextlib
import gzip
import io
import math
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.config import DataError, ImageRejected
from core.data.offered.files import (
    MAX_FILES,
    MAX_MEMBER,
    Budget,
    Limits,
    Offer,
    opened,
    refused,
    too_tight,
)
from core.data.offered.names import printable

Array = npt.NDArray[Any]
NPY, IDX_NUMBERS = b"\x93NUMPY", {0x08: "u1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_LABELS = 64 << 20  # bytes of an array of labels
MAX_SIDE, MAX_ARRAYS = 20_000, 200
CHANNELS = (1, 3, 4)
FLAT_LABELS = ("labels", "label", "y", "targets", "target", "classes")
NAMES = ("class_names", "label_names", "names")
IMAGE_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(  # as in "x_train": as in "y_train"
    {"images": ("labels", "label"), "x": ("y",), "data": ("labels", "target"), "imgs": ("labels",)}
)
DAMAGED = "The file is damaged or cut short: what comes after cannot be read."


@dataclass(frozen=True)
class Header:
    """An array's type and shape, before its numbers are read."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool = False


@dataclass(frozen=True)
class Stack:
    """Images of one array.  n: how many.  shape: of one, as stored.  axis: of its channels, None if
    it has none.  name: what their names begin with.  labels: of each, if there are any.
    """

    key: str
    header: Header
    n: int
    shape: tuple[int, ...]
    axis: int | None
    name: str = ""
    labels: Sequence[str] | None = None


@dataclass(frozen=True)
class Arrays:
    """A file of arrays that is open; its images can be read from the first as often as asked."""

    title: str
    stacks: tuple[Stack, ...]
    stream: Any  # key -> a stream of the numbers, behind the header
    packed: int
    limits: Limits
    scale: dict[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(stack.n for stack in self.stacks)

    def __iter__(self) -> Iterator[Offer]:
        budget = Budget(self.limits)
        for stack in self.stacks:
            yield from self._of(stack, budget)

    def _of(self, stack: Stack, budget: Budget) -> Iterator[Offer]:
        size = math.prod(stack.shape) * stack.header.dtype.itemsize
        width = len(str(max(1, stack.n - 1)))
        with contextlib.ExitStack() as closing:
            try:
                stream = closing.enter_context(self.stream(stack.key))
            except Exception:  # noqa: BLE001  # of zipfile and gzip, on a broken file
                yield refused(self.title, DAMAGED)
                return
            for i in range(stack.n):
                name = f"{stack.name}{i:0{max(5, width)}d}"
                try:
                    content = _exactly(stream, size)
                    budget.count(size)
                    if too_tight(budget.total, self.packed):
                        raise ImageRejected("The file is packed more tightly than images can be.")
                except ImageRejected as refusal:
                    yield refused(name, str(refusal))
                    return
                except Exception:  # noqa: BLE001  # as above
                    yield refused(name, DAMAGED)
                    return
                x = np.frombuffer(content, stack.header.dtype).reshape(stack.shape)
                label = None if stack.labels is None else stack.labels[i]
                yield Offer(name, partial(self._encoded, stack, x), label)

    def _encoded(self, stack: Stack, x: Array) -> bytes:
        """One image as the content of a file."""
        if stack.axis == 0:
            x = x.transpose(1, 2, 0)
        if x.ndim == 3 and x.shape[2] == 1:
            x = x[..., 0]
        return encoded(x, self.scale, stack.key)


def encoded(x: Array, scale: dict[str, float], key: str = "") -> bytes:
    """An image as a PNG, or as a TIFF of floats: (H, W) or (H, W, 3 or 4), any numbers.

    scale: what the floats of a colour image are multiplied with, decided by the first of its array.
    Raises ImageRejected for numbers that no image has.
    """
    if x.dtype == np.bool_:
        x = x.astype(np.uint8) * 255
    if x.dtype.kind in "iu" and x.dtype != np.uint8:
        if x.size and (x.min() < 0 or x.max() > 65535):
            raise ImageRejected("It has numbers below 0 or above 65,535, which no image has.")
        x = x.astype(np.uint16)
    elif x.dtype.kind == "f" and x.ndim == 3:
        x = _in_bytes(x, scale, key)
    elif x.dtype.kind == "f":
        x = x.astype(np.float32)
        if not np.isfinite(x).all():
            raise ImageRejected("It has pixels that are not finite numbers: replace them.")
    elif x.dtype != np.uint8:
        raise ImageRejected("Its numbers are of a kind that no image has.")
    if x.dtype == np.uint16 and x.ndim == 3:
        return _png_of_16_bits(x[..., :3])
    file = io.BytesIO()
    if x.dtype == np.float32:
        Image.fromarray(x).save(file, "TIFF")
    else:
        Image.fromarray(np.ascontiguousarray(x)).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _in_bytes(x: Array, scale: dict[str, float], key: str) -> Array:
    """Floats of a colour image as bytes: 0 to 1, or 0 to 255."""
    if not np.isfinite(x).all():
        raise ImageRejected("It has pixels that are not finite numbers: replace them.")
    factor = scale.setdefault(key, 255.0 if x.max(initial=0) <= 1 else 1.0)
    values = x.astype(np.float64) * factor
    if values.min(initial=0) < 0 or values.max(initial=0) > 255.5:
        raise ImageRejected("It has colours outside of 0 to 1, or 0 to 255: save them as bytes.")
    return np.asarray(np.minimum(np.round(values), 255).astype(np.uint8))


def _png_of_16_bits(x: Array) -> bytes:
    """A colour image with 16 bits a channel, which Pillow does not write: (H, W, 3)."""
    height, width, _ = x.shape
    rows = np.zeros((height, 1 + 6 * width), np.uint8)  # a filter that does nothing, and the pixels
    rows[:, 1:] = np.ascontiguousarray(x, ">u2").view(np.uint8).reshape(height, -1)
    head = struct.pack(">2I5B", width, height, 16, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 1)), (b"IEND", b""))
    written = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def kind_of(beginning: bytes) -> str:
    """The one of KINDS that a file is which begins like this; "" if none.

    IDX may be packed with gzip, as it is published.
    """
    if beginning.startswith(NPY):
        return "npy"
    if beginning.startswith(b"PK\3\4"):
        n = int.from_bytes(beginning[26:28], "little")
        return "npz" if beginning[30 : 30 + n].endswith(b".npy") else ""
    if beginning.startswith(b"\x1f\x8b"):
        with contextlib.suppress(zlib.error):
            beginning = zlib.decompressobj(31).decompress(beginning, 4)
    is_idx = beginning[:2] == b"\0\0" and beginning[2:3] and beginning[2] in IDX_NUMBERS
    return "idx" if is_idx and len(beginning) > 3 and beginning[3] in range(1, 5) else ""


@contextlib.contextmanager
def open_arrays(
    source: Path | IO[bytes],
    title: str,
    kind: str,
    limits: Limits,
    labels: Path | IO[bytes] | None = None,
) -> Iterator[Arrays]:
    """A file of arrays, whose images can be read while this lasts.

    limits: of what is uploaded; a file at a path on this machine, or that is not packed, may be of
    any size, and is refused only where it is packed more tightly than images can be.
    labels: an IDX file with the classes of those in another IDX file.
    Raises DataError if it holds no images or too many.
    """
    title = printable(title)
    with opened(source, title) as file:
        packed = file.seek(0, 2)
        try:
            stacks, stream = _READERS[kind](file, title, labels)
        except DataError:
            raise
        except Exception as error:  # of numpy, zipfile and gzip, on a broken file
            raise DataError(f"{title} cannot be read: it is damaged or cut short.") from error
        n = sum(stack.n for stack in stacks)
        if not n:
            raise DataError(
                f"{title} holds no images: an array of images has 8-bit, 16-bit or float numbers "
                "and the shape (n, H, W), (n, H, W, 3) or (n, 3, H, W)."
            )
        if n > MAX_FILES and limits.files is not None:
            raise DataError(f"{title} holds more than {MAX_FILES:,} images: offer fewer at a time.")
        is_free = kind == "npy" or isinstance(source, Path)
        most = Limits(files=None, total=None) if is_free else limits
        yield Arrays(title=title, stacks=stacks, stream=stream, packed=packed, limits=most)


def is_idx_of_labels(beginning: bytes) -> bool:
    """Whether an IDX file holds one number an image."""
    if beginning.startswith(b"\x1f\x8b"):
        beginning = zlib.decompressobj(31).decompress(beginning, 4)
    return beginning[3:4] == b"\1"


def labels_name(name: str) -> str:
    """Name of the file with the labels of an IDX file of images."""
    return name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1")


def _exactly(stream: IO[bytes], size: int) -> bytes:
    parts, left = [], size
    while left and (part := stream.read(min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    if left:
        raise EOFError
    return b"".join(parts)


def _npy_header(stream: IO[bytes]) -> Header:
    """The header of an .npy file; the stream stands behind it then."""
    version = np.lib.format.read_magic(stream)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, fortran, dtype = read(stream)
    if dtype.hasobject:
        raise DataError(
            "An array of Python objects could run code when it is opened, so it is not: save the "
            "numbers alone."
        )
    return Header(dtype, shape, fortran)


def _stack(key: str, header: Header, name: str = "") -> Stack | None:
    """An array as images; None if it is none of images."""
    shape = header.shape
    if header.dtype.kind not in "biuf" or header.fortran or not all(shape):
        return None
    axis: int | None = None
    one: tuple[int, ...]
    if len(shape) == 2:
        n, one = 1, shape
    elif len(shape) == 3 and shape[2] in CHANNELS[1:]:
        n, one, axis = 1, shape, 2
    elif len(shape) == 3:
        n, one = shape[0], shape[1:]
    elif len(shape) == 4 and shape[3] in CHANNELS:
        n, one, axis = shape[0], shape[1:], 2
    elif len(shape) == 4 and shape[1] in CHANNELS:
        n, one, axis = shape[0], shape[1:], 0
    else:
        return None
    sides = [side for i, side in enumerate(one) if i != axis]
    fits = math.prod(one) * header.dtype.itemsize <= 8 * MAX_MEMBER
    return (
        Stack(key=key, header=header, n=n, shape=one, axis=axis, name=name)
        if fits and max(sides) <= MAX_SIDE
        else None
    )


def _npy(file: IO[bytes], title: str, _labels: object) -> tuple[tuple[Stack, ...], Any]:
    file.seek(0)
    header = _npy_header(file)
    begin, stack = file.tell(), _stack("", header)
    if header.fortran and len(header.shape) > 1:
        raise DataError(f"{title} is in Fortran's order: save np.ascontiguousarray(x).")

    @contextlib.contextmanager
    def stream(_key: str) -> Iterator[IO[bytes]]:
        file.seek(begin)
        yield file

    return (stack,) if stack else (), stream


def _idx(
    file: IO[bytes], title: str, labels: Path | IO[bytes] | None
) -> tuple[tuple[Stack, ...], Any]:
    @contextlib.contextmanager
    def stream(_key: str) -> Iterator[IO[bytes]]:
        with _plain(file) as plain:
            _idx_header(plain)
            yield plain

    with _plain(file) as plain:
        header = _idx_header(plain)
    if len(header.shape) == 1:
        raise DataError(f"{title} holds labels and no images: offer the file of the images too.")
    stack = _stack("", header) if len(header.shape) > 2 else None
    if stack is not None and labels is not None:
        stack = _labelled(stack, _idx_labels(labels))
    return (stack,) if stack else (), stream


@contextlib.contextmanager
def _plain(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """The file from its beginning, unpacked if it is packed."""
    file.seek(0)
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    if not packed:
        yield file
        return
    with gzip.GzipFile(fileobj=file, mode="rb") as plain:
        yield plain  # type: ignore[misc]  # a stream of bytes


def _idx_header(stream: IO[bytes]) -> Header:
    _, kind, n_dims = struct.unpack(">HBB", _exactly(stream, 4))
    shape = struct.unpack(f">{n_dims}I", _exactly(stream, 4 * n_dims))
    return Header(np.dtype(IDX_NUMBERS[kind]), shape)


def _idx_labels(source: Path | IO[bytes]) -> Array | None:
    """The numbers in a file of labels; None if they cannot be read."""
    try:
        with opened(source, "labels") as file, _plain(file) as plain:
            header = _idx_header(plain)
            size = math.prod(header.shape) * header.dtype.itemsize
            if len(header.shape) != 1 or size > MAX_LABELS:
                return None
            return np.frombuffer(_exactly(plain, size), header.dtype)
    except Exception:  # noqa: BLE001  # images without classes are images
        return None


def _npz(file: IO[bytes], _title: str, _labels: object) -> tuple[tuple[Stack, ...], Any]:
    file.seek(0)
    archive = zipfile.ZipFile(file)
    members = {
        info.filename[:-4]: info
        for info in archive.infolist()[:MAX_ARRAYS]
        if info.filename.endswith(".npy") and not info.flag_bits & 1
    }
    headers: dict[str, Header] = {}
    for key, info in members.items():
        with contextlib.suppress(DataError, ValueError, KeyError), archive.open(info) as member:
            headers[key] = _npy_header(member)

    @contextlib.contextmanager
    def stream(key: str) -> Iterator[IO[bytes]]:
        with archive.open(members[key]) as opened_member:
            _npy_header(opened_member)
            yield opened_member

    def small(key: str) -> Array | None:
        header = headers[key]
        size = math.prod(header.shape) * header.dtype.itemsize
        if size > MAX_LABELS or header.dtype.kind not in "biufUS":
            return None
        with stream(key) as numbers:
            return np.frombuffer(_exactly(numbers, size), header.dtype).reshape(header.shape)

    return tuple(_npz_stacks(headers, small)), stream


def _npz_stacks(headers: Mapping[str, Header], small: Any) -> Iterator[Stack]:
    """The arrays of images in an .npz file, each with its labels, if there are any."""
    images = {key: header for key, header in headers.items() if len(header.shape) > 2}
    names = next((small(key) for key in NAMES if key in headers), None)
    for key, header in images.items():
        part = _part_of(key)
        name = f"{part}/" if part else (f"{printable(key)}/" if len(images) > 1 else "")
        stack = _stack(key, header, name)
        if stack is None:
            continue
        found = next((one for one in _labels_of(key) if one in headers and one != key), None)
        labels = small(found) if found else None
        yield stack if labels is None else _labelled(stack, labels, names)


def _part_of(key: str) -> str:
    words = key.lower().replace("-", "_").split("_")
    return next((word for word in words if word in ("train", "val", "valid", "test")), "")


def _labels_of(key: str) -> Iterator[str]:
    """Possible names of the labels of an array of this name."""
    low = key.lower()
    for word, others in IMAGE_WORDS.items():
        if word in low.replace("-", "_").split("_"):
            yield from (low.replace(word, other) for other in others)
            yield from (low.replace(word, other).upper() for other in others)
    if not _part_of(key):
        yield from FLAT_LABELS


def _labelled(stack: Stack, labels: Array | None, names: Array | None = None) -> Stack:
    """The stack with a class for each image; without, if the labels do not fit."""
    if labels is None or labels.shape[:1] != (stack.n,):
        return stack
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    elif labels.ndim == 2 and (labels.sum(axis=1) == 1).all():  # one-hot
        labels = labels.argmax(axis=1)
    if labels.ndim != 1 or labels.dtype.kind == "f":
        return stack
    known = None if names is None or names.ndim != 1 else [_text(one) for one in names.tolist()]
    words = [
        known[one] if known and isinstance(one, int) and 0 <= one < len(known) else _text(one)
        for one in labels.tolist()
    ]
    return replace(stack, labels=words)


def _text(value: object) -> str:
    said = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return printable(said)[:200]


_READERS: Mapping[str, Any] = MappingProxyType({"npy": _npy, "npz": _npz, "idx": _idx})
KINDS = tuple(_READERS)
