"""Sets on which promises are tried: a model, its training images, usual images it never saw, and
outliers.

Six need no download: the shipped digits, digits without 5 and 9, the shipped shapes, and three that
are drawn here (clouds of colour, a weave with cracks and stains, one digit among the others).
MNIST and Fashion-MNIST join where they are, archives of photographs and surfaces where they are
given.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.checkpoints import Card, Checkpoint
from core.config import DataError, HourglassError
from core.data import catalogue
from core.data.named import planting, publicsets
from core.data.named.held_out import held_out
from core.data.own.folder import Choice, load_path
from core.images.imagesets import ImageSet, numbered_ids
from core.inference import Autoencoder
from core.models import architecture, pca
from tests.core.models_for_tests import tiny_document

SIDE, PCA_WIDTH = 64, 32  # of archives; numbers in the code of PCA
MOST = 2_000  # images of a kind


@dataclass(frozen=True)
class Trial:
    """What is tried.

    train: what the model knows.  usual: images that it never saw; for each seed some calibrate and
    the others are judged.  outliers: judged with them; masks where their defects are marked.
    """

    model: Autoencoder
    train: ImageSet
    usual: ImageSet
    outliers: ImageSet


def trials(
    data_root: Path | None, photographs: Path | None, surfaces: Path | None
) -> Iterator[tuple[str, Trial | str]]:
    """The sets by name: a trial, or why there is none."""
    makers: dict[str, Callable[[], Trial]] = {
        "digits": digits,
        "digits without 5, 9": digits_without,
        "shapes": shapes,
        "clouds": clouds,
        "weave": weave,
        "digit 3 alone": lambda: one_digit(3),
        "MNIST without 5, 9": lambda: mnist_without(data_root),
        "Fashion-MNIST, shirts": lambda: fashion(data_root),
        "photographs": lambda: of_archive(_given(photographs, "--photographs")),
        "surfaces": lambda: of_archive(_given(surfaces, "--surfaces"), "good"),
    }
    for name, make in makers.items():
        try:
            yield name, make()
        except HourglassError as error:
            yield name, str(error)


def digits() -> Trial:
    """The shipped network of all digits; outliers are pieces of shapes and spoiled digits."""
    images = _held_out("mnist-5k")
    spoiled = [
        planting.by_corruption(images.take(slice(i, None, 8)), kind, 1.0, 0)
        for i, kind in enumerate(("pasted", "cracked", "stained", "covered"))
    ]
    outliers = joined([one.images.take(one.is_outlier) for one in spoiled])
    train = catalogue.load("mnist-5k", "train")
    return Trial(Autoencoder.load("mnist-dense-32"), train, images, outliers)


def digits_without() -> Trial:
    """The shipped network without 5 and 9, which are the outliers."""
    model = Autoencoder.load("mnist-conv-32-no-5-9")
    return _without(model, _held_out("mnist-5k"), catalogue.load("mnist-5k", "train"))


def mnist_without(data_root: Path | None) -> Trial:
    """The same on all 10,000 official test digits, which include the held-out ones."""
    model = Autoencoder.load("mnist-conv-32-no-5-9")
    train = catalogue.training_images("mnist", model.card.excluded_classes, data_root)
    return _without(model, catalogue.load("mnist", "test", data_root), train)


def _without(model: Autoencoder, images: ImageSet, train: ImageSet) -> Trial:
    names = model.card.excluded_classes
    strange = np.isin(np.asarray(images.labels), [images.class_names.index(one) for one in names])
    return Trial(model, train.without_classes(names), images.take(~strange), images.take(strange))


def shapes() -> Trial:
    """The shipped network; the planted defects are the outliers."""
    images = catalogue.load("shapes", "test")
    marked = planting.by_defects(images)
    assert marked is not None
    train = catalogue.load("shapes", "train").take(slice(0, 1_000))
    defects = images.take(marked.is_outlier)
    return Trial(Autoencoder.load("shapes-conv"), train, _held_out("shapes"), defects)


def one_digit(digit: int, data_root: Path | None = None) -> Trial:
    """PCA of one digit; all other digits are the outliers."""
    train, images = catalogue.load("mnist-5k", "train", data_root), _held_out("mnist-5k")
    own, other = (np.asarray(one.labels) == digit for one in (train, images))
    known = replace(train.take(own), labels=None, class_names=())
    return Trial(linear(known), known, images.take(other), images.take(~other))


def clouds() -> Trial:
    """Drawn: smooth colours; outliers are clouds of another roughness."""
    every = drawn("clouds", _cloudy(2_400, 3.0, 0))
    rough = drawn("rough clouds", _cloudy(300, 2.2, 1))
    train = every.take(slice(0, 800))
    return Trial(linear(train), train, every.take(slice(800, None)), rough)


def _cloudy(n: int, slope: float, seed: int) -> np.ndarray:
    """Colour pictures whose spectrum falls with frequency ** -slope / 2: (n, 3, 32, 32)."""
    rng = np.random.default_rng(seed)
    down, across = np.fft.fftfreq(32)[:, None], np.fft.rfftfreq(32)[None]
    weight = np.maximum(np.hypot(down, across), 1 / 32) ** -slope
    waves = np.fft.rfft2(rng.standard_normal((n, 3, 32, 32))) * weight
    pictures = np.fft.irfft2(waves)
    pictures /= pictures.std(axis=(1, 2, 3), keepdims=True)
    return np.clip(128 + 40 * pictures, 0, 255).astype(np.uint8)


def weave() -> Trial:
    """Drawn: a woven surface under changing light; outliers have a crack or a stain, with masks."""
    every = drawn("weave", woven(1_600, 0))
    train, usual = every.take(slice(0, 600)), every.take(slice(600, 1_400))
    rest = every.take(slice(1_400, None))
    spoiled = []
    for i, kind in enumerate(("cracked", "stained")):
        half = rest.take(slice(i, None, 2))
        made = planting.by_corruption(half, kind, 1.0, i)
        ruined = made.images.take(made.is_outlier)
        changed = np.abs(ruined.images.astype(int) - half.images).max(axis=1) > 10
        spoiled.append(replace(ruined, masks=changed))
    return Trial(linear(train), train, usual, joined(spoiled))


def woven(n: int, seed: int) -> np.ndarray:
    """Grey pictures of threads that cross: (n, 1, 64, 64)."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:64, :64]
    phases = rng.uniform(0, 2 * np.pi, (2, n, 1, 1))
    pitch = rng.uniform(0.75, 0.85, (n, 1, 1))
    threads = np.sin(rows * pitch + phases[0]) * np.sin(columns * pitch + phases[1])
    light = rng.uniform(90, 150, (n, 1, 1)) + rng.uniform(-0.5, 0.5, (n, 1, 1)) * columns
    grain = rng.normal(0, 8, (n, 64, 64))
    return np.clip(light + 25 * threads + grain, 0, 255).astype(np.uint8)[:, None]


