"""The flagged images as rows under a slider, and how well their errors mark known defects."""

import numpy as np

from core import metrics
from core.data.own.store import PREFIX
from core.images.imagesets import ImageSet
from pages.ui import cache
from pages.ui.components.sweep import Affine, Cell, Row, Still, Sweep
from pages.ui.figures import mosaic
from pages.ui.outliers import data as outlier_data
from pages.ui.outliers.data import Outcome, Positions

OPACITIES = np.linspace(0, 1, 21)
ERROR_LABEL = "Error of a pixel, |reconstruction − original|, one scale for all images of the set"


def described(outcome: Outcome, shown: Positions) -> Sweep:
    """Originals, reconstructions and errors laid over them; the slider says how strongly."""
    images, scale = outcome.images.take(shown), outlier_data.error_scale(outcome.scope)
    return Sweep(
        "Overlay",
        OPACITIES,
        tuple(cells(outcome, shown)),
        tuple(_rows(outcome, images, shown, scale)),
        prefix="",
        help="Opacity of the error map over the original",
        error_scale=scale,
        error_label=ERROR_LABEL,
    )


def _rows(outcome: Outcome, images: ImageSet, shown: Positions, scale: float) -> list[Row]:
    """shown: where the images stand.  scale: the error that is drawn brightest."""
    x, scores, local = images.pixels(), outcome.scores[shown], outlier_data.maps(outcome, shown)
    x_hat = cache.autoencoder(outcome.scope.card).reconstruct(x)
    judged = outlier_data.outside(outcome.scope, x, x_hat)
    coloured = (
        mosaic.error_colours(x, judged, scale) if local is None else mosaic.map_colours(local)
    )
    heat = np.divide(coloured.transpose(0, 3, 1, 2), 255, dtype=np.float32)
    base = _coloured(x)
    rows = [
        Row(
            "Original", "original", Still(base),
            detail=f"below it: class, and {outcome.score.unit}",
            captions=True, numbers=np.broadcast_to(scores, (len(OPACITIES), len(scores))),
        ),
        Row("Reconstruction", "reconstructed", Still(_coloured(np.clip(x_hat, 0, 1)))),
        Row(
            "Error map" if local is None else "Map of the score",
            "error",
            Affine(base, heat - base),
            detail="laid over the original",
        ),
    ]  # fmt: skip
    if images.masks is not None:
        masks = np.repeat(images.masks[:, None], 3, axis=1).astype(np.float32)
        is_own = images.id.startswith(PREFIX)
        title = "Marked defect" if is_own else "Planted defect"
        detail = "the masks that came with the images" if is_own else "the truth"
        rows.append(Row(title, "original", Still(masks), detail=detail))
    return rows


def cells(outcome: Outcome, shown: Positions) -> list[Cell]:
    """What is written under each image: its class and what is conspicuous about it."""
    images, facts = outcome.images.take(shown), outlier_data.facts(outcome.scope, shown)
    return [
        Cell(str(images.ids[i]), " · ".join(filter(None, (images.label_name(i), *facts[i]))))
        for i in range(len(images))
    ]


def _coloured(x: metrics.Array) -> metrics.Array:
    return np.repeat(x, 3, axis=1) if x.shape[1] == 1 else x
