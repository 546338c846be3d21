"""The Reconstruct page as one picture to download."""

from collections.abc import Callable, Sequence

from streamlit.delta_generator import DeltaGenerator

from core.checkpoints import Card
from core.images.imagesets import ImageSet
from core.robustness.sweeps import ModelSweep, NoiseSweep
from pages.ui.figures.mosaic import Line, colours, enlarged, error_colours, sheet
from pages.ui.figures.text import decimal, noise_name
from pages.ui.noise.rows import Scores, error_scale

SIDE = 64


def picture(
    images: ImageSet, sweeps: Sequence[NoiseSweep], cards: Sequence[Card], step: int
) -> bytes:
    """All rows at one amount of noise, with their labels, as a PNG.

    images: those of the sweeps, in their order.  sweeps: one a model.  cards: of those models.
    """
    first, scale = sweeps[0], error_scale(sweeps)
    names = tuple(images.label_name(i) for i in range(len(images)))
    noisy = enlarged(colours(first.noisy(step)), SIDE)
    lines = [
        Line("Original", "original", enlarged(colours(first.x), SIDE), names),
        Line(
            title="Noisy",
            role="noisy",
            pictures=noisy,
            captions=_written(first.noisy_mse[step]),
            detail=noise_name(first.noise),
        ),
    ]
    for one, card in zip(sweeps, cards, strict=True):
        model = one.models[0]
        x_hat = enlarged(colours(model.x_hat[step]), SIDE)
        error = enlarged(error_colours(first.x, model.x_hat[step], scale), SIDE)
        mse = _written(model.mse[step])
        lines.append(
            Line(
                title=card.title,
                role="reconstructed",
                pictures=x_hat,
                captions=mse,
                detail=_means(model, step),
            )
        )
        lines.append(
            Line(
                title="Error",
                role="error",
                pictures=error,
                captions=(),
                detail=f"black 0, brightest {scale:.2f} and more",
            )
        )
    sigma = first.sigmas[step]
    return sheet(f"{images.id}, {images.split} images, σ = {sigma:.2f}; below each its MSE", lines)


def offer(place: DeltaGenerator, make: Callable[[], bytes], name: str, sigma: float) -> None:
    """A button that makes the picture when it is clicked.  name: stands in that of the file."""
    place.download_button(
        "PNG",
        make,
        f"hourglass-{name}-sigma-{sigma:.2f}.png",
        "image/png",
        icon=":material/download:",
        on_click="ignore",
        help="Download what you see, with its labels, as one picture",
    )


def _means(model: ModelSweep, step: int) -> str:
    mse, psnr, ssim = (float(v[step].mean()) for v in (model.mse, model.psnr, model.ssim))
    return f"mean MSE {decimal(mse, 4)}, PSNR {psnr:.1f} dB, SSIM {ssim:.3f}"


def _written(mse: Scores) -> tuple[str, ...]:
    return tuple(decimal(float(value), 4) for value in mse)
