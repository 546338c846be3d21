"""The wall: the same images through every model that takes them, ranked."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from core.checkpoints import Card
from core.config import CheckpointError
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.noise import Noise
from core.reports import Content, Row
from core.robustness.curves import INPUT
from core.robustness.sweeps import ModelSweep, NoiseSweep, noise_sweep
from core.text import listed
from pages.ui import cache
from pages.ui.figures import mosaic
from pages.ui.figures.mosaic import Pixels
from pages.ui.figures.text import decimal, noise_name, plain
from pages.ui.frame import downloads, tables
from pages.ui.frame.sidebar import Choice
from pages.ui.frame.tables import Column, number
from pages.ui.noise import controls, panel, rows
from pages.ui.robust import curves as robust_curves
from pages.ui.session import selection, widgets

# Models ranked by what they make of the same noisy images. No st calls.

SIDE = 56  # pixels of an image
ORIGINAL = "the original"
PERCENTILE = "Share of the model's own clean test images with a lower error"


@dataclass(frozen=True)
class Ranked:
    """The wall.  sweep: all models at one amount of noise.  scale: the error drawn brightest.

    table: as table() makes it.  cards: of the models.  left_out: names of those whose output is not
    finite.
    """

    sweep: NoiseSweep
    scale: float
    table: pd.DataFrame
    cards: tuple[Card, ...]
    left_out: tuple[str, ...] = ()


def ranks(sweep: NoiseSweep) -> npt.NDArray[np.float64]:
    """Where each stands among all for each image: (1 + models, n), the noisy image first.

    1 = the lowest error; equal errors share the lower place.
    """
    errors = np.stack([sweep.noisy_mse[0], *(model.mse[0] for model in sweep.models)])
    return np.asarray((errors[:, None] > errors[None]).sum(axis=1) + 1.0)


def ranking_table(sweep: NoiseSweep, models: Sequence[Autoencoder], scale: float) -> pd.DataFrame:
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
            _row(found, model.card.title)
            | {"errors": errors, "percentile": percentile, "rank": rank}
        )
    ordered = pd.DataFrame(rows, columns=list(tables.order(columns(1)))).sort_values(
        ["rank", "mse"]
    )
    ordered.loc[ordered["checkpoint"] == ORIGINAL, "rank"] = np.nan
    return ordered.reset_index(drop=True)


def ranking_long_table(
    sweep: NoiseSweep, models: Sequence[Autoencoder], images: ImageSet
) -> pd.DataFrame:
    """A row an image and a model."""
    place = ranks(sweep)[1:]
    parts = [
        pd.DataFrame(
            {
                "id": images.ids,
                "checkpoint": found.name,
                "mse": found.mse[0],
                "percentile": model.percentiles(found.mse[0]),
                "rank": rank,
            }
        )
        for model, found, rank in zip(models, sweep.models, place, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def _row(found: ModelSweep, title: str) -> dict[str, Any]:
    return {
        "checkpoint": found.name,
        "title": title,
        "pictures": _strip(mosaic.colours(found.x_hat[0])),
        "mse": found.mse[0].mean(),
    }


def _strip(pictures: Pixels) -> str:
    return mosaic.data_url(mosaic.strip(mosaic.enlarged(pictures, SIDE)))


COUNTS = (1, 2, 4, 8)
ROW = SIDE + 8  # pixels of a row of the table


def draw(choice: Choice) -> None:
    """Controls, then a row a model."""
    choice.model()  # says what to do if there is none
    with st.container(horizontal=True, vertical_alignment="bottom"):
        n = _count()
        shuffle = controls.shuffle_button()
        noise, seed = controls.noise()
        sigma = panel.still_slider("wall_sigma")
    images, words = chosen(choice.images(), n, shuffle)
    robust_curves.draw_warnings(choice, choice.fitting, noise)
    ranked = _ranked(images, choice.fitting, noise, sigma, seed)
    st.dataframe(
        ranked.table,
        hide_index=True,
        row_height=ROW,
        height="content",
        column_config=tables.config(columns(len(images))),
        placeholder="",
    )
    if ranked.left_out:
        st.caption(
            plain(f"Left out, because their output is not finite: {listed(ranked.left_out)}.")
        )
    st.caption(
        plain(
            f"{words} Noise: {noise_name(noise)}, σ = {sigma:.2f}, seed {seed}. Error maps: "
            f"|reconstruction − original|, black = 0, brightest = {ranked.scale:.2f} and more."
        )
    )
    with st.container(horizontal=True):
        downloads.csv_button(
            lambda: ranking_long_table(ranked.sweep, _models(ranked.cards), images),
            f"hourglass-wall-{choice.dataset.id}.csv".replace(":", "-").replace("/", "-"),
            "A row an image and a model: error, percentile, rank",
        )
        downloads.button(lambda: content(choice, images, ranked, seed), "wall")


def _ranked(
    images: ImageSet, cards: Sequence[Card], noise: Noise, sigma: float, seed: int
) -> Ranked:
    """The models on the images, made once."""

    def make() -> Ranked:
        swept = noise_sweep(images.pixels(), [], noise, seed, np.array([sigma]))
        sound, answers = [], list[ModelSweep]()
        for card in cards:
            with suppress(CheckpointError):  # its output is not finite
                one = noise_sweep(swept.x, _models([card]), noise, seed, swept.sigmas)
                answers += [replace(found, name=card.name) for found in one.models]
                sound.append(card)
        if not sound:
            raise cache.autoencoder(cards[0]).not_finite()
        sweep = replace(swept, models=tuple(answers))
        scale = rows.error_scale([sweep])
        table = ranking_table(sweep, _models(sound), scale)
        left_out = tuple(card.name for card in cards if card not in sound)
        return Ranked(sweep=sweep, scale=scale, table=table, cards=tuple(sound), left_out=left_out)

    of = tuple((card.name, card.sha256) for card in cards)
    return cache.kept(("wall", images.id, tuple(images.ids.tolist()), of, noise, sigma, seed), make)


def _models(cards: Sequence[Card]) -> list[Autoencoder]:
    return [cache.autoencoder(card) for card in cards]


def chosen(images: ImageSet, n: int, shuffle: int) -> tuple[ImageSet, str]:
    """The selected images if some are here, else n of the set, and a word about which."""
    here = set(images.ids.tolist())
    selected = [name for name in selection.ids() if name in here]
    if selected:
        taken = images.take(images.positions(selected[: COUNTS[-1]]))
        return taken, f"The selected images ({len(taken)} of {len(selected)})."
    words = "Images selected on any page are shown here instead."
    return controls.pick(images, (), n, shuffle), words


def columns(n: int) -> tuple[Column, ...]:
    """The columns of the wall, for n images side by side."""
    wide = n * (SIDE + mosaic.GAP) + 24
    place = "1 = nearest to the original; the mean over the images"
    scale = "One scale for all models, black = none"
    return (
        Column("checkpoint", "model", pinned=True),
        number("rank", "rank", ".1f", help=place),
        Column("pictures", "what comes out", "picture", width=wide),
        Column("errors", "error", "picture", width=wide, help=scale),
        number("mse", "MSE", ".4g", help="Against the clean image"),
        number("percentile", "percentile", ".1f", "%", help=PERCENTILE),
        Column("title", "what it is"),
    )


def _count() -> int:
    return widgets.choice(
        st.segmented_control,
        "Images",
        COUNTS,
        key="wall",
        default=4,
        required=True,
        help="How many images side by side",
    )


def content(choice: Choice, images: ImageSet, ranked: Ranked, seed: int) -> Content:
    """Report of the wall.  images: of the wall.  seed: of the noise."""
    sigma, table = f"{ranked.sweep.sigmas[0]:.2f}", ranked.table
    models = table[table["checkpoint"] != ORIGINAL]
    nearest = _by_rank(ranked)[0].name
    note = "Rank: the mean over the images, 1 = nearest to the original."
    return Content(
        name="Robustness: the wall",
        sayings=(f"Under noise of σ = {sigma} {nearest} is nearest to the originals on average.",),
        settings={
            **downloads.of_data(choice.dataset.id, choice.split, len(images)),
            "σ": sigma,
            **downloads.of_noise(ranked.sweep.noise, seed),
        },
        cards=ranked.cards,
        rows=tuple(_wall_rows(images.ids.tolist(), ranked)),
        figures=(),
        tables=(tables.table("Ranking", models, columns(1), note),),
    )


def _by_rank(ranked: Ranked) -> list[ModelSweep]:
    """Each model's reconstructions of the images, the nearest first."""
    by_name = {one.name: one for one in ranked.sweep.models}
    return [by_name[name] for name in ranked.table["checkpoint"] if name in by_name]


def _wall_rows(ids: Sequence[str], ranked: Ranked) -> Iterator[Row]:
    """Originals, noisy images, and for each model what comes out and where it is wrong."""
    sweep, scale = ranked.sweep, ranked.scale
    yield Row("Original", downloads.tiles(mosaic.colours(sweep.x), ids))
    yield Row("Noisy", downloads.tiles(mosaic.colours(sweep.noisy(0)), ids), "noisy")
    said = f"Black: none; brightest: {scale:.2f} and more, for all models."
    for one in _by_rank(ranked):
        below = [decimal(float(value), 4) for value in one.mse[0]]
        drawn = downloads.tiles(mosaic.colours(one.x_hat[0]), ids, below)
        wrong = downloads.tiles(mosaic.error_colours(sweep.x, one.x_hat[0], scale), ids)
        yield Row(one.name, drawn, "reconstructed", "Below each its MSE.")
        yield Row(f"Error of {one.name}", wrong, "error", said)
