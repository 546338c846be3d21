"""The Train page, run without a browser."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core import reports, runs
from core.checkpoints.document import HealthRecord
from core.noise import Noise
from core.runs import Run, RunConfig, estimate
from core.runs import control as run_control
from core.runs import records as run_records
from core.runs.estimate import Estimate
from core.runs.execute import execute
from core.runs.records import Curves, Pictures
from core.runs.status import Status
from core.settings import THREADS, TrainSettings, settings_of
from core.training.config import PRESETS, TrainConfig
from pages.ui.figures import plotting
from pages.ui.figures.theme import style
from pages.ui.frame.deleting import DELETE
from pages.ui.frame.probes import Probes
from pages.ui.train import charts as run_charts
from pages.ui.train import probing as training_facts
from pages.ui.train import report as run_report
from pages.ui.train import result as run_result
from pages.ui.train import runs as run_list
from pages.ui.train import view as run_view
from tests.core.runs_for_tests import new_run, write_images
from tests.core.settings_for_tests import OPTIONS, all_other, other, others
from tests.pages.unpacking import components, unpacked

OpenApp = Callable[..., AppTest]


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A HOURGLASS_HOME for this test alone."""
    monkeypatch.setenv("HOURGLASS_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def open_train(open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenApp:
    """Opens the page in a home without runs; nothing is really started."""
    monkeypatch.setattr("core.config.runs_dir", lambda: tmp_path / "runs")
    for module in ("core.runs", "core.runs.queue"):
        monkeypatch.setattr(f"{module}.runs_dir", lambda: tmp_path / "runs")
    monkeypatch.setattr(run_control, "start", lambda run: run)

    def opened(**link: str | list[str]) -> AppTest:
        return open_app(**link).switch_page("pages/train.py").run()

    return opened


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def started(app: AppTest) -> RunConfig:
    """The settings of the run that Start makes."""
    press(app, "Start training")
    assert not app.exception
    assert not app.error
    return runs.found()[0].config


def test_page_without_runs_says_what_to_do(open_train: OpenApp) -> None:
    app = open_train()
    assert not app.exception
    assert "choose a preset" in app.info[0].value
    assert runs.found() == ()


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_preset_starts_a_run_with_its_settings(preset: Any, open_train: OpenApp) -> None:
    app = open_train()
    app.radio(key="train_preset").set_value(preset.name).run()
    train = started(app).train
    assert (train.dataset, train.arch, train.epochs) == (
        "mnist-5k",
        preset.arch,
        preset.settings.epochs,
    )
    assert train.noise == preset.noise
    assert preset.options.items() <= train.options.items()


def test_everything_that_is_entered_is_what_is_trained(open_train: OpenApp) -> None:
    app = open_train()
    app.selectbox(key="train_dataset").set_value("shapes")
    app.selectbox(key="train_arch").set_value("vae").run()
    app.number_input(key="train_vae_latent_dim").set_value(5)
    app.text_input(key="train_vae_widths").set_value("64 32")
    app.number_input(key="train_epochs").set_value(3)
    app.slider(key="train_sigma").set_value(0.25)
    app.selectbox(key="train_noise").set_value("masking")
    app.number_input(key="train_batch").set_value(64)
    app.number_input(key="train_lr").set_value(0.002)
    app.number_input(key="train_seed").set_value(9)
    app.text_input(key="train_name").set_value("my-vae").run()
    config = started(app)
    train = config.train
    assert (config.name, train.dataset, train.arch) == ("my-vae", "shapes", "vae")
    assert (train.options["latent_dim"], train.options["widths"]) == (5, [64, 32])
    assert (train.epochs, train.batch_size, train.seed) == (3, 64, 9)
    assert (train.learning_rate, train.noise) == (0.002, Noise("masking", 0.25))


def test_classes_left_out_are_left_out(open_train: OpenApp) -> None:
    app = open_train()
    app.multiselect(key="train_without").set_value(["5", "9"]).run()
    assert started(app).train.exclude_classes == ("5", "9")


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("train_dense_widths", "many", "whole numbers"),
        ("train_dense_widths", "9999999", "widths must be"),
        ("train_name", "../x", "cannot be a name"),
    ],
)
def test_mistake_is_a_sentence_and_starts_nothing(
    key: str, text: str, words: str, open_train: OpenApp
) -> None:
    app = open_train()
    app.text_input(key=key).set_value(text).run()
    starts = [button for button in app.button if button.label == "Start training"]
    app = starts[0].click().run() if starts else app
    assert not app.exception
    assert words in app.error[0].value.replace("\\", "")
    assert runs.found() == ()


