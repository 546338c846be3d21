"""Which score to begin with, chosen by outliers planted among usual images.

The images are those that calibrate a threshold: neither trained on nor judged. Planted are spoiled
copies of them of three families (local defects, another structure, another appearance), and true
outliers that it never saw (classes it was trained without, defects that the set draws). What finds
planted outliers best need not find others best: measured on many sets
(`python -m benchmarks.default_scores`), the best single score of the planted ones is often bad at
true ones, and the mean of several scores seldom. So FALLBACK, a mean of scores without a network,
is taken unless another is clearly better, and no score that is worse than guessing at a whole
family. What is chosen is only where one begins. The choice is made
once for a model and kept: in its document if it was trained on a person's own images, else beside
the data, under the model's digest.
"""

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

import msgspec
import numpy as np

from core import config, derived
from core.anomaly import rankings, references
from core.anomaly.judging import References, available
from core.anomaly.references import Load
from core.anomaly.scores import BY_NAME
from core.anomaly.spaces import Scores
from core.checkpoints import Card, Checkpoint, trained_on
from core.checkpoints.document import ChoiceRecord
from core.config import DataError, HourglassError
from core.data import catalogue, ignored
from core.data.named import planting
from core.data.own import store
from core.files import write_atomically
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.text import listed, one_line

SHIPPED = Path(__file__).with_name("chosen.json")  # of the models that come with the program
FOLDER = "chosen"  # in the data folder, a file a model
WITHOUT_CHOICE = (
    "No score has been chosen for this model, so the reconstruction error is taken; the Outliers "
    "page chooses one."
)
USUAL, USUAL_VALUES = (60, 200), 1_200_000  # fewest and most images that are spoiled; their values
REFERENCES, REFERENCE_VALUES = (300, 4_000), 12_000_000  # training images that scores are fitted on
UNSEEN = "outliers never seen"  # of classes left out, or with defects of the set itself
FAMILIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "local defects": ("cracked", "stained", "covered", "pasted"),
        "another structure": (
            "scrambled", "shuffled", "turned", "warped", "enlarged", "repeated", "spliced",
            "rephased",
        ),
        "another appearance": ("speckled", "blurred", "noise", "recoloured"),
        UNSEEN: (UNSEEN,),
    }
)  # fmt: skip
KINDS = tuple(kind for name, kinds in FAMILIES.items() if name != UNSEEN for kind in kinds)
FALLBACK = "together"  # the score that is taken unless another is clearly better
CLEARLY = 0.05  # AUROC by which another must be better
GUESSING = 0.5  # AUROC


@dataclass(frozen=True)
class ChosenScore:
    """How well each score finds each kind of planted outlier, and the one to begin with.

    auroc: score -> kind -> AUROC.  best: the one to begin with, see best_of().  n: usual
    images; as many are planted of a kind.  seed: of which images were spoiled, and how.
    """

    auroc: Mapping[str, Mapping[str, float]]
    best: str
    n: int
    seed: int = 0

    def mean(self, score: str) -> float:
        """The mean AUROC of a score over the kinds, see weighed()."""
        return weighed(self.auroc[score])

    def why(self) -> str:
        """A sentence that says why this score is the one to begin with."""
        with_network = not BY_NAME[self.best].baseline
        others = [name for name in self.auroc if BY_NAME[name].baseline == with_network]
        other = max(others, key=self.mean)
        rival = "the best without a network" if with_network else "the best with the network"
        kinds = listed(self._planted(), len(FAMILIES))
        return (
            f"{BY_NAME[self.best].title} is taken: of outliers planted among {self.n:,} usual "
            f"images it finds AUROC {self.mean(self.best):.3f} (mean over {kinds}); {rival}, "
            f"{BY_NAME[other].title}: {self.mean(other):.3f}. {self._reason()}"
        )

    def _planted(self) -> list[str]:
        """The families that are planted, each with how many kinds."""
        kinds = self.auroc[self.best]
        return [name for name, of in FAMILIES.items() if kinds.keys() & set(of)] or list(kinds)

    def _reason(self) -> str:
        best = max(self.auroc, key=self.mean)
        if self.best != FALLBACK:
            if FALLBACK not in self.auroc:
                return ""
            return (
                f"That is better than {BY_NAME[FALLBACK].title}, {self.mean(FALLBACK):.3f},"
                " a mean of several scores, which is taken otherwise."
            )
        if best == FALLBACK:
            return "No other score finds more."
        if self.mean(best) <= self.mean(FALLBACK) + margin(self.auroc[best]):
            return (
                f"The best other, {BY_NAME[best].title} ({self.mean(best):.3f}), is not clearly "
                "better, and a mean of several scores is more likely to find other outliers, too."
            )
        return (
            f"{BY_NAME[best].title} ({self.mean(best):.3f}) is left aside, as it is worse than "
            "guessing at one of these families."
        )

    @property
    def record(self) -> ChoiceRecord:
        """The choice as a checkpoint's document has it."""
        auroc = {name: dict(kinds) for name, kinds in self.auroc.items()}
        return ChoiceRecord(auroc=auroc, best=self.best, n=self.n, seed=self.seed)


