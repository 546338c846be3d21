"""The state of a training: going on from it ends in the very same weights; damage is noticed."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.checkpoints import Checkpoint
from core.config import TrainingError
from core.noise import Noise
from core.training import resume_state as run_state
from core.training.config import TrainConfig
from core.training.events import EpochDone, Finished, StepDone
from core.training.resume_state import State
from core.training.trainer import keep, train
from tests.core.training.test_training import blobs, by_gradient, config

SETS = blobs(200, "train"), blobs(50, "test")


def ended(settings: TrainConfig, start: State | None = None) -> Checkpoint:
    *_, last = train(settings, *SETS, start=start)
    assert isinstance(last, Finished)
    return last.checkpoint


def state_after(settings: TrainConfig, n_steps: int) -> State:
    """The state that a training has after so many steps."""
    steps = (e for e in train(settings, *SETS) if isinstance(e, StepDone))
    return next(itertools.islice(steps, n_steps - 1, None)).state()


def a_state(**changes: Any) -> State:
    tensors = {"network.w": np.arange(6, dtype=np.float32).reshape(2, 3)}
    fields: dict[str, Any] = {
        "epoch": 3, "step": 5, "total": 0.1, "seconds": 1.5, "history": (),
        "data": "8-00", "tensors": tensors,
    }  # fmt: skip
    return State(**(fields | changes))


@by_gradient
@pytest.mark.parametrize("n_steps", [3, 7, 11, 14])
def test_training_from_a_kept_state_ends_in_the_very_same_weights(
    arch: str, n_steps: int, tmp_path: Path
) -> None:
    settings = config(arch, noise=Noise(sigma=0.3))
    run_state.save(tmp_path / "state", state_after(settings, n_steps))
    whole, resumed = ended(settings), ended(settings, run_state.load(tmp_path / "state"))
    for name, tensor in whole.tensors.items():
        np.testing.assert_array_equal(resumed.tensors[name], tensor, err_msg=name)
    losses = [[r["train_loss"] for r in c.card.history] for c in (whole, resumed)]
    assert losses[0] == losses[1]


def test_state_after_the_last_epoch_needs_no_more_training() -> None:
    settings = config("dense")
    *_, last = (e for e in train(settings, *SETS) if isinstance(e, EpochDone))
    assert last.state is not None
    events = list(train(settings, *SETS, start=last.state()))
    assert [type(event).__name__ for event in events] == ["Started", "Finished"]


def test_model_of_a_training_cut_short_is_that_of_the_state() -> None:
    state = state_after(config("dense"), 10)
    *_, last = keep(config("dense"), *SETS, None, state)
    assert isinstance(last, Finished)
    assert len(last.checkpoint.card.history) == 1
    weight = last.checkpoint.tensors["encoder.1.weight"]
    np.testing.assert_array_equal(weight, state.tensors["network.encoder.1.weight"])


def test_state_survives_the_file_exactly(tmp_path: Path) -> None:
    state = a_state(total=1 / 3)
    run_state.save(tmp_path / "state", state)
    found = run_state.load(tmp_path / "state")
    assert found is not None
    assert found.total == state.total
    np.testing.assert_array_equal(found.tensors["network.w"], state.tensors["network.w"])


def test_state_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert run_state.load(tmp_path / "state") is None


@pytest.mark.parametrize("at", [0, 4, 60, -3])
def test_damaged_state_is_refused(at: int, tmp_path: Path) -> None:
    content = bytearray(run_state.to_bytes(a_state()))
    content[at] ^= 0xFF
    (tmp_path / "state").write_bytes(bytes(content))
    with pytest.raises(TrainingError, match="damaged"):
        run_state.load(tmp_path / "state")


def test_state_cut_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(run_state.to_bytes(a_state())[:-1])
    with pytest.raises(TrainingError, match="damaged"):
        run_state.load(tmp_path / "state")


def test_state_of_other_images_or_another_network_is_refused() -> None:
    state = state_after(config("dense"), 3)
    with pytest.raises(TrainingError, match="images"):
        list(train(config("dense"), blobs(100, "train"), SETS[1], start=state))
    with pytest.raises(TrainingError, match="another network"):
        ended(config("dense", options={"latent_dim": 4}), state)


@pytest.mark.parametrize(
    ("changes", "good"),
    [
        ({}, True),
        ({"total": float("nan")}, False),
        ({"total": 4.9}, True),
        ({"total": 5.1}, False),
        ({"tensors": {"network.w": np.array([1, np.inf], np.float32)}}, False),
    ],
)
def test_state_is_good_if_it_is_finite_and_does_not_explode(
    changes: dict[str, Any], good: bool
) -> None:
    assert a_state(**changes).is_good is good
