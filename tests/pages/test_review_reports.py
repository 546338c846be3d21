"""What a browser says in a review is read, whatever it is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reviews import MAX_NAME, MAX_NOTE
from pages.ui.components import review as review_component
from pages.ui.components.review import read_report

SAID = {
    "operation": "0123456789abcdef", "image": "a", "verdict": "outlier", "note": "why",
    "source": "set", "checkpoint": "model", "reviewer": "ann",
}  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_verdict_is_read_with_all_that_it_was_given_along_with() -> None:
    report = read_report({"place": 3, "pending": [SAID], "known": ["a", "b"]})
    assert report is not None
    assert (report.place, report.known) == (3, {"a", "b"})
    (said,) = report.pending
    assert (said.operation, said.image, said.verdict, said.note) == (
        SAID["operation"], "a", "outlier", "why"
    )  # fmt: skip
    assert tuple(said.stamp) == ("set", "model", "ann")


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "bad"}, {"verdict": None}, {"operation": "short"}, {"operation": "x" * 99},
        {"image": ""}, {"source": ""}, {"reviewer": ""}, {"checkpoint": ""},
    ],
)  # fmt: skip
def test_verdict_that_nobody_could_mean_is_left_out(change: dict[str, Any]) -> None:
    report = read_report({"place": 0, "pending": [SAID | change, SAID]})
    assert report is not None
    assert len(report.pending) == 1


def test_text_that_is_too_long_is_cut() -> None:
    report = read_report(
        {"place": 0, "pending": [SAID | {"note": "x" * 9999, "reviewer": "y" * 999}]}
    )
    assert report is not None
    (said,) = report.pending
    assert (len(said.note), len(said.stamp.reviewer)) == (MAX_NOTE, MAX_NAME)


@given(JSON, JSON, JSON)
def test_anything_at_all_is_read_or_ignored_without_an_error(a: Any, b: Any, c: Any) -> None:
    for message in (a, {"place": a, "pending": b, "known": c}, {"place": 1, "pending": [a, b]}):
        read_report(message)


@pytest.mark.parametrize(("place", "total"), [(0, 1), (0, 100), (50, 100), (99, 100)])
def test_window_holds_the_place_and_the_next_few(place: int, total: int) -> None:
    found = review_component.window(place, total)
    assert place in found
    assert all(0 <= one < total for one in found)
    assert min(total - 1, place + review_component.AHEAD) in found
