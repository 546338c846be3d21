"""What stands in for the page while it starts: in its place, and gone in time."""

import time
import urllib.request
from typing import Any

import pytest

from tests.driving import walking
from tests.e2e.conftest import Visit

SECONDS = walking.SECONDS
GONE = "!document.getElementById('hourglass-shell')"
# Where both have the same things, in the moment in which the page replaces its stand-in.
WATCH_CHANGE = """
  window.change = null;
  const place = (element) => {
    const { x, y, width } = element.getBoundingClientRect();
    return [x, y, width];
  };
  addEventListener("hourglass-drawn", () => {
    const host = document.getElementById("hourglass-shell");
    const real = document.querySelector("[data-testid=stBidiComponentIsolated]").shadowRoot;
    if (!host || change) return;
    const sweeps = [hourglassShell.root, real].map((root) => root.querySelector(".sweep-root"));
    const titles = [hourglassShell.root, document].map((root) => root.querySelector("h1"));
    const frames = [host.dataset.frame, sweeps[1].dataset.frame].map(Number);
    change = { frames, sweeps: sweeps.map(place), titles: titles.map(place) };
  });
"""


@pytest.fixture
def ready(server: str) -> str:
    """The address of a server that knows what moves on its first page."""
    deadline = time.monotonic() + SECONDS / 1000
    while time.monotonic() < deadline:
        with urllib.request.urlopen(server, timeout=60) as response:
            if b"hourglass/" in response.read():
                return server
        time.sleep(0.2)
    raise AssertionError("nothing moves on the first page")


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1024, "dark"), (390, "light")])
def test_page_takes_over_where_its_stand_in_stood(
    browser: Any, ready: str, width: int, scheme: str
) -> None:
    size = {"width": width, "height": 900}
    with browser.new_context(viewport=size, color_scheme=scheme) as context:
        visit = Visit(context.new_page())
        visit.page.add_init_script(WATCH_CHANGE)
        visit.open(ready)
        visit.page.wait_for_function("change !== null", timeout=SECONDS)
        visit.page.wait_for_function(GONE, timeout=SECONDS)
        change = visit.page.evaluate("change")
        for before, after in (change["sweeps"], change["titles"]):
            assert before == pytest.approx(after, abs=1.5)
        assert change["frames"][0] == pytest.approx(change["frames"][1], abs=2)
        assert visit.complaints == visit.off_host == []


def test_stand_in_goes_at_the_first_touch_and_nothing_moves_any_more(
    visit: Visit, ready: str
) -> None:
    page = visit.page
    page.goto(ready, wait_until="commit")
    is_drawn = "window.hourglassShell?.host.dataset.frame !== undefined"
    page.wait_for_function(is_drawn, timeout=SECONDS)
    page.keyboard.press("Shift")
    assert page.evaluate(GONE)
    page.wait_for_selector(".sweep-root[data-frame]", timeout=SECONDS)
    assert page.locator(".sweep-root").get_attribute("data-frame") == "25"
    assert page.locator(".sweep-playing").count() == 0


def test_stand_in_goes_by_itself_if_the_page_never_comes(visit: Visit, ready: str) -> None:
    visit.page.clock.install()
    visit.page.route("**/static/js/index.*.js", lambda route: route.abort())
    visit.page.goto(ready)
    visit.page.clock.fast_forward(19_000)
    assert visit.page.evaluate(f"!({GONE})")
    visit.page.clock.fast_forward(2_000)
    visit.page.wait_for_function(GONE, timeout=SECONDS)


@pytest.mark.parametrize("link", ["/?sigma=0.3", "/latent?points=500", "/train"])
def test_other_pages_have_their_frame_at_once_and_nothing_over_them_later(
    visit: Visit, server: str, link: str
) -> None:
    visit.page.goto(server + link, wait_until="commit")
    visit.page.wait_for_function("typeof hourglassShell === 'object'", timeout=SECONDS)
    title = visit.page.evaluate("hourglassShell.root.querySelector('h1').textContent")
    visit.page.wait_for_function(GONE, timeout=SECONDS)
    heading = visit.page.get_by_role("heading", level=1)
    assert heading.inner_text(timeout=SECONDS) == title
    assert visit.complaints == []


def test_page_keeps_to_its_server_whatever_its_link_says(visit: Visit, server: str) -> None:
    visit.page.add_init_script(
        "addEventListener('securitypolicyviolation', (e) => (window.kept = e.blockedURI))"
    )
    visit.page.goto(f"{server}/?staticAppId=abc")  # Streamlit's scripts ask their maker for it
    visit.page.wait_for_function("window.kept?.startsWith('https://')", timeout=SECONDS)


def test_stand_in_goes_where_the_browser_keeps_nothing(visit: Visit, ready: str) -> None:
    visit.page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('kept out') } })"
    )
    visit.page.route("**/static/js/index.*.js", lambda route: route.abort())
    visit.page.goto(ready)
    visit.page.wait_for_function("typeof hourglassShell === 'object'", timeout=SECONDS)
    visit.page.keyboard.press("Shift")
    assert visit.page.evaluate(GONE)
