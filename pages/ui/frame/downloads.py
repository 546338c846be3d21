"""Downloads: the report of a page as one HTML file (see core.reports), tables, images."""

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from core import checkpoints, reports
from core.checkpoints import Card
from core.export import standalone
from core.images.imagesets import ImageSet
from core.noise import Noise
from core.reports import Content, Tile
from pages.ui.components import takeaway
from pages.ui.figures import mosaic
from pages.ui.figures.mosaic import Pixels
from pages.ui.figures.text import noise_name

HELP = (
    "One HTML file with the pictures, numbers, settings, seeds and versions of this page, and the "
    "link that opens it again. It needs no network and contains no scripts: nothing in it moves. "
    "Take away gives a page in which the model itself runs"
)
TAKE_AWAY = (
    "One HTML file that carries {models}, up to 1,000 of these images and scripts that compute: "
    "noise, drawing, code and map work in it without any server or network. Copy report is what "
    "this page shows now, without scripts"
)
MOST_TILES = 60  # pictures in a row
SIDE = 128  # pixels; larger pictures are scaled down


def button(make: Callable[[], Content], name: str) -> None:
    """Draw the button of the report; call it when the link is complete.

    make: returns the content. It is called after a click, outside a run of the page, so it must not
    use the session.
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


def take_away(cards: Sequence[Card], images: ImageSet) -> None:
    """Draw the button of a page that carries the first one or two models and the images."""
    chosen = cards[: standalone.MAX_MODELS]
    names = [card.name for card in chosen]
    few = "" if len(images) > 1 else "A page needs at least two images."
    refused = few or standalone.refused(chosen)
    st.download_button(
        "Take away",
        lambda: _standalone(chosen, images),
        f"hourglass-{'-and-'.join(names)}.html",
        "text/html",
        key="take_away",
        icon=":material/ios_share:",
        on_click="ignore",
        disabled=bool(refused),
        help=refused or TAKE_AWAY.format(models=" and ".join(names)),
    )


def _standalone(cards: Sequence[Card], images: ImageSet) -> bytes:
    models = [checkpoints.of(card) for card in cards]
    content = standalone.content(models, images, standalone.title_of(images.id))
    return takeaway.page(content, standalone.name_of(models))


def address() -> str:
    """The link that opens the page again in its current state."""
    query = {name: st.query_params.get_all(name) for name in st.query_params}
    words = urlencode(query, doseq=True)
    return f"{st.context.url or ''}{f'?{words}' if words else ''}"


def tiles(
    pictures: Pixels, alts: Iterable[str], captions: Sequence[str] | None = None
) -> tuple[Tile, ...]:
    """Pictures (n, H, W, 3) uint8 with captions for a report; large ones are scaled down."""
    from pages.ui.components import gallery  # the component, which a report does not need

    small = gallery.fitted(pictures[:MOST_TILES], SIDE)
    below = captions if captions is not None else [""] * len(small)
    words = zip(alts, below, strict=False)
    return tuple(
        Tile(mosaic.png(picture), alt, caption)
        for picture, (alt, caption) in zip(small, words, strict=False)
    )


def of_noise(noise: Noise, seed: int) -> Mapping[str, str]:
    """Kind and seed of the noise, as settings of a report."""
    return {"noise": noise_name(noise), "seed of the noise": str(seed)}


def of_data(dataset: str, split: str, n: int) -> Mapping[str, str]:
    """Data set, split and number of images, as settings of a report."""
    return {"data set": dataset, "part": split, "images": f"{n:,}"}


# Other downloads: tables for a spreadsheet, and images in a zip.

NAME = re.compile(r"[^\w.-]+", re.ASCII)
LONGEST = 100


def csv_button(table: Callable[[], pd.DataFrame], name: str, about: str) -> None:
    """Draw the download of a table, made after a click.  name: of the file.  about: its content."""
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
    """A zip with a PNG of each image at its own size, named by its id, and ids.csv with all ids.

    known: a row for each image, in the order of images; its columns are added to ids.csv.
    """
    file = io.BytesIO()
    names = file_names(images.ids.tolist())
    with zipfile.ZipFile(file, "w") as archive:
        for name, picture in zip(names, mosaic.colours(images.pixels()), strict=True):
            archive.writestr(name, mosaic.png(picture))
        archive.writestr("ids.csv", table_of(images, names, known))
    return file.getvalue()


def table_of(images: ImageSet, names: list[str], known: "pd.DataFrame | None" = None) -> bytes:
    """The content of ids.csv: file name and id of each image, and the columns of known."""
    from core.export.tables import csv_bytes  # pandas, which looking does not need

    labels = [images.label_name(i) for i in range(len(images))]
    table = {"file": names, "id": images.ids.tolist(), "label": labels}
    more = {} if known is None else {c: known[c].tolist() for c in known if c not in table}
    return csv_bytes(pd.DataFrame(table | more))


def file_names(ids: list[str]) -> list[str]:
    """Unique file names for ids, valid on every system: a/b c.png -> a_b_c.png."""
    found: list[str] = []
    lower: set[str] = set()
    for i, image_id in enumerate(ids):
        stem = NAME.sub("_", image_id.removesuffix(".png")).strip("._")[-LONGEST:] or "image"
        while f"{stem}.png".lower() in lower:
            stem = f"{stem}-{i}"
        found.append(f"{stem}.png")
        lower.add(found[-1].lower())
    return found
