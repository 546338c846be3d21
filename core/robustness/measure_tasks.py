"""What is measured of a model for comparisons, as tasks: curves, single numbers, copying."""

from dataclasses import astuple

import numpy as np

from core.computing import stock
from core.computing.stock import SplitRef
from core.computing.tasks import Arrays
from core.images.parts import done
from core.noise import Noise
from core.robustness import copying as strangers
from core.robustness import curves
from core.robustness.copying import Copy


def curve(ref: SplitRef, n: int, noise: Noise, seed: int, levels: int, sha256: str) -> Arrays:
    """A task: how near a model comes to each image at each amount of noise.

    n: images, spread over the split; 0 for all.  levels: amounts of noise.  sha256: of the model,
    "" for the noisy image itself.  Returns values, as core.robustness.curves.measure gives them.
    """
    images = ref.images()
    chosen = curves.spread(images, n or len(images))
    model = stock.model(sha256) if sha256 else curves.Untouched()
    sigmas = curves.levels(levels)
    return {"values": curves.measure(model, chosen, noise, seed, sigmas)}


def score(ref: SplitRef, n: int, noise: Noise, seed: int, sha256: str) -> Arrays:
    """A task: core.robustness.curves of n images, spread over the split; its fields as values."""
    images = curves.spread(ref.images(), n)
    found = curves.score_model(stock.model(sha256), images, noise, seed)
    return {"values": np.array(astuple(found), np.float64)}


def copying(ref: SplitRef, n: int, seed: int, n_examples: int, sha256: str) -> Arrays:
    """A task: what a model makes of images of each kind of strangers.

    n: images of the split that they are made from.  n_examples: of each kind that are kept.
    Returns passed: the share of noise let through; kept (kinds,) and mse (kinds, n) as in
    strangers.Copy; x, x_hat (kinds, n_examples, C, H, W).
    """
    x, model = curves.spread(ref.images(), n).pixels(), stock.model(sha256)
    passed = strangers.noise_passed(model, x, seed)
    found: list[Copy] = []
    for kind in strangers.STRANGERS:
        done("Trying strange images", len(found), len(strangers.STRANGERS))
        found.append(strangers.copied(model, kind, x, seed))
    return {
        "passed": np.asarray(passed),
        "kept": np.array([one.kept for one in found]),
        "mse": np.stack([one.mse for one in found]),
        "x": np.stack([one.x[:n_examples] for one in found]),
        "x_hat": np.stack([one.x_hat[:n_examples] for one in found]),
    }
