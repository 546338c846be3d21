"""Spaces in which near means alike: where reference images lie in them, and how densely.

Two are used: a model's codes, and the pixels along their principal components. Both are turned to
their principal axes, of which the strongest are kept; for codes of up to WIDTH numbers that changes
no distance.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from core import arraycache, config, derived
from core.anomaly.descriptors import DESCRIPTORS, Gaussian
from core.anomaly.patches import PatchSpace
from core.config import DataError
from core.images.imagesets import ImageSet
from core.images.parts import Once, done, each_part
from core.inference import Autoencoder
from core.neighbours import Array, Neighbours, nearest, nearest_others
from core.principal import principal_axes

Scores = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Values = Callable[[Array], Array]  # images (p, C, H, W) -> (p, D)
K = 10  # neighbours
WIDTH = 64  # axes of code space that are kept
PIXEL_WIDTH = 50  # of pixel space
SAMPLE, SAMPLE_VALUES = 8_000, 12_000_000  # images, and numbers in all, that axes are fitted on
STEP = 2_048  # images between two reports of progress
OWN_FOLDS = 5  # in which references are judged by a Gaussian of the others
KEPT = 32  # files of spaces; for MNIST each has 10 to 15 MB
PATH_SAMPLE, PATH_PART = 600, 128  # references that paths are fitted on; images at a time
PATH_BOUNDS = (-1.0, 2.0)  # of a reconstruction that is encoded again; a bad model's may be any
PATH_COLUMNS, PATH_WIDTH = 20_000, 64  # hidden values that are compared, and directions of them
FIELDS = ("mean", "directions", "points", "own")


@dataclass(frozen=True)
class Space:
    """Where reference images lie.

    mean: (D,).  directions: (d, D), orthonormal rows.  points: (m, d), the references in it.
    own: (m,) > 0, the mean distance of each to its K nearest others: small where they lie densely.
    """

    mean: Array
    directions: Array
    points: Array
    own: Scores

    def project(self, values: Array) -> Array:
        """Values (n, D) as points (n, d)."""
        return np.asarray((values - self.mean) @ self.directions.T)

    def near(self, points: Array) -> Neighbours:
        """The K references nearest to each point."""
        return nearest(points, self.points, K)

    def near_others(self, rows: Rows) -> Neighbours:
        """The K references nearest to each of those at `rows`, itself left out."""
        return nearest_others(self.points, K, rows)

    def relative_density(self, near: Neighbours) -> Scores:
        """How much sparser it is at points than at their neighbours; 1 = as dense.

        The mean distance to the neighbours, over the mean of the neighbours' own such distances.
        Source: Schubert, Zimek and Kriegel 2014 (simplified LOF), with mean distances.
        """
        return np.asarray(near.mean_distance / self.own[near.positions].mean(axis=1))

    def mahalanobis(self, points: Array) -> Scores:
        """Distance of points from the references' mean, each axis in its own standard deviations.

        Axes along which the references do not vary are left out.  Source: Mahalanobis 1936.
        """
        variances = self.points.var(axis=0, dtype=np.float64)
        varied = variances > 1e-9 * variances.max(initial=0)
        squares = np.square(points[:, varied], dtype=np.float64) / variances[varied]
        return np.asarray(np.sqrt(squares.sum(axis=1)))


@dataclass(frozen=True)
class PathSpace:
    """How the path of an image through the encoder differs from that of its reconstruction.

    columns: which hidden values are compared.  mean: (c,), of their differences for references.
    directions: (d, c), orthonormal rows, the strongest of these differences.  deviations: (d,) > 0,
    along them.
    Source: Kim, Shim, Lim, Jeon, Choi, Kim and Yoon 2020 (RaPP): hidden values of x and of its
    reconstruction; normalised by the singular values of the references' differences.
    """

    columns: Rows
    mean: Array
    directions: Array
    deviations: Array

    @classmethod
    def fit(cls, among: "Spaces", seed: int = 0) -> "PathSpace":
        """From at most PATH_SAMPLE of the references, at least two."""
        rng, images, model = np.random.default_rng(seed), among.images, among.autoencoder
        x = images.pixels(np.sort(rng.permutation(len(images))[:PATH_SAMPLE]))
        k = model.hidden(x[:1]).shape[1]
        columns = np.sort(rng.permutation(k)[:PATH_COLUMNS])
        apart = _path_differences(among, x, columns)
        axes = principal_axes(apart, min(PATH_WIDTH, len(columns), len(x) - 1))
        deviations = axes.coordinates(apart).std(axis=0)
        varied = deviations > 1e-6 * deviations.max(initial=0)
        return cls(
            columns,
            axes.origin.astype(np.float32),
            axes.directions[varied].astype(np.float32),
            deviations[varied].astype(np.float32),
        )

    def distances(self, among: "Spaces", x: Array) -> Scores:
        """Of images (n, C, H, W) the mean squared difference of the hidden values, and the mean
        square of the normalised ones along the strongest directions: (n, 2).
        """
        apart = _path_differences(among, x, self.columns)
        along = ((apart - self.mean) @ self.directions.T) / self.deviations
        plain = np.square(apart).mean(axis=1, dtype=np.float64)
        return np.column_stack([plain, np.square(along).mean(axis=1, dtype=np.float64)])


def _path_differences(among: "Spaces", x: Array, columns: Rows) -> Array:
    """Hidden values of images less those of their reconstructions: (n, c)."""
    out = np.empty((len(x), len(columns)), np.float32)
    for start in range(0, len(x), PATH_PART):
        part = x[start : start + PATH_PART]
        x_hat = np.clip(among.rebuilt(part), *PATH_BOUNDS)
        apart = among.autoencoder.hidden(part) - among.autoencoder.hidden(x_hat)
        out[start : start + PATH_PART] = apart[:, columns]
    return out


@dataclass(frozen=True)
class DescriptorSpace:
    """Where reference images lie by a descriptor of core.anomaly.descriptors.

    name: the descriptor's.  gaussian: of some references.  space: of all of them, standardised.
    """

    name: str
    gaussian: Gaussian
    space: Space

    def judge(self, x: Array) -> Array:
        """Distance from the Gaussian, and the points, of images (n, C, H, W): (n, 1 + d)."""
        values = DESCRIPTORS[self.name](x)
        points = self.space.project(self.gaussian.standardised(values))
        return np.column_stack([self.gaussian.scores(values), points]).astype(np.float32)

    def judge_own(self, images: ImageSet, rows: Rows) -> Array:
        """The same of references, which stand at `rows`: each one's distance is from a Gaussian
        that was fitted to others of them.
        """
        values = each_part(images, DESCRIPTORS[self.name], title="Describing the images")
        fold = np.random.default_rng(0).permutation(len(images)) % min(OWN_FOLDS, len(images))
        own = np.empty(len(images), np.float32)
        for k in np.unique(fold).tolist():
            mine = fold == k
            own[mine] = Gaussian.fit(values[~mine]).scores(values[mine])
        return np.column_stack([own, self.space.points[rows]])


class Spaces:
    """The two spaces of reference images, fitted when first asked for and kept in the data folder.

    Fitting the codes of 47,000 digits takes ten seconds, reading them again a tenth of one.
    kept: whether they are kept; spaces that nobody asks for again are not.
    Raises DataError if there are not more than K images.
    """

    def __init__(self, autoencoder: Autoencoder, images: ImageSet, kept: bool = True) -> None:
        if len(images) <= K:
            raise DataError(
                f"Comparing needs more than {K} images that are not judged, and {images.id} has "
                f"{len(images)}: choose another part of the data, or another model."
            )
        self.autoencoder, self.images, self.kept = autoencoder, images, kept
        self.once = Once()

    def rebuilt(self, x: Array) -> Array:
        """Reconstructions of images (n, C, H, W); in a region to ignore the images themselves."""
        return self.outside(x, self.autoencoder.reconstruct(x))

    def repairs(self, x: Array) -> Array:
        """Where images (n, C, H, W) had to be repaired: (n, H, W) in [0, 1], 0 in a region to
        ignore.  DataError if the model does not say it.
        """
        _, found = self.autoencoder.repair(x)
        ignored = self.images.ignored
        return found if ignored is None else np.where(ignored.mask, np.float32(0), found)

    def outside(self, x: Array, x_hat: Array) -> Array:
        """Reconstructions without errors in the region to ignore, if there is one."""
        ignored = self.images.ignored
        return x_hat if ignored is None else np.where(ignored.mask, x, x_hat)

    @property
    def codes(self) -> Space:
        """The space of the model's codes."""
        model = self.autoencoder
        return self.once.get("codes", lambda: self._kept(model.digest, model.encode, WIDTH))

    @property
    def pixels(self) -> Space:
        """The space of the pixels, the same for all models."""
        return self.once.get("pixels", lambda: self._kept("pixels", flat, PIXEL_WIDTH))

    @property
    def patches(self) -> PatchSpace:
        """The patches of the references, the same for all models."""
        return self.once.get("patches", lambda: PatchSpace.fit(self.images))

    def described(self, name: str) -> DescriptorSpace:
        """The space of a descriptor, the same for all models."""
        return self.once.get(f"described {name}", lambda: self._described(name))

    def _described(self, name: str) -> DescriptorSpace:
        describe, sample = DESCRIPTORS[name], self.images.take(_sampled(self.images))
        gaussian = Gaussian.fit(each_part(sample, describe, title="Describing the images"))

        def values(x: Array) -> Array:
            return gaussian.standardised(describe(x))

        return DescriptorSpace(name, gaussian, self._kept(f"{name}s", values, PIXEL_WIDTH))

    @property
    def path(self) -> PathSpace:
        """The paths of the references through the encoder."""
        return self.once.get("path", lambda: PathSpace.fit(self))

    def _kept(self, whose: str, values: Values, width: int) -> Space:
        if not whose or not self.kept:  # a model that was never saved has no name to keep it under
            return fit(self.images, values, width)
        name = derived.named((whose, self.images.id), f"{whose} {_fingerprint(self.images)}")
        folder = config.data_dir() / "references"
        arrays = arraycache.cached(
            folder / f"{name}.npz", FIELDS, lambda: asdict(fit(self.images, values, width))
        )
        arraycache.keep_newest(folder, KEPT)
        return Space(**arrays)


