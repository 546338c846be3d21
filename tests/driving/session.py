"""One session with the server, in Streamlit's own messages over a websocket.

It remembers what the page holds and keeps large messages as a browser does; the server then sends
only their hashes.
"""

import json
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from core.config import HourglassError

Path = tuple[int, ...]
PATIENCE = 60.0  # seconds for one message, unless .patience says otherwise
LARGEST = 64 << 20  # bytes of a message
GOOD = {ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY}
OVERTAKEN = ForwardMsg.FINISHED_EARLY_FOR_RERUN


@dataclass
class Rerun:
    """What one rerun took, from the request to the last message.

    frame: seconds until the page's title was there.  size: bytes received.
    is_waiting: whether a bar or a placeholder then stands on the page for what is still computed.
    """

    seconds: float
    frame: float = 0.0
    size: int = 0
    is_waiting: bool = False


class Session:
    """One session on a page of the app at `address` (http://127.0.0.1:PORT).

    page: its name in a link.  query: what the link says.  first: what opening it took.
    """

    def __init__(self, address: str, page: str = "", query: str = "") -> None:
        self._address, self.patience = address, PATIENCE
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
        self._cached: dict[str, ForwardMsg] = {}
        self.pages: dict[str, str] = {}  # as a link calls them -> as messages do
        self.polls: dict[str, float] = {}  # parts of the page that ask again -> after how long
        self.first = self.run(BackMsg())

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

    @property
    def query(self) -> str:
        """What the link says now."""
        return self._query

    def turn_to(self, page: str) -> Rerun:
        """Go to another page by its entry in the navigation."""
        self._page, self._page_hash, self._query = page, self.pages[page], ""
        return self.run(BackMsg())

    def poll(self, fragment: str) -> Rerun:
        """What the browser asks by itself for a part that is drawn again every so often."""
        message = BackMsg()
        message.rerun_script.fragment_id = fragment
        message.rerun_script.is_auto_rerun = True
        return self.run(message)

    def run(self, message: BackMsg) -> Rerun:
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
        took.is_waiting = self.is_waiting
        return took

    @property
    def is_waiting(self) -> bool:
        """Whether a bar or a placeholder stands on the page."""
        asks = self.elements("progress") and self.polls  # Learn has one that tells the step
        return bool(self.bars() or asks or self.elements("skeleton"))

    def bars(self) -> list[Any]:
        """The bars of what is computed in other processes."""
        found = self.elements("bidi_component")
        return [one for one in found if one.component_name.endswith("hourglass_waiting")]

    def is_over(self, bar: Any) -> bool:
        """Whether what a bar is about is over, asked as the bar does in a browser."""
        data = json.loads(bar.json)
        link = f"{self._address}{data['path']}?names={','.join(data['names'])}"
        with urllib.request.urlopen(link, timeout=self.patience) as answer:
            return bool(json.load(answer)["over"])

    def _ended(self, took: Rerun) -> bool:
        """Read one message; whether it was the last one of this run."""
        data = self._socket.recv(self.patience)
        assert isinstance(data, bytes)
        took.size += len(data)
        message = ForwardMsg.FromString(data)
        if message.WhichOneof("type") == "ref_hash":
            known = ForwardMsg.FromString(self._cached[message.ref_hash].SerializeToString())
            known.metadata.CopyFrom(message.metadata)
            message = known
        elif message.metadata.cacheable:
            self._cached[message.hash] = message
        return self._understood(message)

    def _understood(self, message: ForwardMsg) -> bool:
        """Remember what a message says; whether it was the last one of this run."""
        kind = message.WhichOneof("type")
        if kind == "new_session":
            if not message.metadata.run.fragment_ids:
                self._elements, self.polls = {}, {}
        elif kind == "navigation":
            self._page_hash = message.navigation.page_script_hash
            found = message.navigation.app_pages
            self.pages = {one.url_pathname: one.page_script_hash for one in found}
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "delta":
            self._place(tuple(message.metadata.delta_path), message.delta)
        elif kind == "script_finished":
            if message.script_finished not in {*GOOD, OVERTAKEN}:
                raise HourglassError(f"The page failed: {message.script_finished}")
            return message.script_finished != OVERTAKEN
        else:
            self._note_polls(message)
        return False

    def _note_polls(self, message: ForwardMsg) -> None:
        """Which parts of the page the browser is to ask for again by itself."""
        if message.WhichOneof("type") == "auto_rerun":
            self.polls[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif message.WhichOneof("type") == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self.polls.pop(fragment, None)

    def _place(self, path: Path, delta: Any) -> None:
        if delta.WhichOneof("type") == "new_element":
            if delta.new_element.WhichOneof("type") == "exception":
                raise HourglassError(f"The page {self._page!r} failed: see the server's log.")
            self._elements[path] = delta.new_element
        elif delta.WhichOneof("type") == "add_block":
            inside = [other for other in self._elements if other[: len(path)] == path]
            for other in inside:
                del self._elements[other]
