"""`make bench`: the table of speeds."""

import click

from benchmarks import training_speed
from benchmarks.table import markdown


@click.command()
@click.option("--rounds", default=5, help="How often each way is measured.")
def main(rounds: int) -> None:
    """Measure ours, the baseline and the limit in turn, and print one table: medians and spread."""
    click.echo(markdown(training_speed.rows(rounds)))


if __name__ == "__main__":
    main()
