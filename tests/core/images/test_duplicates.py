import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.data import catalogue
from core.images import duplicates

RNG = np.random.default_rng(4)


def naive(thumbnails: np.ndarray, limit: float) -> list[int]:
    """Each image in order against each leader in order, one by one."""
    leaders: list[int] = []
    found = []
    for i, one in enumerate(thumbnails.astype(float)):
        like = [j for j in leaders if np.sqrt(np.mean((one - thumbnails[j]) ** 2)) <= limit]
        found.append(like[0] if like else i)
        if not like:
            leaders.append(i)
    return found


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.floats(1, 40))
def test_near_finds_what_comparing_all_with_all_finds(seed: int, n: int, limit: float) -> None:
    rng = np.random.default_rng(seed)
    base = rng.integers(0, 256, (1 + n // 4, 256))
    moved = base[rng.integers(0, len(base), n)] + rng.normal(0, 12, (n, 256))
    thumbnails = np.clip(moved, 0, 255).astype(np.uint8)
    assert duplicates.near(thumbnails, limit).tolist() == naive(thumbnails, limit)


def test_equal_gives_the_first_of_each_kind() -> None:
    assert duplicates.equal(
        np.array([[7, 1], [7, 2], [7, 1], [3, 1], [7, 2]], np.uint8)
    ).tolist() == [0, 1, 0, 3, 1]


def test_digest_differs_by_a_single_pixel() -> None:
    x = RNG.integers(0, 256, (3, 20, 30), dtype=np.uint8)
    other = x.copy()
    other[1, 2, 3] ^= 1
    assert duplicates.digest(x) == duplicates.digest(x.copy())
    assert duplicates.digest(x) != duplicates.digest(other)


@pytest.mark.parametrize("quality", [95, 60])
def test_same_photograph_saved_again_and_resized_is_near_and_another_is_not(quality: int) -> None:
    shapes = catalogue.load("shapes").images[:30]

    def saved_again(x: np.ndarray) -> np.ndarray:
        file = io.BytesIO()
        image = Image.fromarray(x.transpose(1, 2, 0)).resize((90, 90), Image.Resampling.BICUBIC)
        image.save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file)).transpose(2, 0, 1)

    thumbnails = [duplicates.thumbnail(x) for x in shapes]
    again = [duplicates.thumbnail(saved_again(x)) for x in shapes]
    leaders = duplicates.near(np.array(thumbnails + again))
    assert leaders[30:].tolist() == leaders[:30].tolist()


def test_different_digits_are_not_near() -> None:
    digits = catalogue.load("mnist-5k").images
    leaders = duplicates.near(np.array([duplicates.thumbnail(x) for x in digits]))
    assert (leaders != np.arange(1_000)).sum() <= 2


def test_thousands_of_images_of_two_kinds_are_two_groups() -> None:
    thumbnails = np.zeros((20_000, 256), np.uint8)
    thumbnails[1::2] = 200
    assert np.unique(duplicates.near(thumbnails)).tolist() == [0, 1]


def test_thumbnail_in_colour_of_a_grey_image_is_that_in_grey_three_times() -> None:
    grey = RNG.integers(0, 256, (1, 40, 24), dtype=np.uint8)
    np.testing.assert_array_equal(
        np.tile(duplicates.thumbnail(grey), 3), duplicates.thumbnail(np.repeat(grey, 3, axis=0))
    )


def test_colours_of_the_same_brightness_are_no_copies() -> None:
    hearts = np.full((2, 3, 32, 32), 255, np.uint8)
    for heart, colour in zip(hearts, ((230, 110, 20), (100, 140, 250)), strict=True):
        heart[:, 8:24, 8:24] = np.array(colour)[:, None, None]
    thumbnails = np.array([duplicates.thumbnail(x) for x in hearts])
    assert duplicates.near(thumbnails).tolist() == [0, 1]


def shots(n: int, drift: float) -> np.ndarray:
    """Thumbnails of what a fixed camera takes, in light that changes by so much: (n, 256)."""
    rng = np.random.default_rng(5)
    scene, light = rng.integers(60, 190, 256), rng.uniform(-drift, drift, (n, 1))
    return np.clip(scene + light + rng.normal(0, 1, (n, 256)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("drift", [0.0, 15.0, 40.0])
def test_shots_of_a_fixed_camera_are_no_copies_but_true_copies_are_found(drift: float) -> None:
    thumbnails = shots(200, drift)
    again = thumbnails[[7, 90]].copy()
    again[:, ::97] += 1  # saved again
    everything = np.concatenate([thumbnails, again])
    leaders = duplicates.near(everything, duplicates.limit_for(everything))
    assert leaders.tolist() == [*range(200), 7, 90]


def test_set_of_different_pictures_has_the_usual_limit() -> None:
    pictures = RNG.integers(0, 256, (300, 256), dtype=np.uint8)
    assert duplicates.limit_for(pictures) == duplicates.NEAR
    assert duplicates.limit_for(np.zeros((5, 256), np.uint8)) == duplicates.NEAR


def test_noise_in_which_no_direction_tells_anything_apart_is_compared_in_time() -> None:
    noise = np.random.default_rng(3).normal(128, 3, (4_000, 768)).astype(np.uint8)
    noise[-1] = noise[17]
    leaders = duplicates.near(noise, duplicates.limit_for(noise))
    assert leaders.tolist() == [*range(3_999), 17]
