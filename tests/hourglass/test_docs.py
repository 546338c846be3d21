"""docs/python.md, followed to the letter."""

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


@pytest.mark.filterwarnings("ignore:.*cannot promise")
def test_every_line_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in re.findall(
        r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    ):
        exec(compile(block, str(PAGE), "exec"), names)
    assert names["errors"].shape == (1000,)
    assert (names["detector"].predict(names["x"]) == -1).mean() > 0.3
