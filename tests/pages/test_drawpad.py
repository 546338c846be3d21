import base64
from typing import Any

import pytest

from pages.ui.components.drawpad import MOST, PREFIX, drawing

SENT = PREFIX + base64.b64encode(b"a picture").decode()


def test_drawing_on_this_sheet_is_its_bytes() -> None:
    assert drawing({"page": 3, "png": SENT}, 3) == b"a picture"


def test_sheet_that_was_emptied_is_no_bytes_and_one_never_used_is_none() -> None:
    assert drawing({"page": 3, "png": ""}, 3) == b""
    assert drawing(None, 3) is None


@pytest.mark.parametrize(
    "sent",
    [
        {"page": 2, "png": SENT},  # of the sheet before
        {"png": SENT},
        {"page": 3},
        {"page": 3, "png": 7},
        {"page": 3, "png": "data:text/html;base64,AAAA"},
        {"page": 3, "png": PREFIX + "not base64!"},
        {"page": 3, "png": PREFIX + "\u00e4"},
        {"page": 3, "png": PREFIX + "A" * MOST},
        [SENT],
        SENT,
    ],
)
def test_anything_else_that_a_browser_may_send_is_none(sent: Any) -> None:
    assert drawing(sent, 3) is None
