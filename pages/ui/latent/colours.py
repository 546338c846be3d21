"""The quantities by which points of a map can be coloured, and the colour of each point."""

from typing import Any

import numpy as np

from core.checkpoints import Card
from core.images.imagesets import ImageSet
from pages.ui.figures import theme
from pages.ui.figures.colouring import Colouring, Groups, Scale
from pages.ui.figures.theme import Style
from pages.ui.latent import data as latent_data
from pages.ui.latent.data import Codes, Population, SampleSpec

FEW = 20  # a factor with at most so many values gets a legend
BY_ERROR = ("error", "percentile")  # options that need the reconstruction of every image
DEGREES = ("hue", "rotation")  # cyclic factors
UNSEEN = "not reviewed"
VERDICTS = {
    "outlier": Style(theme.LIGHT["outlier"]),
    "normal": theme.style(0),
    "unsure": theme.style(1),
    "disputed": theme.style(4),
    UNSEEN: Style(theme.LIGHT["original"]),
}


def options(population: Population, groups: int) -> dict[str, str]:
    """The quantities by which a map of these images can be coloured: name -> title.

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


def known_groups(colour: str, images: ImageSet) -> Groups | None:
    """The groups of images that do not depend on the model, as classes; None if there are none.

    colour: a name from options().
    """
    if colour == "class" and images.labels is not None:
        return Groups("class", images.class_names, images.labels)
    if colour.startswith("factor:") and images.factors is not None:
        found = _by_factor(colour.removeprefix("factor:"), images.factors)
        return found if isinstance(found, Groups) else None
    return None


def colouring(
    colour: str, spec: SampleSpec, card: Card, population: Population, found: Codes, groups: int
) -> Colouring:
    """The colour of each point.  colour: a name from options()."""
    images = population.images
    if (known := known_groups(colour, images)) is not None:
        return known
    if colour == "percentile":
        percentiles = found.rank(latent_data.errors(spec, card, found))
        return Scale("error percentile", percentiles, "warm")
    if colour == "review":
        return _by_verdict(images)
    if colour == "cluster":
        of = latent_data.clusters(spec, card, groups)
        return Groups("cluster", tuple(f"cluster {i + 1}" for i in range(groups)), of)
    if colour.startswith("factor:") and images.factors is not None:
        return _by_factor(colour.removeprefix("factor:"), images.factors)
    if colour == "error":
        return Scale("reconstruction error (MSE)", latent_data.errors(spec, card, found), "warm")
    raise ValueError(f"a map cannot be coloured by {colour}")


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
