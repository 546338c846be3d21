"""`outliers`: how well each anomaly score finds known outliers."""

from dataclasses import asdict, astuple
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.cli import options, output
from core.text import counted

if TYPE_CHECKING:
    from core.anomaly.judging import Ranked
    from core.checkpoints import Card
    from core.data.named.planting import Experiment
    from core.images.imagesets import ImageSet
    from core.inference import Autoencoder


@click.command(
    cls=options.Command, short_help="Measure how well anomaly scores find known outliers."
)
@click.argument("checkpoint")
@options.dataset
@options.split
@click.option(
    "--outlier-class",
    "outlier_classes",
    multiple=True,
    metavar="CLASS",
    help="Class whose images are the outliers; may be repeated.  [default: the classes "
    "the model was trained without, or the images that the data set marks]",
)
@click.option(
    "--plant",
    metavar="KIND|ID",
    help="Plant outliers instead: noise, blurred, inverted, covered, scrambled or speckled copies, "
    "or the test images of another set.",
)
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.1,
    show_default=True,
    help="Number of planted outliers for each image.",
)
@options.seed
@options.data_root
@options.as_json
def outliers(
    checkpoint: str,
    dataset: str | None,
    split: str | None,
    outlier_classes: tuple[str, ...],
    plant: str | None,
    share: float,
    seed: int,
    data_root: Path | None,
    as_json: bool,
) -> None:
    """Compute all anomaly scores of the images of a data set, and compare with the known truth.

    Each score is fitted on CHECKPOINT's training images, without labels. AUROC: the probability
    that an outlier scores above a normal image. AP: average precision. P@K: the share of outliers
    among the K highest scores, K being the number of outliers. SECONDS: from pixels to scores.
    """
    from core.anomaly import references
    from core.checkpoints import trained_on
    from core.images.parts import telling
    from core.inference import Autoencoder

    autoencoder = Autoencoder.load(checkpoint)
    card = autoencoder.card
    source = dataset or trained_on.required(card)
    images = options.load_images(source, split, data_root, trained_on.preparation(card))
    if plant:
        experiment = _planted(images, card, plant, share, seed, data_root)
    else:
        experiment = _known(images, card, outlier_classes)
    with output.stages() as tell, telling(tell):
        usual = references.reference_images(card, experiment.images, data_root)
        found = _ranked(autoencoder, usual, experiment)
    heading = f"{card.name} on {images.id} ({images.split})"
    _show(heading, experiment, _named(usual, card), found, as_json)


def _ranked(
    autoencoder: "Autoencoder", usual: "ImageSet", experiment: "Experiment"
) -> "list[Ranked]":
    """The quality of each score that these images allow."""
    from core.anomaly import judging

    known = judging.References(autoencoder, usual)
    judged = known.judge(experiment.images)
    names = [score.name for score in judging.available(usual.labels is not None)]
    return [judging.ranked(judged, name, experiment.is_outlier) for name in names]


def _show(
    heading: str,
    experiment: "Experiment",
    usual: str,
    found: "list[Ranked]",
    as_json: bool,
) -> None:
    n, n_outliers = len(experiment.images), int(experiment.is_outlier.sum())
    rows = [astuple(one) for one in found]
    lines = [
        f"{heading}, {counted(n, 'image')}",
        f"{n_outliers:,} outliers: {experiment.what}",
        f"compared with {usual}",
        "",
        *output.table(("SCORE", "AUROC", "AP", f"P@{n_outliers}", "SECONDS"), rows),
    ]
    result = {"n": n, "n_outliers": n_outliers, "scores": [asdict(one) for one in found]}
    output.show(result, lines, as_json)


def _named(usual: "ImageSet", card: "Card") -> str:
    """The reference images in words, with the reason if they are not the training images."""
    from core.checkpoints import trained_on

    why = "" if trained_on.known(card) else " (what the model was trained on is not known here)"
    return f"{len(usual):,} {usual.split} images of {usual.id}{why}"


def _known(images: "ImageSet", card: "Card", classes: tuple[str, ...]) -> "Experiment":
    """The experiment with the named outlier classes, or with outliers known otherwise."""
    from core.config import OptionError
    from core.data.named import planting

    if not classes and (marked := planting.by_defects(images)):
        return marked
    classes = classes or tuple(c for c in card.excluded_classes if c in images.class_names)
    if not classes:
        raise OptionError(
            "Say which images are outliers: --outlier-class CLASS, or --plant noise to plant some."
        )
    return planting.by_classes(images, classes)


def _planted(
    images: "ImageSet", card: "Card", plant: str, share: float, seed: int, data_root: Path | None
) -> "Experiment":
    """The experiment with outliers planted among images of the model's known classes."""
    from core.data.named import planting
    from core.images.preparation import legacy

    usual = planting.usual(images, card.excluded_classes)
    if plant in planting.CORRUPTIONS:
        return planting.by_corruption(usual, plant, share, seed)
    preparation = images.preparation or legacy(images.shape)
    others = options.load_images(plant, None, data_root, preparation)
    return planting.by_dataset(usual, others, share, seed)