def test_settings_that_were_entered_survive_a_change_of_page(open_train: OpenApp) -> None:
    app = open_train()
    app.number_input(key="train_epochs").set_value(77).run()
    app.switch_page("pages/reconstruct.py").run()
    app.switch_page("pages/train.py").run()
    assert app.number_input(key="train_epochs").value == 77


def test_link_brings_back_all_settings_of_the_form(open_train: OpenApp) -> None:
    app = open_train()
    app.selectbox(key="train_dataset").set_value("shapes")
    app.radio(key="train_preset").set_value("map").run()
    app.selectbox(key="train_arch").set_value("vae").run()
    app.number_input(key="train_vae_latent_dim").set_value(5)
    app.text_input(key="train_vae_widths").set_value("64 32")
    app.number_input(key="train_epochs").set_value(3)
    app.slider(key="train_sigma").set_value(0.25)
    app.selectbox(key="train_noise").set_value("masking")
    app.toggle(key="train_clip").set_value(True)
    app.number_input(key="train_batch").set_value(64)
    app.number_input(key="train_lr").set_value(0.002)
    app.multiselect(key="train_without").set_value(["heart"])
    app.number_input(key="train_seed").set_value(9).run()
    link = dict(app.query_params)
    asked = started(app)
    again = started(open_train(**link))
    assert again.train == asked.train
    assert again.threads == asked.threads


def test_form_left_as_it_is_adds_nothing_to_the_link(open_train: OpenApp) -> None:
    app = open_train()
    assert not [name for name in app.query_params if name.startswith("train_")]
    app.radio(key="train_preset").set_value("denoiser").run()
    assert {name: app.query_params[name] for name in app.query_params if "train_" in name} == {
        "train_preset": "denoiser"
    }


def test_preset_chosen_again_sets_what_was_changed_back(open_train: OpenApp) -> None:
    app = open_train()
    app.number_input(key="train_epochs").set_value(77).run()
    app.radio(key="train_preset").set_value("map").run()
    assert app.number_input(key="train_epochs").value == 20
    app.radio(key="train_preset").set_value("small-code").run()
    assert app.number_input(key="train_epochs").value == 10
    assert app.number_input(key="train_dense_latent_dim").value == 32


@pytest.mark.parametrize("widths", ["many", "0", "1, 2, 3, 4, 5, 6, 7, 8, 9", "9" * 200])
def test_widths_of_a_link_that_cannot_be_are_those_of_the_preset(
    open_train: OpenApp, widths: str
) -> None:
    app = open_train(train_dense_widths=widths)
    assert not app.error
    assert started(app).train == started(open_train()).train


def form_alone() -> None:
    """A page with the form and a button that clones what the test has given."""
    import msgspec
    import streamlit as st

    from core.runs import RunConfig
    from pages.ui.train import form as training_form

    given = msgspec.json.decode(st.session_state["given"], type=RunConfig)
    st.button("Clone settings", on_click=training_form.take, args=(given,))
    st.session_state["made"] = msgspec.json.encode(training_form.draw("mnist-5k"))


