"""A region to ignore: what it shows changes no score, map or threshold."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import checkpoints
from core.anomaly.judging import Judged, References, available
from core.anomaly.line import line
from core.anomaly.references import reference_images
from core.anomaly.scores import map_of
from core.cli.main import main
from core.config import DataError
from core.data import catalogue, ignored
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.runs import removal
from tests.core.models_for_tests import tiny_checkpoint, tiny_document, tiny_tensors

SHAPE = (1, 28, 28)
MASK = np.zeros(SHAPE[1:], bool)
MASK[3:12, 5:20] = True


@pytest.fixture(scope="module")
def sets() -> tuple[ImageSet, ImageSet, ImageSet]:
    train, test = (catalogue.load("mnist-5k", split) for split in ("train", "test"))
    return train.take(slice(0, 60)), test.take(slice(0, 20)), test.take(slice(20, 60))


def scribbled(images: ImageSet, where: np.ndarray, seed: int) -> ImageSet:
    """With random pixels where a mask is True."""
    noise = np.random.default_rng(seed).integers(0, 256, images.images.shape, np.uint8)
    return replace(images, images=np.where(where, noise, images.images))


def judged(sets: tuple[ImageSet, ImageSet, ImageSet], where: np.ndarray, arch: str) -> Judged:
    """The judgement of images whose pixels are random where a mask is True."""
    train, images, calibrating = sets
    known = ignored.applied(train, MASK)
    some = scribbled(images, where, 1), scribbled(calibrating, where, 2)
    model = Autoencoder(tiny_checkpoint(arch, SHAPE))
    return References(model, known, some[1], kept=False).judge(some[0])


@pytest.mark.parametrize("arch", ["dense", "conv", "repair"])
def test_what_the_region_shows_changes_no_score_no_map_and_no_threshold(
    sets: tuple[ImageSet, ImageSet, ImageSet], arch: str
) -> None:
    one, other = judged(sets, np.zeros_like(MASK), arch), judged(sets, MASK, arch)
    outside = judged(sets, ~MASK, arch)
    for spec in available(True, one.autoencoder.is_locator):
        assert other.score(spec.name) == pytest.approx(one.score(spec.name), rel=1e-5), spec.name
        thresholds = [each.calibration(spec.name) for each in (one, other)]
        assert thresholds[0] is not None
        assert thresholds[1] is not None
        assert thresholds[1].scores == pytest.approx(thresholds[0].scores, rel=1e-5)
        assert not np.allclose(outside.score(spec.name), one.score(spec.name))
        maps = [
            map_of(spec, each.references.spaces, replace(each.images, ignored=None).pixels())
            for each in (one, other)
        ]
        np.testing.assert_allclose(maps[1], maps[0], rtol=1e-4, atol=1e-6)
        assert not maps[0][:, MASK].any()
        assert maps[0][:, ~MASK].any()


def test_region_belongs_to_a_set_and_is_forgotten_with_it(home: Path) -> None:
    assert ignored.of("own:mine", SHAPE[1:]) is None
    ignored.keep("own:mine", MASK)
    assert np.array_equal(ignored.of("own:mine", SHAPE[1:]), MASK)  # type: ignore[arg-type]
    assert ignored.of("own:mine", (28, 29)) is None
    assert ignored.of("own:other", SHAPE[1:]) is None
    before = ignored.digest("own:mine", "own:other")
    ignored.keep("own:other", ~MASK)
    assert ignored.digest("own:mine", "own:other") != before
    with pytest.raises(DataError, match="whole picture"):
        ignored.keep("own:mine", np.ones_like(MASK))
    ignored.keep("own:mine", np.zeros_like(MASK))
    assert ignored.of("own:mine", SHAPE[1:]) is None
    removal._forget("own:other")
    assert ignored.of("own:other", SHAPE[1:]) is None
    assert ignored.digest("own:mine", "own:other") == ""


def test_command_keeps_a_region_that_line_and_references_respect(
    home: Path, own_checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tiny_document("pca", SHAPE)
    card = checkpoints.save(own_checkpoints / "a.safetensors", document, tiny_tensors(document))
    model, x = Autoencoder.of(card), catalogue.load("mnist-5k", "test").take(slice(0, 5))
    plain = line(model, 0.05)
    path = tmp_path / "mask.png"
    Image.fromarray(np.kron(MASK, np.ones((3, 3), bool)).astype(np.uint8) * 255).save(path)
    assert main(["datasets", "ignore", "mnist-5k", str(path)]) == 0
    assert "17.2% of the picture is ignored" in capsys.readouterr().out
    none = x.take(slice(0, 0))
    known = reference_images(card, none)
    assert known.ignored is not None
    assert np.array_equal(known.ignored.mask, MASK)
    drawn = line(model, 0.05)
    assert drawn.threshold < plain.threshold
    assert drawn.measure is not None
    scores = drawn.measure(x.images)
    assert drawn.measure(scribbled(x, MASK, 0).images) == pytest.approx(scores, rel=1e-5)
    assert scores.mean() < model.errors(x.pixels()).mean()
    assert main(["datasets", "ignore", "mnist-5k", "--clear"]) == 0
    assert reference_images(card, none).ignored is None
    for wrong in (["mnist-5k"], ["mnist-5k", str(path), "--clear"], ["nothing", str(path)]):
        assert main(["datasets", "ignore", *wrong]) == 2


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "1"])
def test_white_parts_of_a_picture_of_any_kind_and_size_are_ignored(
    tmp_path: Path, mode: str
) -> None:
    picture = Image.fromarray(np.kron(MASK, np.ones((2, 2), bool)).astype(np.uint8) * 255)
    path = tmp_path / "mask.png"
    picture.convert(mode).save(path)
    assert np.array_equal(ignored.read_mask(path, SHAPE[1:]), MASK)
    assert np.array_equal(ignored.read_mask(path.read_bytes(), SHAPE[1:]), MASK)
    black = tmp_path / "black.png"
    Image.new("L", (9, 9)).save(black)
    with pytest.raises(DataError, match="Nothing in the mask is white"):
        ignored.read_mask(black, SHAPE[1:])
    (tmp_path / "no.png").write_text("no picture")
    with pytest.raises(DataError, match="The mask"):
        ignored.read_mask(tmp_path / "no.png", SHAPE[1:])
