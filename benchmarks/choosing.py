"""The score that each shipped model begins with, chosen on planted outliers, and its health.

`python -m benchmarks.choosing [--write]` prints both for each model that comes with the program;
with --write they are kept in core/anomaly/chosen.json and core/checkpoints/health.json, since the
files of these models were written before either was measured.
"""

import click
import msgspec

from core import checkpoints
from core.anomaly import choosing, references
from core.anomaly.choosing import ChosenScore
from core.anomaly.judging import References
from core.checkpoints.card import HEALTH, Card, words_of
from core.checkpoints.document import HealthRecord
from core.config import HourglassError
from core.data import catalogue
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.inference.health import examined


def chosen(name: str) -> ChosenScore | None:
    """The choice for one model, as the Outliers page makes it where MNIST is not here."""
    model = Autoencoder.load(name)
    card = model.card
    train, judged = images_of(card)
    calibrating = references.calibration_images(card, (judged, train))
    unseen = references.unseen_images(card, judged)
    return choosing.choice(References(model, train, calibrating), unseen)


def health(name: str) -> HealthRecord:
    """The health of one model, on test images that it was not trained on."""
    model = Autoencoder.load(name)
    train, tested = images_of(model.card)
    return examined(model, train, tested.without_classes(model.card.excluded_classes))


def images_of(card: Card) -> tuple[ImageSet, ImageSet]:
    """Training images of a model that come with the program, and test images."""
    dataset = "shapes" if card.dataset == "shapes" else "mnist-5k"
    train = catalogue.load(dataset, "train").without_classes(card.excluded_classes)
    return train, catalogue.load(dataset, "test")


@click.command()
@click.option("--write", is_flag=True, help="Keep the choices for the page.")
def main(write: bool) -> None:
    """Print the health of each model and its choice."""
    found: dict[str, ChosenScore] = {}
    healths: dict[str, HealthRecord] = {}
    for card in checkpoints.available():
        if not card.shipped:
            continue
        try:
            healths[card.sha256] = health(card.name)
            click.echo(f"{card.name}: {words_of(healths[card.sha256])}")
            choice = chosen(card.name)
        except HourglassError as error:
            click.echo(f"{card.name}: {error}")
            continue
        if choice is not None:
            found[card.sha256] = choice
            click.echo(f"{card.name}: {choice.best}. {choice.why()}")
    if write:
        for path, what in ((choosing.SHIPPED, found), (HEALTH, healths)):
            path.write_bytes(msgspec.json.format(msgspec.json.encode(what), indent=1))


if __name__ == "__main__":
    main()
