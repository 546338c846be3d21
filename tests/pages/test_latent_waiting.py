"""What is drawn while the codes of a map are still being made."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from core import checkpoints
from core.checkpoints import Card
from core.data import catalogue
from core.inference import Autoencoder
from core.latent import geometry, map_tasks
from pages.ui.figures import density
from pages.ui.latent import data as latent_data
from pages.ui.latent import encoding
from pages.ui.latent.data import Part, SampleSpec

SPEC = SampleSpec("mnist-5k", "test", True, 400, 0)


@pytest.fixture
def card(home: Path, only_tiny_models: Path) -> Card:
    st.cache_resource.clear()
    return checkpoints.load("tiny-dense").card


def encode(card: Card, split: str, n: int) -> np.ndarray:
    """As if the page had come so far: the codes of the first n images of a split."""
    rows = np.arange(n)
    images = catalogue.load("mnist-5k", split)
    z = Autoencoder.load("tiny-dense").encode(images.pixels(rows))
    store = encoding.store(Part("mnist-5k", split, rows), card)
    store.fill(rows, lambda part: z[part], lambda done, total: None)
    return z


def test_first_picture_has_the_images_that_have_a_code_and_no_others(card: Card) -> None:
    encode(card, "test", 300)
    n = encoding.n_so_far(SPEC, card)
    assert 50 < n < 200  # the spec is 400 of 1,000 test images
    which, z = encoding.so_far(SPEC, card, 10_000)
    assert n == len(which) == len(z)
    picture = encoding.first_picture(SPEC, card, n)
    xy = geometry.plane(z).coordinates(z).astype(np.float32)
    filled = (picture[..., 3] > 0).sum()
    assert picture.shape == (density.HEIGHT, density.WIDTH, 4)
    side = density.CELLS[-1][1]
    assert 0.5 * len(np.unique(xy, axis=0)) < filled / side**2 <= len(xy)


def test_codes_of_the_other_part_stand_behind_those_of_the_first(card: Card) -> None:
    encode(card, "test", 300)
    before = encoding.n_so_far(SPEC, card)
    encode(card, "train", 4_000)
    which, z = encoding.so_far(SPEC, card, before + 100)
    assert len(z) == len(which) == before + 100
    assert which[before:].tolist() == list(range(400, 500))
    images = latent_data.population(SPEC).images.take(which)
    expected = Autoencoder.load("tiny-dense").encode(images.pixels())
    np.testing.assert_allclose(z, expected, rtol=1e-4, atol=1e-5)


def test_first_picture_is_drawn_anew_whenever_there_are_twice_as_many(
    card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "LEAST", 100)
    drawn: list[str] = []
    monkeypatch.setattr(
        "pages.ui.latent.encoding.st.image", lambda _, words, *__, **___: drawn.append(words)
    )
    whole = SampleSpec("mnist-5k", "test", False, 10_000, 0)
    for n in (50, 120, 180, 250, 399, 500):
        encode(card, "test", n)
        encoding.draw_first(whole, card)
    counted = [words.partition(",")[0] for words in drawn]
    expected = [100, 100, 200, 200, 400]  # nothing of 50
    assert counted == [f"Preview: the first {n} of 1" for n in expected]


def test_codes_are_those_of_the_model_and_made_once(card: Card) -> None:
    whole = SampleSpec("mnist-5k", "test", False, 10_000, 0)
    z = encoding.codes(whole, card).z
    expected = Autoencoder.load("tiny-dense").encode(catalogue.load("mnist-5k").pixels())
    np.testing.assert_allclose(z, expected, rtol=1e-4, atol=1e-5)


def test_codes_deleted_while_the_server_runs_are_made_anew(card: Card) -> None:
    whole = SampleSpec("mnist-5k", "test", False, 10_000, 0)
    before = encoding.codes(whole, card).z.copy()
    shutil.rmtree(map_tasks.codes_dir())
    st.cache_resource.clear()
    np.testing.assert_array_equal(encoding.codes(whole, card).z, before)
    assert list(map_tasks.codes_dir().iterdir())


def test_codes_are_in_memory_only_where_the_disk_takes_none(card: Card, home: Path) -> None:
    (home / "data").mkdir(exist_ok=True)
    (home / "data" / "codes").write_text("where the folder should be")
    whole = SampleSpec("mnist-5k", "test", False, 10_000, 0)
    found = encoding.codes(whole, card)
    expected = Autoencoder.load("tiny-dense").encode(catalogue.load("mnist-5k").pixels())
    np.testing.assert_allclose(found.z, expected, rtol=1e-4, atol=1e-5)
    assert found.errors().shape == (1_000,)


def test_codes_of_a_sample_take_no_memory_of_the_server(card: Card) -> None:
    sample = encoding.codes(SampleSpec("mnist-5k", "train", True, 600, 7), card)
    whole = encoding.codes(SampleSpec("mnist-5k", "test", False, 10_000, 0), card)
    st.cache_resource.clear()  # what follows is read from the disk, as after a restart
    sample = encoding.codes(SampleSpec("mnist-5k", "train", True, 600, 7), card)
    for z in (sample.z, whole.z):
        assert not z.flags.owndata
        assert not z.flags.writeable
