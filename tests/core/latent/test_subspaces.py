"""Principal angles against their definition, and what a linear decoder can draw."""

import numpy as np
import pytest

from core.inference import Autoencoder
from core.latent.geometry import drawn_directions, principal_angles, random_angles
from tests.core.models_for_tests import tiny_checkpoint


def angles_by_definition(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The cosines are the singular values of the product of two orthonormal bases."""
    (qa, _), (qb, _) = (np.linalg.qr(rows.T) for rows in (a, b))
    cosines = np.linalg.svd(qa.T @ qb, compute_uv=False)
    return np.sort(np.degrees(np.arccos(np.clip(cosines, -1, 1))))


def test_angles_of_random_subspaces_equal_those_of_the_definition() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((4, 30)), rng.standard_normal((6, 30))
    np.testing.assert_allclose(principal_angles(a, b), angles_by_definition(a, b), atol=1e-6)
    assert principal_angles(a, b).shape == (4,)


def test_angles_of_a_subspace_with_itself_in_another_basis_are_zero() -> None:
    rng = np.random.default_rng(1)
    a = rng.standard_normal((5, 40))
    np.testing.assert_allclose(principal_angles(a, rng.standard_normal((5, 5)) @ a), 0, atol=1e-5)


def test_plane_turned_by_an_angle_has_that_angle_and_zero() -> None:
    turned = [[1, 0, 0], [0, np.cos(np.radians(25)), np.sin(np.radians(25))]]
    found = principal_angles([[1, 0, 0], [0, 1, 0]], turned)
    np.testing.assert_allclose(found, [0, 25], atol=1e-6)


def test_small_angles_are_told_from_zero() -> None:
    found = principal_angles([[1.0, 0.0]], [[1.0, 1e-10]])
    assert found[0] == pytest.approx(np.degrees(1e-10), rel=1e-6)


def test_random_subspaces_of_few_dimensions_are_far_apart_and_the_same_each_time() -> None:
    found = random_angles(3, 500)
    assert (found > 60).all()
    np.testing.assert_array_equal(found, random_angles(3, 500))


def test_directions_of_a_linear_decoder_are_the_columns_of_its_weight() -> None:
    checkpoint = tiny_checkpoint("pca")
    found = drawn_directions(Autoencoder(checkpoint))
    weight = checkpoint.tensors["decoder.0.weight"]
    np.testing.assert_allclose(found, weight.T, atol=1e-6)
