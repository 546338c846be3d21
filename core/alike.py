"""Images that are the same or almost the same. Imports nothing else from core."""

import hashlib

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
Leaders = npt.NDArray[np.int64]
SIDE = 16  # of the thumbnails that are compared
NEAR = 4.0  # root mean square difference of two thumbnails, of 255, up to which they count as alike
N_DIRECTIONS = 8


def digest(x: Pixels) -> bytes:
    """16 bytes that equal images share and others do not: (C, H, W)."""
    return hashlib.blake2b(x.tobytes(), digest_size=16).digest()


def thumbnail(x: Pixels) -> Pixels:
    """The image in grey, 16 x 16: (C, H, W), C 1 or 3 -> (256,)."""
    image = Image.fromarray(x[0] if len(x) == 1 else np.ascontiguousarray(x.transpose(1, 2, 0)))
    small = image.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small, np.uint8).ravel()


def equal(digests: list[bytes]) -> Leaders:
    """For each image the first one that equals it, itself if it is the first: (n,)."""
    first: dict[bytes, int] = {}
    return np.array([first.setdefault(one, i) for i, one in enumerate(digests)], np.int64)


def near(thumbnails: Pixels, limit: float = NEAR) -> Leaders:
    """For each image the first one it is almost equal to, itself if there is none before: (n,).

    thumbnails: (n, 256).  Two images are alike if their thumbnails differ by at most `limit` in the
    root mean square. Images are taken in order: one that is like an earlier leader follows it, any
    other leads. Found through the few directions in which the thumbnails vary most: a projection
    never lengthens a distance, so that none is missed.
    """
    from scipy.spatial import cKDTree

    leaders = np.arange(len(thumbnails), dtype=np.int64)
    x = thumbnails.astype(np.float32)
    reach = limit * SIDE  # a sum over 256 pixels
    projected = _projected(x)
    tree = cKDTree(projected)
    led = np.zeros(len(x), bool)
    for i in range(len(x)):
        if led[i]:
            continue
        close = np.array(tree.query_ball_point(projected[i], reach * (1 + 1e-5)), np.int64)
        close = close[(close > i) & ~led[close]]
        alike = close[np.square(x[close] - x[i]).sum(axis=1) <= reach * reach]
        leaders[alike], led[alike] = i, True
    return leaders


def _projected(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The points (n, k) of x seen along its principal directions: (n, at most N_DIRECTIONS)."""
    moved = x - x.mean(axis=0)
    _, directions = np.linalg.eigh(moved.T @ moved)
    return np.asarray(moved @ directions[:, -N_DIRECTIONS:])
