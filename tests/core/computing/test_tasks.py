"""A task: arguments as text, a name for its result, carried out by whoever reads it."""

from dataclasses import replace

import numpy as np
import pytest

from core.computing import tasks
from core.computing.stock import SplitRef
from core.computing.tasks import Task, carry_out, task
from core.config import OptionError
from core.noise import Noise
from core.robustness import measure_tasks


@pytest.fixture(scope="module")
def ref() -> SplitRef:
    return SplitRef.of("mnist-5k", "test")


def curve(ref: SplitRef, noise: Noise = Noise("masking"), seed: int = 0) -> Task:
    return task(measure_tasks.curve, ref, 20, noise, seed, 3, "", title="Measuring")


def test_task_carried_out_gives_what_the_function_gives(ref: SplitRef) -> None:
    direct = measure_tasks.curve(ref, 20, Noise("masking"), 0, 3, "")["values"]
    np.testing.assert_array_equal(carry_out(curve(ref))["values"], direct)


def test_name_depends_on_function_and_arguments_alone(
    ref: SplitRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = curve(ref)
    assert replace(one, title="Other words", group="a", places=(("a", "b"),)).name == one.name
    assert curve(ref, seed=1).name != one.name
    assert curve(ref, Noise("masking", clip=True)).name != one.name
    assert curve(replace(ref, digest="other pixels")).name != one.name
    monkeypatch.setattr(tasks, "VERSION", tasks.VERSION + 1)
    assert curve(ref).name != one.name


@pytest.mark.parametrize(
    "function",
    ["os:system", "core.computing.tasks:_function", "benchmarks.timing:seconds_of", "nonsense"],
)
def test_what_is_no_function_of_core_is_not_called(function: str) -> None:
    with pytest.raises(OptionError, match="no function of core"):
        carry_out(Task(function, '["true"]', ""))


@pytest.mark.parametrize("arguments", ["[]", "[1, 2, 3, 4, 5, 6]", "{}", "no JSON"])
def test_arguments_that_do_not_fit_are_refused(arguments: str) -> None:
    with pytest.raises(OptionError, match="no arguments for"):
        carry_out(Task("core.robustness.measure_tasks:curve", arguments, ""))


def test_images_that_were_changed_meanwhile_are_told(ref: SplitRef) -> None:
    with pytest.raises(Exception, match="changed meanwhile"):
        carry_out(curve(replace(ref, digest="what it was before")))
