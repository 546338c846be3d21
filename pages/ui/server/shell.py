"""The index.html that is shown until Streamlit has started: the page's frame and moving digits.

Streamlit's own index.html is empty, and takes most of a second to become a page. Ours includes our
style sheet, so that the layout does not jump; preloads the code of the first page's controls; and
covers the page with a copy of its frame until the page is drawn (shell.js). Its content is fixed:
of the address only the name of the page is used.
"""

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import streamlit as st

from pages.ui import frame
from pages.ui.components import bundle, component
from pages.ui.session.registry import PAGES

HERE = Path(__file__).parent
STREAMLIT = Path(st.__file__).parent / "static"  # Streamlit's files for browsers
# Streamlit's names of code that it loads on first use.
PARTS = (
    *("BidiComponent", "Selectbox", "Multiselect", "ButtonGroup", "PageLink", "Button"),
    *("DownloadButton", "Html"),
)
ROLES = ("primary", "background", "secondaryBackground", "text", "border")
INKS = ("gray", "yellow", "blue", "orange")
CHARSET = '<meta charset="UTF-8" />'
STYLES = re.compile(r'<link rel="stylesheet"[^>]*>')
SIDE = 308  # pixels; the same as in app.py
FONT = '"Source Sans", sans-serif'


class Entry(NamedTuple):
    """An entry of the menu.  path: "" for the first page."""

    path: str
    title: str


class Landing(NamedTuple):
    """The content of the first page.

    name: of the file with the message.  message: of the slider, as sent.  welcome, links: text
    and links of the welcome.  purpose: caption of the page.
    """

    name: str
    message: bytes
    welcome: str
    links: tuple[str, ...]
    purpose: str


def is_page(path: str) -> bool:
    """Whether a path, relative to the base path, is that of a page."""
    return any(entry.path == path for entry in menu())


@lru_cache(maxsize=32)
def index(path: str, landing: Landing | None) -> str:
    """Streamlit's index.html with our additions.

    path: of a page, relative to the base path.  landing: content for a visitor without a link.
    """
    here = next(entry for entry in menu() if entry.path == path)
    plain = (STREAMLIT / "index.html").read_text("utf-8")
    ours = f"{_links()}<style>{_read('app.css', 'shell.css')}</style>"
    body = _body(here, landing)
    found = plain.replace("</head>", f"{ours}</head>", 1).replace("<body>", f"<body>{body}", 1)
    return _sooner(found, landing)


def _sooner(index: str, landing: Landing | None) -> str:
    """Move what the first picture needs before Streamlit's files: browsers load six at a time."""
    styles = "".join(STYLES.findall(index))
    moves = ""
    if landing:
        moves = f'<link rel="preload" as="fetch" crossorigin href="./{landing.name}">'
    charset, rest = index.split(CHARSET, 1)
    return f"{charset}{CHARSET}{styles}{moves}{STYLES.sub('', rest)}"


@cache
def menu() -> tuple[Entry, ...]:
    """The pages of the menu; the one that opens first has no path."""
    return tuple(Entry(one.path.strip("/"), one.title) for one in PAGES)


def _links() -> str:
    """Preload links for the code of PARTS, as far as this version of Streamlit has it."""
    found: Iterable[Path] = (f for p in PARTS for f in STREAMLIT.glob(f"static/js/{p}.*.js"))
    names = (file.relative_to(STREAMLIT).as_posix() for file in found)
    return "".join(f'<link rel="modulepreload" crossorigin href="./{name}">' for name in names)


def _body(here: Entry, landing: Landing | None) -> str:
    values = {
        "page": here.path,
        "html": f"<style>{_read('sweep.css', 'shell_inside.css')}</style>{_inside(here, landing)}",
        "light": colours("light"),
        "dark": colours("dark"),
        "side": SIDE,
        "data": f"./{landing.name}" if landing else None,
    }
    said = json.dumps(values).replace("<", "\\u003c")  # so that no text ends the script
    script = bundle.call(HERE / "shell.js", "cover", said)
    body = f'<div id="hourglass-shell" aria-hidden="true"></div><script>{script}</script>'
    if landing:
        moving = bundle.call(HERE / "shell_landing.js", "move")
        body += f'<script type="module" async>{moving}</script>'
    return body


def _inside(here: Entry, landing: Landing | None) -> str:
    entries = (
        f"<span{' class=shell-here' if entry == here else ''}>{html.escape(entry.title)}</span>"
        for entry in menu()
    )
    return _filled(
        "shell.html",
        logo=_picture("logo.svg"),
        mark=_picture("mark.svg"),
        menu="".join(entries),
        title=html.escape(here.title),
        welcome=_welcome(landing) if landing else "",
        landing=_filled(
            "shell_landing.html", purpose=html.escape(landing.purpose), sweep=_read("sweep.html")
        )
        if landing
        else "",
    )


def _welcome(landing: Landing) -> str:
    before, strong, after = map(html.escape, landing.welcome.split("**"))
    links = "".join(f"<span>{html.escape(link)}</span>" for link in landing.links)
    words = f"<p>{before}<b>{strong}</b>{after}</p>"
    return f'<div class="shell-welcome">{words}<div>{links}<i></i></div></div>'


def colours(scheme: str) -> Mapping[str, str]:
    """The theme's colours as CSS variables of components and of the shell."""
    names = {f"{_dashed(role)}-color": f"{role}Color" for role in ROLES}
    names |= {f"{ink}-text-color": f"{ink}TextColor" for ink in INKS}
    colours = {f"--st-{css}": _option(scheme, name) for css, name in names.items()}
    side = {"--shell-side-color": _option(f"{scheme}.sidebar", "backgroundColor")}
    return colours | side | {"--st-font": FONT}


def _option(scheme: str, name: str) -> Any:
    return st.get_option(f"theme.{scheme}.{name}")


def _dashed(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)


@cache
def _read(*names: str) -> str:
    return "\n".join((_folder(name) / name).read_text("utf-8") for name in names)


def _folder(name: str) -> Path:
    if name.startswith("shell"):
        return HERE
    return component.FOLDER / "sweep" if name.startswith("sweep") else frame.FOLDER


def _filled(name: str, **values: str) -> str:
    return Template(_read(name)).substitute(values)


def _picture(name: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(_read(name).encode()).decode()}"
