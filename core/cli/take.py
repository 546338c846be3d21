"""`import`: a folder or archive of images becomes a named data set, after a look at what is odd."""

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from core.cli import options, output
from core.text import counted, listed

if TYPE_CHECKING:
    from core.data.own.draft import Draft, Values
    from core.data.own.make_set import Planned

MANNERS = ("crop", "pad", "stretch", "digit")
GROUNDS = {"white": (255, 255, 255), "black": (0, 0, 0), "grey": (128, 128, 128)}
MOST_CLASSES = 8  # that are named
ODD = ("equal", "near", "small", "conflicting", "across", "empty", "pages", "none")


@click.command("import", cls=options.Command, short_help="Make a data set of a folder or archive.")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--name", required=True, help="What it will be called: own:NAME.")
@click.option(
    "--size",
    default="64",
    show_default=True,
    callback=lambda _context, _option, value: _size(value),
    metavar="S or HxW",
    help="Pixels a side, or height x width, each 16 to 512.",
)
@click.option("--grey", is_flag=True, help="Drop the colours.")
@click.option(
    "--manner",
    type=click.Choice(MANNERS),
    default="crop",
    show_default=True,
    help="Cut the middle out, fill up the edges, stretch, or centre handwriting as in MNIST.",
)
@click.option(
    "--range",
    "values",
    default="set",
    show_default=True,
    callback=lambda _context, _option, value: _values(value),
    metavar="file|set|LOW:HIGH",
    help="What is black and white in files of more than 8 bits: each file's own range, one for all "
    "of them, or these two numbers.",
)
@click.option(
    "--ground",
    default="auto",
    show_default=True,
    callback=lambda _context, _option, value: _ground(value),
    metavar="auto|white|black|grey|#RRGGBB",
    help="The colour under transparent parts; auto: the one on which the most is left.",
)
@click.option(
    "--resampling",
    type=click.Choice(("bicubic", "area", "nearest")),
    default="bicubic",
    show_default=True,
    help="How pictures are resized; nearest keeps the hard pixels of drawn sprites.",
)
@click.option(
    "--test-share",
    type=click.FloatRange(0.01, 0.9),
    default=0.2,
    show_default=True,
    help="Share of the images that is kept for testing.",
)
@click.option(
    "--layout",
    type=click.Choice(("auto", "flat", "classes", "splits", "defects")),
    default="auto",
    show_default=True,
    help="What folders say: nothing, a class each, train/val/test, or train/good, test/KIND and "
    "ground_truth/KIND.",
)
@click.option(
    "--labels",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A table that says which class each file has.  [default: one that comes with the images]",
)
@click.option(
    "--group-by",
    default="",
    metavar="REGEX",
    help="Images in whose names it finds the same stay in one part.",
)
@click.option(
    "--outlier-class",
    "outlier_classes",
    multiple=True,
    metavar="CLASS",
    help="All images of this class are outliers: tested on, never trained on.",
)
@click.option(
    "--leave-out",
    type=click.Choice(ODD),
    multiple=True,
    default=("equal",),
    show_default=True,
    help="Images that equal or almost equal another, have less than half of --size, stand under "
    "two classes, are for training and almost equal one of another part, are of one colour, or are "
    "the first of several in their file.",
)
@click.option("--only-report", is_flag=True, help="Say what is odd and make nothing.")
@options.name_encoding
@options.seed
@options.as_json
def take(
    source: Path,
    name: str,
    only_report: bool,
    labels: Path | None,
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
    from core.data.own import make_set, warn
    from core.data.own.draft import Form
    from core.data.own.import_images import gather
    from core.data.own.layouts import Sheet

    kept = {odd: odd not in chosen["leave_out"] for odd in ODD}
    keeping = make_set.Keeping(
        repeats=kept["equal"],
        near_repeats=kept["near"],
        small=kept["small"],
        conflicting=kept["conflicting"],
        across=kept["across"],
        empty=kept["empty"],
        pages=kept["pages"],
        test_share=chosen["test_share"],
        seed=chosen["seed"],
        layout=chosen["layout"].replace("auto", ""),
        group_by=chosen["group_by"],
        outlier_classes=chosen["outlier_classes"],
    )
    make_set.check_free(name)
    form = Form(
        size=chosen["size"],
        channels=1 if chosen["grey"] else 3,
        manner=chosen["manner"],
        values=chosen["values"],
        ground=chosen["ground"],
        resampling=chosen["resampling"],
    )
    offers = at_path(source, Terms(encoding=name_encoding))
    with output.progress("read") as tell:
        draft = gather(offers, form, printable(source.name), tell)
    if labels is not None:
        named = Sheet(name=printable(labels.name), content=labels.read_bytes())
        draft = replace(draft, sheets=(named, *draft.sheets))
    try:
        output.tell_guesses(draft.notes)
        output.tell_rejected(draft.rejected)
        planned = make_set.plan(draft, keeping)
        result, lines = _report(draft, planned)
        output.tell_warnings(
            f"{one.sentence.removesuffix('.')} ({one.option})." for one in warn.findings(draft)
        )
        output.tell_warnings(planned.warnings)
        if not only_report:
            with output.progress("write") as tell:
                own = make_set.make(draft, name, keeping, tell)
            result |= {"name": own.name, "id": own.id}
            lines.append(
                f"{own.id}: {counted(own.n_train, 'image')} to train, {own.n_calibration:,} to "
                f"calibrate, {own.n_test:,} to test"
            )
        output.show(result, lines, as_json)
    finally:
        draft.discard()


def _size(text: str) -> tuple[int, int]:
    """S or HxW as (H, W)."""
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() and len(side) < 9 for side in sides):
        raise click.BadParameter("give the pixels a side, as 64, or height x width, as 48x64.")
    return int(sides[0]), int(sides[-1])


