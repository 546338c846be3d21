"""One gate for whatever is offered: the same files pass, the same are refused, whoever asks."""

import gc
import gzip
import io
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.config import PROJECT, DataError
from core.data.offered import parquets
from core.data.offered.files import KEPT, STREAMED, Limits, Unique
from core.data.offered.gate import Terms, at_path, in_files
from core.data.offered.parquets import Readers
from core.data.own.draft import Form
from core.data.own.folder import Choice, load_path
from core.data.own.import_images import gather
from core.data.own.upload import read_pictures, readable
from core.images.imagesets import Rejected
from core.images.preparation import legacy
from core.streaming.decoding import blocks
from core.streaming.shards import shards
from tests.core.hostile_archives_for_tests import (
    ATTACKS,
    file,
    lying_page_bomb,
    member,
    parquet_of,
    png,
    row_bomb,
    tar_of,
    zip_of,
)

SHAPE = (1, 8, 8)
Found = tuple[list[str], list[Rejected]]  # names of images, and what was refused


@pytest.fixture(scope="module")
def readers() -> Readers:
    """One process for all Parquet files of this module."""
    return Readers()


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The file of an attack, made once."""
    folder = tmp_path_factory.mktemp("attacks")

    def made(name: str) -> Path:
        path = folder / f"{name.replace(' ', '-')}{ATTACKS[name].suffix}"
        if not path.exists():
            path.write_bytes(ATTACKS[name].make())
        return path

    return made


def scored(path: Path, readers: Readers) -> Found:
    """As `score` reads it."""
    terms = Terms(STREAMED, readers=readers)
    names: list[str] = []
    refused: list[Rejected] = []
    for block in blocks(shards(path, 100, terms), legacy(SHAPE), 0):
        assert len(block.ids) == len(block.labels) == len(block.reasons)
        assert len(block.images) == block.reasons.count("")
        for name, reason in zip(block.ids, block.reasons, strict=True):
            if reason:
                refused.append(Rejected(name, reason))
            else:
                names.append(name)
    return names, refused


def imported(path: Path, readers: Readers) -> Found:
    """As `import` and the page that makes data sets do."""
    draft = gather(at_path(path, Terms(readers=readers)), Form((16, 16), 1), path.name)
    draft.discard()
    assert draft.n_offered == len(draft) + len(draft.rejected)
    return list(draft.names), list(draft.rejected)


def uploaded(path: Path, readers: Readers) -> Found:
    """As the page that looks at single images does."""
    with open(path, "rb") as content:
        given, refused = read_pictures(in_files([(path.name, content)], Terms(readers=readers)))
    return [one.name for one in given], refused


READERS = {"score": scored, "import": imported, "upload": uploaded}
each_way = pytest.mark.parametrize("way", READERS)


def read(way: str, path: Path, readers: Readers) -> Found:
    """What becomes of an archive; if it is refused as a whole, that is one refusal."""
    try:
        return READERS[way](path, readers)
    except DataError as error:
        return [], [Rejected(path.name, str(error))]


@pytest.mark.usefixtures("home")
@each_way
@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_refused_with_its_reason_and_good_images_beside_it_are_read(
    name: str, way: str, archives: Callable[[str], Path], readers: Readers
) -> None:
    attack = ATTACKS[name]
    found, refused = read(way, archives(name), readers)
    assert len(found) == len(set(found)) == attack.n_good
    assert any(attack.reason in one.reason for one in refused)
    assert all(one.name and one.reason.endswith(".") for one in refused)
    assert not any("\n" in one.reason for one in refused)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("name", [name for name, attack in ATTACKS.items() if attack.n_good])
def test_all_ways_accept_and_refuse_the_same(
    name: str, archives: Callable[[str], Path], readers: Readers
) -> None:
    found = [read(way, archives(name), readers) for way in READERS]
    assert len({tuple(sorted(names)) for names, _ in found}) == 1
    assert len({tuple(sorted(one.reason for one in refused)) for _, refused in found}) == 1


def parquet_file() -> bytes:
    ids = ["cat/a.png", "cat/b.png", "dog/c.png", "dog/d.png"]
    return parquet_of({"id": ids, "image": [png(i) for i in range(4)], "label": list("xxyy")})


def tar_file() -> bytes:
    parts = []
    for i, name in enumerate(("cat/a.png", "cat/b.png", "dog/c.png", "dog/d.png")):
        parts += [file(name, png(i)), file(name.replace("png", "cls"), b"xy"[i // 2 :][:1])]
    return tar_of(*parts)


SOUND = {
    ".zip": lambda: zip_of(*(member(f"{i}.png".encode(), png(i), method=8) for i in range(4))),
    ".tar": tar_file,
    ".tar.gz": lambda: gzip.compress(tar_file()),
    ".parquet": parquet_file,
}


def damaged(content: bytes, dice: random.Random) -> bytes:
    """Some bytes changed, left out, doubled or cut off."""
    spoilt = bytearray(content)
    for _ in range(dice.randrange(1, 5)):
        at = dice.randrange(len(spoilt))
        match dice.randrange(6):
            case 0:
                del spoilt[at : at + dice.randrange(1, 40)]
            case 1:
                spoilt[at:at] = spoilt[at : at + dice.randrange(1, 40)]
            case 2 if len(spoilt) > 99:
                del spoilt[dice.randrange(len(spoilt) // 2, len(spoilt)) :]
            case _:
                spoilt[at] = dice.randrange(256)
        if not spoilt:
            return b"\0"
    return bytes(spoilt)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("suffix", SOUND)
def test_damaged_archive_is_told_and_never_more_than_that(
    suffix: str, tmp_path: Path, readers: Readers
) -> None:
    whole, dice = SOUND[suffix](), random.Random(suffix)
    path = tmp_path / f"x{suffix}"
    for _ in range(100):
        path.write_bytes(damaged(whole, dice))
        found = [read(way, path, readers) for way in ("score", "import")]
        assert all(one.reason for _, refused in found for one in refused)
        assert sorted(found[0][0]) == sorted(found[1][0])


@pytest.mark.usefixtures("home")
@each_way
@pytest.mark.parametrize("suffix", SOUND)
def test_sound_archive_is_read_whole(
    suffix: str, way: str, tmp_path: Path, readers: Readers
) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(SOUND[suffix]())
    found, refused = read(way, path, readers)
    assert (len(found), refused) == (4, [])


def test_lone_image_is_a_source_too(tmp_path: Path, readers: Readers) -> None:
    (tmp_path / "a.png").write_bytes(png())
    assert read("score", tmp_path / "a.png", readers) == (["a.png"], [])
    assert [offer.name for offer in at_path(tmp_path / "a.png", Terms())] == ["a.png"]


@pytest.mark.usefixtures("home")
def test_archives_in_a_folder_are_opened_and_a_broken_one_does_not_end_the_others(
    tmp_path: Path, readers: Readers
) -> None:
    folder = tmp_path / "in" / "below"
    folder.mkdir(parents=True)
    for suffix, make in SOUND.items():
        (folder / f"x{suffix}").write_bytes(make())
        (folder / f"broken{suffix}").write_bytes(
            make()[: len(make()) // 2] if suffix == ".zip" else b"no"
        )
    (folder / "loose.png").write_bytes(png(9))
    for way in ("score", "import"):
        found, refused = read(way, tmp_path / "in", readers)
        assert len(found) == 4 * 4 + 1
        assert sorted(one.name for one in refused) == [
            f"below/broken{end}" for end in sorted(SOUND)
        ]


def test_same_archive_handed_over_twice_is_read_twice(readers: Readers) -> None:
    content = SOUND[".zip"]()
    given, _ = read_pictures(in_files([("a.zip", io.BytesIO(content))] * 2, Terms()))
    assert [one.name for one in given] == [
        f"{name}/{i}.png" for name in ("a.zip", "a.zip (2)") for i in range(4)
    ]


def test_two_files_of_one_name_by_another_way_to_write_it_get_numbers(tmp_path: Path) -> None:
    names = ["caf\u00e9.png", "cafe\u0301.png", "a\\b.png", "a/b.png", "./a/b.png"]
    content = zip_of(*(member(n.encode(), png(i), flags=1 << 11) for i, n in enumerate(names)))
    (tmp_path / "x.zip").write_bytes(content)
    offers = list(at_path(tmp_path / "x.zip", Terms()))
    assert [offer.name for offer in offers] == [
        "caf\u00e9.png", "caf\u00e9.png (2)", "a/b.png", "a/b.png (2)", "a/b.png (3)"
    ]  # fmt: skip


def test_many_ways_to_write_one_name_cost_no_time(tmp_path: Path) -> None:
    content = zip_of(*(member(b"." + b"/" * i + b"a.png") for i in range(1, 390)))
    (tmp_path / "x.zip").write_bytes(content)
    names = [offer.name for offer in at_path(tmp_path / "x.zip", Terms())]
    assert len(set(names)) == 389
    unique = Unique()
    began = time.process_time()
    assert len({unique.name("a") for _ in range(20_000)}) == 20_000
    assert time.process_time() - began < 5  # with a search from the first, minutes


@pytest.mark.skipif(sys.platform != "linux", reason="names in bytes as Linux has them")
@pytest.mark.usefixtures("home")
def test_names_in_a_folder_that_are_no_text_can_be_kept_and_shown(
    tmp_path: Path, readers: Readers
) -> None:
    folder = os.fsencode(tmp_path / "in")
    (tmp_path / "in").mkdir()
    for name in (b"\xff\xfe.png", b"\x81.png", b"new\nline.png", b"esc\x1b[31m.png"):
        with open(folder + b"/" + name, "wb") as written:
            written.write(png(len(name)))
    for way in ("score", "import"):
        found, refused = read(way, tmp_path / "in", readers)
        assert (len(set(found)), refused) == (4, [])
        assert all(name.isprintable() and name.encode() for name in found)


@pytest.mark.parametrize(
    "name", ["a" * 5_000, "nul\0", "~nobody-of-that-name/x", "lone \ud800", "", "\udcff.zip"]
)
def test_path_that_cannot_be_is_one_sentence(name: str) -> None:
    with pytest.raises(DataError, match=r"\.$") as told:
        at_path(Path(name) if name else Path("absent"), Terms())
    str(told.value).encode()


def test_archive_of_more_files_than_a_set_may_have_is_refused_by_import_and_not_by_score(
    tmp_path: Path, readers: Readers
) -> None:
    few = Limits(files=3, total=1 << 30)
    for suffix, make in SOUND.items():
        path = tmp_path / f"x{suffix}"
        path.write_bytes(make())
        with pytest.raises(DataError, match="more than 3 "):
            at_path(path, Terms(few, readers=readers))
        (shard,) = shards(path, 100, Terms(STREAMED, readers=readers))
        assert sum(1 for _ in shard.samples()) == 4
    assert (KEPT.files, KEPT.total) == (20_000, 1 << 30)


def test_what_comes_after_the_limit_of_bytes_is_refused(tmp_path: Path, readers: Readers) -> None:
    for suffix, make in SOUND.items():
        path = tmp_path / f"x{suffix}"
        path.write_bytes(make())
        limit = 3_000 if suffix == ".tar.gz" else 2 * len(png()) + 9
        offers = at_path(path, Terms(Limits(files=9, total=limit), readers=readers))
        refused: list[Rejected] = []
        assert 1 <= len(list(readable(offers, refused))) <= 2
        assert all("too large to read this far" in one.reason for one in refused)


def test_class_that_an_archive_states_counts_instead_of_folders(
    tmp_path: Path, readers: Readers
) -> None:
    for suffix in (".tar", ".tar.gz", ".parquet"):
        path = tmp_path / f"x{suffix}"
        path.write_bytes(SOUND[suffix]())
        images = load_path(f"file:{path}", Choice())
        assert images.class_names == ("x", "y")
        labels = {name: images.label_name(i) for i, name in enumerate(images.ids.tolist())}
        assert labels == {"cat/a.png": "x", "cat/b.png": "x", "dog/c.png": "y", "dog/d.png": "y"}
        (shard,) = shards(path, 100)
        assert {sample.id: sample.label for sample in shard.samples()} == labels


def test_text_beside_each_image_is_a_caption_and_no_class(tmp_path: Path) -> None:
    parts = [
        file(name, content)
        for i in range(4)
        for name, content in ((f"{i}.png", png(i)), (f"{i}.txt", f"words {i}".encode()))
    ]
    (tmp_path / "x.tar").write_bytes(tar_of(*parts))
    assert load_path(f"file:{tmp_path}/x.tar", Choice()).labels is None


WORK = """
import resource, sys
from pathlib import Path
from core.data.offered.gate import Terms, at_path
from core.data.offered.files import STREAMED
from core.data.offered.parquets import Readers
from core.config import DataError

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024

