"""`find`: from a folder to its odd ones, without a model and without a question."""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.cli import options, output
from core.text import counted

if TYPE_CHECKING:
    from core.anomaly.find_source import FoundOdd, Team

SHARD = 4096  # images of a folder or zip that are read one after the other
SHOWN = 10  # images that are printed


@click.command(cls=options.Command, short_help="List the images of a folder, the strangest first.")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@options.out("FILE.csv or FILE.parquet")
@click.option(
    "--rate",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.01,
    show_default=True,
    metavar="R",
    help="At most this share of usual images is flagged.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0, 10_000, min_open=True),
    metavar="M",
    help="Train a network on the images within this time; it ranks them if it finds more of what "
    "is planted.",
)
@options.name_encoding
@options.as_json
def find(
    source: Path,
    out: Path,
    rate: float,
    minutes: float | None,
    name_encoding: str,
    as_json: bool,
) -> None:
    """Write a table with a row for each image in SOURCE, a folder or an archive: the strangest
    first.

    Nothing needs to be known of the images and no model is needed: each is judged by what was
    fitted to the others only, by outlines, colours, textures, spots and likeness; outliers planted
    among the images decide which score ranks them. The columns: rank, id, score (typical deviations
    above usual), is_outlier, facts (of one colour, dark, blurred, noisy, torn, equal to ..., and
    others) and reason: what is strange, or why a file could not be read.

    An image is flagged if it is above the threshold for --rate, or if it is plainly odd by a fact.
    At least 20 images; of more than 4,000 a sample is judged first and the rest by what it taught,
    so that memory hardly grows. Under torchrun all processes share the rest, on machines with a
    common folder for --out.
    """
    from core.anomaly import find_source
    from core.export import tables
    from core.images.parts import telling
    from core.streaming import shards

    tables.check_path(out)
    terms = shards.streaming_terms(name_encoding)
    found_shards = shards.shards(source, SHARD, terms)
    team = _team(out, f"{source} {rate} {minutes} {name_encoding}")
    with output.stages() as tell, telling(tell), _folder_of(team):
        found = find_source.find(found_shards, rate, minutes or 0, team)
    if found is None:
        return
    output.tell_guesses((*(guess.note for guess in terms.guesses), *terms.told))
    tables.save(found.table, out)
    _show(found, out, as_json)


def _team(out: Path, job: str) -> "Team":
    """The processes that torchrun has started, each of which runs this command."""
    from core.anomaly.find_source import Team

    rank, size = (int(os.environ.get(name, one)) for name, one in (("RANK", 0), ("WORLD_SIZE", 1)))
    started = [os.environ.get(name, "") for name in ("TORCHELASTIC_RUN_ID", "MASTER_PORT")]
    digest = hashlib.sha256(repr((job, size, started)).encode()).hexdigest()[:12]
    return Team(rank, size, out.absolute().parent / f".{out.name}.{digest}")


@contextlib.contextmanager
def _folder_of(team: "Team") -> Iterator[None]:
    """The folder in which processes leave each other their rows; removed when rank 0 has them."""
    if team.size > 1:
        team.folder.mkdir(parents=True, exist_ok=True)
    yield
    if team.size > 1 and team.rank == 0:
        shutil.rmtree(team.folder, ignore_errors=True)


def _show(found: "FoundOdd", out: Path, as_json: bool) -> None:
    from core.images.preparation import words

    n, ranking = len(found.table) - found.n_refused, found.ranking
    result = {
        "out": out,
        "n": len(found.table),
        "n_refused": found.n_refused,
        "n_flagged": found.n_flagged,
        "score": ranking.score,
        "seconds_first": round(found.seconds_first, 3),
        "seconds": round(found.seconds, 3),
        "planted": dict(ranking.planted),
    }
    rows = found.table.head(min(SHOWN, n))
    why = rows["facts"].where(rows["facts"] != "", rows["reason"])
    lines = [
        (
            f"{out}: {counted(n, 'image')}, {found.n_refused:,} files could not be read; "
            f"{found.n_flagged:,} flagged ({ranking.title()})"
        ),
        ranking.why(),
        f"Threshold {found.threshold}.",
        f"prepared: {words(found.how)}",
        "",
        *output.table(
            ("RANK", "SCORE", "ID", "WHY"),
            [
                (i + 1, *row)
                for i, row in enumerate(zip(rows["score"], rows["id"], why, strict=True))
            ],
        ),
    ]
    output.show(result, lines, as_json)
