"""The score that is taken by default on each set, beside the score that is best there in truth.

`python -m benchmarks.default_scores [--photographs A.zip] [--surfaces B.zip]`: the sets of
benchmarks/promise_sets.py, each digit alone, and each class of the photographs alone. Half of the
usual images choose the score with what is planted among them; the others are judged with the true
outliers, which nothing has seen before. A model is PCA where none ships.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import click
import numpy as np

from benchmarks.promise_sets import SIDE, Trial, joined, linear, one_digit, trials
from core.anomaly import choosing, rankings, references
from core.anomaly.choosing import FALLBACK
from core.anomaly.judging import References
from core.config import HourglassError
from core.data.own.folder import Choice, load_path

Made = Trial | str
N_DIGITS, CLASS_SIDE, N_OUTLIERS = 10, 32, 600  # digits; pixels of a photograph; outliers at most


def every(photographs: Path | None, surfaces: Path | None) -> Iterator[tuple[str, Made]]:
    """The sets by name: a trial, or why there is none."""
    yield from trials(None, photographs, surfaces)
    if surfaces is not None:
        yield "surfaces, own test part", surfaces_apart(surfaces)
    for digit in range(N_DIGITS):
        yield f"digit {digit} alone", one_digit(digit)
    if photographs is not None:
        yield from classes_alone(photographs)


def surfaces_apart(path: Path) -> Trial:
    """Known are the images of the folder train, judged those of the folder test."""
    images = load_path(f"zip:{path}", Choice("all", (SIDE, SIDE)))
    folders = np.array([one.rpartition("/")[0] for one in images.ids.tolist()])
    parts = [images.take(np.flatnonzero(folders == one)) for one in ("train/good", "test/good")]
    is_test = np.char.startswith(folders, "test/")
    outliers = images.take(np.flatnonzero(is_test & (folders != "test/good")))
    known = replace(parts[0], labels=None, class_names=())
    return Trial(linear(known), known, parts[1], outliers)


def classes_alone(path: Path) -> Iterator[tuple[str, Trial]]:
    """Of each class half is known, the rest is usual; the other classes are the outliers."""
    images = load_path(f"zip:{path}", Choice("all", (CLASS_SIDE, CLASS_SIDE)))
    labels = np.asarray(images.labels)
    for label, name in enumerate(images.class_names):
        rng = np.random.default_rng(label)
        own = rng.permutation(np.flatnonzero(labels == label))
        others = rng.permutation(np.flatnonzero(labels != label))[:N_OUTLIERS]
        half = len(own) // 2
        known, usual = (
            replace(images.take(np.sort(rows)), labels=None, class_names=())
            for rows in (own[:half], own[half:])
        )
        yield f"{name} alone", Trial(linear(known), known, usual, images.take(np.sort(others)))


def row(name: str, trial: Trial) -> tuple[str, float, float, float]:
    """A row of the table; the AUROC of the default, of FALLBACK and of the best score."""
    rows = np.arange(len(trial.usual))
    calibrating, judged = (trial.usual.take(rows[i::2]) for i in (0, 1))
    known = References(trial.model, trial.train, calibrating, kept=False)
    unseen = references.unseen_images(trial.model.card, trial.outliers)
    chosen = choosing.choice(known, unseen)
    assert chosen is not None
    both = joined([replace(one, masks=None) for one in (judged, trial.outliers)])
    truth = np.arange(len(both)) >= len(judged)
    found = known.judge(both)
    auroc = {one: rankings.curves(found.score(one), truth).auroc for one in chosen.auroc}
    best = max(auroc, key=auroc.__getitem__)
    line = (
        f"| {name} | {chosen.best} | {auroc[chosen.best]:.3f} | {auroc[FALLBACK]:.3f} "
        f"| {auroc['mse']:.3f} | {best} | {auroc[best]:.3f} |"
    )
    return line, auroc[chosen.best], auroc[FALLBACK], auroc[best]


@click.command()
@click.option("--photographs", type=click.Path(path_type=Path), help="Archive with classes.")
@click.option("--surfaces", type=click.Path(path_type=Path), help="Archive with good and defects.")
@click.option("--only", multiple=True, help="No other sets; by name.")
def main(photographs: Path | None, surfaces: Path | None, only: tuple[str, ...]) -> None:
    """Print a row a set, and the means."""
    tell: Callable[[str], None] = partial(click.echo)
    tell(f"| set | default | AUROC | {FALLBACK} | mse | best | AUROC |\n{'|---' * 7}|")
    values = []
    with TemporaryDirectory() as empty, mock.patch.dict("os.environ", HOURGLASS_HOME=empty):
        for name, trial in every(photographs, surfaces):
            if only and name not in only:
                continue
            if isinstance(trial, str):
                tell(f"| {name} | left out: {trial} |")
                continue
            try:
                line, *numbers = row(name, trial)
            except HourglassError as error:
                tell(f"| {name} | left out: {error} |")
                continue
            values.append(numbers)
            tell(line)
    if values:
        default, several, best = np.mean(values, axis=0)
        lost = np.array([one[2] - one[0] for one in values])
        tell(
            f"\nMean AUROC of the default {default:.3f}, of {FALLBACK} {several:.3f}, of the best "
            f"score of each set {best:.3f}; the default is at most {lost.max():.3f} below the best."
        )


if __name__ == "__main__":
    main()
