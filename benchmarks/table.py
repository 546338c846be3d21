"""One row a claim: ours against a named baseline in the same run, and against the limit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import click
import numpy as np

COSTS = ("s", "ms", "MB")  # less is better; of a rate, more


@dataclass(frozen=True)
class Row:
    """What was measured in turn, round by round, so that a drifting machine moves all alike.

    ours, baseline, limit: (rounds,) in unit; baseline and limit may be empty where there is none.
    unit: "/s", or a cost.  limit: what cannot be passed, or (then limit_name says so) what must be
    reached.
    """

    what: str
    ours: Sequence[float]
    baseline_name: str = ""
    baseline: Sequence[float] = ()
    limit_name: str = ""
    limit: Sequence[float] = ()
    unit: Literal["/s", "s", "ms", "MB"] = "/s"

    def ratios(self) -> list[float]:
        """How many times as good as the baseline ours is, round by round."""
        return self._times_as_good(self.baseline)

    def shares(self) -> list[float]:
        """How near ours comes to the limit, round by round: 1 is there."""
        return self._times_as_good(self.limit)

    def _times_as_good(self, other: Sequence[float]) -> list[float]:
        pairs = zip(self.ours, other, strict=True) if other else ()
        return [b / a if self.unit in COSTS else a / b for a, b in pairs]


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a table: medians, with the smallest and largest in brackets."""
    lines = [
        "| what | ours | baseline | ratio | limit | share of the limit |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (
            row.what,
            _spread(row.ours, row.unit),
            _named(row.baseline, row.unit, row.baseline_name),
            _spread(row.ratios(), "x"),
            _named(row.limit, row.unit, row.limit_name),
            _spread(row.shares(), ""),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def printing(rows: Callable[[int], Sequence[Row]]) -> click.Command:
    """A command that measures so many rounds and prints the rows as a table."""

    @click.command()
    @click.option("--rounds", default=5, help="How often each way is measured.")
    def main(rounds: int) -> None:
        """Print the table."""
        click.echo(markdown(rows(rounds)))

    return main


def _named(values: Sequence[float], unit: str, name: str) -> str:
    return f"{_number(float(np.median(values)))} {unit} ({name})" if values else "-"


def _spread(values: Sequence[float], unit: str) -> str:
    if not values:
        return "-"
    middle, low, high = map(_number, (float(np.median(values)), min(values), max(values)))
    unit = f" {unit}" if unit not in ("", "x") else unit
    return f"{middle}{unit} ({low} to {high})" if len(values) > 1 else f"{middle}{unit}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
