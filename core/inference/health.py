"""Health of a model: whether it does more than the mean image and PCA, and looks at its input."""

import numpy as np
import numpy.typing as npt

from core import metrics
from core.checkpoints.document import HealthRecord
from core.images.imagesets import ImageSet
from core.images.parts import each_part
from core.inference import Autoencoder
from core.models import pca

Array = npt.NDArray[np.float32]
SAMPLE = 2_000  # images that PCA is fitted on, and that are tested
DEAD = 1e-3  # of the largest standard deviation of a number of the code
INACTIVE = 0.01  # variance of a variational mean below which its number carries nothing


def examined(autoencoder: Autoencoder, train: ImageSet, test: ImageSet) -> HealthRecord:
    """Quality of a model on test images, beside the mean image and PCA with as many numbers.

    train: what it was trained on, or some of it; of more than SAMPLE images, and of the test
    images, SAMPLE are taken evenly.  PCA is left out where it would have as many numbers as the
    images have pixels, or as there are images.
    Source of "inactive": Burda, Grosse and Salakhutdinov 2016 (active units).
    """
    known, tested = _some(train), _some(test)
    x = tested.pixels().reshape(len(tested), -1)
    mean = known.pixels().reshape(len(known), -1).mean(axis=0, dtype=np.float64)
    z = each_part(tested, autoencoder.encode, title="Examining the model")
    x_hat = each_part(tested, autoencoder.reconstruct, title="Examining the model")
    flat = x_hat.reshape(len(x_hat), -1)
    spread = np.var(x, axis=0, dtype=np.float64).sum()
    varied = np.var(flat, axis=0, dtype=np.float64).sum()
    deviations = z.std(axis=0, dtype=np.float64)
    variational = autoencoder.card.plan.variational
    return HealthRecord(
        mse=float(metrics.mse(x, flat).mean()),
        mean_image_mse=float(np.square(x - mean).mean()),
        pca_mse=_pca_error(known, x, autoencoder.latent_dim),
        output_dependence=float(varied / max(spread, 1e-12)),
        dead_units=float((deviations <= DEAD * max(deviations.max(), 1e-12)).mean()),
        posterior_collapse=float((deviations**2 < INACTIVE).mean()) if variational else 0.0,
    )


def _pca_error(known: ImageSet, x: Array, latent_dim: int) -> float | None:
    """The test error of PCA; None where it has no meaning.  x: (n, D), the test images."""
    flat = known.pixels().reshape(len(known), -1)
    if latent_dim >= min(flat.shape):
        return None
    tensors, _ = pca.fit(flat, latent_dim)
    weight, mean = tensors["encoder.1.weight"], tensors["decoder.0.bias"]
    x_hat = mean + (x - mean) @ weight.T @ weight
    return float(np.square(x - x_hat).mean())


def _some(images: ImageSet) -> ImageSet:
    if len(images) <= SAMPLE:
        return images
    return images.take(np.linspace(0, len(images) - 1, SAMPLE).astype(np.int64))
