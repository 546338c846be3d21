"""The app in a test: tiny models that were never trained, and no others."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from tests.driving.serving import serving
from tests.pages.tiny_models import save_tiny_models

APP = Path(__file__).resolve().parents[2] / "app.py"


@pytest.fixture
def only_tiny_models(own_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the checkpoints tiny-denoising, tiny-dense and tiny-pca; none is shipped."""
    monkeypatch.setattr(
        "core.checkpoints.shipped_checkpoints_dir", lambda: own_checkpoints / "shipped"
    )
    save_tiny_models(own_checkpoints)
    return own_checkpoints


def visit_before(patch: pytest.MonkeyPatch) -> None:
    """Make every run as on a server that has run app.py before, where pages run through it.

    AppTest makes each run the first of a new server; pages.ui.session.router says what that means.
    """
    begin = PagesManager.__init__

    def begin_again(self: PagesManager, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options)
        PagesManager.uses_pages_directory = False

    patch.setattr(PagesManager, "__init__", begin_again)


def opened(**link: str | list[str]) -> AppTest:
    """The app by a link with these parameters, run once."""
    app = AppTest.from_file(str(APP), default_timeout=60)
    for name, value in link.items():
        app.query_params[name] = value
    return app.run()


@pytest.fixture
def visited_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """See visit_before()."""
    visit_before(monkeypatch)


@pytest.fixture
def open_app(only_tiny_models: Path, visited_before: None) -> Callable[..., AppTest]:
    """A function that opens the app by a link, given its parameters, and runs it."""
    return opened


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of its own for a module's tests, with the tiny models."""
    folder = tmp_path_factory.mktemp("server")
    save_tiny_models(folder / "checkpoints", folder / "home")
    places = {
        "HOURGLASS_HOME": str(folder / "home"),
        "HOURGLASS_CHECKPOINTS": str(folder / "checkpoints"),
    }
    with serving(folder / "log.txt", places) as address:
        yield address
