"""The map of more images than a browser draws, and what is measured for it, without a browser."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core import checkpoints
from core.checkpoints import Card
from core.data import catalogue
from core.inference import Autoencoder
from core.latent import codestore
from pages.ui.figures import density
from pages.ui.latent import data as latent_data
from pages.ui.latent import drawing as latent_drawing
from pages.ui.latent import encoding as latent_encoding
from pages.ui.latent.data import Part, SampleSpec
from tests.pages import latent_pages
from tests.pages.latent_pages import charts

N = 1_000  # test images of mnist-5k
SPEC = SampleSpec("mnist-5k", "test", False, 10_000, 0)


@pytest.fixture
def card(home: Path, only_tiny_models: Path) -> Card:
    return checkpoints.load("tiny-dense").card


@pytest.fixture
def open_crowded(
    card: Card, open_app: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., AppTest]:
    monkeypatch.setattr(latent_drawing, "DENSE", 100)
    st.cache_resource.clear()

    def opened(**link: str) -> AppTest:
        return open_app(model=card.name, **link).switch_page(latent_pages.PAGE).run()

    return opened


def known(card: Card) -> list[int]:
    """What is known of the test images, as kept on the disk."""
    part = Part("mnist-5k", "test", np.arange(N))
    return sorted(set(latent_encoding.store(part, card).known.tolist()))


def test_map_by_class_needs_codes_alone_and_by_error_needs_errors(
    open_crowded: Callable[..., AppTest], card: Card
) -> None:
    assert not open_crowded().exception
    assert known(card) == [codestore.ENCODED]
    assert not open_crowded(colour="error").exception
    assert known(card) == [codestore.JUDGED]


def test_errors_of_some_images_in_any_order_are_theirs_and_no_others_are_measured(
    card: Card,
) -> None:
    st.cache_resource.clear()
    spec = SampleSpec("mnist-5k", "test", True, 300, 1)
    codes = latent_encoding.codes(spec, card)
    images = latent_data.population(spec).images
    some = np.array([599, 3, 250, 300, 4])
    model = Autoencoder.load("tiny-dense")
    expected = model.errors(images.take(some).pixels())
    np.testing.assert_allclose(codes.errors(some), expected, rtol=1e-4)
    np.testing.assert_allclose(codes.percentiles(some), model.percentiles(expected), atol=0.1)
    stores = [latent_encoding.store(part, card) for part in latent_data.population(spec).parts]
    assert sum(int((store.known == codestore.JUDGED).sum()) for store in stores) == len(some)
    np.testing.assert_allclose(codes.errors(), model.errors(images.pixels()), rtol=1e-4)


def test_first_picture_of_a_crowded_map_is_made_once_for_all_visitors(
    open_crowded: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, picture = [], density.picture

    def counted(*arguments: object) -> object:
        made.append(arguments[2] is None)
        return picture(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(density, "picture", counted)
    first, second = open_crowded(), open_crowded()
    assert f"{N:,} points, drawn as density" in " ".join(c.value for c in second.caption)
    images = [charts(app)["map_0"]["layout"]["images"][0]["source"] for app in (first, second)]
    assert images[0] == images[1]
    assert made == [True]
    second.session_state["selected_ids"] = tuple(catalogue.load("mnist-5k").ids[:5].tolist())
    chart = charts(second.run())["map_0"]
    assert chart["layout"]["images"][0]["source"] != images[0]
    assert made == [True, False]
