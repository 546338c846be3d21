"""Images that are the same or almost the same. Imports only core.images.reading."""

import hashlib

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.images.reading import from_array

Pixels = npt.NDArray[np.uint8]
Leaders = npt.NDArray[np.int64]
SIDE = 16  # of the thumbnails that are compared
NEAR = 4.0  # root mean square difference of two thumbnails, of 255, up to which they count as alike
N_DIRECTIONS = 8
PART = 4096  # thumbnails turned to floats at a time
SLACK = 1e-3  # of a distance, for the rounding of projections; what it lets in is measured exactly


def digest(x: Pixels) -> bytes:
    """16 bytes that equal images share and others do not: (C, H, W)."""
    return hashlib.blake2b(x.tobytes(), digest_size=16).digest()


def thumbnail(x: Pixels) -> Pixels:
    """The image in grey, 16 x 16: (C, H, W), C 1 or 3 -> (256,)."""
    grey = from_array(x).image.convert("L")
    small = grey.resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small, np.uint8).ravel()


def equal(digests: list[bytes]) -> Leaders:
    """For each image the first one that equals it, itself if it is the first: (n,)."""
    first: dict[bytes, int] = {}
    return np.array([first.setdefault(one, i) for i, one in enumerate(digests)], np.int64)


def near(thumbnails: Pixels, limit: float = NEAR) -> Leaders:
    """For each image the first one it is almost equal to, itself if there is none before: (n,).

    thumbnails: (n, 256).  Two images are alike if their thumbnails differ by at most `limit` in the
    root mean square. Images are taken in order: one that is like an earlier leader follows it, any
    other leads. Candidates are found along the few directions in which the thumbnails vary most: a
    projection never lengthens a distance, so that none is missed.
    """
    from scipy.spatial import cKDTree

    leaders = np.arange(len(thumbnails), dtype=np.int64)
    reach = limit * SIDE  # a sum over 256 pixels
    projected = _projected(thumbnails)
    tree = cKDTree(projected)
    led = np.zeros(len(thumbnails), bool)
    for i in range(len(thumbnails)):
        if led[i]:
            continue
        close = np.array(tree.query_ball_point(projected[i], reach * (1 + SLACK)), np.int64)
        close = close[(close > i) & ~led[close]]
        apart = thumbnails[close].astype(np.float32) - thumbnails[i]
        alike = close[np.square(apart).sum(axis=1) <= reach * reach]
        leaders[alike], led[alike] = i, True
    return leaders


def _projected(thumbnails: Pixels) -> npt.NDArray[np.float32]:
    """The points (n, k) seen along their principal directions: (n, at most N_DIRECTIONS)."""
    mean = thumbnails.mean(axis=0, dtype=np.float64).astype(np.float32)
    parts = [slice(i, i + PART) for i in range(0, len(thumbnails), PART)]
    spread = sum(moved.T @ moved for moved in (thumbnails[part] - mean for part in parts))
    _, directions = np.linalg.eigh(spread)
    main = directions[:, -N_DIRECTIONS:]
    return np.concatenate([(thumbnails[part] - mean) @ main for part in parts])
