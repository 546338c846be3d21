"""Images that are the same or almost the same.

Two pictures are near-copies if they differ much less than pictures of their set usually do: shots
of a fixed camera all look alike, and yet each is another one.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.images.reading import from_array
from core.memory import let_go
from core.principal import principal_axes

Pixels = npt.NDArray[np.uint8]
Leaders = npt.NDArray[np.int64]
SIDE = 16  # of the thumbnails that are compared
NEAR = 4.0  # root mean square difference of two thumbnails, of 255, up to which they count as alike
OF_USUAL = 0.25  # of the usual difference of two images of the set, above which none are alike
LARGEST_SHARE, LARGEST_GROUP = 0.05, 4  # of a set: more images alike are what it is like itself
SAMPLED = 1_000  # images by which the limit of a set is found
LEAST = 0.05  # a limit below which only equal thumbnails are left
N_DIRECTIONS = 8
TOLD_EVERY = 100  # images, between two reports of progress
DIGEST = 16  # bytes
N_CLOSEST = 64  # candidates that are looked at before all of them are
SLACK = 1e-3  # of a distance, for the rounding of projections; what it lets in is measured exactly


def digest(x: Pixels) -> bytes:
    """16 bytes that equal images share and others do not: (C, H, W)."""
    return hashlib.blake2b(x.tobytes(), digest_size=DIGEST).digest()


def thumbnail(x: Pixels) -> Pixels:
    """The image, 16 x 16: (C, H, W), C 1 or 3 -> (C * 256,), in colour where the image is."""
    small = from_array(x).image.resize((SIDE, SIDE), Image.Resampling.BOX)
    pixels = np.asarray(small, np.uint8).reshape(SIDE, SIDE, len(x))
    return pixels.transpose(2, 0, 1).ravel()


def equal(digests: Pixels | Sequence[bytes]) -> Leaders:
    """For each image the first one that equals it, itself if it is the first: (n,).

    digests: (n, d), or n texts of the same number of bytes.
    """
    if not len(digests):
        return np.empty(0, np.int64)
    if not isinstance(digests, np.ndarray):
        digests = np.frombuffer(b"".join(digests), np.uint8).reshape(len(digests), -1)
    rows = np.ascontiguousarray(digests).view(f"V{digests.shape[1]}").ravel()
    _, first, of = np.unique(rows, return_index=True, return_inverse=True)
    return np.asarray(first[of], np.int64)


def limit_for(thumbnails: Pixels) -> float:
    """Up to which difference two images of this set are near-copies, at most NEAR.

    thumbnails: (n, d).  A quarter of the median difference of two images, less where more than a
    twentieth of the set would be one group: such a group is the set itself, as with shots of a
    fixed camera under changing light. Found by a sample, always the same for the same images.
    """
    sample = thumbnails
    if len(sample) > SAMPLED:
        chosen = np.random.default_rng(0).permutation(len(sample))[:SAMPLED]
        sample = sample[np.sort(chosen)]
    apart = _differences(sample)
    pairs = apart[np.triu_indices(len(sample), 1)]
    varied = pairs[pairs > 0]  # equal images say nothing about how a set varies
    if not len(varied):
        return NEAR
    limit = min(NEAR, OF_USUAL * float(np.median(varied)))
    most = max(LARGEST_GROUP, LARGEST_SHARE * len(sample))
    while limit > LEAST and ((apart <= limit) & (apart > 0)).sum(axis=1).max() >= most:
        limit /= 2
    return limit


def near(
    thumbnails: Pixels,
    limit: float = NEAR,
    progress: Callable[[int, int], None] | None = None,
) -> Leaders:
    """For each image the first one it is almost equal to, itself if there is none before: (n,).

    thumbnails: (n, d), perhaps mapped from a file.  Two images are alike if their thumbnails differ
    by at most `limit` in the root mean square. Images are taken in order: one that is like an
    earlier leader follows it, any other leads. Candidates are found along the few directions in
    which the thumbnails vary most: a projection never lengthens a distance, so that none is missed.
    Only where these directions tell nothing apart, as with pure noise, are the closest N_CLOSEST
    candidates taken for all of them.
    progress: told how many images were compared, of how many.
    """
    from scipy.spatial import cKDTree

    leaders = np.arange(len(thumbnails), dtype=np.int64)
    if len(thumbnails) < 2:
        return leaders
    reach = limit * thumbnails.shape[1] ** 0.5  # a sum over all pixels
    projected = _projected(thumbnails)
    tree = cKDTree(projected)
    led = np.zeros(len(thumbnails), bool)

    def alike(i: int, candidates: Leaders) -> npt.NDArray[np.bool_]:
        apart = thumbnails[candidates].astype(np.float32) - thumbnails[i]
        return np.asarray(np.square(apart).sum(axis=1) <= reach * reach)

    for i in range(len(thumbnails)):
        if i % TOLD_EVERY == 0:
            let_go(thumbnails)
            if progress is not None:
                progress(i, len(thumbnails))
        if led[i]:
            continue
        close = _closest(tree, projected[i], reach * (1 + SLACK))
        if len(close) == N_CLOSEST and 2 * alike(i, close).sum() >= N_CLOSEST:
            close = np.array(tree.query_ball_point(projected[i], reach * (1 + SLACK)), np.int64)
        close = close[(close > i) & ~led[close]]
        following = close[alike(i, close)]
        leaders[following], led[following] = i, True
    return leaders


def _closest(tree: Any, point: npt.NDArray[np.float32], reach: float) -> Leaders:
    """The points within reach, the closest N_CLOSEST of them at most."""
    distances, found = tree.query(point, min(N_CLOSEST, tree.n), distance_upper_bound=reach)
    here = np.isfinite(np.atleast_1d(distances))
    return np.asarray(np.atleast_1d(found)[here], np.int64)


def _differences(thumbnails: Pixels) -> npt.NDArray[np.float64]:
    """Root mean square difference of each to each: (n, n)."""
    x = thumbnails.astype(np.float64)
    squares = np.square(x).sum(axis=1)
    found = squares[:, None] + squares[None] - 2 * (x @ x.T)  # whole numbers: exact
    return np.asarray(np.sqrt(np.maximum(found, 0) / x.shape[1]))


def _projected(thumbnails: Pixels) -> npt.NDArray[np.float32]:
    """The points (n, k) seen along their principal directions: (n, at most N_DIRECTIONS)."""
    axes = principal_axes(thumbnails, min(N_DIRECTIONS, *thumbnails.shape))
    return axes.coordinates(thumbnails).astype(np.float32)
