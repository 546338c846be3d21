"""The 1,060 odd and broken images with which Pillow tests itself, all put through our gate."""

import hashlib
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.config import ImageRejected
from core.images import read_image, to_array

VERSION = "13.0.0"
SHA256 = "cdcd1ba258178f7356d74170c9a81ba4eab6a5d55748bc402a5a2a6fe6be3510"


@pytest.fixture(scope="module")
def corpus(request: pytest.FixtureRequest) -> Path:
    """Pillow's source package, fetched once by pip and kept in pytest's own cache."""
    cache = request.config.cache
    assert cache is not None
    path = cache.mkdir("pillow-source") / f"pillow-{VERSION}.tar.gz"
    if not path.exists():
        options = ["--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(path.parent)]
        command = [sys.executable, "-m", "pip", "download", *options, f"pillow=={VERSION}"]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=600)
        except (OSError, subprocess.SubprocessError):
            pytest.skip("Pillow's source package cannot be had here: pip download failed")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SHA256
    return path


def offered(path: Path) -> Iterator[bytes]:
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() and "/Tests/images/" in member.name:
                stream = archive.extractfile(member)
                assert stream is not None
                yield stream.read()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")  # as core.images asks for in the program
def test_every_image_of_the_corpus_is_read_or_rejected(corpus: Path) -> None:
    accepted, rejected = 0, 0
    for content in offered(corpus):
        try:
            picture = read_image(content)
        except ImageRejected:
            rejected += 1
        else:
            assert to_array(picture, 3, (64, 64)).shape == (3, 64, 64)
            accepted += 1
    assert accepted + rejected == 1_060
    assert accepted > 650  # 675 with the libraries in Pillow's own wheel for Linux
