"""What `pip install .` gives: built, installed in an environment without PyTorch, and used."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from email import message_from_string
from pathlib import Path

import pytest

from tests.driving.serving import free_port
from tests.driving.session import Session

PROJECT = Path(__file__).resolve().parents[1]
BUILT_FROM = (
    "app.py", "core", "pages", "hourglass", ".streamlit", "setup.py", "pyproject.toml",
    "requirements.txt", "README.md", "LICENSE",
)  # fmt: skip
OURS_ALONE = re.compile(rb"^\s*(from|import) (core|pages)\b", re.MULTILINE)
TRAINING = ("torch", "triton", "nvidia", "functorch")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="the environment is made of links"),
]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the checkout, so that nothing is left in it."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in BUILT_FROM:
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
        copy(PROJECT / name, folder / name)
    (folder / "checkpoints").mkdir()
    for path in (PROJECT / "checkpoints").glob("*.safetensors"):
        (folder / "checkpoints" / path.name).symlink_to(path)
    build = "from setuptools.build_meta import build_wheel; build_wheel('made')"
    subprocess.run([sys.executable, "-c", build], cwd=folder, check=True, capture_output=True)
    (made,) = (folder / "made").glob("*.whl")
    return made


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel and all that it needs, but without PyTorch."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    shared = folder / "shared" / "site-packages"
    shared.mkdir(parents=True)
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.startswith(TRAINING):
            (shared / path.name).symlink_to(path)
    (packages,) = folder.glob("lib/python3*/site-packages")
    (packages / "shared.pth").write_text(str(shared))
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-compile"]
    subprocess.run([*pip, "--no-index", str(wheel)], check=True, capture_output=True)
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of somebody's project, which has a package called core; the user's data below it."""
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__init__.py").write_text("raise SystemExit('this is not Hourglass')")
    for variable in ("HOURGLASS_HOME", "HOURGLASS_CHECKPOINTS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user" / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def hourglass(environment: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(environment / "bin" / "hourglass"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def files(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(PROJECT)) for path in found if "__pycache__" not in path.parts}


def test_wheel_holds_everything_in_one_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
        code = {name: archive.read(name) for name in names if name.endswith(".py")}
    inside = {name.removeprefix("hourglass/") for name in names}
    shipped = {f"checkpoints/{path.name}" for path in PROJECT.glob("checkpoints/*.safetensors")}
    assert all(name.startswith("hourglass/") for name in names)
    assert inside >= files(PROJECT / "core") | files(PROJECT / "pages") | shipped
    assert inside >= {"app.py", "py.typed", "__main__.py", ".streamlit/config.toml"}
    assert [name for name, text in code.items() if OURS_ALONE.search(text)] == []


def test_pytorch_is_an_extra_and_everything_else_is_needed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        said = message_from_string(archive.read(name).decode())
    needed = said.get_all("Requires-Dist") or []
    extra = {line.split("~=")[0] for line in needed if 'extra == "train"' in line}
    assert extra == {"torch", "torchvision"}
    pinned = (PROJECT / "requirements.txt").read_text("utf-8").splitlines()
    assert len(needed) == sum(bool(line) and not line.startswith("#") for line in pinned)


def test_command_runs_anywhere_with_the_data_in_the_users_folder(
    environment: Path, elsewhere: Path
) -> None:
    done = hourglass(environment, "evaluate", "mnist-pca-2", "--dataset", "mnist-5k", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["n"] == 1000
    assert (elsewhere / "user/data/hourglass/data/mnist-5k-v1.npz").exists()


def test_training_without_pytorch_is_one_sentence_that_says_what_to_install(
    environment: Path, elsewhere: Path
) -> None:
    done = hourglass(environment, "train", "--dataset", "mnist-5k", "--arch", "dense")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "pip install 'hourglass[train]'" in done.stderr


def test_shell_completes_what_is_typed(
    environment: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_HOURGLASS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "hourglass evaluate mnist-pca-3")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert hourglass(environment).stdout == "plain,mnist-pca-32\n"


@pytest.fixture
def dashboard(environment: Path, elsewhere: Path) -> Iterator[str]:
    """The address of `hourglass app`."""
    port = free_port()
    command = [str(environment / "bin" / "hourglass"), "app", "--no-browser", "--port", str(port)]
    with open(elsewhere / "log.txt", "w") as out:
        server = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(10)


def test_dashboard_opens_and_says_what_training_needs(dashboard: str) -> None:
    with Session(dashboard, "reconstruct") as visit:
        assert "Reconstruct" in [one.body for one in visit.elements("heading")]
        assert not visit.elements("exception")
        assert not visit.elements("alert")
    with Session(dashboard, "train") as visit:
        assert not visit.elements("exception")
        said = [one.body for one in visit.elements("alert")]
        assert any("pip install 'hourglass[train]'" in one for one in said), said
