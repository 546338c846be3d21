import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from core.data import catalogue
from core.images import digit_style

SIZE = (28, 28)


def bar(height: int, width: int, thickness: int, frame: tuple[int, int] = (200, 300)) -> np.ndarray:
    """A light bar off the middle of a black picture, (H, W) float32."""
    x = np.zeros(frame, np.float32)
    x[20 : 20 + height, 30 : 30 + width] = 1
    inner = (slice(20 + thickness, 20 + height - thickness), slice(30 + thickness, 30 + width))
    x[inner] = 0
    return x


def ink_box(x: np.ndarray) -> tuple[int, int]:
    rows, columns = (np.flatnonzero((x > 0.25).any(axis=axis)) for axis in (1, 0))
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


@pytest.mark.parametrize(("height", "width"), [(100, 60), (60, 160), (90, 90), (12, 10)])
def test_centred_drawing_fills_20_of_28_pixels_with_its_mass_in_the_middle(
    height: int, width: int
) -> None:
    x = np.zeros((200, 300), np.float32)
    x[20 : 20 + height, 30 : 30 + width] = 1
    x[20 : 20 + height // 2, 30 : 30 + width // 4] = 0.5  # so that box and mass differ
    small = digit_style.centred(x, SIZE)
    assert max(ink_box(small)) in (20, 21)
    assert ndimage.center_of_mass(small) == pytest.approx((13.5, 13.5), abs=0.3)


def test_mass_far_from_the_box_does_not_push_the_drawing_out_of_the_frame() -> None:
    x = np.zeros((200, 200), np.float32)
    x[10:30, 10:190] = 1
    x[30:190, 10:14] = 1  # a long thin leg: the mass is near the upper edge
    small = digit_style.centred(x, SIZE)
    assert ink_box(small)[0] >= 20
    assert small[:, -1].max() < 0.1


def test_digit_moved_and_enlarged_comes_back_as_the_digit_it_was() -> None:
    likeness = []
    for digit in catalogue.load("mnist-5k").pixels(slice(0, 50))[:, 0]:
        large = np.asarray(Image.fromarray(digit).resize((280, 280), Image.Resampling.BICUBIC))
        moved = np.zeros((900, 700), np.float32)
        moved[500:780, 90:370] = np.clip(large, 0, 1)
        again = digit_style.centred(moved, SIZE)
        shifts = [np.roll(digit, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        likeness.append(max(np.corrcoef(again.ravel(), s.ravel())[0, 1] for s in shifts))
    assert np.mean(likeness) > 0.95
    assert min(likeness) > 0.8


def test_empty_picture_stays_empty_through_every_step() -> None:
    x = np.zeros((40, 50), np.float32)
    assert not digit_style.cleaned(x).any()
    assert not digit_style.centred(x, SIZE).any()
    assert not digit_style.thickened(x).any()
    assert not digit_style.is_thin(x)
    assert not digit_style.is_uneven(x)


def test_blank_paper_with_shade_and_grain_becomes_black_and_not_full_of_specks() -> None:
    rng = np.random.default_rng(0)
    shade = np.linspace(0.2, 0.6, 400, dtype=np.float32)[:, None] * np.ones((1, 300), np.float32)
    paper = (shade + rng.normal(0, 0.02, shade.shape)).astype(np.float32)
    assert digit_style.is_uneven(paper)
    assert (digit_style.cleaned(paper) > 0.3).mean() < 0.001


def test_writing_on_shaded_paper_is_kept_and_the_paper_is_black() -> None:
    rng = np.random.default_rng(1)
    writing = bar(120, 90, 12, (400, 300))
    shade = np.linspace(0.15, 0.6, 400, dtype=np.float32)[:, None]
    paper = np.clip(shade + rng.normal(0, 0.015, (400, 300)) + 0.35 * writing, 0, 1)
    cleaned = digit_style.cleaned(paper.astype(np.float32))
    assert cleaned[writing == 0].mean() < 0.01
    assert cleaned[writing == 1].mean() > 0.85


def test_shadow_that_reaches_in_from_the_edge_is_dropped_and_the_writing_stays() -> None:
    writing = bar(120, 90, 12, (400, 300))
    paper = 0.2 + 0.7 * writing
    paper[350:, :80] = 1
    cleaned = digit_style.cleaned(paper.astype(np.float32))
    assert not cleaned[352:, :70].any()
    assert cleaned[writing == 1].mean() > 0.8


def test_thin_strokes_are_made_as_wide_as_promised_and_firm_ones_stay() -> None:
    thin, firm = bar(90, 70, 2), bar(90, 70, 12)
    assert digit_style.is_thin(thin)
    assert not digit_style.is_thin(firm)
    assert digit_style.thickened(firm) is firm
    wide = digit_style.thickened(thin)
    run = int((wide[60, 20:50] > 0.5).sum())  # across the upright stroke
    assert run / 90 == pytest.approx(digit_style.FIRM, abs=0.03)


def test_mnist_digits_count_as_firm_so_that_they_are_not_changed() -> None:
    digits = catalogue.load("mnist-5k").pixels(slice(0, 200))[:, 0]
    large = [digit_style.centred(digit, (112, 112)) for digit in digits]
    assert np.mean([digit_style.is_thin(digit) for digit in large]) < 0.15
