import numpy as np
import pytest
from PIL import Image

from core.data.own.upload import Given
from core.images.imagesets import Rejected
from core.images.reading import Picture
from core.images.steps import Steps, apply_steps
from pages.ui.own.tray import Fit, Tray

DIGITS = Fit((1, 28, 28), "digit")
PHOTOS = Fit((3, 32, 32), "photo")


def given(name: str, seed: int = 0) -> Given:
    values = np.random.default_rng(seed).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    return Given(name, Picture(Image.fromarray(values)), (40, 30))


@pytest.fixture
def tray() -> Tray:
    found = Tray()
    found.add([given("a", 1), given("b", 2)], [Rejected("c", "No image.")])
    return found


def test_images_are_each_picture_prepared_in_order_with_what_was_refused(tray: Tray) -> None:
    images = tray.images(DIGITS)
    assert images.ids.tolist() == ["a", "b"]
    assert images.rejected == (("c", "No image."),)
    for name, x in zip("ab", images.images, strict=True):
        steps = tray.suggestion(name, DIGITS)
        np.testing.assert_array_equal(
            x, apply_steps(tray.given[name].picture, (1, 28, 28), steps).x
        )
    assert tray.images(PHOTOS).shape == (3, 32, 32)


def test_steps_of_one_picture_come_before_those_for_all_and_those_before_the_suggestion(
    tray: Tray,
) -> None:
    assert tray.steps("a", DIGITS) == tray.suggestion("a", DIGITS)
    tray.common = Steps(invert=True)
    tray.own["b"] = Steps(turns=2)
    assert tray.steps("a", DIGITS) == Steps(invert=True)
    assert tray.steps("b", DIGITS) == Steps(turns=2)
    assert (tray.images(DIGITS).images[0] != Tray(tray.given).images(DIGITS).images[0]).any()


def test_same_name_given_again_becomes_another_name_and_is_looked_at(tray: Tray) -> None:
    tray.add([given("a", 3)], [])
    assert list(tray.given) == ["a", "b", "a (2)"]
    assert tray.chosen == "a (2)"
    assert tray.given["a (2)"].name == "a (2)"


def test_picture_put_in_place_of_another_is_the_one_that_is_seen(tray: Tray) -> None:
    before = tray.seen("a", DIGITS).copy()
    tray.put(given("a", 9))
    assert (tray.seen("a", DIGITS) != before).any()
    assert len(tray.given) == 2


def test_removed_picture_is_gone_with_its_steps_and_another_is_looked_at(tray: Tray) -> None:
    tray.own["a"] = Steps(turns=1)
    tray.remove("a")
    assert (list(tray.given), tray.own, tray.chosen) == (["b"], {}, "b")
    tray.remove("b")
    tray.remove("b")
    assert tray.chosen == ""
    assert len(tray.images(DIGITS)) == 0


def test_renamed_picture_keeps_its_steps(tray: Tray) -> None:
    tray.own["a"] = Steps(turns=1)
    tray.rename("a", "b")
    assert list(tray.given) == ["b", "b (2)"]
    assert tray.own == {"b (2)": Steps(turns=1)}
    assert tray.given["b (2)"].name == "b (2)"


def test_progress_is_told_for_each_picture(tray: Tray) -> None:
    told: list[tuple[int, int]] = []
    tray.images(DIGITS, lambda *amounts: told.append(amounts))
    assert told == [(1, 2), (2, 2)]
