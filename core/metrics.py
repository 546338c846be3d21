"""Distances between images with pixels in [0, 1], one number for each image.

Imports nothing else from core.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
PSNR_CAP = 100.0  # dB; without it one exact reconstruction would make a mean infinite
SSIM_WINDOW = 7
SSIM_PIXELS = 32 * 784  # at a time: a part that fits into the processor's cache is twice as fast
MATRIX_SIDE = 128  # up to this side a matrix product is the fastest moving mean


def _per_image(values: Array) -> Scores:
    return np.asarray(values.reshape(len(values), -1).mean(axis=1, dtype=np.float64))


def mse(x: Array, x_hat: Array) -> Scores:
    """Mean squared error of each image: (n, C, H, W) twice -> (n,) >= 0; lower is nearer."""
    return _per_image(np.square(x - x_hat))


def mae(x: Array, x_hat: Array) -> Scores:
    """Mean absolute error of each image: (n, C, H, W) twice -> (n,) >= 0; lower is nearer."""
    return _per_image(np.abs(x - x_hat))


def psnr(x: Array, x_hat: Array) -> Scores:
    """Peak signal-to-noise ratio of each image in dB; higher is nearer, inf for equal images.

    x, x_hat: (n, C, H, W), peak 1.  Returns (n,) float64.
    """
    with np.errstate(divide="ignore"):
        return np.asarray(-10 * np.log10(mse(x, x_hat)))


def psnr_text(psnr: float, digits: int = 1) -> str:
    """A mean PSNR in words: "24.1 dB", or "at least 100 dB" if it reaches PSNR_CAP."""
    return f"{psnr:.{digits}f} dB" if psnr < PSNR_CAP else f"at least {PSNR_CAP:.0f} dB"


def ssim(x: Array, x_hat: Array) -> Scores:
    """Structural similarity of each image, -1 to 1; higher is nearer, 1 for equal images.

    x, x_hat: (n, C, H, W) with H, W >= 7, peak 1.  Returns (n,) float64, the mean over channels and
    over all 7 x 7 windows that lie inside the image.  Equals skimage.metrics.structural_similarity
    with its default window, but takes many images in one pass.
    Source: Wang et al. 2004, IEEE TIP 13(4).
    """
    size = max(1, SSIM_PIXELS // int(np.prod(x.shape[1:])))
    parts = [slice(i, i + size) for i in range(0, len(x), size)]
    found = [_ssim(x[part].astype(np.float64), x_hat[part].astype(np.float64)) for part in parts]
    return np.concatenate([np.empty(0), *found])


def smoothed(maps: Array, size: int) -> Array:
    """The mean of each size x size window around a pixel: (n, H, W) -> (n, H, W).

    At the edge the map goes on with its last value.  size: odd, 1 or more.
    """
    from scipy.ndimage import uniform_filter1d  # costs 0.2 s to import

    rows = uniform_filter1d(maps, size, axis=1, mode="nearest")
    return np.asarray(uniform_filter1d(rows, size, axis=2, mode="nearest"))


def _ssim(a: Scores, b: Scores) -> Scores:
    c1, c2 = 0.01**2, 0.03**2
    n_window = SSIM_WINDOW**2
    unbiased = n_window / (n_window - 1)
    mean_a, mean_b = _window_mean(a), _window_mean(b)
    means, product = mean_a**2 + mean_b**2, mean_a * mean_b
    variances = unbiased * (_window_mean(a * a + b * b) - means)
    covariance = unbiased * (_window_mean(a * b) - product)
    similarity = ((2 * product + c1) * (2 * covariance + c2)) / ((means + c1) * (variances + c2))
    return np.asarray(similarity.reshape(len(a), -1).mean(axis=1))


def _window_mean(values: Scores) -> Scores:
    """The mean of each window that lies inside: (..., H, W) -> (..., H - 6, W - 6)."""
    h, w = values.shape[-2:]
    if max(h, w) > MATRIX_SIDE:
        from scipy.ndimage import uniform_filter1d  # costs 0.2 s to import

        edge = SSIM_WINDOW // 2
        rows = uniform_filter1d(values, SSIM_WINDOW, axis=-2)[..., edge:-edge, :]
        return np.asarray(uniform_filter1d(rows, SSIM_WINDOW, axis=-1)[..., edge:-edge])
    return np.asarray((_windows(h) @ values) @ _windows(w).T)


@lru_cache
def _windows(side: int) -> Scores:
    """The matrix that maps a column of pixels to the means of its windows: (side - 6, side)."""
    found = np.zeros((side - SSIM_WINDOW + 1, side))
    for i, row in enumerate(found):
        row[i : i + SSIM_WINDOW] = 1 / SSIM_WINDOW
    return found


def error_map(x: Array, x_hat: Array) -> Array:
    """Squared error of each pixel, the mean over channels: (n, C, H, W) twice -> (n, H, W) >= 0."""
    return np.asarray(np.square(x - x_hat).mean(axis=1))
