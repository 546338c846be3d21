"""One model against its definition, image by image."""

import pytest

from core.inference import Autoencoder
from core.noise import Noise, add_noise
from core.robustness.curves import score_model
from tests.core.models_for_tests import tiny_checkpoint
from tests.core.robustness.test_curves import images


def test_score_is_the_mean_error_clean_and_noisy_and_a_speed() -> None:
    autoencoder = Autoencoder(tiny_checkpoint("dense"))
    found = score_model(autoencoder, images(), Noise(sigma=0.4, mu=0.2), seed=3)
    x = images().pixels()
    noisy = add_noise(x, Noise(sigma=0.4, mu=0.2), 3)
    assert found.mse == pytest.approx(autoencoder.errors(x).mean(), rel=1e-6)
    assert found.noisy_mse == pytest.approx(autoencoder.errors(noisy, x).mean(), rel=1e-6)
    assert found.images_per_second > 0
