"""CIFAR-10 from its binary files or from torchvision's batches, of which nothing is unpickled."""

import gzip
import hashlib
import re
import shutil
import struct
import tarfile
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from core.config import DataError

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
BINARY, PYTHON = "cifar-10-batches-bin", "cifar-10-batches-py"
BATCHES = {
    "train": tuple(f"data_batch_{number}" for number in range(1, 6)),
    "test": ("test_batch",),
}
N_BATCH, N_VALUES = 10_000, 3 * 32 * 32
PYTHON_MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
# In torchvision's batches, which their md5 pins byte for byte: one string with all the pixels,
# and after the word "labels" a list of one-byte numbers (K), begun by ] and (, stored by e.
PIXELS_MARK = b"T" + (N_BATCH * N_VALUES).to_bytes(4, "little")
LABELS_LIST = re.compile(
    rb"U\x06labels(?:q.|r.{4})?\](?:q.|r.{4})?((?:[(e]|K[\x00-\x09])+)", re.DOTALL
)


class CifarFiles:
    """Either folder of CIFAR-10, below a data root; the binary one is preferred."""

    folder = "."

    def present(self, root: Path, split: str) -> bool:
        """Whether one of the folders has all the batches of the split."""
        return any(
            all(_batch(root, folder, name).is_file() for name in BATCHES[split])
            for folder in (BINARY, PYTHON)
        )

    def read(self, root: Path, split: str) -> tuple[Pixels, Labels]:
        """Images (N, 3, 32, 32) and labels (N,); DataError if a batch is broken."""
        batches = [_read_batch(root, name) for name in BATCHES[split]]
        images = np.concatenate([images for images, _ in batches]).reshape(-1, 3, 32, 32)
        return images, np.concatenate([labels for _, labels in batches]).astype(np.int64)

    def unpack(self, root: Path, archive: str) -> None:
        """Take the batches out of the downloaded `archive` in `root`, and delete it.

        Only the six members that are known by name are read, as streams.
        """
        folder = Path(tempfile.mkdtemp(dir=root, prefix=f".{BINARY}-"))
        try:
            _take_out(root / archive, folder)
            folder.chmod(0o755)
            shutil.rmtree(root / BINARY, ignore_errors=True)  # it lacked a batch
            folder.rename(root / BINARY)
        except (OSError, EOFError, ValueError, tarfile.TarError, zlib.error) as error:
            raise DataError(
                f"{root / archive} cannot be unpacked ({error}): delete it and try again."
            ) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        (root / archive).unlink()


def _take_out(archive: Path, folder: Path) -> None:
    wanted = {f"{BINARY}/{name}.bin" for names in BATCHES.values() for name in names}
    with tarfile.open(archive, "r|gz") as members:
        for member in members:
            if member.name in wanted and (stream := members.extractfile(member)) is not None:
                content = stream.read(N_BATCH * (1 + N_VALUES) + 1)
                (folder / Path(member.name).name).write_bytes(content)
                wanted.remove(member.name)
    if wanted:
        raise ValueError(f"it lacks {min(wanted)}")


def _batch(root: Path, folder: str, name: str) -> Path:
    return root / folder / (f"{name}.bin" if folder == BINARY else name)


def _read_batch(root: Path, name: str) -> tuple[Pixels, Pixels]:
    """(N, 3072) and (N,) of one batch."""
    path = _batch(root, BINARY, name)
    read = _read_binary
    if not path.is_file():
        path, read = _batch(root, PYTHON, name), _read_python
    try:
        return read(path)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read ({error}): delete it or put a whole one there."
        ) from error


def _read_binary(path: Path) -> tuple[Pixels, Pixels]:
    content = np.fromfile(path, dtype=np.uint8)
    if len(content) != N_BATCH * (1 + N_VALUES):
        raise ValueError("it has not the length of a batch")
    rows = content.reshape(N_BATCH, 1 + N_VALUES)
    return rows[:, 1:], rows[:, 0]


def _read_python(path: Path) -> tuple[Pixels, Pixels]:
    content = path.read_bytes()
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != PYTHON_MD5[path.name]:
        raise ValueError("it is not the batch that torchvision knows")
    start, found = content.find(PIXELS_MARK), LABELS_LIST.search(content)
    if start < 0 or found is None:
        raise ValueError("it holds no pixels or no labels")
    labels = bytes(found[1]).replace(b"(", b"").replace(b"e", b"")[1::2]  # K 6 K 9 -> 6 9
    pixels = np.frombuffer(content, np.uint8, N_BATCH * N_VALUES, start + len(PIXELS_MARK))
    if len(labels) != N_BATCH:
        raise ValueError("it has not as many labels as images")
    return pixels.reshape(N_BATCH, N_VALUES), np.frombuffer(labels, np.uint8)


# Files of the MNIST family: the idx format, as it is or inside gzip. Imports only core.config.

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


# SVHN, house numbers seen from the street: MATLAB files, read with SciPy.

SVHN_FILES = {"train": "train_32x32.mat", "test": "test_32x32.mat"}


class SvhnFiles:
    """The two .mat files, side by side in a data root."""

    folder = "."

    def present(self, root: Path, split: str) -> bool:
        """Whether the file of the split is there."""
        return (root / SVHN_FILES[split]).is_file()

    def read(self, root: Path, split: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """Images (N, 3, 32, 32) and labels (N,); DataError if the file is broken."""
        from scipy.io import loadmat  # only SVHN needs it

        path = root / SVHN_FILES[split]
        try:
            content = loadmat(path, variable_names=("X", "y"))
            images, labels = content["X"], content["y"].ravel().astype(np.int64)
            _check(images, labels)
        except Exception as error:  # loadmat raises anything on a broken file
            raise DataError(
                f"{path} cannot be read ({error}): delete it or put a whole one there."
            ) from error
        return np.ascontiguousarray(images.transpose(3, 2, 0, 1)), labels % 10


def _check(images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> None:
    """ValueError unless X is (32, 32, 3, N) bytes and y has N numbers, 10 standing for 0."""
    if images.dtype != np.uint8 or images.shape != (32, 32, 3, len(labels)):
        raise ValueError("it does not hold pictures of 32 x 32 in colour")
    if len(labels) and not 1 <= labels.min() <= labels.max() <= 10:
        raise ValueError("its labels are not from 1 to 10")
