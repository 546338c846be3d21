"""Words of others are shown on one line, short, and as they are written."""

import sys
import unicodedata

import pytest

from core.text import counted, listed, natural, one_line, visible

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("mnist-5k", "mnist-5k"),
        (
            "two\nlines\r\nand\u2028three\x0bfour\x0cfive\x85six",
            "two lines and three four five six",
        ),
        ("  a \t b  ", "a b"),
        ("nul\0, escape \x1b[31m", "nul , escape [31m"),
        ("txt.\u202egnp", "txt. gnp"),
        ("caf\u00e9 \u65e5\u672c", "caf\u00e9 \u65e5\u672c"),
        ("\U0001f469\u200d\U0001f52c", "\U0001f469\u200d\U0001f52c"),  # joined by a joiner
        ("half \ud800 a pair", "half a pair"),
        ("", ""),
    ],
)
def test_words_are_shown_on_one_line_without_what_cannot_be_seen(words: str, shown: str) -> None:
    assert one_line(words) == shown


def test_no_control_character_and_no_mark_that_turns_the_text_around_is_left() -> None:
    every = map(chr, range(sys.maxunicode + 1))
    hidden = [c for c in every if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") or c in BIDI]
    assert visible("".join(hidden)).strip(" ") == ""


@pytest.mark.parametrize("words", ["x" * 10**6, "\n" * 10**6 + "x", "a b " * 10**5])
def test_long_words_are_cut_and_say_so(words: str) -> None:
    assert len(one_line(words)) <= 80
    assert one_line("x" * 100, 10) == "xxxxxxxxx…"


def test_list_names_the_first_and_counts_the_rest() -> None:
    assert listed(["5", "9"]) == "5, 9"
    assert listed([str(i) for i in range(1000)]) == "0, 1, 2, 3 and 996 more"
    assert len(listed(["x" * 300] * 1000)) < 200
    assert listed([]) == ""


@pytest.mark.parametrize(
    "names",
    [
        ["0", "1", "2", "10", "11"],
        ["", "a", "a1", "a1b2", "a1b10", "a2", "A10", "b"],
        ["(none)", "img02", "img2", "img3"],
        ["mnist-dense-2", "mnist-dense-8", "mnist-dense-32"],
        ["2", "9" * 5000, "1" + "0" * 5000],
        ["٣", "日本1", "日本2", "日本10"],
    ],
)
def test_names_are_ordered_by_the_numbers_in_them(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(backwards, key=natural) == names


@pytest.mark.parametrize(
    ("n", "said"), [(0, "0 images"), (1, "1 image"), (2, "2 images"), (12_345, "12,345 images")]
)
def test_count_of_things_is_singular_for_one_alone(n: int, said: str) -> None:
    assert counted(n, "image") == said


def test_count_takes_a_plural_of_its_own() -> None:
    assert counted(2, "class", "classes") == "2 classes"
    assert counted(1, "class", "classes") == "1 class"
