"""What the visitors of benchmarks/many_visitors.py click, and how it is counted."""

import random

import pytest
from streamlit.proto.ButtonGroup_pb2 import ButtonGroup
from streamlit.proto.MultiSelect_pb2 import MultiSelect
from streamlit.proto.NumberInput_pb2 import NumberInput
from streamlit.proto.Slider_pb2 import Slider
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks import many_visitors, roaming
from benchmarks.many_visitors import Click, Memory, Seen
from benchmarks.roaming import View
from benchmarks.timing import Load


@pytest.fixture
def rng() -> random.Random:
    return random.Random(0)


def test_chosen_values_are_among_those_offered(rng: random.Random) -> None:
    group = ButtonGroup(options=[ButtonGroup.Option(content=one) for one in "ab"])
    several = MultiSelect(options=list("abcde"), max_selections=2)
    picked, chosen = WidgetState(), WidgetState()
    assert roaming.CHANGES["button_group"](picked, group, rng)
    assert roaming.CHANGES["multiselect"](chosen, several, rng)
    assert set(picked.string_array_value.data) <= set("ab")
    assert len(set(chosen.string_array_value.data)) == 2


def test_numbers_stay_within_their_bounds(rng: random.Random) -> None:
    box = NumberInput(default=5, step=1, max=5, has_max=True, data_type=NumberInput.INT)
    slider = Slider(min=-0.5, max=0.5, step=0.05)
    for _ in range(20):
        entered, slid = WidgetState(), WidgetState()
        roaming.CHANGES["number_input"](entered, box, rng)
        roaming.CHANGES["slider"](slid, slider, rng)
        assert entered.int_value == 5
        assert -0.5 <= slid.double_array_value.data[0] <= 0.5


def test_row_tells_what_was_at_hand_from_first_looks() -> None:
    view = View("latent", "?")
    seen = Seen([Click("x", view, True, 0.2, 0.2), Click("x", view, False, 0.5)])
    seen.failed(OSError("refused"), "connecting")
    row = many_visitors.row(7, seen, [Memory(0, 200, 300, 1)], Load())
    cells = row.strip("| ").split(" | ")
    assert cells[:6] == ["7", "1: 0.20, 0.20, 0.2", "1: 0.50, 0.50, 0.5", "-", "1", "1"]
