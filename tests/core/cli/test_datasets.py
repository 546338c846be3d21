"""`datasets fetch` downloads what is named, and no other command downloads anything."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from core import checkpoints, runs
from core.cli.main import main
from core.data import catalogue
from core.data.named import downloads
from core.training.config import TrainConfig
from tests.core.data.named.test_publicsets import N, idx_files
from tests.core.loopback_for_tests import Loopback, loopback
from tests.core.models_for_tests import tiny_document, tiny_tensors

Run = Callable[..., tuple[int, str, str]]
SETTINGS = msgspec.json.encode(TrainConfig("kmnist", "pca", {"latent_dim": 2})).decode()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in this process: its exit code, stdout and stderr."""

    def call(*args: object) -> tuple[int, str, str]:
        code = main([str(arg) for arg in args])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def web(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A mirror of a small KMNIST, for a data folder with nothing in it."""
    files = idx_files()
    sums: list[tuple[str, str, list[str]]] = [
        (name, hashlib.md5(content).hexdigest(), []) for name, content in files.items()
    ]
    monkeypatch.setattr(downloads, "_published", lambda _: sums)
    with loopback() as server:
        server.files = {f"kmnist/{name}": content for name, content in files.items()}
        monkeypatch.setenv("HOURGLASS_MIRROR", server.url)
        yield server


@pytest.fixture
def model(own_checkpoints: Path) -> str:
    """A model that says it was trained on KMNIST."""
    document = msgspec.structs.replace(tiny_document("dense", (1, 28, 28)), dataset="kmnist")
    checkpoints.save(own_checkpoints / "tiny.safetensors", document, tiny_tensors(document))
    return "tiny"


@pytest.mark.parametrize(
    "command",
    [
        "evaluate tiny",
        "outliers tiny --outlier-class 5",
        "outliers tiny --dataset mnist-5k --outlier-class 5",
        "outliers tiny --dataset mnist-5k --plant kmnist",
        "structure tiny",
        "score tiny kmnist --out scores.csv",
        "encode tiny kmnist --out codes.parquet",
        "project tiny kmnist --out map.csv",
        "train --dataset kmnist --arch pca --latent-dim 2 --name new",
        "sizes --dataset kmnist --arch pca --latent-dim 2",
        f"estimate --settings {SETTINGS}",
    ],
)
def test_command_that_needs_a_set_that_is_not_here_says_how_to_get_it_and_gets_nothing(
    command: str, run: Run, model: str, web: Loopback, tmp_path: Path, own_checkpoints: Path
) -> None:
    words = [str(tmp_path / word) if word.endswith((".csv", ".parquet")) else word
             for word in command.split()]  # fmt: skip
    code, out, err = run(*words)
    assert (code, out, web.asked) == (2, "", [])
    assert "python -m core datasets fetch kmnist" in err
    assert err.count("\n") == 1
    assert [path.name for path in own_checkpoints.iterdir()] == ["tiny.safetensors"]
    assert runs.found() == ()


def test_set_is_fetched_by_its_name_and_only_once(run: Run, web: Loopback, model: str) -> None:
    code, out, err = run("datasets", "fetch", "kmnist")
    assert (code, out, err) == (0, "kmnist: downloaded\n", "")
    assert len(web.asked) == len(web.files)
    assert len(catalogue.load("kmnist")) == N
    code, out, _ = run("datasets", "fetch", "kmnist", "--json")
    assert json.loads(out) == {"ids": ["kmnist"], "downloaded": []}
    assert len(web.asked) == len(web.files)


def test_set_that_cannot_be_had_is_a_sentence(run: Run, web: Loopback) -> None:
    web.files.clear()
    code, out, err = run("datasets", "fetch", "kmnist")
    assert (code, out) == (2, "")
    assert "could not be downloaded" in err


@pytest.mark.parametrize("name", ["mnist-5k", "own:mine", "nothing", "../kmnist"])
def test_name_of_no_public_set_is_refused_before_anything_is_fetched(
    name: str, run: Run, web: Loopback
) -> None:
    code, out, err = run("datasets", "fetch", "kmnist", name)
    assert (code, out, web.asked) == (2, "", [])
    assert "choose mnist, " in err
