"""A drawing in the browser becomes the very image that the server makes of it."""

from typing import Any

import numpy as np
import pytest

from core.images import digit_style
from pages.ui.components import takeaway
from tests.pages.components.conftest import AskScript

SIDE = 70


def drawn(kind: str) -> np.ndarray:
    """A stroke on a sheet, light on black: in a corner, over all of it, or a dot."""
    v, u = np.mgrid[0:SIDE, 0:SIDE]
    centre, radius = {"corner": (15, 9), "large": (35, 30), "dot": (50, 2)}[kind]
    ring = np.abs(np.hypot(v - centre, u - 1.2 * centre) - radius)
    return np.asarray(np.clip(4 - ring, 0, 1), np.float32)


@pytest.fixture(scope="module")
def answers(ask_script: AskScript) -> Any:
    requests = [{"do": "centred", "x": drawn(k).ravel().tolist(), "side": SIDE} for k in KINDS]
    content = bytes(range(256)) + b"<,>" * 5
    text = takeaway.packed(content)
    answers = ask_script("drawing_in_node.js", *requests, {"do": "bytes", "text": text})
    assert answers.pop() == list(content)
    assert "<" not in text
    return answers


KINDS = ("corner", "large", "dot")


@pytest.mark.parametrize("kind", KINDS)
def test_drawing_is_centred_as_on_the_server(kind: str, answers: Any) -> None:
    large = digit_style.centred(drawn(kind), (112, 112))
    expected = large.reshape(28, 4, 28, 4).mean(axis=(1, 3))
    found = np.array(answers[KINDS.index(kind)]).reshape(28, 28)
    np.testing.assert_allclose(found, expected, atol=1.5 / 255)
