"""`make bench`: the table of speeds, and the one of outliers found."""

from pathlib import Path

import click

from benchmarks import outliers, training_speed
from benchmarks.table import markdown
from core import datasets


@click.command()
@click.option("--rounds", default=5, help="How often each way is measured.")
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder with MNIST.")
def main(rounds: int, data_root: Path | None) -> None:
    """Measure ours, the baseline and the limit in turn, and print one table: medians and spread."""
    click.echo(markdown(training_speed.rows(rounds)))
    if any(info.id == "mnist" and info.available for info in datasets.catalogue(data_root)):
        click.echo("\nDigits 5 and 9 found by a model that has never seen them:\n")
        outliers.table(data_root)
    else:
        click.echo("\nOutliers were not measured: MNIST is not here.")


if __name__ == "__main__":
    main()
