"""Making a data set on the Your images page, run without a browser."""

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core import imports, runs
from core.data import catalogue
from core.data.own import store
from core.data.own.draft import Form
from core.data.own.store import own_dir
from core.imports import ImportConfig, execute
from core.reports import Content
from core.runs import control as run_control
from core.training import config
from pages.ui.frame import downloads
from pages.ui.frame.deleting import DELETE
from pages.ui.frame.probes import Probes
from pages.ui.own import offering
from tests.core.data.own.test_upload import archive
from tests.core.hostile_archives_for_tests import ATTACKS, member, zip_of
from tests.core.hostile_images_for_tests import encoded

OpenApp = Callable[..., AppTest]
DEADLINE = 30.0  # seconds


def image_file(seed: int, side: int = 40) -> bytes:
    values = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return encoded(Image.fromarray(values), "PNG")


def odd_zip() -> bytes:
    """20 images of two classes, one of them twice; a tiny one and a file that is none."""
    files = {f"{'ab'[i % 2]}/{i:02d}.png": image_file(i) for i in range(20)}
    files |= {"b/again.png": image_file(0), "a/tiny.png": image_file(99, 5), "a/=x.png": b"words"}
    return archive(files)


def left_behind() -> list[str]:
    """What imports have left on the disk."""
    return [path.name for path in imports.imports_dir().glob("[!.]*")]


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def wait_for(app: AppTest, label: str) -> AppTest:
    """Run the page again until it has this button."""
    until = time.monotonic() + DEADLINE
    while label not in [button.label for button in app.button]:
        assert time.monotonic() < until, [one.value for one in (*app.error, *app.markdown)]
        time.sleep(0.02)
        app.run()
    return app


