import random
import struct
import sys
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.config import ImageRejected
from core.images import reading
from core.images.frames import MOST, gif_frames, tiff_pages
from core.images.reading import Picture, read_image, to_array
from tests.core.hostile_images_for_tests import (
    BROKEN,
    NOISE,
    SOUND,
    animated,
    colour,
    encoded,
    half,
    lab,
    numbers,
    tiff,
    turned,
)


def pixels(picture: Picture) -> np.ndarray:
    return np.asarray(picture.image)


@pytest.mark.parametrize("kind", SOUND)
def test_sound_image_is_read_as_grey_or_colour_without_metadata(kind: str) -> None:
    picture = read_image(SOUND[kind](), kind)
    assert picture.image.mode in ("L", "RGB")
    assert picture.image.info == {}
    assert not picture.image.getexif()
    assert type(picture.image) is Image.Image
    for channels in (1, 3):
        x = to_array(picture, channels, (28, 20))
        assert (x.shape, x.dtype) == ((channels, 28, 20), np.uint8)


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_image_is_rejected_in_one_sentence_that_names_it(kind: str) -> None:
    with pytest.raises(ImageRejected) as refused:
        read_image(BROKEN[kind](), "holiday.png")
    message = str(refused.value)
    assert message.startswith("holiday.png ")
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 130


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF"])
def test_image_flipped_or_cut_anywhere_is_read_or_rejected(kind: str) -> None:
    whole = encoded(colour().quantize(64) if kind == "GIF" else colour(), kind)
    dice = random.Random(kind)
    for _ in range(150):
        content = bytearray(whole[: dice.choice((len(whole), dice.randrange(len(whole))))])
        for _ in range(dice.randrange(1, 6)):
            if content:
                content[dice.randrange(len(content))] = dice.randrange(256)
        with suppress(ImageRejected):
            assert read_image(bytes(content)).image.mode in ("L", "RGB")


def test_format_is_told_by_content_and_never_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(encoded(colour(), "PNG"))
    assert np.array_equal(pixels(read_image(path)), NOISE)
    path = tmp_path / "b.png"
    path.write_bytes(b"text")
    with pytest.raises(ImageRejected, match=r"^b\.png is no PNG, JPEG"):
        read_image(path)


def test_file_is_read_whole_however_little_of_it_is_read_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = encoded(colour(), "PNG")
    path = tmp_path / "a.png"
    path.write_bytes(content)
    for first in (1, len(content) - 1, len(content), len(content) + 1):
        monkeypatch.setattr(reading, "FIRST_READ", first)
        assert np.array_equal(pixels(read_image(path)), NOISE)


