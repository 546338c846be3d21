"""Which score to begin with: the one that finds outliers planted among usual images best.

The images are those that calibrate a threshold: neither trained on nor judged. Planted are spoiled
copies of them, pieces of one pasted into another, and images of classes that the model was trained
without. What is chosen is only where one begins; it says nothing about outliers of another kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from core.anomaly import rankings
from core.anomaly.judging import References, available
from core.anomaly.scores import BY_NAME
from core.data.named import planting
from core.data.named.planting import Experiment
from core.images.imagesets import ImageSet
from core.text import listed

SHIPPED = Path(__file__).with_name("chosen.json")  # of the models that come with the program
N_USUAL = 200  # images that are spoiled, each in every way
KINDS = ("covered", "pasted", "speckled", "blurred", "scrambled")
NEAR = 0.01  # AUROC by which a network must be better to be chosen
UNSEEN = "classes never seen"


@dataclass(frozen=True)
class ChosenScore:
    """How well each score finds each kind of planted outlier, and the one to begin with.

    auroc: score -> kind -> AUROC.  best: the score with the highest mean over the kinds; without a
    network where none with one is better by NEAR.  n: usual images; as many are planted of a kind.
    """

    auroc: Mapping[str, Mapping[str, float]]
    best: str
    n: int

    def mean(self, score: str) -> float:
        """The mean AUROC of a score over the kinds, see weighed()."""
        return weighed(self.auroc[score])

    def why(self) -> str:
        """A sentence that says why this score is the one to begin with."""
        with_network = not BY_NAME[self.best].baseline
        others = [name for name in self.auroc if BY_NAME[name].baseline == with_network]
        other = max(others, key=self.mean)
        rival = "the best without a network" if with_network else "the best with the network"
        return (
            f"{BY_NAME[self.best].title} finds outliers planted among {self.n:,} usual images "
            f"best: AUROC {self.mean(self.best):.3f} (mean over "
            f"{listed(list(self.auroc[self.best]), len(KINDS) + 1)}); {rival}, "
            f"{BY_NAME[other].title}: {self.mean(other):.3f}."
        )


def shipped(sha256: str) -> ChosenScore | None:
    """The choice for a model that comes with the program; None for another model.

    `python -m benchmarks.choosing --write` makes them anew.
    """
    return _shipped().get(sha256)


@cache
def _shipped() -> dict[str, ChosenScore]:
    try:
        return msgspec.json.decode(SHIPPED.read_bytes(), type=dict[str, ChosenScore])
    except (OSError, msgspec.MsgspecError):
        return {}


def choice(known: References, unseen: ImageSet | None = None, seed: int = 0) -> ChosenScore | None:
    """The score to begin with; None without calibration images.

    unseen: images of classes that the model was trained without, if there are any; they count as
    much as all other kinds together.  The same seed plants the same outliers.
    """
    if known.calibrating is None:
        return None
    rng = np.random.default_rng(seed)
    images = known.calibrating.images
    usual = images.take(np.sort(rng.permutation(len(images))[:N_USUAL]))
    planted = [planting.by_corruption(usual, kind, 1.0, seed) for kind in KINDS]
    if unseen is not None and len(unseen):
        few = unseen.take(np.sort(rng.permutation(len(unseen))[:N_USUAL]))
        planted.append(planting.by_dataset(usual, few, 1.0, seed))
    names = (*KINDS, UNSEEN)[: len(planted)]
    by_name = [spec.name for spec in available(known.images.labels is not None)]
    auroc: dict[str, dict[str, float]] = {name: {} for name in by_name}
    for kind, one in zip(names, planted, strict=True):
        for name, value in _measured(known, one, by_name).items():
            auroc[name][kind] = value
    return ChosenScore(auroc, best_of(auroc), len(usual))


def best_of(auroc: Mapping[str, Mapping[str, float]]) -> str:
    """The name of the score to begin with: see ChosenScore.

    auroc: score -> kind -> AUROC, at least one score with a network and one without.
    """
    means = {name: weighed(kinds) for name, kinds in auroc.items()}
    plain = {name for name in means if BY_NAME[name].baseline}
    first = max(means.keys() - plain, key=means.__getitem__)
    other = max(plain, key=means.__getitem__)
    return first if means[first] > means[other] + NEAR else other


def weighed(kinds: Mapping[str, float]) -> float:
    """The mean over the kinds; classes never seen count as much as all others together."""
    spoiled = [value for kind, value in kinds.items() if kind != UNSEEN]
    mean = float(np.mean(spoiled))
    return (mean + kinds[UNSEEN]) / 2 if UNSEEN in kinds else mean


def _measured(known: References, one: Experiment, names: list[str]) -> dict[str, float]:
    judged = known.judge(one.images)
    truth: npt.NDArray[np.bool_] = one.is_outlier
    return {name: rankings.curves(judged.score(name), truth).auroc for name in names}
