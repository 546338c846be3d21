"""Points in regions: exact at the edges, equal to looking at one point after the other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.latent.density import in_box, in_polygon, nearest_within

coordinate = st.integers(-4, 4).map(lambda n: n / 2)
corners = st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=9)


def inside(x: float, y: float, polygon: list[tuple[float, float]]) -> bool:
    """The naive twin: count the edges that a ray to the right crosses."""
    crossed = 0
    for (ax, ay), (bx, by) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if (ay > y) != (by > y) and x < ax + (y - ay) * ((bx - ax) / (by - ay)):
            crossed += 1
    return crossed % 2 == 1


@given(corners)
def test_points_in_a_polygon_are_those_whose_ray_crosses_it_an_odd_number_of_times(
    polygon: list[tuple[float, float]],
) -> None:
    grid = np.stack(np.meshgrid(np.arange(-9, 10) / 4, np.arange(-9, 10) / 4), axis=-1)
    xy = grid.reshape(-1, 2)
    found = in_polygon(xy, np.array(polygon))
    expected = [i for i, (x, y) in enumerate(xy) if inside(x, y, polygon)]
    assert found.tolist() == expected


def test_polygon_with_an_area_holds_its_share_of_even_points() -> None:
    xy = np.random.default_rng(0).random((100_000, 2)).astype(np.float32)
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    circle = 0.5 + 0.3 * np.column_stack([np.cos(angles), np.sin(angles)])
    assert len(in_polygon(xy, circle)) == pytest.approx(np.pi * 0.09 * 1e5, rel=0.02)


def test_box_drawn_in_any_direction_holds_its_edges() -> None:
    xy = np.array([[0, 0], [1, 1], [2, 2], [3, 0]])
    assert in_box(xy, (2, 0), (1, 0)).tolist() == [0, 1]


def test_nearest_is_measured_in_the_radius_and_none_outside_it() -> None:
    xy = np.array([[0.0, 0.0], [0.0, 5.0], [3.0, 0.0]])
    assert nearest_within(xy, (0.0, 3.0), (1.0, 10.0)) == 1
    assert nearest_within(xy, (2.5, 0.0), (1.0, 1.0)) == 2
    assert nearest_within(xy, (1.5, 0.0), (1.0, 1.0)) is None
    assert nearest_within(xy, (0.8, 0.8), (1.0, 1.0)) is None  # in the box, not in the circle
