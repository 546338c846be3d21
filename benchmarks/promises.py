"""Promised against realised rates of false alarms, and how well each score finds outliers.

`python -m benchmarks.promises [--photographs A.zip] [--surfaces B.zip]`. A is an archive of
photographs by class, B one of surfaces, in folders `good` and kinds of
defect. What is not given is left out and named. A set is split anew for each seed: images to train
on, to calibrate and to judge; the model of small sets is PCA, fitted anew, that of digits and
shapes comes with Hourglass. Realised: the share of usual judged images above the threshold, once
with the threshold from the training images ("before"), once from the calibration images ("after").
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import click
import numpy as np

from core.anomaly import judging, rankings
from core.anomaly.calibration import Calibration, Scores
from core.anomaly.judging import References
from core.anomaly.rankings import Truth
from core.anomaly.scores import SCORES
from core.checkpoints import Card, Checkpoint
from core.config import DataError, HourglassError
from core.data import catalogue
from core.data.named.held_out import held_out
from core.data.own.folder import Choice, load_path
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.models import architecture, pca
from tests.core.models_for_tests import tiny_document

RATES = (0.01, 0.05)
SIDE, PCA_WIDTH = 64, 32
N_JUDGED = 600  # outliers of an archive at most


@dataclass(frozen=True)
class Trial:
    """One split of one set.  judged: usual images and, where there are some, outliers."""

    model: Autoencoder
    train: ImageSet
    calibrating: ImageSet
    judged: ImageSet
    truth: Truth


@dataclass(frozen=True)
class Result:
    """What one score made of one trial.  before, after: realised rates, in the order of RATES."""

    score: str
    before: tuple[float, ...]
    after: tuple[float, ...]
    auroc: float
    seconds: float


def digits(seed: int) -> Trial:
    """The shipped network without 5 and 9; calibrated by half the held-out digits."""
    model = Autoencoder.load("mnist-conv-32-no-5-9")
    names = model.card.excluded_classes
    images = held_out("mnist-5k")
    assert images is not None
    order = np.random.default_rng(seed).permutation(len(images))
    judged, calibrating = images.take(order[:1000]), images.take(order[1000:])
    train = catalogue.load("mnist-5k", "train").without_classes(names)
    truth = np.isin(np.asarray(judged.labels), [judged.class_names.index(one) for one in names])
    return Trial(model, train, calibrating.without_classes(names), judged, truth)


def shapes(seed: int) -> Trial:
    """The shipped network; the planted defects are the outliers."""
    images = catalogue.load("shapes", "test")
    assert images.factors is not None
    truth = images.factors["is_outlier"].to_numpy(bool)
    usual = held_out("shapes")
    assert usual is not None
    order = np.random.default_rng(seed).permutation(len(usual))[:500]
    train = catalogue.load("shapes", "train")
    return Trial(Autoencoder.load("shapes-conv"), train, usual.take(order), images, truth)


def of_archive(path: Path, seed: int, usual: str = "") -> Trial:
    """Images of an archive, split by the seed, with PCA fitted on its training part.

    usual: the folder whose images are usual; "" for all classes but the last two.  Folders called
    ground_truth hold masks and are left out.
    """
    images = load_path(f"zip:{path}", Choice("all", (SIDE, SIDE)))
    labels, names = np.asarray(images.labels), [one.split("/") for one in images.class_names]
    shown = [i for i, name in enumerate(names) if "ground_truth" not in name]
    wanted = [i for i in shown if usual in names[i]] if usual else shown[:-2]
    rng = np.random.default_rng(seed)
    rows = rng.permutation(np.flatnonzero(np.isin(labels, wanted)))
    n = len(rows) // 4
    calibrating, judged = rows[:n], rows[n : 2 * n]
    strange = np.isin(labels, list(set(shown) - set(wanted)))
    others = rng.permutation(np.flatnonzero(strange))[:N_JUDGED]
    train = images.take(rows[2 * n :])
    truth = np.arange(len(judged) + len(others)) >= len(judged)
    both = images.take(np.concatenate([judged, others]))
    return Trial(linear(train), train, images.take(calibrating), both, truth)


def linear(train: ImageSet) -> Autoencoder:
    """PCA of the training images as a model."""
    width = min(PCA_WIDTH, len(train) - 1)
    tensors, _ = pca.fit(train.pixels().reshape(len(train), -1), width)
    options = architecture("pca").check({"latent_dim": width})
    document = tiny_document("pca", train.shape, options=options, dataset=train.id)
    plan = architecture("pca").plan(train.shape, options)
    return Autoencoder(Checkpoint(Card("pca", Path(), False, document, plan), tensors))


def results(trial: Trial) -> Iterator[Result]:
    """A result a score."""
    known = References(trial.model, trial.train, trial.calibrating)
    judged = known.judge(trial.judged)
    for spec in judging.available(trial.train.labels is not None):
        scores, usual = judged.score(spec.name), known.distribution(spec.name)
        calibration = known.calibration(spec.name)
        assert calibration is not None
        of_usual = scores[~trial.truth]
        auroc = rankings.curves(scores, trial.truth).auroc if trial.truth.any() else float("nan")
        yield Result(
            spec.name,
            tuple(float((of_usual > np.quantile(usual, 1 - rate)).mean()) for rate in RATES),
            tuple(_realised(calibration, of_usual, rate) for rate in RATES),
            auroc,
            judged.seconds(spec.name),
        )


def _realised(calibration: Calibration, scores: Scores, rate: float) -> float:
    """Not a number where there are too few calibration images for the rate."""
    if calibration.too_few(rate):
        return float("nan")
    return float((scores > calibration.threshold(rate)).mean())


def trials(
    photographs: Path | None, surfaces: Path | None, seed: int
) -> Iterator[tuple[str, Trial | str]]:
    """The sets by name: a trial, or why there is none."""
    makers = {
        "digits without 5, 9": lambda: digits(seed),
        "shapes": lambda: shapes(seed),
        "photographs": lambda: of_archive(_given(photographs, "--photographs"), seed),
        "surfaces": lambda: of_archive(_given(surfaces, "--surfaces"), seed, "good"),
    }
    for name, make in makers.items():
        try:
            yield name, make()
        except HourglassError as error:
            yield name, str(error)


def _given(path: Path | None, option: str) -> Path:
    if path is None:
        raise DataError(f"no archive was given with {option}")
    return path


def mean(values: list[float]) -> str:
    """The mean in per cent, with the largest; "-" where there is none."""
    known = [value for value in values if not np.isnan(value)]
    return f"{100 * np.mean(known):.1f} ({100 * max(known):.1f})" if known else "too few"


@click.command()
@click.option("--photographs", type=click.Path(path_type=Path), help="Archive with classes.")
@click.option("--surfaces", type=click.Path(path_type=Path), help="Archive with good and defects.")
@click.option("--seeds", default=3, show_default=True, help="Splits of each set.")
def main(photographs: Path | None, surfaces: Path | None, seeds: int) -> None:
    """Print the tables."""
    found: dict[tuple[str, str], list[Result]] = {}
    left_out: dict[str, str] = {}
    with TemporaryDirectory() as empty, mock.patch.dict("os.environ", HOURGLASS_HOME=empty):
        for seed in range(seeds):
            for name, trial in trials(photographs, surfaces, seed):
                if isinstance(trial, str):
                    left_out[name] = trial
                    continue
                click.echo(f"{name}, seed {seed} ...", err=True)
                for result in results(trial):
                    found.setdefault((name, result.score), []).append(result)
    click.echo(f"Realised rates in %, mean (largest) over {seeds} splits; AUROC, mean.\n")
    heads = [f"{100 * rate:g} % {when}" for rate in RATES for when in ("before", "after")]
    click.echo(f"| set | score | {' | '.join(heads)} | AUROC | s |")
    click.echo("|---" * (len(heads) + 4) + "|")
    for (name, score), rows in found.items():
        cells = [
            mean([getattr(row, when)[i] for row in rows])
            for i in range(len(RATES))
            for when in ("before", "after")
        ]
        auroc, seconds = (float(np.mean([getattr(row, one) for row in rows])) for one in
                          ("auroc", "seconds"))  # fmt: skip
        click.echo(f"| {name} | {score} | {' | '.join(cells)} | {auroc:.3f} | {seconds:.2f} |")
    for line in _best(found):
        click.echo(line)
    for name, why in left_out.items():
        click.echo(f"\nNot measured: {name}: {why}")


def _best(found: dict[tuple[str, str], list[Result]]) -> Iterator[str]:
    """Of each set the best score with the model and the best without."""
    plain = {spec.name for spec in SCORES if spec.baseline}
    for name in dict.fromkeys(name for name, _ in found):
        means = {
            score: float(np.mean([row.auroc for row in rows]))
            for (of, score), rows in found.items()
            if of == name
        }
        first, other = (
            max((value, score) for score, value in means.items() if (score in plain) == is_plain)
            for is_plain in (False, True)
        )
        yield (
            f"\n{name}: best with the model {first[1]} {first[0]:.3f}, without a network "
            f"{other[1]} {other[0]:.3f}."
        )


if __name__ == "__main__":
    main()
