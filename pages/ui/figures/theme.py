"""The palette: every colour, dash and shape of pages, charts, components and reports.

Roles have the same colour everywhere. Models, classes, scores and families have no role and take a
style by number: a colour, a dash for lines, and a shape for points.
"""

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from core.reports import charts
from core.reports.charts import DASHES, Dash, Shape

Role = Literal["original", "noisy", "reconstructed", "error", "outlier"]

# As in .streamlit/config.toml, where they are called gray, yellow, blue, orange and red.
LIGHT: dict[Role, str] = {
    "original": "#7a828c",
    "noisy": "#d98a00",
    "reconstructed": "#1f5fd6",
    "error": "#dd513a",
    "outlier": "#c8102e",
}
DARK: dict[Role, str] = {
    "original": "#8d96a1",
    "noisy": "#f0b13c",
    "reconstructed": "#6ea8fe",
    "error": "#fb8861",
    "outlier": "#ff5d6c",
}
# Text, ground and small print of the light theme, for pictures; LIGHT_INK is text on dark.
INK, PAPER, FAINT, LIGHT_INK = "#16191d", "#ffffff", "#565e68", "#e8eaed"
REFERENCE = "#8a929c"  # of what others are compared with, on light and dark grounds
FADED = "#aab2bb"  # of what is not selected, on light and dark grounds

PALETTE = charts.PALETTE  # ten colours, which charts in files have, too
SHAPES: tuple[Shape, ...] = ("circle", "x")
N_DISTINCT = len(PALETTE) * len(SHAPES)  # marks that differ in colour or shape
N_LINES = 4 * len(PALETTE)  # lines that differ in colour or dash

# Inferno (Smith and van der Walt 2015): every sixteenth of its 256 colours, and the last.
_INFERNO = """
000004 0b0724 210c4a 3d0965 57106e 71196e 8a226a a32c61 bc3754
d24644 e45a31 f1731d f98e09 fbac11 f9cb35 f2ea69 fcffa4
"""


class Style(NamedTuple):
    """Colour, dash and shape of one of several models, classes or scores.

    colour: #rrggbb.  dash: of its line.  shape: of its points.
    """

    colour: str
    dash: Dash = "solid"
    shape: Shape = "circle"


def style(number: int) -> Style:
    """The style with this number, counted from 0.

    The first N_DISTINCT differ in colour or shape, the first N_LINES in colour or dash.
    """
    n = len(PALETTE)
    dash, shape = DASHES[number // 2 % len(DASHES)], SHAPES[number // n % len(SHAPES)]
    return Style(PALETTE[number % n], dash, shape)


def interpolated(anchors: str) -> npt.NDArray[np.uint8]:
    """256 colours, interpolated linearly between anchors: (256, 3).

    anchors: two or more, evenly spaced; six hexadecimal digits each, separated by blanks.
    """
    known = np.array([list(bytes.fromhex(colour)) for colour in anchors.split()])
    at = np.linspace(0, len(known) - 1, 256)
    channels = [np.interp(at, np.arange(len(known)), channel) for channel in known.T]
    return np.array(np.rint(np.stack(channels, axis=1)), dtype=np.uint8)


ERROR_COLOURS = interpolated(_INFERNO)  # from no error to the brightest
