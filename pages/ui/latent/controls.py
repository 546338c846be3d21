"""The controls of the Latent space page: which images, map, colours and models."""

from dataclasses import dataclass

import streamlit as st

from core.checkpoints import Card
from core.images.preparation import words
from core.latent.map_tasks import DENSE
from core.latent.projections import BY_NAME
from pages.ui import cache
from pages.ui.figures.text import titles
from pages.ui.frame import sidebar
from pages.ui.latent import colours as latent_colours
from pages.ui.latent import data as latent_data
from pages.ui.latent.data import OTHER, Population, SampleSpec
from pages.ui.session import highlighting, widgets

MOST = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 60_000, 200_000, 1_000_000)
DEFAULT_MOST = 10_000
DRAGS = {
    "lasso": ":material/lasso_select: Lasso",
    "select": ":material/select: Box",
    "pan": ":material/touch_app: Click",
    "zoom": ":material/zoom_in: Zoom",
}
NONE = "none"
GROUPS = range(2, 21)


@dataclass(frozen=True)
class MapOptions:
    """The values of the page's controls.

    cards: the sidebar's model, and a second one if chosen.  groups: clusters of k-means.
    highlighted: classes that have a colour of their own; None = all, or the most frequent of many.
    """

    spec: SampleSpec
    cards: tuple[Card, ...]
    method: str
    colour: str
    drag: str
    groups: int
    highlighted: tuple[int, ...] | None = None


def asked(choice: sidebar.Choice, card: Card) -> MapOptions:
    """Draw the controls above the map; return their values."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = st.container(width="content")
        colour_place, told_place, drag_place = (st.container(width="content") for _ in range(3))
        with st.popover(
            "Points", icon=":material/scatter_plot:", help="Which images, and how many"
        ):
            spec = _sample_spec(choice)
            groups = _groups(choice)
        cards = _cards(choice, card)
        flat = all(one.latent_dim <= 2 for one in cards)
        with place:
            method = "pca" if flat else _method()
        with colour_place:
            colour = _colour(latent_data.population(spec), groups)
        with told_place:
            highlighted = _highlighted(colour, latent_data.population(spec))
        with drag_place:
            drag = _drag()
    return MapOptions(
        spec=spec,
        cards=cards,
        method=method,
        colour=colour,
        drag=drag,
        groups=groups,
        highlighted=highlighted,
    )


def _cards(choice: sidebar.Choice, card: Card) -> tuple[Card, ...]:
    others = {one.name: one for one in choice.fitting if one.name != card.name}
    if not others:
        return (card,)
    named = {NONE: "No other model"} | titles(choice.fitting)
    chosen = widgets.choice(
        st.selectbox,
        "Second model",
        [NONE, *others],
        key="versus",
        default=NONE,
        what="model",
        besides=(card.name,),
        format_func=named.__getitem__,
        help="A second model's map of the same images, with the same selection",
        width=180,
    )
    other = others.get(chosen)
    return (card, other) if other else (card,)


def _method() -> str:
    return widgets.choice(
        st.selectbox,
        "Map",
        list(BY_NAME),
        key="map",
        default="pca",
        format_func=lambda name: BY_NAME[name].title,
        help="\n".join(f"- {one.title}: {one.explanation}" for one in BY_NAME.values()),
        width=120,
    )


def _sample_spec(choice: sidebar.Choice) -> SampleSpec:
    most = widgets.choice(
        st.select_slider,
        "At most",
        [str(n) for n in MOST],
        key="points",
        default=str(DEFAULT_MOST),
        format_func=lambda n: f"{int(n):,}",
        help="Most images of each split; from larger sets a stratified sample is drawn",
    )
    seed = widgets.seed(
        "Seed of the sample and of the map",
        key="sample",
        help="Another seed gives another sample, and another layout of PaCMAP and t-SNE",
    )
    return SampleSpec(
        dataset=choice.dataset.id,
        split=choice.split,
        with_other=_rings(choice.split),
        most=int(most),
        seed=seed,
    )


def _rings(split: str) -> bool:
    if (other := OTHER.get(split)) is None:
        return False
    help_text = "Draw the images of the other split too, as rings below the others"
    return widgets.switch(f"The {other} images too", key="rings", help=help_text)


def _groups(choice: sidebar.Choice) -> int:
    n_classes = len(choice.dataset.class_names)
    return widgets.choice(
        st.select_slider,
        "Clusters of k-means",
        GROUPS,
        key="groups",
        default=n_classes if n_classes in GROUPS else 10,
        help="Number of clusters into which k-means divides the codes, for the colours",
    )


def _colour(population: Population, groups: int) -> str:
    options = latent_colours.options(population, groups)
    return widgets.choice(
        st.selectbox,
        "Colour",
        list(options),
        key="colour",
        default=next(iter(options)),
        format_func=options.__getitem__,
        help="What the colour of a point shows",
        width=170,
    )


def _highlighted(colour: str, population: Population) -> tuple[int, ...] | None:
    groups = latent_colours.known_groups(colour, population.images)
    return None if groups is None else highlighting.chosen(groups)


def _drag() -> str:
    chosen = st.segmented_control(
        "Mouse",
        list(DRAGS),
        default="lasso",
        key="drag",
        format_func=DRAGS.__getitem__,
        required=True,
        wrap=True,
        persist_state="session",
        help="What dragging does. Lasso and Box select the points inside, Click selects one point "
        "(dragging moves the map), Zoom enlarges. A double click clears selection or zoom.",
    )
    return str(chosen or "lasso")


def sentence(population: Population, spec: SampleSpec, card: Card) -> str:
    """The caption of a map: how many images it shows, how they were sampled, what the rings are."""
    n, available = len(population.images), population.available
    shown = f"Showing {n:,} of {available:,}, stratified, seed {spec.seed} (change under Points)."
    shown = f"All {n:,} images." if n == available > 1 else shown
    shown = "The only image." if available == 1 else shown
    if (how := population.images.preparation) is not None:
        shown = f"{shown} Prepared: {words(how)}."
    if not spec.with_other:
        return shown
    other = OTHER[spec.split]
    seen = cache.seen(card, spec.dataset, other, int(population.other.sum()))
    drawn = "Rings" if n <= DENSE else "Among them, in the same colours"
    n_other = f"{population.other.sum():,} {other} images"
    return f"{shown} {drawn}: {n_other}. {seen.words(f'{other} images')}"
