import importlib.util
import sys
from pathlib import Path

import pytest

from core import machine
from core.config import TrainingError
from core.runs import default_name, found
from tests.core.runs_for_tests import new_run


def test_run_without_pytorch_is_refused_with_what_to_do_and_leaves_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TrainingError, match="`make app` brings it"):
        new_run("mnist-5k")
    assert found() == ()


def test_pytorch_is_not_used_while_it_is_being_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.check_torch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    (tmp_path / "installing").touch()
    with pytest.raises(TrainingError, match="still being installed"):
        machine.check_torch()


def test_two_trainings_that_begin_in_the_same_second_have_two_names(home: Path) -> None:
    first = default_name("mnist-5k", "dense")
    assert first.startswith("mnist-5k-dense-")
    new_run("mnist-5k", first)
    second = default_name("mnist-5k", "dense")
    assert second == f"{first}-2" or second > first  # unless a second has passed
