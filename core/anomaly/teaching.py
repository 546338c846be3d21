"""Verdicts that teach: what a person calls odd and usual re-ranks all other images.

At first the nearest verdicts count: an image like one that was called odd rises, one like a usual
image falls. Once there are ENOUGH verdicts of both kinds a small model (ridge regression on the
images' places and scores) joins them. All of it depends on the verdicts alone, not on their order,
so that what is undone leaves no trace.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from core.anomaly import rankings
from core.anomaly.thresholds import MAD_TO_STD
from core.text import counted

Array = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Verdicts = Mapping[int, bool]  # position -> whether it was called odd
MOST = 4.0  # typical deviations that a score counts
ENOUGH = 8  # verdicts of each kind, from which on the small model counts
LIKE, N_LIKE = 1.0, 5  # widths within which images are alike; nearest verdicts that are told
MOST_APART = 10.0  # widths beyond which no verdict is told
NEAR_WEIGHT, MODEL_WEIGHT = 3.0, 3.0  # typical deviations that the nearest, and the model, count
RIDGE = 10.0
N_FOLDS = 5
EVERY = 10  # one image in so many is there because its verdict would teach most
SAMPLE = 500  # images by which the usual distance to the nearest other is found


@dataclass(frozen=True)
class Lesson:
    """What the verdicts so far say of n images.

    scores: (n,), higher = more likely odd.  order: the images without a verdict, those to be looked
    at first in front.  teaching: (n,) those that are mixed in because their verdict would teach
    most.
    """

    scores: Scores
    order: Index
    teaching: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Evaluation:
    """How well verdicts foretell each other.

    taught, fixed: AUROC of verdicts by what the others of them taught, and by the fixed order.
    """

    n_odd: int
    n_usual: int
    taught: float
    fixed: float

    def words(self) -> str:
        """A sentence."""
        return (
            f"By cross-validation over {self.n_odd:,} odd and {self.n_usual:,} usual verdicts: "
            f"AUROC {self.taught:.2f} as taught, {self.fixed:.2f} in the fixed order."
        )


@dataclass
class Teacher:
    """n images that are ranked by verdicts.

    points: (n, d), places where near means alike, in units of the usual distance to the nearest
    other.  base: (n,) the fixed ranking, in typical deviations.  features: (n, k) for the model.
    """

    points: Array
    base: Scores
    features: Array
    _rows: dict[int, Array] = field(default_factory=dict)

    @classmethod
    def of(cls, points: npt.ArrayLike, scores: npt.ArrayLike) -> Self:
        """points: (n, d) such as codes.  scores: (n,), or (n, k) the first of which ranks; higher =
        stranger.
        """
        places = np.asarray(points, np.float32)
        table = np.asarray(scores, np.float64).reshape(len(places), -1)
        columns = np.column_stack([_deviations(one) for one in table.T])
        spread = places.std(axis=0) + 1e-9
        features = np.column_stack([(places - places.mean(axis=0)) / spread, columns])
        return cls(
            points=places / np.float32(_usual_gap(places)),
            base=columns[:, 0],
            features=np.column_stack([features, np.ones(len(places))]).astype(np.float32),
        )

    def __len__(self) -> int:
        return len(self.points)

    def lesson(self, verdicts: Verdicts) -> Lesson:
        """How the images are ranked after these verdicts."""
        scores = self.scores(verdicts)
        free = np.ones(len(self), np.bool_)
        free[list(verdicts)] = False
        order = np.flatnonzero(free)
        order = order[np.argsort(-scores[order], kind="stable")]
        return Lesson(scores, *self._mixed(order, verdicts))

    def scores(self, verdicts: Verdicts) -> Scores:
        """(n,), higher = more likely odd; the fixed ranking as long as there are no verdicts."""
        odd, usual = _kinds(verdicts)
        found = self.base.copy()
        if verdicts:
            found += NEAR_WEIGHT * self._near(odd, usual)
        if min(len(odd), len(usual)) >= ENOUGH:
            found += MODEL_WEIGHT * self._model(odd, usual)
        return found

    def why(self, i: int, verdicts: Verdicts) -> str:
        """What an image is like among those judged: "like 3 that you marked as odd"; "" if none."""
        near = [j for j in sorted(verdicts, key=lambda j: self._row(j)[i]) if j != i][:N_LIKE]
        least = max((2 * LIKE) ** 2, *(4 * self._row(j)[i] for j in near[:1]), 0.0)
        alike = [j for j in near if self._row(j)[i] <= min(least, MOST_APART**2)]
        odd = sum(verdicts[j] for j in alike)
        words = [
            f"like {counted(n, 'image')} that you called {kind}"
            for n, kind in ((odd, "odd"), (len(alike) - odd, "usual"))
            if n
        ]
        return ", ".join(words)

    def alike(self, i: int, most: int) -> list[int]:
        """Other images that are like one, the likest first: at most so many."""
        row = self._row(i)
        near = np.flatnonzero(row <= LIKE**2)
        order = near[np.argsort(row[near], kind="stable")]
        return [j for j in order.tolist() if j != i][:most]

    def evaluation(self, verdicts: Verdicts, seed: int = 0) -> Evaluation | None:
        """How well the verdicts foretell each other; None with fewer than ENOUGH of a kind."""
        odd, usual = _kinds(verdicts)
        if min(len(odd), len(usual)) < ENOUGH:
            return None
        at = np.array([*odd, *usual])
        rng = np.random.default_rng(seed)
        fold = np.concatenate([rng.permutation(len(one)) % N_FOLDS for one in (odd, usual)])
        taught = np.empty(len(at))
        for k in range(N_FOLDS):
            others = {int(i): verdicts[int(i)] for i in at[fold != k]}
            taught[fold == k] = self.scores(others)[at[fold == k]]
        truth = np.arange(len(at)) < len(odd)
        return Evaluation(
            n_odd=len(odd),
            n_usual=len(usual),
            taught=rankings.curves(taught, truth).auroc,
            fixed=rankings.curves(self.base[at], truth).auroc,
        )

    def _near(self, odd: list[int], usual: list[int]) -> Scores:
        """How much nearer the odd verdicts are than the usual ones: (n,), -1 to 1."""
        of_odd, of_usual = (self._kernel(one) for one in (odd, usual))
        return np.asarray((of_odd - of_usual) / (of_odd + of_usual + np.exp(-2.0)))

    def _kernel(self, at: list[int]) -> Scores:
        """The nearness of the nearest of some verdicts: (n,), 0 to 1."""
        if not at:
            return np.zeros(len(self))
        nearest = np.min([self._row(j) for j in at], axis=0)
        return np.asarray(np.exp(-nearest.astype(np.float64) / (2 * LIKE**2)))

    def _model(self, odd: list[int], usual: list[int]) -> Scores:
        """Ridge regression of the verdicts, both kinds of equal weight: (n,), about -1 to 1."""
        at = [*odd, *usual]
        x = self.features[at].astype(np.float64)
        y = np.repeat([1.0, -1.0], [len(odd), len(usual)])
        weight = np.repeat([1 / len(odd), 1 / len(usual)], [len(odd), len(usual)]) * len(at) / 2
        inner = x @ x.T + RIDGE * np.diag(1 / weight)  # few verdicts, so their products are small
        slope = x.T @ np.linalg.solve(inner, y)
        return np.asarray(np.clip(self.features @ slope.astype(np.float32), -1.5, 1.5), np.float64)

    def _row(self, j: int) -> Array:
        """Squared distance of every image to image j: (n,)."""
        if j not in self._rows:
            apart = self.points - self.points[j]
            self._rows[j] = np.einsum("ij,ij->i", apart, apart)
        return self._rows[j]

    def _mixed(self, order: Index, verdicts: Verdicts) -> tuple[Index, npt.NDArray[np.bool_]]:
        """The order with images mixed in, one in EVERY, that lie between the verdicts."""
        teaching = np.zeros(len(self), np.bool_)
        odd, usual = _kinds(verdicts)
        if min(len(odd), len(usual)) < ENOUGH or len(order) < 2 * EVERY:
            return order, teaching
        front = order[: 20 * EVERY]
        doubt = np.abs(self._model(odd, usual)[front])
        doubtful = front[EVERY:][np.argsort(doubt[EVERY:], kind="stable")][:2]
        teaching[doubtful] = True
        rest = order[~teaching[order]]
        first = (
            EVERY - 1 - len(verdicts) % EVERY
        )  # so that it comes up, one verdict after the other
        return np.insert(rest, [first, first + EVERY - 1], doubtful), teaching


def _kinds(verdicts: Verdicts) -> tuple[list[int], list[int]]:
    """Positions of the odd and of the usual ones, rising."""
    at = sorted(verdicts)
    return [i for i in at if verdicts[i]], [i for i in at if not verdicts[i]]


def _deviations(values: Scores) -> Scores:
    """In typical deviations (1.4826 MAD) above the median, MOST at most: (n,)."""
    median = np.median(values)
    deviation = MAD_TO_STD * np.median(np.abs(values - median))
    return np.asarray(np.minimum((values - median) / max(deviation, 1e-9), MOST))


def _usual_gap(points: Array) -> float:
    """The median distance of some points to their nearest other."""
    some = points[np.random.default_rng(0).permutation(len(points))[:SAMPLE]]
    squares = np.square(some).sum(axis=1)
    apart = squares[:, None] + squares - 2 * some @ some.T
    np.fill_diagonal(apart, np.inf)
    return float(np.sqrt(max(np.median(apart.min(axis=1)), 1e-12)))
