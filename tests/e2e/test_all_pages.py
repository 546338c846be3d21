"""All pages and all their views in a real browser: light and dark, wide and narrow."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest
from PIL import Image

from tests.driving import walking
from tests.driving.axe import SCHEMES, violations
from tests.driving.walking import Stop

WIDTHS = {1440: 900, 1024: 768, 390: 844}
MODEL = "tiny-denoising"  # quick
OVERFLOW = """
() => [document.documentElement, document.querySelector("[data-testid=stMain]")]
  .map((element) => element.scrollWidth - element.clientWidth)
"""
# How far things jump from the very beginning of a page on, and which: (how far, what, from, to).
WATCH_JUMPS = """
  window.jumps = [];
  const place = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(" ");
  const moved = ({ node, previousRect, currentRect }) => {
    const what = (node?.innerText ?? node?.textContent ?? "").trim().slice(0, 30);
    return `${what}: ${place(previousRect)} -> ${place(currentRect)}`;
  };
  const note = (entry) => {
    if (!entry.hadRecentInput) jumps.push([entry.value, entry.sources.map(moved)]);
  };
  new PerformanceObserver((list) => list.getEntries().forEach(note))
    .observe({ type: "layout-shift", buffered: true });
"""
JUMP = 0.1  # what is called good is less (web.dev/articles/cls)
VIEWS_JUMP = 0.15  # of views that show their text before a picture that takes seconds
SLOW = 2  # times slower than this machine


@dataclass
class Walk:
    """A tab that is walked through the app, and what went wrong at its stops."""

    page: Any
    problems: list[str] = field(default_factory=list)
    stop: str = ""

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self._requested(request.url))
        self.page.on("pageerror", lambda error: self.note(str(error)))
        self.page.on("console", self._logged)

    def note(self, problem: str) -> None:
        self.problems.append(f"{self.stop}: {problem}")

    def go(self, address: str, stop: Stop) -> None:
        """To a stop, with the tiny model wherever the link names none."""
        self.stop = stop.name
        walking.open_stop(self.page, address, walking.through(stop, MODEL))
        self.look()

    def look(self) -> None:
        """What is wrong with what is on the screen."""
        for element in self.page.get_by_test_id("stException").all_inner_texts():
            self.note(element)
        for beyond in self.page.evaluate(OVERFLOW):
            if beyond > 0:
                self.note(f"{beyond} pixels beyond the right edge")

    def judge(self) -> None:
        """What axe finds, without what is exempted."""
        for one in violations(self.page):
            if not one.exempted:
                self.note(f"{one.rule} {one.html} ({one.message})")

    def _requested(self, url: str) -> None:
        host = urlparse(url)
        if host.scheme not in ("data", "blob") and host.hostname not in ("127.0.0.1", "localhost"):
            self.note(f"asked {url}")

    def _logged(self, message: Any) -> None:
        where = urlparse(message.location.get("url", ""))
        if message.type == "error":
            self.note(f"{message.text} {where.path}")


@contextmanager
def walking_in(browser: Any, scheme: str, width: int) -> Iterator[Walk]:
    """A tab of this width in this theme; nothing moves by itself."""
    with browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]},
        color_scheme=scheme,
        reduced_motion="reduce",
    ) as context:
        yield Walk(context.new_page())


@pytest.mark.parametrize(("scheme", "width"), [("light", 1024), ("dark", 1440)])
def test_every_page_is_whole_quiet_and_open_to_all(
    browser: Any, server: str, scheme: str, width: int
) -> None:
    with walking_in(browser, scheme, width) as walk:
        for stop in walking.stops(views=False):
            walk.go(server, stop)
            walk.judge()
        assert walk.problems == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_enlarged_image_is_open_to_all(browser: Any, server: str, scheme: str) -> None:
    with walking_in(browser, scheme, 390) as walk:
        walk.go(server, Stop("reconstruct", "/"))
        walk.page.get_by_role("button", name="Enlarge image 1 of").click()
        dialog = walk.page.get_by_role("dialog")
        dialog.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=walking.SECONDS)
        walking.settle(walk.page)
        walk.look()
        walk.judge()
        assert walk.problems == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_own_images_looked_at_are_open_to_all(
    browser: Any, server: str, scheme: str, tmp_path: Path
) -> None:
    files = []
    for i, shade in enumerate((60, 200)):
        files.append(tmp_path / f"{i}.png")
        Image.new("L", (40, 30), shade).save(files[-1])
    with walking_in(browser, scheme, 390) as walk:
        walk.go(server, Stop("your_images", "/your_images"))
        walk.page.locator("input[type=file]").set_input_files(files)
        walk.page.get_by_text("2 offered").wait_for(timeout=walking.SECONDS)
        walking.settle(walk.page)
        walk.look()
        walk.judge()
        assert walk.problems == []


# The element that has the focus, and whether it looks different for it. The ring around the thumb
# of a slider is on a part of it that no script can ask for.
REACHED = """
() => {
  let element = document.activeElement;
  while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  const { outlineStyle, boxShadow } = getComputedStyle(element);
  const ring = outlineStyle !== "none" || boxShadow !== "none";
  return [element.className, ring || element.matches("input[type=range]")];
}
"""
REACHABLE = {
    "/": {"sweep-play", "sweep-input", "sweep-cell"},
    "/latent?points=500": {"plane-cursor", "plane-open", "plane-lattice", "plane-points"},
    "/outliers?section_outliers=review": {"review-button", "review-note"},
    "/your_images?way=draw": {"pad-canvas", "pad-brush"},
}


@pytest.mark.parametrize("link", REACHABLE)
def test_components_are_reached_by_tab_and_show_where_the_focus_is(
    browser: Any, server: str, link: str
) -> None:
    missing = set(REACHABLE[link])
    with walking_in(browser, "light", 1440) as walk:
        walk.go(server, Stop("", link))
        for _ in range(90):
            walk.page.keyboard.press("Tab")
            name, seen = walk.page.evaluate(REACHED)
            reached = set(str(name).split()) & missing
            assert seen or not reached, name
            missing -= reached
            if not missing:
                break
        assert missing == set()


@contextmanager
def slow(page: Any) -> Iterator[None]:
    """The browser is slow as long as the block lasts."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOW})
    yield
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    session.detach()