def _values(text: str) -> "Values":
    if text == "file":
        return "file"
    if text == "set":
        return "set"
    low, _, high = text.partition(":")
    try:
        return float(low), float(high)
    except ValueError:
        raise click.BadParameter("give file, set, or two numbers as 0:4095.") from None


def _ground(text: str) -> tuple[int, int, int] | None:
    if text in ("auto", *GROUNDS):
        return GROUNDS.get(text)
    if re.fullmatch("#[0-9a-fA-F]{6}", text) is None:
        raise click.BadParameter("give auto, white, black, grey, or a colour as #20c0ff.")
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _report(draft: "Draft", planned: "Planned") -> tuple[dict[str, object], list[str]]:
    from core.data.own import layouts, warn
    from core.images.preparation import words

    is_mask = planned.arrangement.is_mask
    counts = {
        "n_offered": draft.n_offered,
        "n_read": int((~is_mask).sum()),
        "n_rejected": len(draft.rejected),
        "n_equal": int(draft.repeats().sum()),
        "n_near": int(draft.near_repeats().sum()),
        "n_small": int((draft.small() & ~is_mask).sum()),
        "n_masks": int(is_mask.sum()),
    }
    masks = f" and {counted(counts['n_masks'], 'mask')} of defects" if counts["n_masks"] else ""
    line = (
        "{n_offered:,} files: {n_read:,} images" + masks + ", {n_rejected:,} that could not be "
        "read; {n_equal:,} equal an earlier one, {n_near:,} almost equal one, {n_small:,} are "
        "very small"
    ).format(**counts)
    laid = planned.arrangement
    parts, (_, class_names) = planned.parts, planned.labels()
    by = f", classes from {laid.table}" if laid.table else ""
    named = listed(class_names, MOST_CLASSES)
    of_classes = [f"{counted(len(class_names), 'class', 'classes')}: {named}"] if named else []
    lines = [
        line,
        f"prepared: {words(draft.preparation)}",
        f"laid out as {layouts.TITLES[laid.layout]}{by}",
        *of_classes,
    ]
    found = [finding.sentence for finding in warn.findings(draft)]
    return {
        **counts,
        "n": len(planned.kept),
        "n_train": len(parts.train),
        "n_calibration": len(parts.calibration),
        "n_test": len(parts.test),
        "classes": list(class_names),
        "n_refused": len(draft.rejected) + len(planned.left_out),
        "layout": laid.layout,
        "outlier_classes": list(planned.outlier_classes),
        "preparation": msgspec.to_builtins(draft.preparation),
        "warnings": [*draft.notes, *found, *planned.warnings],
    }, lines
