"""The data of one model on the Latent space page, from which its parts are drawn."""

from dataclasses import dataclass, replace

import numpy as np

from core.checkpoints import Card
from core.computing.tasks import Task
from core.images.imagesets import ImageSet
from core.latent.geometry import Array
from core.latent.projections import BY_NAME
from core.principal import Axes
from pages.ui import cache
from pages.ui.figures.colouring import Colouring, Groups, Positions
from pages.ui.latent import colours as latent_colours
from pages.ui.latent import data as latent_data
from pages.ui.latent import encoding
from pages.ui.latent import jobs as latent_jobs
from pages.ui.latent.controls import MapOptions
from pages.ui.latent.data import Codes, Population
from pages.ui.session import selection


@dataclass(frozen=True)
class View:
    """One model with images, codes, axes and colours.

    known, known_codes: images and codes of the sample with seed 0, from which axes and plane are
    computed.  method: the projection that is drawn: PCA until the chosen one is computed.
    """

    asked: MapOptions
    card: Card
    population: Population
    codes: Codes
    known: Population
    known_codes: Codes
    axes: Axes
    method: str
    xy: Array
    colouring: Colouring


def view(asked: MapOptions, card: Card) -> View:
    """The view of one model."""
    spec, first = asked.spec, latent_data.first(asked.spec)
    population, known = latent_data.population(spec), latent_data.population(first)
    codes = encoding.encoded(spec, card)
    known_codes = encoding.encoded(first, card)
    axes, xy = latent_data.axes(spec, card), latent_jobs.places(spec, card, asked.method)
    method = asked.method if xy is not None else "pca"
    drawn = xy if xy is not None else latent_data.places(spec, card)
    colouring = latent_colours.colouring(asked.colour, spec, card, population, codes, asked.groups)
    if isinstance(colouring, Groups):
        colouring = replace(colouring, highlighted=asked.highlighted)
    return View(
        asked=asked,
        card=card,
        population=population,
        codes=codes,
        known=known,
        known_codes=known_codes,
        axes=axes,
        method=method,
        xy=drawn,
        colouring=colouring,
    )


def projection_sentence(one: View, at_once: bool = False) -> str:
    """One sentence: the projection, its share of the variance, and its trustworthiness.

    at_once: do not wait for the trustworthiness if it is not computed yet.
    """
    if one.card.latent_dim <= 2:
        return "The code is drawn as it is."
    share = f" keeps {one.axes.shares.sum():.0%} of the variance" if one.method == "pca" else ""
    said = "" if (trust := _trust(one, at_once)) is None else f", trustworthiness {trust}"
    return f"{BY_NAME[one.method].title}{share}{said}."


def measuring(one: View) -> Task:
    """The task that measures the trustworthiness of the map."""
    return latent_jobs.trusting(one.asked.spec, one.card, one.method)


def _trust(one: View, at_once: bool) -> str | None:
    """The trustworthiness in words; of the PCA that of the sample with seed 0."""
    asked = measuring(one)
    if at_once and cache.find(asked) is None:
        return "is being measured"
    found = float(cache.computed(asked)["trust"])
    return (
        None
        if np.isnan(found)
        else f"{found:.2f} (1 = neighbours on the map are neighbours in code space)"
    )


def axis_titles(card: Card, axes: Axes, method: str) -> tuple[str, str]:
    """The titles of both axes of a map."""
    if card.latent_dim == 1:
        return "z₀", "nothing"
    if card.latent_dim == 2:
        return "z₀, first number of the code", "z₁, second number of the code"
    if method == "pca":
        first, second = (f"{share:.0%} of the variance" for share in axes.shares)
        return f"first principal direction, {first}", f"second principal direction, {second}"
    title = BY_NAME[method].title
    return f"{title}, no unit", f"{title}, no unit"


def selected_positions(images: ImageSet) -> Positions:
    """Positions of the selected images among these images, ascending."""
    return images.known_positions(selection.ids())
