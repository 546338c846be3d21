"""Two processes that train one model: as good as one, whoever dies; one of them writes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from core import checkpoints, runs
from core.config import PROJECT
from core.models import architecture
from core.models.network import Network
from core.training.descent import Descent, n_batches
from core.training.distributed import ALONE, Team, joined
from core.training.fitting import fit_by_gradient
from tests.core.runs_for_tests import wait_for_epoch, wait_for_state, write_images
from tests.core.team_settings_for_tests import SETS, settings
from tests.core.training.test_training import BY_GRADIENT, by_gradient

pytestmark = pytest.mark.skipif(not torch.distributed.is_available(), reason="torch has no gloo")
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]


def team(*args: object, restarts: int = 0) -> "subprocess.Popen[str]":
    """Two processes under torchrun."""
    command = [*TORCHRUN, f"--max-restarts={restarts}", *map(str, args)]
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=pipe, stderr=pipe, text=True
    )


def ended_well(process: "subprocess.Popen[str]") -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err[-3000:]
    return out


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where two processes have left what they ended with, of each architecture."""
    folder = tmp_path_factory.mktemp("trained")
    ended_well(team("-m", "tests.core.team_for_tests", folder, *BY_GRADIENT))
    return folder


@pytest.mark.slow
@by_gradient
def test_two_processes_end_with_equal_weights_and_the_loss_of_one(arch: str, trained: Path) -> None:
    ranks = [np.load(trained / f"{arch}-{rank}.npz") for rank in (0, 1)]
    config = settings(arch)
    alone = Descent(config, architecture(arch).plan(SETS[0].shape, config.options), SETS[0])
    list(fit_by_gradient(alone, SETS[1]))
    for name in alone.network.state_dict():
        if "num_batches" not in name:
            np.testing.assert_array_equal(ranks[0][name], ranks[1][name], err_msg=name)
    losses = [record.train_loss for record in alone.history]
    np.testing.assert_allclose(ranks[0]["history"], losses, rtol=1e-5)
    # Not weight by weight: a bias before a batch normalisation has no effect, so no gradient but
    # rounding, which the optimizer makes as large as any other.
    found = rebuilt(alone.network)
    state = {name: torch.from_numpy(ranks[0][name]) for name in alone.network.state_dict()}
    alone.network.load_state_dict(state)
    torch.testing.assert_close(rebuilt(alone.network), found, rtol=0, atol=2e-3)


def rebuilt(network: Network) -> torch.Tensor:
    with torch.inference_mode():
        return network.eval()(torch.from_numpy(SETS[1].pixels())).clone()


def test_process_that_ends_says_all_and_takes_nothing_down() -> None:
    code = (
        "import atexit, os; from core.training.distributed import end; "
        "atexit.register(os.abort); print('said', end=''); end(3)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "said", "")


def train_command(images: str, epochs: int) -> list[object]:
    return [
        "-m", "core", "train", "--dataset", images, "--arch", "dense", "--latent-dim", 2,
        "--option", "widths=8", "--epochs", epochs, "--batch-size", 8, "--name", "mine",
        "--device", "cpu", "--keep-steps", 10, "--threads", 1, "--json",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_killed_process_is_survived_and_one_of_them_alone_writes(
    empty_home: Path, own_checkpoints: Path
) -> None:
    images = write_images(empty_home / "squares")
    process = team(*train_command(images, 40), restarts=1)
    until = time.monotonic() + 60
    while not (found := runs.found()):
        assert time.monotonic() < until
        time.sleep(0.05)
    run = wait_for_epoch(found[0], 5)
    ranks = psutil.Process(process.pid).children()
    assert len(ranks) == 2
    other = next(one for one in ranks if one.pid != run.status.pid)
    os.kill(other.pid, signal.SIGKILL)
    out = ended_well(process)
    assert out.count('"run"') == 1, "one of them answers"
    finished = wait_for_state(run, "finished")
    assert [one.id for one in runs.found()] == [run.id]
    assert [path.name for path in own_checkpoints.iterdir()] == ["mine.safetensors"]
    assert checkpoints.load("mine").card.epochs == 40
    begun = (run.folder / "events.jsonl").read_text().count('"begun"')
    assert begun == 2, "it went on from a kept state"
    assert finished.status.mse > 0


@pytest.mark.parametrize("n", [2, 5, 26, 32])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_shares_of_a_batch_are_all_of_it_and_weigh_as_much(n: int, size: int) -> None:
    if n < size:
        pytest.skip("such a batch is left out")
    losses = np.random.default_rng(0).random(n)
    shares = [Team(rank, size).share(n) for rank in range(size)]
    taken = np.concatenate([np.arange(n)[part] for part, _ in shares])
    np.testing.assert_array_equal(taken, np.arange(n))
    means = [weight * losses[part].mean() for part, weight in shares]
    assert np.mean(means) == pytest.approx(losses.mean())


def test_last_batch_that_is_too_small_to_share_is_left_out() -> None:
    assert [n_batches(66, 32, least) for least in (2, 3)] == [3, 2]


def test_process_that_torchrun_did_not_start_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined() as team:
        assert team is ALONE
    values: Any = torch.arange(3.0)
    assert ALONE.mean(values) is values
    assert (ALONE.broadcast_int(3), ALONE.broadcast_bytes(b"x")) == (3, b"x")