def known(card: Card) -> ChosenScore | None:
    """The choice that was made for a model, wherever it is kept; None if none was."""
    of_document = card.document.choice
    if of_document is not None and (found := _sound(of_document)):
        return found
    return shipped(card.sha256) or _kept(card.sha256)


def for_model(autoencoder: Autoencoder, load: Load | None = None) -> ChosenScore | None:
    """The choice for a model: the one that is kept, else made now and kept under its digest.

    load: gives a split of a data set; core.data.catalogue.load if None.  None if there are no
    usual images here to spoil, or if it is not known what the model was trained on.
    """
    card = autoencoder.card
    if (found := known(card)) is not None:
        return found
    try:
        among, unseen = _surroundings(autoencoder, load)
    except DataError:
        return None
    found = choice(among, unseen)
    if found is not None and card.sha256:
        _keep(card.sha256, found)
    return found


def at_first_look(autoencoder: Autoencoder, load: Load | None = None) -> ChosenScore | None:
    """The choice for a model where it is first used: the one that is kept, or, of a model trained
    on a person's own images, for_model(); None if none is known.
    """
    if (found := known(autoencoder.card)) is not None:
        return found
    return for_model(autoencoder, load) if is_chosen_at_once(autoencoder.card) else None


def is_chosen_at_once(card: Card) -> bool:
    """Whether a score is chosen without being asked for: for models of a person's own images."""
    return trained_on.known(card) is not None and trained_on.is_on_files(card)


def at_end_of_training(
    checkpoint: Checkpoint, train_set: ImageSet, load: Load | None = None
) -> Checkpoint:
    """The checkpoint with the choice in its document, if it was trained on an own set that has
    calibration images; else as it is.

    train_set: what it was trained on.  load: gives a split of a data set, as in for_model().
    """
    card = checkpoint.card
    if not train_set.id.startswith(store.PREFIX):
        return checkpoint
    load = load or catalogue.load
    with contextlib.suppress(HourglassError):  # no choice is no reason to lose a model
        usual = planting.usual(load(train_set.id, "calibration"), card.excluded_classes)
        known = ignored.for_judging(_some(train_set), train_set.id)
        among = References(Autoencoder(checkpoint), known, usual)
        found = choice(among)
        if found is not None:
            document = msgspec.structs.replace(card.document, choice=found.record)
            return replace(checkpoint, card=replace(card, document=document))
    return checkpoint


def _surroundings(
    autoencoder: Autoencoder, load: Load | None
) -> tuple[References, ImageSet | None]:
    """What scores are fitted on and calibrated by, and images of classes never seen."""
    card = autoencoder.card
    if trained_on.known(card) is None:
        raise DataError(references.why_no_calibration(card))
    nothing = references.no_images(card)
    usual = references.reference_images(card, nothing, load=load)
    calibrating = references.calibration_images(card, (nothing, usual), load)
    unseen = references.unseen_images(card, nothing, load)
    return References(autoencoder, _some(usual), calibrating), unseen


