"""The odd ones among images of which nothing is known: no model, no reference, no question.

Judges of several kinds, none a network, are fitted to four fifths of the images and judge the
rest, in turn (core.anomaly.crossfit). Their scores are put together; which score ranks the images
is decided by outliers planted among them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from core.anomaly import crossfit, patches, quality, rankings, spaces, thresholds
from core.anomaly.calibration import Calibration
from core.anomaly.crossfit import Flags, Index, Scores
from core.anomaly.descriptors import DESCRIPTORS, Array, Gaussian
from core.anomaly.patches import PatchSpace
from core.anomaly.thresholds import Threshold
from core.data.named import planting
from core.images.imagesets import ImageSet
from core.images.modes import FAINT
from core.images.parts import done, each_part

KINDS = ("covered", "pasted", "speckled", "blurred", "scrambled")
N_PLANTED = 60  # images that are spoiled, each in every way
PATCH_SAMPLE = 200  # images of which patches are learnt
NEAR = 0.1  # AUROC by which a single judge must be better than all together
COMBINED = "combined"
TOGETHER: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        COMBINED: ("shape", "colour", "texture"),
        "all": ("shape", "colour", "texture", "pixel_density", "patches"),
    }
)
LEAST_EACH, MOST_EACH = -2.0, 3.0  # typical deviations that a judge counts for
BROKEN = 4.0  # deviations of light, contrast, sharpness or seams that only broken files have
LEAST_SPREAD = (0.0, 0.0, 0.0, 0.0, 0.08)  # of each of the measures
SAID = 1.5  # deviations from which a judge is named as a reason
TITLES: Mapping[str, str] = MappingProxyType(
    {
        COMBINED: "outlines, colours and textures together",
        "all": "all judges together",
        "shape": "unusual outlines",
        "colour": "unusual colours",
        "texture": "unusual textures",
        "pixel_density": "unlike any other picture",
        "patches": "unusual spots",
        "measures": "unusual light, contrast or sharpness",
    }
)


@dataclass(frozen=True)
class Descriptions:
    """What the judges look at: values (n, D) of each kind of descriptor, and the images."""

    images: ImageSet
    values: Mapping[str, Array]

    @classmethod
    def of(cls, images: ImageSet) -> "Descriptions":
        values = {
            name: each_part(images, describe, title="Describing the images")
            for name, describe in DESCRIPTORS.items()
        }
        measured = each_part(images, quality.fine_measures, title="Measuring the images")
        return cls(images, MappingProxyType(values | {"measures": measured}))

    def take(self, at: Index) -> "Descriptions":
        values = {name: values[at] for name, values in self.values.items()}
        return Descriptions(self.images.take(at), MappingProxyType(values))


N_AXES = 32  # of the places in which images are compared with each other


@dataclass(frozen=True)
class Places:
    """Where images lie by all descriptors together; near means alike.

    mean, scale: (D,).  axes: (D, k), k <= N_AXES.
    """

    mean: Array
    scale: Array
    axes: Array

    @classmethod
    def fit(cls, known: Descriptions) -> "Places":
        """Principal axes of the descriptors, each kind of which counts as much."""
        parts = [known.values[name] for name in DESCRIPTORS]
        scales = [(one.std(axis=0) + 1e-6) * np.sqrt(one.shape[1]) for one in parts]
        values, scale = np.concatenate(parts, axis=1), np.concatenate(scales)
        mean = values.mean(axis=0)
        few = ((values - mean) / scale)[np.random.default_rng(0).permutation(len(values))[:1_000]]
        _, _, axes = np.linalg.svd(few.astype(np.float32), full_matrices=False)
        return cls(mean, scale.astype(np.float32), np.ascontiguousarray(axes[:N_AXES].T))

    def of(self, images: Descriptions) -> Array:
        """(n, k)."""
        values = np.concatenate([images.values[name] for name in DESCRIPTORS], axis=1)
        return np.asarray(((values - self.mean) / self.scale) @ self.axes, np.float32)


Judge = Callable[[Descriptions], Scores]


def fitted(known: Descriptions) -> dict[str, Judge]:
    """The judges by name, each fitted to these images alone."""
    found = {name: _by_description(known, name) for name in DESCRIPTORS}
    found["measures"] = _by_measures(known)
    found["pixel_density"] = _by_density(known)
    found["patches"] = _by_patches(known)
    return found


def _by_description(known: Descriptions, name: str) -> Judge:
    usual = Gaussian.fit(known.values[name])
    return lambda judged: usual.scores(judged.values[name])


def _by_measures(known: Descriptions) -> Judge:
    """The largest of the measures, each in its own spread from the median of the usual ones."""
    values = known.values["measures"]
    low, middle, high = np.quantile(values, (0.1, 0.5, 0.9), axis=0)
    least = np.maximum(1e-3 + 0.05 * np.abs(high - low), LEAST_SPREAD)

    def judge(judged: Descriptions) -> Scores:
        apart = judged.values["measures"] - middle
        spread = np.where(apart > 0, high - middle, middle - low)
        return np.asarray(np.max(np.abs(apart) / np.maximum(spread, least), axis=1), np.float64)

    return judge


def _by_density(known: Descriptions) -> Judge:
    space = spaces.fit(known.images, spaces.flat, spaces.PIXEL_WIDTH)

    def judge(judged: Descriptions) -> Scores:
        points = each_part(
            judged.images, lambda x: space.project(spaces.flat(x)), title="Comparing the images"
        )
        return space.relative_density(space.near(points))

    return judge


def _by_patches(known: Descriptions) -> Judge:
    space = PatchSpace.fit(known.images, most=PATCH_SAMPLE)
    return lambda judged: space.scores(judged.images, patches.gaussian)


def together(deviations: Mapping[str, Scores], names: Sequence[str]) -> Scores:
    """One score of several judges: the mean of their typical deviations above usual, (n,).

    Each counts up to MOST_EACH, so that none decides alone.
    """
    each = np.clip([deviations[name] for name in names], LEAST_EACH, MOST_EACH)
    return np.asarray(each.mean(axis=0), np.float64)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What was found of n images.

    of: (n,) the fold of each.  scores: by name, (n,) each, higher = stranger, each image's by what
    was fitted to the other folds; in typical deviations above usual.  planted: score -> AUROC for
    outliers planted among them.  best: the score that ranks them.
    facts: n lists of FACTS.  fences: those by which they are said.  raw, last: the judges' own
    scores, and one of the fits, to judge more images with.
    """

    of: Index
    scores: Mapping[str, Scores]
    planted: Mapping[str, float]
    best: str
    facts: list[list[str]]
    fences: "Fences"
    raw: Mapping[str, Scores]
    last: Mapping[str, Judge]

    @property
    def ranked(self) -> Scores:
        """The score that ranks the images: (n,)."""
        return self.scores[self.best]

    @cached_property
    def is_plain(self) -> Flags:
        """(n,): broken by what a fact says, or so strange that it says nothing of usual images."""
        stated = np.array([bool(one) for one in self.facts], np.bool_)
        return np.asarray(stated | crossfit.is_clear(self.ranked))

    @cached_property
    def calibration(self) -> Calibration:
        """What rates a threshold has: of all images but those that are plainly odd."""
        return crossfit.calibration(self.ranked, self.is_plain, "images")

    def threshold(self, rate: float) -> Threshold:
        """Flags at most a share `rate` of the usual images; too few for it are said."""
        return thresholds.by_rate(self.calibration, rate, len(self.of))

    def flagged(self, rate: float) -> Flags:
        """(n,): above the threshold of that rate, or plainly odd."""
        return np.asarray(self.threshold(rate).flags(self.ranked) | self.is_plain)

    def judge_more(self, images: Descriptions) -> dict[str, Scores]:
        """The same scores of images that were in no fold, by one of the fits."""
        raw = {name: judge(images) for name, judge in self.last.items()}
        return all_scores(deviations(raw, self.raw))

    def why(self) -> str:
        """A sentence that says why this score ranks the images."""
        others = [name for name in self.planted if name != self.best]
        other = max(others, key=self.planted.__getitem__)
        return (
            f"Ranked by {TITLES[self.best]}: of outliers planted among these images it finds AUROC "
            f"{self.planted[self.best]:.2f} (the best other, {TITLES[other]}: "
            f"{self.planted[other]:.2f}; 0.5 = guessing)."
        )


