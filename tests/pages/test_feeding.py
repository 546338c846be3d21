"""What is sent to the network that pictures are dragged into, and what comes back."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pages.ui.components import feeding
from pages.ui.components.component import Packed
from pages.ui.components.feeding import PLACES, Distribution, Morsel

IDS = [f"i{k}" for k in range(6)]


def packed() -> Packed:
    morsels = [Morsel(name, f"a {name}", "tray", 0.1, "50 %", "said") for name in IDS]
    shade = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1)
    pictures = [np.broadcast_to(shade * 10 + k, (6, 4, 4, 3)) for k in range(3)]
    share = np.array([0.25, 0.75])
    usual = Distribution(np.array([0.01, 0.1, 1.0]), share, share[::-1], ("known", "strange"))
    return feeding.pack("net", morsels, pictures, usual)


def test_sheet_has_for_each_picture_what_goes_in_what_comes_out_and_the_difference() -> None:
    sent = packed()
    (w, h), across = sent.header["tile"], sent.header["across"]
    sheet = np.asarray(Image.open(io.BytesIO(sent.body)).convert("RGB"))
    for i in range(6):
        top, left = (i // across) * h, (i % across) * 3 * w
        tile = sheet[top : top + h, left : left + 3 * w, 0].reshape(h, 3, w)
        assert [tile[:, k].tolist() for k in range(3)] == [[[10 * i + k] * w] * h for k in range(3)]
    assert sent.header["usual"]["ends"] == [0.01, 1.0]


@pytest.mark.parametrize("sent", [None, 5, "i0", {"i0": 1}])
def test_message_that_is_no_list_says_nothing(sent: Any) -> None:
    assert feeding.known(sent, packed()) is None


def test_names_that_cannot_be_in_the_network_are_dropped_and_of_too_many_the_last_stay() -> None:
    sent = ["i1", "i1", 7, None, ["i2"], "<b>", "i2"]
    assert feeding.known(sent, packed()) == ("i1", "i2")
    assert feeding.known(IDS, packed()) == tuple(IDS[-PLACES:])
