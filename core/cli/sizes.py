"""`sizes`: test error against the size of the code; trains the models that are missing."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.cli import options, output

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from core.runs.series import Wanted

# As in core.robustness.sizes, which loads pandas.
FAMILIES, DEFAULT_FAMILIES = ("pca", "dense", "conv"), ("pca", "dense")
SIZES, LARGEST = (2, 4, 8, 16, 32, 64, 128), 1024


@click.command(cls=options.Command, short_help="Test error against D', training what is missing.")
@click.option("--dataset", default="mnist-5k", show_default=True, help="Data set to train on.")
@click.option(
    "--arch",
    "families",
    type=click.Choice(FAMILIES),
    multiple=True,
    default=DEFAULT_FAMILIES,
    help="Families of models; conv takes many times as long.  [default: pca dense]",
)
@click.option(
    "--latent-dim",
    "latent_dims",
    type=click.IntRange(1, LARGEST),
    multiple=True,
    default=SIZES,
    help="Code sizes D'; give several.  [default: 2 4 8 16 32 64 128]",
)
@click.option("--epochs", type=click.IntRange(1, 10_000), help="Of networks.  [default: by data]")
@click.option("--no-train", is_flag=True, help="Only list existing and missing models.")
@options.data_root
@options.as_json
def sizes(
    dataset: str,
    families: tuple[str, ...],
    latent_dims: tuple[int, ...],
    epochs: int | None,
    no_train: bool,
    data_root: Path | None,
    as_json: bool,
) -> None:
    """Compare models by the size D' of their code, and train those that are missing.

    GAIN is PCA's error divided by the model's, at the same D'. Ctrl-C keeps the models trained so
    far; the same command continues from there.
    """
    from core import checkpoints
    from core.data import catalogue
    from core.robustness import sizes as study

    name = options.source_id(dataset)
    wanted = study.missing(checkpoints.available(), name, families, latent_dims, epochs)
    if wanted and not no_train:
        catalogue.check_here(name, data_root)
        _train(wanted, data_root)
        wanted = study.missing(checkpoints.available(), name, families, latent_dims, epochs)
    found = study.table(study.study(checkpoints.available(), name))
    left = [one.name for one in wanted]
    result = {"dataset": name, "models": found.to_dict("records"), "missing": left}
    unmeasured = study.words_of_left_out(study.left_out(checkpoints.available(), name))
    output.show(result, [*_lines(found, left), *filter(None, [unmeasured])], as_json)


def _train(wanted: "Sequence[Wanted]", data_root: Path | None) -> None:
    """Train the models, with a line on stderr for each one that is done."""
    from core.runs import Run, series
    from core.training.events import EpochDone, Started, StepDone

    n_done = 0
    with output.bar("sizes") as bar:
        for event in series.train_each(wanted, data_root):
            match event:
                case Run():
                    n_done += not event.is_live
                    bar.set_description(f"{event.config.name} ({n_done + 1} of {len(wanted)})")
                    _tell(event)
                case Started():
                    bar.reset(total=event.steps_per_epoch * event.epochs)
                case StepDone():
                    bar.update((event.epoch - 1) * event.steps_per_epoch + event.step - bar.n)
                case EpochDone():
                    bar.set_postfix(mse=f"{event.record.test_mse:.5f}")


def _tell(run: Any) -> None:
    if not run.is_live:
        outcome = f"mse {run.status.mse:.6f}" if run.state == "finished" else run.status.reason
        click.echo(f"{run.config.name}: {run.state}; {outcome}".rstrip("; "), err=True)


def _lines(found: "pd.DataFrame", left: "Sequence[str]") -> list[str]:
    rows = [
        (row.family, row.latent_dim, row.mse, row.gain, row.n_parameters, row.seconds, row.name)
        for row in found.itertuples()
    ]
    header = ("FAMILY", "D'", "TEST MSE", "GAIN", "PARAMETERS", "SECONDS", "NAME")
    lines = output.table(header, rows)
    return [*lines, *(["", f"Missing: {', '.join(left)}."] if left else [])]
