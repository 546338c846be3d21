"""Numbers and counts as words."""

import pytest

from pages.ui.text import counted, decimal, sentence


@pytest.mark.parametrize(
    ("n", "said"), [(0, "0 images"), (1, "1 image"), (2, "2 images"), (12_345, "12,345 images")]
)
def test_count_of_things_is_singular_for_one_alone(n: int, said: str) -> None:
    assert counted(n, "image") == said


def test_count_takes_a_plural_of_its_own() -> None:
    assert counted(2, "class", "classes") == "2 classes"
    assert counted(1, "class", "classes") == "1 class"


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0, "0.00000"), (0.01234, "0.01234"), (0.0000123, "0.00001"), (1.234e-6, "1.2e-06")],
)
def test_small_number_never_reads_as_0(value: float, said: str) -> None:
    assert decimal(value, 5) == said


def test_command_in_a_message_is_code_and_the_rest_is_text() -> None:
    assert (
        sentence("Try `python -m core runs`: *now*.") == "Try `python -m core runs`\\: \\*now\\*\\."
    )


@pytest.mark.parametrize("words", ["a `b", "`", "a `b` c ` [x](y)", "``"])
def test_backtick_of_a_stranger_opens_nothing(words: str) -> None:
    shown = sentence(words)
    assert "](" not in shown
    assert shown.replace("\\", "").replace("`", "") == words.replace("`", "")
