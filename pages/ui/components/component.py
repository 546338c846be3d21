"""What all components of the browser share: registration of their files, and packed messages."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pages.ui.components import bundle

FOLDER = Path(__file__).parent
NOTHING = "<i hidden></i>"  # of a component that shows nothing of its own


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


def component(name: str, folder: str = "", isolate_styles: bool = True) -> Callable[..., Any]:
    """Register a component; call this once, when its module is imported.

    folder: where its files are, if it is not named like the component: `name`.js, and `name`.css
    and `name`.html if it shows something.  isolate_styles: draw it in a shadow root.
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
