"""Cross-fitting: all images of a set are judged, each by what was fitted to other images only.

The images are dealt into folds; what judges a fold is fitted to the other folds. Equal and almost
equal images, or others of one group, are dealt into the same fold, so that no copy of a judged
image is among those it is compared with.

What is promised: which fold an image falls into does not depend on its pixels, so that the scores
of the usual images can be exchanged with each other, and the share of the usual images whose rank
among all scores is in the highest r is at most r, whatever else is in the set (outliers among them
only lower it). For a new image, which all fits could have seen as little, the p-value of
cross-conformal prediction holds up to a factor of two; measured, it holds as it stands.
Sources: Vovk 2015, cross-conformal predictors; Barber, Candes, Ramdas and Tibshirani 2021, CV+.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.anomaly.calibration import Calibration, percent
from core.anomaly.judging import References, available
from core.anomaly.thresholds import MAD_TO_STD
from core.checkpoints import Card
from core.checkpoints.document import label
from core.config import DataError, OptionError
from core.data.named import planting
from core.images import digests, duplicates
from core.images.imagesets import ImageSet
from core.images.parts import Once, done
from core.inference import Autoencoder

Scores = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
ModelOf = Callable[[int], Autoencoder]  # of a fold
LEAST_NETWORKS, MOST_NETWORKS = 2, 5
N_TESTED = 200  # training images that a network is tested on
N_FOLDS, LEAST = 5, 20  # folds, and images that can be judged by each other
CLEAR = 6.0  # typical deviations above usual, beyond which an image does not say what is usual


def folds(groups: Index, n_folds: int = N_FOLDS, seed: int = 0) -> Index:
    """The fold of each image: (n,) 0 to n_folds - 1; images of one group share theirs.

    groups: (n,).  The largest groups are dealt first, each to the smallest fold; else by lot.
    Raises DataError if there are too few images or groups.
    """
    _, of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(groups) < LEAST or len(sizes) < n_folds:
        raise DataError(
            f"Judging images by each other needs at least {LEAST} images that are not almost equal "
            f"to each other: there are {len(sizes)}. Add more."
        )
    lots = np.random.default_rng(seed).permutation(len(sizes))
    fold_of, filled = np.empty(len(sizes), np.int64), np.zeros(n_folds, np.int64)
    for group in lots[np.argsort(-sizes[lots], kind="stable")].tolist():
        fold_of[group] = filled.argmin()
        filled[fold_of[group]] += sizes[group]
    return fold_of[of]


def groups_of(images: ImageSet) -> Index:
    """Equal and almost equal images share a number: (n,)."""
    small = np.stack([duplicates.thumbnail(x) for x in images.images])
    alike = duplicates.near(small, duplicates.limit_for(small))
    equal = duplicates.equal([one.tobytes() for one in digests.of(images.images)])
    return np.asarray(alike[equal])


def each_fold(of: Index) -> Iterator[tuple[int, Index, Index]]:
    """Yield each fold: its number, the positions of the others and those of its own images."""
    for fold in np.unique(of).tolist():
        yield fold, np.flatnonzero(of != fold), np.flatnonzero(of == fold)


def judged_by_others(
    model_of: ModelOf, images: ImageSet, names: Sequence[str], of: Index
) -> "CrossFitted":
    """Scores of images, each by what was fitted to the other folds.

    model_of: the model that judges a fold, which saw no image of it; of scores without a network
    it only says how many numbers PCA has.  names: of core.anomaly.scores.SCORES.  of: (n,) folds.
    Raises DataError if the folds are too small to compare with.
    """
    found, n_done = {name: np.empty(len(images)) for name in names}, 0
    seconds = dict.fromkeys(names, 0.0)
    for fold, others, own in each_fold(of):
        known = References(model_of(fold), images.take(others), kept=False)
        judged = known.judge(images.take(own))
        for name, values in found.items():
            values[own] = judged.score(name)
            seconds[name] += judged.seconds(name)
        n_done += len(own)
        done("Judging each image by the others", n_done, len(images))
    return CrossFitted(found, seconds)


@dataclass(frozen=True)
class CrossFitted:
    """Scores by name, (n,) each, and the seconds that each took, without the fits."""

    scores: Mapping[str, Scores]
    seconds: Mapping[str, float]


def trained(card: Card, images: ImageSet, others: Index) -> Autoencoder:
    """A network with the architecture and the settings of a model, trained on some of the images.

    others: (m,) positions.  Its weights are kept nowhere.  Raises what training does.
    """
    from core.training.config import TrainConfig
    from core.training.events import EpochDone, Finished
    from core.training.trainer import train

    known = planting.usual(images.take(others), card.excluded_classes)
    settings = card.document.training.settings()
    config = TrainConfig(
        dataset=label(images.id),
        arch=card.architecture.name,
        options=card.options,
        noise=card.noise,
        **settings,
    )
    tested = known.take(slice(0, N_TESTED))
    for event in train(config, known, tested):
        if isinstance(event, EpochDone):
            done("Training a network without these images", event.record.epoch, config.epochs)
        if isinstance(event, Finished):
            return Autoencoder(event.checkpoint)
    raise AssertionError("a training ends with Finished")


def seconds_to_train(card: Card, n: int, n_networks: int) -> float:
    """About how long so many networks take, each trained on all but its part of n images, by how
    long the model itself took, wherever that was.
    """
    training = card.document.training
    share = n * (n_networks - 1) / n_networks / max(1, training.n_images)
    return n_networks * training.seconds * share


class JudgedByOthers:
    """All images of a set and their scores, each image's by what was fitted to others.

    n_networks: 2 to MOST_NETWORKS: as many networks are trained when a score is first asked for,
    each without the fold it judges; 0: only scores without a network.
    Raises DataError if there are too few images, OptionError for another number of networks.
    """

    def __init__(self, autoencoder: Autoencoder, images: ImageSet, n_networks: int = 0) -> None:
        if n_networks and not LEAST_NETWORKS <= n_networks <= MOST_NETWORKS:
            raise OptionError(f"Train {LEAST_NETWORKS} to {MOST_NETWORKS} networks, or none.")
        self.autoencoder, self.images, self.n_networks = autoencoder, images, n_networks
        self.of = folds(groups_of(images), n_networks or N_FOLDS)
        self._once = Once()

    @property
    def names(self) -> tuple[str, ...]:
        """The scores that there are."""
        every = available(self.images.labels is not None, self.autoencoder.is_locator)
        return tuple(spec.name for spec in every if self.n_networks or spec.baseline)

    @property
    def usual_images(self) -> ImageSet:
        return self.images

    def score(self, name: str) -> Scores:
        """(n,); higher = more anomalous."""
        return self._made.scores[name]

    def seconds(self, name: str) -> float:
        """How long a score took, without the fits."""
        return self._made.seconds[name]

    def calibration(self, name: str) -> Calibration:
        """What rates a threshold has: of all images, so that outliers only make it safer."""
        return calibration(self.score(name), np.zeros(len(self.images), np.bool_), "images")

    def how(self, rate: float) -> str:
        """A sentence on what was compared with what, and what is promised."""
        return (
            f"each image compared with what was fitted to others only, in {self.of.max() + 1} "
            f"folds; {self._of_networks()}; at most {percent(rate)} of usual images promised"
        )

    def _of_networks(self) -> str:
        if self.n_networks:
            return f"{self.n_networks} networks were trained, each without the images it judges"
        return "scores of the network are left out, since it has seen some of the images"

    def _model(self, fold: int) -> Autoencoder:
        if not self.n_networks:
            return self.autoencoder
        return trained(self.autoencoder.card, self.images, np.flatnonzero(self.of != fold))

    @property
    def _made(self) -> CrossFitted:
        """All scores: a fold has its network once."""
        return self._once.get(
            "all", lambda: judged_by_others(self._model, self.images, self.names, self.of)
        )


def typical_deviations(scores: Scores, among: Scores | None = None) -> Scores:
    """How many typical deviations scores lie above the median of those `among` (scores if None).

    The deviation is 1.4826 MAD, of logarithms, as scores are distances: (n,) > 0 -> (n,).
    """
    usual = np.log(np.maximum(scores if among is None else among, 1e-12))
    median = np.median(usual)
    deviation = MAD_TO_STD * np.median(np.abs(usual - median))
    values = np.log(np.maximum(scores, 1e-12)) - median
    return np.asarray(values / max(float(deviation), 1e-6))


def is_clear(deviations: Scores) -> Flags:
    """Which images are so strange that they say nothing about what is usual: (n,)."""
    return np.asarray(deviations > CLEAR)


def calibration(scores: Scores, aside: Flags, what: str) -> Calibration:
    """What rates a threshold on cross-fitted scores has.

    aside: (n,) images that are not counted, see is_clear(); not all.  what: the images in words.
    An image that is counted is compared with itself, too, which makes it a little safer.
    """
    n_out = int(aside.sum())
    left = f", without {n_out:,} that {'is' if n_out == 1 else 'are'} plainly odd" if n_out else ""
    name = f"{len(scores) - n_out:,} {what}, each judged by the others{left}"
    return Calibration.of(scores[~aside], name)


def p_values(scores: Scores) -> Scores:
    """The cross-conformal p-value of each image among all: (n,), 1 / n to 1.

    The share of the images, itself among them, that score at least as high.
    """
    rising = np.sort(scores)
    at_least = len(scores) - np.searchsorted(rising, scores, side="left")
    return np.asarray(at_least / len(scores), np.float64)
