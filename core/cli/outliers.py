"""`outliers`: how well each anomaly score finds known outliers."""

from dataclasses import asdict, astuple, dataclass
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


PART = 256  # images rebuilt at a time


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
    help="Plant outliers instead: noise, blurred, inverted, covered, pasted, scrambled or speckled "
    "copies, or the test images of another set.",
)
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.1,
    show_default=True,
    help="Number of planted outliers for each image.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.01,
    show_default=True,
    help="At most this share of usual images is flagged.",
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
    rate: float,
    seed: int,
    data_root: Path | None,
    as_json: bool,
) -> None:
    """Compute all anomaly scores of the images of a data set, and compare with the known truth.

    Each score is fitted on the images the model was trained on, without labels. AUROC: the chance
    that an outlier scores above a usual image. AP: average precision. P@K: the share of outliers
    among the K highest scores, K being how many there are. SECONDS: from pixels to scores. FLAGGED
    USUAL: the share of usual images above the threshold that promises at most --rate, FOUND: of the
    outliers; the threshold is measured on usual images that the model was not trained on and that
    are not judged here.
    """
    from core.anomaly import calibration, line, references
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
        others = (experiment.images, usual)
        calibrating = references.calibration_images(card, others, line.loader(data_root))
        found = _ranked(autoencoder, usual, calibrating, experiment, rate)
    heading = f"{card.name} on {images.id} ({images.split})"
    if card.warning:
        click.echo(card.warning, err=True)
    promise = (
        f"at most {calibration.percent(rate)} of usual images promised, by "
        f"{references.name_of(calibrating)}"
        if calibrating
        else references.why_no_calibration(card)
    )
    about = [f"compared with {_named(usual, card)}", promise]
    pixels = _pixel_auroc(autoencoder, experiment.images)
    if pixels is not None:
        about.append(f"error maps against the marked pixels: AUROC {pixels:.3f}")
    _show(heading, experiment, about, found, pixels, as_json)


@dataclass(frozen=True)
class _Row:
    """One score: how well it ranks, its threshold, and what that flags (None without one)."""

    ranked: "Ranked"
    threshold: float | None
    flagged_usual: float | None
    found: float | None


def _ranked(
    autoencoder: "Autoencoder",
    usual: "ImageSet",
    calibrating: "ImageSet | None",
    experiment: "Experiment",
    rate: float,
) -> list[_Row]:
    """How well each score that these images allow finds the outliers."""
    from core.anomaly import judging, thresholds

    known = judging.References(autoencoder, usual, calibrating)
    judged, truth = known.judge(experiment.images), experiment.is_outlier
    rows = []
    for score in judging.available(usual.labels is not None):
        ranked = judging.ranked(judged, score.name, truth)
        if (calibration := known.calibration(score.name)) is None:
            rows.append(_Row(ranked, None, None, None))
            continue
        threshold = thresholds.by_rate(calibration, rate)
        flags = threshold.flags(judged.score(score.name))
        shares = float(flags[~truth].mean()), float(flags[truth].mean())
        rows.append(_Row(ranked, threshold.value, *shares))
    return rows


def _pixel_auroc(autoencoder: "Autoencoder", images: "ImageSet") -> float | None:
    """How well error maps find the pixels that are marked as defects; None if none are marked."""
    import numpy as np

    from core import metrics
    from core.anomaly.rankings import pixel_auroc

    masks = images.masks
    if masks is None or not masks.any() or masks.all():
        return None
    maps = np.empty(masks.shape, np.float32)
    for start in range(0, len(images), PART):
        x = images.pixels(slice(start, start + PART))
        maps[start : start + len(x)] = metrics.error_map(x, autoencoder.reconstruct(x))
    return pixel_auroc(maps, masks)


def _show(
    heading: str,
    experiment: "Experiment",
    about: list[str],
    found: list[_Row],
    pixels: float | None,
    as_json: bool,
) -> None:
    n, n_outliers = len(experiment.images), int(experiment.is_outlier.sum())
    rows = [(*astuple(one.ranked), *map(_percent, (one.flagged_usual, one.found))) for one in found]
    head = ("SCORE", "AUROC", "AP", f"P@{n_outliers}", "SECONDS", "FLAGGED USUAL", "FOUND")
    lines = [
        f"{heading}, {counted(n, 'image')}",
        f"{n_outliers:,} outliers: {experiment.what}",
        *about,
        "",
        *output.table(head, rows),
    ]
    described = [
        asdict(one.ranked)
        | {"threshold": one.threshold, "flagged_usual": one.flagged_usual, "found": one.found}
        for one in found
    ]
    result: dict[str, object] = {"n": n, "n_outliers": n_outliers, "scores": described}
    if pixels is not None:
        result["pixel_auroc"] = pixels
    output.show(result, lines, as_json)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


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