def cloned(train: TrainConfig) -> AppTest:
    """The form after a run with these settings was cloned."""
    app = AppTest.from_function(form_alone)
    app.session_state["given"] = msgspec.json.encode(RunConfig("first", 1.0, train, threads=2))
    return press(app.run(), "Clone settings")


def made_by(app: AppTest) -> RunConfig:
    assert not app.exception
    return msgspec.json.decode(app.session_state["made"], type=RunConfig)


def test_cloned_settings_are_equal_and_so_are_those_of_the_link_to_them(
    open_train: OpenApp,
) -> None:
    """Whatever a training has: a setting that is forgotten by form, clone or link differs."""
    asked = all_other()
    app = cloned(asked)
    keys = {s.key for s in (*settings_of(TrainSettings), *settings_of(Noise), THREADS)}
    assert keys <= set(app.query_params)
    again = open_train(**dict(app.query_params))
    for made in (made_by(app), started(again)):
        assert {name: made.train.options[name] for name in OPTIONS} == OPTIONS
        assert replace(made.train, options=OPTIONS) == asked
        assert made.threads == 2


def test_report_tells_every_setting_of_a_run(tmp_path: Path) -> None:
    noise = Noise(**others(Noise) | {"kind": "speckle"})  # a kind with a mean
    config = RunConfig("first", 1.0, all_other(noise=noise), threads=2)
    told = run_report.settings(Run(tmp_path, config, Status()))
    for setting in settings_of(TrainSettings):
        assert told[setting.label.lower()] == setting.words(other(setting))
    assert told["noise on the input"] == "speckle noise, mu 0.05, clipped to [0, 1], σ 0.05"
    assert told["CPU threads"] == "2"
    assert told["without the classes"] == "heart"


def test_number_of_parameters_is_shown_before_anything_is_measured(open_train: OpenApp) -> None:
    app = open_train()
    texts = [caption.value for caption in app.caption]
    assert any("1,085,232" in text for text in texts)
    assert any(button.label == "Estimate time and memory" for button in app.button)


def test_link_shows_the_run_it_names(open_train: OpenApp) -> None:
    train = TrainConfig("mnist-5k", "dense")
    first, _ = (runs.create(RunConfig(name, i, train)) for i, name in enumerate(("old", "new")))
    app = open_train(run=first.id)
    headings = [heading.value for heading in app.subheader]
    assert "old" in headings


def test_link_to_a_run_that_is_gone_says_so_and_shows_the_newest(open_train: OpenApp) -> None:
    run = runs.create(RunConfig("only", 0, TrainConfig("mnist-5k", "dense")))
    app = open_train(run="deleted")
    assert "names the run “deleted”" in app.warning[0].value
    assert app.query_params["run"] == run.id


def test_runs_ticked_by_a_link_stay_ticked_when_another_is_started(open_train: OpenApp) -> None:
    train = TrainConfig("mnist-5k", "dense")
    made = [runs.create(RunConfig(name, i, train)) for i, name in enumerate(("a", "b", "c"))]
    ids = [run.id for run in made]
    app = open_train(compared_runs=[ids[0], ids[2]])
    shown = [run.id for run in runs.found()]
    ticks = app.session_state["compared_runs table"]["selection"]["rows"]
    assert {shown[i] for i in ticks} == {ids[0], ids[2]}
    started(app)
    shown = [run.id for run in runs.found()]
    assert len(shown) == 4
    ticks = app.session_state["compared_runs table"]["selection"]["rows"]
    assert {shown[i] for i in ticks} == {ids[0], ids[2]}
    assert sorted(app.query_params["compared_runs"]) == sorted([ids[0], ids[2]])


def test_link_always_names_the_run_since_another_may_be_the_newest_soon(
    open_train: OpenApp,
) -> None:
    run = runs.create(RunConfig("only", 0, TrainConfig("mnist-5k", "dense")))
    assert open_train().query_params["run"] == run.id


