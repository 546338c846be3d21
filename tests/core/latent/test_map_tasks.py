"""What the map is made of, as tasks: the same numbers as without, and codes kept on the way."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import arraycache, checkpoints, config, principal
from core.computing import stock
from core.computing.stock import SplitRef
from core.data import catalogue
from core.inference import Autoencoder
from core.latent import codestore, geometry, map_tasks, structure, walks
from core.latent.map_tasks import Map, Sample
from tests.core.models_for_tests import tiny_document, tiny_tensors

N = 60


@pytest.fixture
def model(home: Path) -> Autoencoder:
    document = tiny_document("dense", (1, 28, 28))
    path = home / "checkpoints" / "tiny.safetensors"
    card = checkpoints.save(path, document, tiny_tensors(document))
    stock.know([(card.sha256, str(path))])
    return Autoencoder.of(card)


@pytest.fixture
def sample() -> Sample:
    return Sample((SplitRef.of("mnist-5k", "test"), SplitRef.of("mnist-5k", "train")), N, 3)


def pixels(sample: Sample) -> np.ndarray:
    return sample.images().pixels()


def test_sample_has_so_many_images_of_each_split_in_the_order_of_the_splits(sample: Sample) -> None:
    images = sample.images()
    test, train = (catalogue.load("mnist-5k", split) for split in ("test", "train"))
    assert len(images) == 2 * N
    assert set(images.ids[:N]) <= set(test.ids)
    assert set(images.ids[N:]) <= set(train.ids)
    assert sample.few(8).tolist() == list(range(2 * N))


def test_few_are_fewer_where_codes_are_wide(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_tasks, "DENSE", 100)
    monkeypatch.setattr(map_tasks, "FEW", 50)
    monkeypatch.setattr(map_tasks, "FEW_VALUES", 3_000)
    assert [len(sample.few(k)) for k in (2, 60, 100)] == [50, 50, 30]


def test_first_look_has_codes_plane_and_places(sample: Sample, model: Autoencoder) -> None:
    asked = Map(sample, Sample(sample.parts, N, 0), model.card.sha256)
    found = map_tasks.first_look(asked)
    z = model.encode(pixels(sample))
    axes = geometry.plane(model.encode(pixels(asked.first)))
    np.testing.assert_allclose(found["xy"], axes.coordinates(z), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found["shares"], axes.shares, rtol=1e-4)
    assert found["kept"]
    np.testing.assert_allclose(found["z"], z, rtol=1e-4, atol=1e-5)
    for part in sample.parts:
        store = map_tasks.store(part, model.card.sha256)
        assert store.is_encoded(sample.rows(part)).all()
        np.testing.assert_allclose(
            store.z[sample.rows(part)],
            model.encode(part.images().pixels(sample.rows(part))),
            rtol=1e-4,
            atol=1e-5,
        )


def test_codes_of_a_whole_split_are_kept_once(model: Autoencoder) -> None:
    whole = Sample((SplitRef.of("mnist-5k", "test"),), 10**9, 0)
    assert "z" not in map_tasks.first_look(Map(whole, whole, model.card.sha256))


def test_codes_that_no_disk_takes_are_there_all_the_same(
    sample: Sample, model: Autoencoder, home: Path
) -> None:
    (home / "data").mkdir(exist_ok=True)
    (home / "data" / "codes").write_text("where the folder should be")
    found = map_tasks.encode(sample, model.card.sha256)
    np.testing.assert_allclose(found, model.encode(pixels(sample)), rtol=1e-4, atol=1e-5)
    assert not map_tasks.first_look(Map(sample, sample, model.card.sha256))["kept"]


def test_judged_images_have_their_errors_in_the_stores(sample: Sample, model: Autoencoder) -> None:
    assert map_tasks.judge(sample, model.card.sha256)["n"] == 2 * N
    for part in sample.parts:
        store, rows = map_tasks.store(part, model.card.sha256), sample.rows(part)
        assert (store.known[rows] == codestore.JUDGED).all()
        expected = model.errors(part.images().pixels(rows))
        np.testing.assert_allclose(store.errors[rows], expected, rtol=1e-4)


def test_plane_is_the_lattice_and_a_sheet_of_its_images(sample: Sample, model: Autoencoder) -> None:
    found = map_tasks.plane(Map(sample, sample, model.card.sha256), 5)
    z = model.encode(pixels(sample))
    expected = walks.lattice(model, z, geometry.plane(z), 5)
    for name in ("xs", "ys", "distance", "gap"):
        np.testing.assert_allclose(found[name], getattr(expected, name), rtol=1e-2, atol=1e-3)
    height, width = found["side"]
    sheet = Image.open(io.BytesIO(found["sheet"].tobytes()))
    assert sheet.size == (5 * width, 5 * height)


def test_what_is_measured_of_codes_is_that_of_all_of_them(
    sample: Sample, model: Autoencoder
) -> None:
    sha256, z = model.card.sha256, model.encode(pixels(sample))
    k = map_tasks.principal(sample, sha256, 2)
    np.testing.assert_allclose(k["shares"], principal.principal_axes(z, 2).shares, rtol=1e-4)
    assert map_tasks.clusters(sample, sha256, 4)["clusters"].max() == 3
    found = map_tasks.structures(sample, sha256, 100)
    assert found["names"].tolist()[:2] == ["codes", "pixels"]
    assert found["measured"].shape == (len(found["names"]), 4)


def test_trust_is_that_of_the_places_in_a_file_or_of_the_plane(
    sample: Sample, model: Autoencoder
) -> None:
    asked, z = Map(sample, sample, model.card.sha256), model.encode(pixels(sample))
    n = structure.N_NEIGHBOURS
    plane = geometry.plane(z).coordinates(z).astype(np.float32)
    for file, places in (("", plane), ("some", plane[::-1].copy())):
        arraycache.write(config.data_dir() / "maps" / "some.npz", {"places": places})
        expected = structure.trustworthiness(z, places, n)
        assert map_tasks.trust(asked, file)["trust"] == pytest.approx(expected, abs=1e-3)


def test_peek_is_a_sheet_of_all_images(sample: Sample) -> None:
    found = map_tasks.peek(sample, (14, 14), 90)
    across = int(found["across"])
    sheet = Image.open(io.BytesIO(found["sheet"].tobytes()))
    assert sheet.size == (14 * across, 14 * -(-2 * N // across))
