"""JavaScript in Node.js: what it computes is asked for, and held against Python."""

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

AskScript = Callable[..., Any]


def base64_of(content: Any) -> str:
    return base64.b64encode(bytes(content)).decode()


@pytest.fixture(scope="session")
def ask_script(node: str) -> AskScript:
    """Gives requests to a script beside this file, and its answers, one for each."""

    def asked(script: str, *requests: dict[str, Any]) -> Any:
        done = subprocess.run(
            [node, Path(__file__).with_name(script)],
            input=json.dumps(requests),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return asked
