from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.data import catalogue
from core.images.reading import Picture, read_image
from core.images.steps import Steps, apply_steps, kind_of, suggest, working_copy
from tests.core.hostile_images_for_tests import NOISE, colour, encoded
from tests.core.photographs_for_tests import pen_written, photograph
from tests.core.pngs_for_tests import to_png

DIGITS = (1, 28, 28)
THREE = [(0, 0.2), (0.2, 0.02), (0.6, 0), (0.9, 0.15), (0.85, 0.35), (0.45, 0.48), (0.9, 0.6),
         (0.95, 0.85), (0.6, 1), (0.2, 0.98), (0, 0.85)]  # fmt: skip


def names(picture: Picture, shape: tuple[int, int, int], steps: Steps) -> list[str]:
    return [stage.name for stage in apply_steps(picture, shape, steps).stages]


@pytest.fixture(scope="module")
def test_digits() -> np.ndarray:
    return catalogue.load("mnist-5k").images[:12]


def test_mnist_digit_offered_as_a_file_is_seen_pixel_for_pixel(test_digits: np.ndarray) -> None:
    for digit in test_digits:
        picture = read_image(to_png(digit))
        prepared = apply_steps(picture, DIGITS, suggest(picture, DIGITS, "digit"))
        np.testing.assert_array_equal(prepared.x, digit)


def test_digit_dark_on_light_is_inverted_and_is_then_the_digit(test_digits: np.ndarray) -> None:
    picture = read_image(to_png(255 - test_digits[3]))
    steps = suggest(picture, DIGITS, "digit")
    assert steps.invert
    np.testing.assert_array_equal(apply_steps(picture, DIGITS, steps).x, test_digits[3])


def test_photograph_of_a_digit_becomes_that_digit(test_digits: np.ndarray) -> None:
    for seed, digit in enumerate(test_digits):
        picture = working_copy(read_image(photograph(digit[0], seed)))
        steps = suggest(picture, DIGITS, "digit")
        assert (steps.invert, steps.clean, steps.centre) == (True, True, True)
        seen = apply_steps(picture, DIGITS, steps).x[0].astype(float)
        near = [np.roll(digit[0], (i, j), (0, 1)) for i in range(-3, 4) for j in range(-3, 4)]
        assert max(np.corrcoef(seen.ravel(), one.ravel())[0, 1] for one in near) > 0.85, seed
        assert seen[0].max() < 30
        assert seen[-1].max() < 30


def test_photograph_is_turned_by_its_exif_data_and_can_be_turned_back() -> None:
    picture = read_image(photograph(catalogue.load("mnist-5k").images[0, 0]))
    assert picture.size == (2400, 1800)
    assert names(picture, DIGITS, Steps(frame="whole"))[:2] == ["as given", "turned upright"]
    flat = apply_steps(picture, DIGITS, Steps(upright=False, frame="whole"))
    assert [stage.name for stage in flat.stages][1] == "grey"
    assert flat.stages[0].image.size == (2400, 1800)  # lying on its side: width before height


def test_picture_without_writing_is_not_made_black() -> None:
    rng = np.random.default_rng(5)
    picture = Picture(Image.fromarray(rng.integers(0, 256, (90, 120, 3), dtype=np.uint8)))
    steps = suggest(picture, DIGITS, "digit")
    assert not steps.clean
    assert not steps.centre
    assert apply_steps(picture, DIGITS, steps).x.any()


def test_thin_pen_is_thickened_and_firm_pen_is_not() -> None:
    thin, firm = (working_copy(read_image(pen_written(THREE, width))) for width in (10, 120))
    assert suggest(thin, DIGITS, "digit").thicken
    assert not suggest(firm, DIGITS, "digit").thicken


