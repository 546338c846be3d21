"""Tables with a row for each image: its reconstruction error, and its code."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from core import metrics
from core.images.imagesets import ImageSet
from core.inference import NOT_SCORED, Autoencoder, Scores

Progress = Callable[[int, int], None]  # images done, images in all
Pixels = npt.NDArray[np.uint8]
PART_PIXELS = 4096 * 784  # bounds the memory: one part of the images at a time


@dataclass(frozen=True, kw_only=True, eq=False)
class Line:
    """Where images stop being usual, on one score; made by core.anomaly.line.

    score: its name.  threshold: an image that scores above it is an outlier.  how: how it was
    chosen, as words that follow the value.  usual: (n,) rising, the scores of usual images.
    calibration: what those are, in words.  rate: the share of usual images that may be flagged.
    measure: pixels (p, C, H, W) of 0 to 255 -> scores (p,); None if the score is the error itself.
    """

    score: str
    threshold: float
    how: str
    usual: Scores
    calibration: str
    rate: float
    measure: Callable[[Pixels], Scores] | None = None

    def percentiles(self, scores: Scores) -> Scores:
        """The share of usual images that score lower: (p,), 0 to 100, nan for nan."""
        below = np.searchsorted(self.usual, scores) * (100 / len(self.usual))
        return np.where(np.isnan(scores), np.nan, below)

    def scores(self, x: Pixels, errors: Scores) -> Scores:
        """The scores of images of which the errors are known; nan where an error is nan.

        x: (p, C, H, W), 0 to 255.  errors: (p,).
        """
        if self.measure is None:
            return errors
        found, finite = np.full(len(errors), np.nan), np.isfinite(errors)
        if finite.any():
            found[finite] = self.measure(x[finite])
        return found


@dataclass(frozen=True)
class Scored:
    """A table with a row for each image, and the line between usual and strange.

    table: id, source, label, score, error, percentile, is_outlier, reason.  The images that could
    not be read come last; they have a reason instead of numbers, as have those for which the
    model's output is not finite.
    """

    table: pd.DataFrame
    line: Line

    @property
    def n_outliers(self) -> int:
        return int(self.table["is_outlier"].sum())

    @property
    def n_rejected(self) -> int:
        """Files that could not be read."""
        return int((self.table["reason"] != "").sum()) - self.n_not_finite

    @property
    def n_not_finite(self) -> int:
        """Images that were read, but could not be scored by this model."""
        return int((self.table["reason"] == NOT_SCORED).sum())


def score(
    autoencoder: Autoencoder,
    images: ImageSet,
    line: Line,
    progress: Progress | None = None,
) -> Scored:
    """Anomaly score and reconstruction error of each image, higher = stranger.

    Raises DataError if the images do not fit the model, CheckpointError if the model's output is
    finite for none of them.
    """
    errors, scores = np.empty(len(images)), np.empty(len(images))
    for part in _parts(images, progress):
        errors[part] = autoencoder.errors(images.pixels(part))
        scores[part] = line.scores(images.images[part], errors[part])
    unread, missing = images.rejected, np.full(len(images.rejected), np.nan)
    if len(errors) and np.isnan(errors).all():
        raise autoencoder.not_finite(len(errors))
    rows = Rows(
        ids=(*images.ids.tolist(), *(one.name for one in unread)),
        labels=(*_labels(images), *("" for _ in unread)),
        errors=np.append(errors, missing),
        scores=np.append(scores, missing),
        reasons=(*reasons(errors), *(one.reason for one in unread)),
    )
    return Scored(table(images.id, rows, line), line)


def reasons(errors: Scores) -> list[str]:
    """Why each of the images that were read is not scored; "" for those that are."""
    return [NOT_SCORED if missing else "" for missing in np.isnan(errors).tolist()]


class Rows(NamedTuple):
    """n images, read or not.  errors, scores: (n,), nan where there is a reason.

    n_empty: how many are of one colour once prepared, with nothing to be seen in them.
    """

    ids: Sequence[str]
    labels: Sequence[str]
    errors: Scores
    scores: Scores
    reasons: Sequence[str]
    n_empty: int = 0


def table(source: str, rows: Rows, line: Line) -> pd.DataFrame:
    """The columns that Scored names, in the order of rows."""
    unread = np.array([reason != "" for reason in rows.reasons], bool)
    columns = {
        "id": list(rows.ids),
        "source": source,
        "label": list(rows.labels),
        "score": rows.scores,
        "error": rows.errors,
        "percentile": line.percentiles(rows.scores),
        "is_outlier": pd.arrays.BooleanArray(rows.scores > line.threshold, unread),
        "reason": list(rows.reasons),
    }
    dtypes = dict.fromkeys(("id", "source", "label", "reason"), "str")
    return pd.DataFrame(columns, index=range(len(rows.ids))).astype(dtypes)


def encode(
    autoencoder: Autoencoder, images: ImageSet, progress: Progress | None = None
) -> pd.DataFrame:
    """The code of each image: columns id, label, z0 ... zk, error.

    Raises DataError if the images do not fit the model, CheckpointError if its output is not finite
    for some of them.
    """
    codes = np.empty((len(images), autoencoder.latent_dim), np.float32)
    errors = np.empty(len(images))
    for part in _parts(images, progress):
        x = images.pixels(part)
        codes[part] = autoencoder.encode(x)
        errors[part] = metrics.mse(x, autoencoder.decode(codes[part]))
    z = {f"z{i}": codes[:, i] for i in range(codes.shape[1])}
    return pd.DataFrame(
        {"id": images.ids.tolist(), "label": _labels(images)} | z | {"error": errors}
    )


def _labels(images: ImageSet) -> list[str]:
    return [images.label_name(i) for i in range(len(images))]


def _parts(images: ImageSet, progress: Progress | None) -> Iterator[slice]:
    size = max(1, PART_PIXELS // math.prod(images.shape))
    for start in range(0, len(images), size):
        yield slice(start, start + size)
        if progress:
            progress(min(start + size, len(images)), len(images))