def test_file_larger_than_the_limit_is_rejected_as_such(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with open(path, "wb") as file:
        file.truncate(reading.MAX_BYTES + 1)  # takes no room on the disk
    with pytest.raises(ImageRejected, match=r"larger than 25 MB"):
        read_image(path)


@pytest.mark.parametrize("name", ["absent.png", "folder"])
def test_path_that_cannot_be_opened_is_rejected_as_such(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ImageRejected, match="cannot be opened"):
        read_image(tmp_path / name)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_loss_free_image_is_read_pixel_for_pixel(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    picture = read_image(encoded(colour(), kind, **options))
    assert np.array_equal(pixels(picture), NOISE)
    assert picture.notes == ()


def test_colour_image_whose_channels_are_equal_is_grey() -> None:
    values = np.repeat(NOISE[..., :1], 3, axis=2)
    picture = read_image(encoded(Image.fromarray(values), "PNG"))
    assert picture.image.mode == "L"
    assert np.array_equal(pixels(picture), NOISE[..., 0])


@pytest.mark.parametrize("kind", ["png 16 bit", "tiff 16 bit"])
def test_16_bits_are_scaled_and_not_clipped(kind: str) -> None:
    picture = read_image(SOUND[kind]())
    assert np.array_equal(pixels(picture), NOISE[..., 0])
    assert picture.notes == ("16 bits a pixel made 8",)


def test_numbers_from_0_to_1_are_read_as_they_are() -> None:
    picture = read_image(tiff(numbers(0.25, 0.75)))
    assert (pixels(picture).min(), pixels(picture).max()) == (64, 191)
    assert picture.notes == ("numbers from 0 (black) to 1 (white)",)


def test_numbers_of_another_range_are_stretched_and_said_to_be() -> None:
    picture = read_image(tiff(numbers(-3, 9)))
    assert (pixels(picture).min(), pixels(picture).max()) == (0, 255)
    assert picture.notes == ("numbers from -3 (made black) to 9 (made white)",)


def test_numbers_that_are_all_alike_are_black() -> None:
    picture = read_image(tiff(numbers(5, 5)))
    assert pixels(picture).max() == 0
    assert picture.notes == ("all pixels are 5 (made black)",)


@pytest.mark.parametrize("value", ["NaN", "infinity"])
def test_number_that_is_not_finite_rejects_the_image(value: str) -> None:
    kind = next(kind for kind in BROKEN if value in kind)
    with pytest.raises(ImageRejected, match="not finite"):
        read_image(BROKEN[kind]())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_image_is_turned_upright_as_its_exif_data_say(orientation: int) -> None:
    expected = {
        1: NOISE,
        2: NOISE[:, ::-1],
        3: NOISE[::-1, ::-1],
        4: NOISE[::-1],
        5: NOISE.transpose(1, 0, 2),
        6: np.rot90(NOISE, -1),
        7: np.rot90(NOISE.transpose(1, 0, 2), 2),
        8: np.rot90(NOISE),
    }[orientation]
    picture = read_image(turned(orientation))
    assert np.array_equal(pixels(picture), expected)
    assert picture.notes == (("turned as its EXIF data say",) if orientation > 1 else ())


def test_tiff_is_turned_once_and_not_twice() -> None:
    assert np.array_equal(pixels(read_image(SOUND["tiff turned"]())), np.rot90(NOISE, -1))


def test_transparent_parts_are_laid_on_the_background_asked_for() -> None:
    values = np.dstack([NOISE, np.zeros((24, 32), np.uint8)])
    values[:, 16:, 3] = 255
    content = encoded(Image.fromarray(values), "PNG")
    for background in ((255, 255, 255), (10, 20, 30)):
        picture = read_image(content, background=background)
        assert (pixels(picture)[:, :16] == background).all()
        assert np.array_equal(pixels(picture)[:, 16:], NOISE[:, 16:])
        words = "white" if background[0] == 255 else "rgb(10, 20, 30)"
        assert picture.notes == (f"transparent parts laid on {words}",)


def test_alpha_that_hides_nothing_is_not_mentioned() -> None:
    assert read_image(SOUND["png colour + alpha"]()).notes == ()


def test_palette_colour_that_is_transparent_becomes_the_background() -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((0, 0), 0)
    for kind in ("PNG", "GIF"):
        values = pixels(read_image(encoded(image, kind, transparency=1)))
        assert values[0, 0].tolist() == [255, 0, 0]
        assert values[3, 3].tolist() == [255, 255, 255]


def test_inks_become_colours_about_as_they_were() -> None:
    picture = read_image(encoded(Image.new("RGB", (16, 16), (200, 40, 90)).convert("CMYK"), "TIFF"))
    assert np.abs(pixels(picture).astype(int) - (200, 40, 90)).max() <= 2


def test_lab_becomes_the_colour_it_stands_for() -> None:
    flat = Image.new("LAB", (16, 16), (136, 208, 195))  # L* 53, a* 80, b* 67: pure red
    red, green, blue = pixels(read_image(tiff(flat)))[8, 8]
    assert red > 245
    assert max(green, blue) < 20
    assert read_image(tiff(lab())).image.mode == "RGB"


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_animation_is_read_as_its_first_frame(kind: str) -> None:
    picture = read_image(animated(kind))
    red, green, blue = pixels(picture)[12, 16]
    assert red > 240
    assert max(green, blue) < 20
    assert picture.notes == ("the first of 3 frames",)


@pytest.mark.parametrize("kind", ["GIF", "TIFF"])
def test_frames_are_counted_up_to_where_a_file_is_damaged(kind: str) -> None:
    frames = [Image.fromarray(np.roll(NOISE, i)) for i in range(5)]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    count = gif_frames if kind == "GIF" else tiff_pages
    assert count(content) == 5
    counts = [count(content[:n]) for n in range(0, len(content), 7)]
    assert counts == sorted(counts)
    assert counts[0] == 0
    dice = random.Random(kind)
    for _ in range(300):
        spoilt = bytearray(content)
        for _ in range(3):
            spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
        assert 0 <= count(bytes(spoilt)) <= MOST


def test_small_copy_in_a_tiff_is_no_page_and_a_directory_that_follows_itself_is_counted_once() -> (
    None
):
    copy = Image.new("L", (8, 8))
    copy.encoderinfo = {"tiffinfo": {254: 1}}
    content = encoded(colour(), "TIFF", save_all=True, append_images=[copy])
    assert tiff_pages(content) == 1
    first = struct.unpack_from("<L", content, 4)[0]
    n_entries = struct.unpack_from("<H", content, first)[0]
    endless = bytearray(content)
    struct.pack_into("<L", endless, first + 2 + 12 * n_entries, first)
    assert tiff_pages(bytes(endless)) == 1


@pytest.mark.parametrize(("of", "ground"), [(255, 0), (250, 0), (0, None)])
def test_picture_that_would_be_lost_on_its_ground_is_laid_on_another(
    of: int, ground: int | None
) -> None:
    values = np.full((24, 32, 4), of, np.uint8)
    values[..., 3] = 0
    values[6:12, 6:12, 3] = 255
    picture = read_image(encoded(Image.fromarray(values), "PNG"))
    assert pixels(picture)[8, 8] == of
    assert pixels(picture)[0, 0] == (255 if ground is None else ground)
    assert ("nothing of it is left" in picture.notes[0]) == (ground is not None)


def test_picture_of_which_nothing_can_be_seen_on_any_ground_says_so() -> None:
    empty = Image.new("RGBA", (16, 16), (255, 255, 255, 0))
    picture = read_image(encoded(empty, "PNG"))
    assert picture.notes == ("transparent parts laid on white, where nothing of it is left",)


@pytest.mark.skipif(sys.platform == "win32", reason="libtiff is out of reach there")
def test_decoders_say_nothing_of_damaged_files_beside_the_refusal(
    capfd: pytest.CaptureFixture[str],
) -> None:
    dice = random.Random(5)
    for packing in ("tiff_lzw", "tiff_deflate", "jpeg", "packbits"):
        content = tiff(NOISE, compression=packing)
        for _ in range(30):
            spoilt = bytearray(content)
            for _ in range(4):
                spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
            with suppress(ImageRejected):
                read_image(bytes(spoilt))
    assert capfd.readouterr() == ("", "")


def test_tiff_of_two_pages_is_read_as_its_first() -> None:
    assert np.array_equal(pixels(read_image(SOUND["tiff of two pages"]())), NOISE)


def test_jpeg_that_lacks_its_end_is_rejected_and_not_half_grey() -> None:
    with pytest.raises(ImageRejected, match="damaged, cut short"):
        read_image(half(encoded(colour(), "JPEG")))


def test_images_are_read_in_many_threads_as_in_one() -> None:
    results: list[bool] = []

    def read() -> None:
        for kind in ("png colour", "tiff colour", "png 16 bit", "png turned"):
            read_image(SOUND[kind]())
        results.append(np.array_equal(pixels(read_image(SOUND["png colour"]())), NOISE))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 8


def test_array_of_an_image_of_another_form_is_its_middle() -> None:
    values = np.zeros((20, 60, 3), np.uint8)
    values[:, 20:40] = (255, 128, 0)
    x = to_array(read_image(encoded(Image.fromarray(values), "PNG")), 3, (20, 20))
    assert x[:, 10, 10].tolist() == [255, 128, 0]
    assert (x[0, :, 1:-1] == 255).all()


def test_array_of_an_image_of_the_right_size_is_the_image() -> None:
    picture = read_image(SOUND["png colour"]())
    assert np.array_equal(to_array(picture, 3, picture.size), NOISE.transpose(2, 0, 1))


def test_array_of_one_channel_is_perceived_brightness() -> None:
    picture = Picture(Image.new("RGB", (8, 8), (0, 255, 0)))
    assert to_array(picture, 1, (8, 8))[0, 0, 0] == 150  # 0.587 of 255


@pytest.mark.parametrize("size", [(1, 20_000), (20_000, 1), (1, 1)])
def test_array_of_an_extreme_image_has_the_size_asked_for(size: tuple[int, int]) -> None:
    assert to_array(Picture(Image.new("L", size)), 1, (64, 64)).shape == (1, 64, 64)


def test_array_can_be_written_to_without_changing_the_picture() -> None:
    picture = read_image(SOUND["png grey"]())
    to_array(picture, 1, picture.size)[:] = 0
    assert np.array_equal(pixels(picture), NOISE[..., 0])


def test_files_as_large_as_the_limits_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    content = encoded(colour(), "PNG")
    monkeypatch.setattr(reading, "MAX_BYTES", len(content))
    monkeypatch.setattr(reading, "MAX_PIXELS", 24 * 32)
    monkeypatch.setattr(reading, "MAX_SIDE", 32)
    read_image(content)
    for name in ("MAX_BYTES", "MAX_PIXELS", "MAX_SIDE"):
        with monkeypatch.context() as lower:
            lower.setattr(reading, name, getattr(reading, name) - 1)
            with pytest.raises(ImageRejected):
                read_image(content)
