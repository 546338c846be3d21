"""The ways to add images: files and archives, a folder, the camera, a drawing."""

import datetime
import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import IO, Literal, assert_never

import numpy as np
import streamlit as st

from core.config import COMMAND, ImageRejected
from core.data.offered import gate
from core.data.offered.gate import Offered, Terms
from core.data.offered.names import ENCODINGS, printable
from core.data.own.draft import SIDES, Form, Values
from core.data.own.import_images import first_look
from core.data.own.upload import Given, read_pictures
from core.images.modes import Colour
from core.images.preparation import (
    FRAMINGS,
    GROUNDS,
    RESAMPLINGS,
    Resampling,
    Survey,
    prepare,
    words,
)
from core.images.reading import Raw, read_image
from core.text import counted
from pages.ui.components import drawpad, gallery
from pages.ui.components.gallery import Columns, Item
from pages.ui.figures import mosaic
from pages.ui.figures.text import plain
from pages.ui.own.tray import Tray
from pages.ui.session import widgets
from pages.ui.session.registry import WAYS

MOST_BYTES = 64 << 20  # of files whose pictures are looked at one by one
DRAWING, KEPT_DRAWING, LAST_DRAWN = "drawing", "kept drawing", "last_drawn"
LOOK_HELP = (
    "PNG, JPEG, WebP, BMP, TIFF or GIF, known by their content; or archives of them: .zip, .tar, "
    ".tar.gz or .parquet. Of a folder: every image in it and in its subfolders"
)
CAMERA_HELP = "The photograph stays on this machine"


def way() -> str:
    """Draw the control that chooses how images are added; return its value."""
    return widgets.view(WAYS, label_visibility="collapsed")


def draw(tray: Tray, is_to_look: Callable[["Source"], bool]) -> bool:
    """Draw the controls of the chosen way; images that are added go into the tray.

    is_to_look: asked of uploaded files, whether they are meant to be looked at one by one.
    Returns whether there are files of which that is not decided.
    """
    chosen = st.session_state[WAYS.key]
    if chosen != "draw" and DRAWING in tray.given:
        tray.rename(DRAWING, KEPT_DRAWING)
    return DRAWN[chosen](tray, is_to_look)


def _files(tray: Tray, is_to_look: Callable[["Source"], bool]) -> bool:
    way = st.session_state[WAYS.key]
    images = _uploaded(way, f"{way}_{tray.uploads}", LOOK_HELP)
    if images is not None and is_to_look(images):
        take(tray, images)
        st.rerun()
    return images is not None


def take(tray: Tray, images: "Source") -> None:
    """Read files into the tray, with a progress bar."""
    bar = st.progress(0.0, "Reading the images")

    def tell(done: int, total: int | None) -> None:
        bar.progress(done / (total or 1), "Reading the images")

    offered = images.offered(Terms())
    pictures, rejected = read_pictures(offered, tell)
    tray.add(pictures, rejected, offered.notes)


def _camera(tray: Tray, _: object) -> bool:
    photo = st.camera_input("Take a photograph", key=f"camera_{tray.uploads}", help=CAMERA_HELP)
    if photo:
        taken = datetime.datetime.now().astimezone()
        name = f"photograph {taken:%H-%M-%S}"
        take(tray, Source(name, name, partial(gate.in_files, [(name, photo)])))
        st.rerun()
    return False


def _draw(tray: Tray, _: object) -> bool:
    drawn = drawpad.show("drawpad", tray.sheet)
    if drawn is not None:
        _put(tray, drawn)
    if DRAWING in tray.given:
        st.button(
            "Keep it and draw another",
            on_click=_keep,
            args=(tray,),
            icon=":material/add:",
            help="Adds the drawing to your images and clears the pad",
        )
    return False


def _put(tray: Tray, drawn: bytes) -> None:
    """Put the current drawing into the tray if it has changed."""
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
        return  # not sent by our drawing pad
    tray.put(Given(DRAWING, picture, picture.size))


def _keep(tray: Tray) -> None:
    tray.rename(DRAWING, KEPT_DRAWING)
    tray.sheet += 1


DRAWN: Mapping[str, Callable[[Tray, Callable[["Source"], bool]], bool]] = WAYS.each(
    {"files": _files, "folder": _files, "camera": _camera, "draw": _draw}
)


# Where the images of a data set come from, and to which size and colours they are converted.

