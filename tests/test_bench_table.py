"""The table of `make bench`."""

import pytest

from benchmarks.table import Row, markdown


def test_ratio_of_rates_and_of_seconds_says_how_many_times_as_good() -> None:
    rate = Row("x", (10.0, 20.0), "theirs", (5.0, 5.0), "all", (20.0, 20.0))
    seconds = Row("x", (0.5, 0.25), "theirs", (1.0, 1.0), "all", (0.25, 0.25), "s")
    assert rate.ratios() == [2, 4]
    assert rate.shares() == [0.5, 1]
    assert seconds.ratios() == [2, 4]
    assert seconds.shares() == [0.5, 1]


def test_table_shows_medians_and_the_smallest_and_largest() -> None:
    row = Row("train", (1000.0, 3000.0, 2000.0), "textbook", (500.0, 500.0, 500.0))
    last = markdown([row]).splitlines()[-1]
    assert last == (
        "| train | 2,000 /s (1,000 to 3,000) | 500 /s (textbook) | 4.00x (2.00 to 6.00) | - | - |"
    )


def test_row_with_rounds_that_do_not_match_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        Row("x", (1.0, 2.0), "theirs", (1.0,)).ratios()
