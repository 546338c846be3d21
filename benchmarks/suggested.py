"""What the settings that are suggested for a person's images make of few and of many images.

`python -m benchmarks.suggested` trains networks on some of the images of the sets that ship, with a
quarter of the epochs, as suggested, and with four times as many. It prints the error on the test
images beside that of PCA with the same D', which is suggested for few images instead, and of the
mean training image.
"""

from collections.abc import Iterator
from dataclasses import replace

import click
import numpy as np

from core.checkpoints.document import HealthRecord
from core.data import catalogue
from core.images.imagesets import ImageSet
from core.training.config import TrainConfig, network
from core.training.events import Finished
from core.training.trainer import train

SETS = ("mnist-5k", "shapes")
COUNTS = (30, 100, 300, 1_000)
TIMES = (0.25, 1, 4)  # as many epochs as suggested
N_TESTED = 300


def measured(dataset: str, n: int, times: float) -> tuple[TrainConfig, HealthRecord]:
    """The training, and what became of it.  n: training images."""
    images, test = catalogue.load(dataset, "train"), catalogue.load(dataset, "test")
    chosen = _some(images, n)
    config = network(dataset, chosen.shape, n)
    config = replace(config, epochs=max(1, round(times * config.epochs)))
    *_, last = train(config, chosen, _some(test, N_TESTED))
    assert isinstance(last, Finished)
    health = last.checkpoint.card.health
    assert health is not None
    return config, health


def _some(images: ImageSet, n: int) -> ImageSet:
    order = np.random.default_rng(0).permutation(len(images))
    return images.take(np.sort(order[:n]))


def _lines(dataset: str, counts: tuple[int, ...], times: tuple[float, ...]) -> Iterator[str]:
    for n in counts:
        for factor in times:
            config, health = measured(dataset, n, factor)
            pca = "-" if health.pca_mse is None else f"{health.pca_mse:.4f}"
            yield (
                f"| {dataset} | {n:,} | {config.options['latent_dim']} | {config.epochs:,} "
                f"(x {factor:g}) | {health.mse:.4f} | {pca} | {health.mean_image_mse:.4f} |"
            )


@click.command()
@click.option("--dataset", "datasets", type=click.Choice(SETS), multiple=True, default=SETS)
@click.option("--n", "counts", type=int, multiple=True, default=COUNTS)
@click.option("--times", type=float, multiple=True, default=TIMES)
def main(datasets: tuple[str, ...], counts: tuple[int, ...], times: tuple[float, ...]) -> None:
    """Print a line a training."""
    click.echo("| images | to train | D' | epochs | MSE | PCA | mean image |\n" + "|---" * 7 + "|")
    for dataset in datasets:
        for line in _lines(dataset, counts, times):
            click.echo(line)


if __name__ == "__main__":
    main()