def fashion(data_root: Path | None) -> Trial:
    """PCA of one class of Fashion-MNIST; all other classes are the outliers."""
    if "fashion-mnist" not in publicsets.BY_ID:
        raise DataError("Fashion-MNIST is not known here.")
    train, images = (catalogue.load("fashion-mnist", part, data_root) for part in ("train", "test"))
    rng = np.random.default_rng(0)
    own, other = (np.asarray(one.labels) == 0 for one in (train, images))
    rows = rng.permutation(np.flatnonzero(own))
    known = replace(train.take(np.sort(rows[:MOST])), labels=None, class_names=())
    usual = train.take(np.sort(rows[MOST : 2 * MOST]))
    return Trial(linear(known), known, usual, images.take(np.flatnonzero(~other)[:MOST]))


def of_archive(path: Path, usual: str = "") -> Trial:
    """Images of an archive, with PCA fitted on half of the usual ones.

    usual: the folders whose images are usual; "" for all classes but the last two.  Folders called
    ground_truth hold masks and are left out.
    """
    images = load_path(f"zip:{path}", Choice("all", (SIDE, SIDE)))
    labels, names = np.asarray(images.labels), [one.split("/") for one in images.class_names]
    shown = [i for i, name in enumerate(names) if "ground_truth" not in name]
    wanted = [i for i in shown if usual in names[i]] if usual else shown[:-2]
    rng = np.random.default_rng(0)
    rows = rng.permutation(np.flatnonzero(np.isin(labels, wanted)))[: 2 * MOST]
    strange = np.isin(labels, list(set(shown) - set(wanted)))
    others = np.sort(rng.permutation(np.flatnonzero(strange))[:MOST])
    half = len(rows) // 2
    train, rest = images.take(np.sort(rows[:half])), images.take(np.sort(rows[half:]))
    return Trial(linear(train), train, rest, images.take(others))


def linear(train: ImageSet) -> Autoencoder:
    """PCA of the training images as a model."""
    width = min(PCA_WIDTH, len(train) - 1)
    tensors, _ = pca.fit(train.pixels().reshape(len(train), -1), width)
    options = architecture("pca").check({"latent_dim": width})
    document = tiny_document("pca", train.shape, options=options, dataset=train.id)
    plan = architecture("pca").plan(train.shape, options)
    return Autoencoder(Checkpoint(Card("pca", Path(), False, document, plan), tensors))


def drawn(name: str, pixels: np.ndarray) -> ImageSet:
    """Drawn pixels (n, C, H, W) as a set without classes."""
    ids = numbered_ids(name, range(len(pixels)))
    return ImageSet(id=name, split="train", images=pixels, labels=None, class_names=(), ids=ids)


def joined(sets: list[ImageSet]) -> ImageSet:
    """Images of several sets as one without classes; with masks if all have some."""
    masks = [one.masks for one in sets if one.masks is not None]
    return ImageSet(
        id=sets[0].id,
        split="judged",
        images=np.concatenate([one.images for one in sets]),
        labels=None,
        class_names=(),
        ids=numbered_ids("judged", range(sum(map(len, sets)))),
        masks=np.concatenate(masks) if len(masks) == len(sets) else None,
    )


def _held_out(name: str) -> ImageSet:
    images = held_out(name)
    assert images is not None
    return images


def _given(path: Path | None, option: str) -> Path:
    if path is None:
        raise DataError(f"no archive was given with {option}")
    return path
