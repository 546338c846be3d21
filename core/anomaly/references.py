"""Which images a model's judgement is compared with: known as usual, and not judged themselves.

Two kinds: references, which scores are fitted on, those that the model was trained on; and those
that calibrate a threshold, which it was not trained on.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.anomaly.spaces import K
from core.checkpoints import Card, trained_on
from core.config import COMMAND, DataError, HourglassError
from core.data import catalogue, ignored
from core.data.named import digits, planting
from core.data.named.held_out import defective, held_out
from core.data.own import store
from core.images import duplicates
from core.images.imagesets import ImageSet

Load = Callable[[str, str], ImageSet]
HELD_OUT_AND_JUDGED = "held out and judged"  # a split, see calibration_images()
ENOUGH = 99  # calibration images that can promise 1 %; a part with fewer is taken if no other has


def reference_images(
    card: Card, judged: ImageSet, data_root: Path | None = None, load: Load | None = None
) -> ImageSet:
    """The images the model was trained on, without those that are judged.

    load: gives a split of a data set; core.data.catalogue.load from data_root if None.

    If too few are left, since the training images are themselves judged: the usual images of the
    test split. A model of all MNIST is compared with the embedded digits where MNIST is not, and
    one whose training images are not known here with the set that is judged.
    They have the region to ignore of the set that is judged, or else of their own.
    Nothing is downloaded.  Raises DataError if there are no such images.
    """
    name = available_id(card, judged, data_root)
    load = load or (lambda name, split: catalogue.load(name, split, data_root))
    for split in ("train", "test"):
        images = _without(usual_images(card, name, split, load), judged)
        if len(images) > K:
            return ignored.for_judging(images, judged.id, name)
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


def calibration_images(
    card: Card, others: Iterable[ImageSet] = (), load: Load | None = None
) -> ImageSet | None:
    """Usual images that the model was not trained on, to say what rate a threshold has.

    others: images that must not be among them: first those that are judged, then the references.
    load: gives a split of a data set; core.data.catalogue.load if None.
    In this order: the calibration part of the set the model was trained on, if it was kept from
    training; images of a set that ships which are in no split; the test part. None if there are
    none, or if it is not known what the model was trained on. Nothing is downloaded.
    Where all held-out images are judged, as those of MNIST are with its whole test part, they
    calibrate nevertheless: the ranks of images among each other are as even as those of new ones,
    and each is compared with itself, too, which makes it a little safer. Other digits, of other
    writers, would promise less: 2.2 % were flagged at 1 %.
    """
    name = trained_on.known(card)
    if name is None:
        return None
    load = load or catalogue.load
    of_each = [{duplicates.digest(x) for x in one.images} for one in others]
    taken, references = set().union(*of_each), set().union(*of_each[1:])
    best: ImageSet | None = None
    for part in (_calibration_part, _held_out_part, _test_part):
        images = part(card, name, load)
        if images is None or images.shape != card.input_shape:
            continue
        whole, images = images, _without_digests(images, taken)
        if part is _held_out_part and len(images) < ENOUGH:
            fresh = _without_digests(whole, references)
            if len(fresh) >= ENOUGH:
                return replace(fresh, split=HELD_OUT_AND_JUDGED)
        if len(images) > (len(best) if best else 0):
            best = images
        if len(images) >= ENOUGH:
            break
    return best


def judged_split(card: Card, dataset: str, split: str) -> str:
    """The split to be judged where this one is asked for: the test part of an own set, with all
    images of the classes that the model was trained without.

    Such images were neither trained on nor calibrate, whichever part they are in.
    """
    if split != "test" or not dataset.startswith(store.PREFIX) or trained_on.known(card) != dataset:
        return split
    known = store.find(dataset.removeprefix(store.PREFIX)).class_names
    return store.and_all_of(split, [name for name in card.excluded_classes if name in known])


def unseen_images(card: Card, judged: ImageSet, load: Load | None = None) -> ImageSet | None:
    """Images that are true outliers to a model, none of them judged: those of the classes that it
    was trained without; of a set that draws its own defects, more of these.

    None if there are no such images, if it is not known what the model was trained on, or if that
    is an own set, of which all these images are judged.
    """
    known = trained_on.known(card)
    if known is not None and (drawn := defective(known)) is not None:
        return _without(drawn, judged) if drawn.shape == card.input_shape else None
    if known is None or not card.excluded_classes:
        return None
    name = available_id(card, judged)
    if name.startswith(store.PREFIX):
        return None
    images = (load or catalogue.load)(name, "train")
    if images.labels is None:
        return None
    left_out = [i for i, c in enumerate(images.class_names) if c in card.excluded_classes]
    found = images.take(np.isin(images.labels, left_out))
    return _without(found, judged) if len(found) else None


def no_images(card: Card) -> ImageSet:
    """A set without images, of the shape that a model takes: nothing is judged."""
    return ImageSet(
        id=card.dataset,
        split="",
        images=np.empty((0, *card.input_shape), np.uint8),
        labels=None,
        class_names=(),
        ids=np.empty(0, np.str_),
    )


def name_of(images: ImageSet) -> str:
    """What calibration images are, in words: "2,000 held-out images of mnist"."""
    if images.split == HELD_OUT_AND_JUDGED:
        return f"{len(images):,} held-out images of {images.id}, which are judged by each other"
    kind = {"held out": "held-out"}.get(images.split, images.split)
    return f"{len(images):,} {kind} images of {images.id}"


def why_no_calibration(card: Card) -> str:
    """A sentence that says why no rate can be promised."""
    if trained_on.known(card) is None:
        return (
            "No rate of false alarms is promised: what this model was trained on is not known "
            "here, and so no usual images that it has not seen."
        )
    return (
        "No rate of false alarms is promised: every usual image of "
        f"{trained_on.known(card)} that is here was trained on or is judged. Judge another part, "
        "or make the data set anew, with a calibration part."
    )


def _calibration_part(card: Card, name: str, load: Load) -> ImageSet | None:
    """None if the set has none, or if the model was trained when it was still training images."""
    try:
        images = usual_images(card, name, "calibration", load)
        n_trainable = len(usual_images(card, name, "train", load))
    except HourglassError:
        return None
    if card.document.training.n_images > n_trainable:
        return None
    seen = trained_on.seen_images(card, images, load)
    return images if seen is not None and not seen.any() else None


def _held_out_part(card: Card, name: str, _load: Load) -> ImageSet | None:
    images = held_out(name)
    return None if images is None else planting.usual(images, card.excluded_classes)


def _test_part(card: Card, name: str, load: Load) -> ImageSet | None:
    """The test images; of MNIST those 1,000 digits of its train split that are kept for testing."""
    name = digits.ID if name == "mnist" else name
    try:
        return usual_images(card, name, "test", load)
    except HourglassError:
        return None


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
        f"download it with `{COMMAND} datasets fetch {name}`, or choose another model."
    )


def _without(images: ImageSet, judged: ImageSet) -> ImageSet:
    """The images that have not the same pixels as any of those judged."""
    return _without_digests(images, {duplicates.digest(x) for x in judged.images})


def _without_digests(images: ImageSet, known: set[bytes]) -> ImageSet:
    keep = np.fromiter(
        (duplicates.digest(x) not in known for x in images.images), bool, len(images)
    )
    return images if keep.all() else images.take(keep)
