"""Shared by all components of the browser: registration of their files, and packed messages."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.ui.components import bundle

if TYPE_CHECKING:  # the server imports this before it says how many threads NumPy may have
    import numpy.typing as npt

FOLDER = Path(__file__).parent
NOTHING = "<i hidden></i>"  # of a component that shows nothing of its own


@dataclass(frozen=True)
class Packed:
    """The content of a component, packed for the browser; immutable, so it can be shared.

    header: JSON values; its "id" differs whenever the content differs.  body: binary data.
    """

    header: dict[str, Any]
    body: bytes

    @classmethod
    def identified(cls, header: dict[str, Any], body: bytes) -> "Packed":
        """The header and the body, with an "id" in the header that changes with their content."""
        digest = hashlib.sha256(json.dumps(header).encode() + body).hexdigest()
        return cls(header | {"id": digest[:16]}, body)

    def message(self, **asked: Any) -> bytes:
        """Length of the header (4 bytes, little-endian), the header as JSON, the body.

        asked: values added to the header that change from run to run and are not cached.
        """
        header = json.dumps(self.header | asked).encode()
        return len(header).to_bytes(4, "little") + header + self.body


class Body:
    """Concatenated arrays, each at a multiple of four bytes; shared/message.js reads them."""

    def __init__(self) -> None:
        self.content = bytearray()

    def put(self, array: "npt.NDArray[Any]", summed: int = 0) -> dict[str, Any]:
        """Append an array; returns where it is.

        array: uint8, uint16, int16 or float32.  summed: length of its last axis if it has
        differences along it, else 0.
        """
        name = {"uint8": "u1", "uint16": "u2", "int16": "i2", "float32": "f4"}[array.dtype.name]
        self.content.extend(bytes(-len(self.content) % 4))
        place = {"type": name, "at": len(self.content), "length": array.size, "summed": summed}
        self.content.extend(array.tobytes())
        return place


def component(
    name: str, folder: str | Path = "", isolate_styles: bool = True
) -> Callable[..., Any]:
    """Register a component; call this once, when its module is imported.

    folder: where its files are, if not in a folder of its name beside this module: `name`.js, and
    `name`.css and `name`.html if it shows something.  isolate_styles: draw it in a shadow root.
    """
    home = FOLDER / (folder or name)
    return st.components.v2.component(
        f"hourglass_{name}",
        html=_text(home / f"{name}.html") or NOTHING,
        css=_text(home / f"{name}.css"),
        js=bundle.module(home / f"{name}.js"),
        isolate_styles=isolate_styles,
    )


def heard() -> None:
    """An empty on_..._change callback: without one Streamlit does not report a change."""


def _text(file: Path) -> str | None:
    return file.read_text("utf-8") if file.exists() else None
