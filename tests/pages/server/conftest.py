"""One server for all tests of what surrounds Streamlit, as a user starts it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.driving.serving import serving
from tests.pages.tiny_models import save_tiny_models


@pytest.fixture(scope="package")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server writes what it has to say."""
    return tmp_path_factory.mktemp("log") / "log.txt"


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory, log: Path) -> Iterator[str]:
    """Its address; it has the tiny models."""
    folder = tmp_path_factory.mktemp("server")
    save_tiny_models(folder / "checkpoints")
    places = {
        "HOURGLASS_HOME": str(folder / "home"),
        "HOURGLASS_CHECKPOINTS": str(folder / "checkpoints"),
    }
    with serving(log, places) as address:
        yield address
