"""Tables about images: the right numbers in the right rows, and a line that is explained."""

from dataclasses import replace

import numpy as np
import pytest

from core import metrics
from core.config import DataError
from core.images.imagesets import ImageSet, Rejected
from core.inference import Autoencoder
from core.streaming import scoring
from tests.core.models_for_tests import SHAPE, error_line, tiny_checkpoint


@pytest.fixture(scope="module")
def autoencoder() -> Autoencoder:
    return Autoencoder(tiny_checkpoint("dense"))


def images(
    n: int = 9, shape: tuple[int, int, int] = SHAPE, rejected: tuple[Rejected, ...] = ()
) -> ImageSet:
    x = np.random.default_rng(1).integers(0, 256, (n, *shape), dtype=np.uint8)
    ids = np.array([f"some/{i}" for i in range(n)], dtype=np.str_)
    return ImageSet("some", "all", x, np.arange(n) % 2, ("a", "b"), ids, rejected=rejected)


def test_score_of_each_image_is_its_own_error_whatever_the_parts(
    autoencoder: Autoencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "PART_PIXELS", 4 * 16 * 17)
    table = scoring.score(autoencoder, images(), error_line()).table
    for i, row in enumerate(table.itertuples()):
        x = images().pixels([i])
        assert row.error == pytest.approx(metrics.mse(x, autoencoder.reconstruct(x))[0], rel=1e-5)
        assert (row.id, row.label, row.source) == (f"some/{i}", "ab"[i % 2], "some")


def test_score_flags_what_lies_above_the_line_and_ranks_among_usual_images(
    autoencoder: Autoencoder,
) -> None:
    line = error_line(0.15)
    scored = scoring.score(autoencoder, images(), line)
    assert (scored.table["is_outlier"] == (scored.table["error"] > 0.15)).all()
    assert scored.n_outliers == (scored.table["error"] > 0.15).sum()
    for score, percentile in zip(scored.table["score"], scored.table["percentile"], strict=True):
        assert percentile == pytest.approx(100 * (line.usual < score).mean())


def test_score_by_another_measure_flags_by_it_and_keeps_the_error(
    autoencoder: Autoencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "PART_PIXELS", 4 * 16 * 17)
    line = replace(error_line(0.5), measure=lambda x: x.mean(axis=(1, 2, 3)) / 255)
    table = scoring.score(autoencoder, images(), line).table
    assert table["score"].tolist() == pytest.approx(images().pixels().mean(axis=(1, 2, 3)))
    assert (table["is_outlier"] == (table["score"] > 0.5)).all()
    np.testing.assert_allclose(table["error"], autoencoder.errors(images().pixels()), rtol=1e-5)


def test_score_of_rejected_files_has_a_reason_instead_of_numbers(autoencoder: Autoencoder) -> None:
    offered = images(2, rejected=(Rejected("bad.png", "It is damaged."),))
    table = scoring.score(autoencoder, offered, error_line()).table
    assert table["id"].tolist() == ["some/0", "some/1", "bad.png"]
    assert table["reason"].tolist() == ["", "", "It is damaged."]
    assert table.loc[2, ["score", "error", "percentile", "is_outlier"]].isna().all()
    assert str(table["is_outlier"].dtype) == "boolean"


def test_score_of_images_of_another_shape_is_refused(autoencoder: Autoencoder) -> None:
    with pytest.raises(DataError):
        scoring.score(autoencoder, images(shape=(1, 20, 20)), error_line())


def test_encode_has_a_column_for_each_number_of_the_code(
    autoencoder: Autoencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "PART_PIXELS", 4 * 16 * 17)
    table = scoring.encode(autoencoder, images())
    x = images().pixels()
    assert list(table) == ["id", "label", "z0", "z1", "z2", "error"]
    np.testing.assert_allclose(table[["z0", "z1", "z2"]], autoencoder.encode(x), rtol=1e-5)
    np.testing.assert_allclose(table["error"], autoencoder.errors(x), rtol=1e-5)


def test_encode_of_no_images_has_the_columns_all_the_same(autoencoder: Autoencoder) -> None:
    table = scoring.encode(autoencoder, images(0))
    assert (len(table), list(table)) == (0, ["id", "label", "z0", "z1", "z2", "error"])


def test_progress_is_told_until_all_images_are_done(
    autoencoder: Autoencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "PART_PIXELS", 4 * 16 * 17)
    told: list[tuple[int, int]] = []
    scoring.score(autoencoder, images(), error_line(), progress=lambda *done: told.append(done))
    assert told == [(4, 9), (8, 9), (9, 9)]
