"""What tells a copying model: the identity, a projection and a grey wall have known answers."""

import numpy as np
import pytest

from core.inference import Autoencoder
from core.models import pca
from core.robustness import copying
from core.robustness.copying import UNKNOWN_KINDS
from core.robustness.curves import Untouched
from tests.core.models_for_tests import SHAPE, tiny_checkpoint


class Grey:
    """Answers every image with an even grey of its own brightness."""

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        return np.broadcast_to(x.mean(axis=(1, 2, 3), keepdims=True), x.shape)


class Projection:
    """A PCA of random images to k numbers."""

    def __init__(self, k: int) -> None:
        tensors, _ = pca.fit(images(200).reshape(200, -1), k)
        self.weight, self.bias = tensors["encoder.1.weight"], tensors["decoder.0.bias"]

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        flat = x.reshape(len(x), -1) - self.bias
        return (flat @ self.weight.T @ self.weight + self.bias).reshape(x.shape)


def images(n: int = 8) -> np.ndarray:
    return np.random.default_rng(2).random((n, *SHAPE), np.float32) ** 3


def test_identity_keeps_all_of_every_stranger_and_lets_all_noise_through() -> None:
    for copy in copying.copies(Untouched(), images(), 0):
        assert copy.kept == 1
        assert (copy.mse == 0).all()
    assert copying.noise_passed(Untouched(), images(), 0) == pytest.approx(1, rel=1e-5)


def test_even_grey_keeps_nothing_and_lets_hardly_any_noise_through() -> None:
    for copy in copying.copies(Grey(), images(), 0):
        assert copy.kept == pytest.approx(0, abs=1e-5)
        x_hat = Grey().reconstruct(copy.x)
        np.testing.assert_allclose(copy.mse, np.square(copy.x - x_hat).mean(axis=(1, 2, 3)), 1e-4)
    n_pixels = int(np.prod(SHAPE))
    assert copying.noise_passed(Grey(), images(500), 0) == pytest.approx(1 / n_pixels, rel=0.3)


@pytest.mark.parametrize("k", [4, 40])
def test_projection_to_k_numbers_lets_k_of_all_noise_through(k: int) -> None:
    share = k / np.prod(SHAPE)
    assert copying.noise_passed(Projection(k), images(500), 0) == pytest.approx(share, rel=0.12)


def test_model_worse_than_grey_keeps_less_than_nothing() -> None:
    copies = copying.copies(Autoencoder(tiny_checkpoint("dense")), 0.1 * images(), 0)  # type: ignore[arg-type]
    for copy in copies:
        grey = np.square(copy.x - Grey().reconstruct(copy.x)).mean()
        assert copy.kept == pytest.approx(1 - copy.mse.mean() / grey, rel=1e-4)
    assert min(copy.kept for copy in copies) < 0


@pytest.mark.parametrize("shape", [SHAPE, (3, 32, 20)])
def test_strangers_are_images_of_the_same_shape_and_the_same_for_every_model(
    shape: tuple[int, int, int],
) -> None:
    x = np.random.default_rng(0).random((6, *shape), np.float32)
    kept = x.copy()
    for one, other in zip(
        copying.copies(Untouched(), x, 5), copying.copies(Grey(), x, 5), strict=True
    ):
        np.testing.assert_array_equal(one.x, other.x)
        assert one.x.shape == x.shape
        assert one.x.dtype == np.float32
        assert one.x.min() >= 0
        assert one.x.max() <= 1
    np.testing.assert_array_equal(x, kept)


def test_each_stranger_is_what_it_says() -> None:
    x = images(4)
    made = {s.name: s.make(x, np.random.default_rng(0)) for s in UNKNOWN_KINDS}
    np.testing.assert_array_equal(made["known"], x)
    np.testing.assert_array_equal(made["inverted"], 1 - x)
    np.testing.assert_array_equal(
        np.sort(made["shuffled"].reshape(4, -1)), np.sort(x.reshape(4, -1))
    )
    assert (made["shuffled"] != x).any()
    assert made["random"].mean() == pytest.approx(0.5, abs=0.05)
    figures = made["figures"]
    assert set(np.unique(figures)) == {0, 1}
    assert all(0.02 < figure.mean() < 0.5 for figure in figures)
    assert len({figure.tobytes() for figure in figures}) == 4
