"""The ways to hand pictures over: files and archives, a folder, the camera, a drawing."""

import datetime
import hashlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import IO

import streamlit as st

from core.config import ImageRejected
from core.data.offered.gate import Terms, in_files
from core.data.own.upload import Given, read_pictures
from core.images.reading import read_image
from pages.ui.components import drawpad
from pages.ui.own.tray import Tray
from pages.ui.session import widgets

DRAWING, KEPT_DRAWING, LAST_DRAWN = "drawing", "kept drawing", "last_drawn"
NAMES = {"files": "Files or archive", "folder": "Folder", "camera": "Camera", "draw": "Draw"}
FILES_HELP = (
    "PNG, JPEG, WebP, BMP, TIFF or GIF, known by their content; or archives of them: .zip, .tar, "
    ".tar.gz or .parquet"
)
FOLDER_HELP = "Every image in the folder and in those below it"
CAMERA_HELP = "The picture stays on this machine, as everything does"


def way() -> str:
    """The control that chooses how images are handed over, and what it says."""
    return widgets.choice(
        st.segmented_control,
        "Add images",
        list(WAYS),
        key="way",
        default="files",
        required=True,
        format_func=NAMES.__getitem__,
        label_visibility="collapsed",
        help="Where your images come from",
    )


def draw(tray: Tray) -> None:
    """The chosen way; what is handed over goes into the tray."""
    chosen = st.session_state["way"]
    if chosen != "draw" and DRAWING in tray.given:
        tray.rename(DRAWING, KEPT_DRAWING)
    WAYS[chosen](tray)


def take(tray: Tray, files: list[tuple[str, IO[bytes]]]) -> None:
    """Read what was handed over, with a bar, and show the page anew with it."""
    bar = st.progress(0.0, "Reading the images")

    def tell(done: int, total: int | None) -> None:
        bar.progress(done / (total or 1), "Reading the images")

    offered = in_files(files, Terms())
    pictures, rejected = read_pictures(offered, tell)
    tray.add(pictures, rejected, offered.notes)
    st.rerun()


def _files(tray: Tray) -> None:
    files = st.file_uploader(
        "Images, or archives of images",
        accept_multiple_files=True,
        key=f"files_{tray.uploads}",
        help=FILES_HELP,
    )
    if files:
        take(tray, [(file.name, file) for file in files])


def _folder(tray: Tray) -> None:
    files = st.file_uploader(
        "A folder of images",
        accept_multiple_files="directory",
        key=f"folder_{tray.uploads}",
        help=FOLDER_HELP,
    )
    if files:
        take(tray, [(file.name, file) for file in files])


def _camera(tray: Tray) -> None:
    photo = st.camera_input("Take a photograph", key=f"camera_{tray.uploads}", help=CAMERA_HELP)
    if photo:
        taken = datetime.datetime.now().astimezone()
        take(tray, [(f"photograph {taken:%H-%M-%S}", photo)])


def _draw(tray: Tray) -> None:
    drawn = drawpad.show("drawpad", tray.sheet)
    if drawn is not None:
        _put(tray, drawn)
    if DRAWING in tray.given:
        st.button(
            "Keep it and draw another",
            on_click=_keep,
            args=(tray,),
            icon=":material/add:",
            help="The drawing stays among your images, and the sheet is clean again",
        )


def _put(tray: Tray, drawn: bytes) -> None:
    """The drawing as it is now, if it has changed since the last time."""
    digest = hashlib.sha256(drawn).hexdigest()
    if st.session_state.get(LAST_DRAWN) == (tray.sheet, digest):
        return
    st.session_state[LAST_DRAWN] = (tray.sheet, digest)
    if not drawn:
        tray.remove(DRAWING)
        return
    try:
        picture = read_image(drawn, "The drawing")
    except ImageRejected:
        return  # no pad of ours sent that
    tray.put(Given(DRAWING, picture, picture.size))


def _keep(tray: Tray) -> None:
    tray.rename(DRAWING, KEPT_DRAWING)
    tray.sheet += 1


WAYS: Mapping[str, Callable[[Tray], None]] = MappingProxyType(
    {"files": _files, "folder": _folder, "camera": _camera, "draw": _draw}
)
