"""Numbers as words, and messages as markdown."""

import pytest

from pages.ui.figures.text import decimal, sentence


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
