"""The table of all models that take these images: to sort, to filter, to choose from."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from core.checkpoints import Card
from core.computing.tasks import task
from core.images.imagesets import ImageSet
from core.noise import Noise
from core.reports import Content
from core.robustness import curves, measure_tasks
from core.robustness.curves import Scored
from core.text import counted, listed
from pages.ui import cache
from pages.ui.figures.text import noise_name, plain
from pages.ui.frame import downloads, tables, ways
from pages.ui.frame.sidebar import Choice
from pages.ui.frame.tables import Column, number
from pages.ui.noise import controls
from pages.ui.robust import controls as robust_controls
from pages.ui.robust import curves as robust_curves
from pages.ui.robust.questions import MOST
from pages.ui.session import widgets
from pages.ui.session.registry import ROBUSTNESS
from pages.ui.session.rows import ticked

SIGMA = 0.5
WALL_TIME = "Wall time when it was trained, on that machine"
SPEED = "Images reconstructed and measured per second on this server"
COLUMNS = (
    Column("name", "model", pinned=True),
    Column("architecture", "architecture"),
    number("latent_dim", "D'", ".0f", help="Numbers in the code"),
    number("n_parameters", "parameters", ","),
    number("trained_sigma", "trained σ", ".2f", help="Empty: trained without noise"),
    number("mse", "MSE, clean", ".4g"),
    number("noisy_mse", f"MSE, σ = {SIGMA:g}", ".4g"),
    number("n_images", "images measured", ",", help="Evenly spread over the chosen part"),
    number("seconds", "training", ".0f", "s", help=WALL_TIME),
    number("images_per_second", "images/s", ",.0f", help=SPEED),
    Column("output", "output", help="Bounded to [0, 1] by a sigmoid, or linear"),
    Column("dataset", "trained on"),
    Column("trained_noise", "trained noise", width=200),
    Column("title", "what it is"),
)


def draw(choice: Choice) -> None:
    """Filters, the table, and what to do with the chosen rows."""
    choice.model()  # says what to do if there is none
    with st.container(horizontal=True, vertical_alignment="bottom"):
        families = _families(choice.fitting)
        noisy = _trained()
        noise, seed = controls.noise()
        with st.popover("Measure", icon=":material/tune:", help="On how many images"):
            n = robust_controls.n_images(choice.dataset.input_shape)
    cards = tuple(card for card in choice.fitting if _fits(card, families, noisy))
    if not cards:
        st.info("No model matches: remove a filter, or train a model.")
        ways.to_training(choice.dataset.id)
        return
    robust_curves.draw_warnings(choice, cards, noise)
    _draw_measured(choice, cards, replace(noise, sigma=SIGMA), seed, n)


def _draw_measured(
    choice: Choice, cards: Sequence[Card], noise: Noise, seed: int, n_asked: int
) -> None:
    """The table and what is below it.  noise: of the noisy column.  n_asked: images, 0 = all."""
    every = choice.images()
    images = curves.spread(every, n_asked or len(every))
    n, names = len(images), [card.name for card in cards]
    found = table(cards, scored(images, cards, noise, seed)).assign(n_images=n)
    rows = ticked(
        found,
        names,
        "ticked_models",
        "model",
        column_config=tables.config(COLUMNS),
        column_order=tables.order(COLUMNS),
        height="content",
        placeholder="",
    )
    if unsound := found.loc[found[["mse", "noisy_mse"]].isna().any(axis=1), "name"].tolist():
        said = f"Without an error: {listed(unsound)}, whose output is not finite for some images."
        st.caption(plain(said))
    _act([names[i] for i in rows], found)
    st.caption(
        plain(
            f"Errors: {robust_controls.which(n, len(every))} {choice.split} images of "
            f"{choice.dataset.id}; clean, and with {noise_name(noise)}, σ = {noise.sigma:g}, "
            f"seed {seed}."
        )
    )
    downloads.button(lambda: content(choice, cards, found, noise, seed), "models")


def table(cards: Sequence[Card], measured: Sequence[Scored]) -> pd.DataFrame:
    """A row a model."""
    return pd.DataFrame([_row(card, one) for card, one in zip(cards, measured, strict=True)])


def _row(card: Card, one: Scored) -> dict[str, object]:
    bounded = card.options.get("bounded", False)
    return {
        "name": card.name,
        "architecture": card.architecture.name,
        "latent_dim": card.latent_dim,
        "n_parameters": card.n_parameters,
        "trained_noise": noise_name(card.noise) if card.noise else "none",
        "trained_sigma": card.noise.sigma if card.noise else None,
        "mse": one.mse,
        "noisy_mse": one.noisy_mse,
        "seconds": card.seconds,
        "images_per_second": round(one.images_per_second),
        "dataset": card.dataset_title,
        "output": "bounded" if bounded else "linear",
        "title": card.title,
    }


def _act(names: Sequence[str], found: pd.DataFrame) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Compare {len(names)} on the curves" if names else "Compare on the curves",
            icon=":material/show_chart:",
            disabled=not 0 < len(names) <= MOST,
            on_click=_compare,
            args=(list(names),),
            help=f"Tick up to {MOST} rows first",
        )
        downloads.csv_button(lambda: found, "hourglass-models.csv", "This table, filtered as it is")


def _compare(names: list[str]) -> None:
    st.session_state["models"] = names
    st.session_state.update(ROBUSTNESS.open("Curves"))


def _families(cards: Sequence[Card]) -> list[str]:
    names = tuple(dict.fromkeys(card.architecture.name for card in cards))
    return widgets.several(
        st.pills,
        "Architecture",
        names,
        key="architectures",
        what="architecture",
        selection_mode="multi",
        help="Only these; none chosen = all",
    )


def _trained() -> str | None:
    return widgets.choice(
        st.segmented_control,
        "Trained",
        ("with noise", "without noise"),
        key="trained_noise",
        default=None,
        help="Only models trained so; none chosen = all",
    )


def _fits(card: Card, families: Sequence[str], noisy: str | None) -> bool:
    if families and card.architecture.name not in families:
        return False
    return noisy is None or bool(card.noise) == (noisy == "with noise")


# How near models come to the same images, and how fast they are.


def scored(images: ImageSet, cards: Sequence[Card], noise: Noise, seed: int) -> list[Scored]:
    """One for each model.  images: as core.robustness.curves.spread takes them from a split."""
    ref, n = cache.split_ref(images.id, images.split), len(images)
    tasks = [
        task(
            measure_tasks.score,
            ref,
            n,
            noise,
            seed,
            card.sha256,
            title=f"Measuring {card.name}",
            models=[card],
        )
        for card in cards
    ]
    return [Scored(*found["values"].tolist()) for found in cache.all_computed(tasks)]


def content(
    choice: Choice, cards: Sequence[Card], found: pd.DataFrame, noise: Noise, seed: int
) -> Content:
    """Report of the models.  found: the table of the page.  noise: what was added for
    the noisy column.
    """
    best = found.sort_values("noisy_mse").iloc[0]
    return Content(
        "Robustness: models",
        (f"Of {counted(len(cards), 'model')} {best['name']} is nearest under this noise.",),
        {
            **downloads.of_data(choice.dataset.id, choice.split, int(best["n_images"])),
            "σ": f"{noise.sigma:g}",
            **downloads.of_noise(noise, seed),
        },
        tuple(cards),
        tables=(tables.table("Models compared", found, COLUMNS),),
    )