before, readers = peak(), Readers()
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        for offer in at_path(path, Terms(STREAMED, readers=readers)):
            try:
                offer.read()
            except DataError:
                pass
    except DataError:
        pass
del readers
print(peak() - before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux tells it")
def test_bombs_take_no_more_memory_than_a_few_images(tmp_path: Path) -> None:
    for name, attack in ATTACKS.items():
        if attack.reason.endswith("tightly"):
            (tmp_path / f"{name}{attack.suffix}").write_bytes(attack.make())
    (tmp_path / "lying.parquet").write_bytes(lying_page_bomb(300))
    (tmp_path / "rows.parquet").write_bytes(row_bomb(10**6))
    done = subprocess.run(
        [sys.executable, "-c", WORK, str(tmp_path)],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    ours, of_reader = map(int, done.stdout.split())
    assert ours < 100
    assert of_reader < 400


def test_parquet_reader_that_crashes_is_a_refusal_and_the_next_file_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers, path = Readers(), tmp_path / "x.parquet"
    path.write_bytes(SOUND[".parquet"]())
    started = parquets._started

    def short_lived() -> subprocess.Popen[bytes]:
        process = started()
        process.kill()
        return process

    monkeypatch.setattr(parquets, "_started", short_lived)
    with pytest.raises(DataError, match="damaged, or reading it takes too much memory"):
        at_path(path, Terms(readers=readers))
    monkeypatch.setattr(parquets, "_started", started)
    assert len(list(at_path(path, Terms(readers=readers)))) == 4


def test_parquet_reader_ends_when_it_is_no_longer_used(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(SOUND[".parquet"]())
    readers = Readers()
    list(at_path(tmp_path / "x.parquet", Terms(readers=readers)))
    (process,) = readers._idle
    assert process.poll() is None
    del readers
    gc.collect()
    assert process.poll() is not None
