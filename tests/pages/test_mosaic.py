"""Arrays to pictures."""

import io

import numpy as np
from PIL import Image, ImageColor

from core.metrics import error_map
from pages.ui.figures import mosaic, theme


def images(n: int, channels: int, side: int = 8) -> np.ndarray:
    return np.random.default_rng(0).random((n, channels, side, side), dtype=np.float32)


def test_grey_images_become_equal_red_green_and_blue() -> None:
    x = images(2, 1)
    drawn = mosaic.colours(x)
    assert drawn.shape == (2, 8, 8, 3)
    assert (drawn == drawn[..., :1]).all()
    np.testing.assert_allclose(drawn[..., 0] / 255, x[:, 0], atol=0.5 / 255 + 1e-6)


def test_colour_images_keep_their_channels_and_are_clipped_to_the_screen() -> None:
    x = 3 * images(2, 3) - 1
    drawn = mosaic.colours(x)
    expected = np.clip(x.transpose(0, 2, 3, 1), 0, 1)
    np.testing.assert_allclose(drawn / 255, expected, atol=0.5 / 255 + 1e-6)


def test_error_is_black_where_equal_and_brightest_at_the_end_of_the_scale() -> None:
    x = np.zeros((1, 1, 8, 8), np.float32)
    x_hat = x.copy()
    x_hat[0, 0, 0, 0], x_hat[0, 0, 0, 1] = 0.5, 0.9
    drawn = mosaic.error_colours(x, x_hat, most=0.5)
    assert (drawn[0, 0, :2] == theme.ERROR_COLOURS[255]).all()
    assert (drawn[0, 1:] == theme.ERROR_COLOURS[0]).all()


def test_error_colour_follows_the_root_of_cores_error_map() -> None:
    x, x_hat = images(2, 3), images(2, 3)[::-1]
    steps = np.rint(np.clip(np.sqrt(error_map(x, x_hat)) / 0.7, 0, 1) * 255).astype(int)
    assert (mosaic.error_colours(x, x_hat, 0.7) == theme.ERROR_COLOURS[steps]).all()


def test_enlarged_pictures_repeat_each_pixel_as_a_square() -> None:
    small = mosaic.colours(images(2, 1))
    large = mosaic.enlarged(small, 30)
    assert large.shape == (2, 24, 24, 3)
    assert (large[:, ::3, ::3] == small).all()
    assert (large[:, 2::3, 2::3] == small).all()


def test_enlarged_pictures_that_are_too_large_already_stay() -> None:
    assert mosaic.enlarged(mosaic.colours(images(1, 1)), 4).shape == (1, 8, 8, 3)


def test_sheet_holds_its_pictures_unchanged_and_grows_with_its_lines() -> None:
    pictures = mosaic.enlarged(mosaic.colours(images(4, 3)), 32)
    line = mosaic.Line("Original", "original", pictures, ("a", "b", "c", "d"))
    sheet = np.asarray(Image.open(io.BytesIO(mosaic.sheet("σ = 0.50", [line, line]))))
    one_line = np.asarray(Image.open(io.BytesIO(mosaic.sheet("σ = 0.50", [line]))))
    top, left = mosaic.MARGIN + 2 * mosaic.TITLE, mosaic.MARGIN
    assert (sheet[top : top + 32, left : left + 32] == pictures[0]).all()
    assert sheet.shape[0] > one_line.shape[0]


def test_sheet_is_wide_enough_for_long_words() -> None:
    line = mosaic.Line("A", "noisy", mosaic.colours(images(1, 1)), detail="word " * 40)
    wide = Image.open(io.BytesIO(mosaic.sheet("heading", [line])))
    assert wide.width > 800


def test_grid_lays_pictures_in_rows_with_see_through_gaps() -> None:
    pictures = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.full((2, 3, 3), 50, np.uint8)
    sheet = np.asarray(Image.open(io.BytesIO(mosaic.grid(pictures, 3))))
    assert sheet.shape == (2 * 2 + mosaic.GAP, 3 * 3 + 2 * mosaic.GAP, 4)
    assert (sheet[:2, :3, :3] == 0).all()
    left = 3 + mosaic.GAP
    assert (sheet[2 + mosaic.GAP :, left : left + 3, :3] == 200).all()
    assert (sheet[2 : 2 + mosaic.GAP, :, 3] == 0).all()
    assert (sheet[2 + mosaic.GAP :, -3:, 3] == 0).all()


def test_outline_runs_along_the_edge_of_a_mask_and_leaves_the_rest_as_it_is() -> None:
    mask = np.zeros((8, 8), bool)
    mask[2:6, 2:6] = True
    picture = np.full((8, 8, 3), 7, np.uint8)
    drawn = mosaic.outlined(picture, mask, 64)
    assert drawn.shape == (64, 64, 3)
    red = ImageColor.getrgb(theme.LIGHT["outlier"])
    assert drawn[32, 16].tolist() == list(red)
    assert (drawn[20:44, 20:44] == 7).all()
    assert (drawn[:12] == 7).all()
    assert not mosaic.outline(np.zeros((8, 8), bool), 64).any()
