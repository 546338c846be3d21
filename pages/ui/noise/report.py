"""The report of the Reconstruct page: rows of pictures at one amount of noise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.checkpoints import Card
from core.images.imagesets import ImageSet
from core.reports import Content, Figure, Row, Table
from core.robustness.curves import INPUT
from core.robustness.sweeps import ModelSweep, NoiseSweep
from core.text import counted
from pages.ui.figures import lines, mosaic
from pages.ui.figures.text import decimal
from pages.ui.figures.theme import Style
from pages.ui.frame import downloads
from pages.ui.noise.rows import Scores, error_scale

COLUMNS = ("", "MSE", "PSNR, dB", "SSIM", "noise removed, %")


@dataclass(frozen=True)
class NoiseView:
    """Contents of the page.

    images: those of the sweeps, in their order.  sweeps: one a model.  cards: of those models.
    step: which amount of noise is shown.  seed: of the noise.  styles: of the models, by name.
    """

    images: ImageSet
    sweeps: Sequence[NoiseSweep]
    cards: Sequence[Card]
    step: int
    seed: int
    styles: Mapping[str, Style]


@dataclass(frozen=True)
class Picked:
    """The choice of the images.

    classes: of which they are, all if none are named; None where images have no classes.  shuffle:
    which draw of them; see controls.pick().
    """

    classes: tuple[str, ...] | None
    shuffle: int

    def settings(self) -> Mapping[str, str]:
        """In words, by the names of the controls."""
        order = "as in the data set" if self.classes is None else "the classes in turn"
        found = {"order of images": f"at random, draw {self.shuffle}" if self.shuffle else order}
        if self.classes is None:
            return found
        return {"classes": ", ".join(self.classes) or "all", **found}


def content(view: NoiseView, picked: Picked) -> Content:
    """The pictures, the chart and the numbers."""
    images, sweeps, cards, step = view.images, view.sweeps, view.cards, view.step
    first = sweeps[0]
    sigma = f"{first.sigmas[step]:.2f}"
    settings = {
        **downloads.of_data(images.id, images.split, len(images)),
        **picked.settings(),
        "σ": sigma,
        **downloads.of_noise(first.noise, view.seed),
    }
    n = f"{counted(len(images), f'{images.split} image')} of {images.id}"
    return Content(
        name="Reconstruct",
        sayings=(f"{n} with noise of σ = {sigma}, and as {_listed(cards)} reconstructed them.",),
        settings=settings,
        cards=tuple(cards),
        rows=rows(images, sweeps, cards, step),
        figures=(figure(sweeps, step, view.styles),),
        tables=(table(sweeps, step), each_image(images, sweeps, step)),
    )


def each_image(images: ImageSet, sweeps: Sequence[NoiseSweep], step: int) -> Table:
    """A row an image, in the order of the pictures: its id, its class if it has one, its errors."""
    names = [one.models[0].name for one in sweeps]
    labelled = images.labels is not None
    columns = (
        "image",
        *(["class"] if labelled else []),
        "MSE, noisy",
        *(f"MSE, {n}" for n in names),
    )
    errors = [sweeps[0].noisy_mse[step], *(one.models[0].mse[step] for one in sweeps)]
    lines = tuple(
        (
            name,
            *([images.label_name(i)] if labelled else []),
            *_mse(np.array([e[i] for e in errors])),
        )
        for i, name in enumerate(images.ids.tolist())
    )
    return Table("Images", columns, lines, "From left to right as in the pictures.")


def table(sweeps: Sequence[NoiseSweep], step: int) -> Table:
    """Means over the images at one amount of noise: the noisy ones, then a row a model."""
    models = [one.models[0] for one in sweeps]
    noisy = ("noisy", decimal(float(sweeps[0].noisy_mse[step].mean()), 4), "", "", "")
    lines = (noisy, *(_row(model, step) for model in models))
    return Table("Numbers", COLUMNS, lines, "Against the clean images; means over those shown.")


def _row(model: ModelSweep, step: int) -> tuple[str, ...]:
    mse, psnr, ssim = (float(v[step].mean()) for v in (model.mse, model.psnr, model.ssim))
    removed = 100 * float(model.removed[step])
    words = "" if np.isnan(removed) else f"{removed:.0f}"
    return model.name, decimal(mse, 4), f"{psnr:.1f}", f"{ssim:.3f}", words


def _listed(cards: Sequence[Card]) -> str:
    *first, last = (card.name for card in cards)
    return f"{', '.join(first)} and {last}" if first else last


def rows(
    images: ImageSet, sweeps: Sequence[NoiseSweep], cards: Sequence[Card], step: int
) -> tuple[Row, ...]:
    """Originals, noisy images, and each model's reconstructions and errors."""
    first, scale, ids = sweeps[0], error_scale(sweeps), images.ids.tolist()
    names = [images.label_name(i) for i in range(len(images))]
    noisy = mosaic.colours(first.noisy(step))
    below = _mse(first.noisy_mse[step])
    found = [
        Row("Original", downloads.tiles(mosaic.colours(first.x), ids, names)),
        Row("Noisy", downloads.tiles(noisy, _alt("noisy", ids), below), "noisy"),
    ]
    for one, card in zip(sweeps, cards, strict=True):
        x_hat = one.models[0].x_hat[step]
        drawn, errors = mosaic.colours(x_hat), mosaic.error_colours(first.x, x_hat, scale)
        mse = _mse(one.models[0].mse[step])
        rebuilt = downloads.tiles(drawn, _alt("rebuilt", ids), mse)
        wrong = downloads.tiles(errors, _alt("error", ids))
        said = f"Black: none; brightest: {scale:.2f} and more, for all models."
        found.append(Row(card.title, rebuilt, "reconstructed", f"{card.name}; below each its MSE."))
        found.append(Row(f"Error of {card.name}", wrong, "error", said))
    return tuple(found)


def figure(sweeps: Sequence[NoiseSweep], step: int, styles: Mapping[str, Style]) -> Figure:
    """The mean error of the images against the noise, a line a model.  styles: by its name."""
    first = sweeps[0]
    curves = {one.models[0].name: one.models[0].mse.mean(axis=1) for one in sweeps}
    curves[INPUT] = first.noisy_mse.mean(axis=1)
    chart = lines.error_chart(first.sigmas, curves, float(first.sigmas[step]), styles)
    return Figure("Error against noise", chart, "Means over the images shown.")


def _alt(what: str, ids: Sequence[str]) -> list[str]:
    return [f"{what}: {name}" for name in ids]


def _mse(values: Scores) -> list[str]:
    return [decimal(float(value), 4) for value in values]
