"""What all components of the browser share: registration of their files, and packed messages."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

ASSETS = Path(__file__).parent / "assets"
SWEEP = (
    "sweep",
    "sweep_pictures",
    "sweep_bars",
    "chart",
)  # what draws a sweep, here and in server/shell.py


@dataclass(frozen=True)
class Packed:
    """The content of a component, packed for the browser; immutable, so it can be shared.

    header: JSON values; its "id" differs whenever the content differs.  body: binary data.
    """

    header: dict[str, Any]
    body: bytes

    def message(self, **asked: Any) -> bytes:
        """Length of the header (4 bytes, little-endian), the header as JSON, the body.

        asked: values added to the header that change from run to run and are not cached.
        """
        header = json.dumps(self.header | asked).encode()
        return len(header).to_bytes(4, "little") + header + self.body


def component(
    name: str, parts: Sequence[str] = (), html: str | None = None, isolate_styles: bool = True
) -> Callable[..., Any]:
    """Register a component; call this once, when its module is imported.

    parts: names of its scripts and styles in assets/, without suffix, in order of dependence;
    empty = only `name`.  html: its initial HTML if there is no name.html.
    """
    own = ASSETS / f"{name}.html"
    return st.components.v2.component(
        f"hourglass_{name}",
        html=own.read_text("utf-8") if own.exists() else html,
        css=_joined(parts or (name,), "css"),
        js=_joined(parts or (name,), "js"),
        isolate_styles=isolate_styles,
    )


def heard() -> None:
    """An empty on_..._change callback: without one Streamlit does not report a change."""


def _joined(parts: Sequence[str], suffix: str) -> str | None:
    files = (ASSETS / f"{part}.{suffix}" for part in parts)
    return "\n".join(file.read_text("utf-8") for file in files if file.exists()) or None
