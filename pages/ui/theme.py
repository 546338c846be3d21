"""Colours that mean the same everywhere."""

from typing import Literal

import numpy as np
import numpy.typing as npt

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

# Inferno (Smith and van der Walt 2015): every sixteenth of its 256 colours, and the last.
_INFERNO = """
000004 0b0724 210c4a 3d0965 57106e 71196e 8a226a a32c61 bc3754
d24644 e45a31 f1731d f98e09 fbac11 f9cb35 f2ea69 fcffa4
"""


def interpolated(anchors: str) -> npt.NDArray[np.uint8]:
    """256 colours in straight lines from anchor to anchor: (256, 3).

    anchors: two or more, evenly spaced; six hexadecimal digits each, with blanks between.
    """
    known = np.array([list(bytes.fromhex(colour)) for colour in anchors.split()])
    at = np.linspace(0, len(known) - 1, 256)
    channels = [np.interp(at, np.arange(len(known)), channel) for channel in known.T]
    return np.array(np.rint(np.stack(channels, axis=1)), dtype=np.uint8)


ERROR_COLOURS = interpolated(_INFERNO)  # from no error to the brightest
