"""Fetching public sets on the Your images page, from a server on this machine that serves, stalls,
cuts off and corrupts.
"""

import gzip
import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data.named import downloads
from core.data.named.publicsets import BY_ID
from pages.ui import progress
from pages.ui.frame import public_sets
from tests.core.data.named.test_publicsets import IDX_NAMES, idx
from tests.core.loopback_for_tests import Loopback, loopback

OpenApp = Callable[..., AppTest]
KNOWN = BY_ID["fashion-mnist"]
DEADLINE = 30.0  # seconds
FIRST = "fashion-mnist/train-images-idx3-ubyte.gz"


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A mirror of a small Fashion-MNIST."""
    files = {f"{name}.gz": gzip.compress(idx(n)) for name, n in IDX_NAMES}
    sums: list[tuple[str, str, list[str]]] = [
        (name, hashlib.md5(content).hexdigest(), []) for name, content in files.items()
    ]
    monkeypatch.setattr(downloads, "_published", lambda _: sums)
    with loopback() as server:
        server.files = {f"fashion-mnist/{name}": content for name, content in files.items()}
        monkeypatch.setenv("HOURGLASS_MIRROR", server.url)
        yield server


@pytest.fixture
def section(
    home: Path, open_app: OpenApp, web: Loopback, monkeypatch: pytest.MonkeyPatch
) -> AppTest:
    """The section, with no public set in the data folder."""
    monkeypatch.delenv("HOURGLASS_DATA_ROOT", raising=False)
    progress.jobs.clear()
    app = open_app().switch_page("pages/your_images.py").run()
    app.session_state["your"] = "downloads"
    return app.run()


def button(app: AppTest) -> str:
    """What the button under Fashion-MNIST says now; "" if it has none."""
    keys = (f"start_{public_sets.key(KNOWN)}", f"cancel_{public_sets.key(KNOWN)}")
    return next((one.label for one in app.button if one.key in keys), "")


def press(app: AppTest, label: str) -> AppTest:
    ours = (one for one in app.button if "fashion-mnist" in (one.key or ""))
    return next(one for one in ours if one.label.startswith(label)).click().run()


def wait_until(app: AppTest, wanted: Callable[[], bool]) -> AppTest:
    until = time.monotonic() + DEADLINE
    while not wanted():
        assert time.monotonic() < until, button(app)
        time.sleep(0.02)
        app.run()
    return app


def kept(home: Path) -> list[str]:
    """The files of the set, finished or not."""
    folder = home / "data" / KNOWN.layout.folder
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_set_asked_for_is_fetched_and_then_offered_in_the_sidebar(section: AppTest) -> None:
    assert button(section) == "Download (31 MB)"
    app = press(section, "Download")
    wait_until(app, KNOWN.is_here)
    app.run()
    assert button(app) == ""
    data = next(box for box in app.sidebar.selectbox if box.label == "Data")
    assert KNOWN.title in data.options


@pytest.mark.parametrize(
    ("fault", "words"),
    [("missing", "answered 404"), ("short", "broke off"), ("damaged", "are damaged")],
)
def test_download_that_goes_wrong_is_a_sentence_and_trying_again_succeeds(
    section: AppTest, web: Loopback, home: Path, fault: str, words: str
) -> None:
    web.faults[FIRST] = fault
    app = press(section, "Download")
    wait_until(app, lambda: bool(app.error))
    assert words in app.error[0].value.replace("\\", "")
    assert button(app).startswith("Try again")
    assert kept(home) == []
    web.faults.clear()
    press(app, "Try again")
    wait_until(app, KNOWN.is_here)
    assert not app.run().error


def test_server_that_cannot_be_reached_is_a_sentence(
    section: AppTest, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOURGLASS_MIRROR", "http://127.0.0.1:9")
    app = press(section, "Download")
    wait_until(app, lambda: bool(app.error))
    assert "cannot be reached" in app.error[0].value
    assert kept(home) == []


def test_stalled_download_is_cancelled_at_once_and_fetched_anew_meanwhile(
    section: AppTest, web: Loopback, home: Path
) -> None:
    web.faults[FIRST] = "stalled"
    app = press(section, "Download")
    wait_until(app, lambda: button(app) == "Cancel" and bool(web.asked))
    job = progress.jobs().get(public_sets.key(KNOWN))
    assert job is not None
    began = time.monotonic()
    press(app, "Cancel")
    assert time.monotonic() - began < 2
    assert job.state == "cancelled"
    assert button(app).startswith("Download")
    assert not KNOWN.is_here()
    web.faults.clear()
    press(app, "Download")
    wait_until(app, KNOWN.is_here)
    web.released.set()
    job.wait(10)
    assert not [name for name in kept(home) if name.startswith(".download-")]
    assert KNOWN.is_here()


def test_second_visitor_joins_the_download_under_way(section: AppTest, web: Loopback) -> None:
    web.faults[FIRST] = "stalled"
    app = press(section, "Download")
    wait_until(app, lambda: bool(web.asked))
    assert public_sets.start(KNOWN) is progress.jobs().get(public_sets.key(KNOWN))
    web.released.set()
    progress.jobs().forget(public_sets.key(KNOWN))


def test_training_on_a_set_that_is_not_here_begins_with_a_button_that_downloads_it(
    section: AppTest, web: Loopback
) -> None:
    app = section.switch_page("pages/train.py").run()
    next(box for box in app.selectbox if box.label == "Train on").select(KNOWN.id).run()
    labels = [one.label for one in app.button]
    assert "Start training" not in labels
    assert web.asked == []
    press(app, "Download")
    wait_until(app, KNOWN.is_here)
    app.run()
    assert "Start training" in [one.label for one in app.button]
    assert not app.exception
