"""Which images a model's judgement is compared with: known as usual, and not judged themselves."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.anomaly.spaces import K
from core.checkpoints import Card, trained_on
from core.config import DataError
from core.data import catalogue
from core.data.named import digits, planting
from core.images import duplicates
from core.images.imagesets import ImageSet

Load = Callable[[str, str], ImageSet]


def reference_images(
    card: Card, judged: ImageSet, data_root: Path | None = None, load: Load | None = None
) -> ImageSet:
    """The images the model was trained on, without those that are judged.

    load: gives a split of a data set; core.data.catalogue.load from data_root if None.

    If too few are left, since the training images are themselves judged: the usual images of the
    test split. A model of all MNIST is compared with the embedded digits where MNIST is not, and
    one whose training images are not known here with the set that is judged.
    Nothing is downloaded.  Raises DataError if there are no such images.
    """
    name = available_id(card, judged, data_root)
    load = load or (lambda name, split: catalogue.load(name, split, data_root))
    for split in ("train", "test"):
        images = _without(usual_images(card, name, split, load), judged)
        if len(images) > K:
            return images
    raise DataError(
        f"All images of {name} are judged, so that none is left to compare with: "
        "choose its train or its test part."
    )


def usual_images(card: Card, name: str, split: str, load: Load) -> ImageSet:
    """A split of `name` as the model knows it: without the classes it never saw, and without known
    outliers.
    """
    if name.partition(":")[0] in catalogue.OWN_KINDS:  # a folder, prepared as for its training
        images = catalogue.load(name, split, preparation=trained_on.preparation(card))
    else:
        images = load(name, split)
    if split == "train":
        images = catalogue.for_training(images, load)
    return planting.usual(images, card.excluded_classes)


def available_id(card: Card, judged: ImageSet, data_root: Path | None = None) -> str:
    """The set the model was trained on, or what of it is here; DataError if nothing is.

    The set that is judged if it is not known here what the model was trained on.
    """
    name = trained_on.known(card)
    if name is None:
        return judged.id
    infos = {info.id: info for info in catalogue.catalogue(data_root)}
    info = infos.get(name)
    if info is None or info.available:
        return name
    if name == "mnist":
        return digits.ID
    raise DataError(
        f"{card.name} was trained on {info.title}, which is not here to compare with: "
        f"download it with `python -m core datasets fetch {name}`, or choose another model."
    )


def _without(images: ImageSet, judged: ImageSet) -> ImageSet:
    """The images that have not the same pixels as any of those judged."""
    known = {duplicates.digest(x) for x in judged.images}
    keep = np.fromiter(
        (duplicates.digest(x) not in known for x in images.images), bool, len(images)
    )
    return images if keep.all() else images.take(keep)
