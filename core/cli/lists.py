"""`archs`, `checkpoints`: lists of architectures and of trained models."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
import msgspec

from core.cli import options, output
from core.models import ARCHITECTURES
from core.noise import KINDS, Noise

if TYPE_CHECKING:
    from core.checkpoints import Card


@click.command(cls=options.Command, short_help="List the architectures and their options.")
@options.as_json
def archs(as_json: bool) -> None:
    """List the architectures and the options that `train --option` takes, with their bounds."""
    lines = []
    described = []
    for spec in ARCHITECTURES:
        lines += [f"{spec.name}: {spec.title}. {spec.explanation}"]
        lines += [
            f"    {o.name} = {_written(o.default)}: {o.explanation} ({o.bounds()})"
            for o in spec.options
        ]
        described.append(
            {
                "name": spec.name,
                "title": spec.title,
                "explanation": spec.explanation,
                "closed_form": spec.closed_form,
                "options": [asdict(option) for option in spec.options],
            }
        )
    output.show({"architectures": described}, lines, as_json)


@click.command(cls=options.Command, short_help="List the trained models.")
@options.as_json
def checkpoints(as_json: bool) -> None:
    """List the models included with Hourglass, then your own. MSE is on their own test images,
    measured by Hourglass, or stated by the author of a model from elsewhere.
    """
    from core import checkpoints as store
    from core.checkpoints import trained_on

    cards, broken = store.available(), store.broken()
    rows = [
        (
            c.name,
            c.dataset_title,
            c.latent_dim,
            noise_words(c.noise),
            str(c.document.training.seed),
            f"{c.document.training.learning_rate:g}" if c.document.training.learning_rate else "-",
            c.n_parameters,
            c.metrics["mse"],
            c.metrics["n"],
            "Hourglass" if trained_on.is_measured_here(c) else "its author",
            c.title + c.mark,
        )
        for c in cards
    ]
    header = (
        "NAME",
        "TRAINED ON",
        "D'",
        "NOISE",
        "SEED",
        "LR",
        "PARAMETERS",
        "MSE",
        "IMAGES",
        "MEASURED BY",
        "TITLE",
    )
    lines = output.table(header, rows)
    result = {"checkpoints": [_described(card) for card in cards], "broken": broken}
    output.show(result, [*lines, *broken], as_json)


def _described(card: "Card") -> dict[str, Any]:
    from core.checkpoints import trained_on

    return {
        "name": card.name,
        "title": card.title,
        "path": card.path,
        "shipped": card.shipped,
        "arch": card.architecture.name,
        "architecture": card.architecture.name,  # the older name
        "options": card.options,
        "input_shape": card.input_shape,
        "latent_dim": card.latent_dim,
        "n_parameters": card.n_parameters,
        "dataset": card.dataset,
        "excluded_classes": card.excluded_classes,
        "noise": noise_record(card.noise),
        "seed": card.document.training.seed,
        "batch_size": card.document.training.batch_size,
        "learning_rate": card.document.training.learning_rate or None,
        "n_train": card.document.training.n_images,
        "epochs": card.epochs,
        "seconds": card.seconds,
        "metrics": card.metrics,
        "metrics_measured_here": trained_on.is_measured_here(card),
        "health": msgspec.structs.asdict(card.health) if card.health else None,
        "warning": card.warning or None,
        "versions": card.document.versions,
        "sha256": card.sha256,
    }


def _written(default: Any) -> str:
    """A default in the syntax of `--option name=value`."""
    if isinstance(default, bool):
        return str(default).lower()
    return ",".join(map(str, default)) if isinstance(default, list) else str(default)


def noise_words(noise: Noise) -> str:
    """The noise of a training in a list: "masking 0.3"; "-" for none."""
    if not noise:
        return "-"
    mean = f", mean {noise.mu:g}" if noise.mu else ""
    return f"{KINDS[noise.kind].title} {noise.sigma:g}{mean}{', clipped' if noise.clip else ''}"


def noise_record(noise: Noise) -> dict[str, Any] | None:
    """The noise of a training in JSON, by the names of today and the older ones; None for none."""
    if not noise:
        return None
    names = {"std": noise.sigma, "mean": noise.mu}
    return {**asdict(noise), **names}
