"""The maps at the top of the Latent space page: one model's, or two side by side."""

from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.computing.tasks import Task, task
from core.latent import durations, map_tasks
from core.latent.map_tasks import DENSE
from core.latent.projections import BY_NAME
from core.text import counted
from pages.ui import cache, progress
from pages.ui.components import peek
from pages.ui.components.plane import Event
from pages.ui.figures.scatter import MapStyle
from pages.ui.figures.text import plain
from pages.ui.latent import controls as latent_controls
from pages.ui.latent import data as latent_data
from pages.ui.latent import jobs as latent_jobs
from pages.ui.latent import map as latent_map
from pages.ui.latent import plane as latent_plane
from pages.ui.latent import views as latent_views
from pages.ui.latent.data import OTHER
from pages.ui.latent.map import Drawing
from pages.ui.latent.views import View, axis_titles, projection_sentence

AT_MOST = 600.0  # seconds; a map that takes longer waits for a click


class Drawn(NamedTuple):
    """The event of the plane, and the captions that finish() fills."""

    plane: Event
    captions: list[DeltaGenerator]


def draw_maps(views: tuple[View, ...]) -> Drawn:
    """Draw one or two maps; beside a single one its plane."""
    columns = st.columns([11, 9] if len(views) == 1 else 2, gap="medium")
    captions = []
    for i, (one, column) in enumerate(zip(views, columns, strict=False)):
        with column:
            if len(views) > 1:
                st.markdown(f"**{plain(one.card.title)}** :gray[{plain(one.card.name)}]")
            captions.append(_map(one, f"map_{i}"))
    event = Event(None, None)
    with st.container() if len(views) > 1 else columns[1], progress.part():
        event = latent_plane.draw(views[0])
    return Drawn(event, captions)


def finish(views: tuple[View, ...], captions: list[DeltaGenerator]) -> None:
    """Add what takes longer: trustworthiness of the maps, and images under the pointer."""
    spec, images = views[0].asked.spec, views[0].population.images
    side = peek.side_of(len(images), *images.shape[1:])
    peeking = [_peeking(views[0], side)] if side else []
    cache.all_computed([*map(latent_views.measuring, views), *peeking])
    for one, caption in zip(views, captions, strict=True):
        _say(one, caption, at_once=False)
    if side:
        (found,) = cache.all_computed(peeking)
        make = lambda: peek.pack(images, found["sheet"].tobytes(), side, int(found["across"]))  # noqa: E731
        packed = latent_data.kept("peek", spec, None, make)
        peek.listen(packed, [f"map_{i}" for i in range(len(views))])


def _peeking(one: View, side: tuple[int, int]) -> Task:
    sample = latent_data.sample(one.asked.spec)
    return task(map_tasks.peek, sample, side, peek.QUALITY, title="Drawing the images")


def _map(one: View, key: str) -> DeltaGenerator:
    """Draw a map; return the placeholder of its caption."""
    asked, spec = one.asked, one.asked.spec
    if one.method != asked.method:
        _compute(one)
    points = latent_map.points(one.population, one.xy, f"{OTHER.get(spec.split, 'other')} image")
    name = (latent_data.sampled(spec), one.card.sha256, one.method, _seed(one))
    look = MapStyle(axis_titles(one.card, one.axes, one.method), asked.drag)
    words = (
        f"Map of {counted(len(one.xy), 'image')} as {one.card.name} encodes them, coloured by "
        f"{one.colouring.title}"
    )
    drawing = Drawing(
        key=key,
        name=name,
        images=one.population.images,
        points=points,
        colouring=one.colouring,
        look=look,
        words=words,
    )
    (latent_map.draw_dense if is_crowded(one) else latent_map.draw)(drawing)
    caption = st.empty()
    _say(one, caption, at_once=True)
    return caption


def _say(one: View, caption: DeltaGenerator, at_once: bool) -> None:
    said = latent_controls.sentence(one.population, one.asked.spec, one.card)
    caption.caption(f"{projection_sentence(one, at_once)} {said}")


def is_crowded(one: View) -> bool:
    """Whether the map has so many points that it is drawn as density."""
    return len(one.xy) > DENSE


def _compute(one: View) -> None:
    """Start to compute the chosen map; one that takes longer than AT_MOST waits for a click."""
    asked, z = one.asked, one.codes.z
    title, seconds = BY_NAME[asked.method].title, durations.expected(asked.method, *z.shape).total
    st.caption(f"{title} of these codes is not computed yet. Until it is, their PCA is shown.")
    (progress.begin_job if seconds <= AT_MOST else progress.offer_job)(
        latent_jobs.job_key(asked.spec, one.card, asked.method),
        f"Draw {title} (about {progress.duration(seconds)})",
        "Computed in the background and stored, so that it opens without a wait the next time",
        lambda: latent_jobs.start_projection(asked.spec, one.card, asked.method, z),
    )


def _seed(one: View) -> int:
    """The seed of the layout."""
    return 0 if one.method == "pca" or one.card.latent_dim <= 2 else one.asked.spec.seed
