"""What the browser shows until Streamlit has started: true, ours, and only where it belongs."""

import re
import time
import urllib.request
from collections.abc import Callable
from urllib.parse import quote, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from core.config import PROJECT
from pages.ui.figures import theme
from pages.ui.server import preloading, serve, shell, welcome
from tests.driving import walking

OpenApp = Callable[..., AppTest]
HOSTILE = "<script>alert(1)</script>"
MOVING = re.compile(r"\./(hourglass/[0-9a-f]+\.sweep)")
PATIENCE = 60.0
POLICY = "Content-Security-Policy"
LANDING = shell.Landing("hourglass/1.sweep", b"", "**Bold** & plain", ("One", "<Two>"), "Why")


def answer(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=PATIENCE) as response:
        return bytes(response.read())


def moving(server: str) -> str:
    """The name of what moves on the first page, as soon as the server has it ready."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := MOVING.search(answer(server).decode()):
            return found.group(1)
        time.sleep(0.1)
    raise AssertionError("nothing moves on the first page")


def test_digits_that_move_first_are_those_that_the_page_sends(open_app: OpenApp) -> None:
    app = open_app()
    sent = next(one.proto.bytes for one in app.get("bidi_component") if one.proto.bytes)
    landing = preloading.landing()
    assert landing is not None
    assert landing.message == sent


def test_what_is_said_first_is_what_the_page_says(open_app: OpenApp) -> None:
    app = open_app()
    landing = preloading.landing()
    assert landing is not None
    assert landing.welcome == welcome.WHAT
    assert landing.purpose in [caption.value for caption in app.caption]
    assert landing.links == tuple(link.proto.label for link in app.get("page_link"))


def test_menu_names_the_pages_of_the_app_as_they_call_themselves(open_app: OpenApp) -> None:
    named = {page: path.strip("/") for page, path in walking.pages()}
    assert [entry.path for entry in shell.menu()] == list(named.values())
    app = open_app()
    for (page, _), entry in zip(walking.pages(), shell.menu(), strict=True):
        app.switch_page(f"pages/{page}.py").run()
        assert app.title[0].value == entry.title


def test_room_of_the_sidebar_is_what_the_app_asks_for() -> None:
    app = (PROJECT / "app.py").read_text("utf-8")
    assert f"initial_sidebar_state={shell.SIDE}," in app
    assert f"var(--hourglass-side, {shell.SIDE}px)" in shell.index("", None)


def test_address_that_is_no_page_is_left_to_streamlit_which_says_nothing_of_it(
    server: str,
) -> None:
    assert not shell.is_page(HOSTILE)
    found = answer(f"{server}/{quote(HOSTILE)}").decode()
    assert found == (shell.STREAMLIT / "index.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("base", "root", "path", "ours"),
    [
        ("", "", "/", True),
        ("", "", "/latent", True),
        ("", "", "/reconstruct", False),  # Streamlit knows it as / only
        ("", "", "/latent/", False),
        ("", "", "/static/latent", False),
        ("", "", "/app.py", False),
        ("below", "", "/below/latent", True),
        ("/below/", "", "/below/", True),
        ("below", "", "/latent", False),
        ("", "/mounted", "/mounted/latent", True),
        ("", "/mounted", "/latent", False),
    ],
)
def test_index_is_ours_where_the_server_has_its_pages(
    base: str, root: str, path: str, ours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "base", lambda: f"/{base.strip('/')}".rstrip("/"))
    asked = {"path": path, "root_path": root, "query_string": b""}
    assert (serve.answer(asked) is not None) is ours


def test_index_of_a_page_keeps_what_streamlit_needs_and_text_stays_text() -> None:
    found = shell.index("", LANDING)
    assert '<div id="root"></div>' in found
    assert found.count("</script>") == found.count("<script")
    assert "<Two>" not in found
    assert "\\u003cb>Bold\\u003c/b> &amp; plain" in found


def test_shell_has_the_colours_of_the_theme() -> None:
    for scheme, roles in (("light", theme.LIGHT), ("dark", theme.DARK)):
        colours = shell.colours(scheme)
        assert all(re.fullmatch("#[0-9a-f]{6}", c) for k, c in colours.items() if "font" not in k)
        assert colours["--st-primary-color"] == roles["reconstructed"]


def test_server_gives_what_moves_to_who_asks_for_nothing_else(server: str) -> None:
    name = moving(server)
    assert len(answer(f"{server}/{name}")) > 10_000
    assert not MOVING.search(answer(f"{server}/?model=tiny-pca").decode())
    assert not MOVING.search(answer(f"{server}/latent").decode())


def test_server_begins_each_page_with_its_own_title(server: str) -> None:
    for entry in shell.menu():
        said = answer(f"{server}/{entry.path}").decode()
        assert f"\\u003ch1>{entry.title}\\u003c/h1>" in said


@pytest.mark.parametrize("path", ["", "latent", "no-such-page"])
def test_every_page_may_speak_to_this_server_only(server: str, path: str) -> None:
    with urllib.request.urlopen(f"{server}/{path}", timeout=PATIENCE) as response:
        policy = dict(part.split(" ", 1) for part in response.headers[POLICY].split("; "))
    host = urlsplit(server).netloc
    assert policy["connect-src"] == f"'self' data: blob: ws://{host} wss://{host}"
    allowed = " ".join(policy.values()).split()
    assert [source for source in allowed if "//" in source and host not in source] == []
    assert "*" not in allowed


def test_server_still_gives_streamlits_own_files(server: str) -> None:
    script = re.search(r"\./(static/js/index\.[^\"]+)", answer(server).decode())
    assert script is not None
    assert answer(f"{server}/{script.group(1)}") == (shell.STREAMLIT / script.group(1)).read_bytes()
