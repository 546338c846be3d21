"""`score`: the reconstruction error of each image of a data set, folder or archive."""

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.cli import options, output
from core.config import DataError
from core.text import counted

if TYPE_CHECKING:
    from core.anomaly.foreign import Census
    from core.images.imagesets import ImageSet
    from core.inference import Autoencoder
    from core.streaming.in_parts import Done
    from core.streaming.pipeline import Totals
    from core.streaming.scoring import Line

BLOCK = 1024  # images of a data set, of which some are looked at
POLL = 0.2  # seconds between two looks for the parts of others
SHARD = 4096  # images of a folder or zip in a shard


@dataclass(frozen=True)
class _Order:
    """What is to be scored by what, and where to.

    why: why this score, in a sentence.  encoding: of names in an archive, see
    core.cli.options.name_encoding.
    """

    autoencoder: "Autoencoder"
    line: "Line"
    why: str
    source: str
    out: Path
    encoding: str
    as_json: bool
    census: "Census"


@click.command(cls=options.Command, short_help="Write the reconstruction error of each image.")
@options.checkpoint
@options.source
@options.out("FILE.csv, FILE.parquet or FOLDER")
@click.option(
    "--score",
    "name",
    metavar="NAME",
    help="How strangeness is measured: one of those that `outliers` lists.  [default: the one "
    "that was chosen for the model on planted outliers, else mse]",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="R",
    is_eager=True,  # so that --percentile finds it
    help="At most this share of usual images is flagged.  [default: 0.01]",
)
@click.option(
    "--percentile",
    type=click.FloatRange(0, 100),
    metavar="P",
    expose_value=False,
    callback=lambda context, _option, value: _as_rate(context, value),
    help="The same as a percentage that is not flagged: --rate (100 - P) / 100.",
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
    name: str | None,
    rate: float | None,
    shard_size: int,
    split: str | None,
    name_encoding: str,
    data_root: Path | None,
    as_json: bool,
) -> None:
    """Write a table with a row for each image of SOURCE: how strange it is to CHECKPOINT.

    The score is the one that was chosen for CHECKPOINT on planted outliers, unless --score names
    another; `outliers` shows how well each score found them.

    SOURCE is the ID of a data set, a folder, an archive or an image. The columns: id, source,
    label, score (higher = stranger), error (mean squared, pixels in [0, 1]), percentile among usual
    images, is_outlier, and reason where an image could not be read, or where the model's output is
    not finite; then the exit code is 2.

    The line between usual and strange is drawn on usual images that the model was not trained on,
    so that at most the share --rate of new usual images is flagged.

    SOURCE may be too large for the memory: images in a folder, in a .zip, or in .tar (WebDataset)
    or .parquet files, alone or in a folder, in their order. Several processes decode the images.
    With a FOLDER each shard becomes a part; existing parts are skipped, so that the same command
    continues after a failure. Under torchrun all processes share the work.
    """
    from core.export import tables
    from core.inference import Autoencoder

    model = Autoencoder.load(checkpoint)
    line, why = line_of(model, name, rate, data_root)
    order = _Order(
        autoencoder=model,
        line=line,
        why=why,
        source=source,
        out=out,
        encoding=name_encoding,
        as_json=as_json,
        census=_census(model, data_root),
    )
    if not out.suffix or out.is_dir():
        _score_parts(order, shard_size)
        return
    tables.check_path(out)
    source = options.source_id(source)
    if split in (None, "all") and options.is_own(source):
        _score_file(order, source)
    else:
        _score_set(order, split, data_root)


def _as_rate(context: click.Context, percentile: float | None) -> None:
    """Make --percentile P the --rate that it means; a usage error if both are given."""
    if percentile is None:
        return
    if context.params.get("rate") is not None:
        raise click.UsageError("--rate R and --percentile P say the same: give one of them.")
    context.params["rate"] = (100 - percentile) / 100


