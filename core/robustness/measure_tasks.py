"""Tasks that measure a model for comparisons: error curves, mean errors, copying."""

from dataclasses import astuple

import numpy as np

from core.computing import stock
from core.computing.stock import SplitRef
from core.computing.tasks import Arrays
from core.images.parts import done
from core.noise import Noise
from core.robustness import curves
from core.robustness.copying import UNKNOWN_KINDS, Copy, copied, noise_passed


def curve(ref: SplitRef, n: int, noise: Noise, seed: int, levels: int, sha256: str) -> Arrays:
    """A task: the metrics of a model for each image at each sigma.

    n: number of images, evenly spaced over the split; 0 for all.  levels: number of sigmas.
    sha256: of the model, "" for the noisy image itself.  Returns values, the stacked Qualities of
    core.robustness.curves.measure.
    """
    images = ref.images()
    chosen = curves.spread(images, n or len(images))
    model = stock.model(sha256) if sha256 else curves.Untouched()
    sigmas = curves.levels(levels)
    return {"values": curves.measure(model, chosen, noise, seed, sigmas).stacked()}


def score(ref: SplitRef, n: int, noise: Noise, seed: int, sha256: str) -> Arrays:
    """A task: core.robustness.curves.score_model on n images of a split; its fields as values."""
    images = curves.spread(ref.images(), n)
    found = curves.score_model(stock.model(sha256), images, noise, seed)
    return {"values": np.array(astuple(found), np.float64)}


def copying(ref: SplitRef, n: int, seed: int, n_examples: int, sha256: str) -> Arrays:
    """A task: a model's reconstructions of out-of-distribution images; see core.robustness.copying.

    n: images of the split from which they are made.  n_examples: returned images of each kind.
    Returns passed, of noise_passed(); kept (kinds,) and mse (kinds, n) as in Copy; x, x_hat (kinds,
    n_examples, C, H, W).
    """
    x, model = curves.spread(ref.images(), n).pixels(), stock.model(sha256)
    passed = noise_passed(model, x, seed)
    found: list[Copy] = []
    for kind in UNKNOWN_KINDS:
        done("Trying strange images", len(found), len(UNKNOWN_KINDS))
        found.append(copied(model, kind, x, seed))
    return {
        "passed": np.asarray(passed),
        "kept": np.array([one.kept for one in found]),
        "mse": np.stack([one.mse for one in found]),
        "x": np.stack([one.x[:n_examples] for one in found]),
        "x_hat": np.stack([one.x_hat[:n_examples] for one in found]),
    }
