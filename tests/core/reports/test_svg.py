"""Charts as SVG."""

import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reports import svg
from core.reports.charts import Axis, Band, Chart, Dot, Series, Upright

NS = "{http://www.w3.org/2000/svg}"
X = np.array([0.0, 1.0, 2.0, 3.0])


PLAIN = Axis("x"), Axis("y")
LOG = Axis("x", log=True)


def drawn(*series: Series, axes: tuple[Axis, Axis] = PLAIN, **more: Any) -> ElementTree.Element:
    return ElementTree.fromstring(svg.svg(Chart(*axes, series, "a chart", **more)))


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
    root = drawn(Series("a", X, np.array([0.0, 0.01, 0.1, 1.0]), "#112233"), axes=(PLAIN[0], LOG))
    y = [float(v) for v in re.findall(r"[ML][\d.]+ ([\d.]+)", path_of(root, "#112233"))]
    assert len(y) == 3
    assert y[0] - y[1] == pytest.approx(y[1] - y[2], abs=0.11)
    assert {"0.01", "0.1", "1"} <= set(texts(root))


def test_bars_stand_on_zero_and_are_as_high_as_their_values() -> None:
    borders = np.arange(5) - 0.5
    root = drawn(Series("a", borders, np.array([1.0, 2.0, 0.0, 4.0]), "#112233", "bars"))
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
    series = (Series(evil, X, X, "#112233"),)
    dots = (Dot(1.0, 1.0, evil, evil),)
    axis = Axis(evil, ticks={1.0: evil})
    chart = Chart(axis, axis, series, evil, at=Upright(1.0, evil, "#112233"), dots=dots)
    text = svg.svg(chart)
    assert "<script" not in text
    assert texts(ElementTree.fromstring(text)).count(evil) == 7


def test_upright_line_outside_of_the_chart_is_not_drawn() -> None:
    assert "there" in texts(drawn(Series("a", X, X, "#112233"), at=Upright(2.0, "there", "#1")))
    assert "there" not in texts(drawn(Series("a", X, X, "#112233"), at=Upright(9.0, "there", "#1")))


@given(
    st.lists(st.floats(-1e12, 1e12) | st.just(float("nan")), min_size=1, max_size=6),
    st.booleans(),
)
def test_any_numbers_give_a_well_formed_chart_without_nan(values: list[float], log: bool) -> None:
    y = np.array(values)
    text = svg.svg(
        Chart(
            Axis("x"), Axis("y", log), (Series("a", np.arange(len(y), dtype=float), y, "#1"),), ""
        )
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
    root = drawn(Series("a", np.array([0.0, 1.0, 10.0, 100.0]), X, "#112233"), axes=(LOG, PLAIN[1]))
    x = [float(v) for v in re.findall(r"[ML]([\d.]+) ", path_of(root, "#112233"))]
    assert len(x) == 3
    assert x[1] - x[0] == pytest.approx(x[2] - x[1], abs=0.11)
    assert {"1", "10", "100"} <= set(texts(root))


def test_stacked_bars_stand_on_those_before_and_the_legend_keeps_their_order() -> None:
    borders, y = np.arange(4.0), np.array([1.0, 2.0, 3.0])
    both = [
        Series(name, borders, y, colour, "bars") for name, colour in (("a", "#11"), ("b", "#22"))
    ]
    root = drawn(*both, stacked=True)
    heights = {}
    for path in root.iter(f"{NS}path"):
        if path.get("fill") in ("#11", "#22"):
            feet = re.findall(r"M[\d.]+ ([\d.]+)V([\d.]+)H", path.get("d", ""))
            heights[path.get("fill")] = np.array([float(foot) - float(top) for foot, top in feet])
    np.testing.assert_allclose(heights["#22"], 2 * heights["#11"], atol=0.21)
    assert [name for name in texts(root) if name in ("a", "b")] == ["a", "b"]


def test_band_is_an_area_from_the_lower_to_the_upper_values_with_a_gap_where_none_are() -> None:
    low, high = np.array([0.0, 0.0, np.nan, 1.0]), np.array([1.0, 2.0, np.nan, 3.0])
    root = drawn(Series("a", X, (low + high) / 2, "#112233", band=Band(low, high)))
    (area,) = (p.get("d", "") for p in root.iter(f"{NS}path") if p.get("fill") == "#112233")
    assert area.count("M") == area.count("Z") == 2


def test_marks_on_an_edge_stand_at_their_share_of_the_height_whatever_the_axis_shows() -> None:
    marks = Series("", X[:2], np.array([0.0, 1.0]), "#112233", "edge", shape="tick")
    for top in (1.0, 1e6):
        root = drawn(Series("a", X, X * top, "#445566"), marks)
        y = [float(v) for v in re.findall(r"M[\d.]+ ([\d.]+)m", path_of(root, "#112233"))]
        assert y == [svg.HEIGHT - svg.BOTTOM, svg.TOP]


def test_axis_has_the_ends_and_the_marks_it_is_given() -> None:
    axis = Axis("x", low=0, high=2, ticks={1: "one", 9: "nine"})
    root = drawn(Series("a", X, X, "#112233"), axes=(axis, PLAIN[1]))
    assert "one" in texts(root)
    assert "nine" not in texts(root)
