"""Which class and which split an image belongs to, by its name alone."""

import hashlib
import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.wording import natural

TEST_SHARE = 0.2
NO_CLASS = "(none)"


def classes_of(
    names: Sequence[str], stated: Sequence[str | None] = ()
) -> tuple[npt.NDArray[np.int64] | None, tuple[str, ...]]:
    """A class for each folder, without the folders that all share; no labels if there is but one.

    stated: (n,) the class that the source itself gives each image, None where it gives none; they
    count instead of folders, unless fewer than two images share one on average: those are captions.
    Returns labels (n,), indices into the class names, or None.  Files beside the folders are of the
    class "(none)".
    """
    n_stated = sum(label is not None for label in stated)
    if n_stated and 2 * len({label for label in stated if label is not None}) <= n_stated:
        words = [label or NO_CLASS for label in stated]
    else:
        folders = [name.split("/")[:-1] for name in names]
        shared = len(os.path.commonprefix(folders))  # noqa: RUF071  # lists of parts, not strings
        words = ["/".join(folder[shared:]) or NO_CLASS for folder in folders]
    class_names = sorted(set(words), key=natural)
    if len(class_names) == 1:
        return None, ()
    index = {name: i for i, name in enumerate(class_names)}
    return np.array([index[word] for word in words], np.int64), tuple(class_names)


def lot(name: str, seed: int) -> float:
    """A number in [0, 1) that depends on the name and the seed alone.

    Names with a lot below the share of the test split belong to it, whatever other files there are.
    """
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
