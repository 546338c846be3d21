"""Defects on surfaces, found by models that know usual images alone.

`OMP_NUM_THREADS=1 python -m benchmarks.surfaces [--dataset own:NAME] [--minutes M]`. For each set a
table: AUROC of images, in all and of each kind of defect, and of pixels, for scores without a
network and for networks that are trained here. The drawn set needs no download: a woven surface
with defects of core.data.named.planting, none of which is among those that training draws. A set of
your own is one that was imported in the layout of defects; `import --group-by` keeps pictures of
one object in one part, so that near copies of test images are not learned.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import click
import numpy as np
import numpy.typing as npt
import torch

from benchmarks.promise_sets import drawn, joined, linear, woven
from core.anomaly import rankings
from core.anomaly.judging import References
from core.anomaly.scores import BY_NAME, map_of
from core.data import catalogue
from core.data.named import planting
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.noise import Noise
from core.training import config as recipes
from core.training.config import TrainConfig
from core.training.events import EpochDone, Finished
from core.training.trainer import train

PART = 64  # images at a time
PLANTED = ("cracked", "stained", "pasted", "covered")
CHANGED = 10  # of 255: a pixel that differs more is marked
ERRORS = ("mse", "dissimilarity", "largest", "top_share")
WITHOUT = ("pca", "pixel_neighbours", "patches", "near_patches")  # a network


@dataclass(frozen=True)
class Surfaces:
    """Usual images to learn from, and images to be judged.  kinds: (n,), "" for usual ones."""

    train: ImageSet
    judged: ImageSet
    kinds: npt.NDArray[np.str_]

    @property
    def is_outlier(self) -> npt.NDArray[np.bool_]:
        """Of the judged images: (n,)."""
        return self.kinds != ""


def drawn_surfaces() -> Surfaces:
    """A woven surface under changing light; 75 images of each kind of defect, 300 usual ones."""
    every = drawn("weave", woven(1_200, 0))
    sets, kinds = [every.take(slice(600, 900))], [""] * 300
    for i, kind in enumerate(PLANTED):
        whole = every.take(slice(900 + 75 * i, 975 + 75 * i))
        made = planting.by_corruption(whole, kind, 1.0, i)
        bad = made.images.take(made.is_outlier)
        differences = np.abs(bad.images.astype(int) - whole.images).max(axis=1)
        sets.append(replace(bad, masks=differences > CHANGED))
        kinds += [kind] * len(bad)
    sets[0] = replace(sets[0], masks=np.zeros((300, *every.shape[1:]), bool))
    return Surfaces(every.take(slice(0, 600)), joined(sets), np.array(kinds))


def own_surfaces(name: str) -> Surfaces:
    """A data set in the layout of defects, in the parts that its import made."""
    train_set, judged = (catalogue.load(name, part) for part in ("train", "test"))
    marked = planting.by_defects(judged)
    bad = np.zeros(len(judged), bool) if marked is None else marked.is_outlier
    names = np.array([judged.label_name(i) for i in range(len(judged))])
    return Surfaces(planting.usual(train_set), judged, np.where(bad, names, ""))


def networks(of: Surfaces, minutes: float) -> Iterator[tuple[str, Autoencoder, float]]:
    """Title, model and seconds of training of each network."""
    shape, n = of.train.shape, len(of.train)
    plain = recipes.network(of.train.id, shape, n)
    yield "conv", *trained(plain, of, minutes)
    yield "conv, noise 0.2", *trained(replace(plain, noise=Noise(sigma=0.2)), of, minutes)
    coarse = replace(plain, noise=Noise("coarse", 0.2))
    yield "conv, coarse noise 0.2", *trained(coarse, of, minutes)
    yield "conv, drawn defects", *trained(replace(plain, noise=Noise("defects", 1.0)), of, minutes)
    epochs, batch = recipes.duration(shape, n, is_repair=True)
    repair = TrainConfig(of.train.id, "repair", epochs=epochs, batch_size=batch)
    yield "repair", *trained(repair, of, minutes)


def trained(config: TrainConfig, of: Surfaces, minutes: float) -> tuple[Autoencoder, float]:
    """A model and the seconds that its training took.

    The first epoch says how many fit in so many minutes; the schedule is made for those.
    """
    usual = of.judged.take(~of.is_outlier)
    began = time.perf_counter()
    for event in train(replace(config, epochs=1), of.train, usual):
        if isinstance(event, EpochDone):
            seconds = event.record.seconds
    config = replace(config, epochs=max(1, min(config.epochs, int(60 * minutes / seconds))))
    for event in train(config, of.train, usual):
        if isinstance(event, Finished):
            found = Autoencoder(event.checkpoint)
    return found, time.perf_counter() - began


def rows(title: str, model: Autoencoder, names: tuple[str, ...], of: Surfaces) -> Iterator[str]:
    """A row of the table for each score."""
    judged = References(model, of.train, kept=False).judge(of.judged)
    usual = ~of.is_outlier
    for name in names:
        scores = judged.score(name)
        cells = [rankings.curves(scores, of.is_outlier).auroc]
        for kind in np.unique(of.kinds[of.is_outlier]):
            some = usual | (of.kinds == kind)
            cells.append(rankings.curves(scores[some], of.is_outlier[some]).auroc)
        cells.append(_of_pixels(name, judged.references, of))
        numbers = " | ".join(f"{one:.3f}" for one in cells)
        yield f"| {title} | {BY_NAME[name].title} | {numbers} |"


def _of_pixels(name: str, known: References, of: Surfaces) -> float:
    """AUROC of pixels of the score's map, in all judged images; nan without marked ones."""
    masks = of.judged.masks
    if masks is None:
        return float("nan")
    parts = [slice(i, i + PART) for i in range(0, len(of.judged), PART)]
    maps = [map_of(BY_NAME[name], known.spaces, of.judged.pixels(part)) for part in parts]
    return rankings.pixel_auroc(np.concatenate(maps), masks)


def table(of: Surfaces, minutes: float) -> Iterator[str]:
    """The lines of one set."""
    kinds = np.unique(of.kinds[of.is_outlier])
    yield f"\n## {of.train.id}: {len(of.train)} to learn from, {len(of.judged)} judged\n"
    yield f"| model | score | images | {' | '.join(kinds)} | pixels |"
    yield "|---" * (len(kinds) + 4) + "|"
    yield from rows("none", linear(of.train), WITHOUT, of)
    yield from rows("PCA", linear(of.train), ERRORS, of)
    for title, model, seconds in networks(of, minutes):
        own = ("repair", "repair_share") if model.is_locator else ()
        yield from rows(f"{title}, {seconds:.0f} s", model, (*own, *ERRORS), of)


@click.command()
@click.option("--dataset", multiple=True, help="A data set in the layout of defects.")
@click.option("--minutes", default=10.0, help="Of training, at most, for each network.")
def main(dataset: tuple[str, ...], minutes: float) -> None:
    """Compare what finds defects, in one run."""
    torch.set_num_threads(1)
    for of in (drawn_surfaces(), *map(own_surfaces, dataset)):
        for line in table(of, minutes):
            click.echo(line)


if __name__ == "__main__":
    main()
