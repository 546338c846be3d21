"""What is drawn while the codes of a map are still being made."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st

from core import checkpoints, datasets, latent
from core.checkpoints import Card
from core.inference import Autoencoder
from core.mapping import codestore
from pages.ui import density
from pages.ui.latent import encoding as latent_encoding
from pages.ui.latent import waiting
from pages.ui.latent.data import Crowd, Part

CROWD = Crowd("mnist-5k", "test", True, 400, 0)


@pytest.fixture
def card(home: Path, only_tiny_models: Path) -> Card:
    st.cache_resource.clear()
    return checkpoints.load("tiny-dense").card


def encode(card: Card, split: str, n: int) -> np.ndarray:
    """As if the page had come so far: the codes of the first n images of a split."""
    rows = np.arange(n)
    images = datasets.load("mnist-5k", split)
    z = Autoencoder.load("tiny-dense").encode(images.pixels(rows))
    store = latent_encoding.store(Part("mnist-5k", split, rows), card)
    store.fill(rows, lambda part: z[part], lambda done, total: None)
    return z


def test_first_picture_has_the_images_that_have_a_code_and_no_others(card: Card) -> None:
    encode(card, "test", 300)
    which, z = latent_encoding.so_far(CROWD, card)
    found = waiting.first_picture(CROWD, card, least=20)
    assert found is not None
    picture, n = found
    assert 50 < n == len(which) == len(z) < 200  # the crowd is 400 of 1,000 test images
    xy = latent.plane(z).coordinates(z).astype(np.float32)
    filled = (picture[..., 3] > 0).sum()
    assert picture.shape == (density.HEIGHT, density.WIDTH, 4)
    side = density.CELLS[-1][1]
    assert 0.5 * len(np.unique(xy, axis=0)) < filled / side**2 <= len(xy)


def test_codes_of_the_other_part_stand_behind_those_of_the_first(card: Card) -> None:
    encode(card, "test", 300)
    before = len(latent_encoding.so_far(CROWD, card)[0])
    encode(card, "train", 4_000)
    which, z = latent_encoding.so_far(CROWD, card)
    assert len(which) == before + 400
    assert which[before:].tolist() == list(range(400, 800))
    assert len(z) == len(which)


def test_there_is_no_first_picture_of_too_few(card: Card) -> None:
    assert waiting.first_picture(CROWD, card) is None
    encode(card, "test", 30)
    assert waiting.first_picture(CROWD, card) is None


def test_first_picture_is_drawn_anew_whenever_there_are_twice_as_many(
    card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "Patience", lambda tell: tell)
    monkeypatch.setattr(waiting, "SECONDS", 0.0)
    monkeypatch.setattr(waiting, "LEAST", 300)
    monkeypatch.setattr(codestore, "LASTING_SECONDS", 0.0)
    monkeypatch.setattr(codestore, "CHUNK", 100)
    drawn, first_picture = [], waiting.first_picture

    def noted(*asked: Any) -> Any:
        if found := first_picture(*asked):
            drawn.append(found[1])
        return found

    monkeypatch.setattr(waiting, "first_picture", noted)
    whole = Crowd("mnist-5k", "test", False, 10_000, 0)
    z = waiting.encoded(whole, card).z
    assert drawn == [300, 600]
    expected = Autoencoder.load("tiny-dense").encode(datasets.load("mnist-5k").pixels())
    np.testing.assert_allclose(z, expected, rtol=1e-4, atol=1e-5)
