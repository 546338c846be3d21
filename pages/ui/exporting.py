"""What can be taken away: a table for a spreadsheet, and a selection of images in a zip."""

import io
import re
import zipfile
from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.images.imagesets import ImageSet
from pages.ui.figures import mosaic

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
