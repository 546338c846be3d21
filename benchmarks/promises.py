"""Promised against realised rates of false alarms, and how well each score finds outliers.

`python -m benchmarks.promises [--data-root DIR] [--photographs A.zip] [--surfaces B.zip]
[--picture FILE.svg]`. A is an archive of photographs by class, B one of surfaces, in folders `good`
and kinds of defect. What is not there is left out and named; see benchmarks/promise_sets.py.

Each image is scored once. For each seed half of the usual images, drawn anew, calibrate, and the
others are judged: realised is the share of them above the threshold. It has to lie in the interval
that holds it in 95 of 100 draws, both of the calibration images and of those judged (beta-binomial;
what ties only lowers it counts as held).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import click
import numpy as np
import scipy.stats

from benchmarks.promise_sets import Trial, joined, one_digit, trials
from core.anomaly import choosing, judging, rankings
from core.anomaly.calibration import Calibration, Scores, benjamini_hochberg
from core.anomaly.judging import References
from core.anomaly.scores import BY_NAME
from core.config import HourglassError
from core.data.named.held_out import held_out
from core.images.imagesets import ImageSet
from core.reports.charts import Axis, Chart, Series
from core.reports.svg import svg

RATES = (0.05, 0.01, 0.005)
FALSE_FINDS, PLANTED = 0.1, 0.1  # promised share of false finds; outliers among those judged
COVERAGE = 0.95
N_TIMED = 10_000


@dataclass(frozen=True)
class Result:
    """What one score made of one set.

    before: realised at RATES[1] with a threshold from the training images.  realised: (seeds,
    rates), nan where there are too few calibration images; held: whether within the interval.
    false_finds: (seeds,), the realised share.
    """

    before: float
    realised: Scores
    held: Scores
    false_finds: Scores
    auroc: float


def results(trial: Trial, seeds: int) -> dict[str, Result]:
    """A result a score."""
    known = References(trial.model, trial.train)
    usual, outliers = known.judge(trial.usual), known.judge(trial.outliers)
    found = {}
    for spec in judging.available(trial.train.labels is not None, trial.model.is_locator):
        of_usual, of_outliers = usual.score(spec.name), outliers.score(spec.name)
        drawn = [_drawn(of_usual, of_outliers, seed) for seed in range(seeds)]
        limit = np.quantile(known.distribution(spec.name), 1 - RATES[1])
        found[spec.name] = Result(
            before=float((of_usual > limit).mean()),
            realised=np.array([one[0] for one in drawn]),
            held=np.array([one[1] for one in drawn]),
            false_finds=np.array([one[2] for one in drawn]),
            auroc=_auroc(of_usual, of_outliers),
        )
    return found


def _drawn(usual: Scores, outliers: Scores, seed: int) -> tuple[list[float], list[float], float]:
    """Realised rates, whether each is held, and the share of false finds, of one seed."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(usual))
    half = len(order) // 2
    calibration, judged = Calibration.of(usual[order[:half]], ""), usual[order[half:]]
    rates, held = [], []
    for rate in RATES:
        enough = not calibration.too_few(rate)
        n = int((judged > calibration.threshold(rate)).sum()) if enough else 0
        rates.append(n / len(judged) if enough else float("nan"))
        held.append(_is_held(n, len(judged), calibration, rate) if enough else float("nan"))
    few = outliers[rng.permutation(len(outliers))[: max(1, round(PLANTED * len(judged)))]]
    flags = benjamini_hochberg(calibration.p_values(np.append(judged, few)), FALSE_FINDS)
    return rates, held, float(flags[: len(judged)].sum() / max(1, flags.sum()))


def _is_held(n: int, n_judged: int, calibration: Calibration, rate: float) -> float:
    """1 if n flagged of n_judged lie below the upper end of the interval, and, unless scores tie,
    above the lower one; else 0.
    """
    k = int(np.floor(rate * (calibration.n + 1) + 1e-9))
    law = scipy.stats.betabinom(n_judged, k, calibration.n + 1 - k)
    tail = (1 - COVERAGE) / 2
    ties = len(np.unique(calibration.scores)) < calibration.n
    low, high = law.ppf(tail), law.ppf(1 - tail)
    return float((ties or n >= low) and n <= high)


def _auroc(usual: Scores, outliers: Scores) -> float:
    truth = np.arange(len(usual) + len(outliers)) >= len(usual)
    return rankings.curves(np.append(usual, outliers), truth).auroc


