"""The well-known sets that torchvision also knows, read from its folder layout. Nothing is unpickled.

The folder that was asked for is only ever read; what is downloaded goes to the data folder.
"""

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import numpy as np
import numpy.typing as npt

from core import config, idx
from core.config import DataError
from core.imagesets import ImageSet, numbered_ids

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


class Layout(Protocol):
    """How the files of a set lie below a data root."""

    def present(self, root: Path, split: str) -> bool:
        """Whether all the files of the split are there."""

    def read(self, root: Path, split: str) -> tuple[Pixels, Labels]:
        """Images (N, C, H, W) and labels (N,); DataError, naming the file, if one is broken."""


@dataclass(frozen=True)
class PublicSet:
    """What a set is called, what it holds and how it lies on the disk."""

    id: str
    title: str
    explanation: str
    class_names: tuple[str, ...]
    input_shape: tuple[int, int, int]
    n_train: int
    n_test: int
    layout: Layout

    def root(self, split: str, data_root: Path | None) -> Path | None:
        """The first folder that holds the whole split: data_root, or else the data folder; None if neither does."""
        roots = (data_root or config.data_root(), config.data_dir())
        return next((root for root in roots if self.layout.present(root, split)), None)

    def load(self, split: str, data_root: Path | None = None) -> ImageSet:
        """One split from the disk; DataError if it is not there or broken."""
        root = self.root(split, data_root)
        if root is None:
            raise DataError(
                f"{self.title} is not in {data_root or config.data_root()}: put it there."
            )
        images, labels = self.layout.read(root, split)
        if len(images) != len(labels) or (len(labels) and labels.max() >= len(self.class_names)):
            raise DataError(f"{self.title} in {root} is broken: its labels do not fit its images.")
        ids = numbered_ids(f"{self.id}/{split}", range(len(images)))
        return ImageSet(self.id, split, images, labels, self.class_names, ids)


_FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")  # fmt: skip
_KUZUSHIJI = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
PUBLIC_SETS = (
    PublicSet(
        "mnist",
        "MNIST",
        "Handwritten digits, 28 x 28, grey.",
        tuple("0123456789"),
        (1, 28, 28),
        60_000,
        10_000,
        idx.IdxFiles("MNIST/raw"),
    ),
    PublicSet(
        "fashion-mnist",
        "Fashion-MNIST",
        "Clothes, shoes and bags from a shop's catalogue, 28 x 28, grey.",
        _FASHION,
        (1, 28, 28),
        60_000,
        10_000,
        idx.IdxFiles("FashionMNIST/raw"),
    ),
    PublicSet(
        "kmnist",
        "Kuzushiji-MNIST",
        "Cursive Japanese characters from old books, 28 x 28, grey.",
        _KUZUSHIJI,
        (1, 28, 28),
        60_000,
        10_000,
        idx.IdxFiles("KMNIST/raw"),
    ),
)
BY_ID = MappingProxyType({known.id: known for known in PUBLIC_SETS})
