"""`score`: how strange each image of a set, folder or zip is to a model."""

from pathlib import Path

import click

from core.cli import options


@click.command(cls=options.Command, short_help="Write how strange each image is to a model.")
@click.argument("checkpoint")
@click.argument("source")
@options.out("FILE.csv or FILE.parquet")
@click.option(
    "--percentile",
    type=click.FloatRange(0, 100),
    default=99.0,
    show_default=True,
    help="An outlier is rebuilt worse than this share of the model's own test images.",
)
@options.split
@options.data_root
@options.as_json
def score(
    checkpoint: str,
    source: str,
    out: Path,
    percentile: float,
    split: str | None,
    data_root: Path | None,
    as_json: bool,
) -> None:
    """Write a table with a row for each image of SOURCE: how badly CHECKPOINT rebuilds it.

    SOURCE is the ID of a data set, a folder or a zip. The columns: id, source, label, error (mean
    squared, pixels in [0, 1]; higher = stranger), percentile among the model's own test images,
    is_outlier, and reason where an image could not be read.
    """
    from core import exports, scoring
    from core.inference import Autoencoder

    exports.check_path(out)
    autoencoder = Autoencoder.load(checkpoint)
    images = options.load_images(source, split, data_root, autoencoder.input_shape)
    with options.progress("score") as tell:
        scored = scoring.score(autoencoder, images, percentile, tell)
    exports.save(scored.table, out)
    result = {
        "out": out,
        "n": len(images),
        "n_rejected": len(images.rejected),
        "n_outliers": scored.n_outliers,
        "threshold": scored.threshold,
        "percentile": scored.percentile,
    }
    share = scored.n_outliers / max(1, len(images))
    lines = f"""\
{out}: {len(images):,} images scored, {len(images.rejected):,} could not be read
{scored.n_outliers:,} outliers ({share:.1%}): their error is above {scored.threshold:.6f}, \
which {percentile:g} % of the model's own test images stay below"""
    options.show(result, [lines], as_json)
