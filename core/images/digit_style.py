"""Writing on paper brought to the form of MNIST's digits: light strokes on black, in the middle.

All arrays here are grey, (H, W) float32 in [0, 1], the strokes light. Imports nothing from core.
"""

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
BOX = 20 / 28  # MNIST fits a digit into 20 of 28 pixels
OVERSAMPLED = 4  # strokes are centred and thickened at four times the size they end up with
COARSE = 128  # pixels a side are enough to tell the light on the paper from the writing
INK = 0.25  # of the brightest: what counts as stroke
SPECK = 2e-5  # of the picture's area: what is smaller is no writing
FAINT = 0.06  # contrast under which there is nothing but paper
SHEET_SIDE = 48  # means a side that a sheet of paper is looked at in
WRITING = 0.6  # of the structure of a picture that writing makes, at least
UNEVEN, HUES = 0.2, 0.04  # how uneven paper may be against its writing, and how far its hue varies
THIN, FIRM = 0.085, 0.11  # stroke widths as shares of the digit's longer side; MNIST's mean is 0.13


def is_uneven(x: Grey) -> bool:
    """Whether the ground behind the strokes is no even black: paper in a photograph."""
    ground = _ground(x)
    low, high = np.percentile(ground, (5, 95))
    return bool(high > 0.08 or high - low > 0.04)


def cleaned(x: Grey) -> Grey:
    """The strokes alone: shade, folds and grain of the paper become black, the writing full white.

    Each pixel is compared with the paper around it, as light falls unevenly; specks and what
    reaches in from the edge (a table, a shadow) are dropped. Paper without writing is all black.
    """
    ground = _ground(x)
    ink = (x - ground) / np.maximum(1 - ground, 0.1)
    paper, most = np.percentile(ink, (50, 99.9))  # writing covers less than half of it
    grain = 1.4826 * float(np.median(np.abs(ink - paper)))
    low = paper + max(5 * grain, 0.2 * (most - paper))
    pieces = _pieces(ink > low)
    if most - paper < FAINT or not pieces.any():
        return np.zeros_like(x)
    high = max(float(np.percentile(ink[pieces], 60)), low + FAINT)
    stretched = np.clip((ink - paper - 3 * grain) / (high - paper - 3 * grain), 0, 1)
    return np.where(_rimmed(pieces), stretched, 0).astype(np.float32)


def is_on_paper(x: Grey, colours: npt.NDArray[np.uint8] | None = None) -> bool:
    """Whether the picture is of writing on paper, and no photograph of anything else.

    x: grey, the strokes light.  colours: (H, W, 3), the same picture in colour.
    What cleaned() keeps must be most of the structure there is, and the rest a sheet: of one hue,
    its brightness changing as light falls on something flat.
    """
    ground, writing = _ground(x), cleaned(x) > 0
    structure = np.square(x - ground - np.median(x - ground))
    kept = float(structure[writing].sum()) / max(1e-9, float(structure.sum()))
    covered = _small(writing.astype(np.float32))
    paper, ink = covered < 0.02, covered > 0.3
    if kept < WRITING or paper.sum() < SHEET_SIDE:
        return False
    v, u = np.mgrid[-1 : 1 : SHEET_SIDE * 1j, -1 : 1 : SHEET_SIDE * 1j]
    terms = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=-1)
    small = _small(x)
    fitted = terms @ np.linalg.lstsq(terms[paper], small[paper], rcond=None)[0]
    left = small - fitted
    contrast = abs(float(np.median(left[ink]))) if ink.any() else 0.0
    is_flat = float(left[paper].std()) <= UNEVEN * max(contrast, 1e-3)
    return bool(is_flat and (colours is None or _of_one_hue(colours, paper)))


def _of_one_hue(colours: npt.NDArray[np.uint8], paper: Mask) -> bool:
    planes = np.stack([_small(colours[..., i].astype(np.float32)) + 8 for i in range(3)], axis=-1)
    shares = planes / planes.sum(axis=-1, keepdims=True)
    return bool(shares[paper].std(axis=0).max() <= HUES)


def _small(x: Grey) -> Grey:
    """Means, SHEET_SIDE a side."""
    from PIL import Image

    size = (SHEET_SIDE, SHEET_SIDE)
    return np.asarray(Image.fromarray(x).resize(size, Image.Resampling.BOX))


def centred(x: Grey, size: tuple[int, int]) -> Grey:
    """The digit fitted into 20/28 of the frame, its mass in the middle: (H, W) -> size.

    As MNIST's makers did. An empty picture stays empty.
    """
    box = _box(x)
    if box is None:
        return np.zeros(size, np.float32)
    top, bottom, left, right = box
    scale = min(BOX * size[0] / (bottom - top), BOX * size[1] / (right - left))
    height, width = size[0] / scale, size[1] / scale  # of the window, in pixels of x
    y, x_mid = _mass(x[top:bottom, left:right])
    y0 = _within(top + y - height / 2, bottom - height, top)
    x0 = _within(left + x_mid - width / 2, right - width, left)
    return _window(x, (y0, x0, height, width), size)


