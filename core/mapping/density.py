"""Points counted in the cells of a grid: what is drawn of more points than can be told apart."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from core.mapping.regions import Index, Places, Range

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """Where points fall on a grid of rows x columns over a view, the first row at the top.

    at: (m,) the cell of each point that is in view, counted row by row.  which: (m,) where those
    points stand among all.
    """

    rows: int
    columns: int
    at: Index
    which: Index

    @cached_property
    def counts(self) -> Counts:
        """How many points each cell has: (rows, columns)."""
        found = np.bincount(self.at, minlength=self.rows * self.columns)
        return found.reshape(self.rows, self.columns)

    def means(self, values: npt.NDArray[np.number]) -> npt.NDArray[np.float64]:
        """The mean value in each cell, nan in an empty one: (rows, columns).

        values: one of each point, those out of view included; nan where it is not known, which
        counts for nothing.
        """
        seen, known = values[self.which], self
        if np.isnan(seen).any():
            known = self.among(~np.isnan(values))
            seen = values[known.which]
        sums = np.bincount(known.at, seen, self.rows * self.columns)
        with np.errstate(invalid="ignore"):
            return np.asarray(sums.reshape(known.counts.shape) / known.counts)

    def among(self, chosen: npt.NDArray[np.bool_]) -> "Cells":
        """The same of some of the points.  chosen: (n,), for all points, those out of view too."""
        kept = chosen[self.which]
        return Cells(self.rows, self.columns, self.at[kept], self.which[kept])


def cells(xy: Places, x: Range, y: Range, rows: int, columns: int) -> Cells:
    """The grid over a view of points (n, 2).  x, y: the ends of the view, the lower first."""
    column = np.floor((xy[:, 0] - x[0]) * (columns / (x[1] - x[0])))
    row = np.floor((y[1] - xy[:, 1]) * (rows / (y[1] - y[0])))
    seen = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    which = np.flatnonzero(seen)
    at = row[which].astype(np.int64) * columns + column[which].astype(np.int64)
    return Cells(rows, columns, at, which)