@pytest.mark.parametrize("orientation", range(1, 9))
def test_picture_not_turned_upright_is_as_it_lies_in_its_file(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = read_image(encoded(colour(), "PNG", exif=exif))
    shape = (3, *NOISE.shape[:2])
    stored = apply_steps(picture, shape, Steps(upright=False, frame="whole")).x
    np.testing.assert_array_equal(stored.transpose(1, 2, 0), NOISE)


def test_four_quarter_turns_are_none_and_one_is_to_the_left() -> None:
    picture = read_image(encoded(colour(), "PNG"))
    once = apply_steps(picture, (3, 32, 24), Steps(turns=1, frame="whole")).x
    np.testing.assert_array_equal(once.transpose(1, 2, 0), np.rot90(NOISE))
    again = apply_steps(picture, (3, 24, 32), Steps(turns=4, frame="whole")).x
    np.testing.assert_array_equal(again.transpose(1, 2, 0), NOISE)


def test_crop_takes_the_middle_and_pad_keeps_all_with_the_edges_colour() -> None:
    values = np.full((20, 60, 3), 200, np.uint8)
    values[:, 20:40] = 10
    picture = Picture(Image.fromarray(values))
    assert (apply_steps(picture, (3, 20, 20), Steps(frame="crop")).x == 10).all()
    padded = apply_steps(picture, (3, 60, 60), Steps(frame="pad")).x
    assert (padded[:, :20] == 200).all()
    np.testing.assert_array_equal(padded[:, 20:40].transpose(1, 2, 0), values)


def test_grey_for_a_model_of_one_channel_is_perceived_brightness() -> None:
    picture = read_image(encoded(colour(), "PNG"))
    seen = apply_steps(picture, (1, 24, 32), Steps()).x[0].astype(float)
    expected = NOISE @ np.array([0.299, 0.587, 0.114])
    assert np.abs(seen - expected).max() < 1
    in_colour = apply_steps(picture, (3, 24, 32), Steps(grey=True)).x
    np.testing.assert_array_equal(in_colour, np.broadcast_to(seen, (3, 24, 32)))


@pytest.mark.parametrize("step", ["invert", "clean", "centre", "thicken", "grey"])
def test_each_step_is_on_the_way_exactly_when_it_is_switched_on(step: str) -> None:
    picture = read_image(encoded(colour(), "PNG"))
    without = names(picture, (3, 16, 16), Steps(grey=step != "grey"))
    with_it = names(picture, (3, 16, 16), replace(Steps(grey=True), **{step: True}))  # type: ignore[arg-type]
    assert len(with_it) == len(without) + 1


def test_hard_pixels_are_those_of_the_picture_and_soft_ones_are_mixed() -> None:
    values = np.zeros((4, 4), np.uint8)
    values[1, 1] = 255
    picture = Picture(Image.fromarray(values))
    hard = apply_steps(picture, (1, 16, 16), Steps(smooth=False)).x[0]
    np.testing.assert_array_equal(hard, np.kron(values, np.ones((4, 4), np.uint8)))
    assert len(np.unique(apply_steps(picture, (1, 16, 16), Steps()).x)) > 10


def test_photo_for_a_colour_model_is_only_cut_and_resized() -> None:
    picture = read_image(encoded(colour(), "PNG"))
    steps = suggest(picture, (3, 16, 16), "photo")
    assert steps == Steps()
    assert names(picture, (3, 16, 16), steps) == ["as given", "cropped", "what the network sees"]


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 256, 200), (1, 16, 40)])
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 2), (33, 32)])
def test_any_picture_ends_in_the_models_shape_with_all_steps_on(
    shape: tuple[int, int, int], size: tuple[int, int]
) -> None:
    rng = np.random.default_rng(3)
    picture = Picture(Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)))
    for kind in ("digit", "object", "photo"):
        prepared = apply_steps(picture, shape, suggest(picture, shape, kind))
        assert (prepared.x.shape, prepared.x.dtype) == (shape, np.uint8)
    everything = Steps(True, 1, "pad", True, True, True, True, True, False)
    last = apply_steps(picture, shape, everything).stages[-1].image
    assert last.size == (shape[2], shape[1])


def test_steps_leave_the_picture_itself_as_it_was() -> None:
    picture = read_image(encoded(colour(), "PNG"))
    before = np.asarray(picture.image).copy()
    apply_steps(picture, DIGITS, Steps(True, 1, "pad", True, True, True, True, True, False))
    np.testing.assert_array_equal(np.asarray(picture.image), before)


def test_working_copy_is_small_and_keeps_the_proportions() -> None:
    picture = read_image(photograph(catalogue.load("mnist-5k").images[0, 0]))
    assert working_copy(picture).size == (1024, 768)
    assert working_copy(picture).orientation == 6
    assert working_copy(working_copy(picture, 100), 200).size == (100, 75)


def test_models_of_digits_objects_and_photographs_are_told_apart() -> None:
    found = {name: kind_of(name) for name in ("mnist", "mnist-5k", "kmnist", "own:x", "cifar10")}
    assert list(found.values()) == ["digit", "digit", "object", "photo", "photo"]
