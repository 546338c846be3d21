"""Reports: self-contained HTML files with pictures, numbers, settings and versions.

They contain no scripts and load nothing over the network. All texts are escaped.
"""

import base64
import contextlib
import importlib.metadata
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from core.checkpoints import Card
from core.config import PROJECT
from core.noise import KINDS
from core.reports import svg
from core.reports.charts import Chart
from core.text import visible

TEMPLATE = Path(__file__).with_name("report.html")
PACKAGES = ("streamlit", "onnxruntime", "torch", "numpy", "scipy", "scikit-learn", "pillow")
SIDES = (64, 128)  # pixels that a tile is wide, at least and at most
Role = Literal["original", "noisy", "reconstructed", "error", "outlier"]


@dataclass(frozen=True)
class Tile:
    """One small picture: a PNG, its description for screen readers, and its caption."""

    png: bytes
    alt: str
    caption: str = ""

    @property
    def width(self) -> int:
        """Pixels that it takes on the page: large pictures are shown larger."""
        of_file = int.from_bytes(self.png[16:20])  # in a PNG's header
        return min(max(of_file, SIDES[0]), SIDES[1])

    @property
    def address(self) -> str:
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


@dataclass(frozen=True)
class Row:
    """Pictures side by side under a title.  role: which colour its title has."""

    title: str
    tiles: tuple[Tile, ...]
    role: Role = "original"
    detail: str = ""


@dataclass(frozen=True)
class Figure:
    """A chart with a title over it and words below."""

    title: str
    chart: Chart
    note: str = ""

    @property
    def svg(self) -> str:
        return svg.svg(self.chart)


@dataclass(frozen=True)
class Table:
    """A table, its numbers formatted.  rows: each as long as columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Content:
    """The content of a report.

    name: of the page.  sayings: sentences, the main one first.  settings: chosen values by the name
    of the control.  cards: the models.
    """

    name: str
    sayings: tuple[str, ...]
    settings: Mapping[str, str]
    cards: tuple[Card, ...]
    rows: tuple[Row, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()


def html(content: Content, link: str, made: datetime | None = None) -> str:
    """The report as the text of an HTML file.

    link: the address that opens the page again as it is; only http and https can be clicked.
    made: when; now if None.
    """
    from jinja2 import Environment, StrictUndefined  # 0.1 s, which looking does not need

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    return environment.from_string(TEMPLATE.read_text("utf-8")).render(
        content=content,
        link=link,
        is_web=link.startswith(("http://", "https://")),
        tables=(*content.tables, model_table(content.cards)),
        versions=versions(),
        made=(made or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _visible(value: Any) -> Any:
    """A value for the template; texts without invisible and bidirectional control characters."""
    return type(value)(visible(value)) if isinstance(value, str) else value


def model_table(cards: Sequence[Card]) -> Table:
    """A table of the models with their checksums."""
    rows = tuple(
        (
            card.name,
            card.title + card.mark,
            f"{card.latent_dim:,}",
            f"{card.n_parameters:,}",
            card.dataset_title,
            f"{KINDS[card.noise.kind].title}, σ {card.noise.sigma:g}" if card.noise else "none",
            card.sha256,
        )
        for card in cards
    )
    columns = ("checkpoint", "what it is", "D'", "parameters", "trained on", "noise", "sha256")
    warnings = " ".join(f"{card.name}: {card.warning}" for card in cards if card.warning)
    return Table("Models", columns, rows, warnings)


def versions() -> dict[str, str]:
    """The commit of this program, if it is known, and the versions of the packages it uses."""
    found = {"Hourglass": commit() or "not under git", "Python": platform.python_version()}
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


def commit() -> str:
    """The commit that is checked out, "" if none; marked if files have changed since."""
    try:
        head = _git("rev-parse", "HEAD")
        return f"{head}, with changes" if _git("status", "--porcelain", "-uno") else head
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(*arguments: str) -> str:
    if not (PROJECT / ".git").exists():  # else git would answer for a folder around us
        raise FileNotFoundError(PROJECT / ".git")
    done = subprocess.run(
        ("git", *arguments), cwd=PROJECT, capture_output=True, text=True, check=True, timeout=5
    )
    return done.stdout.strip()
