"""A server of our own on a free port, and a browser to visit it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest

from tests.driving.serving import QUIET, serving
from tests.pages.tiny_models import save_tiny_models

MILLISECONDS = 60_000  # a machine that is busy with other tests is slow


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser and has two tries; second ones are listed.

    On a crowded machine a browser is now and then a minute late, which says nothing of the program.
    """
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app, with the tiny models among its checkpoints."""
    checkpoints = tmp_path_factory.mktemp("checkpoints")
    save_tiny_models(checkpoints)
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with serving(log, {"HOURGLASS_CHECKPOINTS": str(checkpoints)}) as address:
        yield address


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """A Chromium driven by playwright; the test is skipped where playwright is not installed."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield launched
        launched.close()


@dataclass
class Visit:
    """A tab on the app, and what it did.

    sent: messages to the server.  off_host: requests to anywhere else.  complaints: errors in the
    console.
    """

    page: Any
    sent: list[Any] = field(default_factory=list)
    off_host: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(MILLISECONDS)
        self.page.on("websocket", lambda ws: ws.on("framesent", self._sent))
        self.page.on("request", lambda request: self._requested(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._logged)

    def open(self, address: str, link: str = "") -> None:
        """Opens the app and waits for the pictures."""
        self.page.goto(f"{address}/?{link}")
        self.page.wait_for_selector(".sweep-root[data-frame]", timeout=60_000)

    def _sent(self, message: Any) -> None:
        self.sent.append(message)

    def _requested(self, url: str) -> None:
        host = urlparse(url)
        if host.scheme not in ("data", "blob") and host.hostname not in ("127.0.0.1", "localhost"):
            self.off_host.append(url)

    def _logged(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    """A fresh tab, 1440 x 900, light."""
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        yield Visit(context.new_page())


@pytest.fixture
def phone(browser: Any) -> Iterator[Visit]:
    """A fresh tab as on a phone, 390 x 844, dark."""
    options = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
    with browser.new_context(**options, device_scale_factor=3) as context:
        yield Visit(context.new_page())
