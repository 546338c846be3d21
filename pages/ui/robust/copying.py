"""Copying made visible: what each model makes of images that are nothing like its training."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import pandas as pd
import streamlit as st

from core.checkpoints import Card
from core.computing.tasks import Arrays, task
from core.reports import Content, Row, Tile
from core.robustness import curves, measure_tasks
from core.robustness.copying import UNKNOWN_KINDS, Copy
from pages.ui import cache
from pages.ui.figures import mosaic
from pages.ui.figures.mosaic import Pixels
from pages.ui.figures.text import plain
from pages.ui.frame import downloads, tables
from pages.ui.frame.sidebar import Choice
from pages.ui.frame.tables import Column, number
from pages.ui.robust import controls as robust_controls
from pages.ui.session import widgets

# What models make of images that are nothing like their training, in numbers. No st calls.

N, SEED = 200, 0
N_PICTURES = 4  # of each kind, as many as a report shows
COPIES = 0.9  # the share of every stranger that a copying model returns
WHY = (
    "An overcomplete model (its code D' is at least as large as the image D) might learn to copy: "
    "it would reconstruct any image, and noise too. These images are unlike its training images. "
    "**Comes back** is 1 − error / error of a uniform grey image: 100 % = copied exactly, 0 % = no "
    "better than uniform grey, below 0 = worse. **Noise let through** is the share of faint noise "
    "(σ = 0.1) on ordinary images that is left in the reconstruction: 100 % for a copy, D' / D for "
    "PCA."
)


@dataclass(frozen=True)
class Copying:
    """A model's outputs for each kind of images, and the share of faint noise it passes on."""

    copies: tuple[Copy, ...]
    passed: float


def copying_verdict(found: Mapping[str, Copying]) -> str:
    """Which of the models copy, and how near the others come to it, by their numbers."""
    copying = [name for name, one in found.items() if _least(one) >= COPIES]
    by_noise = sorted(found, key=lambda name: found[name].passed)
    first, last = by_noise[-1], by_noise[0]
    noise = f"{first} lets the most noise through, {100 * found[first].passed:.0f} %"
    if last != first:
        noise += f", {last} the least, {100 * found[last].passed:.1f} %"
    if not copying:
        return f"None of these models copies whatever it is given. {noise}."
    copies = "copies whatever it is" if len(copying) == 1 else "copy whatever they are"
    return f"{', '.join(copying)} {copies} given. {noise}."


def copying_numbers(
    found: Mapping[str, Copying], cards: Sequence[Card], as_share: bool
) -> pd.DataFrame:
    """A row a model: its code, each kind's share that comes back in % (or its MSE), noise in %."""
    rows = []
    for card in cards:
        one = found[card.name]
        values = {
            copy.stranger.name: 100 * copy.kept if as_share else float(copy.mse.mean())
            for copy in one.copies
        }
        passed = 100 * one.passed
        rows.append(
            {"checkpoint": card.name, "latent_dim": card.latent_dim, **values, "noise": passed}
        )
    return pd.DataFrame(rows)


def measured_copying(dataset: str, split: str, cards: Sequence[Card]) -> dict[str, Copying]:
    """Each model's reconstructions of unknown kinds of images, by its name."""
    ref = cache.split_ref(dataset, split)
    tasks = [
        task(
            measure_tasks.copying,
            ref,
            N,
            SEED,
            N_PICTURES,
            card.sha256,
            title=f"Measuring {card.name}",
            models=[card],
        )
        for card in cards
    ]
    found = cache.all_computed(tasks)
    return {card.name: _copying(arrays) for card, arrays in zip(cards, found, strict=True)}


def _copying(arrays: Arrays) -> Copying:
    rows = zip(*(arrays[name] for name in ("x", "x_hat", "mse", "kept")), strict=True)
    copies = (
        Copy(stranger=stranger, x=x, x_hat=x_hat, mse=mse, kept=float(kept))
        for stranger, (x, x_hat, mse, kept) in zip(UNKNOWN_KINDS, rows, strict=True)
    )
    return Copying(tuple(copies), float(arrays["passed"]))


def _least(one: Copying) -> float:
    return min(copy.kept for copy in one.copies)


N_SHOWN = 2
SIDE, ROW = 56, 64  # pixels of an image, and of a row of the table
MEASURES = ("comes back", "MSE")
WHAT_GOES_IN = "input"


def draw(choice: Choice) -> None:
    """Numbers, pictures, and what they say."""
    cards = robust_controls.compared(choice)
    if not cards:
        st.info("Choose at least one model under Compare.")
        return
    found = measured_copying(choice.dataset.id, choice.split, cards)
    verdict = copying_verdict(found)
    st.markdown(f"**{plain(verdict)}**")
    st.caption(WHY)
    as_share = _as_share()
    _draw_tables(found, cards, as_share)
    st.caption(
        plain(
            f"Means over {N} images of each kind, made from {choice.split} images of "
            f"{choice.dataset.id}, the same for all models; the first {N_SHOWN} of each are shown."
        )
    )
    with st.container(horizontal=True):
        downloads.csv_button(
            lambda: copying_numbers(found, cards, as_share),
            "hourglass-copying.csv",
            "The table of numbers",
        )
        downloads.button(lambda: copying_content(choice, cards, found, verdict), "copying")


