"""`score`: the reconstruction error of each image of a data set, folder or archive."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.cli import options, output
from core.config import DataError
from core.text import counted

if TYPE_CHECKING:
    from core.inference import Autoencoder
    from core.streaming.in_parts import Done
    from core.streaming.pipeline import Totals

SHARD = 4096  # images of a folder or zip in a shard


@dataclass(frozen=True)
class _Order:
    """What to score with which model, and the output.  percentile: 0 to 100.

    encoding: of names in an archive, see core.cli.options.name_encoding.
    """

    autoencoder: "Autoencoder"
    source: str
    out: Path
    percentile: float
    encoding: str
    as_json: bool


@click.command(cls=options.Command, short_help="Write the reconstruction error of each image.")
@click.argument("checkpoint")
@click.argument("source")
@options.out("FILE.csv, FILE.parquet or FOLDER")
@click.option(
    "--percentile",
    type=click.FloatRange(0, 100),
    default=99.0,
    show_default=True,
    help="An outlier has a larger error than this percentage of the model's test images.",
)
@click.option(
    "--shard-size",
    type=click.IntRange(1, 1_000_000),
    default=SHARD,
    show_default=True,
    help="Images in a part, if the output is a FOLDER and SOURCE a folder or zip of images.",
)
@options.split
@options.name_encoding
@options.data_root
@options.as_json
def score(
    checkpoint: str,
    source: str,
    out: Path,
    percentile: float,
    shard_size: int,
    split: str | None,
    name_encoding: str,
    data_root: Path | None,
    as_json: bool,
) -> None:
    """Write a table with a row for each image of SOURCE: its reconstruction error in CHECKPOINT.

    SOURCE is the ID of a data set, a folder, an archive or an image. The columns: id, source,
    label, error (mean squared, pixels in [0, 1]; higher = stranger), percentile among the model's
    own test images, is_outlier, and reason where an image could not be read, or where the model's
    output is not finite; then the exit code is 2.

    SOURCE may be too large for the memory: images in a folder, in a .zip, or in .tar (WebDataset)
    or .parquet files, alone or in a folder, in their order. Several processes decode the images.
    With a FOLDER each shard becomes a part; existing parts are skipped, so that the same command
    continues after a failure. Under torchrun all processes share the work.
    """
    from core.export import tables
    from core.inference import Autoencoder

    model = Autoencoder.load(checkpoint)
    order = _Order(
        autoencoder=model,
        source=source,
        out=out,
        percentile=percentile,
        encoding=name_encoding,
        as_json=as_json,
    )
    if not out.suffix or out.is_dir():
        _score_parts(order, shard_size)
        return
    tables.check_path(out)
    name = options.source_id(source)
    if split in (None, "all") and options.is_own(name):
        _score_file(order, name)
    else:
        _score_set(order, split, data_root)


def _score_set(order: _Order, split: str | None, data_root: Path | None) -> None:
    """The images of a data set, which fit into the memory."""
    from core.checkpoints import trained_on
    from core.export import tables
    from core.streaming import scoring
    from core.streaming.pipeline import Totals

    images = options.load_images(
        order.source,
        split,
        data_root,
        trained_on.preparation(order.autoencoder.card),
        order.encoding,
    )
    with output.progress("score") as tell:
        scored = scoring.score(order.autoencoder, images, order.percentile, tell)
    tables.save(scored.table, order.out)
    totals = Totals(scored.threshold)
    totals.add(scored.table)
    _show(order, totals)


def _score_file(order: _Order, name: str) -> None:
    """A folder or archive of any length, into one file.  name: folder:PATH, zip:PATH, file:PATH."""
    from core.data.offered.names import printable
    from core.streaming import shards
    from core.streaming.pipeline import Job, score_file

    terms = shards.streaming_terms(order.encoding)
    found = shards.shards(Path(name.partition(":")[2]), SHARD, terms)
    job = Job(order.autoencoder, printable(name), found, order.percentile)
    n = None if any(shard.n is None for shard in found) else sum(shard.n or 0 for shard in found)
    with output.progress("score") as tell, _stopped(f"{order.out} was not written."):
        totals = score_file(job, order.out, lambda done: tell(done, n))
    output.tell_guesses(guess.note for guess in terms.guesses)
    output.tell_rejected([totals.rejected] if totals.rejected else [], totals.n_rejected)
    _show(order, totals)


def _show(order: _Order, totals: "Totals") -> None:
    from core.checkpoints import trained_on

    result = {
        "out": order.out,
        "n": totals.n,
        "n_rejected": totals.n_rejected,
        "n_not_finite": totals.n_not_finite,
        "n_outliers": totals.n_outliers,
        "threshold": totals.threshold,
        "percentile": order.percentile,
    }
    share = totals.n_outliers / max(1, totals.n)
    usual = f"{order.percentile:g} % of the model's own test images"
    origin = trained_on.origin_of_numbers(order.autoencoder.card)
    lines = [
        (
            f"{order.out}: {counted(totals.n, 'image')} scored, "
            f"{totals.n_rejected:,} could not be read"
        ),
        (
            f"{totals.n_outliers:,} outliers ({share:.1%}): their error is above the "
            f"{totals.threshold:.6f} that {usual} stay below ({origin})"
        ),
    ]
    output.show(result, lines, order.as_json)
    if totals.n_not_finite:
        raise order.autoencoder.not_finite(totals.n_not_finite)


@contextlib.contextmanager
def _stopped(consequence: str) -> Iterator[None]:
    """Context that prints the consequence of Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"Stopped: {consequence}", err=True)
        raise


def _score_parts(order: _Order, shard_size: int) -> None:
    """Score this process's shards of a source of any length into parts."""
    from core.data.offered.names import printable
    from core.streaming import shards
    from core.streaming.in_parts import score_parts
    from core.streaming.pipeline import Job

    source = Path(order.source)
    if not source.exists():
        raise DataError(f"{str(source)!a} is not there: a FOLDER of parts needs files to read.")
    rank, size = (int(os.environ.get(name, one)) for name, one in (("RANK", 0), ("WORLD_SIZE", 1)))
    terms = shards.streaming_terms(order.encoding)
    found = shards.shards(source, shard_size, terms)
    job = Job(order.autoencoder, printable(str(source)), found, order.percentile)
    own = len(range(rank, len(found), size))
    parts: list[Done] = []
    with output.progress("score") as tell, _stopped("the same command continues from here."):
        for done in score_parts(job, order.out, rank, size):
            parts.append(done)
            if rank == 0:
                tell(len(parts), own)
    output.tell_guesses(guess.note for guess in terms.guesses)
    if rank == 0 or not order.as_json:
        _show_parts(order, parts, len(found))
    if n := sum(done.n_not_finite for done in parts):
        _tell_not_finite(order, n, alone=size == 1)


def _tell_not_finite(order: _Order, n: int, alone: bool) -> None:
    """Report images without a finite output; fail if alone, as torchrun would end the others."""
    error = order.autoencoder.not_finite(n)
    if alone:
        raise error
    click.echo(str(error), err=True)


def _show_parts(order: _Order, parts: "Sequence[Done]", n_shards: int) -> None:
    n_new, n = sum(done.fresh for done in parts), sum(done.n for done in parts)
    result = {
        "out": order.out,
        "n": n,
        "n_parts": len(parts),
        "n_new_parts": n_new,
        "n_shards": n_shards,
        "n_not_finite": sum(done.n_not_finite for done in parts),
    }
    share = f"{len(parts)} of {n_shards} parts by this process, {n_new} of them new"
    output.show(result, [f"{order.out}: {share}, {counted(n, 'row')}"], order.as_json)
