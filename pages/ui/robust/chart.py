"""The Robustness page's curves: from measurements to the chart over the slider, and to tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, assert_never

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.checkpoints import Card
from core.noise import KINDS, Kind
from core.reports.charts import Axis, Band, Dot, Series, Upright
from core.reports.charts import Chart as StillChart
from core.robustness import crossings
from core.robustness.crossings import Pair
from core.robustness.curves import Curve, Study
from pages.ui.components.sweep.chart import Chart, Line, numbers
from pages.ui.figures import theme
from pages.ui.figures.theme import Style

Numbers = npt.NDArray[np.float64]
FINE = np.linspace(0, 1, 101)  # where the curves are drawn
SHARE = 0.8  # of the images, in a band
AIR, DEEPEST = 1.3, 1e5  # of a logarithmic axis: above the greatest value, and below it at most
MARK = 9.0  # pixels, of the noise that a model was trained with
MARKED = "A large dot stands at the noise that a model was trained with."
ENDLESS = 100.0  # dB: nearer than that is drawn nowhere


BandKind = Literal["images", "draws", "none"]


@dataclass(frozen=True)
class CurveOptions:
    """Options for drawing curves.

    styles: of each model, by name.  kind: of the noise.  band: what it holds.  log:
    whether the axis of an MSE is logarithmic.
    """

    styles: Mapping[str, Style]
    kind: Kind
    band: BandKind
    log: bool


def chart(study: Study, cards: Sequence[Card], options: CurveOptions) -> Chart:
    """Curves with bands, trained noise and crossings.  cards: of the study's models."""
    shown = study.metric
    pairs = crossings.pairs(study.models, study.sigmas, shown)
    lines = [
        _line(study, curve, card, options) for curve, card in zip(study.models, cards, strict=True)
    ]
    unit = f", {shown.unit}" if shown.unit else ""
    nearer = "higher" if shown.higher_is_nearer else "lower"
    return Chart(
        numbers(FINE),
        (*lines, _reference(study)),
        dots=(*_between_models(study, pairs), *_with_noisy(study)),
        x_title=KINDS[options.kind].axis,
        y_title=f"{shown.title} against the clean image{unit} ({nearer} is nearer)",
        log=options.log and shown.name == "mse",
        from_zero=shown.name == "mse",
        digits=shown.digits,
        higher_is_nearer=shown.higher_is_nearer,
        points=_points(study.sigmas),
        label=f"{shown.title} against noise, a curve a model. {summary(study)}",
    )


def still(chart: Chart, sigma: float) -> StillChart:
    """The chart as a report has it, without a slider: it stands at sigma."""
    x, (low, high) = np.array(chart.x), _ends(chart)
    return StillChart(
        Axis(chart.x_title, low=0, high=1),
        Axis(chart.y_title, chart.log, low, high),
        tuple(series for one in chart.lines for series in _series(x, one)),
        chart.label,
        at=Upright(sigma, f"σ = {sigma:.2f}", theme.LIGHT["original"]),
        dots=chart.dots,
    )


def _ends(chart: Chart) -> tuple[float, float]:
    """Where the axis of errors begins and ends, as chart.js has it."""
    own = [value for one in chart.lines if not one.reference for value in _values_of(one)]
    values = [value for value in own if np.isfinite(value) and (value > 0 or not chart.log)]
    if not values:
        return 0.1, 1.0
    low, high = min(values), max(values)
    if chart.log:
        return max(low / AIR, high / DEEPEST), high * AIR
    air = 0.05 * ((high - low) or 1)
    return (0.0 if chart.from_zero else low - air), high + air


def _values_of(one: Line) -> tuple[float, ...]:
    return (*one.y, *one.low, *one.high)


def _series(x: Numbers, one: Line) -> Iterator[Series]:
    """A curve with its band, and a large dot at the noise that its model was trained with."""
    y, band = np.array(one.y), Band(np.array(one.low), np.array(one.high)) if one.low else None
    yield Series(one.name, x, y, one.colour, dash=one.dash, band=band, makes_room=not one.reference)
    if one.mark is not None:
        at = np.array([one.mark])
        yield Series(
            name="", x=at, y=np.interp(at, x, y), colour=one.colour, kind="dots", size=MARK
        )


