"""The button that makes a report of what a page shows: one HTML file, see core.reports."""

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from core import reports
from core.images.imagesets import ImageSet
from core.noise import Noise
from core.reports import Content, Table, Tile
from pages.ui.figures import mosaic
from pages.ui.figures.mosaic import Pixels
from pages.ui.figures.text import decimal, noise_name

HELP = (
    "One HTML file with the pictures, numbers, settings, seeds and versions of what you see, and "
    "the link that opens it again. It needs no network and holds no script"
)
ERRORS = (".3f", ".4f", ".5f")  # formats of numbers that may be very small
MOST_TILES, MOST_ROWS = 60, 200  # pictures in a row, rows in a table
SIDE = 128  # pixels of a picture, at most: larger ones are sent smaller


def button(make: Callable[[], Content], name: str) -> None:
    """Offer the report that make() has the content of; draw it when the link is complete.

    make: called when the visitor clicks, outside of the page's run: it must not ask the session.
    """
    link = address()
    st.download_button(
        "Copy report",
        lambda: reports.html(make(), link).encode(),
        f"hourglass-{name}.html",
        "text/html",
        key=f"report_{name}",
        icon=":material/description:",
        on_click="ignore",
        help=HELP,
    )


def address() -> str:
    """What opens this page again as it is."""
    query = {name: st.query_params.get_all(name) for name in st.query_params}
    words = urlencode(query, doseq=True)
    return f"{st.context.url or ''}{f'?{words}' if words else ''}"


def tiles(
    pictures: Pixels, alts: Iterable[str], captions: Sequence[str] | None = None
) -> tuple[Tile, ...]:
    """Pictures (n, H, W, 3) with words, as a report has them; large ones are made smaller."""
    from pages.ui.components import gallery  # the component, which a report does not need

    small = gallery.fitted(pictures[:MOST_TILES], SIDE)
    below = captions if captions is not None else [""] * len(small)
    words = zip(alts, below, strict=False)
    return tuple(
        Tile(mosaic.png(picture), alt, caption)
        for picture, (alt, caption) in zip(small, words, strict=False)
    )


class Column(NamedTuple):
    """One column of a table.  name: in the data frame.  format: of its values, as in f"{x:...}"."""

    name: str
    title: str
    format: str = ""


def table(title: str, frame: pd.DataFrame, columns: Sequence[Column], note: str = "") -> Table:
    """A data frame as a report has it, a cell without a value empty; the first MOST_ROWS rows."""
    left = len(frame) - MOST_ROWS
    more = f"{left:,} more rows are on the page." if left > 0 else ""
    parts = [[_cell(value, one.format) for value in frame[one.name]] for one in columns]
    rows = tuple(zip(*parts, strict=True))[:MOST_ROWS]
    said = " ".join(filter(None, (note, more)))
    return Table(title, tuple(one.title for one in columns), rows, said)


def of_noise(noise: Noise, seed: int) -> Mapping[str, str]:
    """Kind of the noise and its seed, as settings."""
    return {"noise": noise_name(noise), "seed of the noise": str(seed)}


def of_data(dataset: str, split: str, n: int) -> Mapping[str, str]:
    """Which images, as settings."""
    return {"data set": dataset, "part": split, "images": f"{n:,}"}


def _cell(value: Any, form: str) -> str:
    if value is None or value != value:  # noqa: PLR0124  # nan
        return ""
    return decimal(value, int(form[1])) if form in ERRORS else f"{value:{form}}"


# What can be taken away: a table for a spreadsheet, and a selection of images in a zip.

NAME = re.compile(r"[^\w.-]+", re.ASCII)
LONGEST = 100


def csv_button(table: Callable[[], pd.DataFrame], name: str, about: str) -> None:
    """Offer a table, made when it is asked for.  name: of the file.  about: what is in it."""
    from core.export.tables import csv_bytes

    st.download_button(
        "CSV",
        lambda: csv_bytes(table()),
        name,
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        help=about,
    )


def images_zip(images: ImageSet, known: "pd.DataFrame | None" = None) -> bytes:
    """A PNG of each image, its own pixels, named after its id; and ids.csv, which file is which.

    known: a row an image, in the order of images; its columns are added to ids.csv.
    """
    file = io.BytesIO()
    names = file_names(images.ids.tolist())
    with zipfile.ZipFile(file, "w") as archive:
        for name, picture in zip(names, mosaic.colours(images.pixels()), strict=True):
            archive.writestr(name, mosaic.png(picture))
        archive.writestr("ids.csv", table_of(images, names, known))
    return file.getvalue()


def table_of(images: ImageSet, names: list[str], known: "pd.DataFrame | None" = None) -> bytes:
    """Which file of the zip is which image, as CSV."""
    from core.export.tables import csv_bytes  # pandas, which looking does not need

    labels = [images.label_name(i) for i in range(len(images))]
    table = {"file": names, "id": images.ids.tolist(), "label": labels}
    more = {} if known is None else {c: known[c].tolist() for c in known if c not in table}
    return csv_bytes(pd.DataFrame(table | more))


def file_names(ids: list[str]) -> list[str]:
    """A name that every system can keep for each id, all different: a/b c.png -> a_b_c.png."""
    found: list[str] = []
    lower: set[str] = set()
    for i, image_id in enumerate(ids):
        stem = NAME.sub("_", image_id.removesuffix(".png")).strip("._")[-LONGEST:] or "image"
        while f"{stem}.png".lower() in lower:
            stem = f"{stem}-{i}"
        found.append(f"{stem}.png")
        lower.add(found[-1].lower())
    return found
