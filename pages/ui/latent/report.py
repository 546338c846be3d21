"""The report of the Latent space page: maps, selected images, walk, pinned place, and tables."""

from dataclasses import dataclass
from itertools import count

import numpy as np

from core.reports import Content, Figure, Row, Table
from core.reports.charts import Axis, Chart, Series
from core.text import counted
from pages.ui import cache
from pages.ui.components.plane import Place
from pages.ui.figures import mosaic, theme
from pages.ui.figures.colouring import Groups, Positions, ends, rgb
from pages.ui.figures.text import decimal
from pages.ui.figures.theme import Style
from pages.ui.frame import downloads, tables
from pages.ui.latent import controls as latent_controls
from pages.ui.latent import jobs as latent_jobs
from pages.ui.latent import numbers as latent_numbers
from pages.ui.latent import plane as latent_plane
from pages.ui.latent import views as latent_views
from pages.ui.latent import walking
from pages.ui.latent.views import View
from pages.ui.latent.walking import ShownWalk, Strip, Walk

SHADES = 12  # groups into which a continuous colour scale is divided


@dataclass(frozen=True)
class Contents:
    """Contents of the report.

    views: the maps, one for each model.  selected: positions of the selected images.  walked: the
    walk on the page, or None.  pinned: the place pinned on the first model's plane, or None.
    """

    views: tuple[View, ...]
    selected: Positions
    walked: ShownWalk | None = None
    pinned: Place | None = None


def content(contents: Contents) -> Content:
    """The content of the report."""
    views, walked, pinned = contents.views, contents.walked, contents.pinned
    asked, images = views[0].asked, views[0].population.images
    said = latent_controls.sentence(views[0].population, asked.spec, views[0].card)
    settings = {
        **downloads.of_data(asked.spec.dataset, asked.spec.split, len(images)),
        "seed of the sample and of the map": str(asked.spec.seed),
        "map": asked.method,
        "coloured by": views[0].colouring.title,
        **place_settings(walked, pinned),
    }
    maps = tuple(
        Figure(f"Map of {v.card.name}", _chart(v), latent_views.projection_sentence(v))
        for v in views
    )
    return Content(
        name="Latent space",
        sayings=(f"{counted(len(images), 'image')} as codes of {views[0].card.title}.", said),
        settings=settings,
        cards=tuple(one.card for one in views),
        rows=(*_selected(views[0], contents.selected), *place_rows(views[0], walked, pinned)),
        figures=(*maps, *place_figures(walked)),
        tables=(*place_tables(walked), *_numbers(views), *_means(views)),
    )


def _chart(one: View) -> Chart:
    x_title, y_title = latent_views.axis_titles(one.card, one.axes, one.method)
    series = tuple(
        Series(
            name=name,
            x=one.xy[which, 0],
            y=one.xy[which, 1],
            colour=style.colour,
            kind="dots",
            shape=style.shape,
        )
        for name, style, which in _groups(one)
    )
    label = f"Map of {counted(len(one.xy), 'image')}, coloured by {one.colouring.title}"
    return Chart(Axis(x_title), Axis(y_title), series, label)


