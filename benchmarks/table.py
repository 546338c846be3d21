"""One row a claim: ours against a named baseline in the same run, and against the limit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Row:
    """Rates measured in turn, round by round, so that a drifting machine moves all alike.

    ours, baseline, limit: (rounds,) images per second; limit may be empty where there is none.
    """

    what: str
    ours: Sequence[float]
    baseline_name: str
    baseline: Sequence[float]
    limit_name: str = ""
    limit: Sequence[float] = ()

    def ratios(self) -> list[float]:
        """Ours over the baseline, round by round."""
        return [a / b for a, b in zip(self.ours, self.baseline, strict=True)]

    def shares(self) -> list[float]:
        """Ours over the limit, round by round."""
        return [a / b for a, b in zip(self.ours, self.limit, strict=True)] if self.limit else []


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a table: medians, with the smallest and largest ratio in brackets."""
    lines = [
        "| what | ours | baseline | ratio | limit | share of the limit |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        limit = f"{np.median(row.limit):,.0f} ({row.limit_name})" if row.limit else "-"
        lines.append(
            f"| {row.what} | {np.median(row.ours):,.0f} "
            f"| {np.median(row.baseline):,.0f} ({row.baseline_name}) "
            f"| {_spread(row.ratios(), 'x')} | {limit} | {_spread(row.shares(), '')} |"
        )
    return "\n".join(lines)


def _spread(values: Sequence[float], unit: str) -> str:
    if not values:
        return "-"
    return f"{np.median(values):.2f}{unit} ({min(values):.2f} to {max(values):.2f})"
