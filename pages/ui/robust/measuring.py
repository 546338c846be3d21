"""On how much the Robustness page measures, and how its curves are drawn."""

from collections.abc import Sequence

import streamlit as st

from pages.ui import state

COUNTS = ("200", "1000", "all")
DRAWS = (1, 3, 5)
LEVELS = (11, 21, 51)
BANDS = {
    "images": "holds 80 % of all images and draws",
    "draws": "from the least to the greatest mean of a draw",
    "none": "the means alone",
}


def amounts() -> tuple[int, int, int]:
    """How many images (0 = all), draws of the noise, and amounts of it."""
    n = _slider("Images measured", "measured", COUNTS, "1000", "Evenly spread over the chosen part")
    draws = _slider(
        "Draws of the noise", "draws", DRAWS, 1, "Each measures all images anew, with the next seed"
    )
    levels = _slider(
        "Amounts of noise",
        "levels",
        LEVELS,
        11,
        "From 0 to 1; between them the curves are interpolated",
    )
    return 0 if n == "all" else int(n), int(draws), int(levels)


def drawing() -> tuple[str, bool]:
    """Which of BANDS is drawn, and whether an MSE is on a logarithmic axis."""
    default = next(iter(BANDS))
    state.recall("band", default, list(BANDS))
    st.radio(
        "Band",
        list(BANDS),
        key="band",
        captions=list(BANDS.values()),
        help="What the shaded area around each curve says",
    )
    state.publish("band", default)
    state.recall_flag("log", True)
    st.toggle(
        "Logarithmic MSE",
        key="log",
        help="Small errors are told apart too; PSNR and SSIM are always on an even scale",
    )
    state.publish("log", True)
    return str(st.session_state["band"]), bool(st.session_state["log"])


def _slider(
    label: str, key: str, options: Sequence[str | int], default: str | int, help_text: str
) -> str | int:
    state.recall(key, default, options)
    st.select_slider(label, options, key=key, help=help_text)
    state.publish(key, default)
    chosen: str | int = st.session_state[key]
    return chosen
