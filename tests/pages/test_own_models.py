"""Models as files on the Your images page, run without a browser."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import checkpoints
from core.checkpoints import fileformat
from core.config import PROJECT
from core.images import digests
from core.models import MAX_PARAMETERS
from pages.ui.frame.deleting import DELETE
from tests.core.models_for_tests import tiny_document, tiny_tensors

OpenApp = Callable[..., AppTest]


@pytest.fixture
def section(open_app: OpenApp, only_tiny_models: Path) -> AppTest:
    """The section; `ours` is shipped."""
    document = tiny_document("pca", (1, 28, 28))
    path = only_tiny_models / "shipped" / "ours.safetensors"
    checkpoints.save(path, document, tiny_tensors(document, 5))
    app = open_app().switch_page("pages/your_images.py").run()
    app.session_state["your"] = "models"
    return app.run()


def other_file(tmp_path: Path) -> bytes:
    document = tiny_document("dense", (1, 28, 28))
    path = tmp_path / "elsewhere.safetensors"
    checkpoints.save(path, document, tiny_tensors(document, 77))
    return path.read_bytes()


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def choose(app: AppTest, name: str) -> AppTest:
    box = next(one for one in app.selectbox if one.key == "managed_model")
    return box.set_value(name).run()


def take_in(app: AppTest, file_name: str, content: bytes) -> AppTest:
    app.file_uploader[0].set_value((file_name, content, "application/octet-stream"))
    return press(app.run(), "Check and add it")


def test_model_taken_in_is_named_after_its_file_and_listed(
    section: AppTest, tmp_path: Path
) -> None:
    app = take_in(section, "My Model.safetensors", other_file(tmp_path))
    assert not app.exception
    assert "my\\-model was added" in app.success[0].value
    assert app.session_state["managed_model"] == "my-model"
    assert "my-model" in [card.name for card in checkpoints.available()]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("model.pt", b"\x80\x02", "can run code"),
        ("x.safetensors", b"nonsense", "cannot be used"),
    ],
)
def test_model_that_cannot_be_trusted_is_refused_in_a_sentence(
    section: AppTest, name: str, content: bytes, words: str, only_tiny_models: Path
) -> None:
    before = sorted(only_tiny_models.iterdir())
    app = take_in(section, name, content)
    assert not app.exception
    assert words in app.error[0].value
    assert sorted(only_tiny_models.iterdir()) == before


def test_shipped_model_offers_neither_a_new_name_nor_deletion(section: AppTest) -> None:
    app = choose(section, "ours")
    assert "Delete" not in labels(app)
    assert "Rename it" not in labels(app)
    assert any("cannot be changed" in caption.value for caption in app.caption)


def test_own_model_is_renamed(section: AppTest) -> None:
    app = choose(section, "tiny-dense")
    next(one for one in app.text_input if one.label == "New name").set_value("dense-mine").run()
    press(app, "Rename it")
    assert "now called dense\\-mine" in app.success[0].value
    names = [card.name for card in checkpoints.available()]
    assert "dense-mine" in names
    assert "tiny-dense" not in names


def test_name_that_is_taken_is_a_sentence_and_both_models_stay(section: AppTest) -> None:
    app = choose(section, "tiny-dense")
    next(one for one in app.text_input if one.label == "New name").set_value("tiny-pca").run()
    press(app, "Rename it")
    assert "already" in app.error[0].value
    assert {"tiny-dense", "tiny-pca"} <= {card.name for card in checkpoints.available()}


def test_model_in_use_that_is_deleted_gives_way_to_another(section: AppTest) -> None:
    in_use = section.session_state["model"]
    app = press(press(choose(section, in_use), "Delete"), DELETE)
    assert not app.exception
    assert "is deleted" in app.success[0].value
    assert in_use not in [card.name for card in checkpoints.available()]
    assert app.session_state["model"] != in_use


def test_broken_file_in_the_folder_is_named_with_its_reason(
    section: AppTest, only_tiny_models: Path
) -> None:
    (only_tiny_models / "broken.safetensors").write_bytes(b"nonsense")
    section.run()
    assert "broken\\.safetensors" in section.warning[0].value


def test_errors_of_a_model_from_elsewhere_are_told_as_stated_by_its_author(
    section: AppTest, tmp_path: Path
) -> None:
    def said(app: AppTest) -> str:
        return next(c.value for c in app.caption if "sha256" in c.value)

    assert "measured by Hourglass" in said(choose(section, "ours"))
    app = take_in(section, "theirs.safetensors", other_file(tmp_path))
    assert "as its author states" in said(choose(app, "theirs"))


def test_largest_model_that_training_makes_can_be_uploaded(section: AppTest) -> None:
    kept = digests.SIZE * digests.MOST
    largest = 4 * MAX_PARAMETERS + kept + fileformat.MAX_HEADER_BYTES
    overhead = 1 << 20  # of the request that carries the file
    assert largest <= checkpoints.MAX_FILE_BYTES
    (uploader,) = section.file_uploader
    assert largest + overhead <= uploader.proto.max_upload_size_mb << 20
    server = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text("utf-8"))["server"]
    assert uploader.proto.max_upload_size_mb <= server["maxUploadSize"]