UPLOADS, SUGGESTED = "set_uploads", "set_suggested"
LOOKED_AT, SHOWN = 2_000, 40  # names that are searched; most characters of a shown name
HOSTS = ("localhost", "127.0.0.1")
Way = Literal["files", "folder", "path"]
SOURCES: dict[Way, str] = {
    "files": "Files or archive",
    "folder": "Folder",
    "path": "Path on this machine",
}
UPLOAD_HELP = (
    "PNG, JPEG, WebP, BMP, TIFF or GIF, or archives of them: .zip, .tar, .tar.gz or .parquet, of "
    "at most 20,000 files and 1 GB each. Read larger ones from the disk of this machine: by their "
    f"path, or with `{COMMAND} import`"
)
NAMES_HELP = (
    "The archive does not state the encoding of its file names. Choose the one in which they are "
    "readable; they become the names of the classes"
)
MANNER = {
    "crop": "Crop to the centre",
    "pad": "Pad the edges",
    "stretch": "Stretch",
    "digit": "Centre as MNIST's digits",
}
VALUES = {"set": "One range for all files", "file": "Each file its own range", "given": "As given"}
VALUES_HELP = (
    "Which numbers become black and white in files of more than 8 bits a pixel. Files of 8 bits "
    "are 0 to 255, unless a range within that is given"
)
GROUND: Mapping[str, Colour | None] = MappingProxyType(
    {"Automatic": None, "White": GROUNDS[0], "Black": GROUNDS[1], "Grey": GROUNDS[2]}
)
GROUND_HELP = "The colour they are laid on. Automatic: the one on which the fewest images are blank"
RESAMPLING_HELP = "bicubic for photographs, area for means, nearest for the hard pixels of sprites"


@dataclass(frozen=True)
class Source:
    """Images for a data set.

    stamp: identifies this upload, for the keys of widgets about it.  offered: opens the files.
    path: their folder or archive on this machine; otherwise files: names and open files.
    """

    name: str
    stamp: str
    offered: Callable[[Terms], Offered]
    path: str = ""
    files: tuple[tuple[str, IO[bytes]], ...] = ()

    @property
    def n_bytes(self) -> int:
        """Bytes of the uploaded files."""
        return sum(file.seek(0, os.SEEK_END) for _, file in self.files)


@dataclass(frozen=True)
class FirstLook:
    """What the first files of a source show.

    form: suggested size, colours and manner.  n: number of files.  names: some of their names.
    encoding: guessed encoding of names not marked as UTF-8; "" if nothing was guessed.
    sample: names and small copies of some images.
    """

    form: Form
    n: int
    names: tuple[str, ...]
    encoding: str
    sample: tuple[tuple[str, Raw], ...]


def may_name_paths() -> bool:
    """Whether the browser runs on this machine: only then may paths on it be read."""
    headers = st.context.headers
    host = (headers.get("Host") or "").rsplit(":", 1)[0]
    return host in HOSTS and "X-Forwarded-For" not in headers and "Forwarded" not in headers


def choose_source() -> Source | None:
    """Draw the controls that add images; return their source, None while there is none."""
    ways = [way for way in SOURCES if way != "path" or may_name_paths()]
    way = widgets.choice(
        st.segmented_control,
        "From",
        ways,
        key="from",
        default="files",
        required=True,
        format_func=SOURCES.__getitem__,
        help="Where the images come from",
    )
    match way:
        case "path":
            return _by_path()
        case "files" | "folder":
            key = f"set_{way}_{st.session_state.setdefault(UPLOADS, 0)}"
            return _uploaded(way, key, UPLOAD_HELP)
        case _:
            assert_never(way)


def begin_anew() -> None:
    """Empty the uploader, from the next run of the page on."""
    st.session_state[UPLOADS] = st.session_state.get(UPLOADS, 0) + 1
    st.session_state.pop(SUGGESTED, None)


def source_form(images: Source) -> Form:
    """Draw the controls of the preparation, and a preview; return their values."""
    looked = first_look_of(images)
    suggested = looked.form
    st.caption(f"{counted(looked.n, 'file')} in {plain(images.name)}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        side = st.number_input(
            "Size",
            SIDES[0],
            SIDES[-1],
            suggested.size[0],
            key=f"set_size_{images.stamp}",
            width=140,
            help="Pixels a side to which all images are resized; smaller images train faster",
        )
        square = st.toggle("Square", True, key=f"set_square_{images.stamp}",
                           help="Off: a height and a width of their own")  # fmt: skip
        if square:
            width = side
        else:
            width = st.number_input("Width", SIDES[0], SIDES[-1], suggested.size[1], width=140,
                                    key=f"set_width_{images.stamp}",
                                    help="Pixels; the size is then the height")  # fmt: skip
        colours = st.segmented_control(
            "Colours",
            (1, 3),
            default=suggested.channels,
            key=f"set_colours_{images.stamp}",
            required=True,
            format_func={1: "Grey", 3: "Colour"}.__getitem__,
            help="Grey keeps only the brightness",
            wrap=True,
        )
        manner = st.segmented_control(
            "Shape",
            FRAMINGS,
            default="crop",
            key=f"set_manner_{images.stamp}",
            required=True,
            format_func=MANNER.__getitem__,
            help="How images of other proportions are framed; handwriting can be centred",
            wrap=True,
        )
    values, ground, resampling = _finer_choices(images)
    form = Form(
        size=(int(side), int(width)),
        channels=int(colours or 3),
        manner=manner or "crop",
        values=values,
        ground=ground,
        resampling=resampling,
    )
    _preview(looked, form)
    return form


