"""The plane beside the map: the decoded image of each place, and the images that lie there."""

from collections.abc import Sequence
from math import isfinite

import streamlit as st

from core.computing.tasks import Arrays
from core.images.imagesets import ImageSet
from core.latent.walks import Lattice
from pages.ui import cache
from pages.ui.components import plane
from pages.ui.components.component import Packed
from pages.ui.components.plane import Event, Place, Sheet
from pages.ui.figures.colouring import marks, name_of, rgb
from pages.ui.latent import data as latent_data
from pages.ui.latent.data import SampleSpec
from pages.ui.latent.views import View, axis_titles, selected_positions
from pages.ui.session import state


def draw(one: View) -> Event:
    """Draw the plane; return what the visitor did in it."""
    first, sha256 = latent_data.first(one.asked.spec), one.card.sha256
    packed = cache.kept(("plane", first, sha256), lambda: _packed(one))
    spec = latent_data.sampled(one.asked.spec)
    name = ("dots", spec, sha256, name_of(one.colouring))
    dots = cache.kept(name, lambda: _dots(one))
    st.markdown("**Decode anywhere**")
    st.caption(_about(one))
    drawn = _few(one, one.asked.spec, one.population.images)
    return show_pin(packed, dots, selected_positions(drawn).tolist())


def lattice(one: View) -> Lattice:
    """The nodes of the plane; positions of images refer to known_images()."""
    found = _computed(one)
    places = {name: found[name] for name in ("xs", "ys", "nearest", "distance", "gap")}
    return Lattice(**places, reach=float(found["reach"]))


def _computed(one: View) -> Arrays:
    return latent_data.plane(one.asked.spec, one.card, plane.nodes(one.card.input_shape))


def known_images(one: View) -> ImageSet:
    """The images from which the plane was computed."""
    return _few(one, latent_data.first(one.asked.spec), one.known.images)


def _few(one: View, spec: SampleSpec, images: ImageSet) -> ImageSet:
    """The images of a spec that the plane considers."""
    some = latent_data.few(spec, one.card)
    if len(some) == len(images):
        return images
    return latent_data.kept("few images", spec, one.card, lambda: images.take(some))


def _about(one: View) -> str:
    if one.card.latent_dim <= 2:
        what = "Move over the plane of the code, or use the arrow keys."
    else:
        share = f"{one.axes.shares.sum():.0%}"
        what = (
            f"Move over the plane of the first two principal directions through the mean code "
            f"({share} of the variance; the other directions are held at their mean)."
        )
    n = len(latent_data.few(latent_data.first(one.asked.spec), one.card))
    if n < len(one.known.images):
        what += f" It is based on a sample of {n:,} images."
    elif one.known is not one.population:
        what += f" It is based on {n:,} images, the sample with seed 0; the map has the same axes."
    return (
        f"{what} A click pins the place: the link and the report include it. Shaded: far from all "
        "images. The axes are stretched where there are many images."
    )


def _packed(one: View) -> Packed:
    titles = axis_titles(one.card, one.axes, "pca")
    legend = plane.Legend(titles, "The plane of the code.", one.card.name)
    found = _computed(one)
    height, width = found["side"].tolist()
    return plane.pack(
        lattice(one), Sheet(found["sheet"], (height, width)), known_images(one), legend
    )


def _dots(one: View) -> Packed:
    some = latent_data.few(one.asked.spec, one.card)
    shares = lattice(one).shares(one.axes.coordinates(one.codes.z[some]))
    return plane.dots(shares, rgb(one.colouring)[some], marks(one.colouring)[some])


# The place that is pinned on the plane; it is part of the link.

KEY, ON = "plane_at", "plane_pinned_on"
COMPONENT = "plane"


def show_pin(packed: Packed, points: Packed, selected: Sequence[int]) -> Event:
    """Draw the plane with its pinned place; a place pinned on another plane is ignored.

    points, selected: as plane.show() takes them.
    """
    of, said = packed.header["id"], state.linked(KEY)
    is_other = st.session_state.get(ON) != of
    is_new = COMPONENT not in st.session_state
    if said is not None:
        st.session_state[KEY] = said[-1]
    elif is_other:
        st.session_state[KEY] = ""
    st.session_state[ON] = of
    start = state.on_appearance(COMPONENT, read_pin(st.session_state[KEY], packed))
    event = plane.show(packed, COMPONENT, points, selected, start)
    if is_other and not is_new:  # it refers to the plane before
        event = event._replace(pinned=None)
    st.session_state[KEY] = written_pin(event.pinned)
    state.publish(KEY, "")
    return event


def read_pin(text: str, packed: Packed) -> Place | None:
    """The node of the plane nearest to "x,y"; None for any other text."""
    try:
        x, y = map(float, text.split(","))
    except ValueError:
        return None
    if not (isfinite(x) and isfinite(y)):
        return None
    return Place(_nearest(packed.header["xs"], x), _nearest(packed.header["ys"], y))


def written_pin(place: Place | None) -> str:
    """A place as text for the link; read_pin() reads it."""
    return f"{place.x},{place.y}" if place else ""


def _nearest(values: Sequence[float], wanted: float) -> float:
    return min(values, key=lambda value: abs(value - wanted))
