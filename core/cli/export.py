"""`export`: a model as ONNX, as a page, or as a script that trains it; its training images."""

import contextlib
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.cli import options, output
from core.config import PROJECT, DataError, HourglassError, OptionError, python

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from core.checkpoints import Checkpoint
    from core.models.onnx_export import Part


@click.command(cls=options.Command, short_help="Write a model as ONNX, a page, or PyTorch code.")
@options.checkpoint
@options.out("FILE.onnx, FILE.html, FILE.py or FILE.npy")
@click.option(
    "--part",
    type=click.Choice(["whole", "encoder", "decoder"]),
    default="whole",
    show_default=True,
    help="Of the model, for ONNX.",
)
@click.option("--beside", metavar="OTHER", help="A second model in the page, for FILE.html.")
@options.dataset
@options.data_root
@options.as_json
def export(
    checkpoint: str,
    out: Path,
    part: "Part",
    beside: str | None,
    dataset: str | None,
    data_root: Path | None,
    as_json: bool,
) -> None:
    """Write CHECKPOINT for other programs.

    FILE.onnx: the trained model, x (n, C, H, W) in [0, 1] to x_hat, or its encoder or decoder.
    FILE.html: a page that carries it with up to 1,000 test images, and computes by itself.
    FILE.py: a PyTorch script that builds and trains exactly this model.
    FILE.npy: its training images, uint8 (N, C, H, W), for that script.
    """
    import numpy as np

    from core import checkpoints
    from core.export import tables
    from core.files import replacing

    tables.check_path(out, (".onnx", ".html", ".py", ".npy"))
    kind = out.suffix.lower()
    if (beside or dataset) and kind != ".html":
        raise OptionError("--beside and --dataset are for a page: give --out FILE.html.")
    found = checkpoints.load(checkpoint)
    content = _images(found, data_root) if kind == ".npy" else None
    page = None
    if kind == ".html":
        models = [found, checkpoints.load(beside)] if beside else [found]
        page = _page(models, dataset, data_root)
    try:
        with replacing(out) as file:
            if content is None:
                file.write(_model(found, kind, part, data_root) if page is None else page)
            else:
                np.save(file, content)
    except OSError as error:
        raise OptionError(f"{str(out)!a} cannot be written ({error.strerror}).") from error
    size = out.stat().st_size
    output.show({"out": out, "bytes": size}, [f"{out}: {size:,} bytes"], as_json)


def _model(found: "Checkpoint", suffix: str, part: "Part", data_root: Path | None = None) -> bytes:
    if suffix == ".py":
        from core.export import script

        return script.script(found.card).encode()
    from core.models.onnx_export import to_onnx

    return to_onnx(found.card.plan, found.tensors, part, found.card.title, _facts(found, data_root))


def _page(models: "list[Checkpoint]", dataset: str | None, data_root: Path | None) -> bytes:
    """The page; a process of its own makes it, as its script belongs to the dashboard."""
    from core.checkpoints import trained_on
    from core.export import standalone

    if why := standalone.refused([one.card for one in models]):
        raise OptionError(why)
    card = models[0].card
    source = dataset or standalone.set_of(card, data_root)
    images = options.load_images(source, None, data_root, trained_on.preparation(card))
    content = standalone.content(models, images, standalone.title_of(source, data_root))
    command = python("pages.ui.components.takeaway", standalone.name_of(models))
    done = subprocess.run(command, cwd=PROJECT, input=content, capture_output=True, check=False)
    if done.returncode:
        raise DataError(f"The page could not be made: {done.stderr.decode()[-300:]}")
    return done.stdout


def _images(found: "Checkpoint", data_root: Path | None) -> "npt.NDArray[np.uint8]":
    from core.checkpoints import trained_on
    from core.data import catalogue

    source = trained_on.required(found.card)
    with output.progress("load") as tell:
        images = catalogue.training_images(source, found.card.excluded_classes, data_root, tell)
    asked = found.card.document.training.settings()
    return images.drawn(asked["n_train"], asked["seed"]).images


def _facts(found: "Checkpoint", data_root: Path | None) -> dict[str, str]:
    """What whoever runs an .onnx file has to know, as JSON by name.

    threshold and calibration are null where no usual images are here to measure them on.
    """
    import json

    import msgspec

    from core.cli.score import line_of
    from core.inference import Autoencoder

    card = found.card
    told: dict[str, Any] = {**options.about(card), "arch": card.architecture.name}
    told |= {"latent_dim": card.latent_dim, "preparation": card.document.preparation}
    told |= {"threshold": None, "calibration": None, "score": None}
    with contextlib.suppress(HourglassError):
        line, _ = line_of(Autoencoder(found), None, None, data_root)
        told |= {"score": line.score, "threshold": line.threshold}
        told["calibration"] = {
            "name": line.calibration, "n": len(line.usual), "rate": line.rate
        }  # fmt: skip
    return {name: json.dumps(msgspec.to_builtins(value)) for name, value in told.items()}
