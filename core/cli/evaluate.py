"""`evaluate`: a model's errors on a data set, clean and with noise."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.cli import options, output
from core.metrics import psnr_text
from core.noise import KINDS, Kind, Noise, same_sort, with_mean
from core.text import counted

if TYPE_CHECKING:
    from core.checkpoints import Card
    from core.inference.evaluation import Evaluation


@click.command(cls=options.Command, short_help="Measure how well a model reconstructs a data set.")
@options.checkpoint
@options.dataset
@options.split
@click.option(
    "--noise-std",
    "--sigma",
    "sigmas",
    type=click.FloatRange(0, 1),
    multiple=True,
    help="Also reconstruct from noise of this sigma, 0 to 1; give several for a curve.",
)
@click.option(
    "--noise-mean",
    "--noise-mu",
    "--mu",
    "mu",
    type=click.FloatRange(-1, 1),
    default=0.0,
    show_default=True,
    help=f"Mean of the noise, for {with_mean()}.",
)
@click.option(
    "--noise-clip",
    "--clip",
    "clip",
    is_flag=True,
    help="Clip noisy pixels to [0, 1], as a camera would.",
)
@options.noise_kind
@options.seed
@options.data_root
@options.as_json
def evaluate(
    checkpoint: str,
    dataset: str | None,
    split: str | None,
    sigmas: tuple[float, ...],
    mu: float,
    clip: bool,
    noise_kind: Kind,
    seed: int,
    data_root: Path | None,
    as_json: bool,
) -> None:
    """Measure how well CHECKPOINT reconstructs a data set: MSE, PSNR, SSIM, by class and by sigma.

    Errors are mean squared differences between the reconstruction and the clean image, on pixels
    in [0, 1].
    """
    from core.checkpoints import trained_on
    from core.inference import Autoencoder, evaluation

    autoencoder = Autoencoder.load(checkpoint)
    source = dataset or trained_on.required(autoencoder.card)
    prepared = trained_on.preparation(autoencoder.card)
    images = options.load_images(source, split, data_root, prepared)
    noise = Noise(noise_kind, mu=mu, clip=clip)
    with output.progress("evaluate") as tell:
        result = evaluation.evaluate(autoencoder, images, sigmas, noise, seed, tell)
    warning = [autoencoder.card.warning] if autoencoder.card.warning else []
    lines = [
        *_lines(result, autoencoder.card),
        *warning,
        *_warnings(autoencoder.card.noise, noise, sigmas),
    ]
    told = options.about(autoencoder.card, result.dataset, result.split, seed)
    output.show(asdict(result) | told | _told(result, autoencoder.card, noise), lines, as_json)


def _told(result: "Evaluation", card: "Card", noise: Noise) -> dict[str, Any]:
    """The noise by its names, and the errors of classes trained on and left out, apart."""
    trained, left_out = _two_errors(result, card)
    names = {"noise_kind": noise.kind, "noise_mean": noise.mu, "noise_clip": noise.clip}
    return {
        "mse_trained_classes": trained,
        "mse_excluded": left_out,
        "noise": names if result.sigma else None,
        "noisy": [{"noise_std": one.sigma, **asdict(one)} for one in result.sigma],
        "warning": card.warning or None,
    }


def _two_errors(result: "Evaluation", card: "Card") -> tuple[float, float | None]:
    """The mean squared error on the classes that the model was trained on, and on those left out.

    The second is None where no class was left out, or none of its images are among these.
    """
    left_out = set(card.excluded_classes) & result.per_class.keys()
    parts = {True: [0.0, 0.0], False: [0.0, 0.0]}
    for name, mse in result.per_class.items():
        n = result.n_per_class[name]
        parts[name in left_out][0] += n * mse
        parts[name in left_out][1] += n
    if not left_out or not parts[False][1]:
        return result.mse, None
    return parts[False][0] / parts[False][1], parts[True][0] / parts[True][1]


def _lines(result: "Evaluation", card: "Card") -> list[str]:
    lines = [
        f"{result.checkpoint} on {result.dataset} ({result.split}), {counted(result.n, 'image')}",
        f"mse {result.mse:.6f}   psnr {psnr_text(result.psnr, 2)}   ssim {result.ssim:.4f}",
    ]
    trained, left_out = _two_errors(result, card)
    if left_out is not None:
        names = ", ".join(card.excluded_classes)
        apart = f"mse {trained:.6f} on the classes it was trained on"
        lines += [f"{apart}, {left_out:.6f} on those left out ({names})"]
    if result.per_class:
        lines += ["", *output.table(("CLASS", "MSE"), list(result.per_class.items()))]
    if result.sigma:
        rows = [(f"{s.sigma:g}", s.mse, s.noisy_mse, s.psnr, s.ssim) for s in result.sigma]
        header = ("SIGMA", "MSE", "NOISY MSE", "PSNR", "SSIM")
        lines += ["", *output.table(header, rows)]
    return lines


def _warnings(trained: Noise, used: Noise, sigmas: tuple[float, ...]) -> list[str]:
    """A sentence if the noise is of another kind than in the model's training."""
    if not (sigmas and trained) or same_sort(trained, used):
        return []
    return [
        "",
        f"Note: it was trained on {_named(trained)} noise, and this is {_named(used)} noise.",
    ]


def _named(noise: Noise) -> str:
    shift = f" (mu {noise.mu:g})" if noise.mu else ""
    return f"{'clipped' if noise.clip else 'unclipped'} {KINDS[noise.kind].title}{shift}"
