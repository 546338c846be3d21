"""Whether a model copies its input: reconstructions of out-of-distribution images, and of noise."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core import metrics
from core.inference.evaluation import Rebuilder
from core.noise import draws

Array = npt.NDArray[np.float32]
FAINT = np.float32(0.1)  # standard deviation of the noise in noise_passed()


@dataclass(frozen=True)
class OutOfDistributionSet:
    """A kind of images unlike the training images, and those themselves for comparison.

    make: images of the data set (n, C, H, W) and a generator -> as many images of this kind.
    """

    name: str
    title: str
    explanation: str
    make: Callable[[Array, np.random.Generator], Array]


@dataclass(frozen=True)
class Copy:
    """A model's reconstructions of one kind of images.

    x, x_hat: (m, C, H, W), all images or the first of them.  mse: (n,) of all.  kept: 1 - MSE / MSE
    of a uniform image with each image's mean: 1 = copied exactly, 0 = no better than uniform grey,
    below 0 = worse than uniform grey.
    """

    stranger: OutOfDistributionSet
    x: Array
    x_hat: Array
    mse: metrics.Scores
    kept: float


def _known(x: Array, _rng: np.random.Generator) -> Array:
    return x.copy()


def _inverted(x: Array, _rng: np.random.Generator) -> Array:
    return 1 - x


def _shuffled(x: Array, rng: np.random.Generator) -> Array:
    """Pixels permuted, in the same way in all images, which keeps distances between them."""
    n, c, h, w = x.shape
    order = rng.permutation(h * w)
    return np.ascontiguousarray(x.reshape(n, c, -1)[:, :, order]).reshape(x.shape)


def _figures(x: Array, rng: np.random.Generator) -> Array:
    """White discs, rings, squares and crosses on black, one in each image, at random positions."""
    n, _, h, w = x.shape
    side = min(h, w)
    rows, columns = np.mgrid[:h, :w]
    out = np.zeros_like(x)
    for i in range(n):
        r = rng.uniform(0.14, 0.3) * side
        dy = np.abs(rows - rng.uniform(r, h - 1 - r))
        dx = np.abs(columns - rng.uniform(r, w - 1 - r))
        thin, far = side / 14, np.hypot(dx, dy)
        inside = np.maximum(dx, dy) < r
        kinds = (far < r, np.abs(far - r) < thin, inside, inside & (np.minimum(dx, dy) < thin))
        out[i, :] = kinds[i % len(kinds)]
    return out


def _random(x: Array, rng: np.random.Generator) -> Array:
    return rng.random(x.shape, np.float32)


UNKNOWN_KINDS: tuple[OutOfDistributionSet, ...] = (
    OutOfDistributionSet("known", "As in training", "the images themselves", _known),
    OutOfDistributionSet("inverted", "Inverted", "black and white exchanged", _inverted),
    OutOfDistributionSet("figures", "Figures", "discs, rings, squares and crosses", _figures),
    OutOfDistributionSet("shuffled", "Shuffled", "the same pixels in another order", _shuffled),
    OutOfDistributionSet("random", "Random", "every value drawn from 0 to 1", _random),
)


def copies(model: Rebuilder, x: Array, seed: int) -> tuple[Copy, ...]:
    """A model's reconstructions of each kind; equal x and seed give every model equal images.

    x: (n, C, H, W) in [0, 1], images like those of the training.
    """
    return tuple(copied(model, stranger, x, seed) for stranger in UNKNOWN_KINDS)


def noise_passed(model: Rebuilder, x: Array, seed: int) -> float:
    """The share of faint noise s on x that a model passes on: <f(x + s) - f(x), s> / <s, s>.

    1 for the identity; k / D for a PCA of D pixels to k numbers; 0 if all noise is removed.
    """
    s = FAINT * draws(x, "gaussian", seed)
    moved = model.reconstruct(x + s) - model.reconstruct(x)
    return float(np.vdot(moved.astype(np.float64), s) / np.vdot(s.astype(np.float64), s))


def copied(model: Rebuilder, stranger: OutOfDistributionSet, x: Array, seed: int) -> Copy:
    """A model's reconstructions of one kind; see copies()."""
    asked = stranger.make(x, np.random.default_rng(seed))
    x_hat = model.reconstruct(asked)
    mse = metrics.mse(asked, x_hat)
    flat = np.broadcast_to(asked.mean(axis=(1, 2, 3), keepdims=True), asked.shape)
    of_grey = float(metrics.mse(asked, np.asarray(flat)).mean())
    kept = 1 - float(mse.mean()) / of_grey if of_grey > 0 else float("nan")
    return Copy(stranger=stranger, x=asked, x_hat=x_hat, mse=mse, kept=kept)