def judged(found: Descriptions, of: Index, seed: int = 0) -> Judgement:
    """All images by what was fitted to others, and planted ones, which say what finds most.

    of: (n,) folds, see crossfit.folds.
    """
    planted = plant(found, seed)
    raw: dict[str, Scores] = {}
    of_planted: dict[str, Scores] = {}
    n_done, last = 0, dict[str, Judge]()
    for _, others, own in crossfit.each_fold(of):
        last = fitted(found.take(others))
        at = np.flatnonzero(np.isin(planted.origin, own))
        for name, judge in last.items():
            raw.setdefault(name, np.empty(len(of)))[own] = judge(found.take(own))
            values = of_planted.setdefault(name, np.empty(len(planted.origin)))
            if len(at):
                values[at] = judge(planted.images.take(at))
        n_done += len(own)
        done("Judging each image by the others", n_done, len(of))
    scores = all_scores(deviations(raw, raw))
    spoiled = all_scores(deviations(of_planted, raw))
    auroc = {name: mean_auroc(scores[name], spoiled[name], planted.kind) for name in scores}
    measures = found.values["measures"]
    fences = Fences.of(measures)
    return Judgement(
        of=of,
        scores=scores,
        planted=auroc,
        best=best_of(auroc),
        facts=fences.facts(measures, found.images),
        fences=fences,
        raw=raw,
        last=last,
    )


@dataclass(frozen=True)
class Planted:
    """Spoiled copies.  origin: (m,) of which image each is one.  kind: (m,) how it was spoiled."""

    images: Descriptions
    origin: Index
    kind: Index