def table(name: str, found: dict[str, Result]) -> Iterator[str]:
    """The rows of one set."""
    for score, one in found.items():
        cells = [_mean(one.realised[:, i]) for i in range(len(RATES))]
        held = one.held[~np.isnan(one.held)]
        share = f"{100 * held.mean():.0f} %" if len(held) else "-"
        yield (
            f"| {name} | {score} | {100 * one.before:.1f} | {' | '.join(cells)} | {share} "
            f"| {one.false_finds.mean():.3f} ± {half_width(one.false_finds):.3f} "
            f"| {one.auroc:.3f} |"
        )


def half_width(values: Scores) -> float:
    """Of the interval that has the mean over all splits in 95 of 100, as seen from these."""
    return float(1.96 * values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def _mean(values: Scores) -> str:
    """The mean in per cent, with the largest; "-" where there is none."""
    known = values[~np.isnan(values)]
    return f"{100 * known.mean():.2f} ({100 * known.max():.1f})" if len(known) else "too few"


def picture(found: dict[str, dict[str, Result]]) -> Chart:
    """Realised against promised rates: a dot for each set and score, the mean over the seeds."""
    colours = ("#0b6e99", "#c2410c", "#4d7c0f", "#7e22ce", "#b45309", "#be123c", "#0f766e",
               "#1d4ed8", "#a16207", "#57534e")  # fmt: skip
    promised = np.array(RATES)
    series = [Series("promised", promised, promised, "#808080", dash="dot")]
    for i, (name, results_of) in enumerate(found.items()):
        spread = promised * (1 + 0.03 * (i - len(found) / 2))  # side by side
        x = np.tile(spread, len(results_of))
        y = np.concatenate([_means(one.realised) for one in results_of.values()])
        colour = colours[i % len(colours)]
        series.append(Series(name, x, np.maximum(y, 1e-4), colour, kind="dots", size=4))
    return Chart(
        Axis("promised share of usual images", log=True),
        Axis("realised share, mean over the seeds", log=True),
        tuple(series),
        "Realised against promised rates of false alarms, a dot for each set and score",
    )


def _means(realised: Scores) -> Scores:
    """The mean of each rate over the seeds; nan where there are too few calibration images."""
    known = np.where(np.isnan(realised), 0, realised).sum(axis=0)
    n = (~np.isnan(realised)).sum(axis=0)
    return np.where(n > 0, known / np.maximum(n, 1), np.nan)


def default_of(trial: Trial, found: dict[str, Result]) -> str:
    """The score that planted outliers choose, beside what the true outliers say."""
    calibrating = trial.usual.take(np.arange(0, len(trial.usual), 2))
    chosen = choosing.known(trial.model.card) or choosing.choice(
        References(trial.model, trial.train, calibrating)
    )
    assert chosen is not None
    plain, network = (
        max((name for name in found if BY_NAME[name].baseline == which), key=_by_auroc(found))
        for which in (True, False)
    )
    cells = [f"{name} {found[name].auroc:.3f}" for name in (chosen.best, network, plain)]
    return f"{' | '.join(cells)} | {found[chosen.best].auroc - found[plain].auroc:+.3f}"


def _by_auroc(found: dict[str, Result]):  # type: ignore[no-untyped-def]
    return lambda name: found[name].auroc


def localised(trial: Trial) -> Iterator[str]:
    """Pixel-level AUROC of each map, on outliers whose defects are marked."""
    images = trial.outliers
    if images.masks is None or not images.masks.any():
        return
    known = References(trial.model, trial.train)
    x = images.pixels()
    for spec in judging.available(True, trial.model.is_locator):
        if spec.local is not None:
            value = rankings.pixel_auroc(spec.local(known.spaces, x), images.masks)
            yield f"{spec.name} {value:.3f}"


def one_against_the_rest() -> tuple[float, str, float, str]:
    """One digit class normal, mean of ten: the best score with the model and the best without."""
    sums: dict[str, float] = {}
    for digit in range(10):
        for name, one in results(one_digit(digit), 1).items():
            sums[name] = sums.get(name, 0.0) + one.auroc / 10
    first, other = (
        max((value, name) for name, value in sums.items() if BY_NAME[name].baseline == plain)
        for plain in (False, True)
    )
    return *first, *other


def seconds() -> Iterator[str]:
    """Seconds from pixels to scores for N_TIMED digits, of each score alone."""
    images = held_out("mnist-5k")
    assert images is not None
    rows = np.arange(N_TIMED) % len(images)
    many = joined([images.take(rows)])
    (_, trial), *_ = trials(None, None, None)
    assert isinstance(trial, Trial)
    known = References(trial.model, trial.train)
    for spec in judging.available(True):
        known.distribution(spec.name)
        yield f"| {spec.name} | {_seconds(known, many, spec.name):.2f} |"


def _seconds(known: References, images: ImageSet, name: str) -> float:
    return known.judge(images).seconds(name)


@click.command()
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder with MNIST.")
@click.option("--photographs", type=click.Path(path_type=Path), help="Archive with classes.")
@click.option("--surfaces", type=click.Path(path_type=Path), help="Archive with good and defects.")
@click.option("--seeds", default=20, show_default=True, help="Splits of each set.")
@click.option("--picture", "drawing", type=click.Path(path_type=Path), help="SVG of the rates.")
@click.option("--only", multiple=True, help="No other sets; by name.")
def main(
    data_root: Path | None,
    photographs: Path | None,
    surfaces: Path | None,
    seeds: int,
    drawing: Path | None,
    only: tuple[str, ...],
) -> None:
    """Print the tables."""
    found: dict[str, dict[str, Result]] = {}
    notes, left_out = [], []
    with TemporaryDirectory() as empty, mock.patch.dict("os.environ", HOURGLASS_HOME=empty):
        click.echo(_heading(seeds))
        for name, trial in trials(data_root, photographs, surfaces):
            if only and name not in only:
                continue
            if isinstance(trial, str):
                left_out.append(f"{name}: {trial}")
                continue
            found[name] = results(trial, seeds)
            for line in table(name, found[name]):
                click.echo(line)
            notes.append(f"| {name} | {default_of(trial, found[name])} |")
            if marked := list(localised(trial)):
                left_out.append(f"Pixel AUROC, {name}: {', '.join(marked)}.")
        _summary(found, notes, left_out)
        if not only:
            _further()
    if drawing is not None and found:
        drawing.write_text(svg(picture(found)), encoding="utf-8")


def _heading(seeds: int) -> str:
    rates = " | ".join(f"{100 * rate:g} % promised" for rate in RATES)
    columns = len(RATES) + 6
    return (
        f"Realised rates in %, mean (largest) over {seeds} splits. Before: at 1 % with a threshold "
        f"from the training images. False finds: promised {FALSE_FINDS:g}.\n\n"
        f"| set | score | before | {rates} | held | false finds | AUROC |\n{'|---' * columns}|"
    )


def _summary(found: dict[str, dict[str, Result]], notes: list[str], others: list[str]) -> None:
    every = [one for of in found.values() for one in of.values()]
    if every:
        held = np.concatenate([one.held.ravel() for one in every])
        held = held[~np.isnan(held)]
        most = max(every, key=lambda one: float(one.false_finds.mean()))
        finds, within = most.false_finds.mean(), half_width(most.false_finds)
        above = sum(
            one.false_finds.mean() - half_width(one.false_finds) > FALSE_FINDS for one in every
        )
        click.echo(
            f"\nHeld in {100 * held.mean():.1f} % of {len(held):,} sets x scores x seeds x rates "
            f"(must: 95 %). Largest mean share of false finds: {finds:.3f} "
            f"± {within:.3f} (must: 0.1); of {len(every):,} sets x scores {above:,} lie above with "
            "their whole interval."
        )
        click.echo("\n| set | default | best with the model | best without a network | "
                   "default less the latter |\n|---|---|---|---|---|")  # fmt: skip
        click.echo("\n".join(notes))
    for line in others:
        click.echo(f"\n{line}")


def _further() -> None:
    """One class normal, and times."""
    try:
        first, name, other, plain = one_against_the_rest()
    except HourglassError as error:
        click.echo(f"\nNot measured: one digit class normal: {error}")
        return
    click.echo(
        f"\nOne digit class normal, mean of ten: with the model (PCA) {name} {first:.3f}, without "
        f"a network {plain} {other:.3f}."
    )
    click.echo(f"\n| score | s for {N_TIMED:,} digits |\n|---|---|")
    for line in seconds():
        click.echo(line)


if __name__ == "__main__":
    main()
