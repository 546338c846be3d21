"""Quality of the shipped models on held-out images, beside what must be reached.

`python -m benchmarks.quality --data-root DIR`. MNIST models are judged on the official 10,000 test
digits, shapes models on the 1,000 test shapes. Noise: N(0, 0.5), not clipped, seed 0.
"""

from dataclasses import dataclass

import click

from core import checkpoints
from core.data import catalogue
from core.inference import Autoencoder
from core.inference.evaluation import Evaluation, evaluate

SIGMA = 0.5


@dataclass(frozen=True)
class Target:
    """The largest mean error allowed: clean, or with noise of SIGMA."""

    mse: float
    noisy: bool = False


TARGETS = {
    "mnist-pca-2": Target(0.0557 * 1.01),
    "mnist-pca-32": Target(0.0168 * 1.01),
    "mnist-dense-2": Target(0.0345),
    "mnist-dense-32": Target(0.0046),
    "mnist-conv": Target(0.0012),
    "mnist-conv-32": Target(0.0033),
    "mnist-overcomplete": Target(0.0012),
    "mnist-denoising": Target(0.0105, noisy=True),
    "mnist-conv-denoising": Target(0.0095, noisy=True),
}


def line(name: str, found: Evaluation, parameters: int) -> str:
    """One row of the table."""
    noisy, target = found.sigma[0], TARGETS.get(name)
    reached = noisy.mse if target and target.noisy else found.mse
    verdict = "-"
    if target:
        verdict = f"{target.mse:.4f}{' noisy' if target.noisy else ''}: "
        verdict += "reached" if reached <= target.mse else "MISSED"
    return (
        f"| `{name}` | {parameters:,} | {found.mse:.5f} | {found.psnr:.1f} | {found.ssim:.3f} "
        f"| {noisy.mse:.4f} | {verdict} |"
    )


@click.command()
@click.option("--data-root", default=None, help="Folder with MNIST in torchvision's layout.")
def main(data_root: str | None) -> None:
    """Print the table."""
    click.echo(
        "| checkpoint | parameters | MSE | PSNR, dB | SSIM | MSE at sigma 0.5 | must reach |"
    )
    click.echo("|---|---|---|---|---|---|---|")
    for card in checkpoints.available():
        if card.shipped:
            images = catalogue.load(card.dataset, "test", data_root)
            found = evaluate(Autoencoder.load(card.name), images, (SIGMA,))
            click.echo(line(card.name, found, card.n_parameters))


if __name__ == "__main__":
    main()
