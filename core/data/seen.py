"""Whether a model has seen images in its training, told by the names of data sets alone."""

import os
from typing import Literal

from core.data import digits

MNIST = "mnist"
Seen = Literal["no", "yes", "some", "unknown"]


def seen_in_training(trained_on: str, shown: str, shown_split: str) -> Seen:
    """Whether a model trained on training_images(trained_on) had the shown images among them.

    trained_on, shown: ids of data sets.  shown_split: "train", "test" or "all".
    "some": a part of them, as MNIST's train split for a model trained on 4,000 of its digits, or
    on all but 1,000. Classes left out of training do not count here.
    """
    trained_on, shown = _canonical(trained_on), _canonical(shown)
    if shown_split == "test" or trained_on not in _sharing_images(shown):
        return "no"
    if MNIST in (shown, trained_on):
        return "yes" if shown == digits.ID else "some"
    return "yes" if shown_split == "train" else "some"


def _canonical(dataset_id: str) -> str:
    """The one id of a folder or file that can be named in several ways; the disk is not asked."""
    kind, _, path = dataset_id.partition(":")
    return f"{kind}:{os.path.normpath(path)}" if kind in ("folder", "zip", "file") else dataset_id


def _sharing_images(shown: str) -> tuple[str, ...]:
    """The sets whose train split shares images with this one's."""
    return (MNIST, digits.ID) if shown in (MNIST, digits.ID) else (shown,)
