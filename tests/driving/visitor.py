"""A visitor without a browser, who costs the server what a browser costs it.

To this machine it costs next to nothing: it speaks over a websocket (tests/driving/session.py), and
remembers what the page's widgets were set to.
"""

import time
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from core.config import HourglassError
from tests.driving.session import Rerun, Session

PAUSE = 0.5  # seconds between two looks at how far something is


class Visitor(Session):
    """A session whose widgets can be used, each found by its label."""

    def __init__(self, address: str, page: str = "", query: str = "") -> None:
        self._widgets: dict[str, WidgetState] = {}
        super().__init__(address, page, query)

    def widget(self, kind: str, label: str) -> Any:
        """The first widget of a kind with this label; HourglassError if there is none."""
        for element in self.elements(kind):
            if element.label == label:
                return element
        labels = [element.label for element in self.elements(kind)]
        raise HourglassError(f"No {kind} {label!r} is on the page, only {labels}.")

    def press(self, label: str) -> Rerun:
        """Click the button with this label."""
        button = self.widget("button", label)
        return self.change(WidgetState(id=button.id, trigger_value=True), kept=False)

    def choose(self, label: str, option: str) -> Rerun:
        """Choose in a select box."""
        box = self.widget("selectbox", label)
        return self.change(WidgetState(id=box.id, string_value=option))

    def pick(self, label: str, *options: str) -> Rerun:
        """Choose in pills or a segmented control."""
        state = WidgetState(id=self.widget("button_group", label).id)
        state.string_array_value.data.extend(options)
        return self.change(state)

    def switch(self, label: str, on: bool) -> Rerun:
        """Tick a box or turn a toggle."""
        return self.change(WidgetState(id=self.widget("checkbox", label).id, bool_value=on))

    def enter(self, label: str, value: float) -> Rerun:
        """Type a number."""
        box = self.widget("number_input", label)
        state = WidgetState(id=box.id)
        if box.data_type == box.INT:
            state.int_value = int(value)
        else:
            state.double_value = value
        return self.change(state)

    def component(self, name: str, json_value: str) -> Rerun:
        """What a component of ours reports: its whole state as JSON."""
        found = [c for c in self.elements("bidi_component") if c.component_name.endswith(name)]
        if not found:
            raise HourglassError(f"No component {name!r} is on the page.")
        return self.change(WidgetState(id=found[0].id, json_value=json_value))

    def wait(self, until: float) -> Rerun | None:
        """Play the browser while something on the page waits, until then (time.monotonic()); the
        last rerun that came of it.
        """
        last = None
        while self.is_waiting and time.monotonic() < until:
            time.sleep(PAUSE)
            over = [bar for bar in self.bars() if self.is_over(bar)]
            if over:
                said = WidgetState(id=over[0].id, json_value='{"over": "all"}')
                last = self.change(said, kept=False)
            for fragment in () if self.bars() else list(self.polls):
                last = self.poll(fragment)
        return last

    def again(self) -> Rerun:
        """A rerun without a change, as Streamlit's own menu asks for it."""
        return self.run(self._request())

    def change(self, state: WidgetState, kept: bool = True) -> Rerun:
        """Set a widget; kept: it stays so, as that of a button does not."""
        if kept:
            self._widgets[state.id] = state
            return self.run(self._request())
        return self.run(self._request(state))

    def _request(self, *triggers: WidgetState) -> BackMsg:
        message = BackMsg()
        message.rerun_script.widget_states.widgets.extend([*self._widgets.values(), *triggers])
        return message
