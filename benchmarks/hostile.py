"""Images and archives that strangers may offer, put through the one gate: how many are refused, and
why.

`python -m benchmarks.hostile`. Three corpora: the sound and broken images that the tests make, the
archives with something wrong in them that they make, and the images with which Pillow tests itself
(its source package, fetched once by pip). Each file is read in a process that is watched for
crashes, hangs and memory, its own and that of the process that reads Parquet; what is refused is
counted by its reason.
"""

import hashlib
import io
import multiprocessing
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

PILLOW = "13.0.0"
SHA256 = "cdcd1ba258178f7356d74170c9a81ba4eab6a5d55748bc402a5a2a6fe6be3510"
HANG = 30.0  # seconds without an answer
Reader = Callable[[Any, Any], None]


@dataclass
class Found:
    """What became of the files of one corpus."""

    accepted: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    base_mb: float = 0.0
    peak_mb: float = 0.0

    @property
    def tried(self) -> int:
        """All files, whatever became of them."""
        return self.accepted + sum(self.reasons.values()) + len(self.crashes) + len(self.hangs)


def reader(orders: Any, answers: Any) -> None:
    """A process that reads one image after the other and says what became of each."""
    from core.config import ImageRejected
    from core.images.preparation import FRAMINGS, Preparation, legacy, prepare
    from core.images.reading import read_raw

    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what C libraries say of broken files
    answers.put(peak_mb())
    while (content := orders.get()) is not None:
        began = time.perf_counter()
        try:
            raw = read_raw(content, "It")
            for framing in FRAMINGS:
                prepare(raw, Preparation(size=(64, 64), framing=framing))
                prepare(raw, legacy((1, 28, 28), framing))
            said = ""
        except ImageRejected as refusal:
            said = str(refusal)
        answers.put((said, time.perf_counter() - began, peak_mb()))


def reader_of_archives(orders: Any, answers: Any) -> None:
    """Results of reading archives: all files in one are read, and the first reason counts."""
    from core.config import DataError
    from core.data.offered.files import STREAMED
    from core.data.offered.gate import Terms, in_files
    from core.data.own.upload import readable
    from core.images.imagesets import Rejected

    answers.put(peak_mb())
    while (content := orders.get()) is not None:
        began = time.perf_counter()
        refused: list[Rejected] = []
        try:
            for _ in readable(in_files([("x", io.BytesIO(content))], Terms(STREAMED)), refused):
                pass
            said = refused[0].reason if refused else ""
        except DataError as refusal:
            said = str(refusal)
        answers.put((said, time.perf_counter() - began, peak_mb()))


def peak_mb() -> float:
    """The most memory this process, or one that it has started and that has ended, has had; where
    /proc is not, its parent's counts too.
    """
    of_children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    status = Path("/proc/self/status")
    if status.exists():
        return max(of_children, int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024)
    return max(of_children, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def put_through(files: Iterator[tuple[str, bytes]], read: Reader = reader) -> Found:
    """Every file through the gate; a reader that crashes or hangs is replaced."""
    found, context = Found(), multiprocessing.get_context("spawn")
    process, orders, answers = started(context, found, read)
    for name, content in files:
        orders.put(content)
        answer = waited(process, answers)
        if isinstance(answer, str):
            (found.crashes if answer == "crash" else found.hangs).append(name)
            process.kill()
            process, orders, answers = started(context, found, read)
            continue
        said, seconds, found.peak_mb = answer[0], answer[1], max(found.peak_mb, answer[2])
        found.slowest = max(found.slowest, (seconds, name))
        if said:
            found.reasons[said] += 1
        else:
            found.accepted += 1
    orders.put(None)
    process.join()
    return found


def started(context: Any, found: Found, read: Reader) -> tuple[Any, Any, Any]:
    """A reader, and the queues to and from it."""
    orders, answers = context.Queue(), context.Queue()
    process = context.Process(target=read, args=(orders, answers), daemon=True)
    process.start()
    found.base_mb = answers.get(timeout=60)
    return process, orders, answers


def waited(process: Any, answers: Any) -> Any:
    """The reader's answer, or "crash", or "hang"."""
    until = time.monotonic() + HANG
    while time.monotonic() < until:
        try:
            return answers.get(timeout=0.2)
        except Exception:  # noqa: BLE001  # queue.Empty, of whichever kind
            if not process.is_alive():
                return "crash"
    return "hang"


def made_by_tests() -> Iterator[tuple[str, bytes]]:
    """The sound and the broken files of the tests."""
    from tests.core.hostile_images_for_tests import BROKEN, SOUND

    for name, make in (SOUND | BROKEN).items():
        yield name, make()


def archives_made_by_tests() -> Iterator[tuple[str, bytes]]:
    """Archives in which a file, or all, is not as it should be."""
    from tests.core.hostile_archives_for_tests import ATTACKS

    for name, attack in ATTACKS.items():
        yield name, attack.make()


def fetched(folder: Path) -> Path:
    """Pillow's source package in that folder, fetched by pip unless it is there.

    Raises CalledProcessError if it cannot be had.
    """
    path = folder / f"pillow-{PILLOW}.tar.gz"
    if path.exists():
        return path
    options = ["--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", *options, f"pillow=={PILLOW}"]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    return path


def of_pillow(path: Path) -> Iterator[tuple[str, bytes]]:
    """The images in Pillow's source package, which must be the one that is known."""
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SHA256
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() and "/Tests/images/" in member.name:
                stream = archive.extractfile(member)
                assert stream is not None
                yield member.name.partition("/Tests/images/")[2], stream.read()


def section(title: str, found: Found) -> str:
    """The figures of one corpus."""
    seconds, name = found.slowest
    line = (
        f"{title}: {found.tried:,} files tried, {found.accepted:,} accepted, "
        f"{sum(found.reasons.values()):,} refused, {len(found.crashes)} crashes, "
        f"{len(found.hangs)} hangs; slowest {seconds:.2f} s ({name}); memory at most "
        f"{found.peak_mb:.0f} MB, {found.base_mb:.0f} MB before the first"
    )
    reasons = [f"  {n:5,}  {reason}" for reason, n in found.reasons.most_common()]
    return "\n".join([line, *reasons])


@click.command()
@click.option("--without-pillow", is_flag=True, help="Only the files that the tests make.")
def main(without_pillow: bool) -> None:
    """Print the figures of all corpora."""
    click.echo(section("Images made by the tests", put_through(made_by_tests())))
    archives = put_through(archives_made_by_tests(), reader_of_archives)
    click.echo(section("Archives made by the tests", archives))
    if without_pillow:
        return
    with tempfile.TemporaryDirectory() as folder:
        click.echo(section(f"Pillow {PILLOW}", put_through(of_pillow(fetched(Path(folder))))))


if __name__ == "__main__":
    main()
