"""Charts as SVG."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reports import svg
from core.reports.svg import Chart, Series

NS = "{http://www.w3.org/2000/svg}"
X = np.array([0.0, 1.0, 2.0, 3.0])


def drawn(*series: Series, **more: object) -> ElementTree.Element:
    return ElementTree.fromstring(svg.svg(Chart("x", "y", series, "a chart", **more)))  # type: ignore[arg-type]


def path_of(root: ElementTree.Element, colour: str) -> str:
    return next(p.get("d", "") for p in root.iter(f"{NS}path") if p.get("stroke") == colour)


def texts(root: ElementTree.Element) -> list[str]:
    return [one.text or "" for one in root.iter(f"{NS}text")]


def test_line_goes_through_its_values_at_their_places() -> None:
    root = drawn(Series("a", X, np.array([0.0, 10.0, 0.0, 10.0]), "#112233"))
    places = re.findall(r"([ML])([\d.]+) ([\d.]+)", path_of(root, "#112233"))
    assert [letter for letter, _, _ in places] == ["M", "L", "L", "L"]
    x, y = (np.array([float(place[i]) for place in places]) for i in (1, 2))
    np.testing.assert_allclose(np.diff(x), np.diff(x)[0], atol=0.11)
    assert y[0] == y[2] > y[1] == y[3]  # upward is less, in a picture


def test_line_is_broken_where_a_value_is_missing() -> None:
    root = drawn(Series("a", X, np.array([1.0, np.nan, 2.0, 3.0]), "#112233"))
    assert re.sub(r"[\d. ]", "", path_of(root, "#112233")) == "MML"


def test_logarithmic_axis_puts_factors_at_equal_distances_and_leaves_zero_out() -> None:
    root = drawn(Series("a", X, np.array([0.0, 0.01, 0.1, 1.0]), "#112233"), log_y=True)
    y = [float(v) for v in re.findall(r"[ML][\d.]+ ([\d.]+)", path_of(root, "#112233"))]
    assert len(y) == 3
    assert y[0] - y[1] == pytest.approx(y[1] - y[2], abs=0.11)
    assert {"0.01", "0.1", "1"} <= set(texts(root))


def test_bars_stand_on_zero_and_are_as_high_as_their_values() -> None:
    root = drawn(Series("a", X, np.array([1.0, 2.0, 0.0, 4.0]), "#112233", "bars"))
    (bars,) = (p.get("d", "") for p in root.iter(f"{NS}path") if p.get("fill") == "#112233")
    found = [(float(a), float(b)) for a, b in re.findall(r"M[\d.]+ ([\d.]+)V([\d.]+)H", bars)]
    heights = [foot - top for foot, top in found]
    assert heights[1] / heights[0] == pytest.approx(2, abs=0.02)
    assert heights[2] / heights[0] == pytest.approx(4, abs=0.02)
    assert len(found) == 3


def test_dots_are_as_many_as_finite_points() -> None:
    root = drawn(Series("a", X, np.array([1.0, np.inf, 2.0, 3.0]), "#112233", "dots"))
    assert path_of(root, "#112233").count("M") == 3


def test_series_have_their_dashes_and_shapes_in_the_chart_and_in_the_legend() -> None:
    root = drawn(
        Series("a", X, X, "#112233", dash="dashdot"),
        Series("b", X, X, "#445566", "dots", shape="x"),
    )
    dashes = [
        p.get("stroke-dasharray") for p in root.iter(f"{NS}path") if p.get("stroke") == "#112233"
    ]
    assert dashes == ["8 3 2 3", "8 3 2 3"]
    marks = [p.get("d", "") for p in root.iter(f"{NS}path") if p.get("stroke") == "#445566"]
    assert [mark.count("l") for mark in marks] == [2 * len(X), 2]


def test_long_names_are_shortened_in_the_legend_and_whole_under_the_pointer() -> None:
    names = ["a" * 119 + letter for letter in "xy"]
    root = drawn(*(Series(name, X, X, "#112233") for name in names))
    written = [one for one in root.iter(f"{NS}text") if one.find(f"{NS}title") is not None]
    assert [one.find(f"{NS}title").text for one in written] == names  # type: ignore[union-attr]
    shown = [one.text or "" for one in written]
    assert len(set(shown)) == 2
    assert max(map(len, shown)) <= svg.MOST_LETTERS


def test_text_from_outside_is_escaped_everywhere() -> None:
    evil = '<script>"&'
    chart = Chart(evil, evil, (Series(evil, X, X, "#112233"),), evil, at=(1.0, evil))
    text = svg.svg(chart)
    assert "<script" not in text
    assert texts(ElementTree.fromstring(text)).count(evil) == 4


def test_upright_line_outside_of_the_chart_is_not_drawn() -> None:
    assert "there" in texts(drawn(Series("a", X, X, "#112233"), at=(2.0, "there")))
    assert "there" not in texts(drawn(Series("a", X, X, "#112233"), at=(9.0, "there")))


@given(
    st.lists(st.floats(-1e12, 1e12) | st.just(float("nan")), min_size=1, max_size=6),
    st.booleans(),
)
def test_any_numbers_give_a_well_formed_chart_without_nan(values: list[float], log: bool) -> None:
    y = np.array(values)
    text = svg.svg(
        Chart("x", "y", (Series("a", np.arange(len(y), dtype=float), y, "#1"),), "", log_y=log)
    )
    ElementTree.fromstring(text)
    assert "nan" not in text
    assert "inf" not in text


def test_series_without_points_and_without_a_name_leaves_the_rest_of_the_chart_as_it_was() -> None:
    one = Series("a", X, X, "#112233")
    root = drawn(one, Series("", X[:0], X[:0], "#445566"))
    assert path_of(root, "#112233") == path_of(drawn(one), "#112233")
    assert texts(root) == texts(drawn(one))


def test_logarithmic_ground_puts_factors_at_equal_distances_and_leaves_zero_out() -> None:
    root = drawn(Series("a", np.array([0.0, 1.0, 10.0, 100.0]), X, "#112233"), log_x=True)
    x = [float(v) for v in re.findall(r"[ML]([\d.]+) ", path_of(root, "#112233"))]
    assert len(x) == 3
    assert x[1] - x[0] == pytest.approx(x[2] - x[1], abs=0.11)
    assert {"1", "10", "100"} <= set(texts(root))
