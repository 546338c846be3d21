"""The Latent space page in a test: what it drew, unpacked independently of the page's own code."""

import base64
import io
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest

PAGE = "pages/latent.py"
TYPES = {"u1": np.uint8, "u2": np.uint16, "f4": np.float32}


@dataclass(frozen=True)
class Message:
    """What a component was sent.  header: as JSON.  body: the bytes after it."""

    header: dict[str, Any]
    body: bytes

    def part(self, name: str) -> np.ndarray:
        """An array of a plane's body."""
        place = self.header["places"][name]
        return np.frombuffer(self.body, TYPES[place["type"]], place["length"], place["at"])


def component(app: AppTest, name: str) -> Message:
    """What the only component of that name was sent."""
    (found,) = components(app, name)
    return found


def components(app: AppTest, name: str) -> list[Message]:
    sent = [one.proto for one in app.get("bidi_component")]
    return [
        _message(one.bytes)
        for one in sent
        if one.component_name.endswith(f"hourglass_{name}") and len(one.bytes)
    ]


def tiles(sheet: bytes, size: tuple[int, int], across: int, n: int) -> np.ndarray:
    """The first n pictures of a sheet: (n, h, w, 3).  size: (w, h)."""
    w, h = size
    pixels = np.asarray(Image.open(io.BytesIO(sheet)).convert("RGB"))
    return np.stack(
        [
            pixels[i // across * h : (i // across + 1) * h, i % across * w : (i % across + 1) * w]
            for i in range(n)
        ]
    )


def charts(app: AppTest) -> dict[str, dict[str, Any]]:
    """The figures by the key of their chart."""
    found = [one.proto for one in app.get("plotly_chart")]
    return {one.id.rsplit("-", 1)[1]: json.loads(one.spec) for one in found}


def drawn_points(figure: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """id -> place, over all traces."""
    found: dict[str, Any] = {}
    for trace in figure["data"]:
        places = zip(values(trace["x"]), values(trace["y"]), strict=True)
        found |= dict(zip(trace["customdata"], places, strict=True))
    return found


def bright(figure: dict[str, Any]) -> set[str] | None:
    """The ids that stand out; None if no point is faded."""
    if all(trace.get("selectedpoints") is None for trace in figure["data"]):
        return None
    return {
        trace["customdata"][i] for trace in figure["data"] for i in trace.get("selectedpoints", ())
    }


def values(numbers: Any) -> list[float]:
    """An axis of a trace, as plotly packs it or as a list."""
    if isinstance(numbers, dict):
        kind = {"f4": np.float32, "f8": np.float64}[numbers["dtype"]]
        return np.frombuffer(base64.b64decode(numbers["bdata"]), kind).tolist()
    return list(numbers)


def _message(content: bytes) -> Message:
    length = int.from_bytes(content[:4], "little")
    return Message(json.loads(content[4 : 4 + length]), content[4 + length :])
