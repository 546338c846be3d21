"""From sweeps of noise to the rows of the Reconstruct page."""

from dataclasses import replace

import numpy as np
import pytest

from core.checkpoints.document import NoiseRecord, TrainingRecord
from core.inference import Autoencoder
from core.noise import Noise
from core.robustness.sweeps import QUANTILES, ModelSweep, NoiseSweep, noise_sweep, pixel_errors
from pages.ui.components.sweep import Cell, Difference
from pages.ui.figures.text import training_note
from pages.ui.noise import rows
from tests.core.models_for_tests import tiny_checkpoint


def model(arch: str = "dense", noise: NoiseRecord | None = None) -> Autoencoder:
    training = TrainingRecord(1, 8, 0.01, 0.0, 0, noise or NoiseRecord(), 10, 1.0)
    return Autoencoder(tiny_checkpoint(arch, training=training))


def sweep(autoencoder: Autoencoder, noise: Noise = Noise()) -> NoiseSweep:
    x = np.random.default_rng(0).random((3, 1, 16, 17), dtype=np.float32)
    return noise_sweep(x, [autoencoder], noise, seed=0, sigmas=np.linspace(0, 1, 5))


@pytest.mark.parametrize("n_values", [1, 16 * 784, 30_001, 16 * 3 * 64 * 64, 10**7])
def test_steps_for_any_size_of_picture_run_from_0_to_1_and_hold_the_trained_amount(
    n_values: int,
) -> None:
    steps = rows.steps(n_values)
    assert (steps[0], steps[-1]) == (0, 1)
    assert 0.5 in steps


def test_steps_are_as_many_as_asked_for_at_most() -> None:
    assert rows.steps(784, finest=21).tolist() == np.linspace(0, 1, 21).tolist()
    assert len(rows.steps(10**7, finest=21)) == 11


def test_sixteen_digits_move_in_steps_of_two_hundredths() -> None:
    assert len(rows.steps(16 * 784)) == 51


def test_each_model_gets_a_row_of_reconstructions_and_one_of_its_errors() -> None:
    models = [model("dense"), model("pca")]
    described = rows.described(
        (Cell("a", ""), Cell("b", ""), Cell("c", "")),
        [sweep(one) for one in models],
        [one.card for one in models],
    )
    roles = [row.role for row in described.rows]
    assert roles == ["original", "noisy", *["reconstructed", "error"] * 2]
    assert [described.rows[i].pictures for i in (3, 5)] == [Difference(2, 0), Difference(4, 0)]


def test_error_scale_covers_995_of_1000_pixels_of_all_models_together() -> None:
    sweeps = [sweep(model("dense")), sweep(model("pca"))]
    errors = np.concatenate([np.abs(s.models[0].x_hat - s.x).ravel() for s in sweeps])  # type: ignore[operator]
    scale = rows.error_scale(sweeps)
    assert scale == pytest.approx(min(1, np.quantile(errors, 0.995)), rel=1e-6)


def test_models_trained_at_one_amount_share_a_mark() -> None:
    noisy = NoiseRecord("gaussian", 0.5)
    cards = [model("dense", noisy).card, model("pca").card, model("vae", noisy).card]
    assert rows.trained_marks(cards) == (
        (0, "trained without noise: tiny-pca"),
        (0.5, "trained at 0.5: tiny-dense, tiny-vae"),
    )


@pytest.mark.parametrize(
    ("trained", "shown", "differs"),
    [
        (NoiseRecord("gaussian", 0.5), Noise("gaussian", 0.9), False),
        (NoiseRecord("gaussian", 0.5), Noise("gaussian", 0.5, clip=True), True),
        (NoiseRecord("gaussian", 0.5), Noise("gaussian", 0.5, mu=0.1), True),
        (NoiseRecord("gaussian", 0.5), Noise("masking", 0.5), True),
        (NoiseRecord("masking", 0.5), Noise("masking", 0.5, clip=True), False),
        (NoiseRecord(), Noise("gaussian", 0.5, clip=True), False),
    ],
)
def test_training_note_speaks_when_kind_mean_or_clipping_differ(
    trained: NoiseRecord, shown: Noise, differs: bool
) -> None:
    assert bool(training_note(model("dense", trained).card, shown)) == differs


def test_error_scale_is_the_same_of_errors_that_were_kept_as_quantiles() -> None:
    one, other = sweep(model()), sweep(model("pca"))
    models = [replace(m, errors=quantiles_of(s, m)) for s in (one, other) for m in s.models]
    kept = [replace(s, models=(m,)) for s, m in zip((one, other), models, strict=True)]
    expected = rows.error_scale([one, other])
    for mixed in (kept, [kept[0], other]):
        assert rows.error_scale(mixed) == pytest.approx(expected, rel=0.01)


def quantiles_of(swept: NoiseSweep, one: ModelSweep) -> np.ndarray:
    return np.quantile(pixel_errors(swept.x, one), QUANTILES)