def _groups(one: View) -> list[tuple[str, Style, Positions]]:
    """Name, style and members of each group, or of each of SHADES bins of a continuous scale."""
    colouring = one.colouring
    if isinstance(colouring, Groups):
        return [
            (part.name or part.label, part.style, np.flatnonzero(part.members))
            for part in colouring.parts
        ]
    low, high = ends(colouring)
    values = np.nan_to_num(colouring.values)
    shade = np.clip((values - low) / (high - low) * SHADES, 0, SHADES - 1).astype(np.int64)
    pixels = rgb(colouring)
    borders = np.linspace(low, high, SHADES + 1)
    found_shades = []
    for i in np.unique(shade).tolist():
        which = np.flatnonzero(shade == i)
        middle = which[np.argsort(values[which])[len(which) // 2]]
        colour = f"#{bytes(pixels[middle].tolist()).hex()}"
        name = f"{borders[i]:.3g} to {borders[i + 1]:.3g}"
        found_shades.append((name, Style(colour), which))
    return found_shades


def _selected(one: View, selected: Positions) -> tuple[Row, ...]:
    if not len(selected):
        return ()
    shown = selected[: downloads.MOST_TILES]
    images = one.population.images.take(shown)
    x_hat = cache.autoencoder(one.card).decode(one.codes.z[shown])
    ids, names = images.ids.tolist(), [images.label_name(i) for i in range(len(images))]
    errors = [decimal(float(value), 4) for value in one.codes.errors(shown)]
    n = f"{len(shown):,} of {len(selected):,} selected images, with the class and the MSE below."
    return (
        Row("Selected", downloads.tiles(mosaic.colours(images.pixels()), ids, names), detail=n),
        Row("Rebuilt", downloads.tiles(mosaic.colours(x_hat), ids, errors), "reconstructed"),
    )


def _numbers(views: tuple[View, ...]) -> tuple[Table, ...]:
    """The embedding metrics of the models for which they have been computed."""
    measured = ((one, latent_jobs.numbers(one.asked.spec, one.card)) for one in views)
    return tuple(
        tables.table(
            f"Structure of {one.card.name}",
            latent_numbers.table(structures, one.card.name),
            latent_numbers.COLUMNS,
        )
        for one, structures in measured
        if structures is not None
    )


def _means(views: tuple[View, ...]) -> tuple[Table, ...]:
    rows = tuple((one.card.name, decimal(float(one.codes.errors().mean()), 5)) for one in views)
    return (Table("Reconstruction", ("checkpoint", "mean MSE of these images"), rows),)


# The walk and the pinned place in the report.


def place_settings(walked: ShownWalk | None, pinned: Place | None) -> dict[str, str]:
    """Walk, position of its slider, and pinned place, as settings of the report."""
    found = {}
    if walked:
        walk = walked.walk
        found["walk"] = f"{walk.title}, {len(walk.values)} steps"
        found[walk.label.lower()] = f"{walk.values[walked.at]:.2f}"
    if pinned:
        found["place pinned on the plane"] = f"{pinned.x:.3g}, {pinned.y:.3g}"
    return found


def place_rows(one: View, walked: ShownWalk | None, pinned: Place | None) -> tuple[Row, ...]:
    """The pinned place decoded, and the walk as strips of pictures."""
    return (
        *((_of_place(one, pinned),) if pinned else ()),
        *(_of_walk(walked) if walked else ()),
    )


def place_figures(walked: ShownWalk | None) -> tuple[Figure, ...]:
    """The errors along the walk as lines."""
    if walked is None:
        return ()
    walk = walked.walk
    lines = tuple(
        Series(error.label, walk.values, error.values, style.colour, dash=style.dash)
        for error, style in zip(walk.errors, map(theme.style, count()), strict=False)
    )
    chart = Chart(Axis(walk.label), Axis("MSE"), lines, f"Errors along the walk. {walk.title}")
    note = " ".join(dict.fromkeys(f"{error.help}." for error in walk.errors if error.help))
    return (Figure("Errors along the walk", chart, note),)


def place_tables(walked: ShownWalk | None) -> tuple[Table, ...]:
    """The errors along the walk as a table, at the steps that the strips show."""
    if walked is None:
        return ()
    walk = walked.walk
    numbers = tuple(
        (
            f"{walk.values[step]:.2f}",
            *(decimal(float(error.values[step]), 5) for error in walk.errors),
        )
        for step in walking.steps(walk)
    )
    columns = (walk.label, *(error.label for error in walk.errors))
    return (Table("Errors step by step", columns, numbers),)


def _of_walk(walked: ShownWalk) -> tuple[Row, ...]:
    """Each interpolation as a strip, and all pictures at the position of the slider."""
    walk, at = walked.walk, walked.at
    ids, below = zip(*walk.cells, strict=True)
    here = downloads.tiles(mosaic.colours(walk.x[at]), ids, below)
    title = f"At the position of the slider: {walk.label.lower()} {walk.values[at]:.2f}"
    strips = (_strip(walk, strip) for strip in walk.strips)
    return (*strips, Row(title, here, "reconstructed"))


def _of_place(one: View, place: Place) -> Row:
    """The image decoded at a node of the plane, and the nearest image of the data."""
    lattice, images = latent_plane.lattice(one), latent_plane.known_images(one)
    ticks = ((lattice.ys, place.y), (lattice.xs, place.x))
    row, column = (int(np.abs(on - at).argmin()) for on, at in ticks)
    i = int(lattice.nearest[row, column])
    code = one.axes.codes([[lattice.xs[column], lattice.ys[row]]])
    decoded = cache.autoencoder(one.card).decode(code)[0]
    pictures = np.stack([decoded, images.pixels([i])[0]])
    image_id, label = str(images.ids[i]), images.label_name(i)
    x_title, y_title = latent_views.axis_titles(one.card, one.axes, "pca")
    said = f"On the plane of {x_title} and {y_title}. Distance to the nearest code: "
    said += f"{lattice.distance[row, column]:.3g}."
    if lattice.far[row, column]:
        said += (
            " No image of the data is near this place, so the decoded image resembles none of them."
        )
    tiles = downloads.tiles(
        mosaic.colours(pictures),
        ("decoded", image_id),
        ("decoded", f"nearest: {label} {image_id}".replace("  ", " ")),
    )
    return Row(f"Decoded at {place.x:.3g}, {place.y:.3g}", tiles, "reconstructed", said)


def _strip(walk: Walk, strip: Strip) -> Row:
    steps = walking.steps(walk)
    before, *after = filter(None, (strip.before, strip.after))
    pictures = [before.x, *walk.x[steps, strip.of], *(one.x for one in after)]
    values = [f"{walk.values[step]:.2f}" for step in steps]
    ends = [f"original {one.id}" for one in after]
    tiles = downloads.tiles(
        mosaic.colours(np.stack(pictures)),
        (before.id, *(f"{walk.label} {value}" for value in values), *(one.id for one in after)),
        (f"original {before.id}", *values, *ends),
    )
    return Row(f"{walk.title}: {strip.title}", tiles, "reconstructed", f"Below each: {walk.label}.")
