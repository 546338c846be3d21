"""The score that each shipped model begins with, chosen on planted outliers.

`python -m benchmarks.choosing [--write]` prints the choice for each model that comes with the
program; with --write it is kept in core/anomaly/chosen.json, where the Outliers page finds it.
"""

import click
import msgspec

from core import checkpoints
from core.anomaly import choosing, references
from core.anomaly.choosing import ChosenScore
from core.anomaly.judging import References
from core.config import HourglassError
from core.data import catalogue
from core.inference import Autoencoder


def chosen(name: str) -> ChosenScore | None:
    """The choice for one model, as the Outliers page makes it where MNIST is not here."""
    model = Autoencoder.load(name)
    dataset = "shapes" if model.card.dataset == "shapes" else "mnist-5k"
    judged, card = catalogue.load(dataset, "test"), model.card
    train = catalogue.load(dataset, "train").without_classes(card.excluded_classes)
    calibrating = references.calibration_images(card, (judged, train))
    unseen = references.unseen_images(card, judged)
    return choosing.choice(References(model, train, calibrating), unseen)


@click.command()
@click.option("--write", is_flag=True, help="Keep the choices for the page.")
def main(write: bool) -> None:
    """Print a line a model."""
    found: dict[str, ChosenScore] = {}
    for card in checkpoints.available():
        if not card.shipped:
            continue
        try:
            choice = chosen(card.name)
        except HourglassError as error:
            click.echo(f"{card.name}: {error}")
            continue
        if choice is not None:
            found[card.sha256] = choice
            click.echo(f"{card.name}: {choice.best}. {choice.why()}")
    if write:
        choosing.SHIPPED.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1))


if __name__ == "__main__":
    main()