def _finer_choices(images: Source) -> tuple[Values, Colour | None, Resampling]:
    """Values, ground and resampling, which seldom have to be chosen."""
    stamp = images.stamp
    row = st.expander("Values, transparency, resampling").container(
        horizontal=True, vertical_alignment="bottom"
    )
    with row:
        values = st.selectbox("Values", list(VALUES), key=f"set_values_{stamp}", width=240,
                              format_func=VALUES.__getitem__, help=VALUES_HELP)  # fmt: skip
        given: Values = "file" if values == "file" else "set"
        if values == "given":
            low = st.number_input("Black", value=0.0, key=f"set_low_{stamp}", width=140,
                                  help="This number and lower ones become black")  # fmt: skip
            high = st.number_input("White", value=4095.0, key=f"set_high_{stamp}", width=140,
                                   help="This number and higher ones become white")  # fmt: skip
            given = (low, high)
        ground = st.selectbox("Transparent parts", list(GROUND), key=f"set_ground_{stamp}",
                              width=180, help=GROUND_HELP)  # fmt: skip
        resampling = st.selectbox("Resampling", RESAMPLINGS, key=f"set_resampling_{stamp}",
                                  width=150, help=RESAMPLING_HELP)  # fmt: skip
    return given, GROUND[ground], resampling


def _preview(looked: FirstLook, form: Form) -> None:
    """Some of the images as they would be."""
    if not looked.sample:
        return
    seen = Survey()
    for _, raw in looked.sample:
        seen.add(raw)
    how = form.settled(seen)
    x = np.stack([prepare(raw, how) for _, raw in looked.sample])
    st.caption(plain(f"Preview: {words(how)}."))
    items = [Item(name, (name.rsplit("/", 1)[-1],)) for name, _ in looked.sample]
    pictures = mosaic.colours(np.divide(x, np.float32(255)))
    gallery.show(gallery.pack(items, [pictures], Columns(("image",))), "own_preview")


def encoding_choice(images: Source) -> str:
    """The encoding chosen for file names, a key of core.data.offered.names.ENCODINGS.

    Returns "" if none had to be guessed, or the guess was not changed.
    """
    guessed = first_look_of(images)
    if not guessed.encoding:
        return ""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Names read as",
            list(ENCODINGS),
            index=list(ENCODINGS).index(guessed.encoding),
            key=f"set_encoding_{images.stamp}",
            format_func=lambda key: ENCODINGS[key][1],
            width=300,
            help=NAMES_HELP,
        )
        asked = "" if chosen == guessed.encoding else chosen
        names = ", ".join(first_look_of(images, asked).names)
        st.caption(f"A guess; for example: {plain(names)}" if names else "A guess.")
    return asked


def _by_path() -> Source | None:
    text = st.text_input(
        "Folder or archive", key="set_path", help="A path on the machine that runs Hourglass"
    )
    path = Path(text)
    name, offered = printable(path.name), partial(gate.at_path, path)
    return Source(name, text, offered, path=text) if text else None


def _uploaded(way: Literal["files", "folder"], key: str, about: str) -> Source | None:
    uploaded = st.file_uploader(
        "A folder of images" if way == "folder" else "Images, or archives of images",
        accept_multiple_files="directory" if way == "folder" else True,
        key=key,
        help=about,
    )
    if not uploaded:
        return None
    files = [(file.name, file) for file in uploaded]
    name = files[0][0].split("/")[0]
    if len(files) > 1 and way == "files":
        name = f"{len(files):,} files"
    stamp = f"{uploaded[0].file_id} {uploaded[-1].file_id} {len(files)}"
    return Source(printable(name), stamp, partial(gate.in_files, files), files=tuple(files))


def n_files_of(images: Source) -> int:
    """How many files a source has.  Raises DataError if it cannot be opened."""
    return len(images.offered(Terms()))


def first_look_of(images: Source, encoding: str = "") -> FirstLook:
    """What the first files of a source show; cached for each encoding of names."""
    kept = st.session_state.get(SUGGESTED)
    if kept is None or kept[0] != images.stamp:
        kept = (images.stamp, {})
        st.session_state[SUGGESTED] = kept
    looks: dict[str, FirstLook] = kept[1]
    if encoding not in looks:
        terms = Terms(encoding=encoding)
        offered = images.offered(terms)
        known = looks.get("")
        form, sample = (known.form, known.sample) if known else first_look(offered)
        guess = terms.guesses[0].encoding if terms.guesses else ""
        looks[encoding] = FirstLook(
            form=form,
            n=len(offered),
            names=_telling_names(offered),
            encoding=guess,
            sample=sample,
        )
    return looks[encoding]


def _telling_names(offered: Offered) -> tuple[str, ...]:
    """A few file names that show whether the encoding is right."""
    telling = (offer.name for offer in islice(offered, LOOKED_AT) if not offer.name.isascii())
    return tuple(
        name if len(name) <= SHOWN else f"{name[:SHOWN]}..." for name in islice(telling, 3)
    )