def test_newest_run_is_watched_by_a_second_visitor(open_train: OpenApp) -> None:
    train = TrainConfig("mnist-5k", "dense")
    for i, name in enumerate(("old", "new")):
        runs.create(RunConfig(name, i, train))
    headings = [heading.value for heading in open_train().subheader]
    assert "new" in headings


# Its parts


@pytest.fixture
def finished(empty_home: Path, own_checkpoints: Path) -> Run:
    run = new_run(write_images(empty_home / "squares"), epochs=3)
    list(execute(run))
    return runs.read(run.folder)


def test_link_opens_a_run_at_an_epoch_and_with_its_scale(finished: Run, open_app: OpenApp) -> None:
    link = {"run": finished.id, "epoch": "1.0", "train_log": "true"}
    app = open_app(**link).switch_page("pages/train.py").run()
    assert not app.exception
    assert {name: app.query_params[name] for name in link} == link
    (sweep,) = components(app)
    assert unpacked(sweep.proto.bytes).header["start"] == 1.0


def test_list_has_a_row_a_run_with_its_curve_and_error(finished: Run) -> None:
    row = run_list.table([finished]).iloc[0]
    history = run_records.curves(finished).epochs
    assert (row["name"], row["state"], row["epochs"]) == ("mine", "Finished", "3")
    assert row["curve"] == [record.test_mse for record in history]
    assert row["mse"] == finished.status.mse
    assert row["model"] == "Dense, D' = 2"


def test_slider_over_the_epochs_has_a_frame_an_epoch(finished: Run) -> None:
    curves = run_records.curves(finished)
    sweep = run_charts.epochs_described(finished, curves)
    assert sweep is not None
    assert sweep.values.tolist() == [1, 2, 3]
    kept = run_records.pictures(finished, 2)
    assert kept is not None
    frames: Any = sweep.rows[1].pictures
    np.testing.assert_array_equal(np.rint(frames.x[1] * 255), kept.strip[1])
    np.testing.assert_array_equal(
        sweep.rows[1].stats[0].values, [record.test_mse for record in curves.epochs]
    )


def test_slider_over_many_large_epochs_takes_some_of_them_and_the_last() -> None:
    many = [Pictures(i, np.zeros((2, 8, 3, 64, 64), np.uint8), None) for i in range(1, 201)]
    thinned = run_charts._thinned(many)
    assert thinned[-1].epoch == 200
    assert sum(one.strip[1].size for one in thinned) <= run_charts.MOST_VALUES


def test_strip_is_a_picture_of_both_rows_with_gaps() -> None:
    strip = np.zeros((2, 8, 1, 28, 28), np.uint8)
    content = run_charts.strip_png(Pictures(1, strip, None))
    width, height = (int.from_bytes(content[i : i + 4], "big") for i in (16, 20))
    assert (width, height) == (8 * 84 + 7 * 6, 2 * 84 + 6)


def with_error(run: Run, name: str, mse: float, **train: Any) -> Run:
    settings = replace(run.config.train, **train)
    config = msgspec.structs.replace(run.config, name=name, train=settings)
    status = msgspec.structs.replace(run.status, mse=mse)
    return Run(run.folder.with_name(name), config, status)


def test_best_other_run_is_one_that_had_the_same_to_do(finished: Run) -> None:
    better, worse = with_error(finished, "a", 0.01), with_error(finished, "b", 0.5)
    elsewhere = with_error(finished, "c", 0.001, dataset="shapes")
    fewer = with_error(finished, "d", 0.001, exclude_classes=("5",))
    unfinished = with_error(finished, "e", -1.0)
    denoiser = with_error(finished, "f", 0.001, noise=Noise(sigma=0.5))
    larger = with_error(finished, "g", 0.001, options={"latent_dim": 64, "widths": [8]})
    others = [finished, worse, elsewhere, better, fewer, unfinished, denoiser, larger]
    assert run_result.best_before(finished, others) is better
    assert run_result.best_before(finished, [finished, elsewhere]) is None
    assert run_result.best_before(denoiser, others) is None


