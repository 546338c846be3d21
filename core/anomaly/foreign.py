"""Whether images are of the kind that a model was trained on: a digit model knows no photographs.

An outlier is an unusual image of the kind; of another kind an error says nothing. The kind is told
by what pictures look like as a whole (levels, edges, spectrum, layout, colours), not by the model.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.anomaly import references
from core.checkpoints import Card, trained_on
from core.config import DataError
from core.data import catalogue
from core.images.imagesets import ImageSet
from core.neighbours import Array

Scores = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.uint8]
Load = Callable[[str, str], ImageSet]
SIDE = 64  # pixels; larger images are looked at in means of several pixels
SAMPLE, SAMPLE_VALUES = 2_000, 24_000_000  # images, and numbers in all, that a kind is told by
LEAST = 40  # images; fewer show no kind
USUAL_SHARE = 0.995  # of usual images' distances, which the limit is a multiple of:
MARGIN, MARGIN_OF_FEW = 1.25, 2.5  # at least MARGIN, and MARGIN_OF_FEW / sqrt(n) more
N_CHANGED, CHANGED_SHARE = 400, 0.95  # images that are changed to see how far that takes them
MOST_TURNED, MOST_SHIFTED = 20, 0.1  # degrees, and of the side
EDGE_SHARE, MOSTLY, LEAST_OF_A_SET = 0.95, 2 / 3, 20  # see Census.is_apart
LEAST_SPREAD = 2e-3  # of a feature
SHRINKAGE = 0.05  # at least, of the covariance towards independence
BANDS = (0.0, 0.04, 0.08, 0.16, 0.28, 0.4, 0.8)  # of frequencies, in cycles a pixel
BLOCKS = 4  # a side, of the picture's layout
PART = 512  # images that are looked at at a time
LOOKED_AT = 128  # images of each block that a Census is given
APART = 0.5  # share of foreign images above which model and images do not belong together


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownKind:
    """What the images that a model was trained on look like.

    centre, spread: (f,) of features().  precision: (f, f) of features in these units.
    limit: the distance beyond which an image is of another kind.  edge: beyond it, in these units,
    lie at most 5 % of usual images, somewhat changed.  name: the images, in words.
    """

    centre: Scores
    spread: Scores
    precision: Scores
    limit: float
    name: str
    edge: float = 1.0

    def distances(self, images: Pixels) -> Scores:
        """How far images (n, C, H, W) are from the kind: (n,), above 1 = of another kind."""
        parts = (images[i : i + PART] for i in range(0, len(images), PART))
        found = [_distances(features(part), self) for part in parts]
        return np.concatenate([np.empty(0), *found]) / self.limit

    def foreign(self, images: Pixels) -> Flags:
        """Which of the images (n, C, H, W) are of another kind: (n,)."""
        return np.asarray(self.distances(images) > 1)


def known_kind(
    card: Card, load: Load | None = None, data_root: Path | None = None
) -> KnownKind | None:
    """The kind of the images that a model was trained on.

    load: gives a split of a data set; core.data.catalogue.load if None.  data_root: the folder that
    it looks for them in.  None if it is not known here what it was trained on, or if that is too
    little to tell.
    """
    name = trained_on.known(card)
    if name is None:
        return None
    load = load or catalogue.load
    try:
        available = references.available_id(card, _nothing(card), data_root)
        usual = references.usual_images(card, available, "train", load)
    except DataError:
        return None
    if usual.shape != card.input_shape:
        return None
    return fitted(usual, references.calibration_images(card, (), load))


def fitted(usual: ImageSet, calibration: ImageSet | None = None) -> KnownKind | None:
    """The kind of some images; None if they are fewer than LEAST.

    calibration: others of the kind; of few or none, a quarter of the images is used instead.
    """
    first = _sampled(usual)
    if calibration is None or len(calibration) < LEAST:
        first, others = first[len(first) // 4 :], first[: len(first) // 4]
        calibration = usual.take(np.sort(others))
    if len(first) < LEAST:
        return None
    rows = features(usual.images[np.sort(first)])
    centre, spread = rows.mean(axis=0), rows.std(axis=0) + LEAST_SPREAD
    normal = (rows - centre) / spread
    n, f = rows.shape
    shrinkage = max(SHRINKAGE, min(1.0, f / n))
    covariance = (1 - shrinkage) * np.cov(normal.T) + shrinkage * np.eye(f)
    kind = KnownKind(
        centre=centre,
        spread=spread,
        precision=np.linalg.inv(covariance),
        limit=1.0,
        name=f"the images of {usual.id}",
    )
    held = calibration.images[np.sort(_sampled(calibration))]
    return _limited(kind, held)


def _limited(kind: KnownKind, held: Pixels) -> KnownKind:
    """The kind with a limit that its images keep to, also where they are changed twice as much as
    _changed() does: thicker, thinner, moved and turned they are of the kind, however narrow it is.
    """
    distances = kind.distances(held)
    usual = float(np.quantile(distances, USUAL_SHARE)) or 1.0
    changed = [kind.distances(one) for one in _changed(held[:: -(-len(held) // N_CHANGED)])]
    ratio = max(float(np.quantile(one, CHANGED_SHARE)) for one in changed) / usual
    limit = usual * max(MARGIN + MARGIN_OF_FEW / len(held) ** 0.5, ratio**2)
    edge = float(np.quantile(distances, EDGE_SHARE)) * max(1.0, ratio)
    return replace(kind, limit=limit, edge=edge / limit)


def _changed(images: Pixels) -> Iterator[Pixels]:
    """Images (n, C, H, W) with bright parts thicker, thinner; moved; turned."""
    from scipy import ndimage  # a fifth of a second that not every import needs

    yield ndimage.grey_dilation(images, (1, 1, 3, 3))
    yield ndimage.grey_erosion(images, (1, 1, 2, 2))
    rng, side = np.random.default_rng(0), min(images.shape[2:])
    far = max(1, round(MOST_SHIFTED * side))
    moves = rng.integers(-far, far + 1, (len(images), 2))
    yield np.stack(
        [
            ndimage.shift(x, (0, *move), order=0, mode="nearest")
            for x, move in zip(images, moves.tolist(), strict=True)
        ]
    )
    turns = rng.uniform(-MOST_TURNED, MOST_TURNED, len(images))
    yield np.stack(
        [
            ndimage.rotate(x, turn, (1, 2), reshape=False, order=1, mode="nearest")
            for x, turn in zip(images, turns.tolist(), strict=True)
        ]
    )


def features(images: Pixels) -> Scores:
    """What pictures look like as a whole: (n, C, H, W) of 0 to 255 -> (n, f)."""
    x = _reduced(images)
    grey = x.mean(axis=1)
    found = [*_levels(grey), *_edges(grey), *_spectrum(grey), *_layout(grey)]
    if x.shape[1] == 3:
        found += _colours(x)
    return np.stack(found, axis=1).astype(np.float64)


def _reduced(images: Pixels) -> Array:
    """(n, C, h, w) in [0, 1], at most about SIDE pixels a side."""
    n, c, h, w = images.shape
    k = max(1, min(h, w) // SIDE)
    x = np.divide(images[:, :, : h // k * k, : w // k * k], np.float32(255), dtype=np.float32)
    return np.asarray(x.reshape(n, c, h // k, k, w // k, k).mean(axis=(3, 5)), np.float32)


def _levels(grey: Array) -> list[Array]:
    flat = grey.reshape(len(grey), -1)
    quantiles = np.quantile(flat, (0.05, 0.25, 0.5, 0.75, 0.95), axis=1)
    ends = [(flat <= 8 / 255).mean(axis=1), (flat >= 247 / 255).mean(axis=1)]
    return [flat.mean(axis=1), flat.std(axis=1), *quantiles, *ends]


def _edges(grey: Array) -> list[Array]:
    """How much neighbours differ, along and across, and how many of them hardly or much."""
    dx, dy = np.diff(grey, axis=2), np.diff(grey, axis=1)
    bent = np.diff(dx[:, 1:-1], axis=2) + np.diff(dy[:, :, 1:-1], axis=1)
    variance = grey.var(axis=(1, 2)) + 1e-4
    sizes = [np.log(np.abs(one).mean(axis=(1, 2)) + 1e-3) for one in (dx, dy, bent)]
    relative = [np.square(one).mean(axis=(1, 2)) / variance / 2 for one in (dx, dy)]
    shares = [(np.abs(dx) < 2 / 255).mean(axis=(1, 2)), (np.abs(dx) > 0.3).mean(axis=(1, 2))]
    return [*sizes, *relative, *shares]


def _spectrum(grey: Array) -> list[Array]:
    """The logarithm of the share of the variance in each band of frequencies."""
    height, width = grey.shape[1:]
    power = np.square(np.abs(np.fft.rfft2(grey - grey.mean(axis=(1, 2), keepdims=True))))
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    whole = power.sum(axis=(1, 2)) + 1e-3
    bands = [(radius > low) & (radius <= high) for low, high in pairwise(BANDS)]
    return [np.log(power[:, band].sum(axis=1) / whole + 1e-4) for band in bands]


def _layout(grey: Array) -> list[Array]:
    """Mean and spread of the parts of the picture."""
    rows = np.array_split(grey, BLOCKS, axis=1)
    parts = [part for row in rows for part in np.array_split(row, BLOCKS, axis=2)]
    means = [part.mean(axis=(1, 2)) for part in parts]
    return [*means, *(part.std(axis=(1, 2)) for part in parts)]


def _colours(x: Array) -> list[Array]:
    red_green, blue = x[:, 0] - x[:, 1], x[:, 2] - (x[:, 0] + x[:, 1]) / 2
    saturation = x.max(axis=1) - x.min(axis=1)
    planes = (red_green, blue, saturation)
    means = [one.mean(axis=(1, 2)) for one in planes]
    spreads = [one.std(axis=(1, 2)) for one in planes]
    return [*means, *spreads, np.log(np.abs(np.diff(red_green, axis=2)).mean(axis=(1, 2)) + 1e-3)]


def _distances(rows: Scores, kind: KnownKind) -> Scores:
    normal = (rows - kind.centre) / kind.spread
    return np.asarray(np.sqrt(np.einsum("ij,jk,ik->i", normal, kind.precision, normal)))


def _sampled(images: ImageSet) -> npt.NDArray[np.int64]:
    """Positions of at most SAMPLE images, drawn at random and always the same."""
    size = min(SAMPLE, max(LEAST, SAMPLE_VALUES // images.images[0].size)) if len(images) else 0
    return np.random.default_rng(0).permutation(len(images))[:size]


def _nothing(card: Card) -> ImageSet:
    return ImageSet(
        id=card.dataset,
        split="",
        images=np.empty((0, *card.input_shape), np.uint8),
        labels=None,
        class_names=(),
        ids=np.empty(0, np.str_),
    )


@dataclass
class Census:
    """How many of many images are of another kind, told by some of them.

    kind: None = nobody can tell.  n: images looked at.  n_foreign: of these.  n_far: of these,
    those beyond the kind's edge.
    """

    kind: KnownKind | None
    n: int = 0
    n_foreign: int = 0
    n_far: int = 0

    @property
    def is_apart(self) -> bool:
        """Whether model and images do not belong together: most are foreign, or so many far that
        they are another kind together, though each for itself might be an unusual one.
        """
        many = self.n >= LEAST_OF_A_SET and self.n_far > MOSTLY * self.n
        return many or self.n_foreign > APART * self.n

    def look(self, images: Pixels) -> None:
        """Look at LOOKED_AT of these images (m, C, H, W), evenly spread."""
        some = images[:: max(1, -(-len(images) // LOOKED_AT))]
        if self.kind is not None and len(some):
            self.n += len(some)
            distances = self.kind.distances(some)
            self.n_foreign += int((distances > 1).sum())
            self.n_far += int((distances > self.kind.edge).sum())

    def sentence(self, model: str) -> str:
        """What to say of it; "" if there is nothing to be said."""
        if self.is_apart and self.n_foreign <= APART * self.n:
            return (
                f"{self.n_far:,} of {self.n:,} images are further from all that {model} was "
                "trained on than 95 % of such images: model and images do not seem to belong "
                "together. Choose another model, or train one on such images."
            )
        return sentence(self.n_foreign, self.n, model)

    def as_json(self) -> dict[str, int] | None:
        """The numbers, for programs; None if nobody can tell."""
        if self.kind is None:
            return None
        return {"n_looked_at": self.n, "n_foreign": self.n_foreign, "n_far": self.n_far}


# What is said of it.


def sentence(n_foreign: int, n: int, model: str) -> str:
    """What to say of n images, of which some are of another kind; "" if none is."""
    if not n_foreign:
        return ""
    if n_foreign > APART * n:
        which = "The image is" if n == 1 else f"{n_foreign:,} of {n:,} images are"
        return (
            f"{which} unlike all that {model} was trained on: model and images do not belong "
            "together, and scores say nothing. Choose another model, or train one on such images."
        )
    one = n_foreign == 1
    return (
        f"{n_foreign:,} of {n:,} images {'is' if one else 'are'} of another kind than those that "
        f"{model} was trained on: {'its score says' if one else 'their scores say'} nothing."
    )
