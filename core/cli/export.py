"""`export`: a model as ONNX or as a script that trains it, and its training images."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.cli import options, output

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from core.checkpoints import Checkpoint
    from core.models.onnx_export import Part


@click.command(cls=options.Command, short_help="Write a model as ONNX, or as PyTorch code.")
@options.checkpoint
@options.out("FILE.onnx, FILE.py or FILE.npy")
@click.option(
    "--part",
    type=click.Choice(["whole", "encoder", "decoder"]),
    default="whole",
    show_default=True,
    help="Of the model, for ONNX.",
)
@options.data_root
@options.as_json
def export(checkpoint: str, out: Path, part: "Part", data_root: Path | None, as_json: bool) -> None:
    """Write CHECKPOINT for other programs.

    FILE.onnx: the trained model, x (n, C, H, W) in [0, 1] to x_hat, or its encoder or decoder.
    FILE.py: a PyTorch script that builds and trains exactly this model.
    FILE.npy: its training images, uint8 (N, C, H, W), for that script.
    """
    import numpy as np

    from core import checkpoints
    from core.config import OptionError
    from core.export import tables
    from core.files import replacing

    tables.check_path(out, (".onnx", ".py", ".npy"))
    found = checkpoints.load(checkpoint)
    content = _images(found, data_root) if out.suffix.lower() == ".npy" else None
    try:
        with replacing(out) as file:
            if content is None:
                file.write(_model(found, out.suffix.lower(), part))
            else:
                np.save(file, content)
    except OSError as error:
        raise OptionError(f"{str(out)!a} cannot be written ({error.strerror}).") from error
    size = out.stat().st_size
    output.show({"out": out, "bytes": size}, [f"{out}: {size:,} bytes"], as_json)


def _model(found: "Checkpoint", suffix: str, part: "Part") -> bytes:
    if suffix == ".py":
        from core.export import script

        return script.script(found.card).encode()
    from core.models.onnx_export import to_onnx

    return to_onnx(found.card.plan, found.tensors, part, found.card.title)


def _images(found: "Checkpoint", data_root: Path | None) -> "npt.NDArray[np.uint8]":
    from core.checkpoints import trained_on
    from core.data import catalogue

    source = trained_on.required(found.card)
    with output.progress("load") as tell:
        images = catalogue.training_images(source, found.card.excluded_classes, data_root, tell)
    return images.images
