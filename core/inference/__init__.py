"""Inference with a trained model: an autoencoder with NumPy arrays as input and output."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from core import checkpoints, metrics
from core.checkpoints import Card, Checkpoint
from core.config import CheckpointError, DataError
from core.inference.backends import backend, batch_size
from core.inference.tiles import map_in_tiles

Array = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
LARGEST = 1e7  # bound of pixels and codes; larger values count as infinite
NOT_SCORED = "The model's output for it is not finite."
BRIGHTEST = 16.0  # mean of the pixels; no noise leaves a scale of 0 to 1 so far
OWN_BYTES = 4 << 20  # of ONNX Runtime for a model, whatever its size


class Autoencoder:
    """A checkpoint in evaluation mode. Thread-safe: nothing in it changes after it is built.

    Finite weights can still overflow, for all images or for some. encode, decode and reconstruct
    raise CheckpointError then; errors has nan for those images.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.card: Card = checkpoint.card
        self._checkpoint = checkpoint
        self._backend = backend(checkpoint)

    def __repr__(self) -> str:
        return f"<Autoencoder {self.name}: {_times(self.input_shape)}, D' = {self.latent_dim}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._checkpoint,)

    @classmethod
    def load(cls, name_or_path: str | Path) -> Self:
        """The checkpoint with that name or in that file; raises as core.checkpoints.load does."""
        return cls(checkpoints.load(name_or_path))

    @classmethod
    def of(cls, card: Card) -> Self:
        """The model of a card; CheckpointError if its file now holds another."""
        return cls(checkpoints.of(card))

    def weight(self) -> int:
        """About how many bytes it keeps in memory: its parameters, once more for their layout."""
        return 8 * self.card.n_parameters + OWN_BYTES

    @property
    def checkpoint(self) -> Checkpoint:
        """What it was made from."""
        return self._checkpoint

    @property
    def name(self) -> str:
        """What it is called in sentences."""
        return self.card.name

    @property
    def digest(self) -> str:
        """The sha256 of its checkpoint's file; "" if it was never saved."""
        return self.card.sha256

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return self.card.input_shape

    @property
    def latent_dim(self) -> int:
        """D', the count of numbers in a code."""
        return self.card.latent_dim

    def encode(self, x: Array) -> Array:
        """Images (n, C, H, W), clean or noisy -> codes (n, latent_dim) float32.

        Pixels are floats on a scale of 0 to 1, which noise may leave, or uint8 of 0 to 255.
        Raises DataError if the shape is not the model's or the pixels are of another kind, as do
        all methods that take images.
        """
        x = self._pixels(x)
        out = np.empty((len(x), self.latent_dim), np.float32)
        for part in self._batches(len(x)):
            out[part] = self._finite(self._backend.encode(_float(x[part])))
        return out

    def decode(self, z: Array) -> Array:
        """Codes (n, latent_dim) -> images (n, C, H, W) float32, in [0, 1] if the output is bounded.

        Raises DataError if the codes have another length.
        """
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise DataError(
                f"{self.name} decodes codes of {self.latent_dim} numbers, not {z.shape}."
            )
        out = np.empty((len(z), *self.input_shape), np.float32)
        for part in self._batches(len(z)):
            out[part] = self._finite(self._backend.decode(_float(z[part])))
        return out

    def reconstruct(self, x: Array) -> Array:
        """(n, C, H, W) -> (n, C, H, W) float32: decode(encode(x)), batch by batch."""
        x = self._pixels(x)
        out = np.empty(x.shape, np.float32)
        for part in self._batches(len(x)):
            out[part] = self._finite(self._backend.decode(self._backend.encode(_float(x[part]))))
        return out

    def hidden(self, x: Array) -> Array:
        """(n, C, H, W) -> (n, k) float32: what each activation of the encoder gives, flattened, and
        the code, one after the other.
        """
        x = self._pixels(x)
        parts = [self._finite(self._backend.hidden(_float(x[i]))) for i in self._batches(len(x))]
        return np.concatenate(parts)

    @property
    def is_locator(self) -> bool:
        """Whether it says where an image had to be repaired."""
        return bool(self.card.plan.locator)

    def repair(self, x: Array) -> tuple[Array, Array]:
        """(n, C, H, W) -> the repaired images, and where they had to be: (n, H, W) in [0, 1].

        Raises DataError if the model has no locator.
        """
        if not self.is_locator:
            raise DataError(f"{self.name} does not say where it repairs: choose another model.")
        x = self._pixels(x)
        x_hat, found = np.empty(x.shape, np.float32), np.empty((len(x), *x.shape[2:]), np.float32)
        for part in self._batches(len(x)):
            z = self._finite(self._backend.encode(_float(x[part])))
            x_hat[part] = self._finite(self._backend.decode(z))
            found[part] = self._finite(self._backend.locate(z))[:, 0]
        return x_hat, found

    def repaired_places(self, picture: npt.NDArray[Any]) -> Array:
        """Where a picture (C, H, W) of any size had to be repaired: (H, W) in [0, 1].

        It is judged at its own resolution, in overlapping tiles of the model's size, so that small
        defects are not resized away.  Pixels as for encode().  Raises DataError if the model has no
        locator, or if the picture has another number of channels.
        """
        if picture.ndim != 3 or picture.shape[0] != self.input_shape[0]:
            raise DataError(
                f"{self.name} takes pictures of {self.input_shape[0]} x height x width, "
                f"not {_times(picture.shape)}."
            )
        _, height, width = self.input_shape
        return map_in_tiles(picture, (height, width), lambda tiles: self.repair(tiles)[1])

    def errors(self, x: Array, target: Array | None = None) -> Scores:
        """The MSE of each reconstruction against target (x itself if None).

        x, target: (n, C, H, W).  Returns (n,) float64 >= 0 on the [0, 1] pixel scale; nan where the
        model's output is not finite.
        """
        x = self._pixels(x)
        target = x if target is None else self._pixels(target)
        out = np.empty(len(x))
        for part in self._batches(len(x)):
            x_hat = self._backend.decode(self._backend.encode(_float(x[part])))
            with np.errstate(over="ignore", invalid="ignore"):
                out[part] = metrics.mse(target[part], x_hat)
        return np.where(out <= LARGEST**2, out, np.nan)

    def not_finite(self, n: int | None = None) -> CheckpointError:
        """The error for an output that is not finite for n of the images, or for some if None."""
        which = "some" if n is None else f"{n:,}"
        return CheckpointError(
            f"{self.name} gives numbers that are not finite for {which} of these images: "
            "choose another model."
        )

    def percentiles(self, errors: Scores) -> Scores:
        """The share, 0 to 100, of the checkpoint's own test images that have a lower error.

        errors: (n,).  Returns (n,), interpolated between the 201 stored quantiles.
        """
        return np.interp(errors, self.card.reference, np.linspace(0, 100, len(self.card.reference)))

    def _pixels(self, x: npt.NDArray[Any]) -> Array:
        """Images as floats on a scale of 0 to 1."""
        if x.ndim != 4 or x.shape[1:] != self.input_shape:
            raise DataError(
                f"{self.name} takes images of {_times(self.input_shape)}, "
                f"not {_times(x.shape[1:])}: choose another checkpoint or data set."
            )
        if x.dtype == np.uint8:
            return np.asarray(np.divide(x, np.float32(255), dtype=np.float32))
        if not np.issubdtype(x.dtype, np.floating):
            raise DataError(f"Pixels are uint8 or floats from 0 to 1, not {x.dtype}: convert them.")
        if x.size and not abs(np.mean(x, dtype=np.float64)) <= BRIGHTEST:  # nan is not, either
            raise DataError(
                "Pixels are floats on a scale of 0 to 1, and these are much larger or not numbers: "
                "divide them by their highest possible value first."
            )
        return np.asarray(x, np.float32)

    def _finite(self, values: Array) -> Array:
        """A batch, at least one row, if all of it is finite."""
        if values.min() >= -LARGEST and values.max() <= LARGEST:  # nan is neither
            return values
        raise self.not_finite()

    def _batches(self, n: int) -> list[slice]:
        size = batch_size(self.card.plan)
        return [slice(i, i + size) for i in range(0, n, size)]


def _float(values: Array) -> Array:
    return np.ascontiguousarray(values, np.float32)


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
