"""A network beside the judges that need none: it ranks only where it finds more.

Both are fitted to the same images, and both judge the same others, some of which are spoiled. The
network's scores, and the mean of each with the best judge's, are compared with the best judge.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.anomaly import crossfit, finding
from core.anomaly.crossfit import Flags, Index, Scores
from core.anomaly.finding import Descriptions
from core.anomaly.judging import References, available
from core.anomaly.scores import BY_NAME
from core.config import DataError
from core.images.imagesets import ImageSet
from core.images.parts import done
from core.inference import Autoencoder

NETWORK = "network:"  # before the name of a score that the network gives
TOGETHER = "+judges"  # after it: the mean of that and of the best judge without a network
NEAR = 0.01  # AUROC by which the network must be better
FITTED, JUDGED = 4_000, 400  # images that both are fitted to, and that both judge, at most
LEAST = 10  # images that neither has seen
PART = 1_024  # images judged at a time


@dataclass(frozen=True, kw_only=True)
class Contest:
    """What the network and the judges without one find of the same planted outliers.

    planted: score -> AUROC.  score: the best with the network.  without: the best judge.
    n: images that were spoiled, each in every way.
    """

    planted: Mapping[str, float]
    score: str
    without: str
    n: int

    @property
    def takes_over(self) -> bool:
        """Whether the network ranks the images."""
        return self.planted[self.score] > self.planted[self.without] + NEAR

    def why(self, network: str = "The network") -> str:
        """A sentence with both numbers.  network: its name, which begins the sentence."""
        mine, its = self.planted[self.score], self.planted[self.without]
        title, judge = title_of(self.score), finding.TITLES[self.without]
        numbers = (
            f"of outliers planted among {self.n:,} images that it was not trained on it finds "
            f"AUROC {mine:.2f} ({title}), and without a network {its:.2f} are found ({judge})"
        )
        if self.takes_over:
            return f"{network} ranks the images: {numbers}."
        return f"{network} does not rank the images, since it finds no more: {numbers}."


def title_of(score: str) -> str:
    """The name of a contest's score for people."""
    alone = BY_NAME[plain_name(score)].title
    return f"{alone}, together with the judges" if score.endswith(TOGETHER) else alone


def plain_name(score: str) -> str:
    """The name in core.anomaly.scores of a contest's score."""
    return score.removeprefix(NETWORK).removesuffix(TOGETHER)


def network_scores(autoencoder: Autoencoder) -> tuple[str, ...]:
    """The names of the scores that a network gives without classes; with those of its repairs."""
    return tuple(s.name for s in available(False, autoencoder.is_locator) if not s.baseline)


def contest(known: References, others: ImageSet, seed: int = 0) -> Contest:
    """Plant outliers among images and let both find them.

    known: what the network was trained on, or some of it.  others: what it was not trained on.
    Raises DataError if those are fewer than LEAST.
    """
    if len(others) < LEAST:
        raise DataError(
            f"Comparing a network with no network needs {LEAST} images that it was not trained on: "
            f"there are {len(others)}."
        )
    usual = Descriptions.of(some(others, JUDGED))
    planted = finding.plant(usual, seed)
    plain = _without(Descriptions.of(some(known.images, FITTED)), usual, planted.images)
    auroc = {name: finding.mean_auroc(*scores, planted.kind) for name, scores in plain.items()}
    without = finding.best_of(auroc)
    both = _both(usual.images, planted.images.images)
    judged, n = known.judge(both), len(usual.images)
    names = network_scores(known.spaces.autoencoder)
    for i, name in enumerate(names):
        of_usual, of_planted = np.split(judged.score(name), [n])
        values = crossfit.typical_deviations(of_planted, of_usual)
        of_usual = crossfit.typical_deviations(of_usual)
        for score in (NETWORK + name, NETWORK + name + TOGETHER):
            mine = ranked(score, of_usual, plain[without][0])
            its = ranked(score, values, plain[without][1])
            auroc[score] = finding.mean_auroc(mine, its, planted.kind)
        done("Comparing the network with no network", i + 1, len(names))
    with_network = [name for name in auroc if name.startswith(NETWORK)]
    score = max(with_network, key=auroc.__getitem__)
    n_planted = len(planted.kind) // len(finding.KINDS)
    return Contest(planted=auroc, score=score, without=without, n=n_planted)


