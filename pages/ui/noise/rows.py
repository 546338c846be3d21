"""The Reconstruct page's pictures: from sweeps of noise to rows under a slider."""

from collections.abc import Sequence
from typing import assert_never

import numpy as np
import numpy.typing as npt

from core.checkpoints import Card
from core.images.imagesets import ImageSet
from core.noise import KINDS, Noise, corrupt
from core.robustness.sweeps import QUANTILES, ModelSweep, NoiseSweep, pixel_errors
from pages.ui.components.sweep import (
    Affine,
    Cell,
    Difference,
    Frames,
    Mark,
    Pictures,
    Row,
    Stat,
    Still,
    Sweep,
    Switched,
)
from pages.ui.figures.text import noise_name, training_note

Scores = npt.NDArray[np.float64]
FINEST = 51  # amounts of noise in a sweep, at most
ERROR_LABEL = (
    "Error of a pixel, |reconstruction − original|. One scale for all models and all σ; "
    "99.5 % of the pixels are within it."
)
MSE = "Mean squared error against the original, mean over the images; pixels are 0 to 1"
PSNR = "Peak signal-to-noise ratio, mean over the images; higher is nearer"
SSIM = "Structural similarity, mean over the images; 1 = equal"
REMOVED = "1 − MSE / MSE of the noisy image; below 0: the error is larger than the noise itself"


def steps(n_values: int, finest: int = FINEST) -> Scores:
    """The amounts of noise for a sweep over pictures of n_values numbers in all, finest at most.

    Fewer where the pictures are larger; 0.5, where models are trained, is always among them.
    """
    n = FINEST if n_values <= 30_000 else 21 if n_values <= 200_000 else 11
    return np.linspace(0, 1, min(n, finest))


def steps_of(images: ImageSet, finest: int = FINEST) -> Scores:
    """The amounts of noise for a sweep over these images."""
    return steps(images.images.size, finest)


def nearest_step(sigmas: Scores, sigma: float) -> int:
    """Which of the amounts is nearest to sigma."""
    return int(np.abs(sigmas - sigma).argmin())


def described(
    cells: tuple[Cell, ...], sweeps: Sequence[NoiseSweep], cards: Sequence[Card]
) -> Sweep:
    """Rows for the originals, the noisy images, and each model's reconstructions and errors.

    sweeps: one a model, all of the same images, noise and amounts.  cards: of those models.
    """
    first = sweeps[0]
    named = any(cell.text for cell in cells)
    rows = [Row("Original", "original", Still(first.x), captions=named), _noisy_row(first)]
    for one, card in zip(sweeps, cards, strict=True):
        rows.append(_model_row(one.models[0], card, first.noise))
        rows.append(Row("error", "error", Difference(of=len(rows) - 1, against=0)))
    return Sweep(
        "Noise σ",
        first.sigmas,
        cells,
        tuple(rows),
        marks=trained_marks(cards),
        prefix="σ = ",
        help=f"σ is the {KINDS[first.noise.kind].unit}. Drag, use the arrow keys, or press play.",
        error_scale=error_scale(sweeps),
        error_label=ERROR_LABEL,
    )


def noisy_pictures(sweep: NoiseSweep) -> Pictures:
    """The noisy images at all amounts, as core.noise defines them.

    Two pictures are enough for a kind that grows linearly or by pixel; another needs a frame an
    amount.
    """
    kind, mu = KINDS[sweep.noise.kind], sweep.noise.mu
    none, full = (
        corrupt(sweep.x, sweep.drawn, Noise(kind.name, sigma, mu)) for sigma in (0.0, 1.0)
    )
    match kind.grows:
        case "linearly":
            return Affine(none, full - none)
        case "by_pixel":
            return Switched(none, full, threshold=sweep.drawn[:, :1])
        case "freely":
            return Frames(np.stack([sweep.noisy(step) for step in range(len(sweep.sigmas))]))
        case _:
            assert_never(kind.grows)


def trained_marks(cards: Sequence[Card]) -> tuple[Mark, ...]:
    """Where on the slider each model was trained; models without noise stand at 0."""
    names: dict[float, list[str]] = {}
    for card in cards:
        names.setdefault(card.noise.sigma, []).append(card.name)
    return tuple(
        Mark(sigma, f"trained {f'at {sigma:g}' if sigma else 'without noise'}: {', '.join(found)}")
        for sigma, found in sorted(names.items())
    )


def error_scale(sweeps: Sequence[NoiseSweep]) -> float:
    """The error that 99.5 % of all pixels stay under, over all amounts and models; 0.01 to 1."""
    models = [(one.x, model) for one in sweeps for model in one.models]
    found = [
        np.asarray(pixel_errors(x, model) if model.errors is None else model.errors, np.float64)
        for x, model in models
    ]
    if any(model.errors is not None for _, model in models):  # each counts alike
        found = [_quantiles(one) for one in found]
    return float(np.clip(np.percentile(np.concatenate(found), 99.5), 0.01, 1))


def _quantiles(errors: Scores) -> Scores:
    few = len(errors) == len(QUANTILES)
    return errors if few else np.asarray(np.quantile(errors, QUANTILES), np.float64)


def _noisy_row(sweep: NoiseSweep) -> Row:
    mean = Stat("MSE", sweep.noisy_mse.mean(axis=1), 4, help=MSE)
    return Row(
        "Noisy",
        "noisy",
        noisy_pictures(sweep),
        detail=noise_name(sweep.noise),
        stats=(mean,),
        numbers=sweep.noisy_mse,
    )


def _model_row(model: ModelSweep, card: Card, shown: Noise) -> Row:
    return Row(
        card.title,
        "reconstructed",
        model.frames or Frames(np.asarray(model.x_hat)),
        detail=card.name,
        note=card.warning or training_note(card, shown),
        stats=(
            Stat("MSE", model.mse.mean(axis=1), 4, help=MSE),
            Stat(label="PSNR", values=model.psnr.mean(axis=1), digits=1, unit=" dB", help=PSNR),
            Stat("SSIM", model.ssim.mean(axis=1), 3, help=SSIM),
            Stat(
                label="noise removed",
                values=100 * model.removed,
                digits=0,
                unit=" %",
                help=REMOVED,
                least=-100,
            ),
        ),
        numbers=model.mse,
    )
