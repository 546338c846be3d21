"""Files become pixels in one way, whatever they hold."""

import io
import struct
import zlib

import msgspec
import numpy as np
import pytest
from PIL import Image

from core.images.fast import Pixels, read_file, read_pixels
from core.images.preparation import (
    FRAMINGS,
    Framing,
    Preparation,
    Survey,
    blank_grounds,
    changes,
    kept_share,
    legacy,
    prepare,
    usual_range,
    words,
)
from core.images.reading import Raw, read_image, read_raw, to_array
from core.images.steps import Steps, apply_steps, suggest, working_copy
from tests.core.hostile_images_for_tests import SOUND, colour, encoded

RNG = np.random.default_rng(4)
SQUARE = Preparation(size=(16, 16), channels=1)
CAMERA = RNG.integers(0, 4096, (20, 30)).astype(np.uint16)


def file_of(values: np.ndarray, kind: str = "TIFF") -> bytes:
    return encoded(Image.fromarray(values), kind)


def deep_png(values: np.ndarray) -> bytes:
    """A PNG of 16 bits a channel in colour: (H, W, 3 or 4)."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    form = struct.pack(
        ">IIBBBBB", *values.shape[1::-1], 16, 2 if values.shape[2] == 3 else 6, 0, 0, 0
    )
    chunks = ((b"IHDR", form), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    found = b"\x89PNG\r\n\x1a\n"
    for name, body in chunks:
        checksum = struct.pack(">I", zlib.crc32(name + body))
        found += struct.pack(">I", len(body)) + name + body + checksum
    return found


def sprite(value: int, alpha: bool = True) -> bytes:
    """A square of one grey on nothing."""
    x = np.full((24, 24, 4), value, np.uint8)
    x[..., 3] = 0 if alpha else 255
    x[6:18, 6:18, 3] = 255
    return file_of(x, "PNG")


def surveyed(*files: bytes) -> Survey:
    found = Survey()
    for content in files:
        found.add(read_raw(content))
    return found


@pytest.mark.parametrize("shape", [(3, 20, 20), (1, 24, 40), (3, 32, 24)])
@pytest.mark.parametrize("kind", SOUND)
def test_legacy_preparation_is_what_was_done_before(kind: str, shape: tuple[int, int, int]) -> None:
    content, (channels, *size) = SOUND[kind](), shape
    raw, picture = read_raw(content), read_image(content)
    small = working_copy(picture)
    expected: dict[Framing, Pixels] = {
        "crop": to_array(picture, channels, (size[0], size[1])),
        "pad": apply_steps(small, shape, Steps(frame="pad")).x,
        "digit": apply_steps(small, shape, suggest(small, shape, "digit")).x,
    }
    for framing, x in expected.items():
        np.testing.assert_array_equal(prepare(raw, legacy(shape, framing)), x)


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("kind", SOUND)
def test_fast_path_gives_the_same_bytes(kind: str, framing: Framing) -> None:
    how = Preparation(size=(24, 40), framing=framing, range_mode="given", range_low=9,
                      range_high=200, ground=(9, 90, 190), resampling="area")  # fmt: skip
    content = SOUND[kind]()
    expected = prepare(read_raw(content), how)
    assert expected.shape == (3, 24, 40)
    np.testing.assert_array_equal(read_pixels(content, how), expected)
    np.testing.assert_array_equal(prepare(read_file(content), how), expected)


def test_each_framing_does_to_a_wide_picture_what_its_name_says() -> None:
    values = np.full((20, 60), 200, np.uint8)
    values[:, 20:40] = 10
    raw = Raw(Image.fromarray(values))
    x = {f: prepare(raw, Preparation(size=(60, 60), channels=1, framing=f))[0] for f in FRAMINGS}
    assert (x["crop"][:, 2:-2] <= 12).all()
    assert (x["pad"][:19] == 200).all()
    np.testing.assert_array_equal(x["pad"][20:40], values)
    np.testing.assert_array_equal(x["stretch"][30], values[0])


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 2), (33, 32)])
def test_any_picture_can_be_padded_to_a_frame_that_is_not_square(size: tuple[int, int]) -> None:
    raw = Raw(Image.fromarray(RNG.integers(0, 256, (*size, 3), dtype=np.uint8)))
    assert prepare(raw, Preparation(size=(16, 40), framing="pad")).shape == (3, 16, 40)


@pytest.mark.parametrize(
    ("span", "is_float", "expected"),
    [
        ((0, 200), False, (0, 255)),
        ((0, 256), False, (0, 1023)),
        ((5, 4095), False, (0, 4095)),
        ((0, 16_383), False, (0, 16_383)),
        ((0, 65_535), False, (0, 65_535)),
        ((0, 65_536), False, (0, 65_536)),
        ((-5, 100), False, (-5, 100)),
        ((0.1, 0.9), True, (0, 1)),
        ((0.1, 1.5), True, (0.1, 1.5)),
        ((7.0, 7.0), True, (7, 8)),
    ],
)
def test_usual_range_is_the_smallest_of_a_camera_or_from_lowest_to_highest(
    span: tuple[float, float], is_float: bool, expected: tuple[float, float]
) -> None:
    assert usual_range(span, is_float) == expected


def test_files_of_12_bits_share_one_range_and_keep_their_differences_in_brightness() -> None:
    files = [file_of(CAMERA), file_of(CAMERA // 4)]
    how = surveyed(*files).settled(SQUARE)
    assert (how.range_mode, how.range) == ("set", (0, 4095))
    bright, dark = (prepare(read_raw(one), how).astype(float).mean() for one in files)
    assert bright / dark == pytest.approx(4, rel=0.05)
    alone = [prepare(read_raw(one), SQUARE).astype(float).mean() for one in files]
    assert alone[0] / alone[1] == pytest.approx(1, rel=0.05)  # 10 and 12 bits, each by itself


def test_floats_share_one_range_so_that_brightness_survives() -> None:
    scene = RNG.random((20, 20)).astype(np.float32) * 50
    how = surveyed(file_of(scene), file_of(scene * 0.3)).settled(SQUARE)
    x, darker = (prepare(read_raw(file_of(one)), how) for one in (scene, scene * np.float32(0.3)))
    assert darker.max() / x.max() == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_colours_of_12_bits_are_not_black(kind: str) -> None:
    values = RNG.integers(0, 4096, (16, 16, 3))
    if kind == "png":
        content = deep_png(values)
    else:
        tifffile = pytest.importorskip("tifffile")
        file = io.BytesIO()
        tifffile.imwrite(file, values.astype(np.uint16), photometric="rgb")
        content = file.getvalue()
    raw = read_raw(content)
    how = surveyed(content).settled(Preparation(size=(16, 16)))
    assert how.range == (0, 4095)
    found = prepare(raw, how).transpose(1, 2, 0)
    np.testing.assert_array_equal(found, np.rint(values / 4095 * 255))
    before = prepare(raw, legacy((3, 16, 16)))
    np.testing.assert_array_equal(before, to_array(read_image(content), 3, (16, 16)))


def test_whole_numbers_and_others_have_no_range_in_common() -> None:
    found = surveyed(file_of(CAMERA), file_of(RNG.random((9, 9)).astype(np.float32)))
    assert found.is_mixed
    assert found.settled(SQUARE).range_mode == "file"


def test_file_of_8_bits_is_0_to_255_unless_a_range_within_that_is_given() -> None:
    raw = read_raw(encoded(colour(), "PNG"))
    plain = prepare(raw, SQUARE)
    for low, high in ((0, 4095), (-1, 200), (0, 255)):
        how = msgspec.structs.replace(SQUARE, range_mode="given", range_low=low, range_high=high)
        np.testing.assert_array_equal(prepare(raw, how), plain)
    half = msgspec.structs.replace(SQUARE, range_mode="given", range_low=0, range_high=127)
    assert prepare(raw, half).mean() > 1.4 * plain.mean()


def test_deep_file_is_not_white_to_a_set_that_had_files_of_8_bits_alone() -> None:
    how = surveyed(encoded(colour(), "PNG")).settled(SQUARE)
    assert how.range == (0, 255)
    assert prepare(read_raw(file_of(CAMERA)), how).mean() < 200


def test_ground_is_the_one_on_which_the_most_is_left() -> None:
    white, black = sprite(255), sprite(0)
    assert surveyed(white).ground() == (0, 0, 0)
    assert surveyed(black).ground() == (255, 255, 255)
    assert surveyed(black, white).ground() == (128, 128, 128)
    assert surveyed(encoded(colour(), "PNG")).ground() == (255, 255, 255)
    assert blank_grounds(read_raw(white)) == ((255, 255, 255),)


def test_transparent_parts_are_of_the_ground_in_every_file() -> None:
    how = Preparation(size=(24, 24), ground=(0, 0, 255))
    for value in (0, 255):
        x = prepare(read_raw(sprite(value)), how)
        assert x[:, 0, 0].tolist() == [0, 0, 255]
        assert (x[:, 12, 12] == value).all()


def test_only_files_that_another_range_or_ground_changes_are_prepared_again() -> None:
    plain, opaque, clear = (read_raw(sprite(9, alpha)).facts for alpha in (False, False, True))
    deep = read_raw(file_of(CAMERA)).facts
    wider = msgspec.structs.replace(SQUARE, range_mode="set", range_low=0, range_high=65_535)
    dark = msgspec.structs.replace(SQUARE, ground=(0, 0, 0))
    assert [changes(one, SQUARE, wider) for one in (plain, clear, deep)] == [False, False, True]
    assert [changes(one, SQUARE, dark) for one in (opaque, clear, deep)] == [False, True, False]


def test_kept_share_is_what_a_crop_leaves_of_the_area() -> None:
    sides = np.array([[20, 60], [60, 20], [20, 20], [64, 48]])
    np.testing.assert_allclose(kept_share(sides, (32, 32)), [1 / 3, 1 / 3, 1, 0.75])
    np.testing.assert_allclose(kept_share(sides, (20, 60)), [1, 1 / 9, 1 / 3, 0.25])


@pytest.mark.parametrize(
    "change",
    [
        {"size": (0, 16)}, {"size": (16, 513)}, {"size": (16,)}, {"channels": 2}, {"more": 1},
        {"framing": "whole"}, {"range_mode": "set"}, {"range_mode": "given", "range_low": 3},
        {"range_mode": "set", "range_low": 3, "range_high": 3}, {"range_low": 0, "range_high": 9},
        {"range_mode": "set", "range_low": 0, "range_high": 1e300}, {"ground": (0, 0, 256)},
        {"resampling": "lanczos"}, {"upright": "yes"},
    ],
)  # fmt: skip
def test_document_of_a_preparation_that_cannot_be_is_refused(change: dict[str, object]) -> None:
    sound = msgspec.to_builtins(Preparation(size=(16, 16)))
    assert msgspec.convert(sound, Preparation) == Preparation(size=(16, 16))
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(sound | change, Preparation)


def test_words_say_framing_size_colour_range_and_what_is_unusual() -> None:
    assert words(SQUARE) == "cropped to 16 x 16, grey, each file with its own range of values"
    how = Preparation(size=(24, 16), framing="pad", range_mode="set", range_low=0, range_high=4095,
                      ground=(0, 0, 0), resampling="nearest")  # fmt: skip
    assert words(how) == (
        "padded to 24 pixels high, 16 wide, colour, values 0 to 4095, transparent parts on black, "
        "resampled by nearest"
    )


def test_picture_that_is_not_to_be_turned_lies_as_in_its_file() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    raw = read_raw(encoded(colour(), "PNG", exif=exif))
    upright = prepare(raw, Preparation(size=(32, 24)))
    lying = prepare(raw, Preparation(size=(24, 32), upright=False))
    np.testing.assert_array_equal(lying, np.rot90(upright, 1, axes=(1, 2)))
