"""Where the images of a data set come from, and what they are to be brought to."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.data import given
from core.data.drafts import MANNERS, SIDES, Form
from core.data.gathering import suggest_form
from core.data.offers import Offer
from pages.ui import widgets
from pages.ui.text import counted, plain

UPLOADS, SUGGESTED = "set_uploads", "set_suggested"
HOSTS = ("localhost", "127.0.0.1")
WAYS = {"files": "Files or zip", "folder": "Folder", "path": "Path on this machine"}
UPLOAD_HELP = (
    "PNG, JPEG, WebP, BMP, TIFF or GIF; at most 20,000 files in a zip. What is larger than may be "
    "uploaded is read where it lies: by its path, or with `python -m core import`"
)
MANNER = {"crop": "Cut the middle out", "pad": "Fill up the edges", "digit": "As MNIST's digits"}


@dataclass(frozen=True)
class Source:
    """What was handed over.  stamp: tells it from all else; widgets about it have it in their keys.

    opened: gives the files, to be read while it lasts.
    """

    name: str
    stamp: str
    opened: Callable[[], AbstractContextManager[tuple[Offer, ...]]]


def may_name_paths() -> bool:
    """Whether the visitor sits at this machine: nobody else may have its folders read."""
    headers = st.context.headers
    host = (headers.get("Host") or "").rsplit(":", 1)[0]
    return host in HOSTS and "X-Forwarded-For" not in headers and "Forwarded" not in headers


def source() -> Source | None:
    """The controls to hand images over; None as long as there are none."""
    ways = [way for way in WAYS if way != "path" or may_name_paths()]
    way = widgets.choice(
        st.segmented_control,
        "From",
        ways,
        key="from",
        default="files",
        required=True,
        format_func=WAYS.__getitem__,
        help="Where the images come from",
    )
    return _by_path() if way == "path" else _uploaded(way)


def begin_anew() -> None:
    """With an empty uploader, from the next run of the page on."""
    st.session_state[UPLOADS] = st.session_state.get(UPLOADS, 0) + 1
    st.session_state.pop(SUGGESTED, None)


def form(images: Source) -> Form:
    """Size, colours and manner, as suggested or chosen."""
    suggested, n = _suggested(images)
    st.caption(f"{counted(n, 'file')} in {plain(images.name)}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        side = st.number_input(
            "Size",
            SIDES[0],
            SIDES[-1],
            suggested.size[0],
            key=f"set_size_{images.stamp}",
            width=140,
            help="Pixels a side that all images are brought to; smaller ones are trained faster",
        )
        colours = st.segmented_control(
            "Colours",
            (1, 3),
            default=suggested.channels,
            key=f"set_colours_{images.stamp}",
            required=True,
            format_func={1: "Grey", 3: "Colour"}.__getitem__,
            help="Grey keeps the brightness alone",
        )
        manner = st.segmented_control(
            "Shape",
            MANNERS,
            default="crop",
            key=f"set_manner_{images.stamp}",
            required=True,
            format_func=MANNER.__getitem__,
            help="What happens to images that are not square; handwriting can be centred",
        )
    return Form((int(side), int(side)), int(colours or 3), manner or "crop")


def _by_path() -> Source | None:
    text = st.text_input(
        "Folder or zip", key="set_path", help="On the machine that Hourglass runs on"
    )
    path = Path(text).expanduser()
    return Source(path.name, text, lambda: given.opened_path(path)) if text else None


def _uploaded(way: str) -> Source | None:
    uploaded = st.file_uploader(
        "A folder of images" if way == "folder" else "Images, or zip archives of images",
        accept_multiple_files="directory" if way == "folder" else True,
        key=f"set_{way}_{st.session_state.setdefault(UPLOADS, 0)}",
        help=UPLOAD_HELP,
    )
    if not uploaded:
        return None
    files = [(file.name, file) for file in uploaded]
    name = files[0][0].split("/")[0]
    if len(files) > 1 and way == "files":
        name = f"{len(files):,} files"
    stamp = f"{uploaded[0].file_id} {uploaded[-1].file_id} {len(files)}"
    return Source(name, stamp, lambda: given.opened(files))


def _suggested(images: Source) -> tuple[Form, int]:
    """A form that suits the images, and how many files there are; looked at once."""
    kept = st.session_state.get(SUGGESTED)
    if kept is None or kept[0] != images.stamp:
        with images.opened() as offers:
            kept = (images.stamp, suggest_form(offers), len(offers))
        st.session_state[SUGGESTED] = kept
    return kept[1], kept[2]