def ranked(score: str, network: Scores, judge: Scores) -> Scores:
    """What ranks images by a score of a contest: (n,); what is plainly broken keeps its place.

    network, judge: (n,) each, in typical deviations, of the network's score and the best judge's.
    """
    found = network
    if score.endswith(TOGETHER):
        found = finding.together({"network": network, "judge": judge}, ("network", "judge"))
    return np.where(judge > finding.BROKEN, np.maximum(found, judge), found)


def _without(
    fitted_to: Descriptions, usual: Descriptions, planted: Descriptions
) -> dict[str, tuple[Scores, Scores]]:
    """The judges' scores of the usual and of the planted images, by name."""
    judges = finding.fitted(fitted_to)
    raw = {name: judge(usual) for name, judge in judges.items()}
    spoiled = {name: judge(planted) for name, judge in judges.items()}
    of_usual = finding.all_scores(finding.deviations(raw, raw))
    of_planted = finding.all_scores(finding.deviations(spoiled, raw))
    return {name: (of_usual[name], of_planted[name]) for name in of_usual}


def _both(usual: ImageSet, planted: ImageSet) -> ImageSet:
    return ImageSet(
        id=usual.id,
        split="planted",
        images=np.concatenate([usual.images, planted.images]),
        labels=None,
        class_names=(),
        ids=np.concatenate([usual.ids.astype(np.str_), planted.ids]),
    )


def some(images: ImageSet, most: int) -> ImageSet:
    """Some of the images, always the same."""
    if len(images) <= most:
        return images
    return images.take(np.sort(np.random.default_rng(0).permutation(len(images))[:most]))


@dataclass(frozen=True)
class Judge:
    """A network's score in typical deviations above usual.

    Images that it was trained on are compared with each other, and so are those that it was not:
    it reconstructs the former better. In each kind all usual images are alike, so that the share of
    them above a line is what it is among all of that kind.
    """

    known: References
    name: str
    of_others: Scores

    def images(self, images: ImageSet, seen: Flags) -> Scores:
        """(n,).  seen: (n,) whether the network was trained on it."""
        at, found = np.flatnonzero(seen), np.empty(len(images))
        kept, rows = _places(images, at, self.known)
        found[kept] = crossfit.typical_deviations(self.known.distribution(self.name)[rows])
        for positions in (np.setdiff1d(at, kept), np.flatnonzero(~seen)):
            if len(positions):
                values = self._raw(images, positions)
                found[positions] = crossfit.typical_deviations(values)
        return found

    def more(self, images: ImageSet) -> Scores:
        """(n,), of images that the network was not trained on."""
        values = self.known.judge(images).score(self.name)
        return crossfit.typical_deviations(values, self.of_others)

    def _raw(self, images: ImageSet, at: Index) -> Scores:
        values = []
        for start in range(0, len(at), PART):
            part = images.take(at[start : start + PART])
            values.append(self.known.judge(part).score(self.name))
            done("The network judges the images", start + len(part), len(at))
        return np.concatenate(values)


def judge(known: References, name: str, others: ImageSet) -> Judge:
    """others: images that the network was not trained on, which say what is usual of those."""
    score = plain_name(name)
    return Judge(known, score, known.judge(some(others, JUDGED)).score(score))


def references(autoencoder: Autoencoder, trained_on: ImageSet) -> References:
    """What the network was trained on, or some of it, to compare with."""
    return References(autoencoder, some(trained_on, FITTED))


def _places(images: ImageSet, at: Index, known: References) -> tuple[Index, Index]:
    """Which of the images at `at` are scored references, and which of those they are."""
    place = {name: i for i, name in enumerate(known.images.ids[known.rows].tolist())}
    kept = [(i, place[one]) for i, one in zip(at, images.ids[at].tolist(), strict=True)
            if one in place]  # fmt: skip
    both = np.array(kept, np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]
