"""Regions to ignore: a mask that belongs to a data set, which every score, map and threshold
respects.

In the region all images of a judgement have the same pixels, the mean of the references, and the
errors there are 0: so what the region shows can change no score. Kept in the data folder under the
id of the set, and deleted with it.
"""

import contextlib
import hashlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from core import config, derived
from core.config import DataError
from core.files import write_atomically
from core.images.imagesets import Ignored, ImageSet
from core.images.reading import read_image

Mask = npt.NDArray[np.bool_]
FOLDER = "ignored"  # in the data folder, a file a set
SAMPLE = 1_000  # images whose mean fills the region


def of(dataset: str, size: tuple[int, int]) -> Mask | None:
    """The region of a set, (H, W), True where it is ignored; None if it has none of this size."""
    try:
        with np.load(_path(dataset), allow_pickle=False) as file:
            mask = np.asarray(file["mask"])
    except (OSError, ValueError, KeyError):
        return None
    return mask if mask.shape == size and mask.dtype == np.bool_ and mask.any() else None


def keep(dataset: str, mask: Mask) -> None:
    """Keep the region of a set, or forget it if the mask is empty.

    Raises DataError if it covers the whole picture, or if the disk refuses.
    """
    if mask.all():
        raise DataError("The region covers the whole picture: leave something to be judged.")
    if not mask.any():
        forget(dataset)
        return
    content = io.BytesIO()
    np.savez_compressed(content, mask=mask)
    try:
        _path(dataset).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(_path(dataset), content.getvalue())
    except OSError as error:
        raise DataError(f"The region cannot be kept ({error.strerror}).") from error


def forget(dataset: str) -> None:
    """Forget the region of a set, if it has one."""
    with contextlib.suppress(OSError):
        _path(dataset).unlink(missing_ok=True)


def read_mask(data: bytes | Path, size: tuple[int, int]) -> Mask:
    """A region from a picture of any size: what is brighter than half is ignored: (H, W).

    size: (H, W) of the set's images; the picture is stretched to it, a pixel at a time.
    Raises DataError if it cannot be read, or if nothing in it is bright.
    """
    picture = read_image(data, "The mask", background=(0, 0, 0)).image.convert("L")
    height, width = size
    mask = np.asarray(picture.resize((width, height), Image.Resampling.NEAREST)) > 127
    if not mask.any():
        raise DataError("Nothing in the mask is white: paint white what is to be ignored.")
    return mask


def for_judging(images: ImageSet, *datasets: str) -> ImageSet:
    """References with the region of the first of these sets that has one; else as they are."""
    masks = (of(name, images.shape[1:]) for name in dict.fromkeys(datasets))
    mask = next((one for one in masks if one is not None), None)
    return images if mask is None else applied(images, mask)


def applied(images: ImageSet, mask: Mask) -> ImageSet:
    """The images with a region to ignore, filled with the mean of some of them."""
    rows = np.linspace(0, len(images) - 1, min(len(images), SAMPLE)).astype(np.int64)
    mean = images.images[rows].mean(axis=0, dtype=np.float64)
    return replace(images, ignored=Ignored(mask, np.rint(mean).astype(np.uint8)))


def digest(*datasets: str) -> str:
    """What says which regions these sets have: "" if none has one."""
    found = [_path(name).read_bytes() for name in datasets if _path(name).is_file()]
    return hashlib.sha256(b"".join(found)).hexdigest()[:16] if found else ""


def _path(dataset: str) -> Path:
    return config.data_dir() / FOLDER / f"{derived.named((dataset,), 'regions')}.npz"
