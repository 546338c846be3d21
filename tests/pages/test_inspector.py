"""One image, enlarged, with all its numbers."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import metrics
from core.data import catalogue
from core.inference import Autoencoder
from core.noise import Noise
from core.robustness.sweeps import noise_sweep
from pages.ui.figures import lines, plotting, theme
from pages.ui.noise import picture
from pages.ui.noise.inspector import View, numbers
from tests.core.models_for_tests import tiny_checkpoint

SHAPE = (1, 28, 28)


def two_models_on_three_digits() -> View:
    images = catalogue.load("mnist-5k").take(slice(0, 3))
    models = tuple(Autoencoder(tiny_checkpoint(arch, SHAPE)) for arch in ("dense", "pca"))
    sigmas = np.linspace(0, 1, 5)
    sweeps = tuple(noise_sweep(images.pixels(), [m], Noise(), 0, sigmas) for m in models)
    return View(images, models, sweeps, step=2, error_scale=0.5)


@pytest.fixture(scope="module")
def view() -> View:
    return two_models_on_three_digits()


def test_numbers_of_an_image_equal_those_of_core(view: View) -> None:
    table = numbers(view, 1).set_index("what")
    x, x_hat = view.images.pixels([1]), view.sweeps[1].models[0].x_hat[2, 1:2]
    assert list(table.index) == ["noisy image", "tiny-dense", "tiny-pca"]
    for name in ("mse", "mae", "psnr", "ssim"):
        assert table.loc["tiny-pca", name] == pytest.approx(getattr(metrics, name)(x, x_hat)[0])
    clean = view.models[1].percentiles(view.models[1].errors(x))[0]
    assert table.loc["tiny-pca", "percentile"] == f"{clean:.1f} %"
    assert table.loc["noisy image", "percentile"] == ""


def test_dialog_shows_pictures_numbers_and_a_curve_and_selects_the_image() -> None:
    app = AppTest.from_function(_script, default_timeout=60).run()
    assert not app.exception
    assert len(app.get("image")) == 8
    assert len(app.dataframe) == 1
    assert len(app.get("plotly_chart")) == 1
    app.button[0].click().run()
    assert app.session_state["selected_ids"] == (app.session_state["shown_id"],)


def test_error_curves_have_a_line_a_model_and_titles_on_both_axes() -> None:
    sigmas = np.linspace(0, 1, 5)
    drawn = {"a": theme.style(0), "b": theme.style(3)}
    figure = plotting.figure(lines.error_chart(sigmas, {"a": sigmas, "b": sigmas**2}, 0.5, drawn))
    assert [trace.name for trace in figure.data] == ["a", "b"]
    assert [trace.line.color for trace in figure.data] == [one.colour for one in drawn.values()]
    assert figure.data[0].line.dash != figure.data[1].line.dash
    assert "σ" in figure.layout.xaxis.title.text
    assert "MSE" in figure.layout.yaxis.title.text


def test_picture_to_take_away_is_a_png_of_all_rows(view: View) -> None:
    cards = [model.card for model in view.models]
    png = picture.picture(view.images, view.sweeps, cards, step=2)
    assert png.startswith(b"\x89PNG")


def _script() -> None:
    import streamlit as st

    from pages.ui.noise import inspector
    from tests.pages.test_inspector import two_models_on_three_digits

    shown = two_models_on_three_digits()
    image_id = str(shown.images.ids[1])
    st.session_state["shown_id"] = image_id
    inspector.inspect(shown, image_id)
