"""Plain images read without ceremony: what comes out is what the careful reader makes of them."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.config import ImageRejected
from core.images import fast
from core.images.fast import Pixels, read_pixels
from core.images.preparation import legacy
from core.images.reading import read_image, to_array
from tests.core.hostile_images_for_tests import BROKEN, SOUND, colour, encoded, grey

Reader = Callable[[bytes, int, tuple[int, int]], Pixels]
SIZE = (24, 32)  # (H, W), as colour() and grey() have it
PLAIN = {
    "png": encoded(colour(), "PNG"),
    "grey png": encoded(grey(), "PNG"),
    "jpeg": encoded(colour(), "JPEG"),
    "jpeg without chroma sampling": encoded(colour(), "JPEG", subsampling=0),
    "grey jpeg": encoded(grey(), "JPEG"),
    "progressive jpeg": encoded(colour(), "JPEG", progressive=True),
}


def quickly(content: bytes | str, channels: int, size: tuple[int, int]) -> Pixels:
    return read_pixels(content, legacy((channels, *size)))


def carefully(content: bytes, channels: int, size: tuple[int, int]) -> Pixels:
    return to_array(read_image(content, "It"), channels, size)


def outcome(read: Reader, content: bytes, channels: int, size: tuple[int, int]) -> list[object]:
    """The pixels, or the reason why there are none."""
    try:
        return read(content, channels, size).tolist()
    except ImageRejected as refusal:
        return [str(refusal)]


def assert_same(content: bytes, channels: int = 3, size: tuple[int, int] = SIZE) -> None:
    found, expected = (outcome(read, content, channels, size) for read in (quickly, carefully))
    assert found == expected


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [SIZE, (20, 20)])
@pytest.mark.parametrize("kind", SOUND | BROKEN)
def test_image_of_any_kind_is_read_or_rejected_as_the_careful_reader_does(
    kind: str, size: tuple[int, int], channels: int
) -> None:
    assert_same((SOUND | BROKEN)[kind](), channels, size)


@pytest.mark.parametrize("kind", PLAIN)
def test_plain_image_that_is_damaged_anywhere_is_what_the_careful_reader_makes_of_it(
    kind: str,
) -> None:
    rng = random.Random(kind)
    for _ in range(150):
        damaged = bytearray(PLAIN[kind])
        at = rng.randrange(len(damaged))
        if rng.random() < 0.2:
            del damaged[at:]
        else:
            damaged[at] = rng.choice((0, 255, rng.randrange(256)))
        assert_same(bytes(damaged))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", PLAIN)
def test_plain_image_does_without_the_careful_reader(
    kind: str, channels: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = carefully(PLAIN[kind], channels, SIZE)
    monkeypatch.delattr(fast, "read_raw")
    path = tmp_path / "named-wrongly.txt"
    path.write_bytes(PLAIN[kind])
    for source in (PLAIN[kind], str(path)):
        np.testing.assert_array_equal(quickly(source, channels, SIZE), expected)


def test_picture_that_its_exif_data_turn_is_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways = encoded(colour(), "JPEG", exif=exif)
    turned = quickly(sideways, 3, SIZE[::-1])
    upright = quickly(PLAIN["jpeg"], 3, SIZE)
    np.testing.assert_array_equal(turned, np.rot90(upright, -1, axes=(1, 2)))


def test_picture_larger_than_allowed_is_left_to_the_careful_reader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fast, "MAX_PIXELS", SIZE[0] * SIZE[1] - 1)
    monkeypatch.delattr(fast, "read_raw")
    for kind in ("png", "jpeg"):
        with pytest.raises(NameError):
            quickly(PLAIN[kind], 3, SIZE)
