"""The maps at the top of the Latent space page, one model's or two side by side, and the plane."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.imagesets import ImageSet
from core.mapping.projections import BY_NAME
from core.mapping.walks import Lattice
from pages.ui import cache, peek, plane, working
from pages.ui.colouring import name_of, rgb
from pages.ui.density import DENSE
from pages.ui.latent import controls as latent_controls
from pages.ui.latent import crowded as latent_crowded
from pages.ui.latent import data as latent_data
from pages.ui.latent import jobs as latent_jobs
from pages.ui.latent import map as latent_map
from pages.ui.latent.data import OTHER
from pages.ui.latent.map import Drawing
from pages.ui.latent.views import View, axis_titles, kept, selected_positions
from pages.ui.scatter import Look
from pages.ui.sweep import Packed
from pages.ui.text import plain


def draw_maps(views: tuple[View, ...]) -> tuple[str | None, list[DeltaGenerator]]:
    """The maps, and beside a single one its plane; the id of an image clicked in the plane, and
    what finish() needs.
    """
    columns = st.columns([11, 9] if len(views) == 1 else 2, gap="medium")
    captions = []
    for i, (one, column) in enumerate(zip(views, columns, strict=False)):
        with column:
            if len(views) > 1:
                st.markdown(f"**{plain(one.card.title)}** :gray[{plain(one.card.name)}]")
            captions.append(_map(one, f"map_{i}"))
    with st.container() if len(views) > 1 else columns[1]:
        return _draw_plane(views[0]), captions


def finish(views: tuple[View, ...], captions: list[DeltaGenerator]) -> None:
    """What can wait: how true the maps are, and the image of the point under the pointer."""
    for one, caption in zip(views, captions, strict=True):
        _say(one, caption, at_once=False)
    crowd, images = views[0].asked.crowd, views[0].population.images
    packed = latent_data.kept("peek", crowd, None, lambda: peek.pack(images))
    if packed is not None:
        peek.listen(packed, [f"map_{i}" for i in range(len(views))])


def _map(one: View, key: str) -> DeltaGenerator:
    """The map; the place of the words below it."""
    asked, crowd = one.asked, one.asked.crowd
    if one.method != asked.method:
        _offer(one)
    points = latent_map.points(one.population, one.xy, f"{OTHER.get(crowd.split, 'other')} image")
    name = (latent_data.sampled(crowd), one.card.sha256, one.method, _seed(one))
    look = Look(axis_titles(one.card, one.axes, one.method), asked.drag)
    words = (
        f"Map of {len(one.xy):,} images as {one.card.name} encodes them, coloured by "
        f"{one.colouring.title}"
    )
    drawing = Drawing(key, name, one.population.images, points, one.colouring, look, words)
    (latent_crowded if is_crowded(one) else latent_map).draw(drawing)
    caption = st.empty()
    _say(one, caption, at_once=True)
    return caption


def _say(one: View, caption: DeltaGenerator, at_once: bool) -> None:
    said = latent_controls.sentence(one.population, one.asked.crowd, one.card)
    caption.caption(f"{kept(one, at_once)} {said}")


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


def _draw_plane(one: View) -> str | None:
    """The plane to walk on; the id of an image that was clicked in it."""
    first, sha256 = latent_data.first(one.asked.crowd), one.card.sha256
    packed = cache.kept(("plane", first, sha256), lambda: _packed_plane(one))
    crowd = latent_data.sampled(one.asked.crowd)
    name = ("dots", crowd, sha256, name_of(one.colouring))
    dots = cache.kept(name, lambda: _dots(one))
    st.markdown("**Decode anywhere**")
    st.caption(_about_plane(one))
    return plane.show(packed, "plane", dots, selected_positions(_few(one)).tolist())


def _seed(one: View) -> int:
    """What the layout depends on besides the images."""
    return 0 if one.method == "pca" or one.card.latent_dim <= 2 else one.asked.crowd.seed


def _few(one: View, of_first: bool = False) -> ImageSet:
    """The images that are points of the plane; of_first: those that it was made of."""
    crowd = latent_data.first(one.asked.crowd) if of_first else one.asked.crowd
    images = (one.known if of_first else one.population).images
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
    n = len(latent_data.few(latent_data.first(one.asked.crowd)))
    if n < len(one.known.images):
        what += f" It knows {n:,} of the images, a sample."
    elif one.known is not one.population:
        what += f" It knows {n:,} images, the sample of seed 0, to whose axes the map keeps."
    return f"{what} Shaded: far from all images. The axes are stretched where images crowd."


def _lattice(one: View) -> Lattice:
    size = plane.nodes(one.card.input_shape)
    first = latent_data.first(one.asked.crowd)
    return latent_data.lattice(first, one.card, one.known_codes.z, size)


def _packed_plane(one: View) -> Packed:
    titles = axis_titles(one.card, one.axes, "pca")
    legend = plane.Legend(titles, "The plane of the code.", one.card.name)
    return plane.pack(_lattice(one), _few(one, of_first=True), legend)


def _dots(one: View) -> Packed:
    some = latent_data.few(one.asked.crowd)
    shares = _lattice(one).shares(one.axes.coordinates(one.codes.z[some]))
    return plane.dots(shares, rgb(one.colouring)[some])
