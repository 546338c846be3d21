"""Imports on the Your images page: how far each is, and what can be done with it."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import streamlit as st

from core import imports
from core.data.own.draft import Draft, Form
from core.imports import Import, ImportConfig, execute
from core.imports import control as import_control
from core.text import counted, one_line
from pages.ui import cache, progress
from pages.ui.figures.text import plain, sentence
from pages.ui.frame import errors
from pages.ui.own import offering
from pages.ui.own.offering import Source
from pages.ui.session import state

CHOSEN = "import"  # in the link: the import whose report is shown
SECONDS = 1.0  # between two looks at one that is being read
TIDY_SECONDS = 300
LONGEST = 40  # letters of a source's name
CANCEL = "Stop reading and discard what was read; your own files are not changed"
REMOVE = "Discard it with what was read; your own files are not changed"
CONTINUE = "Its files are still here: read them again, without adding them once more"
OTHERS = "Keeps this import, and adds images for another data set"


def all_of_them() -> tuple[Import, ...]:
    """All imports on this machine, once abandoned ones are removed."""
    _tidied()
    return imports.found()


def chosen(every: Sequence[Import]) -> Import | None:
    """The import that the session, or its link, is at; None if it is at none."""
    by_id = {one.id: one for one in every}
    state.recall(CHOSEN, "", ["", *by_id], "import")
    state.publish(CHOSEN, "")
    found = by_id.get(st.session_state[CHOSEN])
    if found is not None:
        import_control.note_use(found)
    return found


def begin(images: Source, form: Form, encoding: str) -> Import:
    """Begin to read images, and choose that import.  Raises DataError."""
    config = ImportConfig(
        source=images.name,
        created=time.time(),
        form=form,
        files=tuple(name for name, _ in images.files),
        path=str(Path(images.path).expanduser().absolute()) if images.path else "",
        encoding=encoding,
    )
    one = import_control.start(imports.create(config, [file for _, file in images.files]))
    st.session_state[CHOSEN] = one.id
    return one


def begin_as_suggested(images: Source) -> Import:
    """begin() with the form that suits a sample of the images."""
    return begin(images, offering.first_look_of(images).form, "")


def draft_of(one: Import) -> Draft:
    """The images of an import that were read; opened once for all visitors."""
    return cache.kept(("draft", one.id, one.written), one.draft)


def remove(one: Import) -> None:
    """Remove an import, which is then not chosen any more.  Raises DataError."""
    import_control.remove(one)
    if st.session_state.get(CHOSEN) == one.id:
        state.forget((CHOSEN,))


def draw(every: Sequence[Import], mine: Import | None) -> None:
    """Draw a line for each import; the report of a chosen one that was read follows it."""
    for one in every:
        with st.container(border=True):
            if one.is_live:
                _live(one, every)
            elif one.is_read:
                st.markdown(_read_words(one))
            else:
                _ended(one)
            with st.container(horizontal=True):
                _buttons(one, is_mine=one == mine)


def _live(one: Import, every: Sequence[Import]) -> None:
    """A bar that refreshes itself; the page is drawn again when something else is to be said."""

    def watch() -> None:
        with errors.shown():
            now = imports.read(one.folder)
            others = imports.found() if now.state == "queued" else every
            if not now.is_live:
                st.rerun(scope="app")
            st.progress(now.share_done, plain(progress_words(now, others)))

    st.fragment(watch, run_every=SECONDS)()


def progress_words(one: Import, every: Sequence[Import]) -> str:
    """How far an import is, in one line."""
    title, status = f"Reading {_name(one)}", one.status
    left = status.seconds_left if status.seconds_left >= 0 else None
    if one.state == "queued":
        ahead = execute.n_ahead(one, tuple(every))
        return f"{title}: waiting for {counted(ahead, 'import')}" if ahead else f"{title}: starting"
    if status.phase:
        until = "" if left is None else f", about {progress.duration(left)} left"
        return f"{title}: {status.phase}{until}"
    return progress.progress_line(status.n_done, status.n_files, left, title)


def _name(one: Import) -> str:
    return one_line(one.config.source, LONGEST)


def _read_words(one: Import) -> str:
    when = datetime.fromtimestamp(one.config.created).astimezone()
    return plain(f"{_name(one)} was read ({when:%H:%M}), and is not a data set yet.")


def _ended(one: Import) -> None:
    """Why an import ended before all was read."""
    if one.state == "failed":
        st.error(sentence(f"{_name(one)}: {one.status.reason}"), icon=":material/error:")
        return
    words = f"Reading {_name(one)} was interrupted. {one.status.reason}"
    st.warning(plain(words), icon=":material/warning:")


def _buttons(one: Import, is_mine: bool) -> None:
    if one.is_live:
        _button(one, "Cancel", "close", lambda: remove(one), CANCEL)
    elif one.is_read:
        if not is_mine:
            _button(one, "Show its report", "fact_check", lambda: _choose(one), "What was read")
            _button(one, "Remove", "delete", lambda: remove(one), REMOVE)
    else:
        _button(one, "Continue", "play_arrow", lambda: _continue(one), CONTINUE)
        _button(one, "Remove", "delete", lambda: remove(one), REMOVE)
    if is_mine and (one.is_live or one.is_read):
        _button(one, "Add other images", "add", lambda: state.forget((CHOSEN,)), OTHERS)


def _button(one: Import, label: str, icon: str, act: Callable[[], object], about: str) -> None:
    def run() -> None:
        with errors.toasted():
            act()

    st.button(label, key=f"{label} {one.id}", icon=f":material/{icon}:", on_click=run, help=about)


def _choose(one: Import) -> None:
    st.session_state[CHOSEN] = one.id


def _continue(one: Import) -> None:
    import_control.again(one)
    _choose(one)


@st.cache_resource(ttl=TIDY_SECONDS, show_spinner=False)
def _tidied() -> None:
    """Clean up after drafts that nobody used and processes that were killed, now and then."""
    import_control.tidy()
