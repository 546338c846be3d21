"""Points counted in cells: every point in view once, in its own cell."""

import numpy as np

from core.latent.density import cells

RNG = np.random.default_rng(3)
XY = RNG.uniform(-1.2, 1.2, (500, 2)).astype(np.float32)
OF = RNG.integers(0, 3, 500)
VALUES = RNG.random(500)
VIEW = ((-1.0, 1.0), (-0.5, 1.0))
ROWS, COLUMNS = 6, 8


def members() -> dict[tuple[int, int], list[int]]:
    """The naive twin: row from the top and column -> points."""
    found: dict[tuple[int, int], list[int]] = {}
    (x0, x1), (y0, y1) = VIEW
    for i, (x, y) in enumerate(XY.astype(float)):
        if x0 <= x < x1 and y0 < y <= y1:
            column = int((x - x0) / (x1 - x0) * COLUMNS)
            row = int((y1 - y) / (y1 - y0) * ROWS)
            found.setdefault((row, column), []).append(i)
    return found


def test_counts_are_those_of_each_cell() -> None:
    counts = cells(XY, *VIEW, ROWS, COLUMNS).counts
    assert counts.sum() == sum(map(len, members().values()))
    for (row, column), inside in members().items():
        assert counts[row, column] == len(inside)


def test_means_are_those_of_each_cell_and_nan_where_it_is_empty() -> None:
    means = cells(XY, *VIEW, ROWS, COLUMNS).means(VALUES)
    assert np.isnan(means).sum() == ROWS * COLUMNS - len(members())
    for (row, column), inside in members().items():
        np.testing.assert_allclose(means[row, column], VALUES[inside].mean())


def test_values_that_are_not_known_do_not_count_in_a_mean() -> None:
    values = np.where(OF == 1, np.nan, VALUES)
    means = cells(XY, *VIEW, ROWS, COLUMNS).means(values)
    for (row, column), inside in members().items():
        known = [values[i] for i in inside if OF[i] != 1]
        expected = np.mean(known) if known else np.nan
        np.testing.assert_allclose(means[row, column], expected)


def test_cells_of_some_points_count_only_those() -> None:
    found = cells(XY, *VIEW, ROWS, COLUMNS)
    chosen, others = found.among(OF == 1), found.among(OF != 1)
    np.testing.assert_array_equal(chosen.counts + others.counts, found.counts)
    for (row, column), inside in members().items():
        assert chosen.counts[row, column] == (OF[inside] == 1).sum()
