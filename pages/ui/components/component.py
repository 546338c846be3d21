"""What our components in the browser have in common: their files, and how they are sent things."""

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
    """What a component draws, ready to be sent: immutable, so that it can be cached and shared.

    header: what can be said in JSON; its "id" is another one if anything differs.  body: the rest.
    """

    header: dict[str, Any]
    body: bytes

    def message(self, **asked: Any) -> bytes:
        """Length of the header (4 bytes, little-endian), the header as JSON, the body.

        asked: joins the header; what changes from run to run, which is no part of what is cached.
        """
        header = json.dumps(self.header | asked).encode()
        return len(header).to_bytes(4, "little") + header + self.body


def component(
    name: str, parts: Sequence[str] = (), html: str | None = None, isolate_styles: bool = True
) -> Callable[..., Any]:
    """Register the component of that name; to be called once, when its module is imported.

    parts: names of its scripts and styles in assets/, without suffix, in the order in which they
    need each other; the one called `name` if there are none.  html: what it begins with if there
    is no name.html.
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
    """As on_..._change: Streamlit reports only what has a callback; the rerun itself is enough."""


def _joined(parts: Sequence[str], suffix: str) -> str | None:
    files = (ASSETS / f"{part}.{suffix}" for part in parts)
    return "\n".join(file.read_text("utf-8") for file in files if file.exists()) or None
