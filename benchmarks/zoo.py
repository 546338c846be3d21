"""The shipped models trained again.

`python -m benchmarks.zoo --data-root DIR` (DIR holds MNIST in torchvision's layout). The MNIST
models learn from the 60,000 training digits minus the 1,000 that are mnist-5k's test split, and are
judged on the official 10,000. All seeds are fixed. Recipes were chosen on the last epochs' error of
held-out digits; with one thread on a 2-core machine the whole zoo takes about an hour. A model that
is there is kept unless --force. `--rewrite` trains nothing: it writes the models that are there
in the newest format of checkpoints, with the same weights, and with the digests of the images they
were trained on if they hold none and these images are here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import load_file
from tqdm import tqdm

from core import checkpoints
from core.checkpoints import Card
from core.config import DataError, shipped_checkpoints_dir
from core.data import catalogue
from core.images import digests
from core.images.imagesets import ImageSet
from core.noise import Noise
from core.training.config import TrainConfig
from core.training.events import EpochDone, Finished, Started, StepDone
from core.training.trainer import train

SIGMA_HALF = Noise(sigma=0.5)
OVERCOMPLETE: dict[str, Any] = {
    "latent_dim": 2 * 784,
    "widths": [],
    "activation": "relu",
    "code_activation": True,
}
PLANE: dict[str, Any] = {
    "latent_dim": 2,
    "widths": [512, 256, 128],
    "activation": "gelu",
    "batch_norm": False,
}
LINEAR: dict[str, Any] = {"latent_dim": 32, "widths": [], "bounded": False}


@dataclass(frozen=True)
class Shipped:
    """A shipped model: its name and how it is trained."""

    name: str
    config: TrainConfig


def _mnist(name: str, arch: str, options: dict[str, Any], epochs: int = 1, **more: Any) -> Shipped:
    return Shipped(f"mnist-{name}", TrainConfig("mnist", arch, options, epochs=epochs, **more))


def _shapes(name: str, arch: str, options: dict[str, Any], epochs: int = 1, **more: Any) -> Shipped:
    return Shipped(f"shapes-{name}", TrainConfig("shapes", arch, options, epochs=epochs, **more))


ZOO: tuple[Shipped, ...] = (
    _mnist("pca-2", "pca", {"latent_dim": 2}),
    _mnist("pca-8", "pca", {"latent_dim": 8}),
    _mnist("pca-32", "pca", {"latent_dim": 32}),
    _shapes("pca-32", "pca", {"latent_dim": 32}),
    _mnist("dense-2", "dense", PLANE, 30, half=True),
    _mnist("dense-8", "dense", {"latent_dim": 8, "widths": [80, 40]}, 20, half=True),
    _mnist("dense-32", "dense", {"latent_dim": 32}, 20, half=True),
    _mnist("linear-32", "dense", LINEAR, 10),
    _mnist("overcomplete", "dense", OVERCOMPLETE, 10, half=True),
    _mnist("overcomplete-linear", "dense", OVERCOMPLETE | {"bounded": False}, 10, half=True),
    _mnist("denoising", "dense", OVERCOMPLETE, 20, half=True, noise=SIGMA_HALF),
    _mnist("vae-2", "vae", PLANE, 20, half=True),
    _mnist("conv", "conv", {}, 16),
    _mnist("conv-32", "conv", {"latent_dim": 32}, 10),
    _mnist("conv-denoising", "conv", {}, 8, noise=SIGMA_HALF),
    _mnist(
        "conv-32-no-5-9",
        "conv",
        {"latent_dim": 32},
        6,
        noise=SIGMA_HALF,
        exclude_classes=("5", "9"),
    ),
    _shapes("conv", "conv", {}, 20),
)


@click.command()
@click.option("--data-root", default=None, help="Folder with MNIST in torchvision's layout.")
@click.option("--only", multiple=True, help="Train this model only (may be given again).")
@click.option("--force", is_flag=True, help="Train models that are there already, too.")
@click.option("--threads", default=1, help="More than one pays on idle cores only.")
@click.option("--rewrite", is_flag=True, help="Only write the models there are in today's format.")
def main(
    data_root: str | None, only: tuple[str, ...], force: bool, threads: int, rewrite: bool
) -> None:
    """Train the shipped models; each is kept in checkpoints/ as soon as it is done."""
    torch.set_num_threads(threads)
    for shipped in ZOO:
        path = shipped_checkpoints_dir() / f"{shipped.name}{checkpoints.SUFFIX}"
        if rewrite:
            _rewrite(path, shipped, data_root)
        elif shipped.name in only or (not only and (force or not path.exists())):
            _train(shipped, path, data_root)


def _rewrite(path: Path, shipped: Shipped, data_root: str | None) -> None:
    """Write a model again, with an equal document and bitwise equal weights."""
    found, stored = checkpoints.read(path), load_file(path)
    weights = {name: tensor for name, tensor in stored.items() if name in found.tensors}
    seen = found.training_digests
    if seen is None:
        seen = _training_digests(found.card, shipped, data_root)
    checkpoints.save(path, found.card.document, weights, seen)
    again = load_file(path)
    for name, tensor in weights.items():
        assert (tensor.dtype, tensor.tobytes()) == (again[name].dtype, again[name].tobytes())


def _training_digests(
    card: Card, shipped: Shipped, data_root: str | None
) -> npt.NDArray[np.uint8] | None:
    """Those of the images that the model was trained on; None if they are not here.

    A model whose number of images is that of today's training images was trained on these, one of
    an earlier version on the calibration images, too.
    """
    config, n = shipped.config, card.document.training.n_images

    def load(name: str, split: str) -> ImageSet:
        return catalogue.load(name, split, data_root)

    try:
        whole = catalogue.ever_trained_on(config.dataset, load)
    except DataError as error:
        click.echo(f"{card.name}: no digests of its training images. {error}", err=True)
        return None
    today = catalogue.for_training(whole, load)
    for images in (today, whole):
        left = images.without_classes(config.exclude_classes)
        if len(left) == n:
            return digests.of(left.images)
    raise DataError(f"{card.name} was trained on {n:,} images, which are not those here.")


def _train(shipped: Shipped, path: Path, data_root: str | None) -> None:
    config = shipped.config
    train_set = catalogue.training_images(config.dataset, config.exclude_classes, data_root)
    test_set = catalogue.load(config.dataset, "test", data_root)
    with tqdm(desc=shipped.name, unit="step") as bar:
        for event in train(config, train_set, test_set, path):
            if isinstance(event, Started):
                bar.reset(event.steps_per_epoch * event.epochs)
            elif isinstance(event, StepDone):
                bar.update()
            elif isinstance(event, EpochDone):
                bar.set_postfix(test_mse=f"{event.record.test_mse:.5f}")
            elif isinstance(event, Finished):
                found = event.checkpoint.card.metrics
                tqdm.write(f"{shipped.name}: MSE {found['mse']:.5f} on {found['n']:,} test images")


if __name__ == "__main__":
    main()
