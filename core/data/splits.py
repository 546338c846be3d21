"""Which class and which split an image belongs to, by its name alone. Imports nothing from core."""

import hashlib
import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

TEST_SHARE = 0.2


def classes_of(names: Sequence[str]) -> tuple[npt.NDArray[np.int64] | None, tuple[str, ...]]:
    """A class for each folder, without the folders that all share; no labels if there is but one.

    Returns labels (n,), indices into the class names, or None.  Files beside the folders are of the
    class "(none)".
    """
    folders = [name.split("/")[:-1] for name in names]
    shared = len(os.path.commonprefix(folders))  # noqa: RUF071  # lists of parts, not strings
    words = ["/".join(folder[shared:]) or "(none)" for folder in folders]
    class_names, labels = np.unique(np.array(words, dtype=np.str_), return_inverse=True)
    if len(class_names) == 1:
        return None, ()
    return labels.astype(np.int64), tuple(class_names.tolist())


def lot(name: str, seed: int) -> float:
    """A number in [0, 1) that depends on the name and the seed alone.

    Names with a lot below the share of the test split belong to it, whatever other files there are.
    """
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
