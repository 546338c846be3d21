"""The maps at the top of the Latent space page: one model's, or two side by side."""

from dataclasses import dataclass

import streamlit as st

from core.checkpoints import Card
from core.data.imagesets import ImageSet
from core.latent import Array, Axes
from core.mapping.projections import BY_NAME
from pages.ui import cache, peek, plane, state, working
from pages.ui.colouring import Colouring, Positions, name_of, rgb
from pages.ui.density import DENSE
from pages.ui.latent import controls as latent_controls
from pages.ui.latent import crowded as latent_crowded
from pages.ui.latent import data as latent_data
from pages.ui.latent import jobs as latent_jobs
from pages.ui.latent import map as latent_map
from pages.ui.latent.controls import Asked
from pages.ui.latent.data import OTHER, Codes, Population
from pages.ui.latent.map import Drawing
from pages.ui.scatter import Look
from pages.ui.sweep import Packed
from pages.ui.text import plain


@dataclass(frozen=True)
class View:
    """One model and the images: all that the parts of the page draw from.

    method: how the codes are drawn now, which is PCA until what was asked for is there.
    """

    asked: Asked
    card: Card
    population: Population
    codes: Codes
    axes: Axes
    method: str
    xy: Array
    colouring: Colouring


def view(asked: Asked, card: Card) -> View:
    """What the page knows of one model."""
    crowd = asked.crowd
    population = latent_data.population(crowd)
    codes = latent_controls.encoded(crowd, card)
    axes = latent_data.axes(crowd, card, codes.z)
    xy = latent_jobs.places(crowd, card, asked.method, codes.z)
    method = asked.method if xy is not None else "pca"
    drawn = xy if xy is not None else latent_jobs.places(crowd, card, "pca", codes.z)
    assert drawn is not None
    colouring = latent_map.colouring(asked.colour, crowd, card, population, codes, asked.groups)
    return View(asked, card, population, codes, axes, method, drawn, colouring)


def draw_maps(views: tuple[View, ...]) -> str | None:
    """The maps, and beside a single one its plane; the id of an image clicked in the plane."""
    columns = st.columns([11, 9] if len(views) == 1 else 2, gap="medium")
    for i, (one, column) in enumerate(zip(views, columns, strict=False)):
        with column:
            if len(views) > 1:
                st.markdown(f"**{plain(one.card.title)}** :gray[{plain(one.card.name)}]")
            _map(one, f"map_{i}")
    if len(views) > 1:
        return draw_plane(views[0])
    with columns[1]:
        return draw_plane(views[0])


def peek_at_points(views: tuple[View, ...]) -> None:
    """Show the image of the point under the pointer. Last on the page: it is what can wait."""
    crowd, images = views[0].asked.crowd, views[0].population.images
    packed = latent_data.kept("peek", crowd, None, lambda: peek.pack(images))
    if packed is not None:
        peek.listen(packed, [f"map_{i}" for i in range(len(views))])


def _map(one: View, key: str) -> None:
    asked, crowd = one.asked, one.asked.crowd
    if one.method != asked.method:
        _offer(one)
    points = latent_map.points(one.population, one.xy, f"{OTHER.get(crowd.split, 'other')} image")
    name = (crowd, one.card.sha256, one.method)
    look = Look(axis_titles(one.card, one.axes, one.method), asked.drag)
    words = (
        f"Map of {len(one.xy):,} images as {one.card.name} encodes them, coloured by "
        f"{one.colouring.title}"
    )
    drawing = Drawing(key, name, one.population.images, points, one.colouring, look, words)
    (latent_crowded if is_crowded(one) else latent_map).draw(drawing)
    st.caption(f"{kept(one)} {latent_controls.sentence(one.population, crowd, one.card)}")


def is_crowded(one: View) -> bool:
    """Whether the map has more points than a browser draws one by one."""
    return len(one.xy) > DENSE


def _offer(one: View) -> None:
    asked, z = one.asked, one.codes.z
    method = BY_NAME[asked.method]
    about = working.duration(method.seconds_for(len(z)))
    st.caption(f"{method.title} of these codes is not there yet; this is their PCA.")
    working.offer(
        latent_jobs.job_key(asked.crowd, one.card, asked.method),
        f"Draw {method.title} (about {about})",
        "It is computed in the background, kept, and then there at once",
        lambda: latent_jobs.start_projection(asked.crowd, one.card, asked.method, z),
    )


def kept(one: View) -> str:
    """Which projection it is, and how much of the codes it keeps, in words."""
    if one.card.latent_dim <= 2:
        return "The code is drawn as it is."
    title = BY_NAME[one.method].title
    trust = latent_data.trust(one.asked.crowd, one.card, one.method, one.codes.z, one.xy)
    said = "" if trust is None else f", trustworthiness {trust:.2f} (1 = all neighbours are true)"
    share = f" keeps {one.axes.shares.sum():.0%} of the variance" if one.method == "pca" else ""
    return f"{title}{share}{said}."


def axis_titles(card: Card, axes: Axes, method: str) -> tuple[str, str]:
    """What the two axes of a map are."""
    if card.latent_dim == 1:
        return "z₀", "nothing"
    if card.latent_dim == 2:
        return "z₀, first number of the code", "z₁, second number of the code"
    if method == "pca":
        first, second = (f"{share:.0%} of the variance" for share in axes.shares)
        return f"first principal direction, {first}", f"second principal direction, {second}"
    title = BY_NAME[method].title
    return f"{title}, no unit", f"{title}, no unit"


def draw_plane(one: View) -> str | None:
    """The plane to walk on; the id of an image that was clicked in it."""
    asked, card = one.asked, one.card
    packed = cache.kept(
        ("plane", asked.crowd, card.sha256, name_of(one.colouring)),
        lambda: _packed_plane(one),
    )
    st.markdown("**Decode anywhere**")
    st.caption(_about_plane(one))
    return plane.show(packed, "plane", selected_positions(_few(one)).tolist())


def selected_positions(images: ImageSet) -> Positions:
    """Where the selected images stand, in the order of the set; those of other sets left out."""
    return images.known_positions(state.selected_ids())


def _few(one: View) -> ImageSet:
    """The images that the plane knows."""
    crowd, images = one.asked.crowd, one.population.images
    some = latent_data.few(crowd)
    if len(some) == len(images):
        return images
    return latent_data.kept("few images", crowd, None, lambda: images.take(some))


def _about_plane(one: View) -> str:
    if one.card.latent_dim <= 2:
        what = "Move over the plane of the code, or use the arrow keys."
    else:
        share = f"{one.axes.shares.sum():.0%}"
        what = (
            f"Move over the plane of the two strongest principal directions through the mean "
            f"({share} of the variance; all other directions stand at the mean)."
        )
    n = len(latent_data.few(one.asked.crowd))
    if n < len(one.xy):
        what += f" It knows {n:,} of the images, a sample."
    return f"{what} Shaded: far from all images. The axes are stretched where images crowd."


def _packed_plane(one: View) -> Packed:
    size = plane.nodes(one.card.input_shape)
    lattice = latent_data.lattice(one.asked.crowd, one.card, one.codes.z, size)
    titles = axis_titles(one.card, one.axes, "pca")
    legend = plane.Legend(titles, "The plane of the code.", one.card.name)
    return plane.pack(
        lattice, _few(one), rgb(one.colouring)[latent_data.few(one.asked.crowd)], legend
    )
