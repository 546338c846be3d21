"""Originals for the browser: pictures of a chosen size, what their files say, archives of them."""

import asyncio
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.data import catalogue
from pages.ui import originals
from pages.ui.originals import Basket
from pages.ui.server import originals as answering
from tests.core.data.own.test_originals import set_of, written


def answered(address: str) -> tuple[int, bytes]:
    """Status and content of an address of ours."""
    path, _, query = address.partition("?")
    scope = {"type": "http", "method": "GET", "headers": [], "query_string": query.encode()}
    make = answering.archive if path.endswith(".zip") else answering.answer
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        await asyncio.sleep(60)

    async def run() -> None:
        await make(scope)(scope, receive, send)

    asyncio.run(run())
    return sent[0]["status"], b"".join(one.get("body", b"") for one in sent)


@pytest.fixture
def data_id(home: Path) -> str:
    return set_of(written(home / "shots"))


def names(data_id: str) -> list[str]:
    return [str(one) for one in catalogue.load(data_id, "all").ids]


def test_originals_are_sent_in_the_size_that_is_asked_for(data_id: str) -> None:
    address = originals.address(data_id, names(data_id)[0])
    whole = Image.open(io.BytesIO(answered(address)[1]))
    small = Image.open(io.BytesIO(answered(f"{address}&side=24")[1]))
    assert max(small.size) == min(24, max(whole.size))
    assert answered(f"{address}&side=nonsense")[1] == answered(address)[1]
    about = json.loads(answered(f"{address}&about=1")[1])
    assert (about["width"], about["height"]) == whole.size


def test_an_archive_has_the_files_as_they_were_and_what_is_known_of_them(
    data_id: str, home: Path
) -> None:
    ids = tuple(names(data_id)[:2])
    basket = Basket(data_id, ids, "odd", lambda: b'"id"\n')
    address = originals.zip_address(basket)
    assert originals.zip_address(basket) == address
    status, content = answered(address)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.read(ids[0]) == (home / "shots" / ids[0]).read_bytes()
        assert archive.namelist() == [*ids, "ids.csv"]
    assert status == 200
    assert answered(address[:-1] + "?")[0] == 404


def test_an_archive_that_would_be_too_large_names_what_it_leaves_out(
    data_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(originals, "MOST_BYTES", 1)
    ids = tuple(names(data_id)[:2])
    content = b"".join(originals.zipped(Basket(data_id, ids, "odd", lambda: b"")))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["ids.csv", "left-out.txt"]
        assert ids[1] in archive.read("left-out.txt").decode()


def test_names_in_an_archive_lead_nowhere_and_are_all_different() -> None:
    ids = ["../../etc/passwd", "/a/b.png", "A/B.png", "a/b.png", "ids.csv", "..", "x\\y:z\0.png"]
    found = originals.archive_names(ids)
    assert len({one.lower() for one in found}) == len(ids)
    assert not any(one.startswith("/") or ".." in one.split("/") for one in found)
    assert "ids.csv" not in found
