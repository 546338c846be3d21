"""The app in a test: tiny models that were never trained, and no others."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

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


@pytest.fixture
def open_app(only_tiny_models: Path) -> Callable[..., AppTest]:
    """A function that opens the app by a link, given its parameters, and runs it."""

    def opened(**link: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=60)
        for name, value in link.items():
            app.query_params[name] = value
        return app.run()

    return opened
