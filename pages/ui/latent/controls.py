"""What the Latent space page can be asked: which images, which map, which colours, which models."""

from dataclasses import dataclass

import streamlit as st

from core.checkpoints import Card, trained_on
from core.latent.map_tasks import DENSE
from core.latent.projections import BY_NAME
from pages.ui.figures.text import titles
from pages.ui.frame import sidebar
from pages.ui.latent import colours as latent_colours
from pages.ui.latent import data as latent_data
from pages.ui.latent.data import OTHER, Crowd, Population
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
RINGS = {
    "no": "the model has not seen them",
    "yes": "the model was trained on them",
    "some": "the model was trained on some of them",
    "unknown": "the model may have seen them",
}
GROUPS = range(2, 21)


@dataclass(frozen=True)
class Asked:
    """What the visitor wants to see.

    cards: the sidebar's model, and one beside it if any.  groups: of k-means.  told: which classes
    have a colour of their own; None = all, or the most frequent if they are many.
    """

    crowd: Crowd
    cards: tuple[Card, ...]
    method: str
    colour: str
    drag: str
    groups: int
    told: tuple[int, ...] | None = None


def asked(choice: sidebar.Choice, card: Card) -> Asked:
    """The controls above the map, and what they say."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = st.container(width="content")
        colour_place, told_place, drag_place = (st.container(width="content") for _ in range(3))
        with st.popover(
            "Points", icon=":material/scatter_plot:", help="Which images, and how many"
        ):
            crowd = _crowd(choice)
            groups = _groups(choice)
        cards = _cards(choice, card)
        flat = all(one.latent_dim <= 2 for one in cards)
        with place:
            method = "pca" if flat else _method()
        with colour_place:
            colour = _colour(latent_data.population(crowd), groups)
        with told_place:
            told = _told(colour, latent_data.population(crowd))
        with drag_place:
            drag = _drag()
    return Asked(crowd, cards, method, colour, drag, groups, told)


def _cards(choice: sidebar.Choice, card: Card) -> tuple[Card, ...]:
    others = {one.name: one for one in choice.fitting if one.name != card.name}
    if not others:
        return (card,)
    named = {NONE: "No other model"} | titles(choice.fitting)
    chosen = widgets.choice(
        st.selectbox,
        "Beside it",
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


def _crowd(choice: sidebar.Choice) -> Crowd:
    most = widgets.choice(
        st.select_slider,
        "At most",
        [str(n) for n in MOST],
        key="points",
        default=str(DEFAULT_MOST),
        format_func=lambda n: f"{int(n):,}",
        help="Of each part; of more images a sample is taken, every class in its share",
    )
    seed = widgets.seed(
        "Seed of the sample and of the map",
        key="sample",
        help="Another seed draws another sample, and lays PaCMAP and t-SNE out differently",
    )
    return Crowd(choice.dataset.id, choice.split, _rings(choice.split), int(most), seed)


def _rings(split: str) -> bool:
    if (other := OTHER.get(split)) is None:
        return False
    help_text = "Drawn as rings below the others"
    return widgets.switch(f"The {other} images too", key="rings", help=help_text)


def _groups(choice: sidebar.Choice) -> int:
    n_classes = len(choice.dataset.class_names)
    return widgets.choice(
        st.select_slider,
        "Clusters of k-means",
        GROUPS,
        key="groups",
        default=n_classes if n_classes in GROUPS else 10,
        help="Into how many clusters the codes are divided, to colour by and to measure",
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
        help="What the colour of a point says",
        width=170,
    )


def _told(colour: str, population: Population) -> tuple[int, ...] | None:
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
        persist_state="session",
        help="Lasso and box select what they enclose, Click one image (and drags the map), Zoom "
        "enlarges; a double click selects nothing or shows all again",
    )
    return str(chosen or "lasso")


def sentence(population: Population, crowd: Crowd, card: Card) -> str:
    """How many of how many images are shown, how they were chosen, and what the rings are."""
    n, available = len(population.images), population.available
    shown = f"Showing {n:,} of {available:,}, stratified, seed {crowd.seed}; Points changes that."
    shown = f"All {n:,} images." if n == available > 1 else shown
    shown = "The one image." if available == 1 else shown
    if not crowd.with_other:
        return shown
    other = OTHER[crowd.split]
    seen = trained_on.seen(card, crowd.dataset, other)
    drawn = "Rings" if n <= DENSE else "Among them, not told apart"
    return f"{shown} {drawn}: {population.other.sum():,} {other} images; {RINGS[seen]}."
