"""Pages with a model whose weights are finite and whose output is not, run without a browser."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import checkpoints
from core.images.imagesets import ImageSet
from pages.ui import cache
from pages.ui.session.registry import ROBUSTNESS
from tests.core.models_for_tests import overflowing
from tests.pages.test_your_images import component, digit_file, offered
from tests.pages.tiny_models import DIGITS

OpenApp = Callable[..., AppTest]
SENTENCE = "bad gives numbers that are not finite"
VIEWS = ROBUSTNESS.names


def keep(folder: Path, dark: float) -> None:
    """The model `bad`, whose output is not finite for digits of a mean above dark."""
    checkpoints.save(folder / "bad.safetensors", *overflowing(dark, DIGITS))


def errors(app: AppTest) -> str:
    assert not app.exception
    return " ".join(one.value.replace("\\", "") for one in app.error)


@pytest.mark.parametrize("dark", [-1, 0.2])
@pytest.mark.parametrize("page", ["reconstruct", "outliers", "latent"])
def test_page_that_needs_all_images_refuses_a_model_that_overflows_for_some(
    page: str, dark: float, open_app: OpenApp, only_tiny_models: Path
) -> None:
    keep(only_tiny_models, dark)
    app = open_app(model="bad", n="100").switch_page(f"pages/{page}.py").run()
    for _ in range(200):  # the map is made in the background
        if app.error:
            break
        app.run()
    assert SENTENCE in errors(app)
    assert not [m.value for m in app.markdown if "images are flagged" in m.value]


@pytest.mark.parametrize("view", VIEWS)
def test_model_that_overflows_takes_no_view_of_all_models_from_the_others(
    view: str, open_app: OpenApp, only_tiny_models: Path
) -> None:
    keep(only_tiny_models, 0.2)
    app = open_app(robust_view=view, models="tiny-dense").switch_page("pages/robustness.py").run()
    assert errors(app) == ""
    assert app.dataframe or app.get("bidi_component")


def test_wall_of_nothing_but_a_model_that_overflows_says_so(
    open_app: OpenApp, only_tiny_models: Path
) -> None:
    for path in only_tiny_models.glob("tiny-*"):
        path.unlink()
    keep(only_tiny_models, 0.2)
    app = open_app(robust_view="Wall").switch_page("pages/robustness.py").run()
    assert SENTENCE in errors(app)


def test_own_images_tell_which_of_them_the_model_cannot_score(
    open_app: OpenApp, only_tiny_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(only_tiny_models, 0.15)
    digits: ImageSet = cache.dataset("mnist-5k", "test")
    means = digits.pixels().mean(axis=(1, 2, 3))
    files = {"light.png": digit_file(int(means.argmax())), "a.png": digit_file(int(means.argmin()))}
    app = open_app(model="bad").switch_page("pages/your_images.py").run()
    app = offered(app, files)
    assert "not finite. Choose another model" in app.warning[0].value
    assert SENTENCE in errors(app)  # under the slider, which shows this image
    assert "1 more are not scored" in " ".join(one.value for one in app.caption)


def test_own_image_goes_through_the_other_models_where_one_overflows(
    open_app: OpenApp, only_tiny_models: Path
) -> None:
    keep(only_tiny_models, -1)
    app = open_app(model="tiny-dense").switch_page("pages/your_images.py").run()
    app = offered(app, {"a.png": digit_file(5)})
    assert errors(app) == ""
    assert b"tiny-pca" in component(app, "own_wall").bytes
    assert any("Left out, because" in one.value and "bad" in one.value for one in app.caption)
