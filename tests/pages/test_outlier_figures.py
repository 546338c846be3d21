"""The Outliers page's figures and brush: what they count, and where."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.anomaly.rankings import curves, roc_band
from core.anomaly.scores import score
from pages.ui.figures.colouring import Groups
from pages.ui.outliers import brush as outlier_brush
from pages.ui.outliers import classes as outlier_classes
from pages.ui.outliers import curves as outlier_curves
from pages.ui.outliers import histogram as outlier_histogram
from pages.ui.outliers import region as outlier_region
from pages.ui.outliers.classes import Stack
from pages.ui.outliers.histogram import AxisStyle, Drawn
from tests.pages.many_classes import LETTERS, SIGNS

RNG = np.random.default_rng(0)
scores, usual = RNG.gamma(2.0, size=500), RNG.gamma(2.0, size=300)
NONE = np.empty(0)
PLAIN = AxisStyle(log_counts=False, log_scores=False, dark=False)


def bars(figure: object) -> list:
    return [trace for trace in figure.data if trace.type == "bar"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("value", [0.0, 2.5, 1e9])
def test_histogram_counts_every_image_once_on_its_side_of_the_threshold(
    value: float, log: bool
) -> None:
    style = AxisStyle(log_counts=False, log_scores=log, dark=True)
    kept, flagged = bars(
        outlier_histogram.histogram(Drawn(scores, usual, NONE), value, score("mse"), style)
    )
    assert sum(kept.y) == (scores <= value).sum()
    assert sum(flagged.y) == (scores > value).sum()
    for trace, side in ((kept, scores <= value), (flagged, scores > value)):
        for (low, high), n in zip(trace.customdata, trace.y, strict=True):
            inside = side & (scores >= low) & (scores <= high)
            assert n == inside.sum()


def test_histogram_by_class_counts_the_images_of_each() -> None:
    labels = np.arange(500) % 3
    stack = Groups("class", ("a", "<b>", "c"), labels)
    drawn = bars(
        outlier_histogram.histogram(Drawn(scores, usual, NONE, stack), 2.5, score("mse"), PLAIN)
    )
    assert [sum(trace.y) for trace in drawn] == [(labels == i).sum() for i in range(3)]
    assert "&lt;b&gt;" in drawn[1].name


def letters(n: int = 500) -> Groups:
    return Groups("class", LETTERS, np.arange(n) % 62)


@pytest.mark.parametrize("log", [False, True])
def test_no_bars_stand_on_each_other_on_a_logarithmic_axis(log: bool) -> None:
    style = AxisStyle(log_counts=log, log_scores=False, dark=False)
    for classes in (None, letters()):
        figure = outlier_histogram.histogram(
            Drawn(scores, usual, NONE, classes), 2.5, score("mse"), style
        )
        assert figure.layout.yaxis.type == ("log" if log else "linear")
        stacked = figure.layout.barmode == "stack" and len(bars(figure)) > 1
        assert stacked == (classes is not None and not log)
        lines = [trace for trace in figure.data if "images" in str(trace.hovertemplate)]
        assert len(lines) == (2 if classes is None else 11)


def test_classes_on_a_logarithmic_axis_are_lines_of_their_counts() -> None:
    style = AxisStyle(log_counts=True, log_scores=False, dark=False)
    classes = letters()
    figure = outlier_histogram.histogram(
        Drawn(scores, usual, NONE, classes), 2.5, score("mse"), style
    )
    for trace, part in zip(figure.data, classes.parts, strict=False):
        assert np.nansum(trace.y) / 2 == part.members.sum()
        assert np.nanmin(trace.y) >= 1
        assert (trace.line.color, trace.line.dash) == (part.style.colour, part.style.dash)


@pytest.mark.parametrize("n", [10, 10_000])
@pytest.mark.parametrize("log", [False, True])
def test_axis_of_counts_has_whole_numbers_and_shows_a_single_image(n: int, log: bool) -> None:
    some = RNG.gamma(2.0, size=n)
    style = AxisStyle(log_counts=log, log_scores=False, dark=False)
    figure = outlier_histogram.histogram(Drawn(some, usual, NONE), 4.0, score("mse"), style)
    assert 12 <= len(bars(figure)[0].x) <= 61
    axis = figure.layout.yaxis
    if log:
        assert 10 ** axis.range[0] < 1 < max(bars(figure)[0].y) < 10 ** axis.range[1]
        assert 2 <= len(axis.tickvals) <= 12
    elif n == 10:
        assert axis.dtick == 1


def test_threshold_near_the_right_edge_is_written_to_its_left() -> None:
    figure = outlier_histogram.histogram(
        Drawn(scores, usual, NONE), scores.max() * 0.95, score("mse"), PLAIN
    )
    assert figure.layout.annotations[0].xanchor == "right"


@pytest.mark.parametrize("n", [2, 43, 500])
def test_class_spread_grows_with_the_classes_and_names_each_once(n: int) -> None:
    names = tuple(f"{SIGNS[i % 43]} {i}" for i in range(n))
    stack = Stack(np.arange(1_000) % n, names)
    figure = outlier_classes.class_spread(RNG.random(1_000), stack, "unit", 0.5)
    assert figure.layout.height >= 20 * n
    assert len(set(figure.layout.yaxis.ticktext)) == n
    assert max(map(len, figure.layout.yaxis.ticktext)) <= 24
    assert len(figure.data[0].median) == n


def test_selected_images_are_marked_where_they_lie() -> None:
    drawn = Drawn(scores, usual, scores[:7])
    figure = outlier_histogram.histogram(drawn, 2.5, score("mse"), PLAIN)
    (ticks,) = [trace for trace in figure.data if "selected (7)" in str(trace.name)]
    np.testing.assert_allclose(ticks.x, scores[:7], rtol=1e-6)


def test_histogram_of_equal_scores_and_of_zeros_can_be_drawn() -> None:
    for same in (np.zeros(5), np.full(5, 3.0)):
        figure = outlier_histogram.histogram(Drawn(same, same, NONE), 3.0, score("mse"), PLAIN)
        assert sum(sum(trace.y) for trace in bars(figure)) == 5
    assert not outlier_histogram.can_be_log(np.zeros(5), usual)


def test_brushed_box_selects_the_scores_inside_it() -> None:
    ranges = outlier_brush.ranges_of({"box": [{"x": [3.0, 1.0], "y": [0, 9]}], "points": [{}]})
    assert ranges == [(1.0, 3.0)]
    inside = outlier_brush.within(scores, ranges)
    assert (inside == ((scores >= 1) & (scores <= 3))).all()


def test_clicked_bars_select_their_own_ranges_and_nothing_selects_nothing() -> None:
    clicked = {"box": [], "points": [{"customdata": [0.0, 0.5]}, {"customdata": [2.0, 2.5]}]}
    assert outlier_brush.ranges_of(clicked) == [(0.0, 0.5), (2.0, 2.5)]
    assert not outlier_brush.within(scores, outlier_brush.ranges_of({})).any()


def test_curve_drawn_with_few_points_keeps_its_ends() -> None:
    truth = np.arange(5000) % 7 == 0
    outcome = curves(RNG.random(5000), truth)
    drawn = outlier_curves.styles(["x"], "x", ())
    for figure in (
        outlier_curves.roc({"x": outcome}, drawn),
        outlier_curves.precision_recall({"x": outcome}, drawn, 0.1),
    ):
        line = figure.series[-1]
        assert len(line.x) <= outlier_curves.MOST_POINTS
        assert line.x[-1] == 1


def test_band_of_a_curve_is_an_area_around_it_and_not_in_the_legend() -> None:
    truth = np.arange(500) % 7 == 0
    outcome = curves(scores, truth)
    banded = outlier_curves.Banded("x", roc_band(outcome, int(truth.sum()), int((~truth).sum())))
    figure = outlier_curves.roc({"x": outcome}, outlier_curves.styles(["x"], "x", ()), banded)
    (band,) = (one.band for one in figure.series if one.band)
    assert (band.low <= band.high).all()
    assert [one.name for one in figure.series] == ["guessing", "", "x"]


@given(st.lists(st.text(min_size=1), min_size=1, max_size=20, unique=True))
def test_styles_of_up_to_twenty_curves_are_all_different(names: list[str]) -> None:
    outcome = outlier_curves.styles(names, names[0], names[3:5])
    assert list(outcome) == names
    assert len({(style.colour, style.dash) for style in outcome.values()}) == len(names)
    assert outcome[names[0]].width > max([s.width for s in list(outcome.values())[1:]], default=0)


def test_rectangle_to_ignore_is_where_it_is_asked_for() -> None:
    mask = outlier_region.rectangle((20, 40), (10, 50), (0, 25))
    assert mask.sum() == 8 * 10
    assert mask[2:10, :10].all()
    assert not outlier_region.rectangle((20, 40), (30, 30), (0, 100)).any()
