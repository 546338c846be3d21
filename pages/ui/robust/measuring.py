"""On how much the Robustness page measures, and how its curves are drawn."""

import math

import streamlit as st

from pages.ui.session import widgets

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
    n = widgets.choice(
        st.select_slider,
        "Images measured",
        COUNTS,
        key="measured",
        default=default,
        help="Evenly spread over the chosen part",
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
    draws = widgets.choice(
        st.select_slider,
        "Draws of the noise",
        DRAWS,
        key="draws",
        default=1,
        help="Each measures all images anew, with the next seed",
    )
    levels = widgets.choice(
        st.select_slider,
        "Amounts of noise",
        LEVELS,
        key="levels",
        default=11,
        help="From 0 to 1; between them the curves are interpolated",
    )
    return n, draws, levels


def drawing() -> tuple[str, bool]:
    """Which of BANDS is drawn, and whether an MSE is on a logarithmic axis."""
    band = widgets.choice(
        st.radio,
        "Band",
        list(BANDS),
        key="band",
        default=next(iter(BANDS)),
        captions=list(BANDS.values()),
        help="What the shaded area around each curve says",
    )
    log = widgets.switch(
        "Logarithmic MSE",
        key="log",
        default=True,
        help="Small errors are told apart too; PSNR and SSIM are always on an even scale",
    )
    return band, log
