"""The wall: the same images through every model that takes them, ranked."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from core import exports
from core.checkpoints import Card
from core.imagesets import ImageSet
from core.inference import Autoencoder
from core.robustness import INPUT
from core.sweeps import ModelSweep, NoiseSweep, noise_sweep
from pages.ui import cache, controls, mosaic, reconstruction, state
from pages.ui.mosaic import Pixels
from pages.ui.sidebar import Choice
from pages.ui.text import noise_name, plain

COUNTS = (1, 2, 4, 8)
SIDE, ROW = 56, 64  # pixels of an image, and of a row of the table
DEFAULT_SIGMA = 0.5
ORIGINAL = "the original"
COLUMNS = ("checkpoint", "rank", "pictures", "errors", "mse", "percentile", "title")


def draw(choice: Choice) -> None:
    """Controls, then a row a model."""
    choice.model()  # says what to do if there is none
    with st.container(horizontal=True, vertical_alignment="bottom"):
        n = st.segmented_control(
            "Images",
            COUNTS,
            default=4,
            required=True,
            key="wall",
            bind="query-params",
            persist_state="session",
            help="How many images side by side",
        )
        shuffle = int(state.recall_number("shuffle", 0, 0, controls.MAX_SEED))
        controls.shuffle_button()
        noise, seed = controls.noise()
        sigma = _sigma()
    images, words = chosen(choice.images(), int(n or 4), shuffle)
    models = [cache.autoencoder(card) for card in choice.fitting]
    sweep = noise_sweep(images.pixels(), models, noise, seed, np.array([sigma]))
    scale = reconstruction.error_scale([sweep])
    st.dataframe(
        table(sweep, models, scale),
        hide_index=True,
        row_height=ROW,
        height="content",
        column_config=_columns(len(images)),
        placeholder="",
    )
    st.caption(
        plain(
            f"{words} {noise_name(noise)}, σ = {sigma:.2f}, seed {seed}. Error maps: "
            f"|reconstruction − original|, black = 0, brightest = {scale:.2f} and more."
        )
    )
    st.download_button(
        "CSV",
        lambda: exports.csv_bytes(long_table(sweep, models, images)),
        f"hourglass-wall-{choice.dataset.id}.csv".replace(":", "-").replace("/", "-"),
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        help="A row an image and a model: error, percentile, rank",
    )


def chosen(images: ImageSet, n: int, shuffle: int) -> tuple[ImageSet, str]:
    """The selected images if some are here, else n of the set, and a word about which."""
    here = set(images.ids.tolist())
    selected = [name for name in state.selected_ids() if name in here]
    if selected:
        taken = images.take(images.positions(selected[: COUNTS[-1]]))
        return taken, f"The selected images ({len(taken)} of {len(selected)}),"
    return controls.pick(images, (), n, shuffle), "Select images elsewhere to see them here."


def ranks(sweep: NoiseSweep) -> npt.NDArray[np.float64]:
    """Where each stands among all for each image: (1 + models, n), the noisy image first.

    1 = the lowest error; equal errors share the lower place.
    """
    errors = np.stack([sweep.noisy_mse[0], *(model.mse[0] for model in sweep.models)])
    return np.asarray((errors[:, None] > errors[None]).sum(axis=1) + 1.0)


def table(sweep: NoiseSweep, models: Sequence[Autoencoder], scale: float) -> pd.DataFrame:
    """The original, the noisy image and each model with what comes out of it; the nearest first.

    Means over the images; pictures and error maps as data URLs.
    """
    place = ranks(sweep).mean(axis=1)
    noisy = sweep.noisy(0)
    rows: list[dict[str, Any]] = [
        {"checkpoint": ORIGINAL, "pictures": _strip(mosaic.colours(sweep.x)), "rank": 0.0},
        {
            "checkpoint": INPUT,
            "pictures": _strip(mosaic.colours(noisy)),
            "errors": _strip(mosaic.error_colours(sweep.x, noisy, scale)),
            "mse": sweep.noisy_mse[0].mean(),
            "rank": place[0],
        },
    ]
    for model, found, rank in zip(models, sweep.models, place[1:], strict=True):
        errors = _strip(mosaic.error_colours(sweep.x, found.x_hat[0], scale))
        percentile = model.percentiles(found.mse[0]).mean()
        rows.append(
            _row(found, model.card) | {"errors": errors, "percentile": percentile, "rank": rank}
        )
    ordered = pd.DataFrame(rows, columns=COLUMNS).sort_values(["rank", "mse"])
    ordered.loc[ordered["checkpoint"] == ORIGINAL, "rank"] = np.nan
    return ordered.reset_index(drop=True)


def long_table(sweep: NoiseSweep, models: Sequence[Autoencoder], images: ImageSet) -> pd.DataFrame:
    """A row an image and a model."""
    place = ranks(sweep)[1:]
    parts = [
        pd.DataFrame(
            {
                "id": images.ids,
                "checkpoint": model.card.name,
                "mse": found.mse[0],
                "percentile": model.percentiles(found.mse[0]),
                "rank": rank,
            }
        )
        for model, found, rank in zip(models, sweep.models, place, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def _columns(n: int) -> dict[str, Any]:
    """How the columns are shown, for n images side by side."""
    config, wide = st.column_config, n * (SIDE + mosaic.GAP) + 24
    return {
        "checkpoint": config.TextColumn("model", pinned=True),
        "rank": config.NumberColumn(
            "rank", format="%.1f", help="1 = nearest to the original; the mean over the images"
        ),
        "mse": config.NumberColumn("MSE", format="%.4f", help="Against the clean image"),
        "percentile": config.NumberColumn(
            "percentile",
            format="%.1f %%",
            help="Share of the model's own clean test images that it rebuilds with a lower error",
        ),
        "pictures": config.ImageColumn("what comes out", width=wide),
        "errors": config.ImageColumn(
            "error", width=wide, help="One scale for all models, black = none"
        ),
        "title": config.TextColumn("what it is"),
    }


def _row(found: ModelSweep, card: Card) -> dict[str, Any]:
    return {
        "checkpoint": card.name,
        "title": card.title,
        "pictures": _strip(mosaic.colours(found.x_hat[0])),
        "mse": found.mse[0].mean(),
    }


def _strip(pictures: Pixels) -> str:
    return mosaic.data_url(mosaic.strip(mosaic.enlarged(pictures, SIDE)))


def _sigma() -> float:
    state.recall_number("sigma", DEFAULT_SIGMA, 0, 1)
    st.session_state["wall_sigma"] = st.session_state["sigma"]
    st.slider(
        "Noise σ",
        0.0,
        1.0,
        step=0.02,
        key="wall_sigma",
        on_change=_keep_sigma,
        width=260,
        help="How much noise the models are given",
    )
    state.publish("sigma", DEFAULT_SIGMA)
    return float(st.session_state["sigma"])


def _keep_sigma() -> None:
    st.session_state["sigma"] = st.session_state["wall_sigma"]
