"""The map of codes: what it is coloured by, and one selection on one or two of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from core.checkpoints import Card
from core.data.imagesets import ImageSet
from pages.ui import cache, scatter, state, theme, zoom
from pages.ui.colouring import COLOURS, Colouring, Groups, Scale, name_of
from pages.ui.latent import data as latent_data
from pages.ui.latent.data import Codes, Crowd, Population
from pages.ui.scatter import Look, Mask, Places, Points

SECTION, ORIGIN = "section", "map_origin"
NEXT = "inspect_next"  # the image that the inspector is to open on
FEW = 20  # different numbers of a factor: so many are shown by name
BY_ERROR = ("error", "percentile")  # colours for which every image must be rebuilt
DEGREES = ("hue", "rotation")  # factors that go round in a circle
UNSEEN = "not reviewed"
VERDICTS = {
    "outlier": theme.LIGHT["outlier"],
    "normal": COLOURS[0],
    "unsure": COLOURS[1],
    "disputed": COLOURS[4],
    UNSEEN: theme.LIGHT["original"],
}
CONFIG = {
    "displaylogo": False,
    "doubleClick": "autosize",
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "pan2d", "zoom2d", "resetScale2d"],
}


@dataclass(frozen=True)
class Drawing:
    """A map to draw.

    key: the chart's.  name: of all that decides where the points lie.  images: those of the points,
    in their order.  words: the map described.
    """

    key: str
    name: tuple[Any, ...]
    images: ImageSet
    points: Points
    colouring: Colouring
    look: Look
    words: str


@dataclass(frozen=True)
class Memory:
    """How a chart was last drawn.

    drawn: name, colour and mouse mode.  baked: the selection it was drawn with.  shown: the one
    it shows, after what the visitor did in it.  again: how often it was drawn like this in a row.
    """

    drawn: tuple[Any, ...]
    place: tuple[Any, ...]
    baked: tuple[str, ...]
    shown: tuple[str, ...]
    extent: zoom.Extent | None
    again: int

    @property
    def revision(self) -> int:
        """Another number than that of what was drawn before, and the same for the same drawing."""
        return hash((self.drawn, self.baked, self.again)) % 2**31


def colours(population: Population, groups: int) -> dict[str, str]:
    """What a map of these images can be coloured by: name -> title.

    groups: into how many clusters k-means would divide the codes.
    """
    images = population.images
    found = {"class": "class"} if images.labels is not None else {}
    found |= {"error": "reconstruction error", "percentile": "error percentile"}
    if latent_data.verdicts(images.id):
        found["review"] = "review decision"
    if images.factors is not None:
        found |= {f"factor:{name}": f"factor: {name}" for name in images.factors}
    return found | {"cluster": f"k-means cluster ({groups})"}


def colouring(
    colour: str, crowd: Crowd, card: Card, population: Population, found: Codes, groups: int
) -> Colouring:
    """The colour of each point.  colour: a name from colours()."""
    images = population.images
    if colour == "class" and images.labels is not None:
        return Groups("class", images.class_names, images.labels)
    if colour == "percentile":
        percentiles = found.rank(latent_data.errors(crowd, card, found))
        return Scale("error percentile", percentiles, "warm")
    if colour == "review":
        return _by_verdict(images)
    if colour == "cluster":
        of = latent_data.clusters(crowd, card, found.z, groups)
        return Groups("cluster", tuple(f"cluster {i + 1}" for i in range(groups)), of)
    if colour.startswith("factor:") and images.factors is not None:
        return _by_factor(colour.removeprefix("factor:"), images.factors)
    return Scale("reconstruction error (MSE)", latent_data.errors(crowd, card, found), "warm")


def draw(drawing: Drawing) -> None:
    """The chart. What is selected in it becomes the one selection of all pages."""
    memory = _remembered(drawing)
    look = replace(drawing.look, extent=memory.extent, revision=memory.revision)

    def make() -> Any:
        picked = _mask(drawing.points.ids, memory.baked)
        return scatter.figure(drawing.points, drawing.colouring, picked, look)

    st.plotly_chart(
        cache.kept(("figure", memory.drawn, memory.baked, look), make),
        key=drawing.key,
        on_select=lambda: _selected(drawing.key),
        selection_mode=("points", "box", "lasso"),
        config=CONFIG,
        alt=drawing.words,
    )
    zoom.listen(drawing.key)


def _remembered(drawing: Drawing) -> Memory:
    """How to draw the chart now: as before if it shows what it should, else anew."""
    key, selected = f"{drawing.key}_memory", state.selected_ids()
    place, drawn = (
        drawing.name,
        (
            drawing.name,
            name_of(drawing.colouring),
            drawing.look.drag,
        ),
    )
    before: Memory | None = st.session_state.get(key)
    own = st.session_state.get(ORIGIN) == (drawing.key, selected)
    if before and before.drawn == drawn and (own or before.shown == selected):
        memory = replace(before, shown=selected)
    else:
        same_place = before is not None and before.place == place
        if not same_place:
            zoom.forget(drawing.key)
        extent = zoom.extent(drawing.key) if same_place else None
        same = before is not None and (before.drawn, before.baked) == (drawn, selected)
        again = before.again + 1 if before and same else 0
        memory = Memory(drawn, place, selected, selected, extent, again)
    st.session_state[key] = memory
    return memory


def _selected(key: str) -> None:
    """Called when the visitor has selected in a chart, before the page runs again."""
    ids = ids_of(st.session_state[key]["selection"]["points"])
    state.select(ids)
    st.session_state[ORIGIN] = (key, state.selected_ids())
    if ids:
        st.session_state[SECTION] = "selected"


def ids_of(chosen: Sequence[dict[str, Any]]) -> list[str]:
    """The ids that points of a plotly selection carry."""
    found = (point.get("customdata") for point in chosen)
    return [str(one[0] if isinstance(one, list) else one) for one in found if one]


def _mask(ids: np.ndarray[Any, Any], selected: tuple[str, ...]) -> Mask | None:
    return np.isin(ids, selected) if selected else None


def _by_verdict(images: ImageSet) -> Colouring:
    said = latent_data.verdicts(images.id)
    names = list(VERDICTS)
    of = [names.index(said.get(image, UNSEEN)) for image in images.ids.tolist()]
    return Groups("review decision", tuple(names), np.array(of), tuple(VERDICTS.values()))


def _by_factor(name: str, factors: Any) -> Colouring:
    column = factors[name]
    if column.dtype.kind in "if" and column.nunique() > FEW:
        return Scale(name, column.to_numpy(np.float64), "wheel" if name in DEGREES else "neutral")
    of, names = column.astype(str).factorize(sort=True)
    return Groups(name, tuple(names), of.astype(np.int64))


def points(population: Population, xy: Places, others: str) -> Points:
    """The images at their places.  others: what the other part is called."""
    return Points(xy, population.images.ids, population.other, others)
