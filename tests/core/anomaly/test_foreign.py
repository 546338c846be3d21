"""Of what kind images are: photographs, text, noise, screens and clothes are told from digits."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from scipy import ndimage

from core import checkpoints
from core.anomaly import foreign
from core.anomaly.foreign import Census, KnownKind, known_kind
from core.data import catalogue
from core.images.preparation import Preparation, prepare
from core.images.reading import Raw

RNG = np.random.default_rng(7)


def smooth(side: int, reach: float) -> np.ndarray:
    noise = Image.fromarray(RNG.integers(0, 256, (side, side, 3), dtype=np.uint8))
    x = np.asarray(noise.filter(ImageFilter.GaussianBlur(reach)), np.float32)
    return (x - x.min()) / np.ptp(x)


def photograph() -> Image.Image:
    """Light and texture at all scales, as in nature."""
    x = 0.6 * smooth(160, 24) + 0.3 * smooth(160, 7) + 0.1 * smooth(160, 1.5)
    return Image.fromarray((255 * x / x.max()).astype(np.uint8))


def text_scan() -> Image.Image:
    page = Image.new("L", (500, 400), 250)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(16)
    for y in range(10, 380, 22):
        draw.text((12, y), "".join(RNG.choice(list("abcdefgh iklmno"), 58)), 20, font)
    return page


def colour_noise() -> Image.Image:
    return Image.fromarray(RNG.integers(0, 256, (90, 90, 3), dtype=np.uint8))


def screen() -> Image.Image:
    page = Image.new("RGB", (640, 480), (245, 246, 248))
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, 160, 480), (230, 233, 238))
    for _ in range(9):
        x, y = int(RNG.integers(170, 500)), int(RNG.integers(20, 400))
        draw.rectangle((x, y, x + 120, y + 50), tuple(RNG.integers(40, 250, 3).tolist()))
        draw.text((x + 6, y + 6), "Cancel or go on", (20, 20, 20))
    return page


def garment() -> Image.Image:
    """A filled shape on black, as Fashion-MNIST has them: a shirt with sleeves."""
    picture = Image.new("L", (28, 28))
    draw, left = ImageDraw.Draw(picture), int(RNG.integers(6, 9))
    level = int(RNG.integers(120, 250))
    draw.rectangle((left, 2, 27 - left, 26), level)
    draw.polygon(((left, 2), (1, 14), (4, 16), (left, 8)), level - 20)
    draw.polygon(((27 - left, 2), (26, 14), (23, 16), (27 - left, 8)), level - 20)
    return picture


KINDS = {
    "photograph": photograph, "text": text_scan, "noise": colour_noise, "screen": screen,
    "clothes": garment,
}  # fmt: skip


def made(kind: str, how: Preparation, n: int = 20) -> np.ndarray:
    return np.stack([prepare(Raw(KINDS[kind]()), how) for _ in range(n)])


@pytest.fixture(scope="module")
def digits() -> KnownKind:
    kind = known_kind(checkpoints.load("mnist-dense-32").card)
    assert kind is not None
    return kind


@pytest.mark.parametrize("kind", KINDS)
def test_images_of_another_kind_are_told_from_digits(kind: str, digits: KnownKind) -> None:
    found = digits.foreign(made(kind, Preparation(size=(28, 28), channels=1), 60))
    assert found.mean() >= (0.6 if kind == "clothes" else 1.0)  # a small filled shape is a blot


def test_fewer_than_one_in_a_hundred_held_out_digits_is_called_foreign(digits: KnownKind) -> None:
    assert digits.foreign(catalogue.load("mnist-5k", "test").images).mean() <= 0.001


def test_digits_that_are_thick_thin_moved_or_turned_are_digits(digits: KnownKind) -> None:
    x = catalogue.load("mnist-5k", "test").images
    rng = np.random.default_rng(0)
    changed = {
        "thick": ndimage.grey_dilation(x, (1, 1, 2, 2)),
        "thicker": ndimage.grey_dilation(x, (1, 1, 3, 3)),
        "thin": ndimage.grey_erosion(x, (1, 1, 2, 2)),
        "moved": np.stack([np.roll(one, rng.integers(-2, 3, 2), (1, 2)) for one in x]),
        "turned": ndimage.rotate(x, 20, (2, 3), reshape=False, order=1),
    }
    found = {name: float(digits.foreign(one).mean()) for name, one in changed.items()}
    assert max(found.values()) <= 0.005, found


def test_digits_that_a_model_never_saw_are_outliers_and_of_its_kind() -> None:
    kind = known_kind(checkpoints.load("mnist-conv-32-no-5-9").card)
    assert kind is not None
    test = catalogue.load("mnist-5k", "test")
    unseen = np.isin(np.asarray(test.labels), [5, 9])
    assert kind.foreign(test.images[unseen]).mean() < 0.01


HOW = Preparation(size=(32, 32), range_mode="set", range_low=0, range_high=255)


@pytest.fixture(scope="module")
def photographs() -> tuple[KnownKind, np.ndarray]:
    """The kind of 80 photographs, and 30 others."""
    photos = np.stack([prepare(Raw(photograph()), HOW) for _ in range(110)])
    train = catalogue.load("shapes", "train").take(slice(0, 80))
    kind = foreign.fitted(replace(train, images=photos[:80]))
    assert kind is not None
    return kind, photos[80:]


def test_digits_are_told_from_photographs(photographs: tuple[KnownKind, np.ndarray]) -> None:
    kind, held = photographs
    digits = catalogue.load("mnist-5k").images[:50, 0]
    x = np.stack([prepare(Raw(Image.fromarray(one)), HOW) for one in digits])
    assert kind.foreign(x).all()
    assert kind.foreign(held).mean() <= 0.05


def test_many_images_that_are_all_far_do_not_belong_to_a_model_though_each_might(
    photographs: tuple[KnownKind, np.ndarray],
) -> None:
    kind, held = photographs
    far = 2 * kind.distances(made("text", HOW, 30)).max()
    lenient = replace(kind, limit=far * kind.limit, edge=kind.edge / far)
    census, own = Census(lenient), Census(lenient)
    census.look(made("text", HOW, 30))
    own.look(held)
    assert (census.n_foreign, census.is_apart, own.is_apart) == (0, True, False)
    assert "30 of 30 images are further" in census.sentence("m")
    assert not own.sentence("m")


def test_few_images_show_no_kind_and_unknown_ones_none() -> None:
    few = catalogue.load("mnist-5k").take(slice(0, 30))
    assert foreign.fitted(few) is None


def test_census_says_when_model_and_images_do_not_belong_together(digits: KnownKind) -> None:
    photos = made("photograph", Preparation(size=(28, 28), channels=1))
    census = Census(digits)
    census.look(photos)
    assert census.as_json() == {"n_looked_at": 20, "n_foreign": 20, "n_far": 20}
    assert "20 of 20 images are unlike all that m was trained on" in census.sentence("m")
    census.look(catalogue.load("mnist-5k").images[:100])
    assert census.sentence("m").startswith("20 of 120 images are of another kind")
    assert not Census(None).sentence("m")
    assert Census(None).as_json() is None