def fit(images: ImageSet, values: Values, width: int) -> Space:
    """The space of more than K references, its axes fitted on a sample of them.

    width: how many axes are kept, fewer if the sample does not span so many.
    """
    sample = each_part(images.take(_sampled(images)), values, title="Finding the axes")
    axes = principal_axes(sample, min(width, sample.shape[1], len(sample) - 1))
    mean, directions = axes.origin.astype(np.float32), axes.directions.astype(np.float32)

    def projected(x: Array) -> Array:
        return np.asarray((values(x) - mean) @ directions.T)

    points = each_part(images, projected, title="Placing the reference images")
    return Space(mean, directions, points, _own_distances(points))


def flat(x: Array) -> Array:
    """(n, C, H, W) -> (n, C * H * W)."""
    return x.reshape(len(x), -1)


def _sampled(images: ImageSet) -> Rows:
    """Which images the axes are fitted on."""
    size = min(SAMPLE, max(2 * PIXEL_WIDTH, SAMPLE_VALUES // math.prod(images.shape)))
    return np.sort(np.random.default_rng(0).permutation(len(images))[:size])


def _own_distances(points: Array) -> Scores:
    n = len(points)
    own = np.empty(n)
    for start in range(0, n, STEP):
        rows = np.arange(start, min(start + STEP, n))
        own[rows] = nearest_others(points, K, rows).mean_distance
        done("Finding the neighbours of each reference image", int(rows[-1]) + 1, n)
    # where more than K are equal, it is not infinitely dense
    return np.maximum(own, max(1e-3 * float(np.median(own)), float(np.finfo(np.float32).tiny)))


def _fingerprint(images: ImageSet) -> str:
    """A digest of the pixels, in their order."""
    digest = hashlib.sha256(str(images.images.shape).encode())
    for start in range(0, len(images), STEP):
        digest.update(images.images[start : start + STEP].tobytes())
    if images.ignored is not None:
        digest.update(images.ignored.mask.tobytes() + images.ignored.fill.tobytes())
    return digest.hexdigest()
