"""Sweeps as bytes: what the browser unpacks is what the server meant."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.inference import Autoencoder
from core.noise import KINDS, Kind, Noise, add_noise
from core.robustness.sweeps import NoiseSweep, noise_sweep
from pages.ui.components.component import FOLDER
from pages.ui.components.sweep import (
    Cell,
    Difference,
    Frames,
    Row,
    Stat,
    Still,
    Sweep,
    message,
    packing,
)
from pages.ui.noise import rows as reconstruction
from tests.core.models_for_tests import tiny_checkpoint
from tests.pages.unpacking import Unpacked, unpacked

VALUES = np.linspace(0, 1, 5)
CELLS = (Cell("a/0", "zero"), Cell("<b>", "<i>one</i>"))
HALF_A_GREY = 0.5 / 255


def sent(*rows: Row, values: np.ndarray = VALUES) -> Unpacked:
    """What arrives of a sweep with these rows."""
    described = Sweep("Amount", values, CELLS, rows, error_scale=0.5)
    return unpacked(message(packing.pack(described), start=0.0))


def random_images(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def swept(kind: Kind, mu: float = 0.0, shape: tuple[int, int, int] = (1, 16, 17)) -> NoiseSweep:
    model = Autoencoder(tiny_checkpoint("pca", shape))
    x = random_images(2, *shape)
    return noise_sweep(x, [model], Noise(kind, mu=mu), seed=7, sigmas=reconstruction.steps(1))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mu", [0.0, 0.3])
def test_noisy_pictures_of_every_kind_equal_the_noise_of_core_at_every_amount(
    kind: Kind, mu: float
) -> None:
    sweep = swept(kind, mu)
    row = Row("Noisy", "noisy", reconstruction.noisy_pictures(sweep))
    arrived = sent(Row("Original", "original", Still(sweep.x)), row, values=sweep.sigmas)
    for frame, sigma in enumerate(sweep.sigmas):
        truth = add_noise(sweep.x, Noise(kind, float(sigma), mu), 7)
        drawn = np.clip(arrived.pictures(1, frame), 0, 1)
        assert np.abs(drawn - np.clip(truth, 0, 1)).max() <= HALF_A_GREY + 1e-6


@pytest.mark.parametrize("kind", ["gaussian", "speckle"])
def test_noisy_pictures_that_are_not_clipped_keep_what_lies_outside_the_screen(kind: Kind) -> None:
    sweep = swept(kind)
    row = Row("Noisy", "noisy", reconstruction.noisy_pictures(sweep))
    arrived = sent(Row("", "original", Still(sweep.x)), row, values=sweep.sigmas)
    np.testing.assert_allclose(arrived.pictures(1, 50), sweep.noisy(50), atol=2 / packing.UNIT)


def test_frames_of_bytes_arrive_exactly() -> None:
    x = np.random.default_rng(0).integers(0, 256, (5, 2, 3, 4, 6)).astype(np.float32) / 255
    arrived = sent(Row("", "reconstructed", Frames(x)))  # type: ignore[arg-type]
    for frame in range(5):
        np.testing.assert_allclose(arrived.pictures(0, frame), x[frame], atol=1e-6)


def test_frames_out_of_zero_to_one_arrive_within_half_a_step() -> None:
    x = 3 * random_images(5, 2, 1, 4, 6) - 1
    arrived = sent(Row("", "reconstructed", Frames(x)))
    for frame in range(5):
        np.testing.assert_allclose(arrived.pictures(0, frame), x[frame], atol=1.51 / 255)


@settings(max_examples=50, deadline=None)
@given(arrays(np.float32, 20, elements=st.floats(-50, 50, width=32)))
def test_quantised_pictures_stay_in_range_and_within_half_a_step(x: np.ndarray) -> None:
    q, low, high = packing.quantised(x)  # type: ignore[attr-defined]
    back = low + q * ((high - low) / 255)
    assert -1 <= low <= 0
    assert 1 <= high <= 2
    assert np.abs(back - np.clip(x, low, high)).max() <= (high - low) / 255 / 2 + 1e-5


def test_difference_is_the_root_mean_square_over_the_channels_on_the_error_scale() -> None:
    x, x_hat = random_images(2, 3, 4, 4), random_images(5, 2, 3, 4, 4, seed=1)
    rows = (
        Row("", "original", Still(x)),
        Row("", "reconstructed", Frames(x_hat)),
        Row("", "error", Difference(of=1, against=0)),
    )
    expected = np.sqrt(np.square(x_hat[3] - x).mean(axis=1, keepdims=True)) / 0.5
    np.testing.assert_allclose(sent(*rows).pictures(2, 3), expected, atol=0.01)


def test_numbers_and_stats_travel_with_their_frames() -> None:
    numbers = np.arange(10.0).reshape(5, 2)
    stat = Stat("gone", np.array([np.nan, 1, 2, 3, np.inf]), 1, " %", least=-100)
    still = Still(random_images(2, 1, 4, 4))
    arrived = sent(Row("", "original", still, stats=(stat,), numbers=numbers))
    np.testing.assert_array_equal(arrived.numbers(0), numbers)
    (described,) = arrived.header["rows"][0]["stats"]
    np.testing.assert_array_equal(arrived.array(described["values"]), stat.values)
    assert (described["unit"], described["digits"], described["least"]) == (" %", 1, -100)


def test_outside_text_travels_as_text_and_never_as_markup_in_the_component() -> None:
    arrived = sent(Row("<script>", "original", Still(random_images(2, 1, 4, 4))))
    assert arrived.header["cells"][1] == {"id": "<b>", "text": "<i>one</i>"}
    scripts = list(FOLDER.rglob("*.js"))
    assert len(scripts) > 20
    assert not any("innerHTML" in path.read_text("utf-8") for path in scripts)


def test_start_changes_the_message_and_not_the_content_id() -> None:
    packed = packing.pack(
        Sweep("Amount", VALUES, CELLS, (Row("", "original", Still(random_images(2, 1, 4, 4))),))
    )
    assert message(packed, 0.0) != message(packed, 0.5)
    assert message(packed, 0.5) == message(packed, 0.5)
    assert unpacked(message(packed, 0.5)).header["id"] == packed.header["id"]


def test_content_id_changes_with_the_pictures() -> None:
    one, other = (
        sent(Row("", "original", Still(random_images(2, 1, 4, 4, seed=seed)))) for seed in (0, 1)
    )
    assert one.header["id"] != other.header["id"]


def test_sweep_of_sixteen_digits_and_three_models_is_well_under_a_megabyte() -> None:
    smooth = np.linspace(0, 1, 51, dtype=np.float32)[:, None, None, None, None]
    frames = Frames(np.clip(smooth * random_images(16, 1, 28, 28), 0, 1))
    cells = tuple(Cell(str(i), "") for i in range(16))
    rows = (Row("", "original", Still(frames.x[0])), *(Row("", "reconstructed", frames),) * 3)
    all_of_it = message(packing.pack(Sweep("", np.linspace(0, 1, 51), cells, rows)), 0)
    assert len(all_of_it) < 1_000_000