def thickened(x: Grey) -> Grey:
    """Thin strokes made as firm as MNIST's; others as they are."""
    from scipy import ndimage

    missing = _missing_width(x)
    if missing <= 0:
        return x
    reach = missing / 2
    n = int(np.ceil(reach))
    yy, xx = np.mgrid[-n : n + 1, -n : n + 1]
    disc = yy * yy + xx * xx <= reach * reach + 0.5
    return np.asarray(ndimage.grey_dilation(x, footprint=disc), np.float32)


def is_thin(x: Grey) -> bool:
    """Whether thickened() would change anything."""
    return _missing_width(x) > 0


def _missing_width(x: Grey) -> float:
    """Number of pixels that the strokes lack; 0 for firm ones and for none."""
    from scipy import ndimage

    box, mask = _box(x), x > INK * x.max(initial=0)
    if box is None or not mask.any():
        return 0.0
    # In a ribbon of width w the mean distance from its edge is w / 4.
    width = 4 * float(ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1][mask].mean()) - 1
    longer = max(box[1] - box[0], box[3] - box[2])
    return FIRM * longer - width if width < THIN * longer else 0.0


def _ground(x: Grey) -> Grey:
    """The paper's own brightness at each pixel: what stays when all that is narrow is removed."""
    from PIL import Image
    from scipy import ndimage

    h, w = x.shape
    scale = min(1.0, COARSE / max(h, w))
    small_size = (max(1, round(w * scale)), max(1, round(h * scale)))
    small = np.asarray(Image.fromarray(x).resize(small_size, Image.Resampling.BOX))
    small = ndimage.median_filter(small, size=3, mode="nearest")
    reach = max(3, max(small.shape) // 4)
    # Continued beyond the edge as it rises or falls there, so that shade is not taken for ink.
    wide = np.pad(small, reach, mode="reflect", reflect_type="odd")
    opened = ndimage.gaussian_filter(ndimage.grey_opening(wide, size=(reach, reach)), reach / 5)
    smooth = np.asarray(opened[reach:-reach, reach:-reach], np.float32)
    return np.asarray(Image.fromarray(smooth).resize((w, h), Image.Resampling.BILINEAR))


def _pieces(mask: Mask) -> Mask:
    """The larger of the connected pieces, without those at the edge unless there are no others."""
    from scipy import ndimage

    pieces, n = ndimage.label(mask, structure=np.ones((3, 3)))
    areas = np.bincount(pieces.ravel(), minlength=n + 1)
    areas[0] = 0
    edge = np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])
    inside = areas.copy()
    inside[np.unique(edge)] = 0
    if inside.max() >= 0.05 * areas.max():
        areas = inside
    good = areas > max(SPECK * mask.size, 0.04 * areas.max())
    return np.asarray(good[pieces])


def _rimmed(pieces: Mask) -> Mask:
    """The pieces with their soft rims."""
    from scipy import ndimage

    reach = max(1, max(pieces.shape) // 200)
    return np.asarray(ndimage.binary_dilation(pieces, iterations=reach))


def _box(x: Grey) -> tuple[int, int, int, int] | None:
    """top, bottom, left, right of what is ink; None if nothing is."""
    mask = x > INK * x.max(initial=0)
    if x.max(initial=0) < FAINT or not mask.any():
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _mass(x: Grey) -> tuple[float, float]:
    """The centre of mass, in pixels from the upper left corner."""
    total = float(x.sum(dtype=np.float64))
    y = float(x.sum(axis=1, dtype=np.float64) @ (np.arange(x.shape[0]) + 0.5)) / total
    return y, float(x.sum(axis=0, dtype=np.float64) @ (np.arange(x.shape[1]) + 0.5)) / total


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _window(x: Grey, window: tuple[float, float, float, float], size: tuple[int, int]) -> Grey:
    """The content of a window (y, x, height, width), black outside the picture, brought to size."""
    from PIL import Image

    y, left, height, width = window
    margin = int(np.ceil(max(0, -y, -left, y + height - x.shape[0], left + width - x.shape[1]))) + 1
    image = Image.fromarray(np.pad(x, margin))
    box = (left + margin, y + margin, left + margin + width, y + margin + height)
    shrinks = height > size[0]
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    resized = image.resize((size[1], size[0]), method, box=box)
    return np.clip(np.asarray(resized, np.float32), 0, 1)
