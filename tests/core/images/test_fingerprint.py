"""Sets of images told apart by their pixels."""

import os
from pathlib import Path

import numpy as np

from core.images import imagesets
from core.images.imagesets import ImageSet, numbered_ids

N = 50


def images(change: int = 0) -> ImageSet:
    pixels = np.random.default_rng(0).integers(0, 200, (N, 1, 4, 4), dtype=np.uint8)
    pixels[-1, 0, 3, 3] += change
    return ImageSet("some", "test", pixels, None, (), numbered_ids("some", range(N)))


def test_identity_differs_with_any_pixel_and_with_nothing_else() -> None:
    assert imagesets.fingerprint(images()) == imagesets.fingerprint(images())
    assert imagesets.fingerprint(images()) != imagesets.fingerprint(images(change=1))
    assert imagesets.fingerprint(images()) != imagesets.fingerprint(images().take(slice(0, N - 1)))


def test_identity_of_pixels_in_a_file_differs_when_it_is_written_anew(tmp_path: Path) -> None:
    def of_file() -> ImageSet:
        np.save(tmp_path / "images.npy", images().images)
        pixels = np.load(tmp_path / "images.npy", mmap_mode="c")[: N // 2]
        return ImageSet("own", "train", pixels, None, (), numbered_ids("own", range(N // 2)))

    found = of_file()
    before = imagesets.fingerprint(found)
    os.utime(tmp_path / "images.npy", (1, 1))
    assert imagesets.fingerprint(found) != before
