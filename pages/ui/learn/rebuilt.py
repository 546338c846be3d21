"""Digits and shapes, and how badly a model rebuilds what it learnt and what it never saw. No st."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core import metrics
from core.anomaly import rankings
from core.checkpoints import Card
from core.data.named import planting
from core.images.imagesets import ImageSet
from pages.ui import cache
from pages.ui.learn import parts

MODEL = "mnist-conv-32-no-5-9"
SHAPE = "a shape"
SHARE_OF_SHAPES = 0.1  # of the digits


@dataclass(frozen=True)
class Errors:
    """Digits and, after them, shapes brought to their size, and how badly each is rebuilt.

    kinds: (n,) "5", ..., or SHAPE.  known: (n,) of a class that the model learnt.
    """

    images: ImageSet
    mse: metrics.Scores
    kinds: npt.NDArray[np.str_]
    known: npt.NDArray[np.bool_]

    def auroc(self, strange: npt.NDArray[np.bool_]) -> float:
        """The chance that one of the strange has a larger error than a known one."""
        these = self.known | strange
        return rankings.curves(self.mse[these], strange[these]).auroc

    def percentile(self, i: int) -> float:
        """The share of the known images, in %, with a smaller error than image i."""
        return 100 * float((self.mse[self.known] < self.mse[i]).mean())

    def called(self, i: int) -> str:
        """What image i is, in a sentence: "a 7", "an 8", "a shape"."""
        kind = str(self.kinds[i])
        return kind if kind == SHAPE else f"{'an' if kind == '8' else 'a'} {kind}"

    def of(self, classes: Collection[str]) -> npt.NDArray[np.bool_]:
        """(n,): which images are of these kinds."""
        return np.isin(self.kinds, list(classes))


def rebuilding_errors(card: Card) -> Errors:
    """All test digits and some shapes, as the model rebuilds them."""
    mse = parts.errors(card, "shapes", SHARE_OF_SHAPES)

    def make() -> Errors:
        digits = parts.digits()
        planted = planting.by_dataset(digits, cache.dataset("shapes", "test"), SHARE_OF_SHAPES)
        images = planted.images
        n = len(digits)
        labels = [digits.label_name(i) for i in range(n)] + [SHAPE] * (len(images) - n)
        kinds = np.array(labels)
        return Errors(images, mse, kinds, ~np.isin(kinds, [SHAPE, *card.excluded_classes]))

    made: Errors = parts.kept_for((card,), "errors", make)
    return made
