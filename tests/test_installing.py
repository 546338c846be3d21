"""`make installed` against a package index of our own: which PyTorch it takes, and from where."""

import base64
import fnmatch
import hashlib
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.loopback_for_tests import Loopback, loopback

PROJECT = Path(__file__).resolve().parents[1]
PINNED = "small==1.0\ntorch==2.0\ntorchvision==1.0\n"

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("make") is None, reason="for Linux, with make"
)


def wheel(name: str, version: str) -> bytes:
    """A package with one empty module."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": b"",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{path},sha256={_digest(content)},{len(content)}" for path, content in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return packed.getvalue()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def offer(index: Loopback, folder: str, name: str, version: str) -> None:
    """Put a package into the index at `folder`."""
    file = f"{name}-{version}-py3-none-any.whl"
    index.files[f"{folder}/{name}/{file.replace('+', '%2B')}"] = wheel(name, version)
    index.files[f"{folder}/{name}/"] = f'<a href="{file.replace("+", "%2B")}">{file}</a>'.encode()


@pytest.fixture
def index() -> Iterator[Loopback]:
    """PyPI at /pypi, with PyTorch for NVIDIA cards, and PyTorch's CPU builds at /cpu."""
    with loopback() as shared:
        offer(shared, "pypi", "small", "1.0")
        for name, version in (("torch", "2.0"), ("torchvision", "1.0")):
            offer(shared, "pypi", name, version)
            offer(shared, "cpu", name, f"{version}+cpu")
        yield shared


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project's Makefile with small requirements, and an environment that has only pip."""
    shutil.copy(PROJECT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").write_text(PINNED)
    (tmp_path / "requirements.lock").write_text(PINNED)
    venv.create(tmp_path / ".venv", symlinks=True)
    (tmp_path / "only-pip").mkdir()
    pip = importlib.util.find_spec("pip")
    assert pip is not None
    assert pip.origin is not None
    (tmp_path / "only-pip" / "pip").symlink_to(Path(pip.origin).parent)
    (packages,) = (tmp_path / ".venv").glob("lib/python3*/site-packages")
    (packages / "pip.pth").write_text(str(tmp_path / "only-pip"))
    return tmp_path


def make(folder: Path, index: Loopback, *settings: str, target: str = "installed") -> str:
    """What make says on stderr; what it would run, with --dry-run."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "MAKE", "HOURGLASS"))}
    ours |= {"PIP_INDEX_URL": f"{index.url}/pypi", "PIP_CONFIG_FILE": os.devnull}
    (folder / "no-cards").mkdir(exist_ok=True)
    words = [
        f"PYTHON={sys.executable}",
        f"TORCH_INDEX={index.url}/cpu",
        f"PCI={folder}/no-cards",
        "PATIENCE=1",
        *settings,
    ]
    done = subprocess.run(
        ["make", target, *filter(None, words)],
        cwd=folder,
        env=ours,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout if "--dry-run" in settings else done.stderr


def installed(folder: Path) -> set[str]:
    found = folder.glob(".venv/lib/python3*/site-packages/*.dist-info")
    return {path.name.removesuffix(".dist-info") for path in found}


def card(folder: Path, vendor: str, kind: str) -> None:
    """A card on the PCI bus, as Linux describes it."""
    (folder / "no-cards" / "0000:01:00.0").mkdir(parents=True)
    (folder / "no-cards" / "0000:01:00.0" / "uevent").write_text(
        f"DRIVER=x\nPCI_CLASS={kind}\nPCI_ID={vendor}:2204\nPCI_SUBSYS_ID=1043:87C0\n"
    )


SMALL = {"small-1.0", "torch-2.0+cpu", "torchvision-1.0+cpu"}
LARGE = {"small-1.0", "torch-2.0", "torchvision-1.0"}


APP = """
import json, pathlib, sys, time
venv = pathlib.Path(sys.prefix)
names = [path.name for path in venv.glob("lib/python3*/site-packages/*.dist-info")]
pathlib.Path("began.json").write_text(json.dumps([names, (venv / "installing").exists()]))
for _ in range(600):
    if (venv / "installed.txt").exists() and not (venv / "installing").exists():
        break
    time.sleep(0.1)
"""


@pytest.mark.slow
def test_app_opens_before_the_cpu_build_of_pytorch_is_there(folder: Path, index: Loopback) -> None:
    (folder / "core").mkdir()
    (folder / "core" / "__main__.py").write_text(APP)
    assert make(folder, index, "LOCKED=1", target="app") == ""
    names, is_installing = json.loads((folder / "began.json").read_text())
    assert names == ["small-1.0.dist-info"]
    assert is_installing
    assert installed(folder) == SMALL
    index.asked.clear()
    make(folder, index)
    assert index.asked == []  # installed once


@pytest.mark.slow
def test_index_that_does_not_answer_gives_way_to_the_usual_one_in_one_sentence(
    folder: Path, index: Loopback
) -> None:
    index.faults["cpu/torch/"] = "silent"
    said = make(folder, index)
    assert f"{index.url}/cpu gives no CPU build" in said
    assert said.count("\n") == 1
    assert installed(folder) == LARGE


@pytest.mark.parametrize(
    ("vendor", "kind", "setting", "expected"),
    [
        ("10DE", "30200", "", False),
        ("10DE", "20000", "", True),  # a network chip
        ("1002", "30000", "", True),
        ("1002", "30000", "TORCH=default", False),
        ("10DE", "30200", "TORCH=cpu", True),
    ],
)
def test_build_suits_the_card_unless_it_is_said(
    folder: Path, index: Loopback, vendor: str, kind: str, setting: str, expected: bool
) -> None:
    card(folder, vendor, kind)
    assert (f"{index.url}/cpu" in make(folder, index, "--dry-run", setting)) is expected


def test_libraries_of_nvidia_that_are_there_stay_in_use(folder: Path, index: Loopback) -> None:
    (packages,) = (folder / ".venv").glob("lib/python3*/site-packages")
    (packages / "nvidia").mkdir()
    assert f"{index.url}/cpu" not in make(folder, index, "--dry-run")


def test_lock_holds_what_both_builds_need() -> None:
    locked = (PROJECT / "requirements.lock").read_text("utf-8")
    assert "+" not in locked
    assert re.search("^nvidia-", locked, re.MULTILINE)


def dockerfile() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, each with the rest of its line."""
    text = re.sub(r"\\\n\s*", "", (PROJECT / "Dockerfile").read_text("utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def test_image_is_not_root_has_a_health_check_and_keeps_its_data() -> None:
    last = dict(dockerfile())  # of several, the last one holds
    assert last.keys() <= {
        *("FROM", "ARG", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE"),
        *("HEALTHCHECK", "CMD"),
    }
    assert last["USER"] not in ("root", "0")
    assert "HOURGLASS_HOME=/data " in last["ENV"]
    assert last["VOLUME"] == "/data"
    for command in (last["HEALTHCHECK"].partition("CMD ")[2], last["CMD"]):
        assert all(isinstance(word, str) for word in json.loads(command))


def test_image_copies_files_that_are_there_and_are_not_ignored() -> None:
    ignored = (PROJECT / ".dockerignore").read_text("utf-8").splitlines()
    allowed = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    for word, rest in dockerfile():
        if word == "COPY" and not rest.startswith("--from="):
            for name in rest.split()[:-1]:
                assert (PROJECT / name).exists(), name
                assert any(fnmatch.fnmatch(name, pattern) for pattern in allowed), name