def _some(images: ImageSet) -> ImageSet:
    """Some of the training images, always the same: enough for the choice."""
    n = int(np.clip(REFERENCE_VALUES // math.prod(images.shape), *REFERENCES))
    if len(images) <= n:
        return images
    return images.take(np.sort(np.random.default_rng(0).permutation(len(images))[:n]))


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


def _kept(sha256: str) -> ChosenScore | None:
    try:
        return _sound(msgspec.json.decode(_path(sha256).read_bytes(), type=ChoiceRecord))
    except (OSError, msgspec.MsgspecError):
        return None


def _keep(sha256: str, found: ChosenScore) -> None:
    """A disk that takes no more costs only choosing again."""
    with contextlib.suppress(OSError):
        _path(sha256).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(_path(sha256), msgspec.json.encode(found.record))


def _path(sha256: str) -> Path:
    return config.data_dir() / FOLDER / derived.named((sha256,), "choice")


def _sound(record: ChoiceRecord) -> ChosenScore | None:
    """The choice in a record, which anybody may have written: of scores that there are.

    None if it does not name one with a network and one without, each measured on the same kinds.
    """
    auroc = {
        name: {one_line(kind): value for kind, value in kinds.items()}
        for name, kinds in record.auroc.items()
        if name in BY_NAME
    }
    baselines = {BY_NAME[name].baseline for name in auroc}
    kinds = {tuple(one) for one in auroc.values()}
    if record.best not in auroc or len(baselines) < len((True, False)) or len(kinds) != 1:
        return None
    return ChosenScore(auroc, record.best, record.n, record.seed) if all(kinds) else None


def choice(known: References, unseen: ImageSet | None = None, seed: int = 0) -> ChosenScore | None:
    """The score to begin with; None without calibration images.

    unseen: true outliers that the model never saw, if there are any; they count as
    much as all other kinds together.  The same seed plants the same outliers.
    """
    if known.calibrating is None:
        return None
    rng = np.random.default_rng(seed)
    images = known.calibrating.images
    most = int(np.clip(USUAL_VALUES // math.prod(images.shape), *USUAL))
    usual = images.take(np.sort(rng.permutation(len(images))[:most]))
    planted = {kind: planting.by_corruption(usual, kind, 1.0, seed) for kind in KINDS}
    if unseen is not None and len(unseen):
        few = unseen.take(np.sort(rng.permutation(len(unseen))[:most]))
        planted[UNSEEN] = planting.by_dataset(usual, few, 1.0, seed)
    spoiled = {kind: one.images.take(one.is_outlier) for kind, one in planted.items()}
    judged = known.judge(_together([usual, *spoiled.values()]))
    ends = np.cumsum([len(usual), *map(len, spoiled.values())])
    auroc: dict[str, dict[str, float]] = {}
    for spec in available(known.images.labels is not None, known.spaces.autoencoder.is_locator):
        first, *others = np.split(judged.score(spec.name), ends[:-1])
        of_kinds = zip(spoiled, others, strict=True)
        auroc[spec.name] = {kind: _auroc(first, scores) for kind, scores in of_kinds}
    return ChosenScore(auroc, best_of(auroc), len(usual), seed)


def _together(sets: list[ImageSet]) -> ImageSet:
    """Images of several sets as one, without classes."""
    return ImageSet(
        id=sets[0].id,
        split="planted",
        images=np.concatenate([one.images for one in sets]),
        labels=None,
        class_names=(),
        ids=np.concatenate([one.ids for one in sets]),
    )


def _auroc(usual: Scores, outliers: Scores) -> float:
    truth = np.arange(len(usual) + len(outliers)) >= len(usual)
    return rankings.curves(np.concatenate([usual, outliers]), truth).auroc


def best_of(auroc: Mapping[str, Mapping[str, float]]) -> str:
    """The name of the score to begin with: FALLBACK, or the best by the mean over the kinds if that
    is better by margin(). Not one that is worse than guessing at a family, unless all are.

    auroc: score -> kind -> AUROC, at least one score.
    """
    means = {name: weighed(kinds) for name, kinds in auroc.items()}
    sound = [name for name, kinds in auroc.items() if min(of_families(kinds)) >= GUESSING]
    best = max(sound or means, key=means.__getitem__)
    if FALLBACK in means and means[best] <= means[FALLBACK] + margin(auroc[best]):
        return FALLBACK
    return best


def margin(kinds: Mapping[str, float]) -> float:
    """By how much another score must be better than FALLBACK: images never seen are true outliers,
    so that with them any difference counts.
    """
    return 0.0 if UNSEEN in kinds else CLEARLY


def of_families(kinds: Mapping[str, float]) -> list[float]:
    """The mean AUROC of each family of kinds; of kinds of no family their own."""
    found = [[kinds[kind] for kind in of if kind in kinds] for of in FAMILIES.values()]
    known = set(KINDS) | {UNSEEN}
    others = [[value] for kind, value in kinds.items() if kind not in known]
    return [float(np.mean(values)) for values in (*found, *others) if values]


def weighed(kinds: Mapping[str, float]) -> float:
    """The mean over the kinds; outliers never seen count as much as all others together."""
    spoiled = [value for kind, value in kinds.items() if kind != UNSEEN]
    mean = float(np.mean(spoiled))
    return (mean + kinds[UNSEEN]) / 2 if UNSEEN in kinds else mean