def line_of(
    model: "Autoencoder", name: str | None, rate: float | None, data_root: Path | None
) -> tuple["Line", str]:
    """The line between usual and strange, and why it is on this score."""
    from core.anomaly import line, thresholds
    from core.images.parts import telling

    rate = thresholds.DEFAULT_RATE if rate is None else rate
    load = line.loader(data_root)
    with output.stages() as tell, telling(tell):
        if name is None:
            return line.default_line(model, rate, load, data_root)
        return line.line(model, rate, name, load, data_root), "Asked for with --score."


def _census(model: "Autoencoder", data_root: Path | None) -> "Census":
    from core.anomaly import line
    from core.anomaly.foreign import Census, known_kind

    return Census(known_kind(model.card, line.loader(data_root), data_root))


def _tell_foreign(order: _Order) -> None:
    """Say so where model and images do not belong together, or some images do not."""
    if said := order.census.sentence(order.autoencoder.card.name):
        output.tell_warnings((said,))


def _tell_empty(order: _Order, n: int) -> None:
    """Say how many images have nothing to be seen in them."""
    from core.checkpoints import trained_on
    from core.images.preparation import words

    if n:
        how = words(trained_on.preparation(order.autoencoder.card))
        empty = counted(n, "image")
        said = f"{empty} of one colour once prepared ({how}), with nothing to be seen."
        output.tell_warnings((said,))


def _score_set(order: _Order, split: str | None, data_root: Path | None) -> None:
    """The images of a data set, which fit into the memory."""
    from core.anomaly import references
    from core.checkpoints import trained_on
    from core.export import tables
    from core.streaming import scoring
    from core.streaming.pipeline import Totals

    card = order.autoencoder.card
    if not options.is_own(options.source_id(order.source)):
        split = references.judged_split(card, options.source_id(order.source), split or "test")
    how = trained_on.preparation(card)
    images = options.load_images(order.source, split, data_root, how, order.encoding)
    _tell_mismatch(order, images)
    for start in range(0, len(images), BLOCK):
        order.census.look(images.images[start : start + BLOCK])
    with output.progress("score") as tell:
        scored = scoring.score(order.autoencoder, images, order.line, tell)
    tables.save(scored.table, order.out)
    totals = Totals()
    totals.add(scored.table)
    _show(order, totals)


def _score_file(order: _Order, name: str) -> None:
    """A folder or archive of any length, into one file.  name: folder:PATH, zip:PATH, file:PATH."""
    from core.data.offered.names import printable
    from core.streaming import shards
    from core.streaming.pipeline import Job, score_file

    terms = shards.streaming_terms(order.encoding)
    found = shards.shards(Path(name.partition(":")[2]), SHARD, terms)
    job = Job(order.autoencoder, printable(name), found, order.line, look=order.census.look)
    n = None if any(shard.n is None for shard in found) else sum(shard.n or 0 for shard in found)
    with output.progress("score") as tell, _stopped(f"{order.out} was not written."):
        totals = score_file(job, order.out, lambda done: tell(done, n))
    output.tell_guesses((*(guess.note for guess in terms.guesses), *terms.told))
    output.tell_rejected([totals.rejected] if totals.rejected else [], totals.n_rejected)
    _show(order, totals)


def _tell_mismatch(order: _Order, images: "ImageSet") -> None:
    """Say so where a set of a person's files was prepared otherwise than the model's images."""
    from core.checkpoints import trained_on
    from core.images.preparation import words

    card = order.autoencoder.card
    how, other = trained_on.preparation(card), images.preparation
    if trained_on.is_on_files(card) and other is not None and other != how:
        said = (
            f"{images.id} was prepared otherwise ({words(other)}) than what {card.name} was "
            f"trained on ({words(how)}): scores may tell more of that than of the images."
        )
        output.tell_warnings((said,))


def _show(order: _Order, totals: "Totals") -> None:
    result, lines = _described(order, totals)
    _tell_foreign(order)
    _tell_empty(order, totals.n_empty)
    output.show(result, lines, order.as_json)
    if totals.n_not_finite:
        raise order.autoencoder.not_finite(totals.n_not_finite)