def poor(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the run's model one that is worse than PCA."""
    card = run_result.saved_card(run)
    assert card is not None
    health = HealthRecord(0.06, 0.05, None, 0.9, 0.0, 0.0)
    ill = replace(card, document=msgspec.structs.replace(card.document, health=health))
    monkeypatch.setattr(run_result, "saved_card", lambda _: ill)


def test_model_worse_than_the_mean_image_says_so_and_a_button_trains_another(
    finished: Run, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    poor(finished, monkeypatch)
    monkeypatch.setattr(run_control, "launch_in", lambda *_: None)  # no process
    app = open_app().switch_page("pages/train.py").run()
    assert any("Worse than the mean image" in one.value for one in app.warning)
    longer = next(one for one in app.button if one.label == "Train 4 times as long")
    app = longer.click().run()
    assert not app.exception
    started = next(run for run in runs.found() if run.id != finished.id)
    assert started.config.train.epochs == 4 * finished.config.train.epochs
    assert app.session_state["run"] == started.id


@pytest.mark.parametrize(
    ("mse", "other", "words"),
    [
        (0.1, 0.1, None), (0.11, 0.1, "+10 % with this model"),
        (0.05, 0.1, "-50 % with this model"),
        (0.1424, 0.01, "14.2 times that with this model"),
    ],
)  # fmt: skip
def test_error_of_another_model_is_compared_in_words(
    mse: float, other: float, words: str | None
) -> None:
    assert run_result._against(mse, other) == words


def test_curves_have_axes_with_units_and_a_log_option() -> None:
    none = Curves(np.empty((0, 2)), ())
    for log in (False, True):
        figure = plotting.figure(run_charts.losses(none, 10, log))
        assert "MSE" in figure.layout.yaxis.title.text
        assert figure.layout.yaxis.type == ("log" if log else "linear")


def test_map_names_each_class_as_text_never_as_markup() -> None:
    codes = np.zeros((2, 2), np.float32)
    figure = run_charts.code_map(codes, ["<b>x</b>", "y"])
    assert [one.text for one in figure.layout.annotations] == ["&lt;b&gt;x&lt;/b&gt;", "y"]


def test_map_of_codes_names_the_most_frequent_of_many_classes() -> None:
    labels = [f"a class with a long name, number {i % 43}" for i in range(200)]
    figure = run_charts.code_map(np.random.default_rng(0).random((200, 2), np.float32), labels)
    assert len({one.text for one in figure.layout.annotations}) == 10
    assert max(len(one.text) for one in figure.layout.annotations) <= 12
    assert sum(len(trace.x) for trace in figure.data) == 200


@pytest.mark.slow
def test_estimate_is_measured_in_a_process_of_its_own(empty_home: Path) -> None:
    run = new_run(write_images(empty_home / "squares"), epochs=50)
    probes = Probes()
    assert probes.known(run.config) is None
    probes.ask(run.config)
    while probes.is_measuring(run.config):
        time.sleep(0.05)
    found = probes.known(run.config)
    assert isinstance(found, estimate.Estimate)
    assert "MB" in training_facts._words(found)


@pytest.mark.slow
def test_estimate_of_what_cannot_be_trained_says_why(empty_home: Path) -> None:
    probes, config = Probes(), new_run(f"folder:{empty_home}/nowhere").config
    probes.ask(config)
    while probes.is_measuring(config):
        time.sleep(0.05)
    assert "is not a folder" in str(probes.known(config))


@pytest.mark.slow
def test_estimates_that_are_asked_for_together_are_measured_one_after_the_other(
    empty_home: Path,
) -> None:
    probes = Probes()
    configs = [new_run(f"folder:{empty_home}/nowhere", epochs=n).config for n in (3, 4)]
    for config in configs:
        probes.ask(config)
    together = set()
    while any(list(map(probes.is_measuring, configs))):
        begun = [one.process for one in probes._by_key.values() if one.process]
        together.add(sum(process.poll() is None for process in begun))
        time.sleep(0.01)
    assert max(together) == 1
    assert all("is not a folder" in str(probes.known(config)) for config in configs)


# Runs whose numbers are none


EXPLODING = """\
{"event": "begun", "at": 0.0}
{"event": "loss", "at": 0.5, "loss": 0.25}
{"event": "epoch", "record": {"epoch": 1, "train_loss": 0.2, "test_mse": 0.1, "seconds": 1}}
{"event": "loss", "at": 1.5, "loss": NaN}
{"event": "epoch", "record": {"epoch": 2, "train_loss": 1e300, "test_mse": Infinity}}
"""


@pytest.fixture
def exploded(finished: Run) -> Run:
    (finished.folder / "events.jsonl").write_text(EXPLODING)
    status = {"state": "diverged", "reason": "The loss exploded.", "mse": 1e300, "psnr": None}
    (finished.folder / "status.json").write_text(json.dumps(status))
    return runs.read(finished.folder)


def strict(figure: Any) -> dict[str, Any]:
    """The figure as a browser reads it."""
    found: dict[str, Any] = json.loads(figure.to_json(), parse_constant=pytest.fail)
    return found


def test_curve_that_explodes_is_drawn_as_far_as_it_goes_and_marked(exploded: Run) -> None:
    curves = run_records.curves(exploded)
    for log in (False, True):
        for chart in (
            run_charts.losses(curves, 10, log),
            run_charts.compared_losses(
                {"<b>": curves, "other": curves}, log, {"<b>": style(0), "other": style(1)}
            ),
        ):
            figure = plotting.figure(chart)
            strict(figure)
            marks = [one for one in figure.data if one.marker.symbol == "x"]
            assert [one.x.tolist() for one in marks] == [[1.5, 2.0]] * len(marks)
            assert marks
            values = np.concatenate([one.y for one in figure.data])
            assert np.nanmax(values) < 1, "the crosses; a loss that exploded is not drawn"


def test_list_shows_a_run_that_exploded_with_the_curve_up_to_there(exploded: Run) -> None:
    row = run_list.table([exploded]).iloc[0]
    assert (row["state"], row["curve"]) == ("Diverged", [0.1])
    assert pd.isna(row["mse"])


def test_report_of_a_run_that_exploded_has_dashes_and_the_crosses_of_the_page(
    exploded: Run,
) -> None:
    content = run_report.content(exploded, "Diverged", log=True)
    html = reports.html(content, "")
    assert "nan" not in html.replace("finance", "").lower().split("<style")[0]
    (table,) = content.tables
    assert table.rows[-1][:3] == ("2", "–", "–")
    assert f">{run_charts.EXPLODED}</text>" in html


def test_map_leaves_out_codes_that_are_no_numbers() -> None:
    codes = np.array([[0, 0], [np.nan, 1], [np.inf, 0], [2, 2]], np.float32)
    figure = run_charts.code_map(codes, ["a", "a", "b", "a"])
    strict(figure)
    assert [len(one.x) for one in figure.data] == [2]


def test_pictures_of_another_size_are_left_out_of_the_slider(finished: Run) -> None:
    strip = np.zeros((2, 8, 1, 20, 20), np.uint8)
    path = finished.folder / "epochs" / "00001.npz"
    np.savez(path, strip=strip, codes=np.empty((0, 2), np.float32))
    sweep = run_charts.epochs_described(finished, run_records.curves(finished))
    assert sweep is not None
    assert sweep.values.tolist() == [2, 3]
    (finished.folder / "epochs" / "00002.npz").write_bytes(b"PK damaged")
    assert run_charts.epochs_described(finished, run_records.curves(finished)) is None


def test_page_shows_a_run_that_exploded_and_one_that_cannot_be_read_and_deletes_both(
    exploded: Run, open_app: OpenApp
) -> None:
    broken = exploded.folder.with_name("broken")
    broken.mkdir()
    (broken / "config.json").write_text("{")
    app = open_app(run=exploded.id).switch_page("pages/train.py").run()
    assert not app.exception
    assert "The loss exploded." in [one.value.replace("\\", "") for one in app.caption]
    assert any("broken is not a run" in one.value for one in app.warning)
    press(press(app, "Delete"), DELETE)
    assert not app.exception
    assert runs.broken() == ()
    run_control.delete(exploded)
    assert not app.run().exception


def test_run_that_diverged_is_set_up_again_with_a_lower_learning_rate(
    open_train: OpenApp,
) -> None:
    train = TrainConfig("mnist-5k", "dense", {"latent_dim": 5}, epochs=7, learning_rate=0.5)
    run = runs.create(RunConfig("boom", 1.0, train))
    (run.folder / "status.json").write_text('{"state": "diverged", "reason": "It exploded."}')
    app = press(open_train(), "Set up again with a learning rate of 0.05")
    assert not app.exception
    made = started(app).train
    assert (made.learning_rate, made.epochs, made.options["latent_dim"]) == (0.05, 7, 5)


def test_run_of_one_epoch_shows_its_pictures(
    empty_home: Path, own_checkpoints: Path, open_app: OpenApp
) -> None:
    run = new_run(write_images(empty_home / "squares"), epochs=1)
    list(execute(run))
    app = open_app(run=run.id).switch_page("pages/train.py").run()
    assert not app.exception
    said = "test images and their reconstructions after epoch 1"
    assert [one.value for one in app.caption if one.value.endswith(said)]


@pytest.mark.parametrize(
    ("done", "epochs", "words"), [(1.0, 10, "10"), (0.35, 10, "3 of 10"), (0, 2000, "0 of 2,000")]
)
def test_list_says_how_many_epochs_are_done(
    done: float, epochs: int, words: str, finished: Run
) -> None:
    train = replace(finished.config.train, epochs=epochs)
    state: Any = "finished" if done == 1 else "paused"
    status = msgspec.structs.replace(
        finished.status, state=state, epoch=1, step=round(done * epochs * 20), steps_per_epoch=20
    )
    config = msgspec.structs.replace(finished.config, train=train)
    assert run_list._epochs(Run(finished.folder, config, status)) == words


def test_run_that_waits_for_nothing_is_starting(finished: Run, monkeypatch: Any) -> None:
    monkeypatch.setenv("HOURGLASS_MAX_RUNS", "1")
    queued = Run(finished.folder, finished.config, Status(state="queued"))
    busy = Run(finished.folder.with_name("x"), finished.config, Status(state="running"))
    assert run_view.live_words(queued, [queued, finished]) == ("Starting", "gray")
    assert run_view.live_words(queued, [queued, busy]) == ("Waiting in the queue", "gray")
    assert run_view._waiting(queued, [queued, busy]) == "Waiting in the queue, with 1 run before it"


def _time_of_a_training() -> None:
    import streamlit as st

    from pages.ui.frame import probes

    st.session_state["drawn"] = st.session_state.get("drawn", 0) + 1
    if st.session_state["drawn"] == 1:
        st.session_state[probes.MEASURING] = True
    probes._draw_time(None)  # type: ignore[arg-type]


def test_time_once_known_is_said_in_words_and_asked_for_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pages.ui.frame import probes

    found = Estimate(10, 0.02, 0.02, 1.0, 1)
    monkeypatch.setattr(Probes, "known", lambda *_: found)
    app = AppTest.from_function(_time_of_a_training).run()
    assert app.session_state["drawn"] == 2  # the page was drawn anew, without a fragment that asks
    assert [one.value for one in app.caption] == ["Takes **less than a second** on this machine."]
    assert probes.duration(0.02) == "less than 0.1 s"
