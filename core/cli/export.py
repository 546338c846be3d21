"""`export`: a model for other programs, as ONNX or as a script that trains it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.cli import options, output

if TYPE_CHECKING:
    from core.models.onnx_export import Part


@click.command(cls=options.Command, short_help="Write a model as ONNX, or as PyTorch code.")
@click.argument("checkpoint")
@options.out("FILE.onnx or FILE.py")
@click.option(
    "--part",
    type=click.Choice(["whole", "encoder", "decoder"]),
    default="whole",
    show_default=True,
    help="Of the model, for ONNX.",
)
@options.as_json
def export(checkpoint: str, out: Path, part: "Part", as_json: bool) -> None:
    """Write CHECKPOINT for other programs.

    FILE.onnx: the trained model, x (n, C, H, W) in [0, 1] to x_hat, or its encoder or decoder.
    FILE.py: a script of PyTorch alone that builds and trains exactly this model.
    """
    from core import checkpoints, exports, source_code
    from core.config import OptionError
    from core.files import write_atomically

    exports.check_path(out, (".onnx", ".py"))
    found = checkpoints.load(checkpoint)
    if out.suffix.lower() == ".py":
        content = source_code.script(found.card).encode()
    else:
        from core.models.onnx_export import to_onnx

        content = to_onnx(found.card.plan, found.tensors, part, found.card.title)
    try:
        write_atomically(out, content)
    except OSError as error:
        raise OptionError(f"{str(out)!a} cannot be written ({error.strerror}).") from error
    output.show({"out": out, "bytes": len(content)}, [f"{out}: {len(content):,} bytes"], as_json)
