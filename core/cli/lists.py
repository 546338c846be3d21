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


@click.group(invoke_without_command=True, short_help="List, rename and delete trained models.")
@options.as_json
@click.pass_context
def checkpoints(context: click.Context, as_json: bool) -> None:
    """List the models included with Hourglass, then your own. MSE is on their own test images,
    measured by Hourglass, or stated by the author of a model from elsewhere.
    """
    from core import checkpoints as store
    from core.checkpoints import trained_on

    if context.invoked_subcommand is not None:
        return
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


@checkpoints.command(cls=options.Command)
@options.checkpoint
@options.as_json
def delete(checkpoint: str, as_json: bool) -> None:
    """Delete a model of yours for good, with what was computed with it; its runs stay."""
    from core import checkpoints as store
    from core.runs import removal

    card = store.load(checkpoint).card
    removal.delete_model(card)
    output.show({"deleted": card.name}, [f"{card.name}: deleted"], as_json)


@checkpoints.command(cls=options.Command)
@options.checkpoint
@click.argument("name")
@options.as_json
def rename(checkpoint: str, name: str, as_json: bool) -> None:
    """Give a model of yours another NAME, which no model has yet."""
    from core import checkpoints as store
    from core.inference import own_models

    card = store.load(checkpoint).card
    own_models.rename(card, name)
    output.show({"renamed": card.name, "name": name}, [f"{card.name}: now {name}"], as_json)


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