@pytest.fixture
def section(home: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The section, with nothing in the data folder."""
    monkeypatch.setenv("HOURGLASS_WORKERS", "0")  # a thread reads
    monkeypatch.setattr(Probes, "ask", lambda *_: None)
    app = open_app().switch_page("pages/your_images.py").run()
    app.session_state["your"] = "sets"
    return app.run()


@pytest.fixture
def reported(section: AppTest) -> AppTest:
    """The section once a zip has been read."""
    uploader = section.file_uploader[0]
    uploader.set_value([("my pets.zip", odd_zip(), "application/zip")])
    section.run()
    return wait_for(press(section, "Read the images"), "Make the data set")


def test_section_opened_says_what_to_hand_over(section: AppTest) -> None:
    assert not section.exception
    assert "one subfolder for each class" in section.info[0].value


def test_zip_handed_over_is_counted_and_a_form_is_suggested(section: AppTest) -> None:
    section.file_uploader[0].set_value([("my pets.zip", odd_zip(), "application/zip")])
    section.run()
    assert "23 files in my pets\\.zip" in [one.value for one in section.caption]
    size = next(one for one in section.number_input if one.label == "Size")
    assert size.value == 32


def test_report_counts_every_oddity_before_anything_is_made(reported: AppTest) -> None:
    found = {metric.label: metric.value for metric in reported.metric}
    assert found == {
        "Offered": "23",
        "Images": "22",
        "Unreadable": "1",
        "Equal": "1",
        "Almost equal": "0",
        "Very small": "1",
    }
    assert store.available() == ()


def test_table_of_labels_is_added_to_what_was_read(section: AppTest) -> None:
    content = archive({f"{i:02d}.png": image_file(i) for i in range(20)})
    section.file_uploader[0].set_value([("pets.zip", content, "application/zip")])
    section.run()
    app = wait_for(press(section, "Read the images"), "Make the data set")
    assert any("No classes" in one.value for one in app.caption)
    rows = "".join(f"{i:02d}.png;{'cat' if i % 2 else 'dog'}\n" for i in range(20))
    table = next(one for one in app.file_uploader if "table" in one.label)
    table.set_value([("labels.csv", f"file;label\n{rows}".encode(), "text/csv")]).run()
    assert not app.exception
    said = [one.value.replace("\\", "") for one in app.caption]
    assert any("2 classes: cat, dog" in one for one in said), said
    press(app, "Make the data set")
    (own,) = store.available()
    assert own.class_names == ("cat", "dog")


def test_report_on_what_was_read_counts_what_the_page_counts(
    section: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Content] = []
    monkeypatch.setattr(downloads, "button", lambda make, _: told.append(make()))
    section.file_uploader[0].set_value([("my pets.zip", odd_zip(), "application/zip")])
    section.run()
    app = wait_for(press(section, "Read the images"), "Make the data set")
    counted, unreadable = told[-1].tables
    assert [row[:2] for row in counted.rows] == [(one.label, one.value) for one in app.metric]
    assert [row[0] for row in unreadable.rows] == ["a/=x.png"]
    assert "32 x 32, colour" in told[-1].settings["prepared"]
    assert len(told[-1].rows[0].tiles) == 8


def test_set_made_is_chosen_in_the_sidebar_and_its_draft_is_gone(reported: AppTest) -> None:
    name = next(one for one in reported.text_input if one.label == "Name")
    assert name.value == "my-pets"
    app = press(reported, "Make the data set")
    assert not app.exception
    assert "my\\-pets was made" in app.success[0].value
    assert app.session_state["dataset"] == "own:my-pets"
    (own,) = store.available()
    assert own.n == 21
    assert own.shape == (3, 32, 32)
    assert [path.name for path in own_dir().iterdir()] == ["my-pets"]
    assert left_behind() == []
    assert len(catalogue.load("own:my-pets", "all").rejected) == 2


def test_set_made_leads_to_the_train_page_with_settings_that_suit_it(reported: AppTest) -> None:
    app = press(press(reported, "Make the data set"), "Choose the settings")
    assert not app.exception
    assert not app.error
    assert app.title[0].value == "Train"
    (own,) = store.available()
    asked = config.suggested(own.id, own.shape, own.n_train)
    shown = {one.key: one.value for one in (*app.selectbox, *app.number_input, *app.slider)}
    assert shown["train_dataset"] == own.id
    assert shown["train_arch"] == asked.arch == "pca"
    assert shown["train_epochs"] == asked.epochs
    assert shown["train_batch"] == asked.batch_size
    assert shown["train_sigma"] == 0


def test_one_button_trains_a_model_that_suits_the_set_and_shows_it(
    reported: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_control, "launch_in", lambda *_: None)  # no process
    app = press(reported, "Make the data set")
    assert any("From so few images" in one.value for one in app.caption)
    app = press(app, "Train a model on it")
    assert not app.exception
    assert app.title[0].value == "Train"
    (own,) = store.available()
    (run,) = runs.found()
    assert run.config.train == config.suggested(own.id, own.shape, own.n_train)
    assert app.session_state["run"] == run.id


def test_network_can_be_trained_on_few_images_all_the_same(
    reported: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_control, "launch_in", lambda *_: None)  # no process
    press(press(reported, "Make the data set"), "Train a network")
    (run,) = runs.found()
    assert run.config.train.arch == "conv"
    assert run.config.train.epochs > 10


def test_set_that_is_no_longer_chosen_is_not_said_to_be(reported: AppTest) -> None:
    app = press(reported, "Make the data set")
    assert app.success
    app.sidebar.selectbox(key="dataset").set_value("mnist-5k").run()
    assert not app.success
    assert "Train a model on it" not in [button.label for button in app.button]
    assert "Train on it" in [button.label for button in app.button]


def test_single_file_is_counted_in_the_singular(section: AppTest) -> None:
    section.file_uploader[0].set_value([("x.zip", archive({"a.png": image_file(1)}), "x/zip")])
    section.run()
    assert "1 file in x\\.zip" in [one.value for one in section.caption]
    app = wait_for(press(section, "Read the images"), "Make the data set")
    assert "Report on 1 image" in [one.value for one in app.subheader]


def test_switches_decide_what_is_left_out(reported: AppTest) -> None:
    for toggle in reported.toggle:
        if not toggle.proto.disabled:
            toggle.set_value("small" in toggle.label)
    reported.run()
    press(reported, "Make the data set")
    (own,) = store.available()
    assert own.n == 21
    reasons = [one.reason for one in catalogue.load("own:my-pets", "all").rejected]
    assert any("very small: 5 x 5" in reason for reason in reasons)


def test_classes_that_differ_in_capital_letters_are_told_and_merged_by_a_switch(
    section: AppTest,
) -> None:
    files = {f"{c}/{k}{i}.png": image_file(100 * k + i)
             for k, c in enumerate(("Cat", "cat", "Dog")) for i in range(7)}  # fmt: skip
    section.file_uploader[0].set_value([("pets.zip", archive(files), "application/zip")])
    app = wait_for(press(section.run(), "Read the images"), "Make the data set")
    assert any("Cat and cat" in one.value for one in app.warning)
    next(one for one in app.toggle if one.label == "Merge these classes").set_value(True).run()
    press(app, "Make the data set")
    assert [own.class_names for own in store.available()] == [("Cat", "Dog")]


def test_name_that_cannot_be_is_a_sentence_and_the_report_stays(reported: AppTest) -> None:
    next(one for one in reported.text_input if one.label == "Name").set_value("../x").run()
    press(reported, "Make the data set")
    assert "cannot be a name" in reported.error[0].value
    assert store.available() == ()
    assert reported.metric


def test_report_thrown_away_leaves_nothing_and_the_section_begins_again(
    reported: AppTest,
) -> None:
    app = press(reported, "Throw it away")
    assert left_behind() == []
    assert "one subfolder for each class" in app.info[0].value


def test_zip_without_an_image_is_a_sentence_and_the_section_begins_again(
    section: AppTest,
) -> None:
    section.file_uploader[0].set_value([("x.zip", archive({"a.txt": b"words"}), "")])
    section.run()
    press(section, "Read the images")
    until = time.monotonic() + DEADLINE
    while not section.error and time.monotonic() < until:
        section.run()
    assert "The file is no image that can be read" in section.error[0].value
    assert section.file_uploader


def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make reading last until it is cancelled."""
    gather = execute.gather  # type: ignore[attr-defined]

    def slow(offers: Any, form: Any, source: str, tell: Callable[..., None], at: Path) -> object:
        def wait(done: int, total: int | None) -> None:
            for _ in range(200):
                time.sleep(0.05)
                tell(done, total)

        return gather(offers, form, source, wait, at)

    monkeypatch.setattr(execute, "gather", slow)
    monkeypatch.setattr(execute, "TELL_SECONDS", 0.0)


def test_reading_cancelled_leaves_nothing(
    section: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    slowly(monkeypatch)
    section.file_uploader[0].set_value([("my pets.zip", odd_zip(), "application/zip")])
    section.run()
    app = wait_for(press(section, "Read the images"), "Cancel")
    press(app, "Cancel")
    assert imports.found() == ()
    assert left_behind() == []
    assert app.file_uploader


def test_import_is_found_again_by_another_visitor_and_after_a_reload(
    section: AppTest, monkeypatch: pytest.MonkeyPatch, open_app: OpenApp
) -> None:
    slowly(monkeypatch)
    section.file_uploader[0].set_value([("my pets.zip", odd_zip(), "application/zip")])
    section.run()
    app = wait_for(press(section, "Read the images"), "Cancel")
    (one,) = imports.found()
    assert app.query_params["import"] in (one.id, [one.id])
    again = open_app(your="sets").switch_page("pages/your_images.py").run()
    assert not again.exception
    assert "Cancel" in [button.label for button in again.button]
    assert again.file_uploader  # who comes anew can add other images meanwhile
    press(again, "Cancel")
    assert imports.found() == ()


def test_interrupted_import_is_told_and_continued_from_its_kept_files(
    section: AppTest,
) -> None:
    form = Form((16, 16))
    config = ImportConfig("my pets.zip", time.time(), form, files=("my pets.zip",))
    one = imports.create(config, [io.BytesIO(odd_zip())])
    assert one.state == "interrupted"
    app = section.run()
    assert "my pets\\.zip was interrupted" in app.warning[0].value
    app = wait_for(press(app, "Continue"), "Make the data set")
    assert {metric.label: metric.value for metric in app.metric}["Images"] == "22"


def test_import_that_was_removed_meanwhile_is_not_drawn_and_a_link_to_it_says_so(
    section: AppTest, open_app: OpenApp
) -> None:
    app = open_app(**{"your": "sets", "import": "20260101-000000-gone"})
    app = app.switch_page("pages/your_images.py").run()
    assert not app.exception
    assert app.file_uploader


def test_set_deleted_is_gone_from_the_list_and_the_sidebar(reported: AppTest) -> None:
    app = press(reported, "Make the data set")
    app = press(press(app, "Delete"), DELETE)
    assert "is deleted" in app.success[0].value
    assert store.available() == ()
    assert app.session_state["dataset"] == "mnist-5k"


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        ({"Host": "localhost:8501"}, True),
        ({"Host": "127.0.0.1:8501"}, True),
        ({"Host": "hourglass.example"}, False),
        ({"Host": "localhost.example:80"}, False),
        ({"Host": "localhost:8501", "X-Forwarded-For": "10.0.0.9"}, False),
        ({"Host": "localhost:8501", "Forwarded": "for=10.0.0.9"}, False),
        ({}, False),
    ],
)
def test_only_who_sits_at_this_machine_may_name_its_folders(
    headers: dict[str, str], may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Context:
        pass

    context = Context()
    context.headers = headers  # type: ignore[attr-defined]
    monkeypatch.setattr("pages.ui.own.offering.st.context", context)
    assert offering.may_name_paths() == may


def test_folder_on_this_machine_is_read_by_its_path(
    section: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(4):
        (folder / f"{i}.png").write_bytes(image_file(i))
    monkeypatch.setattr(offering, "may_name_paths", lambda: True)
    section.run()
    section.session_state["from"] = "path"
    section.run()
    next(one for one in section.text_input if one.label == "Folder or archive").set_value(
        str(folder)
    ).run()
    app = wait_for(press(section, "Read the images"), "Make the data set")
    assert {metric.label: metric.value for metric in app.metric}["Images"] == "4"


@pytest.mark.parametrize("path", ["~nobody-of-that-name/x", "a" * 3_000, "/nowhere"])
def test_path_that_is_none_is_one_sentence_and_the_section_stays(
    path: str, reported: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = press(reported, "Make the data set")
    monkeypatch.setattr(offering, "may_name_paths", lambda: True)
    app.run()
    app.session_state["from"] = "path"
    app.run()
    next(one for one in app.text_input if one.label == "Folder or archive").set_value(path).run()
    assert not app.exception
    assert "cannot be opened" in app.error[0].value
    assert "Your data sets" in [one.value for one in app.subheader]


@pytest.mark.parametrize("name", ["zip without a name", "tar.gz cut short", "zip with a drive"])
def test_archive_with_a_bad_entry_is_reported_and_made_a_set(section: AppTest, name: str) -> None:
    attack = ATTACKS[name]
    files = [(f"x{attack.suffix}", attack.make(), ""), ("y.png", image_file(1), "image/png")]
    section.file_uploader[0].set_value(files)
    app = wait_for(press(section.run(), "Read the images"), "Make the data set")
    assert not app.exception
    counted = {metric.label: metric.value for metric in app.metric}
    assert (counted["Images"], counted["Unreadable"]) == (str(attack.n_good + 1), "1")
    app = press(app, "Make the data set")
    assert [own.n_left_out for own in store.available()] == [1]


def test_encoding_of_names_can_be_chosen_where_it_is_a_guess(section: AppTest) -> None:
    names = [f"{kind}/{i}.png" for kind in ("猫", "犬") for i in range(3)]
    entries = [member(n.encode("cp932"), image_file(i)) for i, n in enumerate(names)]
    section.file_uploader[0].set_value([("pets.zip", zip_of(*entries), "application/zip")])
    app = section.run()
    control = app.selectbox(key=next(k for k in keys(app) if k.startswith("set_encoding")))
    assert control.value == "shift-jis"
    assert any("猫/0" in one.value for one in app.caption)
    control.set_value("gbk").run()
    assert not any("猫/0" in one.value for one in app.caption)
    app.selectbox(key=str(control.key)).set_value("shift-jis").run()
    app = wait_for(press(app, "Read the images"), "Make the data set")
    assert "Japanese" in app.warning[0].value
    press(app, "Make the data set")
    assert [own.class_names for own in store.available()] == [("犬", "猫")]


def keys(app: AppTest) -> list[str]:
    return [one.key for one in app.selectbox if one.key]


def test_images_whose_names_are_plain_offer_no_choice_of_encoding(section: AppTest) -> None:
    section.file_uploader[0].set_value([("my pets.zip", odd_zip(), "application/zip")])
    assert not [key for key in keys(section.run()) if key.startswith("set_encoding")]


def wide_zip() -> bytes:
    values = [np.random.default_rng(i).integers(0, 256, (20, 60, 3), np.uint8) for i in range(6)]
    return archive({f"{i}.png": encoded(Image.fromarray(x), "PNG") for i, x in enumerate(values)})


def test_warning_of_a_crop_has_a_button_that_reads_the_files_again_padded(
    section: AppTest,
) -> None:
    section.file_uploader[0].set_value([("wide.zip", wide_zip(), "application/zip")])
    section.run()
    assert any(one.value.startswith("Preview\\: cropped to 28 x 28") for one in section.caption)
    reported = wait_for(press(section, "Read the images"), "Make the data set")
    assert any("6 of 6 images lose more than a fifth" in one.value for one in reported.warning)
    again = wait_for(press(reported, "Pad the edges instead"), "Make the data set")
    assert not any("lose more than a fifth" in one.value for one in again.warning)
    press(again, "Make the data set")
    (own,) = store.available()
    assert own.how.framing == "pad"


def test_height_width_values_and_ground_are_chosen_before_reading(section: AppTest) -> None:
    section.file_uploader[0].set_value([("wide.zip", wide_zip(), "application/zip")])
    section.run()
    next(one for one in section.toggle if one.label == "Square").set_value(False)
    section.run()
    next(one for one in section.number_input if one.label == "Width").set_value(60)
    next(one for one in section.number_input if one.label == "Size").set_value(20)
    next(one for one in section.selectbox if one.label == "Values").set_value("given")
    section.run()
    next(one for one in section.number_input if one.label == "White").set_value(200.0)
    next(one for one in section.selectbox if one.label == "Transparent parts").set_value("Grey")
    section.run()
    reported = wait_for(press(section, "Read the images"), "Make the data set")
    assert not reported.warning
    press(reported, "Make the data set")
    (own,) = store.available()
    assert (own.shape, own.how.range, own.how.ground) == ((3, 20, 60), (0, 200), (128, 128, 128))
