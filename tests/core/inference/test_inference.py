"""The autoencoder that pages and commands use, over every architecture."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from core.checkpoints import Card, Checkpoint
from core.checkpoints.fileformat import plan_of
from core.config import CheckpointError, DataError
from core.inference import Autoencoder
from core.models import ARCHITECTURES
from core.models.network import Network
from tests.core.models_for_tests import overflowing, tiny_checkpoint, tiny_document, tiny_tensors

each = pytest.mark.parametrize("arch", [spec.name for spec in ARCHITECTURES])


def images(n: int) -> np.ndarray:
    return np.random.default_rng(1).random((n, 1, 16, 17), np.float32)


@each
def test_autoencoder_in_batches_equals_the_network_in_one(
    arch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = tiny_checkpoint(arch)
    model = Autoencoder(checkpoint)
    network = Network(checkpoint.card.plan).eval()
    network.load_state_dict(
        {n: torch.from_numpy(t) for n, t in checkpoint.tensors.items()}, strict=False
    )
    x = images(10)
    monkeypatch.setattr("core.inference.batch_size", lambda plan: 3)
    with torch.inference_mode():
        z = network.encode(torch.from_numpy(x)).numpy()
        x_hat = network(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(model.encode(x), z, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(model.decode(z), x_hat, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(model.reconstruct(x), x_hat, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        model.errors(x), np.square(x - x_hat).mean(axis=(1, 2, 3)), rtol=1e-4
    )


@each
def test_autoencoder_used_by_many_threads_gives_the_same_as_by_one(arch: str) -> None:
    model, x = Autoencoder(tiny_checkpoint(arch)), images(64)
    expected = model.reconstruct(x)
    with ThreadPoolExecutor(8) as pool:
        for x_hat in pool.map(lambda _: model.reconstruct(x), range(32)):
            np.testing.assert_allclose(x_hat, expected, atol=1e-6)


@each
def test_autoencoder_of_no_images_returns_none(arch: str) -> None:
    model, none = Autoencoder(tiny_checkpoint(arch)), images(0)
    assert model.encode(none).shape == (0, model.latent_dim)
    assert model.reconstruct(none).shape == none.shape
    assert model.errors(none).shape == (0,)


def test_errors_against_a_target_measure_the_distance_to_it() -> None:
    model, x = Autoencoder(tiny_checkpoint("dense")), images(3)
    target = images(6)[3:]
    expected = np.square(target - model.reconstruct(x)).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(model.errors(x, target), expected, rtol=1e-4)


def test_percentiles_are_the_share_of_reference_errors_below() -> None:
    model = Autoencoder(tiny_checkpoint("dense"))  # reference quantiles: 0 to 0.2, evenly
    np.testing.assert_allclose(model.percentiles(np.array([-1, 0.05, 0.2, 9])), [0, 25, 100, 100])


def test_images_or_codes_of_another_shape_are_refused_with_both_shapes() -> None:
    model = Autoencoder(tiny_checkpoint("dense"))
    with pytest.raises(DataError, match="takes images of 1 x 16 x 17, not 3 x 16 x 17"):
        model.reconstruct(np.zeros((1, 3, 16, 17), np.float32))
    with pytest.raises(DataError, match="codes of 3 numbers"):
        model.decode(np.zeros((1, 4), np.float32))


def test_loading_a_name_that_is_none_is_one_sentence() -> None:
    with pytest.raises(CheckpointError, match="no checkpoint 'nobody'"):
        Autoencoder.load("nobody")


def overflowing_model(dark: float, arch: str = "dense") -> Autoencoder:
    if arch == "dense":
        document, tensors = overflowing(dark)
    else:
        document = tiny_document(arch)
        tensors = {name: t * np.float32(1e30) for name, t in tiny_tensors(document).items()}
    return Autoencoder(Checkpoint(Card("bad", Path(), False, document, plan_of(document)), tensors))


@pytest.mark.parametrize("arch", ["pca", "dense"])
def test_model_that_overflows_gives_no_image_and_no_code_but_says_so(arch: str) -> None:
    model, x = overflowing_model(-1, arch), images(5)
    z = np.full((5, model.latent_dim), 1e30, np.float32)
    for ask in (lambda: model.encode(x), lambda: model.reconstruct(x), lambda: model.decode(z)):
        with pytest.raises(CheckpointError, match="bad gives numbers that are not finite for some"):
            ask()
    assert np.isnan(model.errors(x)).all()


def test_model_that_overflows_for_some_images_scores_the_others_alone() -> None:
    x = images(6)
    x[::2] *= 0.2
    model = overflowing_model(0.3)
    errors = model.errors(x)
    assert np.isnan(errors).tolist() == [False, True] * 3
    assert np.isfinite(model.reconstruct(x[::2])).all()
    np.testing.assert_allclose(model.errors(x[::2]), errors[::2], rtol=1e-5)
    with pytest.raises(CheckpointError, match="not finite"):
        model.reconstruct(x)


def test_output_that_is_finite_but_beyond_all_measure_counts_as_not_finite() -> None:
    checkpoint = tiny_checkpoint("pca")
    checkpoint.tensors["decoder.0.bias"][:] = 1e20
    model = Autoencoder(checkpoint)
    assert np.isnan(model.errors(images(2))).all()
    with pytest.raises(CheckpointError):
        model.reconstruct(images(2))
