"""Names of files in archives that do not say how they are encoded."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.offered.names import (
    ENCODINGS,
    RawName,
    Reading,
    as_label,
    objection,
    printable,
    reading_of,
)

FAR_EAST = {
    "shift-jis": (
        "猫/0.png 犬/1.png",
        "写真/東京.png 写真/表紙.png",
        "ソフト/a.jpg テスト/b.jpg",
        "ねこ/a.png いぬ/b.png",
        "不良品/01.bmp 良品/02.bmp",
        "データ/良品/1.png データ/不良/2.png",
        "IMG_猫.png",
    ),
    "gbk": (
        "猫/0.png 狗/1.png",
        "良品/1.png 次品/2.png",
        "照片/北京.jpg 照片/上海.jpg",
        "新建文件夹/图片1.png",
        "裂纹/1.bmp 正常/2.bmp 划痕/3.bmp",
        "张三/1.png 李四/2.png 王五/3.png",
    ),
    "big5": ("貓/0.png 狗/1.png", "正常/1.png 瑕疵/2.png", "蘋果/1.png 香蕉/2.png"),
    "euc-kr": ("고양이/1.png 개/2.png", "정상/1.png 불량/2.png", "사과/1.jpg 바나나/2.jpg"),
}
WESTERN = (
    "café/1.png thé/2.png", "Müll/1.png Äpfel/2.png Größe/3.png", "niño/1.png", "été/1.png",
    "façade/1.jpg", "Zürich/1.png", "garçon/1.png élève/2.png", "Fenêtre/où/à.png", "Straße/1.png",
)  # fmt: skip
OF_ENCODINGS = FAR_EAST | {
    "cp437": WESTERN,
    "cp850": (*WESTERN, "maçã/1.png pão/2.png", "ÁRBOL/1.png", "rødgrød/1.png"),
    "cp1252": (*WESTERN, "maçã/1.png pão/2.png", "rødgrød/1.png", "naïve – test/1.png"),
    "cp866": ("кошка/1.png собака/2.png", "норма/1.png брак/2.png"),
    "cp1251": ("кошка/1.png собака/2.png", "норма/1.png брак/2.png"),
}
CASES = [(key, names.split(" ")) for key, sets in OF_ENCODINGS.items() for names in sets]


def stored(names: list[str], encoding: str, marked: bool = False) -> list[RawName]:
    return [RawName(name.encode(ENCODINGS[encoding][0]), marked) for name in names]


@pytest.mark.parametrize(("encoding", "names"), CASES, ids=lambda one: str(one)[:30])
def test_names_of_an_encoding_that_nobody_names_can_be_read(
    encoding: str, names: list[str]
) -> None:
    raw = stored(names, encoding)
    reading = reading_of(raw)
    assert [reading.text(name) for name in raw] == names
    assert reading.guessed
    assert "choose another encoding" in reading.note


@pytest.mark.parametrize("names", [names for _, names in CASES], ids=lambda one: one[0])
@pytest.mark.parametrize("marked", [True, False])
def test_names_in_utf8_are_never_guessed_to_be_anything_else(
    names: list[str], marked: bool
) -> None:
    raw = stored(names, "utf-8", marked)
    assert reading_of(raw) == Reading()
    assert [Reading().text(name) for name in raw] == names


@pytest.mark.parametrize(
    ("encoding", "names"), [case for case in CASES if case[0] in FAR_EAST], ids=str
)
def test_names_that_a_program_misread_before_it_marked_them_are_restored(
    encoding: str, names: list[str]
) -> None:
    raw = [RawName(name.raw.decode("cp437").encode(), True) for name in stored(names, encoding)]
    reading = reading_of(raw)
    assert [reading.text(name) for name in raw] == names


def test_encoding_that_a_person_names_is_taken() -> None:
    raw = [RawName("猫.png".encode("cp932"))]
    assert reading_of(raw, "cp437").text(raw[0]) == "öL.png"
    assert not reading_of(raw, "cp437").guessed
    misread = [RawName("öL.png".encode(), True)]
    assert reading_of(misread, "shift-jis").text(misread[0]) == "猫.png"


def test_name_that_is_damaged_does_not_change_how_the_others_are_read() -> None:
    raw = [
        *stored(["猫/0.png", "犬/1.png", "写真/東京.png"], "shift-jis"),
        RawName(b"\xff\xa0.png"),
    ]
    reading = reading_of(raw)
    assert reading.encoding == "shift-jis"
    assert reading.text(raw[-1]).encode()


def test_plain_names_are_no_guess() -> None:
    assert reading_of([RawName(b"cat/1.png")]).note == ""
    assert reading_of([]) == Reading()


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("cat\\1.png", "cat/1.png"),
        ("./cat//1.png", "cat/1.png"),
        ("cafe\u0301/1.png", "café/1.png"),
        ("a\nb\x1b.png", "a%0Ab%1B.png"),
        ("表/1.png", "表/1.png"),
    ],
)
def test_label_is_one_form_of_a_name(name: str, label: str) -> None:
    assert as_label(name) == label
    assert objection(name) == ""


def test_backslash_within_a_letter_of_shift_jis_separates_nothing() -> None:
    raw = stored(["ソフト/表紙.png", "写真\\表.png"], "shift-jis")
    assert b"\\" in raw[0].raw
    reading = reading_of(raw)
    assert [as_label(reading.text(name)) for name in raw] == ["ソフト/表紙.png", "写真/表.png"]


@pytest.mark.parametrize("name", ["", "/", "./", "../a", "a/..", "/a", "\\a", "c:\\a", "x" * 401])
def test_name_that_cannot_be_a_label_is_refused(name: str) -> None:
    assert objection(name).endswith(".")


@pytest.mark.parametrize("name", ["a..b", "...", "a:b", "con", "-x", "=1+1.png", "<b>.png"])
def test_unusual_name_is_a_label(name: str) -> None:
    assert objection(name) == ""


@given(st.lists(st.binary(max_size=30), max_size=8), st.booleans())
def test_any_bytes_become_text_that_can_be_kept(names: list[bytes], marked: bool) -> None:
    raw = [RawName(name, marked) for name in names]
    reading = reading_of(raw)
    for name in raw:
        label = as_label(reading.text(name))
        label.encode()
        assert unicodedata.is_normalized("NFC", label)
        assert "\\" not in label
        assert objection(label) in ("", objection(label))


@given(st.text())
def test_any_text_of_the_file_system_becomes_text_that_can_be_kept(text: str) -> None:
    printable(text).encode()


def test_bytes_of_a_path_that_are_no_text_stay_apart() -> None:
    names = [raw.decode("utf-8", "surrogateescape") for raw in (b"a\x80", b"a\x81", b"a%80")]
    assert [printable(name) for name in names[:2]] == ["a%80", "a%81"]
