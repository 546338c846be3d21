"""What scores are made of: codes, errors and neighbours of images, each computed when asked for."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from core import metrics
from core.anomaly import patches
from core.anomaly.spaces import Rows, Scores, Space, Spaces, flat
from core.images.imagesets import ImageSet
from core.images.parts import Once, each_part
from core.inference import Autoencoder
from core.neighbours import Array, Neighbours

TOP = 0.02  # share of the pixels whose mean error is the top share


def scales(side: int) -> tuple[int, ...]:
    """The windows, in pixels, at which error maps are smoothed.

    About 1/16, 1/8 and 1/4 of the side; odd, each once.
    """
    return tuple(dict.fromkeys(max(1, side // part) // 2 * 2 + 1 for part in (16, 8, 4)))


def at_scales(errors: Array) -> list[Array]:
    """The error maps (n, H, W) smoothed at each scale."""
    return [metrics.smoothed(errors, size) for size in scales(min(errors.shape[1:]))]


def repair_maps(found: Array) -> list[Array]:
    """Maps of repairs (n, H, W) at a few scales: as they are, and smoothed over 1/32 and 1/16."""
    side = min(found.shape[1:])
    sizes = dict.fromkeys(max(1, side // part) // 2 * 2 + 1 for part in (side, 32, 16))
    return [metrics.smoothed(found, size) for size in sizes]


def _extremes(maps: Array) -> Scores:
    """Of each map the largest value, and the mean of the TOP largest: (n, H, W) -> (n, 2)."""
    flat = maps.reshape(len(maps), -1)
    k = max(1, round(TOP * flat.shape[1]))
    largest = np.partition(flat, -k, axis=1)[:, -k:]
    return np.column_stack([largest.max(axis=1), largest.mean(axis=1)]).astype(np.float64)


class Features:
    """What a model makes of n images, beside the reference images of `among`.

    rows: where the images stand among the references, if they are some of them: none is its own
    neighbour then.
    once.seconds says how long each feature took to compute, without those it is made of.
    """

    def __init__(self, among: Spaces, images: ImageSet, rows: Rows | None = None) -> None:
        self.among, self.images, self.rows = among, images, rows
        self.once = Once()

    @property
    def codes(self) -> Array:
        """(n, D')."""
        return self.once.get("codes", lambda: self._each("Encoding", self._model.encode))

    @property
    def errors(self) -> Scores:
        """(n, 3): mean squared error, mean absolute error and 1 - SSIM of each reconstruction."""

        def measure(x: Array, z: Array) -> Scores:
            x_hat = self.among.outside(x, self._model.decode(z))
            measured = metrics.mse(x, x_hat), metrics.mae(x, x_hat), 1 - metrics.ssim(x, x_hat)
            return np.column_stack(measured)

        z = self.codes
        return self.once.get("errors", lambda: self._each("Rebuilding", measure, z))

    @property
    def local_errors(self) -> Scores:
        """(n, 2, scales): of the error map, smoothed at each of scales(), the largest value and the
        mean of the TOP largest.
        """

        def measure(x: Array, z: Array) -> Scores:
            errors = metrics.error_map(x, self.among.outside(x, self._model.decode(z)))
            return np.stack([_extremes(one) for one in at_scales(errors)], axis=2)

        z = self.codes
        return self.once.get("local_errors", lambda: self._each("Rebuilding", measure, z))

    @property
    def repairs(self) -> Scores:
        """(n, 2): of the map of repairs the largest value, and the mean of the TOP largest, the
        mean over the scales of repair_maps(); 0 to 1 each.  DataError if the model has no locator.
        """

        def measure(x: Array) -> Scores:
            maps = repair_maps(self.among.repairs(x))
            return np.asarray(np.mean([_extremes(one) for one in maps], axis=0))

        return self.once.get("repairs", lambda: self._each("Repairing", measure))

    @property
    def patches(self) -> Scores:
        """(n,): how far the most unusual patches lie from the mean of those of the references."""
        space = self.among.patches
        return self.once.get("patches", lambda: space.scores(self.images, patches.gaussian))

    @property
    def near_patches(self) -> Scores:
        """(n,): how far the most unusual patches lie from the nearest reference patches."""
        space = self.among.patches
        return self.once.get("near_patches", lambda: space.scores(self.images, patches.near))

    @property
    def shape(self) -> Array:
        """(n, 1 + d): distance from the usual outlines, and the images in the space of outlines."""
        return self._described("shape")

    @property
    def texture(self) -> Array:
        """(n, 1 + d): the same of textures."""
        return self._described("texture")

    @property
    def near_shapes(self) -> Neighbours:
        """The references whose outlines are nearest."""
        points, space = self.shape[:, 1:], self.among.described("shape").space
        return self.once.get("near_shapes", lambda: self._near(space, points))

    @property
    def near_textures(self) -> Neighbours:
        """The references whose textures are nearest."""
        points, space = self.texture[:, 1:], self.among.described("texture").space
        return self.once.get("near_textures", lambda: self._near(space, points))

    @property
    def path(self) -> Scores:
        """(n, 2): how far the hidden values are from those of the reconstruction, as they are and
        normalised; see core.anomaly.spaces.PathSpace.
        """
        space, among = self.among.path, self.among
        return self.once.get(
            "path", lambda: self._each("Following", lambda x: space.distances(among, x))
        )

    @property
    def code_points(self) -> Array:
        """(n, d): the images in the space of codes."""
        z, space = self.codes, self.among.codes
        return self.once.get("code_points", lambda: space.project(z))

    @property
    def pixel_points(self) -> Array:
        """(n, d): the images in the space of pixels."""
        space = self.among.pixels
        return self.once.get(
            "pixel_points", lambda: self._each("Reading", lambda x: space.project(flat(x)))
        )

    @property
    def near_codes(self) -> Neighbours:
        """The references whose codes are nearest."""
        points, space = self.code_points, self.among.codes
        return self.once.get("near_codes", lambda: self._near(space, points))

    @property
    def near_pixels(self) -> Neighbours:
        """The references that are nearest by their pixels."""
        points, space = self.pixel_points, self.among.pixels
        return self.once.get("near_pixels", lambda: self._near(space, points))

    @property
    def linear_errors(self) -> Scores:
        """(n,): mean squared error of what D' principal components rebuild, or all of the space."""
        points, space = self.pixel_points, self.among.pixels
        width = min(self._model.latent_dim, points.shape[1])

        def measure(x: Array, part: Array) -> Scores:
            x_hat = space.mean + part[:, :width] @ space.directions[:width]
            return metrics.mse(flat(x), x_hat)

        return self.once.get("linear_errors", lambda: self._each("Rebuilding", measure, points))

    @property
    def _model(self) -> Autoencoder:
        return self.among.autoencoder

    def _described(self, name: str) -> Array:
        space, rows = self.among.described(name), self.rows

        def make() -> Array:
            if rows is not None:
                return space.judge_own(self.images, rows)
            return self._each("Describing", space.judge)

        return self.once.get(name, make)

    def _near(self, space: Space, points: Array) -> Neighbours:
        return space.near(points) if self.rows is None else space.near_others(self.rows)

    def _each(
        self, title: str, measure: Callable[..., npt.NDArray[Any]], *along: npt.NDArray[Any]
    ) -> npt.NDArray[Any]:
        return each_part(self.images, measure, *along, title=f"{title} the images")
