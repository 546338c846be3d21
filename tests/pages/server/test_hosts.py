"""One rule of who is answered: names, origins, and what is off."""

import http.client
import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import streamlit as st
from starlette.types import Scope
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from pages.ui.server import hosts
from tests.driving.visitor import Visitor

OURS = ("localhost", "127.0.0.1")
HOST = "localhost:8501"
PATHS = (
    "/",
    "/latent",
    "/favicon.png",
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/metrics",
    "/_stcore/upload_file/a/b",
    "/_stcore/bidi-components/hourglass_sweep/index.js",
    "/component/x",
    "/media/x.png",
    "/no-such-page",
)


def scope(kind: str = "http", path: str = "/", **headers: str | Sequence[str]) -> Scope:
    """What an ASGI server hands on; a header may be given several times."""
    pairs = [
        (name.encode(), value.encode())
        for name, values in headers.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    return {"type": kind, "path": path, "headers": pairs}


def status(**request: str | Sequence[str]) -> int:
    """Of a refusal; 200 if there is none."""
    refused = hosts.refusal(scope(**request))  # type: ignore[arg-type]
    return refused.status if refused else 200


@pytest.fixture(params=["http", "websocket"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(
    "host", ["localhost:8501", "127.0.0.1:8501", "LOCALHOST:9999", "localhost", "localhost.:80"]
)
def test_request_for_one_of_our_names_is_answered_whatever_the_port(kind: str, host: str) -> None:
    assert status(kind=kind, host=host, origin=f"http://{host.lower()}") == 200


@pytest.mark.parametrize(
    "host",
    ["evil.com", "evil.com:8501", "localhost.evil.com", "127.0.0.1.nip.io", "localhos", "0.0.0.0"],
)
def test_request_for_another_name_is_refused(kind: str, host: str) -> None:
    assert status(kind=kind, host=host, origin=f"http://{host}") == 403


@pytest.mark.parametrize(
    "host",
    [
        *("", " ", ":8501", "localhost:x", "localhost:99999", "me@localhost", "localhost/", "[::1"),
        *("localhost?", "localhost#", "local\thost", "localhost:8501, evil.com"),
        *((), ("localhost", "localhost"), ("localhost", "evil.com")),
    ],
)
def test_request_without_one_plain_host_is_refused(kind: str, host: str | Sequence[str]) -> None:
    assert status(kind=kind, host=host, origin="http://localhost") in (400, 403)


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:9999",  # another program on this machine
        "http://localhost",
        "http://127.0.0.1:8501",  # not where the page came from
        "http://evil.com",
        "http://evil.com:8501",
        "http://localhost:8501.evil.com",
        "http://evil@localhost:8501",
        "http://localhost:8501/path",
        "null",
        "",
        "file://",
        "chrome-extension://abc",
        "localhost:8501",
        ("http://localhost:8501", "http://evil.com"),
    ],
)
def test_request_from_another_page_is_refused(kind: str, origin: str | Sequence[str]) -> None:
    assert status(kind=kind, host=HOST, origin=origin) == 403


def test_websocket_without_an_origin_is_refused_and_a_page_is_not() -> None:
    assert status(kind="websocket", host=HOST) == 403
    assert status(kind="http", host=HOST) == 200


@pytest.mark.parametrize(
    ("allowed", "host", "expected"),
    [
        (["example.org"], "example.org", 200),
        (["Example.org."], "example.org:443", 200),
        (["example.org"], "localhost", 403),
        (["*.example.org"], "a.b.example.org", 200),
        (["*.example.org"], "example.org", 403),
        (["*.example.org"], "notexample.org", 403),
        (["*"], "anything.at.all", 200),
        ([], "anything.at.all", 200),
    ],
)
def test_names_are_those_of_the_settings(
    allowed: list[str], host: str, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(st, "get_option", {"server.allowedHosts": allowed}.__getitem__)
    assert status(host=host) == expected


@pytest.mark.parametrize(
    ("host", "origin", "expected"),
    [
        ("hourglass.example.org", "https://hourglass.example.org", 200),  # TLS ends at the proxy
        ("hourglass.example.org:443", "https://hourglass.example.org", 200),
        ("hourglass.example.org", "http://hourglass.example.org:80", 200),
        ("hourglass.example.org:8443", "https://hourglass.example.org:8443", 200),
        ("hourglass.example.org", "https://hourglass.example.org:8443", 403),
        ("hourglass.example.org", "https://other.example.org", 403),
    ],
)
def test_page_behind_a_proxy_is_ours_if_the_host_is_passed_on(
    host: str, origin: str, expected: int, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = {"server.allowedHosts": ["hourglass.example.org"]}
    monkeypatch.setattr(st, "get_option", allowed.__getitem__)
    assert status(kind=kind, host=host, origin=origin) == expected


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/below/_stcore/metrics"])
def test_metrics_are_off_unless_asked_for(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOURGLASS_METRICS", raising=False)
    assert status(path=path, host=HOST) == 404
    monkeypatch.setenv("HOURGLASS_METRICS", "1")
    assert status(path=path, host=HOST) == 200


def answer(
    server: str, path: str, host: str, method: str = "GET", **headers: str
) -> tuple[int, str]:
    """Status and text of a request to the server that calls it `host`."""
    with closing(http.client.HTTPConnection(urlsplit(server).netloc, timeout=60)) as connection:
        connection.putrequest(method, path, skip_host=True)
        for name, value in {"Host": host, **headers}.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace").strip()


@pytest.mark.parametrize("path", PATHS)
def test_server_refuses_a_foreign_host_whatever_is_asked_for(server: str, path: str) -> None:
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        assert answer(server, path, "evil.com", method) == (403, hosts.OTHER_HOST)
    assert answer(server, path, "evil.com", "HEAD") == (403, "")


def test_server_refuses_a_file_sent_by_a_page_of_another_program(server: str) -> None:
    path, here = "/_stcore/upload_file/a/b", urlsplit(server).netloc
    found = answer(server, path, here, "PUT", Origin="http://localhost:1")
    assert found == (403, hosts.OTHER_ORIGIN)


def test_server_has_its_metrics_off(server: str) -> None:
    found = answer(server, "/_stcore/metrics", urlsplit(server).netloc)
    assert found == (404, hosts.NO_METRICS)


@pytest.mark.parametrize("origin", [None, "http://localhost:9999", "https://evil.com", "null"])
def test_server_refuses_a_websocket_of_another_page_and_says_why_in_its_log(
    server: str, log: Path, origin: str | None
) -> None:
    address = f"{server.replace('http', 'ws', 1)}/_stcore/stream"
    with pytest.raises(InvalidStatus) as refused:
        connect(address, origin=Origin(origin) if origin else None)
    assert refused.value.response.status_code == 403
    said = log.read_text()
    assert (hosts.OTHER_ORIGIN if origin else hosts.NO_ORIGIN) in said


def test_server_answers_under_each_of_its_names(server: str) -> None:
    for name in OURS:
        here = server.replace("127.0.0.1", name)
        assert answer(server, "/", urlsplit(here).netloc)[0] == 200
        with Visitor(here) as visitor:
            assert visitor.elements("heading")


def test_origin_reaches_streamlit_as_it_compares_it() -> None:
    proxied = scope("websocket", host="Example.org:443", origin="https://example.org")
    passed_on = dict(hosts._as_streamlit_compares(proxied)["headers"])
    assert passed_on[b"origin"] == b"https://Example.org:443"
    assert dict(proxied["headers"])[b"origin"] == b"https://example.org"


def test_settings_shipped_name_this_machine_only() -> None:
    assert st.get_option("server.allowedHosts") == list(OURS)
    assert "HOURGLASS_METRICS" not in os.environ
