"""Where images from anywhere stop being usual: one line for pages, command line and reports."""

from pathlib import Path

import numpy as np

from core.anomaly import choosing, references, thresholds
from core.anomaly.calibration import Calibration
from core.anomaly.judging import References
from core.anomaly.references import Load
from core.anomaly.scores import BY_NAME
from core.checkpoints import Card, trained_on
from core.config import DataError
from core.data import catalogue, ignored
from core.images.imagesets import ImageSet, numbered_ids
from core.images.parts import each_part
from core.inference import Autoencoder
from core.streaming.scoring import Line, Pixels

MOST_STORED = 100_000  # images that a checkpoint's quantiles stand for


def line(
    autoencoder: Autoencoder,
    rate: float,
    score: str = "mse",
    load: Load | None = None,
    data_root: Path | None = None,
) -> Line:
    """The line on a score for a rate of false alarms; see core.anomaly.thresholds.by_rate.

    rate: 0 to 1.  load: gives a split of a data set; core.data.catalogue.load if None.
    data_root: the folder that it looks for them in.
    The reconstruction error ("mse") needs the model alone; other scores compare with the images
    that it was trained on. Raises DataError if those are not here or nothing can be promised,
    OptionError if there is no such score.
    """
    if score == "mse" and not _has_region(autoencoder.card):
        calibration, measure = error_calibration(autoencoder, load), None
    else:
        known = _references(autoencoder, load, data_root)
        found = known.calibration(score)
        if found is None:
            raise DataError(references.why_no_calibration(autoencoder.card))
        calibration = found

        def measure(x: Pixels) -> thresholds.Scores:
            ids = numbered_ids("", range(len(x)))
            return known.judge(
                ImageSet(id="", split="", images=x, labels=None, class_names=(), ids=ids)
            ).score(score)

    threshold = thresholds.by_rate(calibration, rate)
    return Line(
        score=score,
        threshold=threshold.value,
        how=threshold.how,
        usual=calibration.scores,
        calibration=calibration.name,
        rate=calibration.nearest_rate(rate),
        measure=measure,
    )


def default_line(
    autoencoder: Autoencoder,
    rate: float,
    load: Load | None = None,
    data_root: Path | None = None,
) -> tuple[Line, str]:
    """The line on the score that was chosen for the model, and a sentence that says why that one.

    On the reconstruction error where none was chosen, or where the images that the chosen one
    compares with are not here.  Raises as line() does.
    """
    chosen = choosing.at_first_look(autoencoder, load)
    if chosen is None:
        return line(autoencoder, rate, "mse", load), choosing.WITHOUT_CHOICE
    try:
        return line(autoencoder, rate, chosen.best, load, data_root), chosen.why()
    except DataError as error:
        title = BY_NAME[chosen.best].title
        why = f"{title} was chosen for this model and cannot be computed here. {error}"
        return line(autoencoder, rate, "mse", load), why


def _has_region(card: Card) -> bool:
    """Whether the set that a model was trained on has a region to ignore."""
    name = trained_on.known(card)
    return name is not None and ignored.of(name, card.input_shape[1:]) is not None


def error_calibration(autoencoder: Autoencoder, load: Load | None = None) -> Calibration:
    """What rates a threshold on the reconstruction error has.

    From usual images that the model was not trained on; where none are here, from what the
    checkpoint says of its test images.
    """
    images = references.calibration_images(autoencoder.card, (), load)
    if images is None:
        return stored(autoencoder.card)
    errors = each_part(images, autoencoder.errors, title="Calibrating")
    return Calibration.of(errors, references.name_of(images))


def stored(card: Card) -> Calibration:
    """The errors of the model's test images, as its checkpoint has them: 201 quantiles.

    Between the quantiles the errors are interpolated.
    """
    n = int(np.clip(card.metrics["n"], 1, MOST_STORED))
    shares = (np.arange(n) + 0.5) / n
    errors = np.interp(shares, np.linspace(0, 1, len(card.reference)), card.reference)
    origin = trained_on.origin_of_numbers(card)
    return Calibration.of(errors, f"the {n:,} test images of the model, {origin}")


def loader(data_root: Path | None) -> Load:
    """Gives splits of data sets from a folder."""
    return lambda name, split: catalogue.load(name, split, data_root)


def _references(autoencoder: Autoencoder, load: Load | None, data_root: Path | None) -> References:
    card = autoencoder.card
    if trained_on.known(card) is None:
        raise DataError(
            f"What {card.name} was trained on is not known here, so that there is nothing to "
            "compare with: choose the score mse."
        )
    nothing = references.no_images(card)
    known = references.reference_images(card, nothing, data_root, load)
    return References(
        autoencoder, known, references.calibration_images(card, (nothing, known), load)
    )
