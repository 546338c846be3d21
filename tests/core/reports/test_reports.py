"""Reports as HTML files."""

import base64
import importlib.metadata
import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from core import checkpoints, reports
from core.checkpoints import Card
from core.reports import Content, Figure, Row, Table, Tile
from core.reports.charts import Axis, Chart, Series
from tests.core.hostile_words_for_tests import HOSTILE_WORDS
from tests.core.models_for_tests import tiny_document, tiny_tensors

LINK = "http://localhost:8501/latent?map=tsne&seed=3"
EVIL = "<img src=x onerror=alert(1)>'\"&</td>{{ 7 * 7 }}"
VOID = {"meta", "img", "br", "link", "input"}


class Page(HTMLParser):
    """What is in an HTML file.  addresses: of what it would load or open.  open: unclosed tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.handlers: list[str] = []
        self.unclosed: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.unclosed.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "srcset", "data", "poster", "action", "xlink:href"):
                self.addresses.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data.strip())


def png() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def card(own_checkpoints: Path) -> Card:
    document = tiny_document("dense", (1, 16, 16))
    path = own_checkpoints / "tiny.safetensors"
    checkpoints.save(path, document, tiny_tensors(document))
    return checkpoints.load(str(path)).card


def content(card: Card, text: str = "words") -> Content:
    """A bit of everything, with `text` wherever text from outside can stand."""
    chart = Chart(
        Axis(text), Axis(text), (Series(text, np.arange(3.0), np.arange(3.0), "#112233"),), text
    )
    return Content(
        "Latent space",
        (text, text),
        {"data set": text, text: "7"},
        (card,),
        (Row(text, (Tile(png(), text, text),), "noisy", text),),
        (Figure(text, chart, text),),
        (Table(text, (text, "MSE"), ((text, "0.0123"),), text),),
    )


def test_report_loads_nothing_and_opens_only_its_link(card: Card) -> None:
    text = reports.html(content(card), LINK)
    page = Page(text)
    outside = [one for one in page.addresses if not one.startswith("data:image/png;base64,")]
    assert outside == [LINK]
    assert not {"script", "iframe", "link", "object", "embed"} & set(page.tags)
    assert not page.unclosed
    assert not re.search(r"@import|url\(|https?://(?!localhost|www.w3.org/2000/svg)", text)


def test_text_from_outside_is_shown_letter_by_letter(card: Card) -> None:
    page = Page(reports.html(content(card, EVIL), LINK))
    assert page.handlers == []
    assert page.tags.count("img") == 1
    assert sum(EVIL in word for word in page.words) >= 12
    assert not page.unclosed


def test_report_has_the_same_form_whatever_words_a_stranger_wrote(
    card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "commit", lambda: "")  # asks git, each time
    harmless = Page(reports.html(content(card), LINK)).tags
    for words in (one[:20] for one in HOSTILE_WORDS):  # of longer ones the legend has a title
        document = msgspec.structs.replace(card.document, dataset=words, excluded_classes=(words,))
        text = reports.html(content(replace(card, document=document), f"a{words}"), LINK)
        page = Page(text.encode().decode())  # it is written as UTF-8
        assert page.tags == harmless
        assert not page.handlers
        assert not page.unclosed
        assert not set(text) & set("\0\x1b\u202e\u2066")


@pytest.mark.parametrize("link", ["javascript:alert(1)", "", "data:text/html,x", "//elsewhere"])
def test_link_that_is_no_web_address_cannot_be_clicked(card: Card, link: str) -> None:
    page = Page(reports.html(content(card), link))
    assert "a" not in page.tags
    assert all(one.startswith("data:image/png") for one in page.addresses)


def test_pictures_come_back_as_they_were(card: Card) -> None:
    (address,) = (a for a in Page(reports.html(content(card), LINK)).addresses if a[:4] == "data")
    assert base64.b64decode(address.partition(",")[2]) == png()


def test_report_names_check_sum_versions_date_and_numbers(card: Card) -> None:
    made = datetime(2031, 2, 3, 4, 5, tzinfo=UTC)
    words = " ".join(Page(reports.html(content(card), LINK, made)).words)
    for part in (card.sha256, card.name, "2031-02-03 04:05 UTC", "0.0123", LINK):
        assert part in words
    assert importlib.metadata.version("numpy") in words
    assert importlib.metadata.version("onnxruntime") in words


def test_report_without_models_or_settings_has_no_empty_part() -> None:
    words = Page(reports.html(Content("Name", ("said",), {}, ()), LINK)).words
    assert "Versions" in words
    assert not {"Models", "Settings", "Pictures"} & set(words)


def test_commit_is_that_of_this_project_or_of_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert re.fullmatch(r"([0-9a-f]{40}(, with changes)?)?", reports.commit())
    monkeypatch.setattr(reports, "PROJECT", tmp_path)
    assert reports.commit() == ""
    assert reports.versions()["Hourglass"] == "not under git"
