"""What the tests of core stand on."""

from pathlib import Path

import pytest


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A HOURGLASS_HOME for this test alone, with nothing in it and no other place to look."""
    monkeypatch.setenv("HOURGLASS_HOME", str(tmp_path))
    monkeypatch.delenv("HOURGLASS_DATA_ROOT", raising=False)
    monkeypatch.delenv("HOURGLASS_MIRROR", raising=False)
    return tmp_path
