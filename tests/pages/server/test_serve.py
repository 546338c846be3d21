"""The server of the dashboard: ready before it is asked, small messages at once, cheap reruns."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import streamlit as st

from core import runs
from core.runs import RunConfig
from core.training.config import TrainConfig
from pages.ui.server import preloading, serve
from tests.driving.visitor import Visitor

PROJECT = Path(__file__).resolve().parents[3]
PAGES = ("", "latent", "outliers", "robustness", "your_images", "train")
PATIENCE = 60.0  # seconds
NOTHING_NEW = 64_000  # bytes; the pictures of the Reconstruct page alone are 200,000


def printed_by(code: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_preloading_leaves_reruns_next_to_nothing_to_collect() -> None:
    code = """
import gc
from pages.ui.server import preloading
preloading.first_page()
preloading.other_pages()
print(gc.get_freeze_count(), len(gc.get_objects()))
"""
    frozen, left = map(int, printed_by(code).split()[-2:])
    assert frozen > 100_000
    assert left < frozen / 50


@pytest.mark.parametrize("asked", ["3", ""])
def test_products_of_numpy_use_no_more_threads_than_the_networks(
    asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    code = """
import os, sys
from pages.ui.server import serve
assert "numpy" not in sys.modules, "it would not hear of it any more"
serve.spare_the_others()
from core.inference.backends import inference_threads
print(os.environ["OPENBLAS_NUM_THREADS"], inference_threads())
"""
    of_numpy, of_networks = printed_by(code).split()
    assert of_numpy == of_networks == (asked or of_networks)


def test_first_page_preloaded_imports_no_other_package() -> None:
    code = """
import sys
import time
from pages.ui.server import preloading
preloading.first_page()
before = set(sys.modules)
from streamlit.testing.v1 import AppTest
AppTest.from_file("app.py", default_timeout=60).run()
new = {name.split(".")[0] for name in set(sys.modules) - before}
print("NEW", *sorted(new & {"scipy", "onnx", "onnxruntime", "plotly", "pandas", "pyarrow"}))
"""
    assert printed_by(code).splitlines()[-1].split()[1:] == []


def test_preloading_loads_neither_torch_nor_what_maps_are_made_with() -> None:
    code = (
        "import sys; from pages.ui.server import preloading as p; p.first_page(); p.other_pages(); "
        "print(*sys.modules)"
    )
    loaded = set(printed_by(code).split())
    assert set(preloading.FIRST_PAGE) <= loaded
    assert not {"torch", "torchvision", "sklearn", "openTSNE", "pacmap"} & loaded


def test_server_that_starts_removes_what_killed_processes_left(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first_page", "landing", "other_pages"):
        monkeypatch.setattr(preloading, name, lambda: None)
    monkeypatch.setattr(serve, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(serve, "address_to_open", lambda: None)
    run = runs.create(RunConfig("killed", 1.0, TrainConfig("mnist-5k", "dense")))
    left = run.folder / ".state.abcd1234"
    left.touch()
    serve.get_ready()
    assert not left.exists()
    assert runs.found() == (run,)


@pytest.mark.skipif(sys.platform != "linux", reason="where connections inherit the option")
def test_connection_sends_small_messages_at_once() -> None:
    with socket.socket() as listening:  # as Streamlit makes it
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        serve.send_at_once()
        with socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "http://127.0.0.1:{port}/"),
        ({"server.baseUrlPath": "/below/"}, "http://127.0.0.1:{port}/below/"),
        ({"server.sslCertFile": "a.pem"}, "https://127.0.0.1:{port}/"),
        ({"server.headless": True}, None),
        ({"server.port": 1}, None),  # somebody else's server, whose port is its own affair
    ],
)
def test_browser_is_sent_to_the_page_where_one_is_wanted(
    changed: dict[str, object], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        set_by_us = {"server.port": port, "server.headless": False} | changed
        get = st.get_option
        monkeypatch.setattr(
            st, "get_option", lambda name: set_by_us[name] if name in set_by_us else get(name)
        )
        assert serve.address_to_open() == (expected and expected.format(port=port))


def shown(visitor: Visitor) -> list[bytes]:
    """All that stands on the page, except what gets a number of its own in every run."""
    numbered = "download_button"
    found = (e for e in visitor.elements() if e.WhichOneof("type") != numbered)
    return [element.SerializeToString() for element in found]


def is_computing(visitor: Visitor) -> bool:
    """Whether something on the page waits for what other processes compute."""
    components = visitor.elements("bidi_component")
    return any(one.component_name.endswith("hourglass_waiting") for one in components)


@pytest.mark.parametrize("page", PAGES)
def test_rerun_without_news_sends_no_pictures_and_shows_the_same(server: str, page: str) -> None:
    with Visitor(server, page) as visitor:
        until = time.monotonic() + PATIENCE
        while visitor.again() and is_computing(visitor) and time.monotonic() < until:
            time.sleep(0.2)
        visitor.again()
        before = shown(visitor)
        rerun = visitor.again()
        after = shown(visitor)
    assert rerun.size < NOTHING_NEW
    assert len(before) > 5
    assert after == before