def jumps_of(walk: Walk, server: str, stop: Stop) -> list[tuple[float, list[str]]]:
    """What moves by itself until all of a stop is there; the walk notes what else is wrong."""
    with slow(walk.page):
        walk.go(server, stop)
        jumps = [(value, what) for value, what in walk.page.evaluate("jumps")]
    walk.judge()
    return jumps


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
@pytest.mark.parametrize("name", [name for name, _ in walking.pages()])
def test_page_and_its_views_are_whole_quiet_open_to_all_and_do_not_jump(
    browser: Any, server: str, name: str, scheme: str, width: int
) -> None:
    """On a slow machine; the page first, by a browser that has kept nothing of it."""
    opening, *views = (stop for stop in walking.stops() if stop.page == name)
    with walking_in(browser, scheme, width) as walk:
        walk.page.add_init_script(WATCH_JUMPS)
        jumped = {opening.name: jumps_of(walk, server, opening)}
        assert sum(value for value, _ in jumped[opening.name]) < JUMP, jumped
        jumped = {view.name: jumps_of(walk, server, view) for view in views}
        assert walk.problems == []
    too_far = {k: v for k, v in jumped.items() if sum(value for value, _ in v) >= VIEWS_JUMP}
    assert too_far == {}


LATE = {  # what stands below the control whose code comes late
    "Multiselect": ("robustness?robust_view=Copying", "An overcomplete model"),
    "DataFrame": ("robustness?robust_view=Wall", "Images selected on any page"),
}


@pytest.mark.parametrize("part", LATE)
def test_words_below_a_control_whose_code_comes_late_are_not_seen_before_and_do_not_jump(
    browser: Any, server: str, part: str
) -> None:
    link, words = LATE[part]
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    with walking_in(browser, "light", 390) as walk:
        page = walk.page
        page.route(re.compile(rf"/static/js/{part}\."), hold)
        page.add_init_script(WATCH_JUMPS)
        page.goto(f"{server}/{link}&model={MODEL}")
        below = page.get_by_text(words)
        below.wait_for(state="attached", timeout=walking.SECONDS)
        assert held
        assert not below.is_visible()
        for route in held:
            route.continue_()
        below.wait_for(timeout=walking.SECONDS)
        walking.settle(page)
        jumps = page.evaluate("jumps")
        assert sum(value for value, _ in jumps) < JUMP, jumps
