"""`outliers`: how well each anomaly score finds known outliers."""

from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.cli import options, output
from core.text import counted

if TYPE_CHECKING:
    import pandas as pd

    from core.anomaly.crossfit import JudgedByOthers
    from core.anomaly.judging import Judged, Ranked
    from core.anomaly.rankings import Truth
    from core.anomaly.references import Load
    from core.anomaly.scores import Score
    from core.checkpoints import Card
    from core.data.named.planting import Experiment
    from core.images.imagesets import ImageSet
    from core.inference import Autoencoder


PART = 256  # images rebuilt at a time


@click.command(
    cls=options.Command, short_help="Measure how well anomaly scores find known outliers."
)
@options.checkpoint
@options.dataset
@options.split
@click.option(
    "--outlier-class",
    "outlier_classes",
    multiple=True,
    metavar="CLASS",
    help="Class whose images are the outliers; may be repeated.  [default: the classes "
    "the model was trained without, or the images that the data set marks]",
)
@click.option(
    "--plant",
    metavar="KIND|ID",
    help="Plant outliers instead: copies that are noise, cracked, stained, blurred, inverted, "
    "covered, pasted, scrambled, speckled, shuffled, turned, warped, enlarged, repeated, spliced, "
    "rephased or recoloured, or the test images of another set.",
)
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.1,
    show_default=True,
    help="Number of planted outliers for each image.",
)
@click.option(
    "--score",
    "name",
    metavar="NAME",
    help="The score that flags in --out and has its pixels compared with marked ones.  [default: "
    "the one that was chosen for the model on planted outliers, else mse]",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.01,
    show_default=True,
    help="At most this share of usual images is flagged.",
)
@click.option(
    "--networks",
    type=click.IntRange(2, 5),
    metavar="N",
    help="With --split all: train N networks (2 to 5) with the settings of CHECKPOINT, each "
    "without the part it judges, so that the scores of the network are there, too. The time is "
    "said first.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE.csv or FILE.parquet",
    help="Also write a table with a row for each image: every score, and what is conspicuous.",
)
@options.seed
@options.data_root
@options.as_json
def outliers(
    checkpoint: str,
    dataset: str | None,
    split: str | None,
    data_root: Path | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Compute all anomaly scores of the images of a data set, and compare with the known truth.

    Each score is fitted on the images the model was trained on, without labels. AUROC: the chance
    that an outlier scores above a usual image. AP: average precision. P@K: the share of outliers
    among the K highest scores, K being how many there are. SECONDS: from pixels to scores. FLAGGED
    USUAL: the share of usual images above the threshold that promises at most --rate, FOUND: of the
    outliers; the threshold is measured on usual images that the model was not trained on and that
    are not judged here.

    With --out outliers need not be known. The columns: id, source, label, is_outlier (where it is
    known), score_name, score, p_value, flagged, facts (dark, bright, nearly uniform, blurred,
    grainy, equal, almost equal, conflicting classes), and a column for each score by its name.

    --split all judges every image of the set, also those that the model was trained on, each image
    by what was fitted to others only: by the scores that need no network, and with --networks N by
    all.
    """
    from core.anomaly import line, references
    from core.checkpoints import trained_on
    from core.export import tables
    from core.images.parts import telling
    from core.inference import Autoencoder

    if given["out"] is not None:
        tables.check_path(given["out"])
    if given["networks"] and split != "all":
        raise click.UsageError("--networks N is for --split all: give both.")
    autoencoder = Autoencoder.load(checkpoint)
    card = autoencoder.card
    source = dataset or trained_on.required(card)
    if not options.is_own(options.source_id(source)):
        split = references.judged_split(card, options.source_id(source), split or "test")
    images = options.load_images(source, split, data_root, trained_on.preparation(card))
    experiment = _experiment(images, card, data_root, given)
    if card.warning:
        click.echo(card.warning, err=True)
    with output.stages() as tell, telling(tell):
        around = _Around(line.loader(data_root), data_root)
        asked = _Asked(given["name"], given["rate"], given["networks"] or 0)
        judge = _by_others if split == "all" else _found
        found = judge(autoencoder, experiment or images, around, asked)
        if given["out"] is not None:
            tables.save(_table(found), given["out"])
    _show(found, given["out"], as_json, given["seed"])


def _experiment(
    images: "ImageSet", card: "Card", data_root: Path | None, given: dict[str, Any]
) -> "Experiment | None":
    """What is known of the images; None if nothing is and only a table is asked for."""
    if given["plant"]:
        return _planted(images, card, data_root, given)
    return _known(images, card, given["outlier_classes"], given["out"] is not None)


@dataclass(frozen=True)
class _Around:
    """Where reference images come from.  load: gives a split of a data set from data_root."""

    load: "Load"
    data_root: Path | None


@dataclass(frozen=True)
class _Asked:
    """Which score flags (None: the chosen one), at what rate, and how many networks are trained."""

    name: str | None
    rate: float
    n_networks: int


@dataclass(frozen=True)
class _Row:
    """One score: how well it ranks (None where no outlier is known), its threshold, and what that
    flags (None without one).
    """

    name: str
    ranked: "Ranked | None"
    threshold: float | None = None
    flagged_usual: float | None = None
    found: float | None = None


@dataclass(frozen=True)
class _Found:
    """All that was measured.

    truth: (n,), None if no outlier is known; what: those in words.  name, why: the score that
    flags, and why that one.  pixels: AUROC of its map against marked pixels, None if none are.
    """

    judged: "Judged | JudgedByOthers"
    truth: "Truth | None"
    what: str
    rows: list[_Row]
    name: str
    why: str
    rate: float
    pixels: float | None


def _found(
    autoencoder: "Autoencoder",
    judging: "Experiment | ImageSet",
    around: _Around,
    asked: _Asked,
) -> _Found:
    from core.anomaly import references, scores
    from core.anomaly.judging import References, available
    from core.images.imagesets import ImageSet

    images = judging if isinstance(judging, ImageSet) else judging.images
    load, root = around.load, around.data_root
    usual = references.reference_images(autoencoder.card, images, root, load)
    calibrating = references.calibration_images(autoencoder.card, (images, usual), load)
    known = References(autoencoder, usual, calibrating)
    names = [one.name for one in available(usual.labels is not None, autoencoder.is_locator)]
    chosen, why = _chosen(autoencoder, load, asked.name, names)
    judged = known.judge(images)
    truth = None if isinstance(judging, ImageSet) else judging.is_outlier
    return _Found(
        judged=judged,
        truth=truth,
        what="" if isinstance(judging, ImageSet) else judging.what,
        rows=[_row(judged, one, truth, asked.rate) for one in names],
        name=chosen,
        why=why,
        rate=asked.rate,
        pixels=_pixel_auroc(judged, scores.score(chosen)),
    )


def _by_others(
    autoencoder: "Autoencoder",
    judging: "Experiment | ImageSet",
    around: _Around,
    asked: _Asked,
) -> _Found:
    """The scores of each image by what was fitted to others."""
    from core.anomaly.crossfit import JudgedByOthers
    from core.images.imagesets import ImageSet

    images = judging if isinstance(judging, ImageSet) else judging.images
    judged = JudgedByOthers(autoencoder, images, asked.n_networks)
    names = list(judged.names)
    chosen, why = _chosen(autoencoder, around.load, asked.name, names)
    _tell_time(autoencoder, len(images), asked.n_networks)
    truth = None if isinstance(judging, ImageSet) else judging.is_outlier
    return _Found(
        judged=judged,
        truth=truth,
        what="" if isinstance(judging, ImageSet) else judging.what,
        rows=[_row(judged, one, truth, asked.rate) for one in names],
        name=chosen,
        why=why,
        rate=asked.rate,
        pixels=None,
    )


def _tell_time(autoencoder: "Autoencoder", n: int, n_networks: int) -> None:
    """Say how long the networks will take, if some are trained."""
    from core.anomaly.crossfit import seconds_to_train

    if n_networks:
        seconds = seconds_to_train(autoencoder.card, n, n_networks)
        took = f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
        said = f"Training {n_networks} networks takes about {took} on a machine as fast as the one"
        click.echo(f"{said} that trained {autoencoder.card.name}.", err=True)


def _chosen(
    autoencoder: "Autoencoder", load: "Load", name: str | None, names: list[str]
) -> tuple[str, str]:
    """The score that flags, one of names, and why that one.  name: what was asked for."""
    from core.anomaly import choosing
    from core.config import OptionError

    if name is not None:
        if name not in names:
            raise OptionError(f"There is no score {name[:60]!r} here: choose {', '.join(names)}.")
        return name, "Asked for with --score."
    choice = choosing.at_first_look(autoencoder, load)
    if choice is not None and choice.best in names:
        return choice.best, choice.why()
    if "mse" in names:
        return "mse", choosing.WITHOUT_CHOICE
    known = [one for one in names if choice is not None and one in choice.auroc]
    if choice is None or not known:
        return names[0], "The first of those that need no network."
    return max(known, key=choice.mean), "Of those that need no network it finds most."


def _row(judged: "Judged | JudgedByOthers", name: str, truth: "Truth | None", rate: float) -> _Row:
    """How well a score finds the outliers, and what its threshold flags."""
    from core.anomaly import judging, thresholds

    values, took = judged.score(name), judged.seconds(name)
    ranked = None if truth is None else judging.ranking(name, values, truth, took)
    calibration = judged.calibration(name)
    if calibration is None:
        return _Row(name, ranked)
    threshold = thresholds.by_rate(calibration, rate)
    flags = threshold.flags(values)
    usual = flags if truth is None else flags[~truth]
    found = None if truth is None else float(flags[truth].mean())
    return _Row(
        name,
        ranked,
        threshold=threshold.value,
        flagged_usual=float(usual.mean()),
        found=found,
    )


def _table(found: _Found) -> "pd.DataFrame":
    """The table of --out; see outliers()."""
    import numpy as np
    import pandas as pd

    from core.anomaly import quality

    judged, images = found.judged, found.judged.images
    bounds = quality.usual(quality.measures(judged.usual_images))
    facts = np.column_stack(
        [quality.holding(quality.measures(images), bounds), quality.copies(images)]
    )
    scores = judged.score(found.name)
    calibration = judged.calibration(found.name)
    p = np.full(len(images), np.nan) if calibration is None else calibration.p_values(scores)
    (mine,) = (row for row in found.rows if row.name == found.name)
    flagged = np.zeros(len(images), bool) if mine.threshold is None else scores > mine.threshold
    columns: dict[str, object] = {
        "id": images.ids.tolist(),
        "source": images.id,
        "label": [images.label_name(i) for i in range(len(images))],
        **({} if found.truth is None else {"is_outlier": found.truth}),
        "score_name": found.name,
        "score": scores,
        "p_value": p,
        "flagged": pd.arrays.BooleanArray(flagged, np.full(len(images), mine.threshold is None)),
        "facts": [", ".join(quality.named(one)) for one in facts],
    }
    return pd.DataFrame(columns | {row.name: judged.score(row.name) for row in found.rows})


def _pixel_auroc(judged: "Judged", score: "Score") -> float | None:
    """How well a score's map, or the error map, finds the pixels that are marked as defects; None
    if none are marked.
    """
    import numpy as np

    from core.anomaly.rankings import pixel_auroc
    from core.anomaly.scores import map_of

    images, among = judged.images, judged.references.spaces
    masks = images.masks
    if masks is None or not masks.any() or masks.all():
        return None
    maps = np.empty(masks.shape, np.float32)
    for start in range(0, len(images), PART):
        x = images.pixels(slice(start, start + PART))
        maps[start : start + len(x)] = map_of(score, among, x)
    return pixel_auroc(maps, masks)


def _show(found: _Found, out: Path | None, as_json: bool, seed: int) -> None:
    images, truth = found.judged.images, found.truth
    card = found.judged.autoencoder.card
    result: dict[str, object] = {**options.about(card, images.id, images.split, seed)}
    result["n"] = len(images)
    name = found.judged.autoencoder.card.name
    lines = [f"{name} on {images.id} ({images.split}), {counted(len(images), 'image')}"]
    if truth is not None:
        result["n_outliers"] = int(truth.sum())
        lines.append(f"{int(truth.sum()):,} outliers: {found.what}")
    lines += [*_about(found), "", *_rows(found)]
    result |= {"score": found.name, "score_reason": found.why}
    result["scores"] = [_described(row) for row in found.rows]
    if found.pixels is not None:
        result["pixel_auroc"] = found.pixels
    if out is not None:
        result["out"] = out
        lines.append(f"{out}: {counted(len(images), 'row')}")
    output.show(result, lines, as_json)


def _about(found: _Found) -> list[str]:
    """What was compared with what, what is promised, and which score is taken."""
    from core.anomaly import calibration, references
    from core.anomaly.crossfit import JudgedByOthers

    if isinstance(found.judged, JudgedByOthers):
        return [found.judged.how(found.rate), f"{found.name}: {found.why}"]
    known = found.judged.references
    card, calibrating = known.spaces.autoencoder.card, known.calibrating
    promise = (
        f"at most {calibration.percent(found.rate)} of usual images promised, by "
        f"{references.name_of(calibrating.images)}"
        if calibrating
        else references.why_no_calibration(card)
    )
    about = [f"compared with {_named(known.images, card)}", promise, f"{found.name}: {found.why}"]
    if found.pixels is not None:
        about.append(f"its map against the marked pixels: AUROC {found.pixels:.3f}")
    return about


def _rows(found: _Found) -> list[str]:
    """The table of the scores as lines; the one that is taken has a mark."""
    marked = {row.name: f"{row.name} *" if row.name == found.name else row.name
              for row in found.rows}  # fmt: skip
    if found.truth is None:
        rows = [(marked[row.name], _percent(row.flagged_usual)) for row in found.rows]
        return output.table(("SCORE", "FLAGGED"), rows)
    head = ("SCORE", "AUROC", "AP", f"P@{int(found.truth.sum())}", "SECONDS", "FLAGGED USUAL",
            "FOUND")  # fmt: skip
    rows = [
        (marked[row.name], *astuple(row.ranked)[1:], *map(_percent, (row.flagged_usual, row.found)))
        for row in found.rows
        if row.ranked
    ]
    return output.table(head, rows)


def _described(row: _Row) -> dict[str, object]:
    """A score in JSON; without known outliers only what it flags."""
    if row.ranked is None:
        return {"name": row.name, "threshold": row.threshold, "flagged": row.flagged_usual}
    of_threshold = {
        "threshold": row.threshold, "flagged_usual": row.flagged_usual, "found": row.found
    }  # fmt: skip
    return asdict(row.ranked) | of_threshold


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _named(usual: "ImageSet", card: "Card") -> str:
    """The reference images in words, with the reason if they are not the training images."""
    from core.checkpoints import trained_on

    why = "" if trained_on.known(card) else " (what the model was trained on is not known here)"
    return f"{len(usual):,} {usual.split} images of {usual.id}{why}"


def _known(
    images: "ImageSet", card: "Card", classes: tuple[str, ...], may_be_unknown: bool
) -> "Experiment | None":
    """The experiment with the named outlier classes, or with outliers known otherwise; None if
    there are none, where that may be.
    """
    from core.config import OptionError
    from core.data.named import planting

    if not classes and (marked := planting.by_defects(images)):
        return marked
    classes = classes or tuple(c for c in card.excluded_classes if c in images.class_names)
    if classes:
        return planting.by_classes(images, classes)
    if may_be_unknown:
        return None
    raise OptionError(
        "Say which images are outliers: --outlier-class CLASS, or --plant noise to plant some; or "
        "write the scores with --out FILE.csv."
    )


def _planted(
    images: "ImageSet", card: "Card", data_root: Path | None, given: dict[str, Any]
) -> "Experiment":
    """The experiment with outliers planted among images of the model's known classes."""
    from core.data.named import planting
    from core.images.preparation import legacy

    plant, share, seed = given["plant"], given["share"], given["seed"]
    usual = planting.usual(images, card.excluded_classes)
    if plant in planting.CORRUPTIONS:
        return planting.by_corruption(usual, plant, share, seed)
    preparation = images.preparation or legacy(images.shape)
    others = options.load_images(plant, None, data_root, preparation)
    return planting.by_dataset(usual, others, share, seed)
