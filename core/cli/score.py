"""`score`: how strange each image of a set, folder or zip is to a model."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.cli import options
from core.config import DataError

if TYPE_CHECKING:
    from core.inference import Autoencoder
    from core.streaming.pipeline import Totals

SHARD = 4096  # images of a folder or zip that are named at a time


@click.command(cls=options.Command, short_help="Write how strange each image is to a model.")
@click.argument("checkpoint")
@click.argument("source")
@options.out("FILE.csv, FILE.parquet or FOLDER")
@click.option(
    "--percentile",
    type=click.FloatRange(0, 100),
    default=99.0,
    show_default=True,
    help="An outlier is rebuilt worse than this share of the model's own test images.",
)
@click.option(
    "--shard-size",
    type=click.IntRange(1, 1_000_000),
    default=4096,
    show_default=True,
    help="Images in a part, if FOLDER is named and SOURCE is a folder or zip of images.",
)
@options.split
@options.data_root
@options.as_json
def score(
    checkpoint: str,
    source: str,
    out: Path,
    percentile: float,
    shard_size: int,
    split: str | None,
    data_root: Path | None,
    as_json: bool,
) -> None:
    """Write a table with a row for each image of SOURCE: how badly CHECKPOINT rebuilds it.

    SOURCE is the ID of a data set, a folder or a zip. The columns: id, source, label, error (mean
    squared, pixels in [0, 1]; higher = stranger), percentile among the model's own test images,
    is_outlier, and reason where an image could not be read.

    SOURCE may be too large for the memory: a folder or zip of images, or a folder of .tar
    (WebDataset) or .parquet files, in their order. Processes of their own decode the images. With
    a FOLDER each shard becomes a part of its own; parts that are there are skipped, so that the
    same command goes on after a failure. Under torchrun all processes share the work.
    """
    from core import exports
    from core.inference import Autoencoder
    from core.streaming import scoring
    from core.streaming.pipeline import Totals

    autoencoder = Autoencoder.load(checkpoint)
    if not out.suffix or out.is_dir():
        _score_parts(autoencoder, Path(source), out, percentile, shard_size, as_json)
        return
    exports.check_path(out)
    name = options.source_id(source)
    if split in (None, "all") and name.startswith(("folder:", "zip:")):
        path = Path(name.partition(":")[2]).expanduser()
        _score_file(autoencoder, name, path, out, percentile, as_json)
        return
    images = options.load_images(source, split, data_root, autoencoder.input_shape)
    with options.progress("score") as tell:
        scored = scoring.score(autoencoder, images, percentile, tell)
    exports.save(scored.table, out)
    totals = Totals(scored.threshold, len(images), len(images.rejected), scored.n_outliers)
    _show(totals, out, percentile, as_json)


def _score_file(
    autoencoder: "Autoencoder",
    name: str,
    path: Path,
    out: Path,
    percentile: float,
    as_json: bool,
) -> None:
    from core.streaming import shards
    from core.streaming.pipeline import Job, score_file

    job = Job(autoencoder, name, shards.shards(path, SHARD), percentile)
    n = None if shards.is_sharded(path) else sum(shard.n or 0 for shard in job.shards)
    with options.progress("score") as tell, _stopped(f"{out} was not written."):
        totals = score_file(job, out, lambda done: tell(done, n))
    options.tell_rejected([totals.rejected] if totals.rejected else [], totals.n_rejected)
    _show(totals, out, percentile, as_json)


def _show(totals: "Totals", out: Path, percentile: float, as_json: bool) -> None:
    result = {
        "out": out,
        "n": totals.n,
        "n_rejected": totals.n_rejected,
        "n_outliers": totals.n_outliers,
        "threshold": totals.threshold,
        "percentile": percentile,
    }
    share = totals.n_outliers / max(1, totals.n)
    lines = f"""\
{out}: {totals.n:,} images scored, {totals.n_rejected:,} could not be read
{totals.n_outliers:,} outliers ({share:.1%}): their error is above {totals.threshold:.6f}, \
which {percentile:g} % of the model's own test images stay below"""
    options.show(result, [lines], as_json)


@contextlib.contextmanager
def _stopped(consequence: str) -> Iterator[None]:
    """Say what a Ctrl-C leaves behind."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"Stopped: {consequence}", err=True)
        raise


def _score_parts(
    autoencoder: "Autoencoder",
    source: Path,
    out: Path,
    percentile: float,
    shard_size: int,
    as_json: bool,
) -> None:
    from core.streaming import in_parts as part_scoring
    from core.streaming import shards
    from core.streaming.pipeline import Job

    if not source.exists():
        raise DataError(f"{str(source)!a} is not there: a FOLDER of parts needs files to read.")
    rank, size = (int(os.environ.get(name, one)) for name, one in (("RANK", 0), ("WORLD_SIZE", 1)))
    job = Job(autoencoder, str(source), shards.shards(source, shard_size), percentile)
    own = range(rank, len(job.shards), size)
    fresh = n = 0
    with options.progress("score") as tell, _stopped("the same command goes on from here."):
        for i, done in enumerate(part_scoring.score_parts(job, out, rank, size), start=1):
            fresh, n = fresh + done.fresh, n + done.n
            if rank == 0:
                tell(i, len(own))
    found = {
        "out": out,
        "n": n,
        "n_parts": len(own),
        "n_new_parts": fresh,
        "n_shards": len(job.shards),
    }
    share = f"{len(own)} of {len(job.shards)} parts by this process, {fresh} of them new"
    if rank == 0 or not as_json:
        options.show(found, [f"{out}: {share}, {n:,} rows"], as_json)
