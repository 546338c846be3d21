"""Tables with a row for each image: its reconstruction error, and its code."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from core import metrics
from core.config import OptionError
from core.images.imagesets import ImageSet
from core.inference import NOT_SCORED, Autoencoder, Scores

Progress = Callable[[int, int], None]  # images done, images in all
PART_PIXELS = 4096 * 784  # bounds the memory: one part of the images at a time


@dataclass(frozen=True)
class Scored:
    """A table with a row for each image, and the threshold of outliers.

    table: id, source, label, error, percentile, is_outlier, reason.  The images that could not be
    read come last; they have a reason instead of numbers, as have those for which the model's
    output is not finite.
    threshold: the error above which an image is an outlier.
    percentile: the share, 0 to 100, of the model's own test images that stay below it.
    """

    table: pd.DataFrame
    threshold: float
    percentile: float

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
    percentile: float = 99.0,
    progress: Progress | None = None,
) -> Scored:
    """The reconstruction error of each image: higher = more anomalous.

    percentile: 0 to 100; an outlier has a larger error than this share of the model's test images.
    Raises DataError if the images do not fit the model, OptionError if percentile is out of bounds,
    CheckpointError if the model's output is finite for none of them.
    """
    limit = threshold(autoencoder, percentile)
    parts = [autoencoder.errors(images.pixels(part)) for part in _parts(images, progress)]
    errors, unread = np.concatenate([np.empty(0), *parts]), images.rejected
    if len(errors) and np.isnan(errors).all():
        raise autoencoder.not_finite(len(errors))
    rows = Rows(
        (*images.ids.tolist(), *(one.name for one in unread)),
        (*_labels(images), *("" for _ in unread)),
        np.append(errors, np.full(len(unread), np.nan)),
        (*reasons(errors), *(one.reason for one in unread)),
    )
    return Scored(table(autoencoder, images.id, rows, limit), limit, percentile)


def reasons(errors: Scores) -> list[str]:
    """Why each of the images that were read is not scored; "" for those that are."""
    return [NOT_SCORED if missing else "" for missing in np.isnan(errors).tolist()]


def threshold(autoencoder: Autoencoder, percentile: float) -> float:
    """The error that this percentage, 0 to 100, of the model's test images does not exceed.

    Raises OptionError if percentile is out of bounds.
    """
    if not 0 <= percentile <= 100:
        raise OptionError("The percentile must be a number from 0 to 100.")
    reference = autoencoder.card.reference
    return float(np.interp(percentile, np.linspace(0, 100, len(reference)), reference))


class Rows(NamedTuple):
    """n images, read or not.  errors: (n,), nan where there is a reason."""

    ids: Sequence[str]
    labels: Sequence[str]
    errors: Scores
    reasons: Sequence[str]


def table(autoencoder: Autoencoder, source: str, rows: Rows, limit: float) -> pd.DataFrame:
    """The columns that Scored names, in the order of rows.  limit: outliers are above it."""
    unread = np.array([reason != "" for reason in rows.reasons], bool)
    columns = {
        "id": list(rows.ids),
        "source": source,
        "label": list(rows.labels),
        "error": rows.errors,
        "percentile": autoencoder.percentiles(rows.errors),
        "is_outlier": pd.arrays.BooleanArray(rows.errors > limit, unread),
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
