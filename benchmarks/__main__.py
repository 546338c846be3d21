"""`make bench`: one table of speeds.

A module of benchmarks measures; its function `rows(rounds)` gives the rows, in MEASURES it is asked
for. What cannot be measured here raises HourglassError, or ImportError, with the reason.
"""

import importlib
import os
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks.table import Row, markdown
from benchmarks.timing import Load
from core.config import HourglassError

MEASURES = {  # name -> module with rows(rounds) -> Sequence[Row]
    "training": "benchmarks.training_speed",
    "looking": "benchmarks.looking_speed",
    "reruns": "benchmarks.reruns",
    "scoring": "benchmarks.scoring",
    "map": "benchmarks.map_speed",
    "runner": "benchmarks.runner_speed",
}


@click.command()
@click.option("--rounds", default=3, help="How often each way is measured.")
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder with MNIST.")
@click.option("--only", type=click.Choice(list(MEASURES)), multiple=True, help="Nothing else.")
def main(rounds: int, data_root: Path | None, only: tuple[str, ...]) -> None:
    """Measure ours, the baseline and the limit in turn, and print one table: medians and spread."""
    if data_root:
        os.environ["HOURGLASS_DATA_ROOT"] = str(data_root)
    load = Load()
    rows, left_out = measured(only or tuple(MEASURES), rounds)
    click.echo(markdown(rows))
    for reason in left_out:
        click.echo(f"\nNot measured: {reason}")
    click.echo(f"\n{load}, {rounds} rounds.")


def measured(names: Sequence[str], rounds: int) -> tuple[list[Row], list[str]]:
    """The rows of these measures, and why some of them could not be had."""
    rows: list[Row] = []
    left_out = []
    for name in names:
        click.echo(f"measuring {name} ...", err=True)
        try:
            rows += importlib.import_module(MEASURES[name]).rows(rounds)
        except (HourglassError, ImportError) as error:
            left_out.append(f"{name}: {error}")
    return rows, left_out


if __name__ == "__main__":
    main()
