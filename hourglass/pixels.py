"""Arrays of images in any of the usual layouts, told apart or refused."""

from typing import Any

import numpy as np
import numpy.typing as npt

from core.config import DataError
from core.images.imagesets import ImageSet

Pixels = npt.NDArray[np.uint8]
CHANNELS = (1, 3)
WHITE = 255
ROUNDING = 1e-6  # by which a float may leave 0 to 1
LAYOUTS = "(n, H, W), (n, C, H, W) or (n, H, W, C) with C = 1 or 3"


class InputError(DataError, ValueError):
    """Images that cannot be used; a ValueError, as scikit-learn's tools expect."""


def pixels_of(images: Any) -> Pixels:
    """Images in one of LAYOUTS, or an ImageSet -> (n, C, H, W) uint8 of 0 to 255.

    Pixels are uint8 (or other whole numbers) of 0 to 255, floats of 0 to 1, which are rounded to
    the nearest 1/255, or bool.  Raises InputError for what is neither, or not finite.
    """
    if isinstance(images, ImageSet):
        return images.images
    return _channels_first(_bytes(_array(images)))


def _array(images: Any) -> npt.NDArray[Any]:
    if type(images).__name__ in ("csr_matrix", "csr_array") or hasattr(images, "tocoo"):
        raise InputError("Sparse matrices are no images: give a dense array of pixels.")
    if hasattr(images, "detach"):  # a tensor of PyTorch
        images = images.detach().cpu().numpy()
    try:
        values = np.asarray(images)
    except ValueError:
        values = np.empty(0, object)
    if values.dtype.kind not in "biuf":
        raise InputError(
            f"Images are an array of numbers in one of the shapes {LAYOUTS}, all of one size; this "
            f"is {values.dtype if values.size else 'none'}."
        )
    return values


def _bytes(values: npt.NDArray[Any]) -> Pixels:
    """The pixels as uint8."""
    if values.dtype == bool or not values.size:
        return values.astype(np.uint8) * np.uint8(WHITE)
    is_whole = values.dtype.kind in "iu"
    if not is_whole and not np.isfinite(values).all():
        raise InputError("Some pixels are NaN or infinity: replace them, or leave the images out.")
    low, high = values.min(), values.max()
    most = WHITE if is_whole else 1
    if low < -ROUNDING or high > most + ROUNDING:
        raise InputError(
            f"Pixels are whole numbers from 0 to 255 or floats from 0 to 1, and these are "
            f"{values.dtype} from {low:g} to {high:g}: divide them by their highest possible value."
        )
    if is_whole and high == 1:
        raise InputError(
            f"These pixels are {values.dtype} of 0 and 1 only, which could be black and white or "
            "almost black: give them as bool or as floats from 0 to 1."
        )
    if is_whole:
        return values.astype(np.uint8, copy=False)
    return np.clip(np.rint(values * np.float64(WHITE)), 0, WHITE).astype(np.uint8)


def _channels_first(values: Pixels) -> Pixels:
    if values.ndim == 3:
        return values[:, None]
    if values.ndim == 4:
        if values.shape[1] in CHANNELS:
            return values
        if values.shape[3] in CHANNELS:
            return np.ascontiguousarray(values.transpose(0, 3, 1, 2))
    raise InputError(
        f"Images have one of the shapes {LAYOUTS}, not {values.shape}. Reshape your data: one "
        "image alone is X[None]."
    )
