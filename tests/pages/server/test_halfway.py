"""Connections that ask for nothing are closed, and no others."""

import socket
import threading
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send

from pages.ui.server import halfway
from pages.ui.server.halfway import SECONDS, Asking, Known, Peer

ASKING, SILENT = Peer("127.0.0.1", 4001), Peer("127.0.0.1", 4002)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Known:
    found = Known()
    monkeypatch.setattr(halfway, "KNOWN", found)
    return found


@pytest.fixture
def connected() -> Iterator[tuple[socket.socket, Peer]]:
    """A client of a socket that this process listens on, and its address."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as client,
    ):
        accepted, address = listening.accept()
        with accepted:
            yield client, Peer(*address)


def test_peer_is_silent_for_too_long_only_without_a_request(known: Known) -> None:
    peers = {ASKING, SILENT}
    known.begin(ASKING)
    assert known.too_long(peers, 100.0) == set()
    assert known.too_long(peers, 100.0 + SECONDS) == set()
    assert known.too_long(peers, 101.0 + SECONDS) == {SILENT}
    known.end(ASKING)
    assert known.too_long({ASKING}, 200.0) == set()
    assert known.too_long({ASKING}, 201.0 + SECONDS) == {ASKING}


def test_second_request_on_a_connection_begins_anew(known: Known) -> None:
    known.too_long({SILENT}, 100.0)
    known.begin(SILENT)
    known.begin(SILENT)  # as a browser does before the first is answered
    known.end(SILENT)
    assert known.too_long({SILENT}, 999.0) == set()
    known.end(SILENT)
    assert known.too_long({SILENT}, 1_000.0) == set()


def test_peer_that_has_left_is_forgotten(known: Known) -> None:
    known.too_long({SILENT}, 100.0)
    known.too_long(set(), 110.0)
    assert known.too_long({SILENT}, 101.0 + SECONDS) == set()


def test_nothing_is_closed_behind_a_proxy_which_hides_who_asks(known: Known) -> None:
    known.begin(Peer("203.0.113.7", 0))
    known.too_long({SILENT}, 100.0)
    assert known.too_long({SILENT}, 999.0) == set()


def test_silent_connection_is_shut(
    known: Known, connected: tuple[socket.socket, Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, peer = connected
    monkeypatch.setattr(halfway, "SECONDS", -1.0)
    known.begin(peer)
    halfway.look()
    client.settimeout(0.1)
    with pytest.raises(TimeoutError):
        client.recv(1)
    known.end(peer)
    halfway.look()
    client.settimeout(5)
    assert client.recv(1) == b""


def test_request_is_noted_while_it_is_answered_and_no_longer(known: Known) -> None:
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(known.too_long({ASKING}, 1e9))
        raise RuntimeError("an answer that fails")

    answering = Asking(app)({"type": "http", "client": tuple(ASKING)}, None, None)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="an answer that fails"):
        answering.send(None)  # it waits for nothing; Playwright's loop may be running here
    assert seen == [set()]
    known.too_long({ASKING}, 0.0)
    assert known.too_long({ASKING}, 1e9) == {ASKING}


def test_watching_ends_with_the_server(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halfway, "LOOK_SECONDS", 0.01)
    stopped = threading.Event()
    watching = threading.Thread(target=halfway.watch, args=(stopped,))
    watching.start()
    stopped.set()
    watching.join(5)
    assert not watching.is_alive()