def _draw_tables(found: Mapping[str, Copying], cards: Sequence[Card], as_share: bool) -> None:
    """Numbers above pictures, a row a model in each."""
    st.dataframe(
        copying_numbers(found, cards, as_share),
        hide_index=True,
        column_config=tables.config(number_columns(as_share)),
    )
    st.dataframe(
        pictures(found),
        hide_index=True,
        row_height=ROW,
        height="content",
        column_config=tables.config(picture_columns()),
    )


def _as_share() -> bool:
    """Whether to show shares that come back, or errors."""
    measure = widgets.choice(
        st.segmented_control,
        "Show",
        MEASURES,
        key="copying",
        default=MEASURES[0],
        required=True,
        help="The share of each kind that comes back, or the mean squared error",
    )
    return measure == MEASURES[0]


def pictures(found: Mapping[str, Copying]) -> pd.DataFrame:
    """Rows of data URLs: the inputs, then each model's outputs; a column for each kind."""
    first = next(iter(found.values()))
    rows = [{"checkpoint": WHAT_GOES_IN} | {c.stranger.name: _strip(c.x) for c in first.copies}]
    rows += [
        {"checkpoint": name} | {copy.stranger.name: _strip(copy.x_hat) for copy in one.copies}
        for name, one in found.items()
    ]
    return pd.DataFrame(rows)


def _strip(x: curves.Array) -> str:
    shown = mosaic.enlarged(mosaic.colours(x[:N_SHOWN]), SIDE)
    return mosaic.data_url(mosaic.strip(shown))


def number_columns(as_share: bool) -> tuple[Column, ...]:
    """The columns of numbers.  as_share: of shares that come back, not of errors."""
    form, unit = (".0f", "%") if as_share else (".4f", "")
    faint = "Of faint noise, σ = 0.1"
    return (
        Column("checkpoint", "model", pinned=True),
        number("latent_dim", "D'", ".0f", help="Numbers in the code"),
        *(
            number(one.name, one.title, form, unit, help=f"In: {one.explanation}")
            for one in UNKNOWN_KINDS
        ),
        number("noise", "noise let through", ".1f", "%", help=faint),
    )


def picture_columns() -> tuple[Column, ...]:
    """The columns of pictures."""
    wide = N_SHOWN * (SIDE + mosaic.GAP) + 24
    return (
        Column("checkpoint", "model", pinned=True),
        *(
            Column(one.name, one.title, "picture", width=wide, help=f"In: {one.explanation}")
            for one in UNKNOWN_KINDS
        ),
    )


# What copying tells in a report: what each model makes of strangers, and how much comes back.

N_SHOWN = 4  # pictures of each kind


def copying_content(
    choice: Choice, cards: Sequence[Card], found: Mapping[str, Copying], verdict: str
) -> Content:
    """found: of each card, by name."""
    share = copying_numbers(found, cards, as_share=True)
    mse = copying_numbers(found, cards, as_share=False)
    return Content(
        name="Robustness: copying",
        sayings=(verdict, WHY.replace("**", "")),
        settings={
            **downloads.of_data(choice.dataset.id, choice.split, N),
            "seed of the images": str(SEED),
        },
        cards=tuple(cards),
        rows=tuple(_rows(cards, found)),
        figures=(),
        tables=(
            tables.table("What comes back", share, number_columns(as_share=True)),
            tables.table("MSE", mse, number_columns(as_share=False)),
        ),
    )


def _rows(cards: Sequence[Card], found: Mapping[str, Copying]) -> Iterator[Row]:
    """Draw the inputs, then the outputs of each model."""
    first = next(iter(found.values()))
    given = [_tiles(mosaic.colours(copy.x), copy.stranger.title) for copy in first.copies]
    yield Row("What goes in", tuple(chain.from_iterable(given)), detail=_listed())
    for card in cards:
        copied = found[card.name].copies
        out = [_tiles(mosaic.colours(copy.x_hat), copy.stranger.title) for copy in copied]
        yield Row(card.name, tuple(chain.from_iterable(out)), "reconstructed")


def _tiles(pictures: Pixels, kind: str) -> tuple[Tile, ...]:
    shown = pictures[:N_SHOWN]
    return downloads.tiles(shown, [f"{kind}, {i + 1}" for i in range(len(shown))])


def _listed() -> str:
    return f"{N_SHOWN} each: {', '.join(one.title for one in UNKNOWN_KINDS)}."
