"""Pictures of more points than a browser draws: every colour where its points are."""

import numpy as np
import pytest

from pages.ui.figures import density, theme
from pages.ui.figures.colouring import Groups, Scale, rgb
from pages.ui.figures.scatter import MapStyle, Points

N = 4_000
RNG = np.random.default_rng(0)
OF = np.repeat([0, 1], N // 2)
XY = (RNG.normal(0, 0.3, (N, 2)) + np.where(OF[:, None] == 0, -2, 2)).astype(np.float32)
POINTS = Points(XY, np.array([f"i{i}" for i in range(N)]), np.zeros(N, bool), "other")
GROUPS = Groups("class", ("left", "right"), OF)
VIEW = density.extent_of(XY)


def test_extent_holds_all_points_with_air_around_them() -> None:
    (x0, x1), (y0, y1) = VIEW
    assert x0 < XY[:, 0].min() <= XY[:, 0].max() < x1
    assert y0 < XY[:, 1].min() <= XY[:, 1].max() < y1
    (a, b), _ = density.extent_of(np.zeros((3, 2), np.float32))
    assert a < 0 < b


def test_picture_has_each_class_colour_where_it_is_and_nothing_where_nothing_is() -> None:
    seen, n = density.picture(POINTS, GROUPS, None, VIEW)
    assert n == N
    assert seen.shape == (density.HEIGHT, density.WIDTH, 4)
    left, right = rgb(Groups("", GROUPS.names, np.arange(2)))
    low, high = seen[density.HEIGHT // 2 :, : density.WIDTH // 2], seen[: density.HEIGHT // 2]
    np.testing.assert_array_equal(np.unique(low[low[..., 3] > 0][:, :3], axis=0), [left])
    high = high[:, density.WIDTH // 2 :]
    np.testing.assert_array_equal(np.unique(high[high[..., 3] > 0][:, :3], axis=0), [right])
    assert (seen[: density.HEIGHT // 3, : density.WIDTH // 3, 3] == 0).all()


def test_picture_of_a_part_counts_the_points_in_view_and_draws_them_larger() -> None:
    view = ((-2.05, -1.95), (-2.05, -1.95))
    seen, n = density.picture(POINTS, GROUPS, None, view)
    inside = (np.abs(XY + 2) < 0.05).all(axis=1).sum()
    assert n == inside
    side = density.CELLS[-1][1]
    assert 0 < (seen[..., 3] > 0).sum() <= n * side * side


def test_picture_with_a_selection_has_colour_only_there() -> None:
    seen, _ = density.picture(POINTS, GROUPS, OF == 0, VIEW)
    right = seen[: density.HEIGHT // 2, density.WIDTH // 2 :]
    drawn = right[right[..., 3] > 0]
    assert len(drawn)
    np.testing.assert_array_equal(
        np.unique(drawn[:, :3], axis=0), [list(bytes.fromhex(theme.FADED[1:]))]
    )
    assert drawn[:, 3].max() < 255


def test_picture_by_value_is_brighter_where_values_are_greater() -> None:
    seen, _ = density.picture(POINTS, Scale("error", OF.astype(float), "warm"), None, VIEW)
    parts = seen[density.HEIGHT // 2 :], seen[: density.HEIGHT // 2]
    low, high = (part[part[..., 3] > 0][:, :3].mean() for part in parts)
    assert high > low + 50


@pytest.mark.parametrize("colouring", [GROUPS, Scale("error", XY[:, 0], "warm")])
def test_figure_lies_on_its_view_and_its_legend_counts(colouring: Groups | Scale) -> None:
    seen, _ = density.picture(POINTS, colouring, None, VIEW)
    drawn = density.figure(POINTS, colouring, seen, VIEW, MapStyle(("a", "b")))
    image = drawn.layout.images[0]
    assert (image.x, image.x + image.sizex) == pytest.approx(VIEW[0])
    assert (image.y - image.sizey, image.y) == pytest.approx(VIEW[1])
    assert tuple(drawn.layout.xaxis.range) == VIEW[0]
    names = [trace.name for trace in drawn.data if trace.name]
    expected = ["left (2,000)", "right (2,000)"] if colouring is GROUPS else ["images (4,000)"]
    assert names == expected
