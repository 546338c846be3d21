"""How well scores tell known outliers from the rest, as curves. No st calls."""

import io
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from core.anomaly.rankings import Curves, RocBand
from core.reports.charts import Axis, Band, Chart, Dash, Series
from pages.ui.figures import mosaic, theme
from pages.ui.outliers.histogram import Scores

MOST_POINTS = 600  # of a curve that is drawn
WIDTH = 96  # pixels of a sample
PATTERNS = {  # pixels drawn and left out
    "solid": ((WIDTH, 0),),
    "dash": ((20, 12),),
    "dot": ((6, 8),),
    "dashdot": ((20, 8), (6, 8)),
}


class Style(NamedTuple):
    """Of a curve.  colour: #rrggbb.  width: pixels."""

    colour: str
    width: float
    dash: Dash


class Banded(NamedTuple):
    """The score whose curve has a band."""

    name: str
    band: RocBand


def styles(names: Sequence[str], shown: str, dashed: Collection[str]) -> dict[str, Style]:
    """How each curve is drawn, by its name, so that no two of twenty look alike.

    shown: drawn thick.  dashed: the baselines.  After the last colour dots are added.
    """
    chosen = {}
    for i, name in enumerate(names):
        is_late = i >= len(theme.PALETTE)
        baseline: tuple[Dash, Dash] = ("dash", "dashdot")
        network: tuple[Dash, Dash] = ("solid", "dot")
        dash = baseline[is_late] if name in dashed else network[is_late]
        chosen[name] = Style(theme.style(i).colour, 4 if name == shown else 1.5, dash)
    return chosen


def roc(
    curves: Mapping[str, Curves], drawn: Mapping[str, Style], banded: Banded | None = None
) -> Chart:
    """Outliers found against false alarms, a line a score; one of them with its band."""
    hover = "false alarms {x:.1%}, found {y:.1%}"
    return Chart(
        Axis("false alarms, share of the normal images", low=0, high=1),
        Axis("found, share of the outliers", low=0, high=1.01),
        (
            _guessing((0.0, 1.0)),
            *(() if banded is None else (_band(banded, drawn[banded.name]),)),
            *(
                _curve(name, one.false_alarms, one.found, drawn[name], hover)
                for name, one in curves.items()
            ),
        ),
        "ROC curves, a line a score",
    )


def precision_recall(
    curves: Mapping[str, Curves], drawn: Mapping[str, Style], share: float
) -> Chart:
    """Precision against the share found, a line a score.  share: of outliers = guessing."""
    hover = "found {x:.1%}, precision {y:.1%}"
    return Chart(
        Axis("found, share of the outliers", low=0, high=1),
        Axis("precision, share of the flagged", low=0, high=1.01),
        (
            _guessing((share, share)),
            *(
                _curve(name, one.found[1:], one.precision[1:], drawn[name], hover)
                for name, one in curves.items()
            ),
        ),
        "Precision and recall, a line a score",
    )


def sample(style: Style) -> str:
    """A short piece of a curve, as a picture that a table can hold."""
    image = Image.new("RGBA", (WIDTH, 36))
    half, left, pattern = int(2 + style.width), 0, PATTERNS[style.dash]
    while left < WIDTH:
        for on, off in pattern:
            if left < WIDTH:
                box = (left, 18 - half, min(WIDTH - 1, left + on - 1), 18 + half)
                ImageDraw.Draw(image).rectangle(box, fill=style.colour)
            left += on + off
    file = io.BytesIO()
    image.save(file, "PNG")
    return mosaic.data_url(file.getvalue())


def _guessing(y: tuple[float, float]) -> Series:
    """The line that guessing would give from left to right."""
    x, height = np.array([0.0, 1.0]), np.array(y)
    return Series("guessing", x, height, theme.REFERENCE, dash="dot", width=1)


def _band(one: Banded, style: Style) -> Series:
    """The area in which the curve lies; its middle is hardly seen."""
    at, low, high = one.band.false_alarms, one.band.low, one.band.high
    return Series(
        "", at, (low + high) / 2, style.colour, width=0, band=Band(low, high), makes_room=False
    )


def _curve(name: str, x: Scores, y: Scores, style: Style, hover: str) -> Series:
    few = np.unique(np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).astype(np.int64))
    return Series(
        name, x[few], y[few], style.colour, dash=style.dash, width=style.width, hover=hover
    )