def _described(order: _Order, totals: "Totals") -> tuple[dict[str, Any], list[str]]:
    """What was scored, as JSON and as lines for people."""
    import msgspec

    from core.checkpoints import trained_on
    from core.images.preparation import words

    line = order.line
    result = {
        **options.about(order.autoencoder.card, order.source),
        "out": order.out,
        "n": totals.n + totals.n_rejected + totals.n_not_finite,
        "n_scored": totals.n,
        "n_refused": totals.n_rejected,
        "n_not_finite": totals.n_not_finite,
        "score": line.score,
        "score_reason": order.why,
        "rate": line.rate,
        "threshold": line.threshold,
        "n_outliers": totals.n_outliers,
        "calibration": {"name": line.calibration, "n": len(line.usual)},
    }
    lines = [
        (
            f"{order.out}: {counted(totals.n, 'image')} scored, "
            f"{totals.n_rejected:,} could not be read"
        ),
        *(_of_the_line(order, totals) if totals.n else ()),
        *([warning] if (warning := order.autoencoder.card.warning) else []),
    ]
    card = order.autoencoder.card
    how = trained_on.preparation(card)
    if trained_on.is_on_files(card):
        lines.append(f"prepared as {card.dataset_title} was: {words(how)}")
    result["preparation"] = msgspec.to_builtins(how)
    result["foreign"] = order.census.as_json()
    return result, lines


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
    title = printable(str(source))
    job = Job(order.autoencoder, title, found, order.line, look=order.census.look)
    own = len(range(rank, len(found), size))
    parts: list[Done] = []
    with output.progress("score") as tell, _stopped("the same command continues from here."):
        for done in score_parts(job, order.out, rank, size):
            parts.append(done)
            if rank == 0:
                tell(len(parts), own)
    output.tell_guesses((*(guess.note for guess in terms.guesses), *terms.told))
    _tell_foreign(order)
    _tell_empty(order, sum(done.n_empty for done in parts))
    if rank == 0 and "TORCHELASTIC_RUN_ID" in os.environ:
        _wait_for_parts(order.out, len(found))
    if rank == 0 or not order.as_json:
        _show_parts(order, parts, len(found))
    if n := sum(done.n_not_finite for done in parts):
        _tell_not_finite(order, n, alone=size == 1)


def _of_the_line(order: _Order, totals: "Totals") -> list[str]:
    line, share = order.line, totals.n_outliers / totals.n
    return [
        f"{totals.n_outliers:,} outliers ({share:.1%}): {line.score} above {line.threshold:.6g},",
        line.how,
        f"{line.score}: {order.why}",
    ]


def _wait_for_parts(out: Path, n_shards: int) -> None:
    """Wait until the other processes have written theirs; if one fails, torchrun ends us."""
    from core.streaming.in_parts import part_path

    while not all(part_path(out, i, n_shards).exists() for i in range(n_shards)):
        time.sleep(POLL)


def _tell_not_finite(order: _Order, n: int, alone: bool) -> None:
    """Report images without a finite output; fail if alone, as torchrun would end the others."""
    error = order.autoencoder.not_finite(n)
    if alone:
        raise error
    click.echo(str(error), err=True)


def _show_parts(order: _Order, parts: "Sequence[Done]", n_shards: int) -> None:
    """Print the totals of all parts in the folder, whichever process has written them."""
    from core.streaming.in_parts import totals_of_parts

    totals, n_there = totals_of_parts(order.out, n_shards)
    result, lines = _described(order, totals)
    n_new = sum(done.fresh for done in parts)
    result |= {"n_parts": n_there, "n_new_parts": n_new, "n_shards": n_shards}
    share = f"{n_there} of {n_shards} parts are there, {n_new} of them new by this process"
    output.show(result, [f"{order.out}: {share}", *lines], order.as_json)
