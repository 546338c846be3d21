"""Files of the MNIST family: the idx format, as it is or inside gzip. Imports only core.config."""

import gzip
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from core.config import DataError

MAX_ITEMS = 1_000_000
FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


@dataclass(frozen=True)
class IdxFiles:
    """The files of a set of 28 x 28 images in `folder` below a data root, as they are or as .gz."""

    folder: str

    def present(self, root: Path, split: str) -> bool:
        """Whether both files of the split are there."""
        return all(self._find(root, name) for name in FILES[split])

    def read(self, root: Path, split: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """Images (N, 1, 28, 28) and labels (N,); DataError if a file is missing or broken."""
        images, labels = (self._find(root, name) for name in FILES[split])
        if images is None or labels is None:
            raise DataError(f"{root / self.folder} lacks {' or '.join(FILES[split])}.")
        return read_idx(images, (28, 28))[:, None], read_idx(labels, ()).astype(np.int64)

    def _find(self, root: Path, name: str) -> Path | None:
        plain = root / self.folder / name
        packed = plain.with_name(f"{name}.gz")
        return next((path for path in (plain, packed) if path.is_file()), None)


def read_idx(path: Path, item_shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """All the items of one file: (n, *item_shape).

    Raises DataError, naming the file, if it is cut short, corrupt, or holds items of another shape.
    """
    try:
        with open(path, "rb") as file:
            packed = path.suffix == ".gz"
            return _read_items(gzip.GzipFile(fileobj=file) if packed else file, item_shape)
    except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
        raise DataError(
            f"{path} cannot be read ({error}): delete it or put a whole one there."
        ) from error


def _read_items(
    file: IO[bytes] | gzip.GzipFile, item_shape: tuple[int, ...]
) -> npt.NDArray[np.uint8]:
    n_header = 8 + 4 * len(item_shape)
    magic, n, *shape = struct.unpack(f">{n_header // 4}I", file.read(n_header))
    if magic != 0x0801 + len(item_shape) or tuple(shape) != item_shape or n > MAX_ITEMS:
        raise ValueError("it is not the idx file that its name says")
    expected = n * int(np.prod(item_shape, dtype=np.int64))
    content = file.read(expected + 1)
    if len(content) != expected:
        relation = "less" if len(content) < expected else "more"
        raise ValueError(f"it holds {relation} than its header says")
    return np.frombuffer(bytearray(content), dtype=np.uint8).reshape(n, *item_shape)
