"""Usual images of sets that ship, for calibration: in no split that they are trained or tested on.

Digits: 2,000 of MNIST's official test images (chosen by seed 0), in a file beside this module, so
that they are there without MNIST. Shapes: 1,000 more, drawn without a defect.
"""

from pathlib import Path

import numpy as np

from core import arraycache
from core.config import DataError
from core.data.named import digits, shapes
from core.images.imagesets import ImageSet, numbered_ids

DIGITS_FILE = Path(__file__).with_name("held_out_digits.npz")
SPLIT = "held out"
N_DIGITS = 2_000
OF_DIGITS = ("mnist", digits.ID)


def held_out(name: str) -> ImageSet | None:
    """The held-out images of a data set, usual ones all; None if it has none.

    name: its id; "mnist" and "mnist-5k" have the same.  The ids of digits are those of MNIST's test
    split.  Raises DataError if the file with the digits is missing or broken.
    """
    if name in OF_DIGITS:
        return _digits(name)
    return shapes.load_shapes(SPLIT) if name == shapes.ID else None


def defective(name: str) -> ImageSet | None:
    """Held-out images of a data set that are no usual ones; None if it has none.

    Shapes: 200 more, each drawn with a defect.
    """
    return shapes.load_shapes("defective") if name == shapes.ID else None


def _digits(name: str) -> ImageSet:
    arrays = arraycache.read(DIGITS_FILE, ("images", "labels", "positions"))
    if arrays is None or arrays["images"].shape != (N_DIGITS, 28, 28):
        raise DataError(f"{DIGITS_FILE.name} is missing or broken: install Hourglass again.")
    labels = arrays["labels"].astype(np.int64)
    ids = numbered_ids("mnist/test", arrays["positions"])
    return ImageSet(
        id=name,
        split=SPLIT,
        images=arrays["images"][:, None],
        labels=labels,
        class_names=digits.CLASS_NAMES,
        ids=ids,
    )
