"""The 1,060 odd and broken images with which Pillow tests itself, all put through our gate."""

import subprocess
from pathlib import Path

import pytest

from benchmarks import hostile
from core.config import ImageRejected
from core.images.fast import read_pixels
from core.images.preparation import legacy
from core.images.reading import read_image, to_array


@pytest.fixture(scope="module")
def corpus(request: pytest.FixtureRequest) -> Path:
    """Pillow's source package, fetched once by pip and kept in pytest's own cache."""
    cache = request.config.cache
    assert cache is not None
    try:
        return hostile.fetched(cache.mkdir("pillow-source"))
    except (OSError, subprocess.SubprocessError):
        pytest.skip("Pillow's source package cannot be had here: pip download failed")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")  # as core.images.reading asks for in the program
def test_every_image_of_the_corpus_is_read_or_rejected(corpus: Path) -> None:
    accepted, rejected = 0, 0
    for _, content in hostile.of_pillow(corpus):
        try:
            picture = read_image(content)
        except ImageRejected:
            rejected += 1
            with pytest.raises(ImageRejected):
                read_pixels(content, legacy((3, 64, 64)))
        else:
            x = to_array(picture, 3, (64, 64))
            assert x.shape == (3, 64, 64)
            assert (read_pixels(content, legacy((3, 64, 64))) == x).all()
            accepted += 1
    assert accepted + rejected == 1_060
    assert accepted > 650  # 675 with the libraries in Pillow's own wheel for Linux
