"""The odd ones of a folder: found, said why, listed whole, and the same however it is read."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from PIL import Image

from core.anomaly import crossfit, descriptors, find_source, finding
from core.anomaly.finding import Descriptions
from core.config import DataError
from core.images.imagesets import ImageSet
from core.streaming import shards

Pixels = npt.NDArray[np.uint8]
SIDE = 32


def scene(rng: np.random.Generator, kind: str) -> Pixels:
    """A picture (H, W, 3): a bright disc, or for strangers stripes, on a shaded ground."""
    down, across = np.mgrid[:SIDE, :SIDE]
    ground = 90 + rng.normal(0, 10) + across * rng.normal(1, 0.3)
    x = np.stack([ground, ground * 0.8, ground * 0.6], axis=2)
    at, radius = rng.uniform(12, 20, 2), rng.uniform(6, 9)
    inside = np.hypot(down - at[0], across - at[1]) < radius
    if kind == "stripes":
        inside = (down + rng.integers(6)) // 3 % 2 == 0
    x[inside] = (200, 150, 60)
    return np.clip(x + rng.normal(0, 6, x.shape), 0, 255).astype(np.uint8)


def as_set(x: Pixels) -> ImageSet:
    ids = np.array([f"{i:04d}" for i in range(len(x))], np.str_)
    images = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    return ImageSet(id="t", split="all", images=images, labels=None, class_names=(), ids=ids)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """90 discs, 4 with stripes, a black picture, pure noise, a copy, and a text."""
    rng, path = np.random.default_rng(0), tmp_path_factory.mktemp("odd")
    for i in range(90):
        Image.fromarray(scene(rng, "disc")).save(path / f"disc{i:02d}.png")
    for i in range(4):
        Image.fromarray(scene(rng, "stripes")).save(path / f"stripes{i}.png")
    Image.new("RGB", (SIDE, SIDE)).save(path / "black.png")
    noise = rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path / "noise.png")
    (path / "disc05 again.png").write_bytes((path / "disc05.png").read_bytes())
    (path / "broken.png").write_bytes(b"no picture")
    return path


@pytest.fixture(scope="module")
def table(folder: Path) -> pd.DataFrame:
    return table_of(folder)


def table_of(folder: Path) -> pd.DataFrame:
    found = find_source.find(shards.shards(folder, 4096), 0.01)
    assert found is not None
    return found.table


def test_strangers_and_broken_files_come_first(table: pd.DataFrame) -> None:
    odd = {"black.png", "noise.png", *(f"stripes{i}.png" for i in range(4))}
    assert len(odd & set(table["id"][:8])) >= 5
    assert table["rank"][:97].tolist() == list(range(1, 98))
    assert table["score"][:97].is_monotonic_decreasing


def test_facts_are_said_and_files_that_cannot_be_read_are_listed(table: pd.DataFrame) -> None:
    rows = table.set_index("id")
    assert "of one colour" in rows["facts"]["black.png"]
    assert "noisy" in rows["facts"]["noise.png"]
    assert rows["is_outlier"][["black.png", "noise.png"]].all()
    copies = rows["facts"][["disc05.png", "disc05 again.png"]].tolist()
    assert sorted("equal to disc05" in one for one in copies) == [False, True]
    assert table["id"].tolist()[-1] == "broken.png"
    assert rows["facts"]["broken.png"] == "cannot be read"
    assert rows["reason"]["broken.png"]
    assert pd.isna(rows["rank"]["broken.png"])


def test_more_images_than_are_judged_by_each_other_are_streamed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, table: pd.DataFrame
) -> None:
    monkeypatch.setattr(find_source, "SAMPLE", 60)
    streamed = table_of(folder)
    assert set(streamed["id"]) == set(table["id"])
    assert {"black.png", "noise.png"} <= set(streamed["id"][:6])
    assert streamed["id"].tolist()[-1] == "broken.png"
    together = table.merge(streamed, on="id").dropna(subset=["score_x"])
    assert together["score_x"].corr(together["score_y"], "spearman") > 0.7


def test_an_image_does_not_take_part_in_what_judges_it() -> None:
    rng = np.random.default_rng(2)
    x = np.stack([scene(rng, "disc") for _ in range(40)])
    of = crossfit.folds(np.arange(40))
    found = finding.judged(Descriptions.of(as_set(x)), of)
    mine = np.flatnonzero(of == 2)
    fit = finding.fitted(Descriptions.of(as_set(x[of != 2])))
    for name, judge in fit.items():
        expected = judge(Descriptions.of(as_set(x[mine])))
        np.testing.assert_allclose(found.raw[name][mine], expected, rtol=1e-4)


def test_the_same_images_give_the_same_and_planted_outliers_are_found() -> None:
    rng = np.random.default_rng(3)
    images = as_set(np.stack([scene(rng, "disc") for _ in range(60)]))
    of = crossfit.folds(np.arange(60))
    one, other = (finding.judged(Descriptions.of(images), of) for _ in range(2))
    assert one.planted == other.planted
    assert (one.ranked == other.ranked).all()
    assert one.planted[one.best] > 0.8
    assert one.best in one.scores
    assert one.planted[finding.COMBINED] + finding.NEAR >= max(one.planted.values()) or (
        one.best != finding.COMBINED
    )


@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 28, 28), (1, 33, 65), (3, 128, 96), (1, 4, 3)])
def test_descriptors_are_finite_and_of_one_length(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.random((3, *shape), np.float32), np.zeros((1, *shape), np.float32)])
    for describe in descriptors.DESCRIPTORS.values():
        found = describe(x)
        assert found.shape[0] == 4
        assert np.isfinite(found).all()
        np.testing.assert_allclose(describe(x[:1]), found[:1], rtol=1e-4, atol=1e-5)


def test_too_few_images_are_refused_in_a_sentence(tmp_path: Path) -> None:
    for i in range(5):
        Image.new("L", (20, 20), i * 40).save(tmp_path / f"{i}.png")
    with pytest.raises(DataError, match="at least 20 images"):
        find_source.find(shards.shards(tmp_path, 4096), 0.01)


def test_broken_files_come_first_whichever_score_ranks() -> None:
    rng = np.random.default_rng(4)
    x = np.stack([scene(rng, "disc") for _ in range(60)])
    x[7], x[8] = 0, rng.integers(0, 256, x[8].shape, dtype=np.uint8)
    found = finding.judged(Descriptions.of(as_set(x)), crossfit.folds(np.arange(60)))
    for scores in found.scores.values():
        assert set(np.argsort(-scores)[:2].tolist()) == {7, 8}
    deviations = {name: np.zeros(60) for name in (*descriptors.DESCRIPTORS, "measures")}
    deviations |= {"pixel_density": np.zeros(60), "patches": np.full(60, 0.5)}
    deviations["patches"][7], deviations["measures"][7] = -12.0, 6.0
    assert all(scores.argmax() == 7 for scores in finding.all_scores(deviations).values())
