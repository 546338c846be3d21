"""The Robustness page, run without a browser."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core import checkpoints
from core.checkpoints.document import NoiseRecord, TrainingRecord
from core.cli.main import main
from core.computing import results
from core.data import catalogue
from core.inference import Autoencoder
from core.noise import Noise, add_noise
from core.robustness import curves
from core.robustness import sizes as size_study
from pages.ui import cache
from pages.ui.session.registry import ROBUSTNESS
from tests.core.models_for_tests import tiny_document, tiny_tensors
from tests.pages.conftest import APP
from tests.pages.tiny_models import DIGITS
from tests.pages.unpacking import components, unpacked

PAGE = "pages/robustness.py"
OpenPage = Callable[..., AppTest]


@pytest.fixture
def open_page(only_tiny_models: Path, visited_before: None) -> OpenPage:
    """A function that opens the page by a link; 200 images are measured unless it says more."""

    def opened(**link: Any) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=60).switch_page(PAGE)
        for name, value in ({"measured": "200"} | link).items():
            app.query_params[name] = value
        return app.run()

    return opened


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    """The names of the models that are measured from here on, nothing being known before."""
    monkeypatch.setattr(results, "folder", lambda: tmp_path / "results")
    forget_measurements()
    names: list[str] = []
    measure = curves.measure

    def noted(model: Any, *rest: Any) -> Any:
        names.append(model.card.name if isinstance(model, Autoencoder) else curves.INPUT)
        return measure(model, *rest)

    monkeypatch.setattr("core.robustness.curves.measure", noted)
    yield names
    forget_measurements()


def forget_measurements() -> None:
    """In memory and on disk."""
    cache.shelf().clear()
    shutil.rmtree(results.folder(), ignore_errors=True)


def numbers(app: AppTest) -> pd.DataFrame:
    """The table of means."""
    return next(f.value for f in app.dataframe if "sigma" in f.value.columns)


def table(app: AppTest, column: str) -> pd.DataFrame:
    return next(f.value for f in app.dataframe if column in f.value.columns)


def chart(app: AppTest) -> dict[str, Any]:
    """The curves as they were sent."""
    (component,) = components(app)
    found: dict[str, Any] = unpacked(component.proto.bytes).header["chart"]
    return found


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def said(app: AppTest) -> str:
    texts = (*app.markdown, *app.caption, *app.warning, *app.info)
    return " ".join(element.value for element in texts).replace("\\", "")


def test_page_opened_draws_every_model_and_the_noisy_image_itself(open_page: OpenPage) -> None:
    app = open_page()
    assert not app.exception
    assert not app.error
    lines = {line["name"]: line for line in chart(app)["lines"]}
    assert set(lines) == {"tiny-denoising", "tiny-dense", "tiny-pca", curves.INPUT}
    assert [name for name, line in lines.items() if line["reference"]] == [curves.INPUT]
    assert lines["tiny-denoising"]["mark"] == 0.5
    assert lines["tiny-dense"]["mark"] is None
    assert "Nearest to the original" in said(app)


@pytest.mark.parametrize(
    ("link", "options"),
    [
        ({}, []),
        ({"mu": "0.2", "clip": "true", "seed": "3"}, ["--mu", "0.2", "--clip", "--seed", "3"]),
        ({"noise": "masking"}, ["--noise-kind", "masking"]),
    ],
)
def test_page_and_command_line_give_the_same_numbers(
    open_page: OpenPage,
    link: dict[str, str],
    options: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    for metric in ("MSE", "PSNR", "SSIM"):
        shown = numbers(open_page(measured="all", metric=metric, **link))
        sigmas = [f"{sigma:g}" for sigma in shown["sigma"]]
        for name in ("tiny-denoising", "tiny-pca"):
            capsys.readouterr()
            command = ["evaluate", name, "--dataset", "mnist-5k", "--json", *options]
            assert main([*command, "--sigma", *sigmas]) == 0
            told = json.loads(capsys.readouterr().out)["sigma"]
            expected = [at[metric.lower()] for at in told]
            np.testing.assert_allclose(shown[name], expected, rtol=1e-6)
            if metric == "MSE":
                own = [at["noisy_mse"] for at in told]
                np.testing.assert_allclose(shown[curves.INPUT], own, rtol=1e-6)


def test_second_look_measures_nothing(open_page: OpenPage, measured: list[str]) -> None:
    app = open_page()
    assert sorted(measured) == sorted([curves.INPUT, "tiny-denoising", "tiny-dense", "tiny-pca"])
    measured.clear()
    app.run()
    open_page(metric="SSIM")  # another visitor
    open_page(models=["tiny-dense"], log="false", band="draws")
    assert measured == []


def test_look_after_a_restart_measures_nothing(open_page: OpenPage, measured: list[str]) -> None:
    before = numbers(open_page())
    models = table(open_page(robust_view="Models"), "noisy_mse")
    measured.clear()
    st.cache_resource.clear()
    pd.testing.assert_frame_equal(numbers(open_page()), before)
    again = table(open_page(robust_view="Models"), "noisy_mse")
    pd.testing.assert_frame_equal(again, models)  # their speed, too, was measured before
    assert measured == []


def test_measurements_damaged_on_disk_are_made_anew(
    open_page: OpenPage, measured: list[str]
) -> None:
    before = numbers(open_page())
    for path in results.folder().iterdir():
        path.write_bytes(path.read_bytes()[:200])
    n_measured = len(measured)
    st.cache_resource.clear()
    pd.testing.assert_frame_equal(numbers(open_page()), before)
    assert len(measured) == 2 * n_measured


def test_change_measures_only_what_is_new(open_page: OpenPage, measured: list[str]) -> None:
    open_page(models=["tiny-dense"])
    measured.clear()
    open_page(models=["tiny-dense", "tiny-denoising"])
    assert measured == ["tiny-denoising"]
    measured.clear()
    open_page(models=["tiny-dense"], draws="3")
    assert sorted(measured) == sorted([curves.INPUT, "tiny-dense", "tiny-pca"] * 2)
    measured.clear()
    open_page(models=["tiny-dense"], clip="true")
    assert len(measured) == 3


def test_checkpoint_replaced_by_another_of_its_name_is_measured_again(
    open_page: OpenPage, measured: list[str], only_tiny_models: Path
) -> None:
    before = numbers(open_page(models=["tiny-dense"]))
    measured.clear()
    document = tiny_document("dense", DIGITS)
    path = only_tiny_models / "tiny-dense.safetensors"
    checkpoints.save(path, document, tiny_tensors(document, seed=99))
    after = numbers(open_page(models=["tiny-dense"]))
    assert measured == ["tiny-dense"]
    assert (before["tiny-dense"] != after["tiny-dense"]).all()
    assert (before["tiny-pca"] == after["tiny-pca"]).all()


def test_pca_is_beside_the_networks_even_if_not_chosen(open_page: OpenPage) -> None:
    app = open_page(models=["tiny-dense"])
    assert [line["name"] for line in chart(app)["lines"]][:2] == ["tiny-dense", "tiny-pca"]


def test_curves_drawn_pass_through_the_measured_means(open_page: OpenPage) -> None:
    for metric in ("MSE", "PSNR", "SSIM"):
        app = open_page(metric=metric)
        drawn, means = chart(app), numbers(app)
        at = np.array(drawn["x"])[drawn["points"]]
        np.testing.assert_allclose(at, means["sigma"], atol=1e-6)
        for line in drawn["lines"]:
            if not line["reference"]:
                y = np.array(line["y"])[drawn["points"]]
                np.testing.assert_allclose(y, means[line["name"]], rtol=1e-4)


def test_mean_over_draws_is_that_of_all_seeds(open_page: OpenPage) -> None:
    shown = numbers(open_page(draws="3", seed="5"))["tiny-dense"]
    images = curves.spread(catalogue.load("mnist-5k"), 200)
    x, model = images.pixels(), Autoencoder.load("tiny-dense")
    errors = [model.errors(add_noise(x, Noise(sigma=0.4), seed), x).mean() for seed in (5, 6, 7)]
    assert shown[4] == pytest.approx(np.mean(errors), rel=1e-5)


def test_clipped_noise_is_said_to_differ_from_that_trained_with(open_page: OpenPage) -> None:
    clipped, plain = open_page(clip="true"), open_page()
    (warning,) = clipped.warning
    assert "tiny" in warning.value
    assert "denoising" in warning.value
    assert "Trained on gaussian noise, not clipped" in said(clipped)
    assert not plain.warning


@pytest.mark.parametrize("view", ["Wall", "Models"])
def test_other_views_warn_of_noise_that_was_not_trained_with(
    open_page: OpenPage, view: str
) -> None:
    assert len(open_page(robust_view=view, clip="true").warning) == 1
    assert len(open_page(robust_view=view).warning) == 0


def test_shuffle_shows_other_images_under_the_same_curves(open_page: OpenPage) -> None:
    app = open_page()
    before = components(app)[0].proto.bytes
    after = components(press(app, "Shuffle"))[0].proto.bytes
    assert unpacked(before).header["cells"] != unpacked(after).header["cells"]
    assert unpacked(before).header["chart"] == unpacked(after).header["chart"]


def test_images_seen_in_training_are_said_to_be(open_page: OpenPage) -> None:
    assert "train images were in its training" in said(open_page(split="train"))


def test_question_chooses_the_models_that_answer_it(open_page: OpenPage) -> None:
    app = open_page(models=["tiny-pca"])
    app = press(app, "Noise in training or not")
    names = [line["name"] for line in chart(app)["lines"]]
    assert names == ["tiny-denoising", "tiny-dense", "tiny-pca", curves.INPUT]
    assert app.query_params["models"] == ["tiny-denoising", "tiny-dense"]


def test_slider_starts_where_the_link_says_and_its_images_are_of_every_class(
    open_page: OpenPage,
) -> None:
    app = open_page(sigma="0.3")
    (component,) = components(app)
    header = unpacked(component.proto.bytes).header
    assert header["start"] == 0.3
    assert [cell["text"] for cell in header["cells"]] == list("0123456789")


def test_link_with_unknown_names_falls_back_to_what_there_is(open_page: OpenPage) -> None:
    app = open_page(models=["<b>"], metric="x", band="?", robust_view="nowhere", sigma="seven")
    assert not app.exception
    assert len(chart(app)["lines"]) == 4


def test_rerun_sends_the_chart_the_same_message(open_page: OpenPage) -> None:
    app = open_page()
    before = components(app)[0].proto.bytes
    app.session_state["sigma"] = 0.8
    assert components(app.run())[0].proto.bytes == before


def test_wall_ranks_every_model_by_its_error_on_the_images_shown(open_page: OpenPage) -> None:
    found = table(open_page(robust_view="Wall", wall="2", sigma="0.4"), "rank")
    assert found["checkpoint"][0] == "the original"
    ranked = found[1:].reset_index(drop=True)
    assert set(ranked["checkpoint"]) == {
        "tiny-denoising", "tiny-dense", "tiny-pca", curves.INPUT
    }  # fmt: skip
    assert ranked["rank"].is_monotonic_increasing
    assert ranked["pictures"].str.startswith("data:image/png;base64,").all()
    assert ranked["errors"].nunique() == 4
    images = catalogue.load("mnist-5k")
    assert images.labels is not None
    x = images.pixels([int(np.flatnonzero(images.labels == k)[0]) for k in (0, 1)])
    model = Autoencoder.load("tiny-dense")
    errors = model.errors(add_noise(x, Noise(sigma=0.4), 0), x)
    row = ranked.set_index("checkpoint").loc["tiny-dense"]
    assert row["mse"] == pytest.approx(errors.mean(), rel=1e-5)
    assert row["percentile"] == pytest.approx(model.percentiles(errors).mean(), rel=1e-5)


def test_wall_shows_the_selected_images(open_page: OpenPage) -> None:
    app = open_page(robust_view="Wall")
    app.session_state["selected_ids"] = (catalogue.load("mnist-5k").ids[7], "elsewhere/1")
    assert "The selected images (1 of 1)" in said(app.run())


def test_wall_keeps_the_slider_of_the_other_views(open_page: OpenPage) -> None:
    app = open_page(robust_view="Wall", sigma="0.4")
    app.slider(key="wall_sigma").set_value(0.8).run()
    assert app.query_params["sigma"] == "0.8"
    app.session_state["robust_view"] = "Curves"
    (component,) = components(app.run())
    assert unpacked(component.proto.bytes).header["start"] == 0.8


def test_copying_shows_what_comes_back_of_strangers(open_page: OpenPage) -> None:
    app = open_page(robust_view="Copying")
    shares = table(app, "noise")
    assert set(shares["checkpoint"]) == {"tiny-denoising", "tiny-dense", "tiny-pca"}
    assert "None of these models copies" in said(app)
    app = open_page(robust_view="Copying", copying="MSE")
    errors = table(app, "noise").set_index("checkpoint")
    x = curves.spread(catalogue.load("mnist-5k"), 200).pixels()
    expected = Autoencoder.load("tiny-dense").errors(1 - x).mean()
    assert errors.loc["tiny-dense", "inverted"] == pytest.approx(expected, rel=1e-4)


def test_models_are_measured_clean_and_with_noise(open_page: OpenPage) -> None:
    app = open_page(robust_view="Models", measured="50")
    found = table(app, "noisy_mse").set_index("name")
    x = curves.spread(catalogue.load("mnist-5k"), 50).pixels()
    assert (found["n_images"] == 50).all()
    assert "50 of 1,000, evenly spread, test images of mnist-5k" in said(app)
    for name in found.index:
        model = Autoencoder.load(name)
        noisy = model.errors(add_noise(x, Noise(sigma=0.5), 0), x).mean()
        assert found.loc[name, "mse"] == pytest.approx(model.errors(x).mean(), rel=1e-5)
        assert found.loc[name, "noisy_mse"] == pytest.approx(noisy, rel=1e-5)
        assert found.loc[name, "images_per_second"] > 0
    assert found.loc["tiny-denoising", "trained_sigma"] == 0.5
    assert np.isnan(found.loc["tiny-dense", "trained_sigma"])  # type: ignore[arg-type]


def test_models_are_measured_on_all_images_when_asked(open_page: OpenPage) -> None:
    app = open_page(robust_view="Models", measured="all")
    assert (table(app, "noisy_mse")["n_images"] == 1000).all()
    assert "all 1,000 test images of mnist-5k" in said(app)


def test_models_are_filtered_by_family_and_training(open_page: OpenPage) -> None:
    app = open_page(robust_view="Models")
    app.session_state["architectures"] = ["dense"]
    assert set(table(app.run(), "noisy_mse")["name"]) == {"tiny-denoising", "tiny-dense"}
    app.session_state["trained_noise"] = "with noise"
    assert set(table(app.run(), "noisy_mse")["name"]) == {"tiny-denoising"}
    app.session_state["architectures"] = ["pca"]
    assert "No model matches" in said(app.run())
    assert "Train a model on these images" in [button.label for button in app.button]


def test_size_compares_models_trained_alike_and_lists_the_missing(open_page: OpenPage) -> None:
    app = open_page(robust_view="Size")
    found = table(app, "gain")
    assert found["name"].tolist() == ["tiny-pca", "tiny-dense"]
    assert found["gain"].tolist() == pytest.approx([1, 1])  # both say 0.1 of themselves
    assert "Missing: size-mnist-5k-pca-2, " in said(app)


def test_size_begins_a_study_of_what_was_asked_for(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Any] = []
    monkeypatch.setattr(size_study, "begin", lambda *asked: begun.append(asked))
    app = open_page(robust_view="Size")
    app.session_state["size_families"] = ["pca"]
    app.session_state["size_latent_dims"] = [2, 8]
    press(app.run(), "Train 2 in the background")
    assert begun == [("mnist-5k", ["pca"], [2, 8])]


def test_command_that_the_page_names_lists_the_same_missing_models(
    open_page: OpenPage, capsys: pytest.CaptureFixture[str]
) -> None:
    app = open_page(robust_view="Size", size_families="pca", size_latent_dims=["2", "8"])
    (command,) = [one.value.split("`")[1] for one in app.caption if "in a terminal" in one.value]
    capsys.readouterr()
    assert main([*command.split()[3:], "--no-train", "--json"]) == 0
    missing = json.loads(capsys.readouterr().out)["missing"]
    assert f"Missing: {', '.join(missing)}." in said(app)
    assert len(missing) == 2


def test_data_without_a_model_is_one_sentence_in_every_view(
    open_page: OpenPage, only_tiny_models: Path
) -> None:
    for path in only_tiny_models.glob("*.safetensors"):
        path.unlink()
    for view in set(ROBUSTNESS.names) - {"Size", "Studies"}:  # they offer to train some
        app = open_page(robust_view=view)
        assert not app.exception
        assert len(app.error) == 1, view
        assert "train one" in app.error[0].value
        assert "Train a model on these images" in [button.label for button in app.button]


def test_model_that_never_saw_some_classes_is_said_so(
    open_page: OpenPage, only_tiny_models: Path
) -> None:
    training = TrainingRecord(1, 8, 0.01, 0.0, 0, NoiseRecord(), 10, 1.0)
    document = tiny_document("dense", DIGITS, training=training, excluded_classes=("5", "9"))
    path = only_tiny_models / "tiny-without.safetensors"
    checkpoints.save(path, document, tiny_tensors(document))
    app = open_page(models=["tiny-without"])
    assert "Was trained without the classes 5, 9" in said(app)
