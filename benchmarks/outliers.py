"""Finding digits that a model has never seen: our scores beside scikit-learn's.

`OMP_NUM_THREADS=1 python -m benchmarks.outliers --data-root DIR` (one thread each). Trained without
digits 5 and 9, judged on all 10,000 official test digits, of which 5 and 9 are the outliers; ours
and scikit-learn's are fitted on the same training images in the same run.
Seconds to fit are without the training of the network itself, which the last line gives.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import click
import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors

from benchmarks.timing import seconds_of
from core.anomaly import judging, rankings, scores
from core.anomaly.judging import References
from core.anomaly.rankings import Truth
from core.anomaly.references import reference_images
from core.data import catalogue
from core.images.imagesets import ImageSet
from core.inference import Autoencoder

CHECKPOINT = "mnist-conv-32-no-5-9"
TARGET = 0.92
K, WIDTH, SIZE = 10, 50, 32  # neighbours; components before them; of the linear autoencoder
Pixels = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
Fit = Callable[[Pixels], Callable[[Pixels], Scores]]


@dataclass(frozen=True)
class Row:
    """One way to find outliers.  fit, score: seconds."""

    name: str
    auroc: float
    average_precision: float
    fit: float
    score: float

    def markdown(self) -> str:
        return (
            f"| {self.name} | {self.auroc:.3f} | {self.average_precision:.3f} "
            f"| {self.fit:.1f} | {self.score:.1f} |"
        )


def ours(model: Autoencoder, known: ImageSet, images: ImageSet, truth: Truth) -> Iterator[Row]:
    """A row a score; what is fitted for several is counted for each of them."""
    references = References(model, known)
    fits = {
        "codes": seconds_of(lambda: references.spaces.codes),
        "pixels": seconds_of(lambda: references.spaces.pixels),
    }
    usual = seconds_of(lambda: references.distribution("combined"))
    judged = references.judge(images)
    for spec in scores.SCORES:
        found = judging.ranked(judged, spec.name, truth)
        fit = sum(seconds for space, seconds in fits.items() if _needs(spec, space))
        fit += usual if spec.parts else 0
        yield Row(spec.title, found.auroc, found.average_precision, fit, found.seconds)


def theirs(known: ImageSet, images: ImageSet, truth: Truth, slow: bool) -> Iterator[Row]:
    """scikit-learn's, on 50 principal components; if slow, on all pixels too, for minutes."""
    train, test = _flat(known), _flat(images)
    ways: dict[str, Fit] = {
        f"scikit-learn: PCA reconstruction, {SIZE} components": linear,
        "scikit-learn: Isolation Forest": forest,
        f"scikit-learn: PCA-{WIDTH}, then k-NN": _after_pca(nearest),
        f"scikit-learn: PCA-{WIDTH}, then LOF": _after_pca(factor),
    }
    if slow:
        ways |= {"scikit-learn: k-NN": nearest, "scikit-learn: LOF": factor}
    for name, way in ways.items():
        began = time.perf_counter()
        score = way(train)
        fitted = time.perf_counter()
        curves = rankings.curves(score(test), truth)
        took = time.perf_counter() - fitted
        yield Row(name, curves.auroc, curves.average_precision, fitted - began, took)


def linear(train: Pixels) -> Callable[[Pixels], Scores]:
    """The error of a PCA's reconstruction."""
    pca = PCA(SIZE, random_state=0).fit(train)
    return lambda x: np.square(x - pca.inverse_transform(pca.transform(x))).mean(axis=1)


def forest(train: Pixels) -> Callable[[Pixels], Scores]:
    """Isolation Forest at its defaults."""
    fitted = IsolationForest(random_state=0).fit(train)
    return lambda x: -fitted.score_samples(x)


def nearest(train: Pixels) -> Callable[[Pixels], Scores]:
    """Mean distance to the ten nearest."""
    fitted = NearestNeighbors(n_neighbors=K, algorithm="brute").fit(train)
    return lambda x: fitted.kneighbors(x)[0].mean(axis=1)


def factor(train: Pixels) -> Callable[[Pixels], Scores]:
    """Local outlier factor at its defaults, which are 20 neighbours."""
    fitted = LocalOutlierFactor(novelty=True, algorithm="brute").fit(train)
    return lambda x: -fitted.score_samples(x)


def _after_pca(way: Fit) -> Fit:
    def fit(train: Pixels) -> Callable[[Pixels], Scores]:
        pca = PCA(WIDTH, random_state=0).fit(train)
        score = way(pca.transform(train))
        return lambda x: score(pca.transform(x))

    return fit


def _needs(spec: scores.Score, space: str) -> bool:
    features = set(spec.needs).union(*(scores.BY_NAME[part].needs for part in spec.parts))
    return ("pixel_points" if space == "pixels" else "code_points") in features


@click.command()
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder with MNIST.")
@click.option("--checkpoint", default=CHECKPOINT, show_default=True, help="Which model of ours.")
@click.option("--slow/--no-slow", default=True, help="k-NN and LOF on all pixels take minutes.")
def main(data_root: Path | None, checkpoint: str, slow: bool) -> None:
    """Print the table."""
    table(data_root, checkpoint, slow)


def table(data_root: Path | None, checkpoint: str = CHECKPOINT, slow: bool = True) -> None:
    """Print a row as soon as it is there."""
    model = Autoencoder.load(checkpoint)
    images = catalogue.load("mnist", "test", data_root)
    known = reference_images(model.card, images, data_root)
    names = [images.class_names.index(name) for name in model.card.excluded_classes]
    truth = np.isin(np.asarray(images.labels), names)
    model.encode(images.pixels(slice(0, 100)))  # warm up
    click.echo("| | AUROC | average precision | s to fit | s to score 10,000 |")
    click.echo("|---|---|---|---|---|")
    best = 0.0
    with TemporaryDirectory() as empty, mock.patch.dict("os.environ", HOURGLASS_HOME=empty):
        for row in ours(model, known, images, truth):
            click.echo(row.markdown())
            best = max(best, row.auroc)
    for row in theirs(known, images, truth, slow):
        click.echo(row.markdown())
    verdict = "reached" if best >= TARGET else "MISSED"
    click.echo(f"\nMust reach {TARGET}: {verdict} with {best:.3f}.")
    card = model.card
    click.echo(f"The network: {card.title}; {card.epochs} epochs took {card.seconds:.0f} s.")


def _flat(images: ImageSet) -> Pixels:
    return images.pixels().reshape(len(images), -1)


if __name__ == "__main__":
    main()
