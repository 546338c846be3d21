"""The independent twin of sweep/pictures.js: from a message to the pictures it draws."""

import json
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

TYPES = {"u1": np.uint8, "i2": np.int16, "f4": np.float32}


@dataclass(frozen=True)
class Unpacked:
    """header: as sent.  body: inflated."""

    header: dict[str, Any]
    body: bytes

    def array(self, place: dict[str, Any]) -> np.ndarray:
        """The flat array that the header points to."""
        flat = np.frombuffer(self.body, TYPES[place["type"]], place["length"], place["at"])
        if not place["summed"]:
            return flat
        return np.cumsum(flat.reshape(-1, place["summed"]), axis=1, dtype=np.uint8).ravel()

    def numbers(self, row: int) -> np.ndarray:
        """(S, n): what is written under each picture of a row."""
        flat = self.array(self.header["rows"][row]["numbers"])
        return flat.reshape(len(self.header["values"]), len(self.header["cells"]))

    def pictures(self, row: int, frame: int) -> np.ndarray:
        """(n, C, H, W): what a row draws at a frame, before it is clipped to the screen."""
        sent = self.header["rows"][row]
        c, h, w = self.header["shape"]
        shape = (len(self.header["cells"]), c, h, w)
        if sent["kind"] == "still":
            return self.array(sent["x"]).reshape(shape) / 255
        if sent["kind"] == "affine":
            base, slope = (self.array(sent[end]).reshape(shape) for end in ("base", "slope"))
            return (base + self.header["values"][frame] * slope) / sent["unit"]
        if sent["kind"] == "switched":
            before, after = (self.array(sent[end]).reshape(shape) for end in ("before", "after"))
            since = self.array(sent["since"]).reshape(shape[0], 1, h, w)
            return np.where(frame >= since, after, before) / 255
        if sent["kind"] == "frames":
            q = self.array(sent["x"]).reshape(*shape, len(self.header["values"]))[..., frame]
            return sent["low"] + q * (sent["high"] - sent["low"]) / 255
        of, against = self.pictures(sent["of"], frame), self.pictures(sent["against"], frame)
        error = np.sqrt(np.square(of - against).mean(axis=1, keepdims=True))
        return error / self.header["scale"]["most"]

    @property
    def labels(self) -> list[str]:
        return [row["label"] for row in self.header["rows"]]


def unpacked(message: bytes) -> Unpacked:
    """What the browser makes of a message."""
    length = int.from_bytes(message[:4], "little")
    return Unpacked(json.loads(message[4 : 4 + length]), zlib.decompress(message[4 + length :]))


def components(app: AppTest) -> list[Any]:
    """Our components on the page that show something; others only listen."""
    listening, found = ("history", "zoom"), app.get("bidi_component")
    return [one for one in found if not any(x in one.proto.component_name for x in listening)]
