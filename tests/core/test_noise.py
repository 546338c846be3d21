"""Noise: reproducible for each image, in the amount that was asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import OptionError
from core.noise import KINDS, Noise, add_noise, corrupt, draws

kinds = st.sampled_from(tuple(KINDS))
amounts = st.floats(0, 1, width=32)
seeds = st.integers(0, 2**32 - 1)


def images(n: int = 4, channels: int = 1, side: int = 16) -> np.ndarray:
    return np.random.default_rng(0).random((n, channels, side, side), np.float32)


@given(kinds, amounts, seeds)
def test_add_noise_with_one_seed_is_the_same_for_each_image_in_any_order_and_batch(
    kind: str, sigma: float, seed: int
) -> None:
    x, noise = images(), Noise(kind=kind, sigma=sigma)  # type: ignore[arg-type]
    order = np.array([2, 0, 3])
    together = add_noise(x, noise, seed)
    np.testing.assert_array_equal(together[order], add_noise(x[order], noise, seed))
    np.testing.assert_array_equal(together[1:2], add_noise(x[1:2], noise, seed))


@given(kinds, amounts, seeds)
def test_add_noise_clipped_stays_in_the_unit_range(kind: str, sigma: float, seed: int) -> None:
    noisy = add_noise(images(), Noise(kind=kind, sigma=sigma, mu=0.3, clip=True), seed)  # type: ignore[arg-type]
    assert noisy.min() >= 0
    assert noisy.max() <= 1


@given(kinds)
def test_add_noise_of_amount_zero_changes_nothing_and_returns_a_copy(kind: str) -> None:
    x = images()
    noisy = add_noise(x, Noise(kind=kind), 0)  # type: ignore[arg-type]
    np.testing.assert_array_equal(noisy, x)
    assert not np.shares_memory(noisy, x)


@given(kinds, seeds)
def test_add_noise_leaves_its_input_alone(kind: str, seed: int) -> None:
    x = images()
    add_noise(x, Noise(kind=kind, sigma=1.0), seed)  # type: ignore[arg-type]
    np.testing.assert_array_equal(x, images())


def test_gaussian_noise_has_the_mean_and_deviation_asked_for() -> None:
    x = images(64, side=32)
    added = add_noise(x, Noise(sigma=0.5, mu=0.2), 1) - x
    assert added.mean() == pytest.approx(0.2, abs=0.01)
    assert added.std() == pytest.approx(0.5, abs=0.01)


def test_speckle_noise_grows_with_the_brightness() -> None:
    x = images(64, side=32)
    added = add_noise(x, Noise("speckle", sigma=0.5), 1) - x
    np.testing.assert_allclose((added / np.maximum(x, 1e-3)).std(), 0.5, atol=0.02)


@pytest.mark.parametrize("channels", [1, 3])
def test_masking_blackens_the_share_of_pixels_asked_for_in_all_channels(channels: int) -> None:
    x = 0.25 + 0.5 * images(64, channels, 32)  # equal images would have equal noise
    black = add_noise(x, Noise("masking", sigma=0.3), 1) == 0  # type: ignore[arg-type]
    assert black.mean() == pytest.approx(0.3, abs=0.01)
    assert (black == black[:, :1]).all()


def test_salt_and_pepper_sets_as_many_pixels_white_as_black() -> None:
    x = 0.25 + 0.5 * images(64, 3, 32)
    noisy = add_noise(x, Noise("salt_and_pepper", sigma=0.4), 1)  # type: ignore[arg-type]
    assert (noisy == 1).mean() == pytest.approx(0.2, abs=0.01)
    assert (noisy == 0).mean() == pytest.approx(0.2, abs=0.01)


@given(st.sampled_from(["masking", "salt_and_pepper"]), amounts, amounts)
def test_more_of_one_noise_keeps_the_pixels_already_hit(kind: str, a: float, b: float) -> None:
    x = np.full((2, 1, 16, 16), 0.5, np.float32)
    drawn = draws(x, kind, 0)  # type: ignore[arg-type]
    less, more = (corrupt(x, drawn, Noise(kind, s)) != x for s in sorted((a, b)))  # type: ignore[arg-type]
    assert (more | ~less).all()


def test_draws_of_other_seeds_and_other_images_differ() -> None:
    x = images(2)
    drawn = draws(x, "gaussian", 0)
    assert np.abs(drawn[0] - drawn[1]).max() > 0.1
    assert np.abs(drawn - draws(x, "gaussian", 1)).max() > 0.1


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "fog"}, {"sigma": -0.1}, {"sigma": 1.1}, {"mu": 2.0}, {"sigma": float("nan")}],
)
def test_noise_out_of_bounds_is_refused_with_a_sentence(wrong: dict) -> None:
    with pytest.raises(OptionError, match="must be"):
        Noise(**wrong)


@pytest.mark.parametrize("side", [12, 28, 96])
def test_coarse_noise_has_grains_and_the_deviation_asked_for_at_every_pixel(side: int) -> None:
    x = images(200, 1, side)
    added = (add_noise(x, Noise("coarse", sigma=0.5, mu=0.2), 1) - x).astype(np.float64)
    assert added.mean() == pytest.approx(0.2, abs=0.03)
    assert np.abs(added.std(axis=0) - 0.5).max() < 0.2  # of 200 draws each
    steps = np.diff(added, axis=3).std() / added.std()  # 1.41 for neighbours without relation
    assert steps < (1.5 if side < 16 else 30 / side)


def test_coarse_noise_in_training_is_that_of_looking() -> None:
    torch = pytest.importorskip("torch")
    x = torch.zeros(300, 2, 20, 33)
    added = KINDS["coarse"].for_training(x, 0.5, 0.1, torch.Generator().manual_seed(0)).numpy()
    looked = add_noise(images(300, 2, 32)[:, :, :20], Noise("coarse", 0.5, 0.1), 0)
    looked = looked - images(300, 2, 32)[:, :, :20]
    assert added.mean() == pytest.approx(0.1, abs=0.02)
    assert np.abs(added.std(axis=0) - 0.5).max() < 0.15
    assert looked.std() == pytest.approx(added.std(), rel=0.05)


def test_drawn_defects_replace_a_part_of_most_pictures_and_leave_the_rest_alone() -> None:
    x = images(60, 3, 32)
    changed = np.abs(add_noise(x, Noise("defects", sigma=1.0), 3) - x).max(axis=1) > 0.02
    shares = changed.mean(axis=(1, 2))
    assert (shares > 0).mean() > 0.9
    assert np.median(shares) < 0.5
    other = np.abs(add_noise(x, Noise("defects", sigma=1.0), 4) - x).max(axis=1) > 0.02
    assert (changed != other).mean() > 0.05


def test_drawn_defects_have_the_tones_of_the_picture() -> None:
    vivid = images(60, 1, 32)
    dim = np.float32(0.5) + np.float32(0.05) * (vivid - np.float32(0.5))
    strengths = [
        np.abs(add_noise(x, Noise("defects", sigma=1.0), 0) - x).mean() for x in (dim, vivid)
    ]
    assert 2 * strengths[0] < strengths[1]


@pytest.mark.parametrize("side", [16, 128])
def test_drawn_defects_in_training_leave_some_pictures_whole(side: int) -> None:
    torch = pytest.importorskip("torch")
    x = torch.from_numpy(images(80, 1, side))
    draw = KINDS["defects"].for_training
    one, again, other = (draw(x, 1.0, 0.0, torch.Generator().manual_seed(i)) for i in (0, 0, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    whole = (one == x).all(dim=3).all(dim=2).all(dim=1).float().mean()
    assert 0.1 < whole < 0.5
