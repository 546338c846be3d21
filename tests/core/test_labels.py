"""Short names."""

from hypothesis import given
from hypothesis import strategies as st

from core.text import shortened, width

SIGNS = [
    f"Regulatory sign number {i}: no overtaking by vehicles over 3.5 tonnes" for i in range(43)
]


@given(st.lists(st.text(max_size=80), max_size=30), st.integers(12, 40))
def test_names_are_short_and_different_ones_stay_different(names: list[str], most: int) -> None:
    found = shortened(names, most)
    assert all(width(short) <= most for short in found)
    assert all(
        short == name for name, short in zip(names, found, strict=True) if width(name) <= most
    )
    meanings = {
        short: {n for n, s in zip(names, found, strict=True) if s == short} for short in found
    }
    assert all(len(meant) == 1 for meant in meanings.values())


def test_names_that_begin_alike_go_on_where_they_differ() -> None:
    found = shortened(SIGNS)
    assert len(set(found)) == 43
    assert found[7].startswith("Regulato…7: no")


def test_names_that_end_differently_show_their_end() -> None:
    assert shortened(["a" * 60 + "x", "a" * 60 + "y"], 12) == ("aaaaa…aaaaax", "aaaaa…aaaaay")


def test_signs_that_are_two_letters_wide_count_twice() -> None:
    (found,) = shortened(["日本語のとても長い名前です"], 12)
    assert found == "日本語のと…"
