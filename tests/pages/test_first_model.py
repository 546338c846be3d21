"""Which model a page begins with, and that one which somebody chose stays."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import checkpoints
from pages.ui.frame import sidebar
from tests.core.models_for_tests import tiny_document, tiny_tensors
from tests.pages.tiny_models import DIGITS

OpenApp = Callable[..., AppTest]
LATENT, OUTLIERS, ROBUST = "pages/latent.py", "pages/outliers.py", "pages/robustness.py"


@pytest.fixture
def open_with_flat(open_app: OpenApp, only_tiny_models: Path) -> OpenApp:
    """The app with one more model: tiny-vae, whose code has two numbers."""
    document = tiny_document("vae", DIGITS)
    file = only_tiny_models / "tiny-vae.safetensors"
    checkpoints.save(file, document, tiny_tensors(document))
    return open_app


def chosen(app: AppTest) -> str:
    assert not app.exception
    return str(app.session_state["model"])


def test_latent_space_begins_with_a_code_of_two_numbers_and_other_pages_do_not(
    open_with_flat: OpenApp,
) -> None:
    app = open_with_flat()
    assert chosen(app) == "tiny-denoising"
    assert chosen(app.switch_page(LATENT).run()) == "tiny-vae"
    assert "model" not in app.query_params
    assert any(caption.value == sidebar.BEGINS for caption in app.caption)
    assert chosen(app.switch_page(ROBUST).run()) == "tiny-denoising"
    assert chosen(app.switch_page(LATENT).run()) == "tiny-vae"


def test_model_that_was_chosen_stays_on_every_page(open_with_flat: OpenApp) -> None:
    app = open_with_flat().switch_page(LATENT).run()
    box = next(box for box in app.selectbox if box.label == "Model")
    box.set_value("tiny-denoising").run()
    for page in (LATENT, ROBUST, LATENT):
        assert chosen(app.switch_page(page).run()) == "tiny-denoising"
    assert not any(caption.value == sidebar.BEGINS for caption in app.caption)


@pytest.mark.parametrize("name", ["tiny-dense", "tiny-denoising"])
def test_model_of_a_link_stays_on_every_page(open_with_flat: OpenApp, name: str) -> None:
    app = open_with_flat(model=name).switch_page(LATENT).run()
    assert chosen(app) == name


def test_model_that_learn_leads_on_with_is_the_one_that_is_shown(open_with_flat: OpenApp) -> None:
    app = open_with_flat()
    app.session_state["model"] = "tiny-denoising"  # as choose_model() does it
    del app.session_state["model_taken"]
    assert chosen(app.switch_page(LATENT).run()) == "tiny-denoising"


def test_map_prefers_a_network_and_one_that_knows_the_data() -> None:
    cards = [
        checkpoints.load(name).card for name in ("mnist-pca-2", "mnist-vae-2", "mnist-dense-2")
    ]
    assert sidebar.default_model(cards, "latent", "mnist-5k") == "mnist-vae-2"
    assert sidebar.default_model(cards[:1], "latent", "mnist-5k") == "mnist-pca-2"
    every = tuple(checkpoints.available())
    digits = [card for card in every if card.input_shape == DIGITS]
    assert sidebar.default_model(digits, "latent", "mnist-5k") == "mnist-dense-2"
    assert sidebar.default_model(digits, "", "mnist-5k") == "mnist-denoising"
