"""On how much the Robustness page measures, and how its curves are drawn."""

import streamlit as st

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
    n = st.select_slider(
        "Images measured",
        COUNTS,
        "1000",
        key="measured",
        bind="query-params",
        persist_state="session",
        help="Evenly spread over the chosen part of the data",
    )
    draws = st.select_slider(
        "Draws of the noise",
        DRAWS,
        1,
        key="draws",
        bind="query-params",
        persist_state="session",
        help="Each measures all images anew, with the next seed",
    )
    levels = st.select_slider(
        "Amounts of noise",
        LEVELS,
        11,
        key="levels",
        bind="query-params",
        persist_state="session",
        help="From 0 to 1; between them the curves are interpolated",
    )
    return 0 if n == "all" else int(n), draws, levels


def drawing() -> tuple[str, bool]:
    """Which of BANDS is drawn, and whether an MSE is on a logarithmic axis."""
    band = st.radio(
        "Band",
        list(BANDS),
        key="band",
        captions=list(BANDS.values()),
        bind="query-params",
        persist_state="session",
        help="What the shaded area around each curve says",
    )
    log = st.toggle(
        "Logarithmic MSE",
        True,
        key="log",
        bind="query-params",
        persist_state="session",
        help="Small errors are told apart too; PSNR and SSIM are always on an even scale",
    )
    return band, log
