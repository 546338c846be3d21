"""SVHN, house numbers seen from the street: MATLAB files, read with SciPy."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.config import DataError

FILES = {"train": "train_32x32.mat", "test": "test_32x32.mat"}


class SvhnFiles:
    """The two .mat files, side by side in a data root."""

    folder = "."

    def present(self, root: Path, split: str) -> bool:
        """Whether the file of the split is there."""
        return (root / FILES[split]).is_file()

    def read(self, root: Path, split: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """Images (N, 3, 32, 32) and labels (N,); DataError if the file is broken."""
        from scipy.io import loadmat  # only SVHN needs it

        path = root / FILES[split]
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
