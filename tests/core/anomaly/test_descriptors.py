"""Descriptors against plain loops, and Gaussians that are fitted to them."""

import numpy as np
import numpy.typing as npt
import pytest

from core.anomaly import descriptors
from core.anomaly.descriptors import Gaussian

Array = npt.NDArray[np.float32]


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 9, 12)])
def test_texture_is_the_rectified_response_of_even_patches_pooled(
    shape: tuple[int, int, int],
) -> None:
    x = np.random.default_rng(0).random((2, *shape), dtype=np.float32)
    x[0, :, :7] = 0.5  # uniform patches
    expected = np.stack([_texture(one) for one in x])
    found = descriptors.texture(x)[:, : expected.shape[1]]
    np.testing.assert_allclose(found, expected, atol=2e-6)


def _texture(x: Array) -> Array:
    """Of one grey image at full size: (1, H, W) -> (D,)."""
    size, order = descriptors.PATCH, descriptors.MOST_ORDER
    places = np.arange(size)
    waves = np.cos(np.pi * (places[:, None] + 0.5) * places[None] / size)
    waves /= np.linalg.norm(waves, axis=0)
    pairs = [(i, j) for i in range(order + 1) for j in range(order + 1 - i) if i + j]
    height, width = (side - size + 1 for side in x.shape[1:])
    found = np.empty((height, width, len(pairs)))
    for row in range(height):
        for column in range(width):
            patch = x[0, row : row + size, column : column + size].astype(np.float64)
            patch = (patch - patch.mean()) / (np.sqrt(patch.var() + descriptors.EVEN) * size)
            found[row, column] = [waves[:, i] @ patch @ waves[:, j] for i, j in pairs]
    both = np.concatenate([np.maximum(found, 0), np.maximum(-found, 0)], axis=2)
    rows, columns = (np.arange(2) * side // 2 for side in (height, width))
    quarters = [
        both[r : (height if i else rows[1]), c : (width if j else columns[1])].mean(axis=(0, 1))
        for i, r in enumerate(rows)
        for j, c in enumerate(columns)
    ]
    return np.concatenate(quarters).astype(np.float32)


def test_shape_of_one_edge_has_all_weight_in_its_direction() -> None:
    x = np.zeros((1, 1, 32, 32), np.float32)
    x[..., 16:] = 1  # brightness rises to the right: direction 0
    found = descriptors.shape(x).reshape(-1, descriptors.BINS)
    assert (found[:, 0] > 0).sum() == 2 * descriptors.CELLS  # the cells on either side of the edge
    assert not found[:, 1:].any()


def test_gaussian_of_images_without_variation_is_finite() -> None:
    values = np.ones((30, 5), np.float32)
    assert np.isfinite(Gaussian.fit(values).scores(np.zeros((2, 5), np.float32))).all()
