import errno
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.config import DataError
from core.data.named import downloads
from core.data.named.downloads import Resource, fetch_all
from tests.core.loopback_for_tests import Loopback, loopback

CONTENT = bytes(range(256)) * 2_000


@pytest.fixture
def web() -> Iterator[Loopback]:
    with loopback() as server:
        server.files = {"a.bin": CONTENT, "b.bin": CONTENT[:1_000]}
        yield server


def resource(web: Loopback, name: str = "a.bin", *, mirrors: tuple[str, ...] = ()) -> Resource:
    content = web.files[name]
    md5 = hashlib.md5(content).hexdigest()
    return Resource(name, md5, (*mirrors, f"{web.url}/{name}"), len(content))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_served_whole_are_kept_whole_and_nothing_else_is(
    web: Loopback, tmp_path: Path
) -> None:
    fetch_all("Some set", [resource(web), resource(web, "b.bin")], tmp_path / "deep" / "er")
    assert names(tmp_path / "deep" / "er") == ["a.bin", "b.bin"]
    assert (tmp_path / "deep" / "er" / "a.bin").read_bytes() == CONTENT


def test_progress_grows_over_all_files_to_the_total(web: Loopback, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    both = [resource(web), resource(web, "b.bin")]
    fetch_all("Some set", both, tmp_path, lambda done, total: told.append((done, total)))
    amounts = [done for done, _ in told]
    assert amounts == sorted(amounts)
    assert len(set(amounts)) > 3
    assert told[-1] == (len(CONTENT) + 1_000, len(CONTENT) + 1_000)


def test_progress_of_files_of_unknown_size_has_no_total(web: Loopback, tmp_path: Path) -> None:
    told: list[int | None] = []
    known = resource(web)
    unknown = Resource(known.filename, known.md5, known.urls)
    fetch_all("Some set", [unknown], tmp_path, lambda _, total: told.append(total))
    assert set(told) == {None}


def test_file_already_there_is_not_fetched_again(web: Loopback, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"mine")
    fetch_all("Some set", [resource(web), resource(web, "b.bin")], tmp_path)
    assert (tmp_path / "a.bin").read_bytes() == b"mine"
    assert web.asked == ["b.bin"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("missing", "answered 404"),
        ("short", "broke off after 256,000 of 512,000 bytes"),
        ("damaged", "are damaged"),
        ("stalled", "sent nothing for 0.3 seconds"),
        ("silent", "sent nothing for 0.3 seconds"),
        ("endless", "do not end"),
    ],
)
def test_file_served_badly_is_refused_with_a_reason_and_leaves_nothing(
    web: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, reason: str
) -> None:
    if fault in ("stalled", "silent"):  # the others must not be taken for these on a busy machine
        monkeypatch.setattr(downloads, "TIMEOUT", 0.3)
    monkeypatch.setattr(downloads, "MAX_BYTES", 5 << 20)
    web.faults["a.bin"] = fault
    with pytest.raises(DataError) as refused:
        fetch_all("Some set", [resource(web), resource(web, "b.bin")], tmp_path)
    message = str(refused.value)
    assert message.startswith("Some set could not be downloaded")
    assert reason in message
    assert f"try again later, or put a.bin and b.bin into {tmp_path} yourself." in message
    assert names(tmp_path) == []


def test_file_damaged_at_the_first_address_comes_from_the_second(
    web: Loopback, tmp_path: Path
) -> None:
    web.files["broken/a.bin"] = CONTENT[::-1]
    told: list[int] = []
    wanted = resource(web, mirrors=(f"{web.url}/absent", f"{web.url}/broken/a.bin"))
    fetch_all("Some set", [wanted], tmp_path, lambda done, _: told.append(done))
    assert web.asked == ["absent", "broken/a.bin", "a.bin"]
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert told[-1] == len(CONTENT)


def test_file_whose_server_is_gone_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with loopback() as web:
        gone = Resource("a.bin", "", (f"{web.url}/a.bin",))
    with pytest.raises(DataError, match="cannot be reached: try again later"):
        fetch_all("Some set", [gone], tmp_path)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/a", "a.bin", ""])
def test_address_that_is_not_of_the_web_is_never_opened(url: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no web address"):
        fetch_all("Some set", [Resource("a.bin", "", (url,))], tmp_path)


def test_download_stopped_from_its_progress_leaves_nothing(web: Loopback, tmp_path: Path) -> None:
    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_all("Some set", [resource(web)], tmp_path, stop)
    assert names(tmp_path) == []


def test_files_fetched_before_one_failed_are_kept_and_not_fetched_again(
    web: Loopback, tmp_path: Path
) -> None:
    both = [resource(web), resource(web, "b.bin")]
    web.faults["b.bin"] = "missing"
    with pytest.raises(DataError):
        fetch_all("Some set", both, tmp_path)
    web.faults.clear()
    fetch_all("Some set", both, tmp_path)
    assert web.asked == ["a.bin", "b.bin", "b.bin"]
    assert names(tmp_path) == ["a.bin", "b.bin"]


def test_folder_that_cannot_be_made_is_refused_with_what_to_do(
    web: Loopback, tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(DataError, match=r"cannot be kept in .*HOURGLASS_HOME"):
        fetch_all("Some set", [resource(web)], tmp_path / "data")


def test_full_disk_is_refused_as_such_and_leaves_nothing(
    web: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("core.data.named.downloads.os.replace", full)
    with pytest.raises(DataError, match="No space left on device"):
        fetch_all("Some set", [resource(web)], tmp_path)
    assert names(tmp_path) == []


def test_download_killed_half_way_leaves_no_file_that_could_be_taken_for_whole(
    web: Loopback, tmp_path: Path
) -> None:
    web.faults["a.bin"] = "stalled"
    wanted = resource(web)
    code = (
        "import sys; from pathlib import Path; from core.data.named.downloads import *;"
        "fetch_all('Some set', [Resource(*sys.argv[1:3], (sys.argv[3],))], Path(sys.argv[4]))"
    )
    command = [sys.executable, "-c", code, "a.bin", wanted.md5, wanted.urls[0], str(tmp_path)]
    with subprocess.Popen(command) as process:
        deadline = time.monotonic() + 20
        while not [*tmp_path.glob(".download-*/a.bin")] and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "a.bin").exists()
    web.faults.clear()
    fetch_all("Some set", [wanted], tmp_path)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
