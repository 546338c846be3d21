"""Walks through code space: where they begin, pass and end."""

import numpy as np
import pytest

from core import principal
from core.inference import Autoencoder
from core.latent import geometry, walks
from tests.core.models_for_tests import SHAPE, tiny_checkpoint


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    return Autoencoder(tiny_checkpoint("dense"))  # codes of 3 numbers


def codes(n: int = 50, k: int = 3) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((n, k)).astype(np.float32)


def test_straight_walk_takes_equal_steps_from_end_to_end() -> None:
    walk = walks.straight([0.0, 2.0], [4.0, 0.0], 5)
    assert walk.tolist() == [[0, 2], [1, 1.5], [2, 1], [3, 0.5], [4, 0]]


def test_spherical_walk_keeps_the_length_and_takes_equal_angles() -> None:
    walk = walks.spherical([2.0, 0.0], [0.0, 2.0], 3)
    np.testing.assert_allclose(walk, [[2, 0], [np.sqrt(2), np.sqrt(2)], [0, 2]], atol=1e-6)
    a, b = codes(2, 8)
    walk = walks.spherical(a, b, 9)
    np.testing.assert_allclose(walk[[0, -1]], [a, b], rtol=1e-4, atol=1e-6)
    unit = walks.spherical(a / np.linalg.norm(a), b / np.linalg.norm(b), 9)
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, rtol=1e-5)
    angles = np.arccos(np.clip(np.sum(unit[1:] * unit[:-1], axis=1), -1, 1))
    np.testing.assert_allclose(angles, angles[0], rtol=1e-3)


@pytest.mark.parametrize("end", [[0.0, 0.0], [3.0, 0.0], [-3.0, 0.0]])
def test_spherical_walk_without_an_arc_is_the_straight_one(end: list[float]) -> None:
    walk = walks.spherical([1.5, 0.0], end, 4)
    assert (walk == walks.straight([1.5, 0.0], end, 4)).all()


def test_traversal_changes_the_coordinate_asked_for_and_no_other() -> None:
    z = codes()
    moved = walks.traversal(z, walks.along_coordinate(3, 1), [-2.0, 0.5])
    assert moved.shape == (2, 50, 3)
    np.testing.assert_allclose(moved[0, :, 1], -2, atol=1e-6)
    np.testing.assert_allclose(moved[1, :, 1], 0.5, atol=1e-6)
    np.testing.assert_allclose(moved[:, :, [0, 2]], np.stack([z[:, [0, 2]]] * 2), atol=1e-6)


def test_traversal_of_a_principal_direction_holds_the_others_still() -> None:
    z = codes()
    axes = principal.principal_axes(z, 3)
    moved = walks.traversal(z[:4], walks.along_axis(axes, 0), [1.25])[0]
    seen, before = axes.coordinates(moved), axes.coordinates(z[:4])
    np.testing.assert_allclose(seen[:, 0], 1.25, rtol=1e-5)
    np.testing.assert_allclose(seen[:, 1:], before[:, 1:], atol=1e-5)


def test_traversal_to_where_an_image_stands_is_its_own_code() -> None:
    z = codes()
    direction = walks.along_axis(principal.principal_axes(z, 2), 1)
    own = direction.coordinate(z[:1])
    np.testing.assert_allclose(walks.traversal(z[:1], direction, own)[0], z[:1], atol=1e-6)


def test_range_of_a_traversal_leaves_out_strays_and_is_never_empty() -> None:
    z = np.append(np.linspace(0, 1, 1000), 900.0)[:, None].astype(np.float32)
    values = walks.data_range(z, walks.along_coordinate(1, 0), 5)
    assert values[0] == pytest.approx(0.005, abs=1e-3)
    assert values[-1] == pytest.approx(0.995, abs=1e-2)
    constant = walks.data_range(np.ones((9, 1), np.float32), walks.along_coordinate(1, 0), 3)
    assert (np.diff(constant) > 0).all()


def test_lattice_decodes_each_node_of_the_plane(model: Autoencoder) -> None:
    z = codes()
    axes = geometry.plane(z)
    lattice = walks.lattice(model, z, axes, 6)
    assert lattice.decoded.shape == (6, 6, *SHAPE)  # type: ignore[union-attr]
    for row, column in ((0, 0), (2, 5), (5, 1)):
        code = axes.codes([[lattice.xs[column], lattice.ys[row]]])
        np.testing.assert_allclose(lattice.decoded[row, column], model.decode(code)[0], atol=1e-6)  # type: ignore[index]
        distances = np.linalg.norm(z - code, axis=1)
        assert lattice.nearest[row, column] == distances.argmin()
        assert lattice.distance[row, column] == pytest.approx(distances.min(), rel=1e-4)
        seen = np.linalg.norm(axes.coordinates(z) - axes.coordinates(code), axis=1)
        assert lattice.gap[row, column] == pytest.approx(seen.min(), rel=1e-4)


def test_lattice_encloses_all_points_and_says_where_they_lie(model: Autoencoder) -> None:
    z = codes()
    axes = geometry.plane(z)
    lattice = walks.lattice(model, z, axes, 20)
    points = axes.coordinates(z)
    for i, ticks in enumerate((lattice.xs, lattice.ys)):
        assert (np.diff(ticks) > 0).all()
        assert ticks[0] < points[:, i].min() < points[:, i].max() < ticks[-1]
        back = np.interp(lattice.shares(points)[:, i], np.linspace(0, 1, 20), ticks)
        np.testing.assert_allclose(back, points[:, i], rtol=1e-6)


def test_lattice_has_more_nodes_where_there_are_more_points(model: Autoencoder) -> None:
    z = np.concatenate([codes(500) * 0.1, [[50.0, 50.0, 50.0]]]).astype(np.float32)
    lattice = walks.lattice(model, z, geometry.plane(z), 20)
    even = np.linspace(lattice.xs[0], lattice.xs[-1], 20)
    points = geometry.plane(z).coordinates(z)[:-1, 0]
    near = (lattice.xs >= points.min()) & (lattice.xs <= points.max())
    assert near.sum() > 2 * ((even >= points.min()) & (even <= points.max())).sum()


def test_lattice_node_is_far_only_where_no_point_is_near() -> None:
    model = Autoencoder(tiny_checkpoint("vae"))  # codes of 2 numbers
    grid = np.stack(np.meshgrid(np.arange(10.0), np.arange(10.0)), axis=-1).reshape(-1, 2)
    z = np.concatenate([grid, grid + 40]).astype(np.float32)  # two squares, nothing between
    lattice = walks.lattice(model, z, geometry.plane(z), 30)
    assert lattice.reach == pytest.approx(1)
    middle = (lattice.xs > 0) & (lattice.xs < 9)
    assert not lattice.far[np.ix_(middle, middle)].any()
    away = (lattice.xs > 11) & (lattice.xs < 38)
    assert away.any()
    assert lattice.far[np.ix_(away, away)].all()


def test_lattice_of_equal_codes_is_still_a_lattice(model: Autoencoder) -> None:
    lattice = walks.lattice(model, np.ones((5, 3), np.float32), geometry.plane(codes()), 8)
    assert (np.diff(lattice.xs) > 0).all()
    assert np.isfinite(lattice.decoded).all()  # type: ignore[arg-type]


def test_codes_of_any_shape_are_decoded_in_that_shape(model: Autoencoder) -> None:
    z = codes(12).reshape(3, 4, 3)
    images = walks.decoded(model, z)
    assert images.shape == (3, 4, *SHAPE)
    np.testing.assert_allclose(images[2, 1], model.decode(z[2, 1][None])[0], atol=1e-6)
