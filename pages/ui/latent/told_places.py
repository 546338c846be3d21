"""What a report tells of where one went in code space: the walk, and the place on the plane."""

from itertools import count

import numpy as np

from core.reports import Figure, Row, Table
from core.reports.svg import Chart, Series
from pages.ui import cache
from pages.ui.components.plane import Place
from pages.ui.figures import mosaic, theme
from pages.ui.figures.text import decimal
from pages.ui.frame import downloads
from pages.ui.latent import plane as latent_plane
from pages.ui.latent import views as latent_views
from pages.ui.latent import walking
from pages.ui.latent.views import View
from pages.ui.latent.walking import Shown, Strip, Walk


def place_settings(walked: Shown | None, pinned: Place | None) -> dict[str, str]:
    """Which walk and where on it, and which place."""
    found = {}
    if walked:
        walk = walked.walk
        found["walk"] = f"{walk.title}, {len(walk.values)} steps"
        found[walk.label.lower()] = f"{walk.values[walked.at]:.2f}"
    if pinned:
        found["place pinned on the plane"] = f"{pinned.x:.3g}, {pinned.y:.3g}"
    return found


def place_rows(one: View, walked: Shown | None, pinned: Place | None) -> tuple[Row, ...]:
    """The pinned place decoded, and the walk as strips of pictures."""
    return (
        *((_of_place(one, pinned),) if pinned else ()),
        *(_of_walk(walked) if walked else ()),
    )


def place_figures(walked: Shown | None) -> tuple[Figure, ...]:
    """The errors along the walk as lines."""
    if walked is None:
        return ()
    walk = walked.walk
    lines = tuple(
        Series(error.label, walk.values, error.values, style.colour, dash=style.dash)
        for error, style in zip(walk.errors, map(theme.style, count()), strict=False)
    )
    chart = Chart(walk.label, "MSE", lines, f"Errors along the walk. {walk.title}")
    note = " ".join(dict.fromkeys(f"{error.help}." for error in walk.errors if error.help))
    return (Figure("Errors along the walk", chart, note),)


def place_tables(walked: Shown | None) -> tuple[Table, ...]:
    """The same as numbers, at the steps that the strips show."""
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


def _of_walk(walked: Shown) -> tuple[Row, ...]:
    """Each way of the walk as a strip, and all pictures where the slider stands."""
    walk, at = walked.walk, walked.at
    ids, below = zip(*walk.cells, strict=True)
    here = downloads.tiles(mosaic.colours(walk.x[at]), ids, below)
    title = f"Where the slider stands: {walk.label.lower()} {walk.values[at]:.2f}"
    strips = (_strip(walk, strip) for strip in walk.strips)
    return (*strips, Row(title, here, "reconstructed"))


def _of_place(one: View, place: Place) -> Row:
    """What is decoded at a place of the plane, and the nearest image.  place: one of its nodes."""
    lattice, images = latent_plane.lattice(one), latent_plane.known_images(one)
    ticks = ((lattice.ys, place.y), (lattice.xs, place.x))
    row, column = (int(np.abs(on - at).argmin()) for on, at in ticks)
    i = int(lattice.nearest[row, column])
    code = one.axes.codes([[lattice.xs[column], lattice.ys[row]]])
    decoded = cache.autoencoder(one.card).decode(code)[0]
    pictures = np.stack([decoded, images.pixels([i])[0]])
    image_id, label = str(images.ids[i]), images.label_name(i)
    x_title, y_title = latent_views.axis_titles(one.card, one.axes, "pca")
    said = f"On the plane of {x_title} and {y_title}; the nearest code is "
    said += f"{lattice.distance[row, column]:.3g} away."
    if lattice.far[row, column]:
        said += " No image is near this place: the model invents."
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
