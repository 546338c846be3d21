"""`train`: one model from the event stream of core.training."""

import os
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from core.cli import options
from core.cli.settings import arch_options
from core.models import BY_NAME, architecture
from core.noise import KINDS, Kind, Noise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.checkpoints import Card
    from core.documents import EpochRecord
    from core.events import Event


@click.command(cls=options.Command, short_help="Train a model.")
@click.option("--dataset", required=True, help="ID, folder or zip; see `datasets`.")
@click.option("--arch", required=True, type=click.Choice(tuple(BY_NAME)), help="See `archs`.")
@click.option("--latent-dim", type=int, help="D', the count of numbers in the code.")
@click.option(
    "--option",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    help="An option of the architecture, e.g. widths=512,256 or batch_norm=false; see `archs`.",
)
@click.option(
    "--noise-std",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Noise put on the input while the target stays clean; 0 = none.",
)
@click.option(
    "--noise-kind", type=click.Choice(KINDS), default="gaussian", show_default=True, help="Noise."
)
@click.option("--noise-clip", is_flag=True, help="Cut noisy pixels to [0, 1], as a camera would.")
@click.option("--epochs", type=int, default=10, show_default=True, help="Passes over the images.")
@click.option("--batch-size", type=int, default=128, show_default=True, help="Images a step.")
@click.option(
    "--lr",
    "learning_rate",
    type=float,
    help="Peak learning rate.  [default: the architecture's recipe]",
)
@click.option(
    "--exclude-class",
    "exclude_classes",
    multiple=True,
    metavar="CLASS",
    help="Leave this class out of training; give several to leave out more.",
)
@options.seed
@click.option("--name", help="Name of the checkpoint.  [default: data set, architecture and time]")
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Where to compute.",
)
@click.option(
    "--threads", type=click.IntRange(1, 256), help="CPU threads.  [default: all cores but one]"
)
@options.data_root
@options.as_json
def train(
    latent_dim: int | None,
    settings: tuple[str, ...],
    noise_std: float,
    noise_kind: Kind,
    noise_clip: bool,
    name: str | None,
    threads: int | None,
    as_json: bool,
    **config: Any,
) -> None:
    """Train an autoencoder and keep it as checkpoints/local/NAME.safetensors.

    A checkpoint of yours with that name is replaced when the new one is complete. Ctrl-C ends the
    training and keeps nothing.
    """
    from core import checkpoints, datasets, recipes, training

    data_root = config.pop("data_root")
    config["dataset"] = options.source_id(config["dataset"])
    config["options"] = arch_options(architecture(config["arch"]), settings, latent_dim)
    config["noise"] = Noise(noise_kind, noise_std, clip=noise_clip) if noise_std else Noise()
    wanted = recipes.TrainConfig(**config)
    path = checkpoints.local_path(name or default_name(wanted.dataset, wanted.arch))
    _set_threads(threads)
    with options.progress("load") as tell:
        train_set = datasets.training_images(
            wanted.dataset, wanted.exclude_classes, data_root, tell
        )
        test_set = datasets.load(wanted.dataset, "test", data_root, tell)
    options.tell_rejected(train_set)
    card = follow(training.train(wanted, train_set, test_set, path))
    m = card.metrics
    line = (
        f"{card.name}: {card.title}; mse {m['mse']:.6f}, psnr {m['psnr']:.2f} dB, "
        f"ssim {m['ssim']:.4f} on {m['n']:,} test images after {card.seconds:.0f} s; kept in {path}"
    )
    result = {"checkpoint": card.name, "path": path, "epochs": card.epochs, "seconds": card.seconds}
    options.show(result | m, [line], as_json)


def default_name(dataset: str, arch: str) -> str:
    """A name that says what was trained when, e.g. "mnist-5k-dense-20260131-174502"."""
    stem = re.sub(r"[^a-z0-9]+", "-", Path(dataset).name.lower()).strip("-")[:30] or "images"
    return f"{stem}-{arch}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"


def follow(events: "Iterable[Event]") -> "Card":
    """Show a training on stderr, a bar and a line an epoch, and return the card it ends with."""
    from core.events import EpochDone, Finished, Started, StepDone

    bar = options.bar("train")
    card = None
    for event in events:
        match event:
            case Started():
                bar.reset(total=event.steps_per_epoch * event.epochs)
            case StepDone():
                bar.update()
            case EpochDone():
                tqdm.write(_line(event.record), file=sys.stderr)
            case Finished():
                card = event.checkpoint.card
    bar.close()
    assert card is not None
    return card


def _line(record: "EpochRecord") -> str:
    return (
        f"epoch {record.epoch}: loss {record.train_loss:.5f}, test mse {record.test_mse:.5f}, "
        f"{record.images_per_second:,.0f} images/s"
    )


def _set_threads(n: int | None) -> None:
    """One core stays free: small networks get many times slower when their threads have to wait."""
    import torch

    torch.set_num_threads(n or max(1, (os.cpu_count() or 1) - 1))
