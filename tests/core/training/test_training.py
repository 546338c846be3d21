"""Training: the stream of events, its reproducibility and its refusals."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core import checkpoints, metrics
from core.checkpoints.document import EpochRecord
from core.config import Diverged, OptionError, TrainingError
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.models import ARCHITECTURES
from core.models.network import Network
from core.noise import KINDS, Noise, add_noise
from core.training import fitting
from core.training.config import TrainConfig
from core.training.descent import choose_device, epoch_order, noisy
from core.training.events import EpochDone, Finished, Saved, Started, StepDone
from core.training.planted import is_settled
from core.training.trainer import train
from tests.core.models_for_tests import SMALL


def blobs(n: int, split: str, shape: tuple[int, int, int] = (1, 16, 16)) -> ImageSet:
    """Bright squares at random places: something that can be learned."""
    rng = np.random.default_rng(len(split))
    images = np.zeros((n, *shape), np.uint8)
    for image, (row, column) in zip(images, rng.integers(0, 10, (n, 2)), strict=True):
        image[:, row : row + 6, column : column + 6] = 230
    ids = np.array([f"blobs/{split}/{i:05d}" for i in range(n)])
    return ImageSet("blobs", split, images, np.zeros(n, np.int64), ("square",), ids)


def config(arch: str, **changes: Any) -> TrainConfig:
    settings: dict[str, Any] = {
        "options": SMALL.get(arch, {}),
        "epochs": 2,
        "batch_size": 32,
    } | changes
    return TrainConfig("blobs", arch, **settings)


def finished(
    configuration: TrainConfig, path: Path | None = None, n: int = 200
) -> checkpoints.Checkpoint:
    *_, last = train(configuration, blobs(n, "train"), blobs(50, "test"), path)
    assert isinstance(last, Finished)
    return last.checkpoint


each = pytest.mark.parametrize("arch", [spec.name for spec in ARCHITECTURES])
BY_GRADIENT = [s.name for s in ARCHITECTURES if not s.closed_form]
by_gradient = pytest.mark.parametrize("arch", BY_GRADIENT)


@by_gradient
def test_events_come_in_order_and_in_the_number_announced(arch: str, tmp_path: Path) -> None:
    events = list(
        train(config(arch), blobs(200, "train"), blobs(50, "test"), tmp_path / "a.safetensors")
    )
    started = events[0]
    assert isinstance(started, Started)
    assert (started.n_images, started.steps_per_epoch, started.epochs) == (200, 7, 2)
    names = [type(event).__name__ for event in events]
    assert names == ["Started", *(["StepDone"] * 7 + ["EpochDone"]) * 2, "Saved", "Finished"]
    steps = [(e.epoch, e.step) for e in events if isinstance(e, StepDone)]
    assert steps == [(epoch, step) for epoch in (1, 2) for step in range(1, 8)]


@each
def test_saved_checkpoint_loads_and_has_the_metrics_of_its_own_weights(
    arch: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.safetensors"
    checkpoint = finished(config(arch), path)
    model, x = Autoencoder.load(path), blobs(50, "test").pixels()
    errors = metrics.mse(x, model.reconstruct(x))
    assert model.card.metrics["mse"] == pytest.approx(errors.mean(), rel=1e-6)
    assert model.card.metrics["n"] == 50
    np.testing.assert_allclose(
        model.card.reference[[0, 100, 200]], np.quantile(errors, [0, 0.5, 1]), rtol=1e-6
    )
    assert model.card.sha256 == checkpoint.card.sha256
    assert model.card.history[-1]["test_mse"] == pytest.approx(errors.mean(), rel=1e-3)


def test_model_is_judged_on_the_classes_it_was_trained_on() -> None:
    test_set = blobs(50, "test")
    labels = np.arange(50) % 2
    test_set = replace(test_set, labels=labels, class_names=("square", "other"))
    settings = config("dense", exclude_classes=("other",))
    *_, last = train(settings, blobs(200, "train"), test_set)
    assert isinstance(last, Finished)
    assert last.checkpoint.card.metrics["n"] == 25
    errors = Autoencoder(last.checkpoint).errors(test_set.pixels(labels == 0))
    assert last.checkpoint.card.reference[-1] == pytest.approx(errors.max(), rel=1e-6)


@each
def test_same_seed_gives_the_same_weights_and_another_seed_others(arch: str) -> None:
    one, two = (finished(config(arch)).tensors for _ in range(2))
    assert all(np.array_equal(one[name], two[name]) for name in one)
    if arch != "pca":
        other = finished(config(arch, seed=1)).tensors
        assert not all(np.array_equal(one[name], other[name]) for name in one)


def test_training_lowers_the_error_on_images_not_trained_on() -> None:
    settings = config("dense", options={"latent_dim": 8, "widths": [64]}, epochs=12)
    events = train(settings, blobs(400, "train"), blobs(50, "test"))
    history = [event.record.test_mse for event in events if isinstance(event, EpochDone)]
    assert history[-1] < 0.3 * history[0]


def test_denoising_rebuilds_the_clean_image_from_the_noisy_one_better_than_plain_training() -> None:
    settings = {
        "options": {"latent_dim": 512, "widths": []},
        "epochs": 10,
    }  # overcomplete: free to copy
    x = blobs(50, "test").pixels()
    x_noisy = add_noise(x, Noise(sigma=0.5), 0)
    plain, denoising = (
        Autoencoder(finished(config("dense", noise=noise, **settings), n=2000))
        .errors(x_noisy, x)
        .mean()
        for noise in (Noise(), Noise(sigma=0.5))
    )
    assert denoising < 0.8 * plain


def test_strip_holds_the_first_test_images_and_their_reconstructions() -> None:
    test_set = blobs(50, "test")
    *_, done, last = train(config("dense"), blobs(200, "train"), test_set)
    assert isinstance(done, EpochDone)
    assert isinstance(last, Finished)
    np.testing.assert_array_equal(done.strip[0], test_set.images[:8])
    x_hat = Autoencoder(last.checkpoint).reconstruct(test_set.pixels(slice(0, 8)))
    np.testing.assert_allclose(done.strip[1], 255 * x_hat, atol=0.6)


def test_consumer_between_events_is_in_its_own_gradient_mode() -> None:
    for event in train(config("dense"), blobs(100, "train"), blobs(20, "test")):
        assert torch.is_grad_enabled(), event


def test_training_at_half_precision_is_judged_as_stored(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    finished(config("dense", half=True), path)
    full = tmp_path / "b.safetensors"
    finished(config("dense"), full)
    assert path.stat().st_size < full.stat().st_size
    model, x = Autoencoder.load(path), blobs(50, "test").pixels()
    assert model.card.metrics["mse"] == pytest.approx(model.errors(x).mean(), rel=1e-6)


def test_epoch_order_is_a_permutation_that_depends_on_seed_and_epoch_alone() -> None:
    order = epoch_order(100, 3, 1)
    assert sorted(order.tolist()) == list(range(100))
    assert torch.equal(order, epoch_order(100, 3, 1))
    assert not torch.equal(order, epoch_order(100, 3, 2))
    assert not torch.equal(order, epoch_order(100, 4, 1))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("clip", [False, True])
def test_noise_in_training_is_distributed_as_the_noise_in_use(kind: str, clip: bool) -> None:
    noise = Noise(kind, 0.4, 0.1, clip)  # type: ignore[arg-type]
    x = 0.2 + 0.6 * np.random.default_rng(0).random((200, 3, 16, 16), np.float32)
    drawn = noisy(torch.from_numpy(x), noise, torch.Generator().manual_seed(0)).numpy()
    quantiles = np.linspace(0.02, 0.98, 25)
    twin = add_noise(x, noise, 0)
    np.testing.assert_allclose(
        np.quantile(drawn, quantiles), np.quantile(twin, quantiles), atol=0.02
    )
    same_in_all_channels = [(n != x).all(axis=1) == (n != x).any(axis=1) for n in (drawn, twin)]
    if kind in ("masking", "salt_and_pepper"):
        assert all(same.all() for same in same_in_all_channels)


def test_last_batch_of_one_image_is_left_out_for_batch_normalisation() -> None:
    events = list(train(config("dense"), blobs(65, "train"), blobs(20, "test")))
    assert isinstance(events[0], Started)
    assert events[0].steps_per_epoch == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"epochs": 0}, "Epochs must be a whole number from 1 to 10,000, not 0"),
        ({"batch_size": 1}, "Batch size must be"),
        ({"seed": -1}, "seed must be a whole number from 0 to 4,294,967,295"),
        ({"learning_rate": 0.0}, "Learning rate must be"),
        ({"learning_rate": float("nan")}, "Learning rate must be"),
        ({"device": "tpu"}, "Device must be one of auto, cpu"),
    ],
)
def test_settings_out_of_bounds_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        config("dense", **changes)


def test_data_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TrainingError, match="different shapes"):
        list(train(config("dense"), blobs(50, "train"), blobs(50, "test", (1, 20, 20))))
    with pytest.raises(TrainingError, match="at least 3 training images"):
        list(train(config("pca"), blobs(2, "train"), blobs(5, "test")))
    with pytest.raises(TrainingError, match="as many components as pixels"):
        list(
            train(config("pca", options={"latent_dim": 300}), blobs(400, "train"), blobs(5, "test"))
        )
    with pytest.raises(TrainingError, match="closed form"):
        list(train(config("pca", noise=Noise(sigma=0.1)), blobs(50, "train"), blobs(5, "test")))
    with pytest.raises(OptionError, match="latent_dim"):
        list(
            train(config("dense", options={"latent_dim": 0}), blobs(50, "train"), blobs(5, "test"))
        )


def test_loss_that_is_no_number_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.safetensors"
    loss = Network.loss
    monkeypatch.setattr(Network, "loss", lambda *arguments: loss(*arguments) * float("nan"))
    with pytest.raises(TrainingError, match="lower learning rate"):
        list(train(config("dense"), blobs(200, "train"), blobs(20, "test"), path))
    assert not path.exists()


def test_trained_model_whose_output_is_not_finite_has_diverged_and_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = fitting.fitted

    def overflowed(descent: Any) -> Any:
        found = sound(descent)
        huge = {name: t * np.float32(1e30) for name, t in found.tensors.items()}
        return replace(found, tensors=huge)

    monkeypatch.setattr(fitting, "fitted", overflowed)
    with pytest.raises(Diverged, match="lower learning rate"):
        finished(config("dense", options={"latent_dim": 3, "bounded": False}), tmp_path / "a.x")
    assert not list(tmp_path.iterdir())


def test_device_that_is_not_there_is_refused_and_auto_finds_one() -> None:
    assert choose_device("auto").type in ("cpu", "cuda", "mps")
    with pytest.raises(TrainingError, match="no device 'tpu'"):
        choose_device("tpu")


def test_checkpoint_is_announced_once_it_is_on_the_disk(tmp_path: Path) -> None:
    for event in train(
        config("pca"), blobs(50, "train"), blobs(20, "test"), tmp_path / "a.safetensors"
    ):
        if isinstance(event, Saved):
            assert checkpoints.read(event.path).card.name == "a"
            return
    pytest.fail("nothing was saved")


def test_network_that_repairs_is_shown_planted_defects_and_says_how_many_it_finds() -> None:
    asked = config("repair", epochs=2)
    assert asked.noise == Noise("defects", 1.0)
    events = list(train(asked, blobs(80, "train"), blobs(80, "test")))
    done = [event for event in events if isinstance(event, EpochDone)]
    assert len(done) == 2
    for event in done:
        assert event.record.found is not None
        assert 0 <= event.record.found <= 1
        assert event.strip.shape[:2] == (2, 8)
    others = train(config("conv", epochs=1), blobs(80, "train"), blobs(40, "test"))
    assert [e.record.found for e in others if isinstance(e, EpochDone)] == [None]


def test_training_settles_when_planted_defects_are_long_found_no_better() -> None:
    def history(found: list[float]) -> tuple[EpochRecord, ...]:
        return tuple(
            EpochRecord(i + 1, train_loss=1, test_mse=0, seconds=1, images_per_second=1, found=one)
            for i, one in enumerate(found)
        )

    rising = [0.5 + 0.005 * i for i in range(100)]
    assert not is_settled(history(rising), 100)
    assert not is_settled(history([0.9] * 60), 100)
    assert is_settled(history([0.9] * 70), 100)
    assert not is_settled(history([0.9] * 69 + [0.95]), 100)
