"""A visitor without a browser, who speaks Streamlit's own messages over a websocket.

It remembers what the page holds and what its widgets were set to, keeps large messages as a browser
does (the server then sends only their hashes), and so costs the server what a browser costs it, and
this machine next to nothing.
"""

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from core.config import HourglassError

Path = tuple[int, ...]
PATIENCE = 60.0  # seconds for one message
LARGEST = 64 << 20  # bytes of a message
GOOD = {ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY}
OVERTAKEN = ForwardMsg.FINISHED_EARLY_FOR_RERUN


@dataclass
class Rerun:
    """What one rerun took, from the request to the last message: seconds, messages and bytes.

    frame: seconds until the page's title was there.
    """

    seconds: float
    frame: float = 0.0
    messages: int = 0
    size: int = 0
    kinds: list[str] = field(default_factory=list)


class Visitor:
    """One session on a page of the app at `address` (http://127.0.0.1:PORT)."""

    def __init__(self, address: str, page: str = "", query: str = "") -> None:
        url = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
        self._leaving = ExitStack()
        self._socket = self._leaving.enter_context(
            connect(
                url,
                subprotocols=[Subprotocol("streamlit")],
                origin=Origin(address),
                max_size=LARGEST,
                compression=None,
            )
        )
        self._query, self._page, self._page_hash = query, page, ""
        self._elements: dict[Path, Any] = {}
        self._widgets: dict[str, WidgetState] = {}
        self._cached: dict[str, ForwardMsg] = {}
        self._buttons: dict[str, WidgetState] = {}
        self.first = self._run(BackMsg())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave."""
        self._leaving.close()

    def elements(self, kind: str = "") -> list[Any]:
        """What stands on the page, in order: all, or those of a kind (button, slider, ...)."""
        found = [element for _, element in sorted(self._elements.items())]
        return [getattr(e, kind) for e in found if e.WhichOneof("type") == kind] if kind else found

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
        return self._change(WidgetState(id=button.id, trigger_value=True), kept=False)

    def choose(self, label: str, option: str) -> Rerun:
        """Choose in a select box."""
        box = self.widget("selectbox", label)
        return self._change(WidgetState(id=box.id, string_value=option))

    def pick(self, label: str, *options: str) -> Rerun:
        """Choose in pills or a segmented control."""
        state = WidgetState(id=self.widget("button_group", label).id)
        state.string_array_value.data.extend(options)
        return self._change(state)

    def switch(self, label: str, on: bool) -> Rerun:
        """Tick a box or turn a toggle."""
        return self._change(WidgetState(id=self.widget("checkbox", label).id, bool_value=on))

    def slide(self, label: str, *values: float) -> Rerun:
        """Move a slider; a select slider takes the number of the option."""
        state = WidgetState(id=self.widget("slider", label).id)
        state.double_array_value.data.extend(values)
        return self._change(state)

    def enter(self, label: str, value: float) -> Rerun:
        """Type a number."""
        box = self.widget("number_input", label)
        state = WidgetState(id=box.id)
        if box.data_type == box.INT:
            state.int_value = int(value)
        else:
            state.double_value = value
        return self._change(state)

    def component(self, name: str, json_value: str) -> Rerun:
        """What a component of ours reports: its whole state as JSON."""
        found = [c for c in self.elements("bidi_component") if c.component_name.endswith(name)]
        if not found:
            raise HourglassError(f"No component {name!r} is on the page.")
        return self._change(WidgetState(id=found[0].id, json_value=json_value))

    def again(self) -> Rerun:
        """A rerun without a change, as Streamlit's own menu asks for it."""
        return self._run(self._request())

    def _change(self, state: WidgetState, kept: bool = True) -> Rerun:
        if kept:
            self._widgets[state.id] = state
            return self._run(self._request())
        return self._run(self._request(state))

    def _request(self, *triggers: WidgetState) -> BackMsg:
        message = BackMsg()
        message.rerun_script.widget_states.widgets.extend([*self._widgets.values(), *triggers])
        return message

    def _run(self, message: BackMsg) -> Rerun:
        """Send it and read until the script has ended."""
        state = message.rerun_script
        state.query_string, state.page_script_hash = self._query, self._page_hash
        if not self._page_hash:
            state.page_name = self._page
        state.cached_message_hashes.extend(self._cached)
        state.context_info.timezone = "UTC"
        began = time.perf_counter()
        self._socket.send(message.SerializeToString())
        took = Rerun(0.0)
        while not self._ended(took):
            if not took.frame and self.elements("heading"):
                took.frame = time.perf_counter() - began
        took.seconds = time.perf_counter() - began
        return took

    def _ended(self, took: Rerun) -> bool:
        """Read one message; whether it was the last one of this run."""
        data = self._socket.recv(PATIENCE)
        assert isinstance(data, bytes)
        took.messages += 1
        took.size += len(data)
        message = ForwardMsg.FromString(data)
        if message.WhichOneof("type") == "ref_hash":
            known = ForwardMsg.FromString(self._cached[message.ref_hash].SerializeToString())
            known.metadata.CopyFrom(message.metadata)
            message = known
        elif message.metadata.cacheable:
            self._cached[message.hash] = message
        return self._understood(message, took)

    def _understood(self, message: ForwardMsg, took: Rerun) -> bool:
        kind = message.WhichOneof("type")
        took.kinds.append(kind or "")
        if kind == "new_session":
            self._elements = {}
        elif kind == "navigation":
            self._page_hash = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "delta":
            self._place(tuple(message.metadata.delta_path), message.delta)
        elif kind == "script_finished":
            if message.script_finished not in {*GOOD, OVERTAKEN}:
                raise HourglassError(f"The page failed: {message.script_finished}")
            return message.script_finished != OVERTAKEN
        return False

    def _place(self, path: Path, delta: Any) -> None:
        if delta.WhichOneof("type") == "new_element":
            if delta.new_element.WhichOneof("type") == "exception":
                raise HourglassError(f"The page {self._page!r} failed: see the server's log.")
            self._elements[path] = delta.new_element
        elif delta.WhichOneof("type") == "add_block":
            inside = [other for other in self._elements if other[: len(path)] == path]
            for other in inside:
                del self._elements[other]