def plant(found: Descriptions, seed: int) -> Planted:
    """Copies of up to N_PLANTED of the images, spoiled in each of KINDS."""
    rng = np.random.default_rng(seed)
    origin = np.sort(rng.permutation(len(found.images))[:N_PLANTED])
    usual = found.images.take(origin)
    spoiled = [
        planting.CORRUPTIONS[kind].make(np.ascontiguousarray(usual.images), rng) for kind in KINDS
    ]
    n, kinds = len(origin), len(KINDS)
    ids = np.array([f"{kind}/{i}" for kind in KINDS for i in origin.tolist()], np.str_)
    images = ImageSet(
        id="planted",
        split="",
        images=np.concatenate(spoiled),
        labels=None,
        class_names=(),
        ids=ids,
    )
    return Planted(
        images=Descriptions.of(images),
        origin=np.tile(origin, kinds),
        kind=np.repeat(np.arange(kinds), n),
    )


def deviations(values: Mapping[str, Scores], among: Mapping[str, Scores]) -> dict[str, Scores]:
    """Scores by name in typical deviations above those `among`."""
    return {name: crossfit.typical_deviations(values[name], among[name]) for name in among}


def all_scores(deviations: Mapping[str, Scores]) -> dict[str, Scores]:
    """How strange images are by each score; a broken file is so by all of them."""
    found = {name: together(deviations, members) for name, members in TOGETHER.items()}
    found |= {name: values for name, values in deviations.items() if name != "measures"}
    beyond = np.maximum(deviations["measures"] - MOST_EACH, 0)
    is_broken = deviations["measures"] > BROKEN
    return {
        name: np.where(is_broken, np.maximum(values, MOST_EACH), values) + beyond
        for name, values in found.items()
    }


def mean_auroc(usual: Scores, spoiled: Scores, kinds: Index) -> float:
    """The mean over the kinds of spoiled images."""
    found = []
    for kind in np.unique(kinds):
        values = np.concatenate([usual, spoiled[kinds == kind]])
        found.append(rankings.curves(values, np.arange(len(values)) >= len(usual)).auroc)
    return float(np.mean(found))


def best_of(auroc: Mapping[str, float]) -> str:
    """The first unless another finds more by NEAR."""
    best = max(auroc, key=auroc.__getitem__)
    return best if auroc[best] > auroc[COMBINED] + NEAR else COMBINED


# What is said of single images.

FENCE = 3.5  # distances from the median to the outer tenth, beyond which a measure is said
FACTS: Mapping[str, str] = MappingProxyType(
    {
        "of one colour": "nothing can be seen in it",
        "dark": "much darker than these images are",
        "bright": "much brighter than these images are",
        "nearly uniform": "its pixels differ much less than in these images",
        "high contrast": "its pixels differ much more than in these images",
        "blurred": "much less fine detail for its contrast than these images have",
        "noisy": "much more fine detail for its contrast than these images have",
        "torn": "a straight line goes across it where its two sides do not fit",
        "partly empty": "from one side on much more of it is of one colour than in these images",
    }
)


@dataclass(frozen=True)
class Fences:
    """Between what bounds the measures of images usually lie.  low, high: (5,)."""

    low: Scores
    high: Scores

    @classmethod
    def of(cls, measures: Array) -> "Fences":
        """From the measures (n, 5) of quality.fine_measures; up to a tenth may be anything."""
        low, middle, high = np.quantile(measures.astype(np.float64), (0.1, 0.5, 0.9), axis=0)
        least = np.array([0.02, 0.1, 0.1, 0.2, 0.08])
        return cls(
            middle - FENCE * np.maximum(middle - low, least),
            middle + FENCE * np.maximum(high - middle, least),
        )

    def facts(self, measures: Array, images: ImageSet) -> list[list[str]]:
        """Which of FACTS hold for each image: n lists."""
        low, high = measures < self.low, measures > self.high
        empty = np.ptp(images.images.reshape(len(images), -1), axis=1) <= FAINT
        some = ~empty & ~low[:, 1]
        columns = (
            empty, low[:, 0], high[:, 0], low[:, 1] & ~empty, high[:, 1],
            low[:, 2] & some, high[:, 2] & some, high[:, 3] & some, high[:, 4] & some,
        )  # fmt: skip
        return [
            [name for name, holds in zip(FACTS, row, strict=True) if holds]
            for row in zip(*columns, strict=True)
        ]


def reasons(scores: Mapping[str, Scores], flagged: Flags) -> list[str]:
    """What is strange about each flagged image, the strongest first; "" for the others: n texts."""
    names = [name for name in scores if name not in TOGETHER]
    table = np.stack([scores[name] for name in names])
    said = []
    for i, is_flagged in enumerate(flagged.tolist()):
        order = [j for j in np.argsort(-table[:, i]).tolist() if table[j, i] >= SAID]
        words = [f"{TITLES[names[j]]} ({table[j, i]:.1f} deviations)" for j in order[:3]]
        said.append(", ".join(words) if is_flagged else "")
    return said
