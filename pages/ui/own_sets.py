"""A folder or zip becomes a named data set: read, reported on, and made only then."""

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import streamlit as st

from core import given, making, ownsets
from core.background import Job
from core.gathering import MANNERS, SIDES, Draft, Form, gather, suggest_form
from core.making import Keeping
from core.offers import Offer
from core.ownsets import OwnSet
from pages.ui import cache, errors, own_report, sidebar, state, working
from pages.ui.sidebar import Choice
from pages.ui.text import plain

VISIT, UPLOADS, SAID, SUGGESTED = "own_visit", "set_uploads", "set_said", "set_suggested"
HOSTS = ("localhost", "127.0.0.1")
WAYS = {"files": "Files or zip", "folder": "Folder", "path": "Path on this machine"}
UPLOAD_HELP = (
    "PNG, JPEG, WebP, BMP, TIFF or GIF; at most 20,000 files in a zip. What is larger than may be "
    "uploaded is read where it lies: by its path, or with `python -m core import`"
)
MANNER = {"crop": "Cut the middle out", "pad": "Fill up the edges", "digit": "As MNIST's digits"}
Opening = Callable[[], AbstractContextManager[tuple[Offer, ...]]]


def draw(_: Choice) -> None:
    """The section."""
    if said := st.session_state.pop(SAID, ""):
        st.success(plain(said), icon=":material/check:")
    key = job_key()
    job = cache.jobs().get(key)
    if job is not None and job.state == "running":
        working.show(key, job)
    elif job is not None and job.state == "done":
        _finish(key, job.result)
    else:
        if job is not None and job.state == "failed":
            st.error(plain(job.error), icon=":material/error:")
        _begin(key)
    _list(ownsets.available())


def job_key() -> str:
    """What the reading that this visitor has started is known by."""
    return f"read {st.session_state.setdefault(VISIT, secrets.token_hex(8))}"


def may_name_paths() -> bool:
    """Whether the visitor sits at this machine: nobody else may have its folders read."""
    headers = st.context.headers
    host = (headers.get("Host") or "").rsplit(":", 1)[0]
    return host in HOSTS and "X-Forwarded-For" not in headers and "Forwarded" not in headers


def _begin(key: str) -> None:
    opening, source = _source()
    if opening is None:
        st.info(
            "Hand over a folder or a zip of images: a folder a class, or all in one. They are read "
            "once and reported on; nothing is made or trained before you have seen the report."
        )
        return
    form = _form(opening, source)
    if st.button("Read the images", type="primary", icon=":material/play_arrow:",
                 help="In the background; other pages can be used meanwhile"):  # fmt: skip
        _start(key, opening, source, form)
        st.rerun()


def _source() -> tuple[Opening | None, str]:
    """How to open what is handed over, and what to call it."""
    ways = [way for way in WAYS if way != "path" or may_name_paths()]
    state.recall("from", "files", ways)
    way = st.segmented_control("From", ways, key="from", required=True,
                               format_func=WAYS.__getitem__,
                               help="Where the images come from")  # fmt: skip
    state.publish("from", "files")
    if way == "path":
        text = st.text_input("Folder or zip", key="set_path",
                             help="On the machine that Hourglass runs on")  # fmt: skip
        path = Path(text).expanduser()
        return (lambda: given.opened_path(path)) if text else None, path.name
    n = st.session_state.setdefault(UPLOADS, 0)
    uploaded = st.file_uploader(
        "A folder of images" if way == "folder" else "Images, or zip archives of images",
        accept_multiple_files="directory" if way == "folder" else True,
        key=f"set_{way}_{n}",
        help=UPLOAD_HELP,
    )
    files = [(file.name, file) for file in uploaded]
    source = files[0][0].split("/")[0] if files else ""
    if len(files) > 1 and way == "files":
        source = f"{len(files):,} files"
    return (lambda: given.opened(files)) if files else None, source


def _form(opening: Opening, source: str) -> Form:
    """Size, colours and manner, as suggested or chosen."""
    kept = st.session_state.get(SUGGESTED)
    if kept is None or kept[0] != source:
        with opening() as offers:
            kept = (source, suggest_form(offers), len(offers))
        st.session_state[SUGGESTED] = kept
    _, suggested, n = kept
    st.caption(f"{n:,} files in {plain(source)}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        side = st.number_input(
            "Size", SIDES[0], SIDES[-1], suggested.size[0], key=f"set_size_{source}", width=140,
            help="Pixels a side that all images are brought to; smaller ones are trained faster",
        )  # fmt: skip
        colours = st.segmented_control(
            "Colours", (1, 3), default=suggested.channels, key=f"set_colours_{source}",
            required=True, format_func={1: "Grey", 3: "Colour"}.__getitem__,
            help="Grey keeps the brightness alone",
        )  # fmt: skip
        manner = st.segmented_control(
            "Shape", MANNERS, default="crop", key=f"set_manner_{source}", required=True,
            format_func=MANNER.__getitem__,
            help="What happens to images that are not square; handwriting can be centred",
        )  # fmt: skip
    return Form((int(side), int(side)), int(colours or 3), manner or "crop")


