import io
import random
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from core.config import DataError, ImageRejected
from core.data.offered.files import KEPT, Limits, Offer
from core.data.offered.zips import open_zip

Member = tuple[str | zipfile.ZipInfo, bytes]


def archive(*members: Member, packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as written:
        for name, content in members:
            written.writestr(name, content, compress_type=packing)
    return file.getvalue()


def outcome(offer: Offer) -> bytes | Path | str:
    try:
        return offer.read()
    except ImageRejected as refusal:
        return str(refusal)


def read_all(content: bytes, limits: Limits = KEPT) -> dict[str, bytes | Path | str]:
    with open_zip(io.BytesIO(content), "a.zip", limits) as offers:
        return {offer.name: outcome(offer) for offer in offers}


def patched(content: bytes, field: int, value: int) -> bytes:
    """The archive with two bytes of its only member's headers changed, in both tables."""
    central = content.index(b"PK\x01\x02")
    value_bytes = struct.pack("<H", value)
    changed = content[: central + field + 2] + value_bytes + content[central + field + 4 :]
    return changed[:field] + value_bytes + changed[field + 2 :]


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_of_a_sound_archive_are_read_as_they_are(packing: int, tmp_path: Path) -> None:
    content = archive(("cat/a.png", b"one"), ("cat/", b""), ("b.png", b"two"), packing=packing)
    assert read_all(content) == {"cat/a.png": b"one", "b.png": b"two"}
    (tmp_path / "a.zip").write_bytes(content)
    with open_zip(tmp_path / "a.zip", "a.zip") as offers:
        assert [outcome(offer) for offer in offers] == [b"one", b"two"]


def test_members_can_be_read_in_any_order_and_twice() -> None:
    content = archive(*((f"{i}.png", bytes([i]) * 9) for i in range(5)))
    with open_zip(io.BytesIO(content), "a.zip") as offers:
        for i in (4, 0, 4, 2):
            assert offers.offers[i].read() == bytes([i]) * 9


@pytest.mark.parametrize(
    "name",
    ["../../escaped.png", "/etc/passwd.png", "C:\\a.png", "a/../../b.png", "\\\\host\\a.png"],
)
def test_name_that_leads_out_of_the_archive_is_refused_and_writes_nothing(
    name: str, tmp_path: Path
) -> None:
    found = read_all(archive((name, b"x"), ("b.png", b"y")))
    assert found.pop("b.png") == b"y"
    assert ["leads out of the archive" in str(reason) for reason in found.values()] == [True]
    assert [*tmp_path.iterdir()] == []


def test_files_that_systems_add_are_no_offers() -> None:
    added = ("__MACOSX/._a.png", ".DS_Store", "cat/.hidden", "Thumbs.db", ".git/config")
    assert read_all(archive(*((name, b"x") for name in added), ("a.png", b"y"))) == {"a.png": b"y"}


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("a.png")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (patched(archive(("a.png", b"x" * 99)), 6, 1), "It is encrypted"),
        (archive(("a.png", b"x" * 99), packing=zipfile.ZIP_LZMA), "packed in an unusual way"),
        (archive(("a.png", b"x" * 99), packing=zipfile.ZIP_BZIP2), "packed in an unusual way"),
        (patched(archive(("a.png", b"x" * 99)), 8, 77), "packed in an unusual way"),
        (archive((link(), b"/etc/passwd")), "It is a link"),
        (archive(("a.png", archive(("b.png", b"x")))), "an archive inside the archive"),
        (archive(("a.png", bytes(26 << 20)), packing=0), "larger than 25 MB"),
        (archive(("a.png", bytes(2 << 20))), "packed more tightly"),
        (archive(("a.png", b"x" * 99), packing=0).replace(b"x" * 9, b"y" * 9, 1), "is damaged"),
    ],
    ids=["encrypted", "lzma", "bzip2", "unknown", "link", "nested", "large", "bomb", "checksum"],
)
def test_member_that_is_not_allowed_is_rejected_with_its_reason(
    content: bytes, reason: str
) -> None:
    read = read_all(content)["a.png"]
    assert isinstance(read, str)
    assert reason in read


def test_member_of_zeros_up_to_a_megabyte_is_no_bomb() -> None:
    assert read_all(archive(("a.png", bytes(1 << 20)))) == {"a.png": bytes(1 << 20)}


def test_header_that_lies_about_sizes_does_not_hide_a_bomb() -> None:
    content = archive(("a.png", bytes(30 << 20)))
    central = content.index(b"PK\x01\x02")
    lying = content[: central + 24] + struct.pack("<I", 100) + content[central + 28 :]
    read = read_all(lying)["a.png"]
    assert isinstance(read, str) or len(read) <= 100  # type: ignore[arg-type]


def test_members_after_the_total_are_rejected() -> None:
    content = archive(*((f"{i}.png", bytes(1_000)) for i in range(4)))
    kinds = [type(read) for read in read_all(content, Limits(files=9, total=2_500)).values()]
    assert kinds == [bytes, bytes, str, str]


def test_archive_of_too_many_files_is_refused_whole() -> None:
    limits = Limits(files=3, total=None)
    read_all(archive(*((f"{i}.png", b"x") for i in range(3))), limits)
    with pytest.raises(DataError, match="more than 3 files"):
        read_all(archive(*((f"{i}.png", b"x") for i in range(4))), limits)


def test_archive_whose_table_of_contents_is_too_large_is_refused_before_it_is_read() -> None:
    content = archive(*((f"{i:0500}.png", b"") for i in range(100)))
    with pytest.raises(DataError, match="not a zip archive that can be read"):
        read_all(content, Limits(files=100, total=None))


@pytest.mark.parametrize(
    "content",
    [b"", b"text", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)[:9], bytes(1_000), b"PK\x05\x06" * 99],
)
def test_file_that_is_no_archive_is_refused_in_one_sentence(content: bytes) -> None:
    with pytest.raises(DataError, match=r"^a\.zip is not a zip archive that can be read\.$"):
        read_all(content)


@pytest.mark.parametrize("make", [lambda path: path / "absent.zip", lambda path: path])
def test_archive_that_cannot_be_opened_is_refused(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    with (
        pytest.raises(DataError, match="cannot be opened: check"),
        open_zip(make(tmp_path), "a.zip"),
    ):
        pass


def test_archive_without_files_offers_none() -> None:
    assert read_all(archive()) == {}


def test_archive_flipped_or_cut_anywhere_is_read_or_refused() -> None:
    whole = archive(*((f"{i}/a.png", random.Random(i).randbytes(300)) for i in range(5)))
    dice = random.Random(4)
    for _ in range(400):
        content = bytearray(whole[: dice.choice((len(whole), dice.randrange(len(whole))))])
        for _ in range(dice.randrange(1, 6)):
            if content:
                content[dice.randrange(len(content))] = dice.randrange(256)
        with suppress(DataError):
            read_all(bytes(content))
