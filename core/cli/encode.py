"""`encode`: the code that a model gives each image of a set, folder or archive."""

from pathlib import Path

import click

from core.cli import options, output


@click.command(cls=options.Command, short_help="Write the code of each image.")
@click.argument("checkpoint")
@click.argument("source")
@options.out("FILE.parquet")
@options.split
@options.name_encoding
@options.data_root
@options.as_json
def encode(
    checkpoint: str,
    source: str,
    out: Path,
    split: str | None,
    name_encoding: str,
    data_root: Path | None,
    as_json: bool,
) -> None:
    """Write a Parquet table with the code of each image of SOURCE, as CHECKPOINT encodes it.

    SOURCE is the ID of a data set, a folder or an archive of images. The columns: id, label, z0,
    z1, ... up to the last of the D' numbers, and the error of the image rebuilt from them.
    """
    from core import exports
    from core.inference import Autoencoder
    from core.streaming import scoring

    exports.check_path(out, (".parquet",))
    autoencoder = Autoencoder.load(checkpoint)
    shape = autoencoder.input_shape
    images = options.load_images(source, split, data_root, shape, name_encoding)
    with output.progress("encode") as tell:
        table = scoring.encode(autoencoder, images, tell)
    exports.save(table, out)
    result = {"out": out, "n": len(images), "latent_dim": autoencoder.latent_dim}
    lines = [f"{out}: {len(images):,} codes of {autoencoder.latent_dim:,} numbers"]
    output.show(result, lines, as_json)