def _start(key: str, opening: Opening, source: str, form: Form) -> Job:
    def work(tell: Callable[[int, int | None], None]) -> Draft:
        with opening() as offers:
            return gather(offers, form, source, tell)

    st.session_state[UPLOADS] = st.session_state.get(UPLOADS, 0) + 1
    return cache.jobs().start(key, f"Reading {source}", work)


def _finish(key: str, draft: Draft) -> None:
    own_report.draw(draft)
    keeping, name = _keeping(draft)
    with st.container(horizontal=True):
        if st.button("Make the data set", type="primary", icon=":material/dataset:",
                     help="It is then offered on all pages"):  # fmt: skip
            _make(key, draft, name, keeping)
        if st.button("Throw it away", help="Forget what was read; your files stay as they are"):
            _forget(key, draft)
            st.rerun()


def _keeping(draft: Draft) -> tuple[Keeping, str]:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        out = [
            st.toggle(f"Leave out {words}", default, disabled=not count, help=explanation)
            for words, default, count, explanation in (
                ("equal", True, draft.repeats().sum(), "Only the first of equal images is kept"),
                ("almost equal", False, draft.near_repeats().sum(),
                 "Otherwise they are kept in the same part, train or test"),
                ("very small", False, draft.small().sum(),
                 "Images with less than half the pixels a side; enlarged they are blurred"),
            )
        ]  # fmt: skip
        share = st.slider("To test on", 5, 50, 20, 5, format="%d %%", width=200,
                          help="Share of the images that no model is trained on")  # fmt: skip
        seed = st.number_input("Seed", 0, 2**32 - 1, 0, width=120,
                               help="The same seed makes the same two parts")  # fmt: skip
        name = st.text_input("Name", making.free_name(draft.source), width=220,
                             help="1 to 64 lower-case letters, digits, - and _")  # fmt: skip
    equal, near, small = (not one for one in out)
    return Keeping(equal, near, small, share / 100, int(seed)), name


def _make(key: str, draft: Draft, name: str, keeping: Keeping) -> None:
    with errors.shown():
        bar = st.progress(0.0, "Writing the data set")

        def tell(done: int, total: int | None) -> None:
            bar.progress(done / (total or 1), "Writing the data set")

        own = making.make(draft, name, keeping, tell)
        _forget(key, draft)
        st.session_state[SAID] = (
            f"{name} is made, and chosen in the sidebar for all pages. Next: train a model on it."
        )
        sidebar.choose(own.id)
        st.rerun()


def _forget(key: str, draft: Draft) -> None:
    cache.jobs().forget(key)
    draft.discard()
    st.session_state.pop(SUGGESTED, None)


def _list(sets: tuple[OwnSet, ...]) -> None:
    if not sets:
        return
    st.subheader("Your data sets")
    for own in sets:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            channels, height, width = own.shape
            colour = "grey" if channels == 1 else "colour"
            classes = f"{len(own.class_names):,} classes" if own.class_names else "no classes"
            st.markdown(
                f"**{plain(own.name)}** {own.n_train:,} to train, {own.n_test:,} to test, "
                f"{width} x {height}, {colour}, {classes} :gray[from {plain(own.source)}; "
                f"{own.n_left_out:,} left out]"
            )
            st.button("Choose", key=f"choose_{own.name}", on_click=sidebar.choose, args=(own.id,),
                      disabled=st.session_state["dataset"] == own.id,
                      help="Choose it in the sidebar, for all pages")  # fmt: skip
            with st.popover("Delete", icon=":material/delete:", help="Remove it from this machine"):
                st.markdown(f"Delete **{plain(own.name)}** for good? Your files stay as they are.")
                if st.button("Delete it", key=f"delete_{own.name}", type="primary",
                             help="It cannot be brought back"):  # fmt: skip
                    ownsets.delete(own.name)
                    st.session_state[SAID] = f"{own.name} is deleted."
                    st.rerun()
