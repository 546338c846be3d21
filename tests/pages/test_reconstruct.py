"""The Reconstruct page, run without a browser."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import checkpoints
from core.data import catalogue
from core.inference import Autoencoder
from core.metrics import mse
from core.noise import KINDS, Kind, Noise, add_noise
from pages.ui import cache
from pages.ui.components.sweep import nearest
from tests.core.models_for_tests import tiny_document, tiny_tensors
from tests.pages.unpacking import Unpacked, components, unpacked

OpenApp = Callable[..., AppTest]


def sweep_of(app: AppTest) -> Unpacked:
    """What the page has sent to its slider."""
    (component,) = components(app)
    return unpacked(component.proto.bytes)


def ids(app: AppTest) -> list[str]:
    return [cell["id"] for cell in sweep_of(app).header["cells"]]


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def test_page_opened_shows_the_chosen_model_and_the_linear_one_on_one_noise(
    open_app: OpenApp,
) -> None:
    app = open_app()
    sweep = sweep_of(app)
    assert not app.exception
    assert not app.error
    details = [row["detail"] for row in sweep.header["rows"] if row["role"] == "reconstructed"]
    assert details == ["tiny-denoising", "tiny-pca"]
    assert sweep.labels[:2] == ["Original", "Noisy"]
    assert len(sweep.header["cells"]) == 16


def test_numbers_under_the_pictures_equal_those_computed_one_by_one(
    open_app: OpenApp, only_tiny_models: Path
) -> None:
    app = open_app(model="tiny-dense", seed="3")
    sweep = sweep_of(app)
    images = catalogue.load("mnist-5k")
    x = images.pixels(images.positions(ids(app)))
    x_noisy = add_noise(x, Noise("gaussian", 0.5), 3)
    x_hat = Autoencoder.load("tiny-dense").reconstruct(x_noisy)
    frame = sweep.header["values"].index(0.5)
    np.testing.assert_allclose(sweep.numbers(1)[frame], mse(x, x_noisy), rtol=1e-5)
    np.testing.assert_allclose(sweep.numbers(2)[frame], mse(x, x_hat), rtol=1e-4)


def test_slider_starts_at_the_trained_noise_and_marks_it(open_app: OpenApp) -> None:
    header = sweep_of(open_app()).header
    assert header["start"] == 0.5
    assert {"value": 0.5, "label": "trained at 0.5: tiny-denoising"} in header["marks"]
    assert {"value": 0, "label": "trained without noise: tiny-pca"} in header["marks"]


def test_link_chooses_model_comparison_noise_and_sigma(open_app: OpenApp) -> None:
    app = open_app(
        model="tiny-pca", compare=["tiny-dense"], noise="masking", sigma="0.3", n="8", split="train"
    )
    header = sweep_of(app).header
    details = [row["detail"] for row in header["rows"] if row["role"] != "error"]
    assert details == ["", "masking noise", "tiny-pca", "tiny-dense"]
    assert header["start"] == 0.3
    assert len(header["cells"]) == 8
    assert app.query_params["model"] == "tiny-pca"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_noise_is_offered_and_shown(open_app: OpenApp, kind: Kind) -> None:
    title = KINDS[kind].title
    app = open_app(noise=title, sigma="0.3", n="8")
    assert not app.exception
    assert title in app.radio(key="noise").options
    header = sweep_of(app).header
    assert header["rows"][1]["detail"].startswith(f"{title} noise")
    assert KINDS[kind].unit in header["help"]


def compared(app: AppTest) -> tuple[list[str], list[str]]:
    """The models that can be compared with, and those that are."""
    box = app.multiselect(key="compare")
    called = {card.title: card.name for card in cache.cards()}
    assert not app.exception
    return [called[title] for title in box.options], list(box.value)


def test_model_is_not_offered_to_be_compared_with_itself(open_app: OpenApp) -> None:
    app = open_app(model="tiny-dense")
    assert compared(app) == (["tiny-denoising", "tiny-pca"], ["tiny-pca"])
    linked = open_app(model="tiny-dense", compare=["tiny-dense", "tiny-denoising"])
    assert compared(linked)[1] == ["tiny-denoising"]
    assert not linked.warning, "the link names a model that is here"


def test_rival_that_becomes_the_model_is_one_again_when_another_takes_its_place(
    open_app: OpenApp,
) -> None:
    app = open_app(model="tiny-dense")
    app.multiselect(key="compare").set_value(["tiny-pca", "tiny-denoising"]).run()
    app.sidebar.selectbox(key="model").set_value("tiny-pca").run()
    assert compared(app) == (["tiny-denoising", "tiny-dense"], ["tiny-denoising"])
    app.sidebar.selectbox(key="model").set_value("tiny-dense").run()
    assert compared(app)[1] == ["tiny-pca", "tiny-denoising"]
    app.multiselect(key="compare").set_value([]).run()
    app.sidebar.selectbox(key="model").set_value("tiny-denoising").run()
    assert compared(app)[1] == []


def test_usual_rival_gives_way_to_the_model_and_comes_back(open_app: OpenApp) -> None:
    app = open_app(model="tiny-pca")
    assert compared(app)[1] == []
    app.sidebar.selectbox(key="model").set_value("tiny-dense").run()
    assert compared(app)[1] == ["tiny-pca"]
    assert "compare" not in app.query_params


def test_noise_asked_for_is_kept_where_the_slider_has_no_such_step(open_app: OpenApp) -> None:
    app = open_app(sigma="0.33")
    assert sweep_of(app).header["start"] == 0.33
    assert app.query_params["sigma"] == "0.33"
    assert nearest(sweep_of(app).header["values"], 0.33) in (0.32, 0.34)
    assert nearest([0.0, 0.05, 0.1, 0.15], 0.12) == 0.1


def test_link_with_unknown_names_falls_back_to_what_there_is(open_app: OpenApp) -> None:
    app = open_app(model="../x", dataset="<b>", compare=["nothing"], sigma="seven", shuffle="-1")
    assert not app.exception
    assert sweep_of(app).header["start"] == 0.5
    assert app.query_params == {}


def test_class_filter_shows_only_that_class(open_app: OpenApp) -> None:
    app = open_app()
    app.session_state["classes"] = ["3"]
    app.run()
    assert {cell["text"] for cell in sweep_of(app).header["cells"]} == {"3"}


def test_class_that_has_no_images_says_what_to_do(
    open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = catalogue.load("mnist-5k")
    assert digits.labels is not None
    without_3 = digits.take(digits.labels != 3)
    monkeypatch.setattr("pages.ui.cache.dataset", lambda *_: without_3)
    app = open_app()
    app.session_state["classes"] = ["3"]
    app.run()
    assert "Choose other classes" in app.info[0].value
    assert not components(app)
    press(app, "All classes")
    assert {cell["text"] for cell in sweep_of(app).header["cells"]} == set("012456789")


def test_shuffle_shows_other_images_and_the_link_brings_them_back(open_app: OpenApp) -> None:
    app = open_app()
    before = ids(app)
    shuffled = press(app, "Shuffle")
    assert ids(shuffled) != before
    assert ids(open_app(**dict(shuffled.query_params))) == ids(shuffled)


def test_new_noise_changes_the_noise_and_not_the_images(open_app: OpenApp) -> None:
    app = open_app()
    before = sweep_of(app)
    after = sweep_of(press(app, "New noise"))
    assert app.query_params["seed"] == "1"
    assert after.header["cells"] == before.header["cells"]
    assert (after.pictures(0, 25) == before.pictures(0, 25)).all()
    assert (after.pictures(1, 25) != before.pictures(1, 25)).any()


def test_clipped_noise_is_said_to_differ_from_unclipped_training_noise(open_app: OpenApp) -> None:
    app = open_app(clip="true")
    denoising, linear = sweep_of(app).header["rows"][2], sweep_of(app).header["rows"][4]
    assert "Trained on gaussian noise, not clipped" in denoising["note"]
    assert linear["note"] == ""
    assert sweep_of(open_app()).header["rows"][2]["note"] == ""


def test_rerun_sends_the_slider_the_same_message(open_app: OpenApp) -> None:
    app = open_app()
    before = components(app)[0].proto.bytes
    app.session_state["sigma"] = 0.8
    app.run()
    assert components(app)[0].proto.bytes == before


def test_model_not_there_is_one_sentence_and_no_traceback(
    open_app: OpenApp, only_tiny_models: Path
) -> None:
    for path in only_tiny_models.glob("*.safetensors"):
        path.unlink()
    app = open_app()
    assert not app.exception
    assert len(app.error) == 1
    assert "train one, or choose other data" in app.error[0].value
    assert "`" not in app.error[0].value


def test_checkpoint_that_vanishes_under_the_page_is_one_sentence(
    open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.config import CheckpointError

    def gone(*_: object) -> None:
        raise CheckpointError("x.safetensors <b>cannot</b> be read.")

    monkeypatch.setattr("pages.ui.noise.sweeps.packed_sweep", gone)
    app = open_app()
    assert not app.exception
    assert len(app.error) == 1
    assert "\\<b\\>cannot" in app.error[0].value


def test_sidebar_says_when_the_model_was_trained_on_the_images_shown(open_app: OpenApp) -> None:
    unseen, seen = open_app(), open_app(split="train")
    assert any(
        "was not trained on the images" in caption.value for caption in unseen.sidebar.caption
    )
    assert any("were in its training" in caption.value for caption in seen.sidebar.caption)


def test_selection_is_counted_and_cleared_in_the_sidebar(open_app: OpenApp) -> None:
    app = open_app()
    app.session_state["selected_ids"] = ("mnist-5k/00001", "mnist-5k/00002")
    app.run()
    assert any("**2** selected" in text.value for text in app.sidebar.markdown)
    press(app, "Clear")
    assert app.session_state["selected_ids"] == ()
    assert not any("selected" in text.value for text in app.sidebar.markdown)


def test_other_dataset_forgets_classes_and_count_that_belong_to_the_old_one(
    open_app: OpenApp, only_tiny_models: Path
) -> None:
    document = tiny_document("pca", (3, 64, 64), dataset="shapes")
    path = only_tiny_models / "tiny-shapes.safetensors"
    checkpoints.save(path, document, tiny_tensors(document))
    app = open_app(n="32")
    app.session_state["classes"] = ["3"]
    app.run()
    app.sidebar.selectbox(key="dataset").set_value("shapes").run()
    assert not app.exception
    cells = sweep_of(app).header["cells"]
    assert len(cells) == 8
    assert cells[0]["text"] in catalogue.load("shapes").class_names
    assert app.session_state["model"] == "tiny-shapes"
