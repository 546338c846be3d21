"""Well-known public sets, read from torchvision's folder layout.

The given folder is only read; only fetch() downloads a set, into the data folder.
"""

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import numpy as np
import numpy.typing as npt

from core import config
from core.background import Progress
from core.config import DataError
from core.data.named import downloads, formats
from core.images.imagesets import ImageSet, numbered_ids

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
DIGITS = tuple("0123456789")


class Layout(Protocol):
    """Layout of the files of a set in `folder` below a data root."""

    @property
    def folder(self) -> str: ...

    def present(self, root: Path, split: str) -> bool: ...

    def read(self, root: Path, split: str) -> tuple[Pixels, Labels]: ...


@dataclass(frozen=True)
class PublicSet:
    """A public set: its name, facts, and layout on disk."""

    id: str
    title: str
    explanation: str
    class_names: tuple[str, ...]
    input_shape: tuple[int, int, int]
    n_train: int
    n_test: int
    layout: Layout

    def root(self, split: str, data_root: Path | None) -> Path | None:
        """The first folder with the whole split, of data_root and the data folder; or None.

        split: "calibration" is a part of the files for training.
        """
        files = "train" if split == "calibration" else split
        roots = (data_root or config.data_root(), config.data_dir())
        return next((root for root in roots if self.layout.present(root, files)), None)

    def is_here(self, data_root: Path | None = None) -> bool:
        """Whether all of it is on this machine; data_root as in root()."""
        return all(self.root(split, data_root) is not None for split in ("train", "test"))

    def absent(self) -> DataError:
        """The error for a set that is not on this machine, with how to download it."""
        return DataError(
            f"{self.title} is not on this machine: download it with `{config.COMMAND} datasets "
            f"fetch {self.id}` ({downloads.megabytes(self.id):.0f} MB), or on the page Your images "
            "under Public data sets."
        )

    def load(self, split: str, data_root: Path | None = None) -> ImageSet:
        """One split; DataError if it is broken, or if it is not here, which says how to get it."""
        root = self.root(split, data_root)
        if root is None:
            raise self.absent()
        images, labels = self.layout.read(root, split)
        if len(images) != len(labels) or not (labels < len(self.class_names)).all():
            raise DataError(f"{self.title} in {root} is broken: delete it and download it again.")
        ids = numbered_ids(f"{self.id}/{split}", range(len(images)))
        return ImageSet(
            id=self.id,
            split=split,
            images=images,
            labels=labels,
            class_names=self.class_names,
            ids=ids,
        )

    def fetch(self, data_root: Path | None = None, progress: Progress | None = None) -> None:
        """Download the set unless it is on this machine.  Raises DataError if that fails.

        progress: called with bytes done and bytes in all.
        """
        if self.is_here(data_root):
            return
        root = config.data_dir()
        resources = downloads.resources(self.id)
        downloads.fetch_all(self.title, resources, root / self.layout.folder, progress)
        if isinstance(self.layout, formats.CifarFiles):
            self.layout.unpack(root, resources[0].filename)


FASHION = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
THINGS = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
PUBLIC_SETS = (
    PublicSet(
        id="mnist",
        title="MNIST",
        explanation="Handwritten digits, 28 x 28, grey.",
        class_names=DIGITS,
        input_shape=(1, 28, 28),
        n_train=60_000,
        n_test=10_000,
        layout=formats.IdxFiles("MNIST/raw"),
    ),
    PublicSet(
        id="fashion-mnist",
        title="Fashion-MNIST",
        explanation="Clothes, shoes and bags from a shop's catalogue, 28 x 28, grey.",
        class_names=FASHION,
        input_shape=(1, 28, 28),
        n_train=60_000,
        n_test=10_000,
        layout=formats.IdxFiles("FashionMNIST/raw"),
    ),
    PublicSet(
        id="kmnist",
        title="Kuzushiji-MNIST",
        explanation="Cursive Japanese characters from old books, 28 x 28, grey.",
        class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        input_shape=(1, 28, 28),
        n_train=60_000,
        n_test=10_000,
        layout=formats.IdxFiles("KMNIST/raw"),
    ),
    PublicSet(
        id="cifar10",
        title="CIFAR-10",
        explanation="Photographs of animals and vehicles, 32 x 32, colour.",
        class_names=THINGS,
        input_shape=(3, 32, 32),
        n_train=50_000,
        n_test=10_000,
        layout=formats.CifarFiles(),
    ),
    PublicSet(
        id="svhn",
        title="SVHN",
        explanation="House numbers seen from the street, 32 x 32, colour.",
        class_names=DIGITS,
        input_shape=(3, 32, 32),
        n_train=73_257,
        n_test=26_032,
        layout=formats.SvhnFiles(),
    ),
)
BY_ID = MappingProxyType({known.id: known for known in PUBLIC_SETS})
