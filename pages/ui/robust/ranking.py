"""Models ranked by what they make of the same noisy images. No st calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.checkpoints import Card
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.robustness.curves import INPUT
from core.robustness.sweeps import ModelSweep, NoiseSweep
from pages.ui.figures import mosaic
from pages.ui.figures.mosaic import Pixels

SIDE = 56  # pixels of an image
ORIGINAL = "the original"
COLUMNS = ("checkpoint", "rank", "pictures", "errors", "mse", "percentile", "title")


@dataclass(frozen=True)
class Ranked:
    """The wall.  sweep: all models at one amount of noise.  scale: the error drawn brightest.

    table: as table() makes it.  cards: of the models.  left_out: names of those whose output is not
    finite.
    """

    sweep: NoiseSweep
    scale: float
    table: pd.DataFrame
    cards: tuple[Card, ...]
    left_out: tuple[str, ...] = ()


def ranks(sweep: NoiseSweep) -> npt.NDArray[np.float64]:
    """Where each stands among all for each image: (1 + models, n), the noisy image first.

    1 = the lowest error; equal errors share the lower place.
    """
    errors = np.stack([sweep.noisy_mse[0], *(model.mse[0] for model in sweep.models)])
    return np.asarray((errors[:, None] > errors[None]).sum(axis=1) + 1.0)


def ranking_table(sweep: NoiseSweep, models: Sequence[Autoencoder], scale: float) -> pd.DataFrame:
    """The original, the noisy image and each model with what comes out of it; the nearest first.

    Means over the images; pictures and error maps as data URLs.
    """
    place = ranks(sweep).mean(axis=1)
    noisy = sweep.noisy(0)
    rows: list[dict[str, Any]] = [
        {"checkpoint": ORIGINAL, "pictures": _strip(mosaic.colours(sweep.x)), "rank": 0.0},
        {
            "checkpoint": INPUT,
            "pictures": _strip(mosaic.colours(noisy)),
            "errors": _strip(mosaic.error_colours(sweep.x, noisy, scale)),
            "mse": sweep.noisy_mse[0].mean(),
            "rank": place[0],
        },
    ]
    for model, found, rank in zip(models, sweep.models, place[1:], strict=True):
        errors = _strip(mosaic.error_colours(sweep.x, found.x_hat[0], scale))
        percentile = model.percentiles(found.mse[0]).mean()
        rows.append(
            _row(found, model.card.title)
            | {"errors": errors, "percentile": percentile, "rank": rank}
        )
    ordered = pd.DataFrame(rows, columns=COLUMNS).sort_values(["rank", "mse"])
    ordered.loc[ordered["checkpoint"] == ORIGINAL, "rank"] = np.nan
    return ordered.reset_index(drop=True)


def ranking_long_table(
    sweep: NoiseSweep, models: Sequence[Autoencoder], images: ImageSet
) -> pd.DataFrame:
    """A row an image and a model."""
    place = ranks(sweep)[1:]
    parts = [
        pd.DataFrame(
            {
                "id": images.ids,
                "checkpoint": found.name,
                "mse": found.mse[0],
                "percentile": model.percentiles(found.mse[0]),
                "rank": rank,
            }
        )
        for model, found, rank in zip(models, sweep.models, place, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def _row(found: ModelSweep, title: str) -> dict[str, Any]:
    return {
        "checkpoint": found.name,
        "title": title,
        "pictures": _strip(mosaic.colours(found.x_hat[0])),
        "mse": found.mse[0].mean(),
    }


def _strip(pictures: Pixels) -> str:
    return mosaic.data_url(mosaic.strip(mosaic.enlarged(pictures, SIDE)))
