"""`import`: a folder or archive of images becomes a named data set, after a look at what is odd."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.cli import options, output
from core.text import counted

if TYPE_CHECKING:
    from core.data.own.draft import Draft

MANNERS = ("crop", "pad", "digit")
ODD = ("equal", "near", "small", "none")


@click.command("import", cls=options.Command, short_help="Make a data set of a folder or archive.")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--name", required=True, help="What it will be called: own:NAME.")
@click.option("--size", type=int, default=64, show_default=True, help="Pixels a side, 16 to 512.")
@click.option("--grey", is_flag=True, help="Drop the colours.")
@click.option(
    "--manner",
    type=click.Choice(MANNERS),
    default="crop",
    show_default=True,
    help="Cut the middle out, fill up the edges, or centre handwriting as in MNIST.",
)
@click.option(
    "--test-share",
    type=click.FloatRange(0.01, 0.9),
    default=0.2,
    show_default=True,
    help="Share of the images that is kept for testing.",
)
@click.option(
    "--leave-out",
    type=click.Choice(ODD),
    multiple=True,
    default=("equal",),
    show_default=True,
    help="Images that equal or almost equal another, or have less than half of --size.",
)
@click.option("--only-report", is_flag=True, help="Say what is odd and make nothing.")
@options.name_encoding
@options.seed
@options.as_json
def take(
    source: Path,
    name: str,
    only_report: bool,
    name_encoding: str,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Make the images in SOURCE, a folder or an archive, a data set called own:NAME.

    Every image is read once, brought to one size and compared with the others; files that cannot be
    read, equal, almost equal and very small images are counted first. Images that are almost equal
    fall into the same part, train or test. An archive is a .zip, .tar, .tar.gz or .parquet file of
    at most 20,000 files and 1 GB.
    """
    from core.data.offered.gate import Terms, at_path
    from core.data.offered.names import printable
    from core.data.own import make_set
    from core.data.own.draft import Form
    from core.data.own.import_images import gather

    equal, near, small = (odd not in chosen["leave_out"] for odd in ODD[:3])
    keeping = make_set.Keeping(equal, near, small, chosen["test_share"], chosen["seed"])
    make_set.check_free(name)
    form = Form((chosen["size"],) * 2, 1 if chosen["grey"] else 3, chosen["manner"])
    offers = at_path(source, Terms(encoding=name_encoding))
    with output.progress("read") as tell:
        draft = gather(offers, form, printable(source.name), tell)
    try:
        output.tell_guesses(draft.notes)
        output.tell_rejected(draft.rejected)
        result, lines = _report(draft)
        if not only_report:
            with output.progress("write") as tell:
                own = make_set.make(draft, name, keeping, tell)
            result |= {"id": own.id, "n_train": own.n_train, "n_test": own.n_test}
            lines.append(
                f"{own.id}: {counted(own.n_train, 'image')} to train, {own.n_test:,} to test"
            )
        output.show(result, lines, as_json)
    finally:
        draft.discard()


def _report(draft: "Draft") -> tuple[dict[str, object], list[str]]:
    counts = {
        "n_offered": draft.n_offered,
        "n_read": len(draft),
        "n_rejected": len(draft.rejected),
        "n_equal": int(draft.repeats().sum()),
        "n_near": int(draft.near_repeats().sum()),
        "n_small": int(draft.small().sum()),
    }
    line = (
        "{n_offered:,} files: {n_read:,} images, {n_rejected:,} that could not be read; {n_equal:,}"
        " equal an earlier one, {n_near:,} almost equal one, {n_small:,} are very small"
    ).format(**counts)
    return dict(counts), [line]