def summary(study: Study) -> str:
    """Who is nearest to the original from where to where."""
    found = crossings.nearest([*study.models, study.noisy], study.sigmas, study.metric)
    return crossings.crossing_summary(found)


def sayings(study: Study) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Sentences: of the pairs that cross, of those that do not, and of each against the noise."""
    pairs = crossings.pairs(study.models, study.sigmas, study.metric)
    crossing = tuple(crossings.crossing_sentence(pair) for pair in pairs if pair.crossings)
    others = tuple(crossings.crossing_sentence(pair) for pair in pairs if not pair.crossings)
    return crossing, others, tuple(crossings.usefulness(pair) for pair in _against_noisy(study))


def means(study: Study) -> pd.DataFrame:
    """A row an amount of noise, a column a model: the means, and the noisy image's own."""
    curves = {curve.name: curve.mean for curve in (*study.models, study.noisy)}
    return pd.DataFrame({"sigma": study.sigmas, **curves})


def long_table(study: Study, constants: Mapping[str, str | int | float]) -> pd.DataFrame:
    """A row an amount of noise and a model: mean, band over images, least and greatest draw.

    constants: further columns, the same in every row.
    """
    parts = []
    for curve in (*study.models, study.noisy):
        low, high = curve.images_band(SHARE)
        least, greatest = curve.draws_band()
        parts.append(
            pd.DataFrame(
                {
                    "checkpoint": curve.name,
                    "sigma": study.sigmas,
                    "metric": study.metric.name,
                    "mean": curve.mean,
                    "images_10": low,
                    "images_90": high,
                    "least_draw": least,
                    "greatest_draw": greatest,
                }
            )
        )
    return pd.concat(parts, ignore_index=True).assign(**constants)


def _line(study: Study, curve: Curve, card: Card, options: CurveOptions) -> Line:
    trained, band = card.noise, _band(curve, options.band)
    style = options.styles[card.name]
    return Line(
        curve.name,
        _drawn(study, curve.mean),
        style.colour,
        style.dash,
        low=_drawn(study, band.low) if band else (),
        high=_drawn(study, band.high) if band else (),
        note=f"trained at σ {trained.sigma:g}" if trained else "",
        mark=trained.sigma if trained else None,
    )


def _band(curve: Curve, kind: BandKind) -> Band | None:
    match kind:
        case "images":
            return Band(*curve.images_band(SHARE))
        case "draws":
            return Band(*curve.draws_band())
        case "none":
            return None
        case _:
            assert_never(kind)


def _reference(study: Study) -> Line:
    y = np.array(_drawn(study, study.noisy.mean))
    if study.metric.unit == "dB":
        y[y > ENDLESS] = np.nan
    return Line(study.noisy.name, tuple(y.tolist()), theme.REFERENCE, "dot", reference=True)


def _between_models(study: Study, pairs: Sequence[Pair]) -> tuple[Dot, ...]:
    """The crossings of the models; those of one pair share a number and a sentence."""
    crossing = [pair for pair in pairs if pair.crossings]
    return tuple(
        Dot(c.sigma, _height(study, c.after, c.sigma), str(i), crossings.crossing_sentence(pair))
        for i, pair in enumerate(crossing, start=1)
        for c in pair.crossings
    )


def _with_noisy(study: Study) -> tuple[Dot, ...]:
    return tuple(
        Dot(c.sigma, _height(study, pair.first, c.sigma), "", crossings.usefulness(pair))
        for pair in _against_noisy(study)
        for c in pair.crossings
    )


def _against_noisy(study: Study) -> tuple[Pair, ...]:
    return tuple(
        crossings.compare(curve, study.noisy, study.sigmas, study.metric) for curve in study.models
    )


def _height(study: Study, name: str, sigma: float) -> float:
    curve = next(curve for curve in study.models if curve.name == name)
    return float(study.metric.between(study.sigmas, curve.mean, np.array([sigma]))[0])


def _points(sigmas: Sequence[float]) -> tuple[int, ...]:
    """Where in FINE the amounts are; none if they are too many to be seen apart."""
    return tuple(round(s * (len(FINE) - 1)) for s in sigmas) if len(sigmas) <= 21 else ()


def _drawn(study: Study, values: npt.NDArray[np.floating[Any]]) -> tuple[float, ...]:
    return numbers(
        study.metric.between(study.sigmas, np.asarray(values, np.float64), FINE).tolist()
    )
