"""Tasks of the Learn page: measurements on all digits."""

import numpy as np

from core import metrics
from core.computing import stock
from core.computing.stock import SplitRef
from core.computing.tasks import Arrays
from core.data.named import planting
from core.images.parts import each_part
from core.inference import Autoencoder
from core.latent import feature_maps, geometry
from core.latent.geometry import Array
from core.robustness.curves import spread


def errors(ref: SplitRef, others: SplitRef | None, share: float, sha256: str) -> Arrays:
    """A task: mse (n,) of each image of a split, followed by images of another data set.

    share: added images for each image, above 0 to 1; see core.data.named.planting.by_dataset.
    """
    images, model = ref.images(), stock.model(sha256)
    if others:
        images = planting.by_dataset(images, others.images(), share).images
    return {"mse": each_part(images, model.errors, title="Rebuilding the images")}


def linear(ref: SplitRef, pca: str, network: str) -> Arrays:
    """A task: two linear models of k numbers on all images of a split, by their sha256.

    angles, random: (k,) principal angles in degrees, of the two models and of two random subspaces.
    by_k: (k,) MSE of PCA with its first 1 to k components.  errors: (2,) MSE of PCA and of the
    network.  apart: root mean square of the difference of their reconstructions.  own: smallest
    angle between two of the network's directions, in degrees.
    """
    x, ours, theirs = ref.images().pixels(), stock.model(pca), stock.model(network)
    a, b = geometry.drawn_directions(ours), geometry.drawn_directions(theirs)
    z, x_pca, x_net = ours.encode(x), ours.reconstruct(x), theirs.reconstruct(x)
    by_k = [metrics.mse(x, first(ours, z, k)).mean() for k in range(1, ours.latent_dim + 1)]
    unit = b / np.linalg.norm(b, axis=1, keepdims=True)
    between = np.abs(unit @ unit.T)[np.triu_indices(len(unit), 1)]
    return {
        "angles": geometry.principal_angles(a, b),
        "random": geometry.random_angles(len(a), a.shape[1]),
        "by_k": np.array(by_k),
        "errors": np.array([metrics.mse(x, x_pca).mean(), metrics.mse(x, x_net).mean()]),
        "apart": np.sqrt(metrics.mse(x_pca, x_net).mean()),
        "own": np.degrees(np.arccos(np.clip(between.max(initial=0), 0, 1))),
    }


def first(pca: Autoencoder, z: Array, k: int) -> Array:
    """Images decoded by PCA from codes (n, K) with all but the first k numbers set to 0."""
    return pca.decode(np.where(np.arange(z.shape[1]) < k, z, np.float32(0)))


def felt(ref: SplitRef, n: int, sha256: str) -> Arrays:
    """A task: share, see core.latent.feature_maps.felt_at_its_place, over n images of a split."""
    x = spread(ref.images(), n).pixels()
    return {"share": np.asarray(feature_maps.felt_at_its_place(stock.model(sha256), x))}
