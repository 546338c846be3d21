"""On how much the Robustness page measures, and how its curves are drawn."""

import math
from collections.abc import Sequence

import streamlit as st

from pages.ui import state

COUNTS = ("50", "200", "1000", "all")
MOST_VALUES = 12_500_000  # numbers in all images measured, to begin with: seconds, not a minute
DRAWS = (1, 3, 5)
LEVELS = (11, 21, 51)
BANDS = {
    "images": "holds 80 % of all images and draws",
    "draws": "from the least to the greatest mean of a draw",
    "none": "the means alone",
}


def default_count(shape: tuple[int, int, int]) -> str:
    """How many images are measured if nobody says: fewer of large ones."""
    fitting = [n for n in COUNTS[:-1] if int(n) * math.prod(shape) <= MOST_VALUES]
    return fitting[-1] if fitting else COUNTS[0]


def n_images(shape: tuple[int, int, int]) -> int:
    """How many images of this shape are measured; 0 = all."""
    default = default_count(shape)
    n = _slider(
        "Images measured", "measured", COUNTS, default, "Evenly spread over the chosen part"
    )
    if default != COUNTS[-2]:
        c, h, w = shape
        st.caption(f"To begin with {default}, since these images are large ({c} x {h} x {w}).")
    return 0 if n == "all" else int(n)


def which(n: int, total: int) -> str:
    """How many of how many images were measured, in words."""
    return f"all {n:,}" if n == total else f"{n:,} of {total:,}, evenly spread,"


def amounts(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """How many images of this shape (0 = all), draws of the noise, and amounts of it."""
    n = n_images(shape)
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
    return n, int(draws), int(levels)


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
