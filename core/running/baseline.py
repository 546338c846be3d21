"""What a trained model is compared with: PCA with as many numbers in the code."""

import numpy as np

from core.data.imagesets import ImageSet
from core.models import pca

MOST_COMPONENTS = 1024  # more are not worth the time
Sets = tuple[ImageSet, ImageSet]  # to train on, to test on


def pca_mse(sets: Sets, k: int) -> float:
    """The mean squared error, on the test images, of k principal components of the training images.

    Pixels in [0, 1].  Returns -1 if the training images do not have k components, or if k is above
    MOST_COMPONENTS.
    """
    train_set, test_set = sets
    if k > min(len(train_set), train_set.images[0].size, MOST_COMPONENTS):
        return -1.0
    tensors, _ = pca.fit(train_set.pixels().reshape(len(train_set), -1), k)
    x = test_set.pixels().reshape(len(test_set), -1)
    z = x @ tensors["encoder.1.weight"].T + tensors["encoder.1.bias"]
    x_hat = z @ tensors["decoder.0.weight"].T + tensors["decoder.0.bias"]
    return float(np.square(x - x_hat, dtype=np.float64).mean())
